"""Logits of any size: what is added to all of a row changes nothing, and nothing overflows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from undertow.errors import TableError
from undertow.records import read_any

RNG = np.random.default_rng(2)
LOGITS = RNG.normal(0, 3, size=(40, 5))
LABELS = RNG.integers(0, 5, 40)


def probabilities(folder: Path, logits: np.ndarray) -> np.ndarray:
    np.savez(folder / "a.npz", logits=logits, labels=LABELS, ids=np.arange(40))
    records, _ = read_any([folder / "a.npz"])
    assert records.proba_MNC is not None
    np.testing.assert_array_equal(records.pred_MN[0], logits.argmax(axis=1))
    return records.proba_MNC[0]


@pytest.mark.parametrize("added", [0.0, 50.0, 1000.0, -1000.0, 1e4])
def test_a_number_added_to_all_logits_of_a_row_changes_nothing(
    tmp_path: Path, added: float
) -> None:
    shifted = (LOGITS + added).astype(np.float32)
    found = probabilities(tmp_path, shifted)
    np.testing.assert_allclose(
        found, softmax(shifted.astype(np.float64), axis=1), rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_logits_far_apart_are_certain_and_never_undefined(tmp_path: Path) -> None:
    found = probabilities(tmp_path, LOGITS * 1e4)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.max(axis=1), 1)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("predictions", np.int64),
        ("predictions", np.uint64),
        ("labels", np.int64),
        ("labels", np.float64),
    ],
)
def test_one_index_beyond_all_classes_is_refused_wherever_it_stands(
    tmp_path: Path, name: str, kind: type
) -> None:
    arrays = {"predictions": np.zeros(4, np.int64), "labels": np.zeros(4, np.int64)}
    arrays[name] = np.array([0, 1, 1 << 40, 2], kind)
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(TableError) as caught:
        read_any([tmp_path / "a.npz"])
    assert " classes, and at most 131,072 are read; " in str(caught.value)
