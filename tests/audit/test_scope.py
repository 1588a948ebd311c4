"""To what a verdict generalises: each scope through a whole audit, what it can and cannot decide,
and that more runs never decide less."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.audit import Audit, Settings, audit
from undertow.audit.measures import accuracy
from undertow.audit.measures.answers import answer_share
from worlds import planted_world, records_from

pytestmark = pytest.mark.heavy


def whole(found: Audit, measure: str = "accuracy") -> dict[str, object]:
    return found.findings.filter((pl.col("measure") == measure) & (pl.col("slice") == "all")).row(
        0, named=True
    )


def settings(scope: str = "auto", **more) -> Settings:
    return Settings(draws=200, generalise_to=scope, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world():
    return planted_world({2: 0.5}, m_ref=8, m_var=8, n=600, classes=4, seed=1)


@pytest.mark.parametrize("scope", ["examples", "members", "both"])
def test_a_large_loss_is_seen_in_every_scope_and_the_scope_is_said(world, scope) -> None:
    reference, variant = world
    found = audit(reference, [variant], settings(scope))
    assert (found.variants[0].scope, found.verdict) == (scope, "worse")
    assert "new examples" in found.variants[0].design[0] or scope == "members"
    assert "new members" in found.variants[0].design[0] or scope == "examples"
    row = whole(found)
    assert row["low"] < row["effect"] < row["high"] < 0  # type: ignore[operator]


def test_about_both_the_interval_is_never_narrower_than_about_examples(world) -> None:
    reference, variant = world
    examples, both = (
        whole(audit(reference, [variant], settings(scope))) for scope in ("examples", "both")
    )
    assert both["effect"] == pytest.approx(examples["effect"])
    assert both["low"] <= examples["low"] + 1e-9  # type: ignore[operator]
    assert both["high"] >= examples["high"] - 1e-9  # type: ignore[operator]


@pytest.mark.parametrize("scope", ["members", "both"])
@pytest.mark.parametrize("m_var", [8, 40])
def test_one_reference_member_cannot_tell_anything_about_a_recipe(scope, m_var) -> None:
    """1 against 8 alarmed in .397 of null audits; with 40 even the rearrangements would reach 5
    %."""
    reference, variant = planted_world({2: 0.9}, m_ref=1, m_var=m_var, n=400, classes=4, seed=1)
    found = audit(reference, [variant], settings(scope, by=("class",)))
    assert set(found.findings["verdict"]) <= {"too small to tell", "undefined"}
    assert found.verdict == "too small to tell"
    effect = f"{100 * whole(found)['effect']:+.1f}".replace("-", "−")  # type: ignore[operator]
    assert found.headline.startswith(
        f"variant may or may not keep its accuracy ({effect} points, no interval). "
    )
    assert found.headline.endswith(
        "of answers changed. There is no floor to compare this with: the reference has one run."
    )
    assert found.variants[0].count is None
    assert found.exemplars["q"].is_nan().all() or (found.exemplars["q"] > 0.05).all()
    said = found.variants[0].design[1]
    assert said.startswith("One reference member does not show how much members of a recipe differ")
    row = whole(found)
    assert row["effect"] < -0.1  # type: ignore[operator]
    assert np.isnan([row["low"], row["high"], row["p"], row["p_adjusted"]]).all()  # type: ignore[call-overload]


def test_by_itself_one_against_eight_is_about_these_models() -> None:
    reference, variant = planted_world({2: 0.9}, m_ref=1, m_var=8, n=400, classes=4, seed=1)
    found = audit(reference, [variant], settings())
    assert (found.variants[0].scope, found.verdict) == ("examples", "worse")


@pytest.mark.parametrize(("scope", "pairs"), [("members", 5), ("both", 5), ("both", 3)])
def test_a_few_pairs_can_decide(scope, pairs) -> None:
    """5 pairs could not at all: the smallest p of swaps is .062."""
    reference, variant = planted_world(
        {2: 0.5}, m_ref=pairs, m_var=pairs, n=800, classes=4, paired=True, seed=3
    )
    found = audit(reference, [variant], settings(scope))
    assert whole(found)["verdict"] == "worse"
    assert found.verdict == "worse"


def test_copies_of_examples_are_one_cluster_and_the_test_is_not_called_exact() -> None:
    """200 examples, ten copies of each, one member a side: alarmed in .53 of null audits."""
    worse, said = 0, ""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        right_2N = rng.random((2, 200)) < 0.75
        texts = [f"text {n % 200}" for n in range(2000)]
        old, new = (
            records_from(
                np.where(np.tile(right_N, 10), 0, 1)[None],
                np.zeros(2000, int),
                2,
                name=name,
                inputs=texts,
            )
            for name, right_N in zip(("old", "new"), right_2N, strict=True)
        )
        found = audit(old, [new], settings())
        worse += whole(found)["verdict"] == "worse"
        said = " ".join(found.variants[0].design)
        assert "200 clusters" in str(whole(found)["note"])
    assert worse <= 2
    assert "clusters of examples (examples with equal content (1,800 repeat another))" in said
    assert "McNemar" not in said


def power(runs: int, scope: str, worlds: int = 20) -> float:
    """Of worlds where the recipe loses 8 points: how often it is seen, with so many runs of either
    side's model."""
    seen = 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        ease_N = rng.beta(2, 1, 400)
        chance_2N = np.stack([ease_N, (ease_N - 0.08).clip(0, 1)])
        # Runs of one model: a good half of the answers are the model's own, the rest chance.
        own_2N = rng.random((2, 400)) < chance_2N
        made = []
        for side in range(2):
            count = runs if side == 0 else 1
            again_RN = rng.random((7, 400)) < chance_2N[side]
            right_RN = np.where(rng.random((7, 400)) < 0.6, again_RN, own_2N[side])[:count]
            made.append(
                records_from(np.where(right_RN, 0, 1), np.zeros(400, int), 2, name=f"side {side}")
            )
        found = audit(made[0], [made[1]], settings(scope, members_apart=True), measures=[accuracy])
        seen += whole(found)["verdict"] == "worse"
    return seen / worlds


