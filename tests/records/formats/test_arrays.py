"""npz and npy: shapes, members, ids, and what must not be loaded."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import suggested
import undertow
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
    path = saved(
        tmp_path / "a.npz", logits=LOGITS, labels=LABELS, ids=np.array(["w", "x", "y", "z"])
    )
    records, about = read_any([path])
    assert about == f"{path}: NumPy arrays (npz with logits): 1 member, 4 examples, 3 classes"
    assert records.pred_MN.tolist() == [[0, 1, 2, 0]]
    assert records.label_N.tolist() == [0, 1, 1, -1]
    np.testing.assert_allclose(
        records.proba_MNC[0], np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True), rtol=1e-6
    )
    assert records.example_id_N.to_list() == ["w", "x", "y", "z"]
    assert records.manifest.notes == ()


def test_a_leading_axis_is_members(tmp_path: Path):
    path = saved(
        tmp_path / "pop.npz",
        logits=np.stack([LOGITS, -LOGITS]),
        labels=LABELS,
        classes=np.array(list("abc")),
    )
    records, _ = read_any([path])
    assert ([m.id for m in records.members], records.classes) == (
        ["pop-m00", "pop-m01"],
        ("a", "b", "c"),
    )
    assert records.manifest.notes == (f"{path}: has no ids, so rows are joined by their position.",)
    both, _ = read_any(
        [
            path,
            saved(
                tmp_path / "more.npz", logits=LOGITS, labels=LABELS, classes=np.array(list("abc"))
            ),
        ]
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
    assert records.manifest.notes == (
        f"{path}: up to 1 rows of a member are not finite and have no prediction.",
    )


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"logits": LOGITS, "labels": LABELS[:3]},
            "has 3 labels and 4 rows of predictions; expected one each",
        ),
        ({"logits": LOGITS, "labels": LABELS + 3}, "labels are 4 up to 4; expected 4 below 3"),
        (
            {"logits": LOGITS[:, 0]},
            "logits is one number an example; expected (N, C), a column per class",
        ),
        (
            {"logits": np.zeros((0, 3))},
            "logits is float64 of shape (0, 3); expected numbers, (N, C) or (M, N, C)",
        ),
        (
            {"logits": LOGITS, "ids": np.array(["a", "a", "b", "c"])},
            "id 'a' is there more than once; make ids unique",
        ),
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
    assert (
        refused(path)
        == f"{path}: holds Python objects, which are never unpickled; save plain numbers or text"
    )


def test_a_header_that_claims_too_much(tmp_path: Path):
    np.save(tmp_path / "a.npy", LOGITS)
    data = (tmp_path / "a.npy").read_bytes().replace(b"(4, 3), }      ", b"(999999999, 3),}")
    (tmp_path / "a.npy").write_bytes(data)
    assert "it is cut off or damaged: save it again" in refused(tmp_path / "a.npy")


def test_probabilities_stay_what_they_are_beside_a_row_that_is_not_finite(tmp_path: Path):
    proba = np.array([[0.7, 0.3], [np.nan, 0.8], [0.9, 0.1]])
    for name in ("predictions", "probs"):
        records, _ = read_any([saved(tmp_path / f"{name}.npz", **{name: proba})])
        np.testing.assert_allclose(records.confidence_MN[0], [0.7, np.nan, 0.9], rtol=1e-6)


def test_logits_are_logits_even_where_rows_sum_to_one(tmp_path: Path):
    records, _ = read_any([saved(tmp_path / "l.npz", logits=np.eye(3))])
    np.testing.assert_allclose(records.confidence_MN[0], np.full(3, np.e / (np.e + 2)), rtol=1e-6)


def test_large_logits_do_not_overflow(tmp_path: Path):
    """Exponents are taken of differences from a row's largest, so that no row becomes infinite over
    infinite."""
    logits = np.array([[1000.0, 999.0, -1000.0], [-5e4, -5e4, -6e4], [3e38, 0.0, -3e38]])
    records, _ = read_any([saved(tmp_path / "l.npz", logits=logits)])
    near = np.exp([0.0, -1.0]) / np.exp([0.0, -1.0]).sum()
    np.testing.assert_allclose(
        records.proba_MNC[0], [[*near, 0], [0.5, 0.5, 0], [1, 0, 0]], rtol=1e-6
    )


def test_whole_numbers_named_logits_are_scores_and_no_classes(tmp_path: Path):
    records, _ = read_any(
        [saved(tmp_path / "i.npz", logits=np.array([[10, -3, 2], [1, 5, 6]], dtype=np.int8))]
    )
    assert (records.M, records.N, records.C) == (1, 2, 3)
    assert records.pred_MN.tolist() == [[0, 2]]


def test_files_are_joined_by_id_whatever_their_order(tmp_path: Path):
    turn = [2, 0, 3, 1]
    one = saved(tmp_path / "a.npz", logits=LOGITS, labels=LABELS, ids=np.array(list("wxyz")))
    two = saved(
        tmp_path / "b.npz",
        logits=LOGITS[turn],
        labels=LABELS[turn],
        ids=np.array(list("wxyz"))[turn],
    )
    records, _ = read_any([one, two])
    assert records.pred_MN.tolist() == [[0, 1, 2, 0]] * 2
    np.testing.assert_array_equal(records.proba_MNC[0], records.proba_MNC[1])


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (
            None,
            "the label of row 0 is 1, but 0 in {} (2 of 4 differ); their rows are in another "
            "order: save ids too",
        ),
        (
            list("wxyz"),
            "the label of example 'w' is 1, but 0 in {} (2 of 4 differ); correct the "
            "ids or the labels",
        ),
    ],
    ids=["position", "ids"],
)
def test_labels_of_members_that_differ_betray_another_order(tmp_path: Path, ids, said):
    more = {} if ids is None else {"ids": np.array(ids)}
    one = saved(tmp_path / "a.npz", logits=LOGITS, labels=LABELS, **more)
    two = saved(tmp_path / "b.npz", logits=LOGITS, labels=LABELS[[1, 0, 2, 3]], **more)
    with pytest.raises(TableError) as caught:
        read_any([one, two])
    assert str(caught.value) == f"{two}: {said.format(one)}"


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"logits": LOGITS[:, :1]},
            "logits has one column; expected one per class, of two classes both",
        ),
        (
            {"predictions": np.array([0, 5]), "classes": np.array(["a", "b"])},
            "predicts class 5; there are classes 0 to 1",
        ),
        (
            {"logits": LOGITS, "classes": np.array(["a", "b"])},
            "the arrays have 3 columns and 2 names of classes; expected one each",
        ),
        (
            {"logits": LOGITS, "labels": np.full(4, 1e30)},
            "has 2,147,483,649 classes, and at most 131,072 are read; if these are answers in "
            "words, write a graded table with the columns example_id, answer and score",
        ),
    ],
    ids=range(4),
)
def test_refused_for_what_the_numbers_say(tmp_path: Path, arrays, said):
    path = saved(tmp_path / "x.npz", **arrays)
    assert refused(path) == f"{path}: {said}"


def test_a_signalling_nan_is_no_prediction_and_no_warning(tmp_path: Path):
    logits = LOGITS.copy()
    logits.view(np.uint64)[1, 0] = 0x7FF0000000000001
    records, _ = read_any([saved(tmp_path / "s.npz", logits=logits)])
    assert records.pred_MN.tolist() == [[0, -1, 2, 0]]


def test_names_of_damaged_text(tmp_path: Path):
    ids = np.array(["a", "b", "c", "d"])
    ids.view(np.uint32)[2] = 0x7FFFFFFF
    path = saved(tmp_path / "u.npz", logits=LOGITS, ids=ids)
    assert (
        refused(path) == f"{path}: names hold what is no text; the file is damaged: save it again"
    )


@pytest.mark.heavy
def test_a_bomb_is_refused_by_its_claim_and_not_unpacked(tmp_path: Path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, logits=np.zeros((9 << 22, 2), dtype=np.float32))
    with zipfile.ZipFile(path) as archive:
        packed, size = archive.infolist()[0].compress_size, archive.infolist()[0].file_size
    assert (
        refused(path)
        == f"{path}: logits unpacks from {packed:,} to {size:,} bytes; that is no model's output"
    )


@pytest.mark.parametrize("order", ["C", "F"])
def test_every_member_of_either_order(tmp_path: Path, order: str):
    stack = np.asarray(np.stack([LOGITS, -LOGITS, LOGITS * 2]), order=order)
    np.save(tmp_path / "bare.npy", stack)
    np.savez_compressed(tmp_path / "packed.npz", logits=stack)
    for name in ("bare.npy", "packed.npz"):
        records, _ = read_any([tmp_path / name])
        want = np.exp(stack) / np.exp(stack).sum(2, keepdims=True)
        np.testing.assert_allclose(records.proba_MNC, want, rtol=1e-5)


@pytest.mark.slow
def test_one_member_at_a_time_is_in_memory(tmp_path: Path):
    """Of 60 members with 1,000 classes the peak is a few, not all of them."""
    M, N, C = 60, 2_000, 1_000
    path = tmp_path / "pop.npz"
    np.savez(path, logits=np.random.default_rng(0).normal(size=(M, N, C)).astype(np.float32))
    tracemalloc.start()
    records, _ = read_any([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (records.M, records.proba_MNC) == (M, None)
    assert peak < 12 * N * C * 4


@pytest.mark.parametrize("odd", [np.inf, -np.inf])
def test_a_row_with_an_infinite_score_is_no_prediction(tmp_path: Path, odd: float):
    logits = np.array([[odd, 0.0, 1.0], [0.0, 0.0, 1.0]])
    records, _ = read_any([saved(tmp_path / "a.npz", logits=logits, labels=np.array([2, 2]))])
    assert records.pred_MN.tolist() == [[-1, 2]]


@pytest.mark.parametrize("key", ["label", "y", "target"])
def test_labels_under_another_key_are_not_passed_over(tmp_path: Path, key: str):
    path = tmp_path / "a.npz"
    np.savez(path, probs=[[0.9, 0.1], [0.2, 0.8]], **{key: [0, 0]})
    assert read_any([path])[0].label_N.tolist() == [0, 0]


def test_labels_may_be_names_of_the_classes(tmp_path: Path):
    path, probs = tmp_path / "a.npz", [[0.9, 0.1], [0.2, 0.8]]
    np.savez(path, probs=probs, label=["dog", ""], classes=["cat", "dog"])
    assert read_any([path])[0].label_N.tolist() == [1, -1]
    np.savez(path, probs=probs, label=["dog", "cat"], classes=["cat", "owl"])
    with pytest.raises(TableError) as caught:
        read_any([path])
    assert str(caught.value) == (
        f"{path}: label 'dog' is none of the 2 classes; save an array classes with the name of each "
        "column, in their order, or labels as whole numbers from 0"
    )


PROBS = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("key", "values", "label"),
    [
        ("softmax", PROBS, "y_true"),
        ("proba", PROBS, "y"),
        ("y_prob", PROBS, "targets"),
        ("preds", PROBS.argmax(axis=1), "target"),
        ("y_pred", PROBS.argmax(axis=1), "label"),
    ],
)
def test_usual_keys_are_read_as_what_they_say(tmp_path: Path, key, values, label):
    path = saved(tmp_path / "a.npz", **{key: values, label: LABELS})
    records, about = read_any([path])
    assert about.startswith(f"{path}: NumPy arrays (npz with {key}): 1 member, 4 examples")
    assert records.pred_MN.tolist() == [[0, 1, 2, 0]]
    assert records.label_N.tolist() == LABELS.tolist()
    assert (records.proba_MNC is not None) == (values.ndim == 2)


EXPECTED = (
    "expected one of logits, probs, probabilities, softmax, proba, probas, prob, y_prob, y_proba, "
    "predictions, preds, pred, y_pred, arr_0"
)


def test_a_key_that_does_not_say_what_it_is_is_renamed(place: Path):
    for name, values in (("a", PROBS), ("b", LOGITS)):
        path = saved(Path(f"{name}.npz"), y=LABELS, scores=values)
        code = (
            f'import numpy; f = dict(numpy.load("{name}.npz")); f["predictions"] = f.pop("scores")'
            f'; numpy.savez("{name}-predictions.npz", **f)'
        )
        assert refused(path) == (
            f"{name}.npz: holds y, scores; {EXPECTED}; if 'scores' has the predictions, "
            f"probabilities or logits, python -c '{code}', and give {name}-predictions.npz"
        )
        suggested.run(code)
        records, _ = read_any([Path(f"{name}-predictions.npz")])
        assert records.pred_MN.tolist() == [[0, 1, 2, 0]]
        np.testing.assert_allclose(records.proba_MNC[0], PROBS, rtol=1e-6)


def test_an_npz_of_labels_has_nothing_to_rename(tmp_path: Path):
    path = saved(tmp_path / "a.npz", y=LABELS)
    assert refused(path) == f"{path}: holds y; {EXPECTED}"


def test_one_probability_an_example_becomes_two_columns(place: Path):
    path = saved(Path("a.npz"), y_prob=np.array([0.25, 0.75, 0.5]), y_true=np.array([0, 1, 1]))
    code = (
        'import numpy; f = dict(numpy.load("a.npz")); p = f["y_prob"]; f["y_prob"] = numpy.stack('
        '[1 - p, p], axis=1); numpy.savez("a-two.npz", **f)'
    )
    assert refused(path) == (
        "a.npz: y_prob is one number an example; expected (N, C), a column per class; if it is "
        f"the probability of class 1 of 0 and 1, python -c '{code}', and give a-two.npz"
    )
    suggested.run(code)
    records, _ = read_any([Path("a-two.npz")])
    assert records.proba_MNC[0].tolist() == [[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("key", ["gold", "ground_truth", "truth", "gt", "y_test"])
def test_more_names_of_labels(tmp_path: Path, key: str):
    path = tmp_path / "a.npz"
    np.savez(path, probs=PROBS, **{key: PROBS.argmax(axis=1)})
    assert read_any([path])[0].label_N.tolist() == PROBS.argmax(axis=1).tolist()


def test_boxes_are_no_labels_for_their_name(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez(path, probs=PROBS, gt=np.zeros((len(PROBS), 4)))
    assert set(read_any([path])[0].label_N) == {-1}


def test_an_array_that_may_be_the_right_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    label, proba = np.arange(60) % 3, np.eye(3)[np.arange(60) % 3] * 0.7 + 0.1
    many = np.arange(60)
    for name in ("a.npz", "b.npz"):
        np.savez(name, probs=proba, site=many % 2, ground=label, number=many, share=proba[:, 0])
    codes = [
        f'python -c \'import numpy; f = dict(numpy.load("{s}.npz")); f["labels"] = f.pop("ground"); '
        f'numpy.savez("{s}-labels.npz", **f)\''
        for s in "ab"
    ]
    said = "has no array of right answers; if 'ground' is that,"
    found = str(undertow.compare("a.npz", "b.npz"))
    assert (
        "NOTE: There are no labels, so nothing says which answers are right. "
        f"a.npz: {said} {codes[0]}, and give a-labels.npz. "
        f"b.npz: {said} {codes[1]}, and give b-labels.npz." in found
    )
    for code in codes:
        suggested.do(code)
    records, _ = read_any([Path("b-labels.npz")])
    assert records.label_N.tolist() == label.tolist()


def test_an_array_that_nobody_asked_for_is_no_reason_to_refuse(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez(path, probs=PROBS, notes=np.array([{}] * len(PROBS), dtype=object))
    assert read_any([path])[0].manifest.notes == (
        f"{path}: has no ids, so rows are joined by their position.",
        f"{path}: has no array of right answers; save one that is called labels, or give them in a "
        "file of their own with --labels FILE.",
    )


def test_where_nothing_may_be_labels_a_file_of_them_is_asked_for(tmp_path: Path):
    path, other = tmp_path / "a.npz", tmp_path / "b.npz"
    for one in (path, other):
        np.savez(one, probs=PROBS, number=np.arange(len(PROBS)) * 9, same=np.zeros(len(PROBS), int))
    said = (
        "has no array of right answers; save one that is called labels, or give them in a file of"
    )
    assert (
        "NOTE: There are no labels, so nothing says which answers are right. "
        f"{path}: {said} their own with labels='FILE'. {other}: {said} their own with labels='FILE'."
    ) in str(undertow.compare(path, other))


def test_labels_that_count_from_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", logits=LOGITS, y=[1, 2, 3, -1])
    code = (
        'python -c \'import numpy; f = dict(numpy.load("a.npz")); f["y"] = f["y"] - 1; '
        'numpy.savez("a-labels.npz", **f)\''
    )
    assert refused(Path("a.npz")) == (
        f"a.npz: labels are 4 up to 3; expected 4 below 3; if they count from 1, {code}, and give "
        "a-labels.npz"
    )
    suggested.do(code)
    assert read_any([Path("a-labels.npz")])[0].label_N.tolist() == [0, 1, 2, -1]
