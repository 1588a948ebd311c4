"""Answers that are never a label: refused across files, and said where some are."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from test_cli import run
from undertow.records.spelling import alike, not_the_same, shown_apart

IDS = [f"e{i}" for i in range(40)]
LABEL = ["cat", "dog"] * 20
OLD = [*LABEL[:-4], "dog", "cat", "dog", "cat"]
CYRILLIC, COMPOSED = "c\u0430t", "\u00e9"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def put(name: str, said: list[str], label: list[str] | None = None) -> str:
    frame = pl.DataFrame({"example_id": IDS, "prediction": said})
    frame = frame if label is None else frame.with_columns(pl.Series("label", label))
    getattr(frame, f"write_{'ndjson' if name.endswith('jsonl') else name.split('.')[1]}")(name)
    return name


def spelled(names: dict[str, str]) -> list[str]:
    return [names.get(said, said) for said in OLD]


def audit(old: str, new: str, *more: str) -> tuple[int, str]:
    done = run("audit", old, "--against", new, "--out", "out", "--force", *more)
    notes = [line.removeprefix("NOTE: ") for line in done.stdout.split("\n") if "NOTE" in line]
    return done.returncode, done.stderr.removeprefix("undertow: ").strip() or "\n".join(notes)


NO_LABELS = (
    "There are no labels, so nothing says which answers are right: name their column with --label "
    "COLUMN, or give them in a file of their own with --labels FILE."
)
WORDS = "every answer would count as wrong, so write these answers in the words of the labels"


def typed(words: str) -> str:
    """What is typed to write such words anew."""
    return (
        ": of a CSV, with its name for FILE, python -c 'import polars as pl; "
        'pl.read_csv("FILE.csv", infer_schema=False).with_columns(pl.col(pl.String)'
        f'.replace({{{words}}})).write_csv("FILE-words.csv")\''
    )


TYPED = typed('"CAT": "cat", "DOG": "dog"')


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_answers_that_are_no_label_of_another_file(suffix: str) -> None:
    old = put(f"old.{suffix}", OLD, LABEL)
    new = put(f"new.{suffix}", [said.upper() for said in OLD])
    expected = (
        "'new' answers 'CAT', 'DOG', and none of that is a label: those are 'cat', 'dog'; "
    ) + f"{WORDS}{TYPED}"
    assert audit(old, new) == (3, expected)
    assert audit(new, old) == (3, expected)
    if suffix == "csv":
        (command,) = re.findall(r"python -c '[^']*'", expected.replace("FILE", "new"))
        subprocess.run(command.replace("python", sys.executable, 1), shell=True, check=True)
        assert audit(old, "new-words.csv")[0] == 0


@pytest.mark.parametrize(
    ("said", "label", "shown"),
    [
        (CYRILLIC, "cat", r"('c\u0430t' is not 'cat')"),
        (DECOMPOSED, COMPOSED, r"('e\u0301' is not '\xe9')"),
    ],
)
def test_answers_that_look_like_labels(said: str, label: str, shown: str) -> None:
    labelled = put("old.csv", [label] * 40, [label] * 40)
    assert audit(labelled, put("new.csv", [said] * 40)) == (
        3,
        f"'new' answers {said!r}, and none of that is a label: those are {label!r}; {WORDS} "
        f"{shown}" + typed(f'"{said}": "{label}"'),
    )
    assert audit(labelled, put("new.csv", [said] * 40, [label] * 40)) == (
        2,
        f"new.csv: column 'prediction' holds no classes: its values are {said!r}, and those of "
        f"'label' are {label!r}; write 'prediction' in the same words as 'label' {shown}",
    )
    pl.DataFrame({"example_id": IDS, "label": [label] * 40}).write_csv("labels.csv")
    assert audit(put("a.csv", [said] * 40), labelled, "--labels", "labels.csv") == (
        2,
        f"labels.csv: label {label!r} and the 1 labels in all are none of the classes that a.csv "
        f"predicts, such as {said!r}; name the classes alike in both {shown}",
    )


def test_blanks_that_a_parquet_file_keeps() -> None:
    new = put("new.parquet", [f"{said} " for said in OLD])
    assert audit(put("old.parquet", OLD, LABEL), new) == (
        3,
        f"'new' answers 'cat ', 'dog ', and none of that is a label: those are 'cat', 'dog'; "
        f"{WORDS}" + typed('"cat ": "cat", "dog ": "dog"'),
    )


def test_dates_are_no_labels() -> None:
    frame = pl.DataFrame({"example_id": IDS}).with_columns(prediction=pl.date(2020, 1, 1))
    frame.write_parquet("new.parquet")
    assert audit(put("old.csv", OLD, LABEL), "new.parquet") == (
        3,
        f"'new' answers '2020-01-01', and none of that is a label: those are 'cat', 'dog'; {WORDS}",
    )


def test_numbers_of_an_array_are_no_words() -> None:
    ids = np.array(IDS)
    np.savez("new.npz", predictions=np.arange(40) % 2, ids=ids)
    assert audit(put("old.csv", OLD, LABEL), "new.npz") == (
        3,
        "'new' has classes 0 to 1, as new.npz holds no array classes, and 'old' has names ('cat', "
        "'dog'); the answers tell which is which (so named 100.0 % of 40 are right, with any two names "
        "exchanged at most 0.0 %), so save the names too: python "
        '-c \'import numpy; c = ["cat", "dog"]; numpy.savez("new-named.npz", '
        '**numpy.load("new.npz"), classes=c, classes_told_by="answers")\', and give new-named.npz for '
        "new.npz; answers that were exchanged would not show then, so if the model is not about that "
        "good, or model.classes_ or config.id2label have another order, give its own names instead",
    )
    np.savez("new.npz", predictions=np.arange(40) % 2, ids=ids, classes=np.array(["CAT", "DOG"]))
    assert audit("old.csv", "new.npz") == (
        3,
        "'old' and 'new' have different class sets: 2 only in 'old' (first 'cat') and 2 only in "
        "'new' (first 'CAT'); compare models that answer the same question, or rename the classes",
    )


def test_a_model_stuck_on_a_class_of_the_other_side_is_only_wrong() -> None:
    old = put("old.csv", OLD, ["cat"] * 40)
    assert audit(old, put("new.csv", ["dog"] * 40))[0] == 0


FIX = "If they mean the same, write them alike and audit again."


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("names", "labels", "said"),
    [
        (
            {"cat": "CAT"},
            True,
            "20 of 40 answers of 'new' count as wrong and are spelled like a label: 'CAT' like "
            "'cat'. ",
        ),
        (
            {"cat": " cat"},
            True,
            "20 of 40 answers of 'new' count as wrong and are spelled like a label: ' cat' like "
            "'cat'. ",
        ),
        (
            {"cat": CYRILLIC},
            True,
            "20 of 40 answers of 'new' count as wrong and are spelled like a label: 'c\\u0430t' "
            "like 'cat'. ",
        ),
        (
            {"cat": "Cat", "dog": "DOG"},
            False,
            "Answers of 'new' count as changed and are spelled like answers of 'old': 'Cat' like "
            "'cat', 'DOG' like 'dog'. ",
        ),
    ],
)
@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_some_answers_are_spelled_otherwise(
    suffix: str, names: dict[str, str], labels: bool, said: str
) -> None:
    label = LABEL if labels else None
    new = put(f"new.{suffix}", spelled(names), label)
    without = "" if labels else f"\n{NO_LABELS}"
    assert audit(put(f"old.{suffix}", OLD, label), new) == (0, f"{said}{FIX}{without}")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"cat": "tabby cat"}, "'tabby cat' to 50.0 % of them"),
        ({"cat": "tabby", "dog": "hound"}, None),
        (dict.fromkeys(["cat"], "x" * 60), f"'{'x' * 40}' to 50.0 % of them"),
    ],
)
def test_some_answers_are_other_words_than_labels(names: dict[str, str], said: str | None) -> None:
    old, new = put("old.csv", OLD, LABEL), put("new.csv", spelled(names))
    if said is None:  # None of them is a label, which is refused.
        assert audit(old, new)[0] == 3
        return
    for sides in ((old, new), (new, old)):
        code, notes = audit(*sides)
        assert (code, notes.split("\n")[0]) == (
            0,
            f"'new' gives answers that are no right answer of any example: {said}. {FIX}",
        )


def test_answers_that_are_not_there_are_no_other_words() -> None:
    old, new = (
        put("old.csv", OLD, LABEL),
        put("new.csv", ["" if n < 8 else OLD[n] for n in range(40)]),
    )
    assert audit(old, new, "--missing", "wrong") == (0, "")


def test_other_words_are_listed_the_most_frequent_first() -> None:
    label = ["cat", "dog", "owl", "fox", "hen"] * 8
    words = {"cat": "b", "dog": "c", "owl": "a", "fox": "d"}
    new = [words.get(name, name) for name in label]
    new[0:5:4] = ["c", "c"]
    assert audit(put("old.csv", label, label), put("new.csv", new)) == (
        0,
        "'new' gives answers that are no right answer of any example: 'c' to 25.0 % of them, 'a' to "
        f"20.0 %, 'd' to 20.0 % and 1 more. {FIX}",
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, [*OLD[:-1], "bird"]),
        ([*OLD[:-6], *["bird"] * 6], [*OLD[:-9], *["bird"] * 9]),
        (OLD, [*OLD[:-1], "x"]),
        ([*OLD[:-6], *"abcdef"], [*OLD[:-9], *"ghijklmno"]),
    ],
    ids=["few", "on both sides", "one", "others on both sides"],
)
def test_wrong_answers_are_no_other_names(old: list[str], new: list[str]) -> None:
    assert audit(put("old.csv", old, LABEL), put("new.csv", new)) == (0, "")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("abcdefgh", "20.0 % of the answers of 'new' are no right answer of any example: 'a', 'b', "
         "'c' and 5 more. "),
        ("aabcabdd", "20.0 % of the answers of 'new' are no right answer of any example: 'a', 'b', "
         "'d' and 1 more. "),
        ("ab", "5.0 % of the answers of 'new' are no right answer of any example: 'a', 'b'. "),
    ],
)  # fmt: skip
def test_many_answers_that_are_no_label_are_counted_together(new: str, said: str) -> None:
    """Such as "a because 17", another each time."""
    sides = put("old.csv", OLD, LABEL), put("new.csv", [*OLD[: -len(new)], *new])
    for old, variant in (sides, sides[::-1]):
        code, notes = audit(old, variant)
        assert (code, notes.split("\n")[0]) == (0, f"{said}{FIX}")


def test_of_two_sides_that_give_other_words_the_one_that_gives_more_is_named() -> None:
    old, new = put("old.csv", [*OLD[:-4], *"abcd"], LABEL), put("new.csv", [*OLD[:-7], *"efghijk"])
    assert audit(old, new) == (
        0,
        "17.5 % of the answers of 'new' are no right answer of any example: 'e', 'f', 'g' and 4 "
        f"more. {FIX}",
    )


def test_a_column_of_each_model() -> None:
    pl.DataFrame({"id": IDS, "y": LABEL, "a": OLD, "b": spelled({"dog": "Dog"})}).write_csv("w.csv")
    assert audit("w.csv::a", "w.csv::b", "--id", "id", "--label", "y") == (
        0,
        "20 of 40 answers of 'b' count as wrong and are spelled like a label: 'Dog' like 'dog'. "
        + FIX,
    )


def test_letters_that_are_labels_mean_what_they_say() -> None:
    letters = ["a", "A"] * 20
    said = [*letters[:-2], "A", "a"]
    assert audit(put("old.csv", letters, letters), put("new.csv", said, letters)) == (0, "")


def test_classes_that_a_file_declares_mean_what_they_say() -> None:
    rows = {"example_id": IDS, "label": ["A"] * 40, "p_a": [0.4] * 40, "p_A": [0.6] * 40}
    pl.DataFrame(rows).write_csv("old.csv")
    pl.DataFrame({**rows, "p_a": rows["p_A"], "p_A": rows["p_a"]}).write_csv("new.csv")
    code, said = audit("old.csv", "new.csv")
    assert (code, "spelled" in said) == (0, False)


def test_what_is_alike() -> None:
    assert alike(["New York", "Fish", "x"], ["new\u00a0york", "\uff46ish\u200b", "y"]) == {
        "Fish": "\uff46ish\u200b",
        "New York": "new\u00a0york",
    }
    assert alike(["a", "A"], ["a", "A"]) == {}
    # Of two that are known, the first in the order of the alphabet, however they are given.
    assert alike(["CAT"], ["cat", "Cat"]) == alike(["CAT"], ["Cat", "cat"]) == {"CAT": "Cat"}
    assert shown_apart("New York", "newyork") == ("'New York'", "'newyork'")
    assert shown_apart(COMPOSED, DECOMPOSED) == (r"'\xe9'", r"'e\u0301'")
    assert not_the_same(["Cat"], ["cat"]) == ""
