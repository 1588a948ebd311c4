"""What a study reads of two tails: from records of populations that a test writes by itself."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from undertow.study import Results, judge
from undertow.study.claims import Claim, points
from undertow.study.pairs import Gain
from undertow.study.tails import compared, shown
from undertow.study.tails.compared import Step, Tails
from undertow.study.tails.curves import CLEAN, SEEN, Curves, augmented, curves, exposures

TAIL_N = ["noisy"] * 4 + ["atypical"] * 4 + ["typical"] * 12
EPOCH_E = (1, 2, 3, 4, 5, 6)


class Made:
    """In place of ``Trained``: its probes are these arrays."""

    def __init__(self, rise_G, members=3, seed=0, masks=None):
        generator = np.random.default_rng(seed)
        rise_N = np.repeat(rise_G, (4, 4, 12))
        p_MNE = 0.1 + rise_N[:, None] * np.arange(6) + 0.01 * generator.random((members, 20, 6))
        self.p_MNE, self.masks = p_MNE, masks
        self.folder = object()

    def probe(self, name):
        if name == "augmented":
            return SimpleNamespace(values={"augmented": self.masks})
        assert name in (CLEAN, SEEN)
        return SimpleNamespace(
            values={"loss": -np.log(self.p_MNE)}, entry=SimpleNamespace(epochs=EPOCH_E)
        )


TWICE = [f"i{n}" for n in range(14)] + [f"i{n}" for n in range(8, 14)]


@pytest.fixture
def train(monkeypatch):
    frame = pl.DataFrame({"example_id": [str(n) for n in range(20)], "tail": TAIL_N})
    held = {"frame": frame}
    monkeypatch.setattr("undertow.study.tails.curves.read_train", lambda folder: held["frame"])
    return held


def tails(**made):
    return Tails(Results(None, made), warm=2)  # type: ignore[arg-type]


def test_levels_slopes_and_shares_are_those_of_each_tail(train):
    made = Made((0.0, 0.05, 0.15))
    found = curves(made, CLEAN, 2)
    np.testing.assert_allclose(found.level_MGE[:, 1], made.p_MNE[:, 4:8].mean(axis=1))
    at_E = np.arange(3, 7)
    slope_M = [np.polyfit(at_E, p_NE[4:8, 2:].mean(axis=0), 1)[0] for p_NE in made.p_MNE]
    np.testing.assert_allclose(found.slope_MG[:, 1], slope_M)
    assert found.share_G.tolist() == [0.2, 0.2, 0.6]
    assert found.epoch_E.tolist() == list(EPOCH_E)
    assert (found.precision_MGE[:, 0, 1:] == 1).all()
    assert (found.area_of_level_M == 1).all()


def test_the_level_is_that_of_epochs_after_the_warm_up(train):
    """With the last epoch of the warm-up, means of noisy and atypical ones would be mixed."""
    made = Made((0.0, 0.0, 0.1))
    made.p_MNE[:, :4, 2:], made.p_MNE[:, 4:8, 2:] = 0.1, 0.2
    mixed_N = 0.9 + 0.01 * np.array([0, 3, 4, 7, 1, 2, 5, 6])
    made.p_MNE[:, :8, 1] = mixed_N - made.p_MNE[:, :8, 2:].sum(axis=2)
    found = curves(made, CLEAN, 2)
    assert (found.area_of_level_M == 1).all()


def test_the_gap_is_that_of_slopes_and_arms_are_compared_by_members(train):
    read = tails(wide=Made((0.0, 0.1, 0.15)), same=Made((0.0, 0.05, 0.15), seed=1))
    gap = read.gap("wide")
    assert gap.mean == pytest.approx(1.0, abs=0.05)
    assert gap.low < gap.mean < gap.high
    assert read.gap_beyond("wide", "same").mean == pytest.approx(0.5, abs=0.08)
    assert read.gap_beyond("wide", "same").low > 0 > read.gap_beyond("same", "wide").high


def test_typical_images_are_compared_at_as_many_exposures(train):
    made = Made((0.0, 0.05, 0.15))
    once = [(s.name, s.epoch) for s in tails(a=made).order("a")]
    assert once == [
        (n, e) for n in ("typical − atypical", "atypical − noisy") for e in (3, 4, 5, 6)
    ]
    train["frame"] = train["frame"].with_columns(cluster=pl.Series(TWICE))
    twice = Made((0.0, 0.05, 0.15))
    assert exposures(twice) == (1.0, 1.0, 2.0)
    first = tails(b=twice).order("b")[0]
    assert (first.name, first.epoch) == ("typical − atypical", 6)
    high_M = twice.p_MNE[:, 8:, 2].mean(axis=1) - twice.p_MNE[:, 4:8, 5].mean(axis=1)
    assert first.gain.mean == pytest.approx(high_M.mean())


def test_without_an_epoch_of_as_many_exposures_nothing_is_told(train):
    train["frame"] = train["frame"].with_columns(cluster=pl.Series(TWICE))
    read = Tails(Results(None, {"a": Made((0.0, 0.05, 0.15))}), warm=3)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="as many exposures"):
        read.order("a")


def test_who_is_augmented_by_tail(train):
    masks_MNE = np.zeros((1, 20, 2), dtype=np.int8)
    masks_MNE[0, [0, 1, 2, 5], 0] = 1
    share_MGE = augmented(Made((0, 0, 0), masks=masks_MNE))
    assert share_MGE[0, :, 0].tolist() == [0.75, 0.25, 0.0]
    assert np.isnan(share_MGE[0, :, 1]).all()


def made_curves(ap_ME):
    members, epochs = ap_ME.shape
    precision_MGE = np.stack([ap_ME, ap_ME, ap_ME], axis=1)
    empty = np.zeros(members)
    return Curves(
        precision_MGE, precision_MGE, np.zeros((members, 3)), empty, empty,
        np.array([0.2, 0.2, 0.6]), np.arange(1, epochs + 1),
    )  # fmt: skip


def test_nobody_is_measured_where_their_own_luck_put_the_peak(monkeypatch):
    ap_ME = np.full((4, 4), 0.5)
    ap_ME[1::2, 1], ap_ME[::2, 2] = 0.8, 0.9
    monkeypatch.setattr(Tails, "curves", lambda *_: made_curves(ap_ME))
    peak = tails().peak("a")
    assert (peak.epoch, peak.above.mean) == (2, pytest.approx(0.3))  # and not 0.7
    assert peak.fall.mean == pytest.approx(0)
    monkeypatch.setattr(Tails, "curves", lambda *_: made_curves(ap_ME[:1]))
    with pytest.raises(KeyError, match="a peak takes two"):
        tails().peak("a")


def chance_curves(seed, members=8, epochs=20):
    return made_curves(0.2 + 0.01 * np.random.default_rng(seed).normal(size=(members, epochs)))


def test_a_peak_of_chance_alone_is_no_rise(monkeypatch):
    held = 0
    for seed in range(200):
        monkeypatch.setattr(Tails, "curves", lambda *_, seed=seed: chance_curves(seed))
        held += tails().peak("a").above.low > 0
    assert held <= 12  # one side of 95 % is 5 of 200


def null_curves(seed, members=8, epochs=6):
    """Every tail is learned alike, members differ."""
    generator = np.random.default_rng(seed)
    level_MGE = 0.5 + 0.1 * generator.normal(size=(members, 3, epochs))
    empty, slope_MG = np.zeros(members), 0.01 * generator.normal(size=(members, 3))
    epoch_E = np.arange(1, epochs + 1)
    return Curves(level_MGE, level_MGE, slope_MG, empty, empty, np.full(3, 0.2), epoch_E)


@pytest.mark.heavy
def test_where_the_tails_are_learned_alike_next_to_nothing_is_decided(monkeypatch):
    monkeypatch.setattr(compared, "exposures", lambda *_: (1.0, 1.0, 1.0))
    found = {"gap": 0, "beyond": 0, "order": 0}
    for seed in range(400):
        arms = {"a": null_curves(seed), "b": null_curves(seed + 1000)}
        monkeypatch.setattr(Tails, "curves", lambda self, arm, *_, arms=arms: arms[arm])
        read = tails(a=None, b=None)
        found["gap"] += read.gap("a").low > 0
        found["beyond"] += read.gap_beyond("a", "b").low > 0
        found["order"] += outcome(lambda r, read=read: shown.in_order(read, "a")) == "held"
    assert max(found["gap"], found["beyond"]) <= 20  # one side of 95 % is 10 of 400
    assert min(found["gap"], found["beyond"]) >= 2  # and it can decide
    assert found["order"] == 0


def outcome(check):
    return judge(Claim("", "", check), Results(None)).status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ([(0.1, 0.2), (0.3, 0.4)], "held"),
        ([(0.1, 0.2), (-0.4, -0.3)], "not held"),
        ([(0.1, 0.2), (-0.1, 0.2)], "not testable"),
        ([(-0.4, -0.3), (-0.5, 0.2)], "not held"),
    ],
)
def test_an_order_holds_at_every_epoch_or_is_broken_at_one(limits, status, monkeypatch):
    steps = [Step("x", n, Gain((a + b) / 2, a, b)) for n, (a, b) in enumerate(limits)]
    monkeypatch.setattr(Tails, "order", lambda *_: steps)
    assert outcome(lambda r: shown.in_order(Tails(r, 2), "a")) == status


@pytest.mark.parametrize(
    ("epoch", "above", "fall", "status"),
    [
        (3, (0.1, 0.2), (0.1, 0.2), "held"),
        (4, (0.1, 0.2), (0.1, 0.2), "not held"),
        (3, (-0.1, 0.2), (0.1, 0.2), "not held"),
        (3, (0.1, 0.2), (-0.1, 0.2), "not held"),
    ],
)
def test_noise_is_found_early_and_then_less(epoch, above, fall, status, monkeypatch):
    peak = compared.Peak(epoch, *(Gain((a + b) / 2, a, b) for a, b in (above, fall)))
    monkeypatch.setattr(Tails, "peak", lambda *_: peak)
    monkeypatch.setattr(Tails, "curves", lambda *_: made_curves(np.zeros((2, 6))))
    assert outcome(lambda r: shown.rises_and_falls(Tails(r, 2), "a", ["b"])) == status


def test_the_clean_pass_decides():
    clean_only = {CLEAN: Gain(0.2, 0.1, 0.3), SEEN: Gain(-0.2, -0.3, -0.1)}
    seen_only = {CLEAN: clean_only[SEEN], SEEN: clean_only[CLEAN]}
    found = [shown.decided(gains.__getitem__) for gains in (clean_only, seen_only)]
    assert [o.status for o in found] == ["held", "not held"]
    across = {CLEAN: Gain(0.1, -0.1, 0.3), SEEN: clean_only[CLEAN]}
    assert shown.decided(across.__getitem__).status == "not testable"
    assert found[0].evidence == "clean +20.0 [+10.0, +30.0]; seen −20.0 [−30.0, −10.0]"


def test_tables_and_panels_show_what_was_read(train):
    masks_MNE = np.zeros((3, 20, 6), dtype=np.int8)
    masks_MNE[:, :4] = 1
    made = Made((0.0, 0.05, 0.15), masks=masks_MNE)
    read = tails(a=made)
    learned = shown.learning_table(read, ["a"])
    assert [row[:2] for row in learned.rows] == [["a", "clean"], ["a", "seen"]]
    first, last = (100 * made.p_MNE[:, 8:, e].mean() for e in (1, 5))
    assert learned.rows[0][4] == f"{first:.1f} → {last:.1f}"
    assert all(len(row) == len(learned.head) for row in learned.rows)
    assert learned.rows[0][5:8] == [points(10 * s) for s in read.curves("a").slope_MG.mean(axis=0)]
    told = shown.separation_table(read, ["a"])
    assert all(len(row) == len(told.head) for row in told.rows)
    assert told.rows[0][2].startswith("100.0 (")
    assert shown.masks_table(read, ["a"]).rows == [["a", "100.0", "0.0", "0.0"]]
    (panel,) = shown.curve_panels(read, ["a"])
    assert [line.label for line in panel.lines][2:4] == ["typical", "noisy, seen"]
    assert shown.mask_panel(read, "a").lines[0].y == [1.0] * 6
    assert [line.label for line in shown.precision_panel(read, ["a"]).lines] == ["a"]


def test_slopes_of_images_shown_twice_are_told_by_exposure(train):
    once = tails(a=Made((0.0, 0.05, 0.15)))
    learned = shown.learning_table(once, ["a"])
    assert "each of which shows all images once. Gap" in learned.note
    slope = float(learned.rows[0][7])
    train["frame"] = train["frame"].with_columns(cluster=pl.Series(TWICE))
    twice = tails(a=Made((0.0, 0.05, 0.15)))
    row = shown.learning_table(twice, ["a"]).rows[0]
    assert float(row[7]) == pytest.approx(slope / 2, abs=0.1)
    twice = tails(**{"TX2 none": Made((0.0, 0.05, 0.15))})
    note = shown.learning_table(twice, ["TX2 none"]).note
    assert "each of which shows typical images of TX2 twice and all others once. Gap" in note
