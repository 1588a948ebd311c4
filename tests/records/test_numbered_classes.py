"""Arrays whose classes are numbers, beside labels or a side that has names: refused with a command
that saves the names, and works at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import NotComparableError, TableError, UndertowError
from undertow.records import read_any

NAMES = ["cow", "ant", "bee"]
"""In no order of the alphabet."""
LABEL = np.arange(60) % 3
IDS = [f"e{n}" for n in range(60)]
PROBA = np.eye(3)[LABEL] * 0.7 + 0.1
WORDS = [NAMES[k] for k in LABEL]
NAMED = "classes 0 to 2, as {} holds no array classes, and {!r} has names ({} …); "
TOLD = "the labels in both tell which is which, so save the names too: "
NOTHING = "nothing tells their order"
TO_WRITE = (
    ": write the {} names of classes {} in place of CLASSES, in the order of the model's training "
    '(model.classes_, config.id2label), as in ["name of 0", "name of 1"]'
)
UNTOLD = f"{NOTHING}{TO_WRITE.format(3, '0, 1, 2 …')}: "
ANSWERS = (
    "the answers tell which is which (so named 100.0 % of 60 are right, with any two names exchanged "
    "at most 33.3 %), so save the names too: "
)
UNLESS = (
    "; answers that were exchanged would not show then, so if the model is not about that good, or "
    "model.classes_ or config.id2label have another order, give its own names instead"
)
APART = "; {} has them in another order, {}, so answers of one of the two may really be exchanged"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pl.DataFrame({"example_id": IDS, "prediction": WORDS, "label": WORDS})
    frame.write_csv("t.csv")
    np.save("y.npy", WORDS)


def command(names: list[str], *stems: str, told: bool = False) -> str:
    typed = f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]" if names else "CLASSES"
    mark = ', classes_told_by="answers"' if told else ""
    saved = "; ".join(
        f'numpy.savez("{s}-named.npz", **numpy.load("{s}.npz"), classes=c{mark})' for s in stems
    )
    given = ", ".join(f"{s}-named.npz for {s}.npz" for s in stems)
    return f"python -c 'import numpy; c = {typed}; {saved}', and give {given}"


def refused(error: type[UndertowError], old: Any, new: Any, **asked: Any) -> str:
    with pytest.raises(error) as caught:
        undertow.compare(old, new, **asked)
    return str(caught.value)


def classes_after(message: str, old: str, new: str, **asked: Any) -> list[str]:
    """The slices of the comparison that the message says to make."""
    suggested.do(re.findall(r"python -c '[^']*'", message)[0])
    found = undertow.compare(*(p.replace(".npz", "-named.npz") for p in (old, new)), **asked)
    rows = found.findings.filter(slice="class", measure="accuracy")
    assert rows["reference"].to_list() == [1.0] * rows.height
    return sorted(rows["value"].to_list())


@pytest.mark.parametrize(("old", "new"), [("a.npz", "t.csv"), ("t.csv", "a.npz")])
def test_labels_on_both_sides_tell_the_order(old: str, new: str) -> None:
    np.savez("a.npz", softmax=PROBA, y_true=LABEL, ids=IDS)
    message = refused(NotComparableError, old, new)
    names = NAMED.format("a.npz", "t", "'ant', 'bee'")
    assert message == f"'a' has {names}{TOLD}{command(NAMES, 'a')}"
    assert classes_after(message, old, new) == sorted(NAMES)


def test_without_labels_the_order_is_asked_for() -> None:
    np.savez("a.npz", softmax=PROBA)
    message = refused(NotComparableError, "a.npz", "t.csv")
    names = NAMED.format("a.npz", "t", "'ant', 'bee'")
    assert message == f"'a' has {names}{UNTOLD}{command([], 'a')}"


FIRST = "can be the right answers, which tell which is which: add"


@pytest.mark.parametrize("called", ["true", "kind"])
def test_a_column_that_can_be_the_labels_is_asked_for_before_any_order(called: str) -> None:
    np.savez("a.npz", softmax=PROBA, y_true=LABEL, ids=IDS)
    pl.read_csv("t.csv").rename({"label": called}).write_csv("u.csv")
    said = f"a.npz: {BESIDE.format('u')}{called!r} of u.csv {FIRST} label={called!r} first"
    assert refused(NotComparableError, "a.npz", "u.csv") == said
    assert refused(NotComparableError, "u.csv", "a.npz") == said
    names = NAMED.format("a.npz", "u", "'ant', 'bee'")
    assert refused(NotComparableError, "a.npz", "u.csv", label=called) == (
        f"'a' has {names}{TOLD}{command(NAMES, 'a')}"
    )


def test_columns_of_tables_that_can_be_the_labels() -> None:
    numbers("prediction", "true").write_csv("n.csv")
    new = pl.read_csv("t.csv").rename({"label": "gold"})
    said = f"n.csv: {BESIDE.format('new')}'true' of n.csv and 'gold' of new {FIRST} "
    assert refused(NotComparableError, "n.csv", new) == f"{said}label='true,gold' first"


def test_answers_of_another_model_are_no_labels() -> None:
    np.savez("a.npz", softmax=PROBA, y_true=LABEL)
    pl.read_csv("t.csv").rename({"label": "predicted_class"}).write_csv("u.csv")
    names = NAMED.format("a.npz", "u", "'ant', 'bee'")
    assert refused(NotComparableError, "a.npz", "u.csv") == (
        f"'a' has {names}{UNTOLD}{command([], 'a')}"
    )


def test_numbers_that_count_something_are_no_labels() -> None:
    numbers("prediction", "fold").write_csv("n.csv")
    assert "the answers tell" in refused(NotComparableError, "n.csv", "t.csv")


def test_an_order_that_the_other_side_has() -> None:
    np.savez("a.npz", softmax=PROBA)
    np.savez("n.npz", softmax=PROBA, classes=NAMES)
    names = NAMED.format("a.npz", "n", "'cow', 'ant'")
    assert refused(NotComparableError, "a.npz", "n.npz") == (
        f'\'a\' has {names}{NOTHING}, though \'n\' has ["cow", "ant", "bee"]'
        f"{TO_WRITE.format(3, '0, 1, 2 …')}: {command([], 'a')}"
    )


def test_a_column_without_a_name_has_to_be_named() -> None:
    np.savez("a.npz", softmax=np.full((60, 4), 0.25))
    assert refused(NotComparableError, "a.npz", "t.csv") == (
        f"'a' has {NAMED.format('a.npz', 't', repr('ant') + ', ' + repr('bee')).replace('2', '3', 1)}"
        f"{NOTHING}{TO_WRITE.format(4, '0, 1, 2 …')}: {command([], 'a')}"
    )


def test_labels_apart_name_the_files_of_both_sides_at_once() -> None:
    np.savez("a.npz", softmax=PROBA)
    np.savez("b.npz", softmax=PROBA)
    assert refused(TableError, "a.npz", "b.npz", labels="y.npy") == (
        "y.npy: label 'cow' is none of the 3 classes of a.npz, which are numbers; "
        f"{UNTOLD}{command([], 'a', 'b')}"
    )


def test_labels_apart_are_told_by_those_in_the_file() -> None:
    for name in ("a.npz", "b.npz"):
        np.savez(name, preds=LABEL, y=LABEL, ids=IDS)
    np.savez("y.npz", ids=IDS, labels=WORDS)
    message = refused(TableError, "a.npz", "b.npz", labels="y.npz")
    assert message == (
        "y.npz: label 'cow' is none of the 3 classes of a.npz, which are numbers; "
        f"{TOLD}{command(NAMES, 'a', 'b')}"
    )
    assert classes_after(message, "a.npz", "b.npz", labels="y.npz") == sorted(NAMES)


@pytest.mark.parametrize("ids", [{}, {"ids": IDS}, {"ids": range(60)}])
def test_labels_apart_whose_place_alone_says_of_what_they_are(ids: dict[str, Any]) -> None:
    for name in ("a.npz", "b.npz"):
        np.savez(name, preds=LABEL, y=LABEL, **{k: [*v] for k, v in ids.items()})
    assert refused(TableError, "a.npz", "b.npz", labels="y.npy") == (
        "y.npy: label 'cow' is none of the 3 classes of a.npz, which are numbers; "
        'most labels in both have ["cow", "ant", "bee"], but rows are matched by their place alone'
        f"{TO_WRITE.format(3, '0, 1, 2 …')}: {command([], 'a', 'b')}"
    )


IS_A_NAME = "a.npz: label 'cow' is a name, and it holds no array classes; "


def test_labels_in_the_file_that_are_names_are_told_by_its_answers() -> None:
    np.savez("a.npz", softmax=PROBA, y_true=WORDS)
    np.savez("b.npz", softmax=PROBA, y_true=WORDS, note=0)
    assert refused(TableError, "a.npz", "b.npz") == (
        f"{IS_A_NAME}{ANSWERS}{command(NAMES, 'a', 'b', told=True)}{UNLESS}"
    )
    turned = PROBA[:, [1, 2, 0]]
    np.savez("b.npz", softmax=turned, y_true=WORDS)
    message = refused(TableError, "a.npz", "b.npz")
    other = APART.format("b.npz", '["ant", "bee", "cow"]')
    saved = command(NAMES, "a", told=True)
    assert message == f"{IS_A_NAME}{ANSWERS}{saved}{other}{UNLESS}"
    suggested.do(re.findall(r"python -c '[^']*'", message)[0])
    message = refused(TableError, "a-named.npz", "b.npz")
    turned_names = ["ant", "bee", "cow"]
    other = APART.format("a-named.npz", '["cow", "ant", "bee"]')
    saved = command(turned_names, "b", told=True)
    assert message == f"b{IS_A_NAME[1:]}{ANSWERS}{saved}{other}{UNLESS}"
    assert classes_after(message, "a.npz", "b.npz") == sorted(NAMES)


@pytest.mark.parametrize("kind", ["few", "one answer", "guessing", "a member apart"])
def test_labels_in_the_file_that_are_names_and_nothing_tells(kind: str) -> None:
    """What is typed cannot run as it is pasted, and writes nothing."""
    proba, words = PROBA, WORDS
    if kind == "few":
        proba, words = PROBA[:21], WORDS[:21]
    elif kind == "one answer":
        proba = np.tile([0.5, 0.3, 0.2], (60, 1))
    elif kind == "guessing":
        proba = np.random.default_rng(0).permutation(PROBA)
    else:
        proba = np.stack([PROBA, PROBA[:, [1, 0, 2]]])
    np.savez("a.npz", softmax=proba, y_true=words)
    with pytest.raises(TableError) as caught:
        read_any([Path("a.npz")])
    assert str(caught.value) == f"{IS_A_NAME}{UNTOLD}{command([], 'a')}"
    with pytest.raises(NameError, match="CLASSES"):
        suggested.do(re.findall(r"python -c '[^']*'", str(caught.value))[0])
    assert not Path("a-named.npz").exists()


@pytest.mark.parametrize("right", [90, 60])
def test_answers_that_are_often_wrong_tell_the_order_with_how_often(right: int) -> None:
    rng, label = np.random.default_rng(0), np.arange(300) % 3
    answer = np.where(np.arange(300) % 100 < right, label, (label + rng.integers(1, 3, 300)) % 3)
    np.savez("a.npz", preds=answer, y_true=[NAMES[k] for k in label])
    with pytest.raises(TableError) as caught:
        read_any([Path("a.npz")])
    exchanged = max(
        np.mean(np.array(order)[answer] == label) for order in ([1, 0, 2], [0, 2, 1], [2, 1, 0])
    )
    assert str(caught.value) == (
        f"{IS_A_NAME}the answers tell which is which (so named {right}.0 % of 300 are right, with any "
        f"two names exchanged at most {100 * exchanged:.1f} %), so save the names too: "
        f"{command(NAMES, 'a', told=True)}{UNLESS}"
    )


MIXED = np.random.default_rng(0).permutation(np.tile(LABEL, 2))
"""In no blocks and turns, so that rows which are moved agree in no order."""


@pytest.mark.parametrize(
    ("label", "many"),
    [(MIXED, True), (MIXED[:60], False), (np.tile(LABEL, 2), False), (np.sort(MIXED), False)],
    ids=["mixed", "few", "turns", "blocks"],
)
def test_labels_apart_are_told_by_answers(label: Any, *, many: bool) -> None:
    """By row alone."""
    for name in ("a.npz", "b.npz"):
        np.savez(name, softmax=np.eye(3)[label] * 0.7 + 0.1)
    np.save("y.npy", [NAMES[k] for k in label])
    told = f"{ANSWERS.replace('60', '120')}{command(NAMES, 'a', 'b', told=True)}{UNLESS}"
    assert refused(TableError, "a.npz", "b.npz", labels="y.npy") == (
        f"y.npy: label {NAMES[label[0]]!r} is none of the 3 classes of a.npz, which are numbers; "
        f"{told if many else UNTOLD + command([], 'a', 'b')}"
    )


def test_answers_of_one_side_and_labels_of_the_other_tell_the_order() -> None:
    np.savez("a.npz", softmax=PROBA, ids=IDS)
    names = NAMED.format("a.npz", "t", "'ant', 'bee'")
    message = refused(NotComparableError, "a.npz", "t.csv")
    assert message == f"'a' has {names}{ANSWERS}{command(NAMES, 'a', told=True)}{UNLESS}"
    suggested.do(re.findall(r"python -c '[^']*'", message)[0])
    found = undertow.compare("a-named.npz", "t.csv")
    assert found.findings.filter(slice="all", measure="churn")["changed"].to_list() == [0.0]


def test_names_of_too_many_letters_are_written_by_hand() -> None:
    words = [f"class number {k:03}" for k in range(60)]
    np.savez("a.npz", preds=np.arange(60), y_true=words)
    code = command([], "a")
    with pytest.raises(TableError) as caught:
        read_any([Path("a.npz")])
    assert str(caught.value) == (
        "a.npz: label 'class number 000' is a name, and it holds no array classes; "
        f"{NOTHING}{TO_WRITE.format(60, '0, 1, 2 …')}: {code}"
    )


def test_a_few_labels_that_differ_leave_the_order_told() -> None:
    label = LABEL.copy()
    label[:6] = (label[:6] + 1) % 3
    np.savez("a.npz", softmax=PROBA, labels=label, ids=IDS)
    names = NAMED.format("a.npz", "t", "'ant', 'bee'")
    assert refused(NotComparableError, "a.npz", "t.csv") == (
        f"'a' has {names}{TOLD}{command(NAMES, 'a')}"
    )


def test_labels_of_other_examples_tell_nothing() -> None:
    np.savez("a.npz", softmax=PROBA, labels=np.sort(LABEL), ids=IDS)
    names = NAMED.format("a.npz", "t", "'ant', 'bee'")
    assert refused(NotComparableError, "a.npz", "t.csv") == (
        f"'a' has {names}labels of the same examples do not go with one another, so rows are those "
        "of other examples: save which they are, as an array ids, in a.npz"
    )


def test_labels_apart_that_are_none_of_the_numbers() -> None:
    np.savez("a.npz", softmax=PROBA)
    np.save("y.npy", LABEL + 1)
    with pytest.raises(TableError) as caught:
        read_any([Path("a.npz")], labels=Path("y.npy"))
    assert str(caught.value) == (
        "y.npy: label '3' is none of the 3 classes of a.npz; write its labels as they are called "
        "there, '0' to '2'"
    )


THESE = TO_WRITE.format(3, "'0', '1' …")
RENAMED = 'pl.col("label", "prediction").cast(str).replace({"0": "cow", "1": "ant", "2": "bee"}))'
BESIDE = "its classes are 0 to 2, and {!r} has names ('ant', 'bee' …); "
WRITE = "the labels in both tell which is which, so write the names, and give "


def numbers(*columns: str) -> pl.DataFrame:
    return pl.DataFrame({"example_id": IDS, **dict.fromkeys(columns, LABEL)})


def test_a_table_of_numbers_is_written_with_names() -> None:
    for name in ("n.csv", "m.csv"):
        numbers("prediction", "label").write_csv(name)
    message = refused(NotComparableError, ["n.csv", "m.csv"], "t.csv")
    assert message == (
        f"n.csv: {BESIDE.format('t')}{WRITE}what this writes: python -c 'import polars as pl; "
        f'pl.read_csv("n.csv", infer_schema=False).with_columns({RENAMED}.write_csv("n-renamed.csv")'
        "'; so with m.csv"
    )
    suggested.do(re.findall(r"python -c '[^']*'", message)[0])
    assert pl.read_csv("n-renamed.csv")["prediction"].to_list() == WORDS


def test_without_labels_the_order_of_a_table_is_asked_for() -> None:
    numbers("prediction").write_csv("n.csv")
    frame = pl.DataFrame({"example_id": IDS, "prediction": WORDS})
    frame.write_csv("t.csv")
    typed = '{k: CLASSES[c] for k, c in {"0": 0, "1": 1, "2": 2}.items()}'
    message = refused(NotComparableError, "t.csv", "n.csv")
    assert message == (
        f"n.csv: {BESIDE.format('t')}{NOTHING}{THESE}, and give what this writes: python -c 'import "
        'polars as pl; pl.read_csv("n.csv", infer_schema=False).with_columns('
        f'pl.col("prediction").cast(str).replace({typed})).write_csv("n-renamed.csv")\''
    )
    code = re.findall(r"python -c '[^']*'", message)[0]
    with pytest.raises(NameError, match="CLASSES"):
        suggested.do(code)
    suggested.do(code.replace("CLASSES", '["cow", "ant", "bee"]'))
    assert pl.read_csv("n-renamed.csv")["prediction"].to_list() == WORDS


def test_frames_of_numbers_get_names_in_words_of_their_library() -> None:
    old, new = numbers("prediction", "label"), pl.read_csv("t.csv")
    said = f"old: {BESIDE.format('new')}{WRITE}this in its place: "
    assert refused(NotComparableError, old, new) == f"{said}old.with_columns({RENAMED}"
    made = (
        'old.assign(**old[["label", "prediction"]].astype(str)'
        '.replace({"0": "cow", "1": "ant", "2": "bee"}))'
    )
    assert refused(NotComparableError, old.to_pandas(), new) == said + made
    found = undertow.compare(eval(made, {"old": old.to_pandas()}), new)
    assert found.findings.filter(slice="all", measure="accuracy")["effect"].to_list() == [0.0]


def test_arrays_in_memory_are_named_by_an_argument_that_frames_may_stand_beside() -> None:
    new = pl.read_csv("t.csv").with_columns(example_id=pl.int_range(60))
    new.write_csv("t.csv")
    assert refused(NotComparableError, PROBA, new) == (
        f"old: {BESIDE.format('new')}{NOTHING}{THESE}, and give classes=CLASSES"
    )
    words = [NAMES[k] for k in MIXED]
    twice = pl.DataFrame({"example_id": range(120), "prediction": words, "label": words})
    told = ANSWERS.replace("60", "120").replace("save the names too", "name them")
    assert refused(NotComparableError, np.eye(3)[MIXED] * 0.7 + 0.1, twice) == (
        f"old: {BESIDE.format('new')}{told}classes={NAMES!r}{UNLESS}"
    )
    for side in (new, "t.csv"):
        found = undertow.compare(PROBA, side, classes=NAMES)
        assert found.findings.filter(slice="all", measure="churn")["changed"].to_list() == [0.0]


@pytest.mark.parametrize("some_missing", [False, True])
def test_numbers_apart_beside_arrays_that_name_their_classes(*, some_missing: bool) -> None:
    np.savez("n.npz", softmax=PROBA, classes=NAMES)
    np.save("k.npy", np.where(np.arange(60) == 1, -1, LABEL) if some_missing else LABEL)
    names, numbers = 'numpy.load("n.npz")["classes"]', 'numpy.load("k.npy").astype(int)'
    made = f"numpy.array({names})[{numbers}]"
    if some_missing:
        made = f'numpy.array(list({names}) + [""])[numpy.maximum({numbers}, -1)]'
    with pytest.raises(TableError) as caught:
        read_any([Path("n.npz")], labels=Path("k.npy"))
    assert str(caught.value) == (
        "k.npy: label '0' is none of the 3 classes of n.npz; if these are numbers of its classes, "
        f"save them with names, python -c 'import numpy; numpy.save(\"k-names.npy\", {made})', and "
        "give --labels k-names.npy"
    )
    suggested.do(re.findall(r"python -c '[^']*'", str(caught.value))[0])
    records, _ = read_any([Path("n.npz")], labels=Path("k-names.npy"))
    assert records.label_N.tolist() == np.load("k.npy").tolist()


@pytest.mark.parametrize("old", [True, False])
def test_numbers_of_rows_on_one_side_tell_no_order_of_two_classes(*, old: bool) -> None:
    """Another order of rows would turn it around."""
    sides = pl.Series(range(60)), pl.Series([*range(1, 60), 99])
    for name, ids, two in (("n.csv", sides[not old], (0, 1)), ("t.csv", sides[old], ("no", "yes"))):
        answers = [two[k % 2] for k in ids.replace(99, 0)]
        frame = pl.DataFrame({"example_id": ids, "prediction": answers, "label": answers})
        frame.write_csv(name)
    assert refused(NotComparableError, "n.csv", "t.csv").startswith(
        "n.csv: its classes are 0 to 1, and 't' has names ('no', 'yes'); most labels in both have "
        '["no", "yes"], but rows are matched by their place alone'
        f"{TO_WRITE.format(2, repr('0') + ', ' + repr('1'))}, and give what this writes: python -c "
    )
