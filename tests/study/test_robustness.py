"""What corruption costs beyond clean images: from real records of tiny populations, and from
made-up members whose numbers are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from blobs import Blobs
from lost import without
from undertow.audit.stats.ratio_of_means import Limits, excess_limits
from undertow.lab.data import Corrupted
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.read import read_population
from undertow.study import Results
from undertow.study.robustness import Accuracies, Brittle, Robustness, put_to
from undertow.study.trained import Trained

pytestmark = pytest.mark.heavy

DATA = Corrupted(Blobs(test=20), ("gaussian_noise", "contrast"), (1, 5))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("brittle")
    dense = Population("dense", Blobs(), MLP((6,)), Recipe(epochs=2, batch=16, lr=0.1), 3)
    arms = (dense, dense.again("again"), dense.under(WeightQuantization(2), name="int2"))
    populations = (*arms, *put_to(DATA, arms))
    return Results(
        None,
        {p.name: Trained(train_population(p, out, runner="loop")) for p in populations},
    )


def of(results):
    return Robustness(results, "dense", ("again", "int2"))


def test_accuracies_are_by_corruption_with_severities_together(results):
    records = read_population(results.of("again, corrupted").folder)
    found = of(results).accuracies("again")
    assert of(results).corruptions == ("gaussian_noise", "contrast")
    right_MN = records.correct_MN.reshape(3, 2, 2, 20)
    assert found.corrupted_GM[:2] == pytest.approx(right_MN.mean(axis=(2, 3)).T)
    assert found.corrupted_GM[2] == pytest.approx(right_MN.mean(axis=(1, 2, 3)))
    # of the 30 clean examples those 20 that were corrupted
    clean = read_population(results.of("again").folder).correct_MN
    assert clean.shape == (3, 30)
    assert found.clean_M == pytest.approx(clean[:, :20].mean(axis=1))


def test_the_change_is_relative_and_set_against_that_on_clean_images(results):
    dense, again = (of(results).accuracies(arm) for arm in ("dense", "again"))
    found = of(results).of("again")
    relative = again.corrupted_GM.mean(axis=1) / dense.corrupted_GM.mean(axis=1)
    clean = again.clean_M.mean() / dense.clean_M.mean()
    assert found.clean == pytest.approx(clean - 1)
    assert found.relative.value_G == pytest.approx(relative - 1)
    assert found.excess.value_G == pytest.approx(relative - clean)


def test_of_unequal_corruptions_each_counts_once(results, monkeypatch):
    right_MN, examples = of(results)._records("again")
    kept = np.arange(examples.height) < 50  # half of the second corruption's images have gone
    monkeypatch.setattr(
        Robustness, "_records", lambda *_: (right_MN[:, kept], examples.filter(kept))
    )
    found = of(results).accuracies("again").corrupted_GM
    first, second = right_MN[:, :40].mean(axis=1), right_MN[:, 40:50].mean(axis=1)
    assert found[2] == pytest.approx((first + second) / 2)


@dataclass(frozen=True)
class Pictured(Blobs):
    """Three pictures of each thing."""

    def load(self):
        splits = super().load()
        things = pl.Series("cluster", [f"thing {n // 3}" for n in range(self.test)])
        slices = pl.DataFrame([*splits.test.slices, things])
        return replace(splits, test=replace(splits.test, slices=slices))


def test_clean_images_are_found_where_the_data_have_clusters_of_their_own(tmp_path):
    dense = Population("dense", Pictured(), MLP((6,)), Recipe(epochs=2, batch=16, lr=0.1), 2)
    populations = (dense, *put_to(Corrupted(Pictured(test=20), "contrast", 2), [dense]))
    found = {p.name: Trained(train_population(p, tmp_path, runner="loop")) for p in populations}
    clean = read_population(found["dense"].folder).correct_MN
    accuracies = Robustness(Results(None, found), "dense", ()).accuracies("dense")
    assert accuracies.clean_M == pytest.approx(clean[:, :20].mean(axis=1))


@pytest.mark.parametrize("both", [True, False])
def test_pairs_are_those_whose_both_members_are_there(results, tmp_path, both):
    """A member is lost, clean and corrupted or corrupted alone: the others keep their partners."""
    names = ("int2", "int2, corrupted") if both else ("int2, corrupted",)
    lost = {name: without(results.of(name), "000", tmp_path) for name in names}
    whole = of(results)
    found = of(Results(None, {**results.populations, **lost}))
    dense, int2 = whole.accuracies("dense"), whole.accuracies("int2")
    assert found.accuracies("int2").ids == ["001", "002"]
    assert found.accuracies("int2").clean_M == pytest.approx(int2.clean_M[1:])
    expected = excess_limits(
        dense.corrupted_GM[2, 1:],
        int2.corrupted_GM[2, 1:],
        dense.clean_M[1:],
        int2.clean_M[1:],
        paired=True,
    )
    excess = found.of("int2")
    assert [x[2] for x in excess.excess] == pytest.approx([x[0] for x in expected])
    assert excess.clean == pytest.approx(int2.clean_M[1:].mean() / dense.clean_M[1:].mean() - 1)
    assert len(found.table().rows) == 4


def test_members_without_partners_leave_all_undefined(known, monkeypatch):
    made = {arm: known.accuracies(arm) for arm in ("dense", "int2")}
    made["int2"] = made["int2"]._replace(parents=["003", "004", "005"])
    monkeypatch.setattr(Robustness, "accuracies", lambda self, arm: made[arm])
    found = known.of("int2")
    assert np.isnan([*found.excess, *found.relative]).all()
    assert known.more_brittle("int2").status == "not testable"


@pytest.fixture
def known(monkeypatch, results):
    """Members of a reference and of an arm, under two corruptions and both together."""
    rng = np.random.default_rng(0)

    def side(clean, first, second):
        clean_M, *corrupted = (level + rng.normal(0, 0.01, 3) for level in (clean, first, second))
        both = np.stack([*corrupted, np.mean(corrupted, axis=0)])
        return Accuracies(both, clean_M, ["000", "001", "002"], ["000", "001", "002"])

    made = {
        "dense": side(0.8, 0.7, 0.6),
        "again": side(0.79, 0.5, 0.6),
        "int2": side(0.8, 0.7, 0.6),
    }
    monkeypatch.setattr(Robustness, "accuracies", lambda self, arm: made[arm])
    return of(results)


def test_who_derives_from_the_reference_is_compared_pair_by_pair(known):
    """Bonferroni over the two corruptions; all of them together is another question."""
    dense, rounded = known.accuracies("dense"), known.accuracies("int2")
    found = known.of("int2").excess
    for row, level in ((0, 0.025), (2, 0.05)):
        before, after = dense.corrupted_GM[row], rounded.corrupted_GM[row]
        ratio, beside = after.mean() / before.mean(), rounded.clean_M.mean() / dense.clean_M.mean()
        each = (after - ratio * before) / before.mean()
        each -= (rounded.clean_M - beside * dense.clean_M) / dense.clean_M.mean()
        half = t.ppf(1 - level / 2, 2) * each.std(ddof=1) / np.sqrt(3)
        assert found.high_G[row] - found.low_G[row] == pytest.approx(2 * half)


def test_a_claim_is_held_where_the_interval_lies_below_0(known):
    shown, open_ = known.more_brittle("again"), known.more_brittle("int2")
    assert shown.status == "held"
    assert shown.evidence.endswith("; 1 of 2 corruptions lose more by themselves")
    assert open_.status == "not held"
    assert open_.evidence.endswith("; too small to tell")
    assert (known.as_brittle("again").status, known.as_brittle("int2").status) == (
        "not held",
        "held",
    )


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ((0.0, -0.1, -0.3), "held"),
        ((0.0, -0.1, -0.02), "not held"),
        ((0.0, -0.02, -0.1), "not testable"),
    ],
)
def test_it_grows_where_every_step_is_shown_and_not_where_one_is_shown_to_fall(
    results, monkeypatch, steps, status
):
    made = {}
    for n, value in enumerate(steps):
        limits = Limits(*(np.array([x]) for x in (value, value - 0.03, value + 0.03, 0.0)))
        made[str(n)] = Brittle(-0.1, limits, limits)
    monkeypatch.setattr(Robustness, "of", lambda self, arm: made[arm])
    assert of(results).grows(list(made)).status == status


@pytest.mark.parametrize("values", [(np.nan, -0.1, np.nan), (-0.1, np.nan, -0.05)])
def test_what_is_undefined_neither_grows_nor_holds(results, monkeypatch, values):
    limits = [Limits(*(np.array([value]),) * 4) for value in values]
    made = {str(n): Brittle(-0.1, each, each) for n, each in enumerate(limits)}
    monkeypatch.setattr(Robustness, "of", lambda self, arm: made[arm])
    assert of(results).grows(list(made)).status == "not testable"
    for arm, value in zip(made, values, strict=True):
        told = [of(results).more_brittle(arm).status, of(results).as_brittle(arm).status]
        assert told == (["not testable"] * 2 if np.isnan(value) else ["held", "not held"])


def test_the_table_has_every_corruption_and_arm(known):
    table = known.table()
    assert table.head == ["test images", "dense %", "again", "int2"]
    names = [row[0] for row in table.rows]
    assert names == ["clean", "gaussian noise", "contrast", "all of them"]
    found = known.of("again")
    value, low, high = (float(x[0]) for x in found.excess[:3])
    assert table.rows[1][2] == (
        f"{100 * found.relative.value_G[0]:+.1f} %; "
        f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    ).replace("-", "−")
    assert table.note == (
        "Change of accuracy relative to the reference's on the same images, in %, severities "
        "averaged; then what this exceeds the relative change on the same images when clean by, in "
        "points of that, with its 95 % interval over members (images are fixed). Intervals of an "
        "arm's 2 corruptions hold together (Bonferroni); *all of them*, the relative change of the "
        "mean accuracy over them, is a question of its own; arms are not corrected for one another."
    )


def test_a_scale_without_corrupted_images_says_so(results):
    bare = Results(None, {"dense": results.of("dense")})
    assert of(results).there
    assert not of(bare).there
    with pytest.raises(KeyError) as caught:
        of(bare).more_brittle("again")
    assert caught.value.args[0] == "this scale has no population 'dense, corrupted'"
