"""npz and npy: shapes, members, ids, and what must not be loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from undertow.errors import TableError
from undertow.records import align, read_any

LOGITS = np.array([[2.0, 0, 0], [0, 3, 0], [0, 0, 1], [5, 0, 4]])
LABELS = np.array([0, 1, 1, -1])


def saved(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def refused(path: Path, **kwargs) -> str:
    with pytest.raises(TableError) as caught:
        read_any([path], **kwargs)
    return str(caught.value)


def test_logits_become_probabilities(tmp_path: Path):
    path = saved(tmp_path / "a.npz", logits=LOGITS, labels=LABELS, ids=np.array(["w", "x", "y", "z"]))
    records, about = read_any([path])
    assert about == f"{path}: NumPy arrays (npz with logits): 1 member, 4 examples, 3 classes"
    assert records.pred_MN.tolist() == [[0, 1, 2, 0]]
    assert records.label_N.tolist() == [0, 1, 1, -1]
    np.testing.assert_allclose(records.proba_MNC[0], np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True), rtol=1e-6)
    assert records.example_id_N.to_list() == ["w", "x", "y", "z"]
    assert records.manifest.notes == ()


def test_a_leading_axis_is_members(tmp_path: Path):
    path = saved(tmp_path / "pop.npz", logits=np.stack([LOGITS, -LOGITS]), labels=LABELS, classes=np.array(list("abc")))
    records, _ = read_any([path])
    assert ([m.id for m in records.members], records.classes) == (["pop-m00", "pop-m01"], ("a", "b", "c"))
    assert records.manifest.notes == (f"{path}: has no ids, so rows are joined by their position.",)
    both, _ = read_any(
        [path, saved(tmp_path / "more.npz", logits=LOGITS, labels=LABELS, classes=np.array(list("abc")))]
    )
    assert [m.id for m in both.members] == ["pop-m00", "pop-m01", "more"]


def test_probabilities_and_plain_predictions(tmp_path: Path):
    proba = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    given, _ = read_any([saved(tmp_path / "p.npz", probs=proba, labels=LABELS)])
    plain, _ = read_any([saved(tmp_path / "q.npz", predictions=proba.argmax(1), labels=LABELS)])
    assert given.pred_MN.tolist() == plain.pred_MN.tolist()
    assert plain.proba_MNC is None
    assert align(given, plain).reference.N == 4


def test_what_trainer_predict_saves(tmp_path: Path):
    records, _ = read_any([saved(tmp_path / "t.npz", predictions=LOGITS, label_ids=LABELS)])
    assert records.pred_MN.tolist() == [[0, 1, 2, 0]]


def test_a_bare_npy_takes_its_labels_from_a_table(tmp_path: Path):
    np.save(tmp_path / "a.npy", LOGITS)
    (tmp_path / "truth.csv").write_text("index,label,region\n0,0,n\n1,1,s\n2,2,n\n3,0,s\n")
    records, _ = read_any([tmp_path / "a.npy"], labels=tmp_path / "truth.csv")
    assert records.label_N.tolist() == [0, 1, 2, 0]
    assert records.slice_columns == ("region",)


def test_rows_that_are_not_finite_have_no_prediction(tmp_path: Path):
    logits = LOGITS.copy()
    logits[1, 0] = np.nan
    path = saved(tmp_path / "n.npz", logits=logits, labels=LABELS, ids=np.arange(4))
    records, _ = read_any([path])
    assert records.pred_MN.tolist() == [[0, -1, 2, 0]]
    assert np.isnan(records.confidence_MN[0, 1])
    assert records.manifest.notes == (f"{path}: up to 1 rows of a member are not finite and have no prediction.",)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"logits": LOGITS, "labels": LABELS[:3]}, "has 3 labels and 4 rows of predictions; want one each"),
        ({"logits": LOGITS, "labels": LABELS + 2}, "labels are 4 up to 3; want 4 below 3"),
        ({"logits": LOGITS[:, 0]}, "logits is one number an example; want (N, C), a column per class"),
        ({"logits": np.zeros((0, 3))}, "logits is float64 of shape (0, 3); want numbers, (N, C) or (M, N, C)"),
        ({"logits": LOGITS, "ids": np.array(["a", "a", "b", "c"])}, "id 'a' is there more than once; make ids unique"),
        (
            {"probs": LOGITS},
            "rows of probs are no probabilities that sum to 1; name them logits if they are scores",
        ),
    ],
    ids=range(6),
)
def test_refused(tmp_path: Path, arrays, said):
    path = saved(tmp_path / "x.npz", **arrays)
    assert refused(path) == f"{path}: {said}"


def test_nothing_is_unpickled(tmp_path: Path):
    path = saved(tmp_path / "o.npz", logits=np.array([{"a": 1}], dtype=object))
    assert refused(path) == f"{path}: holds Python objects, which are never unpickled; save plain numbers or text"


def test_a_header_that_claims_too_much(tmp_path: Path):
    np.save(tmp_path / "a.npy", LOGITS)
    data = (tmp_path / "a.npy").read_bytes().replace(b"(4, 3), }      ", b"(999999999, 3),}")
    (tmp_path / "a.npy").write_bytes(data)
    assert "it is cut off or damaged: save it again" in refused(tmp_path / "a.npy")
