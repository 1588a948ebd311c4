"""What corruption costs beyond clean images: from real records of tiny populations, and from
made-up members whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from blobs import Blobs
from undertow.lab.data import Corrupted
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.read import read_population
from undertow.robustness import Accuracies, Robustness, put_to
from undertow.study import Results
from undertow.trained import Trained

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


@pytest.fixture
def known(monkeypatch, results):
    """Members of a reference and of an arm, under two corruptions and both together."""
    rng = np.random.default_rng(0)

    def side(clean, first, second):
        clean_M, *corrupted = (level + rng.normal(0, 0.01, 3) for level in (clean, first, second))
        return Accuracies(np.stack([*corrupted, np.mean(corrupted, axis=0)]), clean_M)

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
    assert known.grows(("int2", "again")).status == "held"
    assert known.grows(("again", "int2")).status == "not held"


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
        "arm's 2 corruptions hold together (Bonferroni); *all of them* is a question of its own; "
        "arms are not corrected for one another."
    )


def test_a_scale_without_corrupted_images_says_so(results):
    bare = Results(None, {"dense": results.of("dense")})
    assert of(results).there
    assert not of(bare).there
    with pytest.raises(KeyError) as caught:
        of(bare).more_brittle("again")
    assert caught.value.args[0] == "this scale has no population 'dense, corrupted'"
