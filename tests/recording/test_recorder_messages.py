"""Each mistake is named, with the value and the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import undertow
from recordings import CLASSES, EXAMPLES, IDS, LABELS, TRAIN, TRAIN_IDS, logits, recorder
from undertow.errors import RecordError, UserError
from undertow.recording.gathered import softmax
from undertow.records.class_list import MOST_CLASSES
from undertow.records.read import read_manifest, read_population

P = softmax(logits())


def changed(values: Any, row: int, column: int, value: float) -> np.ndarray:
    out = np.array(values)
    out[row, column] = value
    return out


ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "an id that is not there": (
        {"ids": [*IDS[:7], "x9"], "logits": logits()},
        "'x9' is none of the 8 ids in examples ('e0', 'e1', 'e2' …); give each example the id that "
        "it has there",
    ),
    "an id twice": (
        {"ids": [*IDS[:7], "e3"], "logits": logits()},
        "'e3' is answered twice; give each example once (a loader that samples or pads its last "
        "batch repeats some)",
    ),
    "ids of another shape": (
        {"ids": np.zeros((8, 1)), "logits": logits()},
        "ids: have shape (8, 1); give one id for each example",
    ),
    "nothing": ({"ids": IDS}, "holds no answers; give logits=, probabilities= or predictions="),
    "both": (
        {"ids": IDS, "logits": logits(), "probabilities": P},
        "has both probabilities= and logits=; give one of them",
    ),
    "another number of rows": (
        {"ids": IDS, "logits": logits()[:7]},
        "logits have shape (7, 3), and there are 8 ids and 3 classes; give one row for each id and "
        "one column for each class, (8, 3)",
    ),
    "another number of classes": (
        {"ids": IDS, "probabilities": np.full((8, 2), 0.5)},
        "probabilities have shape (8, 2), and there are 8 ids and 3 classes; give one row for each "
        "id and one column for each class, (8, 3)",
    ),
    "NaN": (
        {"ids": IDS, "logits": changed(logits(), 4, 1, np.nan)},
        "logits of 'e4' hold nan; a network that no longer gives numbers is recorded with "
        "member.diverged('why') in place of answers",
    ),
    "NaN in probabilities": (
        {"ids": IDS, "probabilities": changed(P, 2, 0, np.nan)},
        "probabilities of 'e2' hold nan; a network that no longer gives numbers is recorded with "
        "member.diverged('why') in place of answers",
    ),
    "no class that is possible": (
        {"ids": IDS, "logits": np.full((8, 3), -np.inf)},
        "logits of 'e0' hold -inf; a network that no longer gives numbers is recorded with "
        "member.diverged('why') in place of answers",
    ),
    "a sum that is not one": (
        {"ids": IDS, "probabilities": changed(P * 0.5, 0, 0, 0.25)},
        f"probabilities of 'e0' sum to {0.25 + P[0, 1:].sum() / 2:.4g}; give probabilities that "
        "sum to 1, or logits= of scores that do not",
    ),
    "a negative probability": (
        {"ids": IDS, "probabilities": changed(P, 5, 2, -0.25)},
        "probabilities of 'e5' hold -0.25; give probabilities that sum to 1, or logits= of scores "
        "that do not",
    ),
    "a class that is not there": (
        {"ids": IDS, "predictions": [0, 1, 2, 3, 0, 1, 2, 0]},
        "predicts 3 for 'e3'; give the names in classes= or their indices, 0 to 2",
    ),
    "a name that is not there": (
        {"ids": IDS, "predictions": ["cat", "cow", *["dog"] * 6]},
        "predicts 'cow' for 'e1'; give the names in classes= or their indices, 0 to 2",
    ),
    "no prediction": (
        {"ids": IDS, "predictions": np.full(8, -1)},
        "predicts -1 for 'e0'; give the names in classes= or their indices, 0 to 2",
    ),
    "predictions of another shape": (
        {"ids": IDS, "predictions": [0, 1]},
        "predictions have shape (2,), and there are 8 ids; give one class for each id",
    ),
    "texts as logits": (
        {"ids": IDS, "logits": [["a", "b", "c"]] * 8},
        "logits: holds <U1, and scores are numbers; give a tensor, a NumPy array or a list of "
        "numbers",
    ),
    "no array": (
        {"ids": IDS, "logits": [[1.0, 2.0], [3.0]]},
        "logits: this list does not become an array (setting an array element with a sequence. The "
        "requested array has an inhomogeneous shape after 1 dimensions. The detected shape was "
        "(2,) + inhomogeneous part.); give a tensor, a NumPy array or a list of numbers",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_that_cannot_be(tmp_path: Path, case: str):
    given, said = ANSWERS[case]
    member = recorder(tmp_path / "dense").member("0")
    with pytest.raises(UserError) as caught:
        member.answers(**given)
    assert str(caught.value) == f"member '0', answers: {said}"
    assert not member.begun  # Nothing of it was taken.
    member.answers(IDS, logits=logits())
    assert member.done


def test_pieces_that_repeat_or_differ(tmp_path: Path):
    member = recorder(tmp_path / "dense").member("0")
    member.answers(IDS[:4], logits=logits()[:4])
    with pytest.raises(UserError) as caught:
        member.answers(IDS[3:], logits=logits()[3:])
    assert str(caught.value) == (
        "member '0', answers: 'e3' is answered twice; give each example once (a loader that "
        "samples or pads its last batch repeats some)"
    )
    with pytest.raises(UserError) as caught:
        member.answers(IDS[4:], predictions=LABELS[4:])
    assert str(caught.value) == (
        "member '0', answers: has predictions, and the piece before had logits; give every piece "
        "of a member in the same way"
    )


def test_one_output_for_two_classes(tmp_path: Path):
    r = undertow.Recorder(
        tmp_path / "dense", {"example_id": [0, 1], "label": [0, 1]}, classes=("no", "yes")
    )
    said = (
        "member '0', answers: {} have shape {}, and there are 2 ids and 2 classes; give one row "
        "for each id and one column for each class, (2, 2); of one output for two classes, stack "
        "{} as the two columns"
    )
    member = r.member("0")
    with pytest.raises(UserError) as caught:
        member.answers([0, 1], probabilities=np.array([[0.2], [0.7]]))
    assert str(caught.value) == said.format("probabilities", "(2, 1)", "[1 - p, p]")
    with pytest.raises(UserError) as caught:
        member.answers([0, 1], logits=[0.2, 0.7])
    assert str(caught.value) == said.format("logits", "(2,)", "[0 * z, z]")


SAW: dict[str, tuple[dict[str, Any], str]] = {
    "a test example": (
        {"ids": ["e0"], "logits": logits(0, 1), "epoch": 0},
        "member '0', saw: 'e0' is none of the 6 ids in train ('t0', 't1', 't2' …); give each "
        "example the id that it has there, and part='test' with test examples",
    ),
    "another number of classes": (
        {"ids": TRAIN_IDS, "logits": np.zeros((6, 4)), "epoch": 0},
        "member '0', saw: logits have shape (6, 4), and there are 6 ids and 3 classes; give one "
        "row for each id and one column for each class, (6, 3)",
    ),
    "half an epoch": (
        {"ids": TRAIN_IDS, "logits": logits(0, 6), "epoch": 0.5},
        "member '0', saw: epoch is 0.5; give a whole number from 0 on, as range(epochs) counts",
    ),
    "a training example among the test examples": (
        {"ids": ["t0"], "logits": logits(0, 1), "epoch": 0, "part": "test"},
        "member '0', saw: 't0' is none of the 8 ids in examples ('e0', 'e1', 'e2' …); give each "
        "example the id that it has there",
    ),
    "a part that is not there": (
        {"ids": IDS, "logits": logits(), "epoch": 0, "part": "valid"},
        "member '0', saw: part is 'valid'; give 'train' or 'test'",
    ),
    "an epoch before the first": (
        {"ids": TRAIN_IDS, "logits": logits(0, 6), "epoch": -1},
        "member '0', saw: epoch is -1; give a whole number from 0 on, as range(epochs) counts",
    ),
}


@pytest.mark.parametrize("case", SAW)
def test_what_cannot_have_been_seen(tmp_path: Path, case: str):
    given, said = SAW[case]
    member = recorder(tmp_path / "dense", train=TRAIN).member("0")
    with pytest.raises(UserError) as caught:
        member.saw(**given)
    assert str(caught.value) == said
    assert not member.begun


def test_saw_without_the_training_examples(tmp_path: Path):
    member = recorder(tmp_path / "dense").member("0")
    with pytest.raises(UserError) as caught:
        member.saw(TRAIN_IDS, logits(0, 6), epoch=0)
    assert str(caught.value) == (
        "member '0', saw: the training examples are not known; give Recorder(…, "
        "train={'example_id': ids, 'label': labels})"
    )


def test_a_member_that_is_done_takes_no_more(tmp_path: Path):
    member = recorder(tmp_path / "dense", train=TRAIN).member("0")
    member.answers(IDS, logits=logits())
    calls: dict[str, Callable[[], None]] = {
        "saw": lambda: member.saw(TRAIN_IDS, logits(0, 6), epoch=0),
        "answers": lambda: member.answers(IDS, logits=logits()),
        "facts": lambda: member.facts(sparsity=0.9),
        "diverged": lambda: member.diverged("late"),
    }
    for method, call in calls.items():
        with pytest.raises(UserError) as caught:
            call()
        assert str(caught.value) == (
            f"member '0', {method}: the member is done, since every example has an answer; call it "
            "before the last answers, or begin another member"
        )


def test_facts_are_numbers(tmp_path: Path):
    member = recorder(tmp_path / "dense").member("0")
    with pytest.raises(UserError) as caught:
        member.facts(optimizer="adam")
    assert str(caught.value) == "member '0', facts: optimizer is 'adam'; facts are numbers"
    for number in (float("nan"), -np.inf):
        with pytest.raises(UserError) as caught:
            member.facts(loss=number)
        assert str(caught.value) == (
            f"member '0', facts: loss is {number}; facts are finite numbers, so leave out one that "
            "is not known"
        )


def test_two_members_of_one_name(tmp_path: Path):
    r = recorder(tmp_path / "dense")
    r.member(0)
    with pytest.raises(UserError) as caught:
        r.member("0")
    assert str(caught.value) == (
        "member '0': was begun before in this run; give each member a name of its own, such as its "
        "seed"
    )
    with pytest.raises(UserError) as caught:
        r.member("../0")
    assert str(caught.value) == (
        "member id '../0' cannot name a file: use up to 120 letters, digits and . _ + = @ -, "
        "beginning with a letter or digit"
    )


def test_answers_that_were_forgotten_are_missed_before_the_next_member_trains(tmp_path: Path):
    r = recorder(tmp_path / "dense", train=TRAIN)
    r.member("0").saw(TRAIN_IDS, logits(0, 6), epoch=0)
    with pytest.raises(UserError) as caught:
        r.member("1")
    assert str(caught.value) == (
        "member '0': has no answers to the 8 examples; give them with member.answers(ids, "
        "logits=…) once it has trained, before the next member begins and before the with block "
        "ends"
    )


def test_answers_that_lack_at_the_end(tmp_path: Path):
    with pytest.raises(UserError) as caught, recorder(tmp_path / "dense") as r:
        r.member("0").answers(IDS[:3] + IDS[5:], logits=logits()[[0, 1, 2, 5, 6, 7]])
    assert str(caught.value) == (
        "member '0': lacks answers to 2 of 8 examples ('e3', 'e4'); give them with "
        "member.answers(ids, logits=…) once it has trained, before the next member begins and "
        "before the with block ends"
    )


def test_no_member_at_all(tmp_path: Path):
    with pytest.raises(UserError) as caught, recorder(tmp_path / "dense"):
        pass
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: has no member; begin each with recorder.member(name) and give its "
        "answers before the with block ends"
    )


def test_members_that_all_diverged_are_recorded_and_refused(tmp_path: Path):
    folder = tmp_path / "dense"
    with pytest.raises(UserError) as caught, recorder(folder) as r:  # noqa: PT012
        r.member("0").diverged("loss is nan")
        r.member("1").diverged("loss is inf")
    assert str(caught.value) == (
        f"{folder}: all of its members (2) diverged, which is recorded, and none has answers to "
        "audit (the first, '0': loss is nan); change how they train, and record into another folder"
    )
    assert [(m.id, m.status) for m in read_manifest(folder).members] == [
        ("0", "diverged"),
        ("1", "diverged"),
    ]
    assert recorder(folder).done("1")
    with pytest.raises(RecordError) as unread:
        read_population(folder)
    assert str(unread.value) == (f"{folder}: has no member that is done (2 diverged); run it again")


def test_an_epoch_for_which_a_trace_has_no_room(tmp_path: Path):
    r = recorder(tmp_path / "dense", train=TRAIN)
    first, late = r.member("0"), r.member("late")
    for epoch in (0, 2):
        first.saw(TRAIN_IDS, logits(0, 6), epoch=epoch)
    late.saw(TRAIN_IDS, logits(0, 6), epoch=3)
    first.answers(IDS, logits=logits())
    said = (
        f"{{}}: epoch {{}} is none of the trace in {tmp_path / 'dense'}, which has 2 epochs from 0 "
        "to 2: those of its first member, or epochs= of Recorder; call saw in these alone, or begin "
        "another folder with epochs=, the most that a member trains"
    )
    with pytest.raises(UserError) as caught:
        late.saw(TRAIN_IDS, logits(0, 6), epoch=1)
    assert str(caught.value) == said.format("member 'late', saw", 1)
    with pytest.raises(UserError) as caught:
        late.answers(IDS, logits=logits())
    assert str(caught.value) == said.format("member 'late'", 3)


def test_seeds_are_whole_numbers(tmp_path: Path):
    with pytest.raises(UserError) as caught:
        recorder(tmp_path / "dense").member("0", seeds={"init": "three"})  # type: ignore[dict-item]
    assert str(caught.value) == (
        "member '0': seeds are {'init': 'three'}; give a whole number, or several by name, "
        "{'init': 3, 'order': 4}"
    )


EXAMPLE_TABLES: dict[str, tuple[Any, str]] = {
    "no ids": (
        {"id": IDS, "label": LABELS},
        "examples: has no column 'example_id'; it has id, label; rename the one that is meant, or "
        "add it",
    ),
    "no labels": (
        pl.DataFrame({"example_id": IDS, "y": LABELS}),
        "examples: has no column 'label'; it has example_id, y; rename the one that is meant, or "
        "add it",
    ),
    "an id twice": (
        {"example_id": ["a", "b", "a"], "label": [0, 1, 2]},
        "examples: example_id 'a' stands in rows 0 and 2; give each example an id of its own",
    ),
    "no id in a row": (
        {"example_id": ["a", None], "label": [0, 1]},
        "examples: row 1 has no example_id; give each example one",
    ),
    "a label beyond the classes": (
        {"example_id": ["a", "b"], "label": [0, 3]},
        "examples: the label of 'b' is 3; labels are the names in classes= or their indices, 0 to 2",
    ),
    "a label of another name": (
        {"example_id": ["a", "b"], "label": ["cat", "cow"]},
        "examples: the label of 'b' is 'cow'; labels are the names in classes= or their indices, 0 "
        "to 2",
    ),
    "columns of other lengths": (
        {"example_id": IDS, "label": LABELS, "region": ["n"]},
        "examples['region']: has length 1, and 'example_id' has length 8; give one value for each "
        "example",
    ),
    "a slice of several values": (
        {"example_id": IDS, "label": LABELS, "box": np.zeros((8, 4))},
        "examples['box']: has shape (8, 4); give one value for each example",
    ),
    "pixels that are fractions": (
        {"example_id": IDS, "label": LABELS, "input": np.zeros((8, 4, 4))},
        "examples['input']: holds float64 of shape (8, 4, 4); give pictures as uint8 from 0 to "
        "255, of shape (examples, height, width) or (examples, height, width, channels), or texts",
    ),
    "too many channels": (
        {"example_id": IDS, "label": LABELS, "input": np.zeros((8, 5, 6, 9), np.uint8)},
        "examples['input']: has shape (8, 5, 6, 9); give 1 to 4 channels, as the last or the second "
        "axis: grey or RGB, each with or without alpha",
    ),
    "no rows": (
        {"example_id": [], "label": []},
        "examples: has no rows; give one row per example",
    ),
    "a list": (
        IDS,
        "examples: is of type list; give a frame, or a dict of columns: {'example_id': ids, "
        "'label': labels}",
    ),
}


@pytest.mark.parametrize("case", EXAMPLE_TABLES)
def test_examples_that_cannot_be(tmp_path: Path, case: str):
    given, said = EXAMPLE_TABLES[case]
    with pytest.raises(UserError) as caught:
        undertow.Recorder(tmp_path / "dense", given, classes=CLASSES)
    assert str(caught.value) == said
    assert not (tmp_path / "dense").exists()


def test_a_training_example_without_a_label(tmp_path: Path):
    train = {"example_id": TRAIN_IDS, "label": [0, None, 2, 0, None, 2]}
    with pytest.raises(UserError) as caught:
        recorder(tmp_path / "dense", train=train)
    assert str(caught.value) == (
        "train: 2 of 6 examples have no label ('t1', 't4'), and a trace compares logits with "
        "labels; fill them in, or leave these examples out"
    )


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ("cat", "is 'cat'; give the names of the classes in the order of the columns of logits, "
         "('cat', 'dog'), or their number"),
        ((), "is (); give the names of the classes in the order of the columns of logits, ('cat', "
         "'dog'), or their number"),
        (1, "has 1; give two or more names, each once"),
        (("cat", "dog", "cat"), "names 'cat' twice; give two or more names, each once"),
    ],
)  # fmt: skip
def test_classes_that_cannot_be(tmp_path: Path, classes: Any, said: str):
    with pytest.raises(UserError) as caught:
        undertow.Recorder(tmp_path / "dense", EXAMPLES, classes=classes)
    assert str(caught.value) == f"classes: {said}"


def test_a_recipe_that_json_cannot_say(tmp_path: Path):
    with pytest.raises(UserError) as caught:
        recorder(tmp_path / "dense", recipe={"lr": 1e-3, "loss": print})
    assert str(caught.value) == (
        "recipe['loss']: is <built-in function print>, which JSON cannot say (Object of type "
        "builtin_function_or_method is not JSON serializable); give text, a number, or lists and "
        "dicts of them"
    )


@pytest.mark.parametrize("epochs", [0, 1.5])
def test_epochs_that_cannot_be(tmp_path: Path, epochs: Any):
    with pytest.raises(UserError) as caught:
        recorder(tmp_path / "dense", train=TRAIN, epochs=epochs)
    assert str(caught.value) == (
        f"epochs: is {epochs}; give a whole number from 1 on, or leave it out"
    )


def test_a_positive_class_of_three(tmp_path: Path):
    with pytest.raises(UserError) as caught:
        recorder(tmp_path / "dense", positive="dog")
    assert str(caught.value) == (
        "positive: is 'dog', and classes are cat, dog, owl; name one of two"
    )


@pytest.mark.parametrize("train", [None, TRAIN])
def test_too_many_classes_are_refused_before_anything_trains(tmp_path: Path, train: Any):
    with pytest.raises(RecordError) as caught:
        recorder(tmp_path / "dense", classes=MOST_CLASSES + 1, train=train)
    assert str(caught.value) == (
        f"{tmp_path / 'dense'}: has 131,073 classes, and at most 131,072 are read; if these are "
        "answers in words, write a graded table with the columns example_id, answer and score"
    )
