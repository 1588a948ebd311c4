"""Exemplars against controls in columns of numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

import oracles_stats as oracle
from undertow.audit import Settings, audit
from undertow.audit.crossed import _said, title_of, words_of
from undertow.audit.exemplars import Exemplars
from undertow.audit.pair import Pair
from undertow.audit.result import Crossed, CrossedColumn
from undertow.card import PROBED
from worlds import null_world, planted_world, records_from

N, MEMBERS = 400, 4


def sides(seed: int = 0, hard: float = 0.25):
    """Two populations of one process; which examples are hard is known, and only these change."""
    rng = np.random.default_rng(seed)
    label_N, hard_N = rng.integers(0, 4, N), rng.random(N) < hard
    chance_N = np.where(hard_N, 0.5, 1.0)
    made = [
        records_from(
            np.where(rng.random((MEMBERS, N)) < chance_N, label_N, (label_N + 1) % 4),
            label_N, 4, name=name,
        )
        for name in ("reference", "variant")
    ]  # fmt: skip
    return made[0], made[1], hard_N, label_N


def crossed(reference, variant, by_name: dict[str, np.ndarray], **settings) -> Crossed:
    told = pl.DataFrame({"example_id": reference.example_id_N, **by_name})
    found = audit(reference, [variant], Settings(**settings), told=told).variants[0].crossed
    assert found is not None
    return found


def column(found: Crossed, name: str) -> CrossedColumn:
    (one,) = [c for c in found.columns if c.column == name]
    return one


def test_exemplars_are_deeper_where_the_hard_ones_are():
    reference, variant, hard_N, label_N = sides()
    rng = np.random.default_rng(1)
    depth_N, noise_N = 2 + 1.3 * hard_N + rng.normal(0, 0.5, N), rng.normal(size=N)
    found = crossed(reference, variant, {"depth": depth_N, "noise": noise_N, "class": 9 * label_N})
    assert found.controls == "controls of their class"
    deep, nothing, by_class = found.columns
    assert deep.said == (
        "Exemplars are deeper by 1.3 layers (1.1 to 1.6) than controls of their class."
    )
    assert deep.low < 1.2 < deep.high  # Of the controls some are hard too.
    assert deep.auroc_low > 0.8
    assert nothing.said == (
        "Exemplars are not shown to differ in noise from controls of their class: "
        "+0.1 (−0.7 to +1.0)."
    )
    assert nothing.auroc_low < 0.5 < nothing.auroc_high
    assert np.isnan(by_class.effect)
    assert by_class.said == (
        "In class nothing is told: exemplars are too few clusters, no value differs, or values are "
        "too large to be squared."
    )
    turned = column(crossed(reference, variant, {"depth": -depth_N}), "depth")
    assert turned.said.startswith("Exemplars are shallower by 1.3 layers (1.")


@pytest.mark.parametrize("size", [1e155, 1e200, 1e300])
def test_values_too_large_to_be_squared_tell_nothing_and_spoil_no_other_column(size: float):
    reference, variant, hard_N, _ = sides()
    deep_N = 2 + 1.3 * hard_N + np.random.default_rng(1).normal(0, 0.5, N)
    found = crossed(reference, variant, {"huge": size * deep_N, "depth": deep_N})
    huge, deep = found.columns
    assert huge.said == (
        "In huge nothing is told: exemplars are too few clusters, no value differs, or values are "
        "too large to be squared."
    )
    assert np.isnan([huge.effect, huge.low, huge.high, huge.p, huge.p_adjusted, huge.spread]).all()
    assert deep.p_adjusted <= 0.05
    assert deep.said.startswith("Exemplars are deeper by 1.3 layers (")


def test_without_a_p_over_all_columns_nothing_is_told():
    numbers = {"effect": 1.0, "low": np.nan, "high": np.nan, "p": np.nan, "p_adjusted": np.nan}
    assert _said("age", numbers, 9, "controls of their class", 0.05).startswith(
        "In age nothing is told: "
    )


def test_numbers_are_those_of_the_slow_oracle():
    reference, variant, _, label_N = sides(3)
    value_N = np.random.default_rng(4).normal(size=N)
    found = column(crossed(reference, variant, {"x": value_N}), "x")
    exemplars = Exemplars(Pair(reference, variant, False, Settings()))
    kept_N = ~exemplars.tied_N
    chosen_N = exemplars.changed_N[kept_N]
    effect, _, area = oracle.contrast_within(value_N[kept_N], chosen_N, label_N[kept_N])
    assert found.effect == pytest.approx(effect)
    assert found.auroc == pytest.approx(area)
    assert (found.n_exemplars, found.n_controls) == (chosen_N.sum(), (~chosen_N).sum())
    assert (found.unknown, found.alone) == (0, 0)


def test_rank_correlations_are_those_of_scipy_over_what_both_have():
    reference, variant, hard_N, _ = sides(5)
    rng = np.random.default_rng(6)
    a_N = np.where(rng.random(N) < 0.1, np.nan, hard_N + rng.normal(size=N))
    b_N = rng.integers(0, 5, N).astype(float)
    found = crossed(reference, variant, {"a": a_N, "b": b_N})
    exemplars = Exemplars(Pair(reference, variant, False, Settings()))
    scores = {
        "taxicab": exemplars.taxicab_N,
        "modal_disagreement": np.where(exemplars.tied_N, np.nan, exemplars.changed_N),
    }
    given = {"a": a_N, "b": b_N, **scores}
    assert [(c.first, c.second) for c in found.correlations] == [
        ("a", "b"),
        ("a", "taxicab"), ("a", "modal_disagreement"),
        ("b", "taxicab"), ("b", "modal_disagreement"),
    ]  # fmt: skip
    for one in found.correlations:
        pair = np.stack([given[one.first], given[one.second]])
        pair = pair[:, ~np.isnan(pair).any(axis=0)]
        assert one.rho == pytest.approx(spearmanr(*pair).statistic)
        assert one.n == pair.shape[1]


@pytest.mark.parametrize("members", [3, 5, 7])
def test_distances_are_ranked_by_whole_votes_and_not_by_what_their_shares_add_up_to(members: int):
    rng = np.random.default_rng(5)
    label_N, hard_N = rng.integers(0, 4, N), rng.beta(1, 3, N)

    def answers(wrong_N: np.ndarray) -> np.ndarray:
        off_MN = rng.integers(1, 4, (members, N))
        return np.where(rng.random((members, N)) < wrong_N, (label_N + off_MN) % 4, label_N)

    made = answers(0.6 * hard_N), answers(1.1 * hard_N)
    reference, variant = (
        records_from(pred_MN, label_N, 4, name=name)
        for name, pred_MN in zip("ab", made, strict=True)
    )
    before_NC, after_NC = ((pred[..., None] == np.arange(4)).sum(0) for pred in made)
    exact = spearmanr(hard_N, np.abs(before_NC - after_NC).sum(1)).statistic
    found = crossed(reference, variant, {"x": hard_N}).correlations[0]
    assert found.second == "taxicab"
    assert found.rho == pytest.approx(exact, abs=1e-12)


def test_too_few_exemplars_are_said_in_words():
    label_N = np.zeros(60, int)
    before_N = label_N.copy()
    after_N = np.where(np.arange(60) < 3, 1, 0)
    one, other = (
        records_from([p], label_N, 2, name=n) for p, n in ((before_N, "a"), (after_N, "b"))
    )
    value_N = np.arange(60.0)
    found = column(crossed(one, other, {"el2n": value_N}), "el2n")
    assert np.isnan([found.effect, found.low, found.high, found.p, found.auroc]).all()
    assert found.said == (
        "In EL2N 3 exemplars have a value and controls of their class beside it; at least 5 are "
        "needed to tell a difference."
    )
    nobody = column(crossed(one, replace(one, manifest=other.manifest), {"age": value_N}), "age")
    assert nobody.said == (
        "In age no exemplar has a value and controls of their class beside it; at least 5 are "
        "needed to tell a difference."
    )


def test_values_that_are_missing_are_counted():
    reference, variant, _, _ = sides(7)
    value_N = np.random.default_rng(0).normal(size=N)
    value_N[::4] = np.nan
    found = column(crossed(reference, variant, {"x": value_N}), "x")
    exemplars = Exemplars(Pair(reference, variant, False, Settings()))
    kept_N = ~exemplars.tied_N
    assert found.unknown == np.isnan(value_N[kept_N]).sum()
    assert found.n_exemplars == (exemplars.changed_N & ~np.isnan(value_N)).sum()


def test_one_model_a_side_and_columns_of_the_examples():
    rng = np.random.default_rng(8)
    label_N, old_N = rng.integers(0, 2, 300), rng.random(300) < 0.2
    before, after = label_N, np.where(old_N & (rng.random(300) < 0.5), 1 - label_N, label_N)
    slices = {"age": np.where(old_N, 70, 30) + rng.integers(0, 9, 300), "odd": old_N}
    made = [
        records_from([p], label_N, 2, name=n, slices=slices)
        for p, n in ((before, "a"), (after, "b"))
    ]
    found = audit(made[0], [made[1]], Settings(cross=("age", "odd"))).variants[0].crossed
    assert found is not None
    assert [c.column for c in found.columns] == ["age", "odd"]
    assert found.columns[0].said.startswith("Exemplars are higher in age by ")
    assert found.columns[1].low > 0.5  # True and false are 1 and 0.


def test_without_labels_controls_have_the_same_answer():
    reference, variant, hard_N, _ = sides(9)
    bare = [records_from(s.pred_MN, None, 4, name=s.name) for s in (reference, variant)]
    found = crossed(*bare, {"depth": 2.0 * hard_N + np.random.default_rng(1).normal(size=N)})
    assert found.controls == "controls with the same answer of the reference"
    assert column(found, "depth").low > 0


def test_nothing_asked_for_is_nothing_crossed():
    reference, variant = null_world(seed=1)
    assert audit(reference, [variant], Settings()).variants[0].crossed is None


def test_crossing_changes_no_other_number():
    reference, variant = planted_world({1: 0.3}, seed=2)
    plain, asked = (
        audit(reference, [variant], Settings(by=("class",), cross=cross))
        for cross in ((), ("weight",))
    )
    assert asked.findings.equals(plain.findings)
    assert asked.headline == plain.headline
    assert replace(asked.variants[0], crossed=None).gallery == plain.variants[0].gallery


def test_the_seed_decides_every_number():
    reference, variant = null_world(n=300, seed=3)
    told = pl.DataFrame(
        {"example_id": reference.example_id_N, "x": np.random.default_rng(0).normal(size=300)}
    )
    first, again = (
        audit(reference, [variant], Settings(seed=4), told=told).variants[0].crossed
        for _ in range(2)
    )
    assert first == again


def test_the_order_of_examples_and_of_told_rows_does_not_matter_to_the_effect():
    reference, variant = null_world(n=300, seed=3)
    told = pl.DataFrame(
        {"example_id": reference.example_id_N, "x": np.random.default_rng(0).normal(size=300)}
    )
    back = np.arange(300)[::-1]
    turned = [side.take_examples(back) for side in (reference, variant)]
    found, other = (
        column(one.variants[0].crossed, "x")
        for one in (
            audit(reference, [variant], Settings(), told=told),
            audit(turned[0], [turned[1]], Settings(), told=told.sample(fraction=1, shuffle=True)),
        )
    )
    assert other.effect == pytest.approx(found.effect)
    assert other.auroc == pytest.approx(found.auroc)


def test_words_come_from_cards():
    assert words_of("forgetting").more == "forgotten more often"
    assert words_of("depth") == PROBED["depth"]
    assert words_of("anything").unit == ""
    assert [title_of(name) for name in ("el2n", "taxicab", "anything")] == [
        "EL2N", "Taxicab distance of votes", "anything",
    ]  # fmt: skip
