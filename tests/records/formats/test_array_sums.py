"""Arrays of scores that look like probabilities and do not sum to 1: no softmax is taken of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import suggested
import undertow
from undertow.errors import TableError
from undertow.records import read_any

PROBA = np.array(
    [[0.333, 0.333, 0.334], [0.714, 0.143, 0.143], [0.126, 0.126, 0.748], [0.04, 0.9, 0.06]]
)
ROUNDED = PROBA.round(1)
OFF = "its scores are from 0 to 0.9 and rows sum to 0.9 to 1"
LIKELY = (
    "so they look like probabilities that do not sum to 1, and no softmax is taken; if they are, "
)
LABEL = np.array([0, 0, 2, 1])


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(scores: Any, name: str = "a.npy") -> str:
    if name.endswith(".npy"):
        np.save(name, scores)
    with pytest.raises(TableError) as caught:
        read_any([Path(name)])
    return str(caught.value)


def typed(message: str) -> list[Any]:
    """The records in each file that the message says to make."""
    found = re.findall(r"python -c '([^']*)', and give (\S+\.npz)", message)
    for code, _ in found:
        suggested.run(code)
    return [read_any([Path(to)])[0] for _, to in found]


def test_rounded_probabilities_in_a_file() -> None:
    message = refused(ROUNDED)
    assert message == (
        f"a.npy: {OFF}, {LIKELY}"
        'python -c \'import numpy; p = numpy.load("a.npy"); numpy.savez("a-probs.npz", '
        "probs=p / p.sum(axis=-1, keepdims=True))', and give a-probs.npz; if they are logits, "
        'python -c \'import numpy; p = numpy.load("a.npy"); numpy.savez("a-logits.npz", '
        "logits=p)', and give a-logits.npz"
    )
    probable, logits = typed(message)
    np.testing.assert_allclose(
        probable.proba_MNC[0], ROUNDED / ROUNDED.sum(1, keepdims=True), rtol=1e-6
    )
    exp = np.exp(ROUNDED)
    np.testing.assert_allclose(logits.proba_MNC[0], exp / exp.sum(1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize("key", ["predictions", "arr_0", "probs"])
def test_what_else_an_npz_holds_is_kept(key: str) -> None:
    np.savez("a.npz", **{key: ROUNDED}, labels=LABEL, ids=np.array(list("wxyz")))
    message = refused(None, "a.npz")
    read = f'import numpy; f = dict(numpy.load("a.npz")); p = f.pop("{key}"); '
    assert message == (
        f'a.npz: {OFF}, {LIKELY}python -c \'{read}numpy.savez("a-probs.npz", '
        "probs=p / p.sum(axis=-1, keepdims=True), **f)', and give a-probs.npz; if they are logits, "
        f"python -c '{read}numpy.savez(\"a-logits.npz\", logits=p, **f)', and give a-logits.npz"
    )
    for records in typed(message):
        assert records.example_id_N.to_list() == list("wxyz")
        assert records.label_N.tolist() == LABEL.tolist()


@pytest.mark.parametrize(
    ("scores", "reach"),
    [
        (PROBA * 100, "from 4 to 90 and rows sum to 100"),
        ((PROBA * 100).round(0), "from 4 to 90 and rows sum to 99 to 101"),
        ((PROBA * 100).astype(np.float32), "from 4 to 90 and rows sum to 100"),
    ],
    ids=["exact", "rounded", "32 bits"],
)
def test_per_cent(scores: np.ndarray, reach: str) -> None:
    message = refused(scores)
    assert message.startswith(
        f"a.npy: its scores are {reach}, so they look like per cent, and no softmax is taken; if "
        'they are, python -c \'import numpy; p = numpy.load("a.npy"); '
        'numpy.savez("a-probs.npz", probs=(p / 100).round(12))\', and give a-probs.npz; if'
    )
    probable, _ = typed(message)
    np.testing.assert_allclose(probable.proba_MNC[0], scores / 100, rtol=1e-6)


def test_in_memory_with_what_to_type_there() -> None:
    with pytest.raises(TableError) as caught:
        undertow.compare(PROBA, {"int8": np.stack([ROUNDED, ROUNDED])}, labels=LABEL)
    assert str(caught.value) == (
        f"new['int8']: {OFF}, {LIKELY}give new['int8'] / new['int8'].sum(axis=-1, keepdims=True); "
        "if they are logits, give scipy.special.softmax(new['int8'], axis=-1)"
    )
    with pytest.raises(TableError) as caught:
        undertow.compare(PROBA * 100, PROBA, labels=LABEL)
    assert str(caught.value) == (
        "old: its scores are from 4 to 90 and rows sum to 100, so they look like per cent, and no "
        "softmax is taken; if they are, give (old / 100).round(12); if they are logits, give "
        "scipy.special.softmax(old, axis=-1)"
    )


def test_a_second_member_is_refused_too() -> None:
    assert refused(np.stack([PROBA, ROUNDED])).startswith(f"a.npy: {OFF}, {LIKELY}")


def test_what_rounding_leaves_is_read_as_it_is_in_tables() -> None:
    """Three digits of a hundred classes miss 1 by up to 0.05."""
    proba = np.where(np.arange(100) < 4, 0.0196, 0.0096)[None].repeat(4, axis=0).round(3)
    assert proba.sum(1) == pytest.approx(np.full(4, 1.04))
    np.save("a.npy", proba)
    assert read_any([Path("a.npy")])[0].confidence_MN[0] == pytest.approx(np.full(4, 0.02))


@pytest.mark.parametrize(
    "logits",
    [
        np.full((4, 3), 0.25),
        np.repeat([[0.1], [0.2], [0.3], [0.4]], 3, axis=1),
        np.where(np.eye(4, 3) > 0, 1.5, 0.2),
        np.where(np.eye(4, 3) > 0, 0.9, -0.1),
    ],
    ids=["one number", "one a row", "above 1", "below 0"],
)
def test_logits_stay_logits(logits: np.ndarray) -> None:
    np.save("a.npy", logits)
    exp = np.exp(logits)
    np.testing.assert_allclose(
        read_any([Path("a.npy")])[0].proba_MNC[0], exp / exp.sum(1, keepdims=True), rtol=1e-6
    )


def test_named_logits_are_logits() -> None:
    np.savez("a.npz", logits=ROUNDED)
    exp = np.exp(ROUNDED)
    np.testing.assert_allclose(
        read_any([Path("a.npz")])[0].proba_MNC[0], exp / exp.sum(1, keepdims=True), rtol=1e-6
    )


def test_one_odd_row_among_probabilities_makes_no_logits() -> None:
    """As of an example on which a model failed: a softmax of the others would decide otherwise."""
    scores = np.repeat(PROBA, 25, axis=0)
    scores[17] = -1
    assert refused(scores) == (
        "a.npy: its scores look like probabilities, but for 1 of 100 rows (row 17 has -1, -1, -1); "
        "write nan in the rows without an answer, or, if all are logits, save them in an npz with "
        "the key logits"
    )
    scores[17] = np.nan
    np.save("a.npy", scores)
    assert int((read_any([Path("a.npy")])[0].pred_MN < 0).sum()) == 1
    scores[20] = [0.5, 0.1, 0.1]
    save = "save them in an npz with the key logits"
    assert refused(scores) == (
        "a.npy: its scores look like probabilities, but for 1 of 99 rows (row 20 has 0.5, 0.1, 0.1, "
        f"which sum to 0.7); write nan in the rows without an answer, or, if all are logits, {save}"
    )
    wide = np.tile([0.1, 0.2, 0.3, 0.7], (20, 1))
    wide[3] = [0, 0.9, 0.1, 5]
    assert "but for 1 of 20 rows (row 3 has 0, 0.9, 0.1, …)" in refused(wide)


def test_rounding_above_one_makes_no_logits() -> None:
    scores = ROUNDED.copy()
    scores[0, 0] = 1.0000001
    assert LIKELY in refused(scores)
    scores[:2] = [[3, 0.1, 0.2], [2, -1, 0.3]]  # Half of the rows.
    np.save("a.npy", scores)
    assert read_any([Path("a.npy")])[0].pred_MN[0, :2].tolist() == [0, 0]
