"""Arrays that are called as right answers are, beside others or alone: which is taken, and what is
said of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import suggested
from test_cli import run
from undertow.records import Records, read_any

N, C = 60, 5
LABEL = np.random.default_rng(0).integers(C, size=N)
PROBA = np.eye(C)[LABEL] * 0.75 + 0.05
IDS = [f"e{n}" for n in range(N)]
OTHER = np.where(np.arange(N) < 6, (LABEL + 1) % C, LABEL)
NONE = "a.npz: has no array of right answers; "


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(proba: Any = PROBA, path: str = "a.npz", **arrays: Any) -> tuple[Records, list[str]]:
    np.savez(path, probs=proba, ids=IDS, **arrays)
    records, _ = read_any([Path(path)])
    return records, [*records.manifest.notes]


@pytest.mark.parametrize(
    "beside",
    [
        np.array([None] * N, dtype=object),
        LABEL[:50],
        LABEL > 2,
        LABEL.astype(str),
        np.array(3),
    ],
    ids=["objects", "fewer", "flags", "names", "one"],
)
def test_labels_are_read_whatever_else_is_called_so(beside: Any) -> None:
    records, notes = saved(labels=LABEL, gold=beside, y=np.array([None] * N, dtype=object))
    assert (records.label_N.tolist(), notes) == (LABEL.tolist(), [])


@pytest.mark.parametrize(
    "values",
    [
        LABEL[:50],
        np.array([f"caption {n}" for n in range(N)]),
        LABEL > 2,
        (LABEL > 2).astype(float),
        LABEL + 0.5,
        LABEL + 1,
        np.where(LABEL == 0, np.nan, LABEL),
        np.array([None] * N, dtype=object),
        np.full(N, -1),
    ],
    ids=["fewer", "captions", "flags", "floats", "halves", "beyond", "nan", "objects", "none"],
)
def test_what_fits_no_labels_is_none_and_said_so(values: Any) -> None:
    records, notes = saved(gt=values)
    assert set(records.label_N) == {-1}
    assert notes == [
        f"{NONE}save one that is called labels, or give them in a file of their own with --labels "
        "FILE."
    ]


@pytest.mark.parametrize("values", [LABEL, LABEL.astype(float), np.where(LABEL == 0, -1, LABEL)])
def test_what_fits_is_taken_for_labels(values: Any) -> None:
    assert saved(gt=values)[0].label_N.tolist() == values.tolist()


def test_flags_are_labels_of_two_classes() -> None:
    two = np.stack([PROBA[:, 0], 1 - PROBA[:, 0]], axis=1)
    for values in (LABEL > 0, (LABEL > 0).astype(float)):
        assert saved(two, gt=values)[0].label_N.tolist() == (LABEL > 0).tolist()


def test_names_are_labels_where_they_are_those_of_the_classes() -> None:
    names = np.array([*"vwxyz"])
    assert saved(classes=names, truth=names[LABEL])[0].label_N.tolist() == LABEL.tolist()
    records, notes = saved(truth=names[LABEL])
    assert set(records.label_N) == {-1}
    assert notes[0].startswith(f"{NONE}if 'truth' is that, python -c ")


def differs(stem: str, one: str, other: str) -> str:
    code = (
        f'python -c \'import numpy; f = dict(numpy.load("{stem}.npz")); f["labels"] = '
        f'f.pop("{other}"); numpy.savez("{stem}-labels.npz", **f)\', and give {stem}-labels.npz'
    )
    return (
        f"{stem}.npz: '{one}' is taken for the right answers, and '{other}' differs from it in 6 of "
        f"60 examples; if '{other}' is that, {code}."
    )


@pytest.mark.parametrize(("one", "other"), [("label", "gold"), ("y", "ground_truth")])
def test_of_two_that_differ_one_is_taken_and_said_to_be(one: str, other: str) -> None:
    records, notes = saved(**{one: OTHER, other: LABEL})
    assert (records.label_N.tolist(), notes) == (OTHER.tolist(), [differs("a", one, other)])
    suggested.do(re.findall(r"python -c '[^']*'", notes[0])[0])
    assert read_any([Path("a-labels.npz")])[0].label_N.tolist() == LABEL.tolist()
    assert saved(**{one: LABEL, other: LABEL})[1] == []


def test_two_that_differ_are_said_beside_the_verdict_alone() -> None:
    for path in ("a.npz", "b.npz"):
        saved(path=path, label=OTHER, gold=LABEL)
    done = run("audit", "a.npz", "--against", "b.npz", "--draws", "100", "--quiet")
    for stem in "ab":
        assert f"NOTE: {differs(stem, 'label', 'gold')}" in done.stderr.splitlines()


def test_labels_of_which_none_is_0_are_said_to_be_taken_as_they_are() -> None:
    records, notes = saved(labels=np.minimum(LABEL, 3) + 1)
    assert sorted(set(records.label_N)) == [1, 2, 3, 4]
    assert notes == [
        "a.npz: 'labels' is taken for the right answers, as numbers from 0 though none is 0; if they "
        'count from 1, python -c \'import numpy; f = dict(numpy.load("a.npz")); f["labels"] = '
        'f["labels"] - 1; numpy.savez("a-labels.npz", **f)\', and give a-labels.npz.'
    ]
    suggested.do(re.findall(r"python -c '[^']*'", notes[0])[0])
    read = read_any([Path("a-labels.npz")])[0].label_N
    assert read.tolist() == np.minimum(LABEL, 3).tolist()
    assert saved(labels=np.where(LABEL == 0, 3, LABEL) - 1 + (LABEL > 3))[1] == []
    two = np.stack([PROBA[:, 0], 1 - PROBA[:, 0]], axis=1)
    assert saved(two, labels=np.ones(N, dtype=int))[1] == []
