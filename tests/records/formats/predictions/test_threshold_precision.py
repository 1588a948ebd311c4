"""A threshold decides in the precision of the numbers: 0.6 of 32 bits is more than 0.6, and it is at
the threshold. Arrays in files do what those in memory do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import undertow
from test_cli import run
from undertow.errors import UserError
from undertow.notebook.given import Answers, entries, sides_of
from undertow.records import read_any
from undertow.records.frames import Frames, read_frames
from undertow.records.reading import Reading
from undertow.records.records import Records

SCORES = [0.1, 0.6, 0.7, 0.6, 0.60001, 0.9]
SAID = ["0", "0", "1", "0", "1", "1"]
LABEL = [0, 0, 1, 1, 0, 1]
KINDS = ["float16", "float32", "float64"]
READ = "column 'p_1' is read as the probability of '1'; the prediction is '1' above 0.6."


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def scores(kind: str) -> np.ndarray:
    """In half precision 0.60001 is 0.6."""
    given = [0.61 if kind == "float16" and s == 0.60001 else s for s in SCORES]
    return np.array(given, dtype=kind)


def both(kind: str) -> np.ndarray:
    score_N = scores(kind)
    return np.stack([1 - score_N, score_N], axis=1)


def answers(given: Any, labels: Any = None, classes: tuple[str, ...] = ()) -> list[str]:
    """What a side in memory predicts above 0.6."""
    reading = Reading(threshold=0.6)
    side, _ = sides_of(*entries(given, given), reading, Answers(labels, classes))
    assert isinstance(side, Frames)
    return said(read_frames(side, reading)[0])[0]


def said(records: Records) -> list[list[str]]:
    return [[records.classes[k] for k in row] for row in records.pred_MN]


def frames(kind: str, names: tuple[str, ...]) -> list[Any]:
    columns = {"score": scores(kind), "p_0": both(kind)[:, 0], "p_1": both(kind)[:, 1]}
    held = {"example_id": range(6), "label": LABEL, **{name: columns[name] for name in names}}
    return [pl.DataFrame(held), pd.DataFrame(held)]


@pytest.mark.heavy
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [("score",), ("p_0", "p_1")], ids=["score", "p_class"])
def test_frames(kind: str, names: tuple[str, ...]) -> None:
    for frame in frames(kind, names):
        assert answers(frame) == SAID


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_parquet(kind: str) -> None:
    for names in (("score",), ("p_0", "p_1")):
        frames(kind, names)[0].write_parquet("a.parquet")
        assert said(read_any([Path("a.parquet")], threshold=0.6)[0]) == [SAID]


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_in_memory(kind: str) -> None:
    assert answers(both(kind), labels=np.array(LABEL)) == SAID
    assert answers(both(kind)[:, ::-1], labels=np.array(LABEL), classes=("1", "0")) == SAID


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_in_files(kind: str) -> None:
    np.save("a.npy", both(kind))
    np.savez("b.npz", probs=np.stack([both(kind)] * 2), labels=np.array(LABEL))
    np.save("y.npy", LABEL)
    records, about = read_any([Path("a.npy")], labels=Path("y.npy"), threshold=0.6)
    assert said(records) == [SAID]
    assert about == f"a.npy: NumPy array (npy): 1 member, 6 examples, 2 classes; a.npy: {READ}"
    assert records.manifest.conditions == {"threshold": "0.6", "scale": "from 0 to 1"}
    records, _ = read_any([Path("b.npz")], threshold=0.6)
    assert said(records) == [SAID, SAID]
    assert records.manifest.notes[-1] == f"b.npz: {READ}"


@pytest.mark.heavy
def test_a_score_of_one_precision_is_compared_with_one_of_another() -> None:
    """A worse model used to come out as the same: none of its 0.6 were at the threshold."""
    label = np.array([0] * 40 + [1] * 40)
    old = np.where(label == 1, 0.7, 0.2)
    new = np.where(np.arange(80) >= 60, 0.6, old)
    for kind in KINDS:
        sides = [np.stack([1 - s, s], axis=1) for s in (old, new.astype(kind))]
        found = undertow.compare(*sides, labels=label, threshold=0.6)
        whole = found.findings.filter(measure="accuracy", slice="all")
        assert whole["effect"].to_list() == [-0.25]


def test_logits_are_cut_where_their_softmax_is() -> None:
    np.savez("a.npz", logits=np.log(both("float64")), labels=np.array(LABEL))
    records, _ = read_any([Path("a.npz")], threshold=0.65)
    assert said(records) == [["0", "0", "1", "0", "0", "1"]]


def test_rows_that_are_not_finite_stay_without_a_prediction() -> None:
    proba = both("float64")
    proba[2] = np.nan
    np.savez("a.npz", probs=proba, labels=np.array(LABEL))
    records, _ = read_any([Path("a.npz")], threshold=0.6)
    assert records.pred_MN.tolist() == [[0, 0, -1, 0, 1, 1]]


def test_whose_probability_is_cut_is_said_and_not_guessed() -> None:
    np.savez("a.npz", probs=both("float64"), labels=np.array(LABEL), classes=["cat", "dog"])
    with pytest.raises(UserError) as caught:
        read_any([Path("a.npz")], threshold=0.6)
    assert str(caught.value) == (
        "a.npz: 0.6 cuts the probability of one of two classes, and the classes in a.npz, 'cat', "
        "'dog', do not say which; name the one that it is the probability of, with --positive cat "
        "or --positive dog"
    )
    records, _ = read_any([Path("a.npz")], threshold=0.6, positive="dog")
    assert records.pred_MN.tolist() == [[0, 0, 1, 0, 1, 1]]
    records, _ = read_any([Path("a.npz")], threshold=0.35, positive="cat")
    assert records.pred_MN.tolist() == [[0, 0, 1, 0, 0, 1]]


def test_a_threshold_beyond_all_scores_is_refused_as_in_tables() -> None:
    np.save("a.npy", both("float64"))
    with pytest.raises(UserError) as caught:
        read_any([Path("a.npy")], threshold=20)
    assert str(caught.value) == (
        "--threshold 20: column 'p_1' in a.npy reaches from 0.1 to 0.9, so the threshold decides "
        "every example alike; give a number from 0 to below 1, as in --threshold 0.2 for 20 %; a "
        "cell of 20 % is read as 0.2"
    )


def test_the_command_takes_it_for_arrays_in_files() -> None:
    label = np.arange(400) % 2
    np.save("y.npy", label)
    for name, score in {"old": 0.35, "new": 0.25}.items():
        score_N = np.where(label == 1, score, 0.1)
        np.save(f"{name}.npy", np.stack([1 - score_N, score_N], axis=1))
    asked = ["--labels", "y.npy", "--threshold", "0.3", "--out", "out", "--quiet"]
    result = run("audit", "old.npy", "--against", "new.npy", *asked)
    assert result.returncode == 0
    assert result.stdout.startswith("WORSE: new loses 50.0 points of accuracy overall")
