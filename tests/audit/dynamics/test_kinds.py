"""What kind of example each one is, by the loss curves of known ones."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from sklearn.neighbors import KNeighborsClassifier

from traced_records import ids, record
from undertow.audit.dynamics.kinds import BLOCK, kinds_by_curve, nearest
from undertow.errors import RecordError, UserError

KINDS = ("atypical", "typical", "wrong label")


def train_of(kinds, uses):
    return pl.DataFrame(
        {
            "example_id": [f"e{n:03d}" for n in range(len(kinds))],
            "planted": pl.Series(kinds, dtype=pl.String),
            "planted_for": pl.Series(uses, dtype=pl.String),
        }
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Three kinds of 20 references and 10 validation examples, and 50 others, all shuffled."""
    rng = np.random.default_rng(0)
    rows = [(k, use) for k in KINDS for use in ["reference"] * 20 + ["validation"] * 10]
    rows += [(None, None)] * 50
    rows = [rows[i] for i in rng.permutation(len(rows))]
    kinds, uses = zip(*rows, strict=True)
    level_N = np.array([rng.choice(3) if k is None else KINDS.index(k) for k in kinds])
    fall_E = np.linspace(1, 0.4, 6)
    loss = level_N[:, None] * fall_E + rng.normal(0, 0.5, (3, len(rows), 6)) + 2
    folder = record(tmp_path_factory.mktemp("kinds") / "p", train_of(kinds, uses), loss=loss)
    return folder, np.array(kinds, dtype=object), np.array(uses, dtype=object), loss


@pytest.mark.parametrize("k", [1, 7, 20])
def test_shares_are_those_of_scikit_learn(world, k):
    folder, kinds, uses, loss = world
    curve = loss.astype(np.float16).astype(float).mean(0)
    known = uses == "reference"
    slow = KNeighborsClassifier(k, algorithm="brute").fit(curve[known], kinds[known].astype(str))
    found = kinds_by_curve(folder, k=k)
    shares = found.columns.select("like_atypical", "like_typical", "like_wrong_label").to_numpy()
    assert np.isnan(shares[known]).all()
    np.testing.assert_allclose(shares[~known], slow.predict_proba(curve[~known]), atol=1e-12)
    assert found.columns["likeliest"].to_numpy()[~known].tolist() == (
        slow.predict(curve[~known]).tolist()
    )
    assert found.columns["likeliest"].is_null().to_numpy().tolist() == known.tolist()


def test_the_confusion_table_counts_validation_examples(world):
    folder, kinds, uses, _ = world
    found = kinds_by_curve(folder)
    likeliest = found.columns["likeliest"].to_list()
    assert found.confusion.columns == ["planted", *KINDS, "right", "right_low", "right_high"]
    for row in found.confusion.iter_rows(named=True):
        of = [
            answer
            for answer, kind, use in zip(likeliest, kinds, uses, strict=True)
            if use == "validation" and kind == row["planted"]
        ]
        assert len(of) == 10
        assert {kind: row[kind] for kind in KINDS} == {kind: of.count(kind) for kind in KINDS}
        assert row["right"] == of.count(row["planted"]) / 10
        assert row["right_low"] <= row["right"] <= row["right_high"]
    assert found.confusion["right"].mean() > 0.8


def test_the_limits_are_those_of_a_share(tmp_path):
    """All of 2 right: from (.05 / 2) ** (1 / 2) to 1."""
    kinds = ["typical", "typical", "typical", "atypical", "atypical"]
    uses = ["reference", "validation", "validation", "reference", "validation"]
    loss = np.array([[[0.0], [0.1], [0.2], [5.0], [4.0]]])
    found = kinds_by_curve(record(tmp_path / "p", train_of(kinds, uses), loss=loss), k=1)
    assert found.confusion.rows() == [
        ("atypical", 1, 0, 1.0, pytest.approx(0.025), 1.0),
        ("typical", 0, 2, 1.0, pytest.approx(0.025**0.5), 1.0),
    ]


def test_a_row_of_the_confusion_table_is_what_was_planted(tmp_path):
    """One atypical example out of two looks typical, and no typical one looks atypical."""
    kinds = ["typical", "atypical", "typical", "atypical", "atypical"]
    uses = ["reference", "reference", "validation", "validation", "validation"]
    loss = np.array([[[0.0], [5.0], [0.2], [4.0], [0.3]]])
    found = kinds_by_curve(record(tmp_path / "p", train_of(kinds, uses), loss=loss), k=1)
    assert found.confusion.columns[:4] == ["planted", "atypical", "typical", "right"]
    assert [row[:4] for row in found.confusion.rows()] == [
        ("atypical", 1, 1, 0.5),
        ("typical", 0, 1, 1.0),
    ]


@pytest.mark.parametrize("count", [0, 3, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_blocks_change_nothing(count):
    rng = np.random.default_rng(1)
    query, reference = rng.integers(0, 3, (count, 2)) * 1.0, rng.integers(0, 3, (12, 2)) * 1.0
    found = nearest(query, reference, 4)
    assert found.shape == (count, 4)
    for q in range(0, count, max(1, count // 40)):
        distances = [sum((query[q] - r) ** 2) for r in reference]
        # many are equally far: the first has it
        assert found[q].tolist() == sorted(range(12), key=lambda r: (distances[r], r))[:4]


def test_a_member_without_a_loss_does_not_count_and_an_epoch_without_any_leaves_it_open(tmp_path):
    kinds = ["typical", "atypical", None, None]
    uses = ["reference", "reference", None, None]
    loss = np.array([[[0.0], [4.0], [np.nan], [np.nan]], [[0.0], [4.0], [3.9], [np.nan]]])
    found = kinds_by_curve(record(tmp_path / "p", train_of(kinds, uses), loss=loss), k=1).columns
    assert found["likeliest"].to_list() == [None, None, "atypical", None]
    assert found["like_atypical"][2] == 1
    assert np.isnan(found["like_atypical"][3])


def test_what_cannot_be_asked_is_refused(world, tmp_path):
    folder, *_ = world
    for k in (0, 61):
        with pytest.raises(UserError) as caught:
            kinds_by_curve(folder, k=k)
        assert str(caught.value) == (
            f"k={k}: there are 60 references with a curve; give 1 to that many"
        )
    plain = record(tmp_path / "plain", ids("a", "b"), loss=np.ones((1, 2, 3)))
    with pytest.raises(UserError) as caught:
        kinds_by_curve(plain)
    assert str(caught.value) == (
        f"{plain}: its training part has no column 'planted', so no example is known for what it "
        "is; train on Planted(data, scores)"
    )
    back = record(tmp_path / "back", ids("a"), loss=np.ones((1, 1, 3)), held_out=True)
    with pytest.raises(UserError) as caught:
        kinds_by_curve(back, "trace-held-out")
    assert str(caught.value) == (
        f"{back}: probe 'trace-held-out' has no losses of training examples; name one that "
        "Trace(clean=True) made, of members that are done"
    )
    with pytest.raises(RecordError, match=re.escape("has no probe 'trace-clean'")):
        kinds_by_curve(back)
