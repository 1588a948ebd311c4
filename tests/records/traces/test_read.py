"""Traces from outside: dataset cartography's files, and arrays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import undertow
from undertow.errors import RecordError, TableError, UserError
from undertow.records.traces.formula import values_of
from undertow.records.traces.inputs import read_inputs
from undertow.records.traces.read import read_trace

NO_NUMBERS = (
    "save numbers, in float32 where halves overflow, or NaN for all classes where an epoch did not "
    "see an example"
)
WANTED = (
    "expected logits or probabilities (members, epochs, examples, classes) or (epochs, examples, "
    "classes), labels (examples,), and where wanted ids (examples,) and classes (names)"
)


def scores(E=3, N=6, C=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(E, N, C)), rng.integers(0, C, N)


def write_dynamics(folder: Path, logits_ENC, label_N, *, skip=(), more: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for e, logits_NC in enumerate(logits_ENC):
        rows = [
            {"guid": f"g{n}", f"logits_epoch_{e}": list(map(float, row)), "gold": int(label_N[n])}
            for n, row in enumerate(logits_NC)
            if (e, n) not in skip
        ]
        text = "\n".join(map(json.dumps, rows)) + more
        (folder / f"dynamics_epoch_{e}.jsonl").write_text(text)


def test_cartography_is_read_in_epochs_and_by_guid(tmp_path: Path):
    logits_ENC, label_N = scores(E=11)
    write_dynamics(tmp_path / "training_dynamics", logits_ENC, label_N, skip={(1, 2)})
    trace = read_trace(tmp_path)
    values = trace.values
    assert values.example_id_N.to_list() == [f"g{n}" for n in range(6)]
    assert values.entry.epochs == tuple(range(1, 12))
    assert values.label_N.tolist() == label_N.tolist()
    for e in range(11):
        true = values_of(logits_ENC[e], label_N)
        seen_N = np.array([(e, n) != (1, 2) for n in range(6)])
        np.testing.assert_allclose(
            values.values["margin"][0, seen_N, e], true.margin[seen_N], rtol=1e-6
        )
        assert (values.values["predicted"][0, seen_N, e] == true.predicted[seen_N]).all()
    assert values.values["predicted"][0, 2, 1] == -1
    assert np.isnan(values.values["loss"][0, 2, 1])
    assert trace.classes == ("0", "1", "2")
    assert not trace.known_wrong_N.any()


def test_lines_that_files_of_epochs_lack_are_said_and_one_too_many_is_refused(tmp_path: Path):
    logits_ENC, label_N = scores(E=5)
    skip = {(1, 2), *((e, n) for e in (0, 3, 4) for n in range(1, 4))}
    write_dynamics(tmp_path, logits_ENC, label_N, skip=skip)
    assert read_trace(tmp_path).notices == (
        "dynamics_epoch_0.jsonl lacks 3, dynamics_epoch_1.jsonl lacks 1, dynamics_epoch_3.jsonl "
        "lacks 3 and 1 more lack some of 6 examples; they count as not seen there.",
    )
    path = tmp_path / "dynamics_epoch_3.jsonl"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[0]]))
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{path}: has two lines of 'g0'; give each example one line in an epoch"
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is no JSON; write the file again"),
        (
            '{"guid": 1, "gold": 0}',
            "has no logits_epoch_0, but guid, gold; write guid, logits_epoch_0 and gold into each "
            "line",
        ),
        ("{}", "has no guid, but nothing; write guid, logits_epoch_0 and gold into each line"),
        ("[1, 2]", "is [1, 2]; expected an object with guid, logits_epoch_0 and gold"),
        (
            '{"guid": "", "gold": 0, "logits_epoch_0": [1, 2, 3]}',
            "guid is empty; give each example a text or a number",
        ),
        (
            '{"guid": "x", "gold": "cat", "logits_epoch_0": [1, 2, 3]}',
            "gold is 'cat'; expected the index of a class",
        ),
        (
            '{"guid": "g0", "gold": 2, "logits_epoch_0": [1, 2, 3]}',
            "gold of 'g0' is 2 and was 1 before; give each example one label",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": "much"}',
            "logits_epoch_0 is 'much'; expected a list of two or more numbers, one for each class",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": [[1, 2, 3]]}',
            "logits_epoch_0 is [[1, 2, 3]]; expected a list of two or more numbers, one for each "
            "class",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": ["1", "2", "3"]}',
            "logits_epoch_0 is ['1', '2', '3']; expected a list of two or more numbers, one for "
            "each class",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": [1, 2]}',
            "logits_epoch_0 has 2 numbers, and the lines before have 3; give files of one run, "
            "whose lines have all classes",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": [1, NaN, 2]}',
            f"logits_epoch_0 has 1, nan, 2; {NO_NUMBERS}",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": [1, null, 2]}',
            f"logits_epoch_0 has 1, nan, 2; {NO_NUMBERS}",
        ),
        (
            '{"guid": "x", "gold": 1, "logits_epoch_0": [1, Infinity, 2]}',
            f"logits_epoch_0 has 1, inf, 2; {NO_NUMBERS}",
        ),
    ],
)
def test_a_line_that_is_none_of_cartography(tmp_path: Path, line: str, said: str):
    write_dynamics(tmp_path, scores(E=1)[0], np.array([1, 0, 1, 2, 0, 1]), more=f"\n{line}")
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    between = " " if said.startswith("is no JSON") else ": "
    where = f"{tmp_path / 'dynamics_epoch_0.jsonl'}: line 7"
    assert str(refused.value) == f"{where}{between}{said}"


def test_files_of_epochs_are_in_the_order_of_numbers_and_gaps_are_said(tmp_path: Path):
    logits_ENC, label_N = scores(E=12)
    write_dynamics(tmp_path, logits_ENC, label_N)
    assert read_trace(tmp_path).notices == ()
    (tmp_path / "dynamics_epoch_2.jsonl").unlink()
    trace = read_trace(tmp_path)
    assert trace.values.entry.epochs == (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    ends = (
        "missing, so that the first epochs are the first of those that are there. Give all files "
        "of the run, unless it kept only some."
    )
    assert trace.notices == (f"dynamics_epoch_2.jsonl is {ends}",)
    for row, epoch in ((2, 3), (9, 10), (10, 11)):
        np.testing.assert_allclose(
            trace.values.values["margin"][0, :, row],
            values_of(logits_ENC[epoch], label_N).margin,
            rtol=1e-6,
        )
    for epoch in (1, 3, 5):
        (tmp_path / f"dynamics_epoch_{epoch}.jsonl").unlink()
    assert read_trace(tmp_path).notices == (
        "dynamics_epoch_1.jsonl, dynamics_epoch_2.jsonl, dynamics_epoch_3.jsonl and 1 more are "
        f"{ends}",
    )


def test_epochs_of_files_may_count_from_1(tmp_path: Path):
    logits_ENC, label_N = scores(E=4)
    write_dynamics(tmp_path, logits_ENC, label_N)
    (tmp_path / "dynamics_epoch_0.jsonl").unlink()
    trace = read_trace(tmp_path)
    assert trace.values.entry.epochs == (1, 2, 3)
    from_1 = (
        "There is no dynamics_epoch_0.jsonl, so epochs are taken to count from 1. Give it too, if "
        "the run wrote one."
    )
    assert trace.notices == (from_1,)
    (tmp_path / "dynamics_epoch_2.jsonl").unlink()
    ends = (
        "missing, so that the first epochs are the first of those that are there. Give all files "
        "of the run, unless it kept only some."
    )
    assert read_trace(tmp_path).notices == (from_1, f"dynamics_epoch_2.jsonl is {ends}")
    (tmp_path / "dynamics_epoch_1.jsonl").unlink()
    assert read_trace(tmp_path).notices == (
        f"dynamics_epoch_0.jsonl, dynamics_epoch_1.jsonl, dynamics_epoch_2.jsonl are {ends}",
    )


def test_a_file_without_lines_is_refused(tmp_path: Path):
    logits_ENC, label_N = scores(E=4)
    write_dynamics(tmp_path, logits_ENC, label_N)
    path = tmp_path / "dynamics_epoch_2.jsonl"
    path.write_text("\n")
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{path}: has no lines; write it again with a line for each example, or take it away if "
        "nothing is known of the epoch"
    )


@pytest.mark.parametrize("none", ["NaN", "null"])
def test_lines_of_nan_are_not_seen_and_counted(none: str, tmp_path: Path):
    logits_ENC, label_N = scores(E=3)
    write_dynamics(tmp_path, logits_ENC, label_N, skip={(2, 0), (1, 5)})
    line = f'{{"guid": "g5", "gold": {label_N[5]}, "logits_epoch_1": [{none}, {none}, {none}]}}'
    with (tmp_path / "dynamics_epoch_1.jsonl").open("a") as file:
        file.write(f"\n{line}")
    trace = read_trace(tmp_path)
    assert trace.notices == (
        "dynamics_epoch_2.jsonl lacks 1 of 6 examples; they count as not seen there.",
        "1 of 18 looks are NaN and count as not seen.",
    )
    assert trace.values.values["predicted"][0, 5].tolist()[1] == -1
    assert trace.values.values["predicted"][0, 4].tolist()[1] >= 0


def test_guids_that_differ_by_blanks_alone_are_refused(tmp_path: Path):
    lines = (
        {"guid": guid, "logits_epoch_0": [0.0, 1.0], "gold": 0} for guid in ("a ", "b", "a", "b ")
    )
    (tmp_path / "dynamics_epoch_0.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: the ids 'a ' and 'a' differ by blanks at their ends alone, and tables are "
        "read without; give each example another"
    )


def test_two_files_of_an_epoch(tmp_path: Path):
    write_dynamics(tmp_path, *scores(E=2))
    (tmp_path / "dynamics_epoch_01.jsonl").write_bytes(b"")
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: has dynamics_epoch_01.jsonl and dynamics_epoch_1.jsonl, both of epoch 1; "
        "keep one of them"
    )


def test_a_gold_label_that_logits_do_not_have(tmp_path: Path):
    write_dynamics(tmp_path, scores(E=1)[0], np.array([0, 1, 2, 3, 0, 1]))
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: a gold label is 3, and logits have 3 classes; labels count from 0"
    )


def test_values_are_those_of_a_loop():
    logits_ENC, label_N = scores()
    found = values_of(logits_ENC[0], label_N)
    for n, (row, y) in enumerate(zip(logits_ENC[0], label_N, strict=True)):
        p = [np.exp(z) / sum(np.exp(k) for k in row) for z in row]
        assert found.loss[n] == pytest.approx(-np.log(p[y]))
        assert found.margin[n] == pytest.approx(row[y] - max(np.delete(row, y)))
        away = [value - (k == y) for k, value in enumerate(p)]
        assert found.error[n] == pytest.approx(np.sqrt(sum(each**2 for each in away)))
        assert found.predicted[n] == max(range(3), key=lambda k: row[k])


def test_cartography_of_two_runs(tmp_path: Path):
    write_dynamics(tmp_path, scores(E=1)[0], np.zeros(6, int))
    row = {"guid": "x", "gold": 0, "logits_epoch_1": [1.0, 2.0]}
    (tmp_path / "dynamics_epoch_1.jsonl").write_text(json.dumps(row))
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path / 'dynamics_epoch_1.jsonl'}: line 1: logits_epoch_1 has 2 numbers, and the "
        "lines before have 3; give files of one run, whose lines have all classes"
    )


def test_arrays_of_logits_and_of_probabilities_say_the_same(tmp_path: Path):
    logits_ENC, label_N = scores()
    p_ENC = np.exp(logits_ENC) / np.exp(logits_ENC).sum(axis=-1, keepdims=True)
    np.savez(tmp_path / "l.npz", logits=logits_ENC, labels=label_N, classes=["a", "b", "c"])
    np.savez(
        tmp_path / "p.npz",
        probabilities=np.stack([p_ENC, p_ENC]),
        labels=label_N,
        ids=[f"x{n}" for n in range(6)],
    )
    one, two = read_trace(tmp_path / "l.npz"), read_trace(tmp_path / "p.npz")
    assert one.classes == ("a", "b", "c")
    assert two.classes == ("0", "1", "2")
    assert one.values.example_id_N.to_list()[:2] == ["0", "1"]
    assert two.values.example_id_N.to_list()[:2] == ["x0", "x1"]
    assert len(two.values.members) == 2
    for column, values in one.values.values.items():
        np.testing.assert_allclose(values[0], two.values.values[column][1], rtol=1e-5, atol=1e-6)


def test_rows_of_nan_are_not_seen_and_counted(tmp_path: Path):
    logits_ENC, label_N = scores()
    logits_ENC[1, :2] = np.nan
    np.savez(tmp_path / "t.npz", logits=logits_ENC, labels=label_N)
    trace = read_trace(tmp_path / "t.npz")
    assert trace.notices == ("2 of 18 looks are NaN and count as not seen.",)
    assert trace.values.values["predicted"][0, :3, 1].tolist()[:2] == [-1, -1]
    assert trace.values.values["predicted"][0, 2, 1] >= 0


def test_logits_and_their_probabilities_may_lie_side_by_side(tmp_path: Path):
    logits_ENC, label_N = scores()
    logits_ENC[0, 1] = np.nan
    p_ENC = np.exp(logits_ENC) / np.exp(logits_ENC).sum(axis=-1, keepdims=True)
    path = tmp_path / "t.npz"
    np.savez(path, logits=logits_ENC, probabilities=p_ENC.astype(np.float16), labels=label_N)
    assert read_trace(path).about == "logits of each epoch in an npz"
    p_ENC[2, 4] = [0.25, 0.5, 0.25]
    np.savez(path, logits=logits_ENC, probabilities=p_ENC, labels=label_N)
    is_now = np.exp(logits_ENC[2, 4]) / np.exp(logits_ENC[2, 4]).sum()
    with pytest.raises(TableError) as refused:
        read_trace(path)
    assert str(refused.value) == (
        f"{path}: the softmax of logits is {is_now[0]:.4g} where probabilities have 0.25 (member "
        "0, epoch 2, example 4, counted from 0, class 0); save one of the two, of the same model "
        "and epoch"
    )
    p_ENC[2, 4] = np.nan
    np.savez(path, logits=logits_ENC, probabilities=p_ENC, labels=label_N)
    with pytest.raises(TableError) as refused:
        read_trace(path)
    assert f"the softmax of logits is {is_now[0]:.4g} where probabilities have nan" in str(
        refused.value
    )
    np.savez(path, logits=logits_ENC, probabilities=p_ENC[:2], labels=label_N)
    with pytest.raises(TableError) as refused:
        read_trace(path)
    assert str(refused.value) == (
        f"{path}: logits have the shape (1, 3, 6, 3) and probabilities (1, 2, 6, 3); save one of "
        "the two"
    )


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"labels": np.zeros(6, int)},
            f"has no logits or probabilities, it has labels; {WANTED}",
        ),
        ({"logits": np.zeros((2, 6, 3))}, f"has no labels, it has logits; {WANTED}"),
        (
            {"z": np.zeros((2, 6, 3))},
            f"has no logits or probabilities, it has none of their names; {WANTED}",
        ),
        (
            {"logits": np.zeros((6, 3)), "labels": np.zeros(6, int)},
            f"logits is float64 of shape (6, 3); {WANTED}",
        ),
        (
            {"logits": np.zeros((2, 6, 3)), "labels": np.zeros(5, int)},
            "labels is int64 of shape (5,); expected the index of a class for each of 6 examples, "
            "the last axis but one of logits of shape (2, 6, 3): save both of one run",
        ),
        (
            {"logits": np.zeros((4, 6, 2, 3)), "labels": np.zeros(6, int)},
            "labels is int64 of shape (6,); expected the index of a class for each of 2 examples, "
            "the last axis but one of logits of shape (4, 6, 2, 3): transpose it to (members, "
            "epochs, examples, classes)",
        ),
        (
            {"logits": np.zeros((2, 6, 3)), "labels": np.zeros(6)},
            "labels is float64 of shape (6,); expected the index of a class for each of 6 "
            "examples: save labels.astype(int)",
        ),
        (
            {"logits": np.zeros((2, 3, 3)), "labels": np.array([0, np.nan, 1.5])},
            "labels is float64 of shape (3,); expected the index of a class for each of 3 "
            "examples, and that of example 1, counted from 0, is nan: give it a class, or take it "
            "out",
        ),
        (
            {"logits": np.zeros((2, 6, 3)), "labels": np.eye(3)[[0, 1, 2, 0, 1, 2]]},
            "labels is float64 of shape (6, 3); expected the index of a class for each of 6 "
            "examples: save labels.argmax(axis=1) where each row marks one class",
        ),
        (
            {"logits": np.zeros((2, 6, 3)), "labels": np.zeros((6, 1), int)},
            "labels is int64 of shape (6, 1); expected the index of a class for each of 6 "
            "examples: save labels[:, 0]",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.array([True, False])},
            "labels is bool of shape (2,); expected the index of a class for each of 2 examples: "
            "save whole numbers, counted from 0",
        ),
        (
            {"logits": np.full((2, 2, 4), 0.25), "labels": np.zeros(2, int)},
            "logits of each example are 0 to 1 and sum to 1, so they are probabilities; save them "
            "as probabilities",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.zeros(2, int), "ids": ["a", " "]},
            "the id of example 1, counted from 0, is ' '; give each example its own",
        ),
        (
            {"logits": np.zeros((2, 6, 3)), "labels": np.full(6, 3)},
            "a label is 3; expected indices of classes, 0 to 2",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.zeros(2, int), "ids": ["a", "a"]},
            "the id 'a' stands twice; give each example its own",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.zeros(2, int), "ids": ["a", " a"]},
            "the ids 'a' and ' a' differ by blanks at their ends alone, and tables are read "
            "without; give each example another",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.zeros(2, int), "classes": ["a"]},
            "names 1 classes, and scores have 3; name each column",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.zeros(2, int), "classes": ["a", "b", "a"]},
            "two classes are called 'a'; give each its own name",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": ["a", "b"]},
            "labels are words; expected indices of classes in the order of the scores: classes, "
            "labels = np.unique(words, return_inverse=True), where that order is sorted; "
            "np.savez(…, labels=labels, classes=classes)",
        ),
        (
            {"logits": np.zeros((2, 2, 3)), "labels": np.array([None, 1])},
            "holds Python objects, which are never unpickled; save plain numbers or text",
        ),
        (
            {"probabilities": np.full((2, 2, 3), -0.5), "labels": np.zeros(2, int)},
            "a probability is -0.5; expected 0 to 1; save logits as logits",
        ),
        (
            {"probabilities": np.full((2, 2, 3), 1.5), "labels": np.zeros(2, int)},
            "a probability is 1.5; expected 0 to 1; save logits as logits",
        ),
        (
            {
                "probabilities": np.array([[[0.6, 0.4], [0.5, 0.52]]]),
                "labels": np.zeros(2, int),
            },
            "probabilities of an example sum to 1.02 (member 0, epoch 0, example 1, counted from "
            "0); expected 1, within 0.01: save the softmax over all classes, or scores of another "
            "kind as logits",
        ),
        (
            {"logits": np.array([[[1, np.nan, 2, 3, 4]]]), "labels": np.zeros(1, int)},
            f"logits has 1, nan, 2, 3, … (member 0, epoch 0, example 0, counted from 0); {NO_NUMBERS}",
        ),
        (
            {"logits": np.array([[[1, 2.0]], [[np.inf, 2]]]), "labels": np.zeros(1, int)},
            f"logits has inf, 2 (member 0, epoch 1, example 0, counted from 0); {NO_NUMBERS}",
        ),
        (
            {"logits": np.full((1, 1, 2), -np.inf), "labels": np.zeros(1, int)},
            f"logits has -inf, -inf (member 0, epoch 0, example 0, counted from 0); {NO_NUMBERS}",
        ),
    ],
)
def test_arrays_that_are_no_trace(tmp_path: Path, arrays, said: str):
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(TableError) as refused:
        read_trace(tmp_path / "t.npz")
    assert str(refused.value) == f"{tmp_path / 't.npz'}: {said}"


def test_what_holds_no_trace(tmp_path: Path):
    with pytest.raises(UserError) as refused:
        read_trace(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: holds no trace; give a population folder whose members were trained with a "
        "Trace or recorded by member.saw, or a folder with dynamics_epoch_0.jsonl …"
    )
    with pytest.raises(UserError) as refused:
        read_trace(tmp_path / "none")
    assert str(refused.value) == (
        f"{tmp_path / 'none'}: there is no such file or folder; check the path"
    )
    other = tmp_path / "trace.csv"
    other.write_text("a,b\n")
    with pytest.raises(UserError) as refused:
        read_trace(other)
    assert str(refused.value) == (
        f"{other}: is no trace; give a population folder, a folder with dynamics_epoch_0.jsonl …, "
        "or an npz with logits (epochs, examples, classes) and labels"
    )


def recorded(folder: Path, **train) -> Path:
    """A population of one member with three epochs of a trace."""
    logits_ENC, label_N = scores()
    ids = [f"r{n}" for n in range(6)]
    test = {"example_id": ["t0", "t1"], "label": [0, 1]}
    table = {"example_id": ids, "label": label_N, **train}
    with undertow.Recorder(folder, test, classes=("a", "b", "c"), train=table) as recorder:
        member = recorder.member("m", seeds=0)
        for epoch in range(3):
            member.saw(ids, logits_ENC[epoch], epoch=epoch)
        member.saw(["t0", "t1"], np.eye(3)[:2], epoch=0, part="test")
        member.answers(["t0", "t1"], logits=np.eye(3)[:2])
    return folder


def test_a_population_tells_which_labels_are_known_to_be_wrong(tmp_path: Path):
    label_N = scores()[1]
    true = ["abc"[k] for k in label_N]
    true[1], true[4] = "abc"[(label_N[1] + 1) % 3], "abc"[(label_N[4] + 2) % 3]
    trace = read_trace(recorded(tmp_path / "a", true_label=true, site=list("xxyyzz")))
    assert np.flatnonzero(trace.known_wrong_N).tolist() == [1, 4]
    assert trace.columns["site"].to_list() == list("xxyyzz")
    trace = read_trace(recorded(tmp_path / "b", mislabelled=["no"] * 5 + ["yes"]))
    assert np.flatnonzero(trace.known_wrong_N).tolist() == [5]
    assert not read_trace(recorded(tmp_path / "c")).known_wrong_N.any()


def test_true_labels_as_indices_are_those_of_classes(tmp_path: Path):
    label_N = scores()[1]
    true = label_N.copy()
    true[1], true[4] = (label_N[1] + 1) % 3, (label_N[4] + 2) % 3
    trace = read_trace(recorded(tmp_path / "a", true_label=true))
    assert np.flatnonzero(trace.known_wrong_N).tolist() == [1, 4]
    some = [None, *map(int, true[1:])]
    trace = read_trace(recorded(tmp_path / "b", true_label=some))
    assert np.flatnonzero(trace.known_wrong_N).tolist() == [1, 4]


def test_what_is_known_of_labels_is_said_in_their_words(tmp_path: Path):
    of_training = "of the training part has"
    for name, column, said in (
        (
            "case", {"true_label": list("ABCABC")},
            f"column 'true_label' {of_training} none of the classes ('a', 'b' …), but 'A'; record "
            "names of classes, or their indices",
        ),
        (
            "beyond", {"true_label": [1, 2, 3, 1, 2, 3]},
            f"column 'true_label' {of_training} none of the classes ('a', 'b' …), but '1'; record "
            "names of classes, or their indices",
        ),
        (
            "words", {"mislabelled": ["no"] * 5 + ["Yes"]},
            f"column 'mislabelled' {of_training} 'Yes'; record yes or no of each example, or its "
            "true_label",
        ),
    ):  # fmt: skip
        folder = recorded(tmp_path / name, **column)
        with pytest.raises(UserError) as refused:
            read_trace(folder)
        assert str(refused.value) == said


def test_what_is_infinite_is_kept_as_the_largest_value(tmp_path: Path):
    """A one-hot answer: the margin is infinite, and the member still says something."""
    logits_ENC = np.full((2, 3, 2), -np.inf)
    logits_ENC[:, :2, 0] = logits_ENC[:, 2, 1] = 0
    np.savez(tmp_path / "t.npz", logits=logits_ENC, labels=np.zeros(3, int))
    values = read_trace(tmp_path / "t.npz").values.values
    assert values["margin"][0, :, 0].tolist() == [65504, 65504, -65504]
    assert values["loss"][0, :, 0].tolist() == [0, 0, 65504]
    assert values["predicted"][0, :, 0].tolist() == [0, 0, 1]


def test_looks_that_are_kept_as_the_largest_value_are_counted(tmp_path: Path):
    logits_ENC, label_N = np.zeros((3, 4, 3)), np.zeros(4, int)
    logits_ENC[0, 0, 0], logits_ENC[1, 1, 2], logits_ENC[2, 2, 0] = 7e4, 1e300, 65_000
    logits_ENC[2, 3] = np.nan
    said = (
        "In 2 of 11 looks the logit of the label is 65,504 or more away from the largest other. "
        "Margins are kept up to there, so that these looks count alike. Divide all logits by one "
        "number, or save finite ones, before verdicts are used."
    )
    np.savez(tmp_path / "t.npz", logits=logits_ENC, labels=label_N)
    assert read_trace(tmp_path / "t.npz").doubts == (said,)
    np.savez(tmp_path / "s.npz", logits=logits_ENC / 1e297, labels=label_N)
    assert read_trace(tmp_path / "s.npz").doubts == ()
    write_dynamics(tmp_path / "run", logits_ENC, label_N)
    assert read_trace(tmp_path / "run").doubts == (said,)
    with undertow.Recorder(
        tmp_path / "rec",
        {"example_id": ["t"], "label": [0]},
        classes=("a", "b", "c"),
        train={"example_id": list("abcd"), "label": label_N},
    ) as recorder:
        member = recorder.member(0, seeds=0)
        for epoch in range(3):
            seen = 3 if epoch == 2 else 4
            member.saw(list("abcd")[:seen], logits_ENC[epoch, :seen], epoch=epoch)
        member.answers(["t"], logits=np.zeros((1, 3)))
    assert read_trace(tmp_path / "rec").doubts == (said,)


def test_a_probe_that_is_no_trace_of_training(tmp_path: Path):
    folder = recorded(tmp_path / "a")
    with pytest.raises(UserError) as refused:
        read_trace(folder, "trace-test")
    assert str(refused.value) == (
        "--probe trace-test: is of test examples, which nobody trained on; name a trace of "
        "training examples, as trace or trace-clean"
    )
    with pytest.raises(RecordError) as missing:
        read_trace(folder, "traces")
    assert str(missing.value) == (
        f"{folder}: has no probe 'traces' with values of examples; it has trace, trace-test"
    )


def test_a_probe_is_named_of_a_population_alone(tmp_path: Path):
    write_dynamics(tmp_path / "run", *scores())
    path = tmp_path / "t.npz"
    np.savez(path, logits=np.zeros((2, 2, 3)), labels=np.zeros(2, int))
    for trace in (path, tmp_path / "run"):
        with pytest.raises(UserError) as refused:
            read_trace(trace, "trace-clean")
        assert str(refused.value) == (
            f"--probe trace-clean: names a trace of a population, and {trace} is none and has one "
            "trace; leave --probe out"
        )


def test_logits_of_which_some_are_probabilities_are_logits(tmp_path: Path):
    logits_ENC = np.full((2, 2, 4), 0.25)
    logits_ENC[1, 1, 0] = 0.5
    logits_ENC[0, 0] = np.nan
    np.savez(tmp_path / "t.npz", logits=logits_ENC, labels=np.zeros(2, int))
    assert read_trace(tmp_path / "t.npz").values.values["predicted"][0, 1, 1] == 0
    np.savez(tmp_path / "n.npz", logits=np.full((2, 2, 4), np.nan), labels=np.zeros(2, int))
    assert len(read_trace(tmp_path / "n.npz").notices) == 1


def test_ids_with_blanks_are_those_of_a_table_that_is_read_without(tmp_path: Path):
    table = tmp_path / "texts.csv"
    table.write_text("example_id,input\n e1 , one\ne2,two\n")
    inputs = read_inputs(table, [" e1 ", "e2"])
    assert (inputs.of(" e1 "), inputs.of("e2")) == ("one", "two")
    assert inputs.matched(table, [" e1 ", "e2"]) == "texts.csv has 2 of 2 examples."
    both = tmp_path / "both.csv"
    both.write_text("example_id,input\ne1,one\n")
    assert read_inputs(both, ["e1", "e1 "]).of("e1") == "one"


def test_inputs_are_texts_pictures_or_pixels(tmp_path: Path):
    table = tmp_path / "texts.csv"
    table.write_text("example_id,input\ne1,one\ne2,two\n")
    inputs = read_inputs(table, ["e1", "e3"])
    assert (inputs.of("e1"), inputs.of("e3")) == ("one", None)
    assert inputs.texts == {"e1": "one", "e2": "two"}
    assert inputs.matched(table, ["e1", "e3"]) == (
        "texts.csv has 1 of 2 examples: few. Check that its example_id are those of the trace."
    )
    assert inputs.matched(table, ["e1", "e2", "e3"]) == "texts.csv has 2 of 3 examples."
    pixels = np.zeros((2, 4, 4), dtype=np.uint8)
    np.savez(tmp_path / "p.npz", ids=["e1", "e2"], images=pixels)
    png = read_inputs(tmp_path / "p.npz", ["e2"]).of("e2")
    assert isinstance(png, bytes)
    assert png.startswith(b"\x89PNG")
    (tmp_path / "one.png").write_bytes(png)
    named = tmp_path / "named.csv"
    named.write_text("example_id,input\ne1,one.png\ne2,../secret.png\n")
    inputs = read_inputs(named, ["e1"])
    assert inputs.of("e1") == png
    assert inputs.of("e2") == "../secret.png (not shown: it lies outside the folder of the table)"


def test_inputs_that_fit_nothing(tmp_path: Path):
    table = tmp_path / "texts.csv"
    table.write_text("example_id,text\ne1,one\n")
    with pytest.raises(UserError) as refused:
        read_inputs(table, ["e1"])
    assert str(refused.value) == (
        f"--inputs {table}: has no column 'input'; it has example_id, text; rename the one that is "
        "meant"
    )
    table.write_text("example_id,input\ne1,one\n")
    with pytest.raises(UserError) as refused:
        read_inputs(table, ["x1", "x2", "x3"])
    assert str(refused.value) == (
        f"--inputs {table}: has none of the 3 examples of the trace ('x1', 'x2' …); give the same "
        "ids (example_id)"
    )
    table.write_text("example_id,input\ne1,one\ne2,two\ne1,other\n")
    np.savez(
        tmp_path / "two.npz", ids=["e1", "e2", "e1"], images=np.zeros((3, 4, 4), dtype=np.uint8)
    )
    for twice in (table, tmp_path / "two.npz"):
        with pytest.raises(UserError) as refused:
            read_inputs(twice, ["e1"])
        assert str(refused.value) == (
            f"--inputs {twice}: the id 'e1' stands twice; give each example once"
        )
    with pytest.raises(UserError) as refused:
        read_inputs(tmp_path / "no.csv", ["e1"])
    assert str(refused.value) == (
        f"--inputs {tmp_path / 'no.csv'}: there is no such file; give a table with example_id and "
        "input (texts, or paths of pictures), or an npz with ids and images"
    )
    np.savez(tmp_path / "p.npz", ids=["e1"], images=np.zeros((2, 4, 4), dtype=np.uint8))
    with pytest.raises(UserError) as refused:
        read_inputs(tmp_path / "p.npz", ["e1"])
    assert str(refused.value) == (
        f"--inputs {tmp_path / 'p.npz'}: images is uint8 of shape (2, 4, 4); expected one for each "
        "of 1 examples"
    )