@pytest.mark.heavy
def test_more_reference_runs_never_decide_less() -> None:
    """Seven runs of the reference decided less than one: each was tested, and the largest p
    decided."""
    found = [power(runs, "examples") for runs in (1, 3, 7)]
    assert found[1] >= found[0] - 0.05
    assert found[2] >= found[1] - 0.05
    assert found[2] > 0.3


def test_about_both_a_gain_has_to_hold_with_clusters_unlike_those_seen() -> None:
    """One answer more of 20 is right in each of 60 passages, and lost if the models swap."""
    rng, place_N = np.random.default_rng(3), np.arange(1200) % 20
    passage = {"cluster": [f"p{n // 20}" for n in range(1200)]}
    less, more = (
        records_from(
            np.where((rng.random((4, 1200)) < 0.01) ^ (place_N < right), 0, 1),
            np.zeros(1200, int),
            2,
            name=name,
            slices=passage,
        )
        for name, right in (("less", 14), ("more", 15))
    )
    gained, lost = (
        whole(audit(old, [new], settings("both"), measures=[accuracy]))
        for old, new in ((less, more), (more, less))
    )
    assert (gained["verdict"], lost["verdict"]) == ("too small to tell", "worse")
    assert gained["low"] == pytest.approx(-lost["high"])  # type: ignore[operator]
    assert gained["low"] > 0.04  # type: ignore[operator]
    assert gained["note"] == (
        "with clusters unlike those seen it could be −1.2 to +11.0 points; more clusters would tell"
    )


def test_about_both_shares_of_answers_are_within_tolerance_only_if_examples_tell() -> None:
    """The members agree that none moved on these 60 examples; on others a class may be answered
    more."""
    label_N, flipped_N = np.arange(60) % 2, np.arange(60) < 6
    one_MN = np.eye(4, 60, 20, dtype=int)
    old, new = (
        records_from(label_N ^ flip_MN, label_N, 2, name=name)
        for name, flip_MN in (("old", one_MN), ("new", one_MN ^ flipped_N))
    )
    found = audit(old, [new], settings("both", by=("class",)), measures=[answer_share])
    assert found.findings["effect"].to_list() == pytest.approx([0, 0], abs=1e-9)
    assert found.findings["verdict"].to_list() == ["too small to tell"] * 2


def of_clusters(moved_K: list[int], size: int, members: tuple[int, int]):
    """Clusters of ``size`` examples, half of them wrong in every run of the reference; in each the
    new model gets so many more right."""
    place_N = np.tile(np.arange(size), len(moved_K))
    clusters = {"cluster": [f"c{i // size}" for i in range(len(place_N))]}
    before_N = np.where(place_N < size // 2, 0, 1)
    after_N = np.where(place_N < size // 2 + np.repeat(moved_K, size), 0, 1)
    label_N = np.zeros(len(place_N), int)
    return [
        records_from(np.tile(side_N, (m, 1)), label_N, 2, name=name, slices=clusters)
        for side_N, m, name in zip((before_N, after_N), members, ("old", "new"), strict=True)
    ]


def of_whole(sides, measure: str) -> dict[str, object]:
    settings = Settings(draws=100, generalise_to="examples")
    rows = audit(sides[0], sides[1:], settings).findings
    return rows.filter((pl.col("measure") == measure) & (pl.col("slice") == "all")).row(
        0, named=True
    )


def test_examples_newly_right_in_twenty_clusters_are_not_better_elsewhere() -> None:
    row = of_whole(of_clusters([1] * 20, 10, (2, 1)), "newly_right_per_pair")
    assert (row["verdict"], row["p_adjusted"] < 0.05) == ("too small to tell", True)
    assert row["low"] > 0


def test_the_interval_of_a_disagreement_is_as_one_sided_as_its_p() -> None:
    """Five clusters of five changed: p is 1/32, and would be 1/16 two-sided."""
    row = of_whole(of_clusters([1] * 5, 10, (2, 1)), "churn")
    assert row["verdict"] == "changed"
    assert 0.03 < row["p"] < 0.05
    assert row["low"] > 0


def test_about_both_shares_of_answers_allow_for_clusters_unlike_those_seen() -> None:
    rng, label_N = np.random.default_rng(0), np.arange(300) // 5 % 2
    clusters = {"cluster": [f"c{i // 5}" for i in range(300)]}
    sides = [
        records_from(
            np.where(rng.random((5, 300)) < 0.01, 1 - label_N, label_N),
            label_N, 2, name=name, slices=clusters,
        )
        for name in ("old", "new")
    ]  # fmt: skip
    settings = Settings(by=("class",), draws=100, generalise_to="both")
    rows = audit(sides[0], sides[1:], settings).findings
    said = rows.filter(pl.col("measure") == "answer_share")
    assert set(said["verdict"]) == {"too small to tell"}
    assert (said["high"] < 0.05).all()
    assert said["note"].str.contains("with clusters unlike those seen it could be").all()
