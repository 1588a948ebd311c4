"""Members that are no more than one model: found at a stated error rate, said, and never taken for
evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from undertow.audit import Settings, audit
from undertow.audit.copies import distinct, models_of
from undertow.records.records import Records
from undertow.records.schema import MemberEntry
from worlds import null_world, records_from

pytestmark = pytest.mark.heavy

AUTO = Settings()


def population(right_MN, name="world", **made) -> Records:
    """Members by what they get right: label 0 is right, 1 wrong."""
    right_MN = np.asarray(right_MN)
    return records_from(
        np.where(right_MN, 0, 1), np.zeros(right_MN.shape[1], int), 2, name=name, **made
    )


def model(rng: np.random.Generator, n: int = 1000, accuracy: float = 0.75) -> np.ndarray:
    return rng.random(n) < accuracy


def noisy(right_N, members: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Repeats of one model that answer anew on a share of the examples."""
    again_MN = rng.random((members, len(right_N))) < 0.75
    return np.where(rng.random(again_MN.shape) < share, again_MN, right_N)


def trained_apart(
    rng: np.random.Generator, members: int, n: int = 1000, spread: float = 4.0
) -> np.ndarray:
    """Latent ability and difficulty; with this spread the members' error consistency is about .6,
    as of networks."""
    difficulty_N = rng.normal(-2.0, spread, n)
    ability_M = rng.normal(0, 0.2, members)
    return rng.random((members, n)) < 1 / (1 + np.exp(difficulty_N - ability_M[:, None]))


def consistency(a_N, b_N) -> float:
    """Cohen's kappa of being right."""
    agree, p, q = (a_N == b_N).mean(), a_N.mean(), b_N.mean()
    chance = p * q + (1 - p) * (1 - q)
    return float((agree - chance) / (1 - chance))


def test_copies_are_one_model() -> None:
    rng = np.random.default_rng(0)
    assert models_of(population([model(rng)] * 4)).tolist() == [0, 0, 0, 0]


def test_models_are_numbered_as_they_appear() -> None:
    rng = np.random.default_rng(1)
    a, b, c = model(rng), model(rng), model(rng)
    assert models_of(population([b, a, b, c, a, c])).tolist() == [0, 1, 0, 2, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_repeats_with_a_little_noise_are_one_model(seed) -> None:
    rng = np.random.default_rng(seed)
    runs = noisy(model(rng), 4, 0.02, rng)
    assert models_of(population(runs)).tolist() == [0, 0, 0, 0]


def test_members_trained_apart_are_not_taken_for_copies() -> None:
    """As consistent as networks of one recipe are; in at least 98 of 100 worlds none is called a
    copy."""
    rng = np.random.default_rng(2)
    called, kappa = 0, []
    for _ in range(100):
        right_MN = trained_apart(rng, 5)
        kappa.append(consistency(right_MN[0], right_MN[1]))
        called += models_of(population(right_MN)).max() < 4
    assert 0.5 < np.mean(kappa) < 0.72
    assert called <= 2


@pytest.mark.heavy
def test_members_of_exactly_the_bound_are_called_copies_at_the_stated_rate() -> None:
    """Two members that disagree as often as the bound allows: called copies in about 1 % of
    worlds."""
    rng = np.random.default_rng(3)
    called = 0
    for _ in range(400):
        right_N = rng.random(800) < 0.75
        other_N = np.where(rng.random(800) < 0.25, rng.random(800) < 0.75, right_N)
        called += models_of(population([right_N, other_N])).max() == 0
    assert called <= 12


def test_few_examples_do_not_show_that_near_members_are_copies_but_equal_ones_are() -> None:
    rng = np.random.default_rng(4)
    assert models_of(population(noisy(model(rng, 30), 2, 0.2, rng))).tolist() == [0, 1]
    assert models_of(population([model(rng, 30)] * 2)).tolist() == [0, 0]


def test_examples_of_one_cluster_count_once() -> None:
    rng = np.random.default_rng(5)
    copies = population(noisy(model(rng, 400), 2, 0.01, rng))
    assert models_of(copies, clusters=400).tolist() == [0, 0]
    assert models_of(copies, clusters=30).tolist() == [0, 1]


def test_perfect_members_are_not_copies() -> None:
    """All right says nothing: members that are never wrong agree however they were trained."""
    assert models_of(population(np.ones((3, 500), bool))).tolist() == [0, 1, 2]


def test_grades_are_compared_as_grades() -> None:
    rng = np.random.default_rng(6)
    score_N = rng.random(600).astype(np.float32)
    scores = np.stack(
        [score_N, score_N + rng.normal(0, 0.01, 600).astype(np.float32), rng.random(600)]
    ).clip(0, 1)
    graded = replace(population(np.ones((3, 600), bool)), score_MN=scores.astype(np.float32))
    assert models_of(graded).tolist() == [0, 0, 1]


def test_without_outcomes_only_equal_answers_are_copies() -> None:
    rng = np.random.default_rng(7)
    pred_N = rng.integers(0, 5, 300)
    near_N = np.where(np.arange(300) == 7, (pred_N + 1) % 5, pred_N)
    bare = records_from(np.stack([pred_N, near_N, pred_N]), None, 5)
    assert models_of(bare).tolist() == [0, 1, 0]


@pytest.mark.parametrize(("seeds", "models"), [((1, 2), [0, 1]), ((1, 1), [0, 0])])
def test_members_of_the_lab_with_seeds_of_their_own_are_copies_only_if_equal(seeds, models) -> None:
    rng = np.random.default_rng(8)
    runs = population(noisy(model(rng), 2, 0.02, rng))
    members = tuple(MemberEntry(id=f"m{m}", seeds={"init": seed}) for m, seed in enumerate(seeds))
    lab = runs.manifest.model_copy(update={"members": members, "recipe": {"epochs": 3}})
    assert models_of(replace(runs, manifest=lab)).tolist() == models
    same = replace(population(runs.correct_MN[[0, 0]] > 0), manifest=lab)
    assert models_of(same).tolist() == [0, 0]


def ids(records: Records) -> list[str]:
    return [member.id for member in records.members]


def sides(reference_MN, variant_MN):
    return population(reference_MN, "old"), population(variant_MN, "new")


def test_runs_of_one_model_are_all_kept_where_examples_are_compared() -> None:
    rng = np.random.default_rng(9)
    old, new = sides(noisy(model(rng), 3, 0.02, rng), [model(rng)] * 2)
    found = distinct(old, new, paired=False, settings=AUTO)
    assert (found.reference.M, found.variant.M, found.scope) == (3, 2, "examples")
    assert found.said == (
        "The 3 members of 'old' count as repeat runs of 1 model: they are right and wrong on the "
        "same examples more often than members trained apart (error consistency above 0.75, tested "
        "at 1%). If they were trained apart, say so with --members-apart.",
        "The 2 members of 'new' count as repeat runs of 1 model: they gave the same answer to "
        "every example.",
    )


def test_of_several_models_each_counts_once() -> None:
    rng = np.random.default_rng(10)
    a, b, c, d = (model(rng) for _ in range(4))
    old, new = sides([a, b, a, b], [c, d, d])
    for asked, scope in (("auto", "members"), ("both", "both"), ("examples", "examples")):
        found = distinct(old, new, paired=False, settings=Settings(generalise_to=asked))  # type: ignore[arg-type]
        assert (ids(found.reference), ids(found.variant)) == (["m00", "m01"], ["m00", "m01"])
        assert found.scope == scope
        assert "The 4 members of 'old' count as repeat runs of 2 models" in found.said[0]


def test_a_pair_is_a_copy_where_both_of_its_members_are() -> None:
    rng = np.random.default_rng(11)
    a, b, c, d, e = (model(rng) for _ in range(5))
    old, new = sides([a, a, b, a], [c, d, e, c])
    found = distinct(old, new, paired=True, settings=AUTO)
    assert ids(found.reference) == ids(found.variant) == ["m00", "m01", "m02"]


def test_members_that_are_declared_apart_are_taken_as_such() -> None:
    rng = np.random.default_rng(12)
    old, new = sides(noisy(model(rng), 3, 0.02, rng), noisy(model(rng), 3, 0.02, rng))
    assert distinct(old, new, paired=False, settings=AUTO).scope == "examples"
    found = distinct(old, new, paired=False, settings=Settings(members_apart=True))
    assert (found.reference.M, found.variant.M, found.scope, found.said) == (3, 3, "members", ())


def test_equal_members_are_one_model_whatever_is_declared() -> None:
    rng = np.random.default_rng(13)
    old, new = sides([model(rng)] * 3, [model(rng)] * 3)
    found = distinct(old, new, paired=False, settings=Settings(members_apart=True))
    assert (found.scope, len(found.said)) == ("examples", 2)


def copied(noise: float, seed: int):
    """An audit of two models of equal ability, four runs of each."""
    rng = np.random.default_rng(seed)
    old, new = sides(*(noisy(model(rng, 600), 4, noise, rng) for _ in range(2)))
    return audit(old, [new], Settings(draws=100))


@pytest.mark.heavy
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_two_equal_models_with_four_copies_each_do_not_lose_accuracy(noise) -> None:
    """Taken for four members a side they lost more than chance in every audit, and hundreds of
    exemplars were confirmed."""
    worse = 0
    for seed in range(12):
        found = copied(noise, seed)
        accuracy = found.findings.filter(
            (pl.col("measure") == "accuracy") & (pl.col("slice") == "all")
        )
        worse += accuracy["verdict"][0] == "worse"
        assert found.variants[0].scope == "examples"
        assert sum("count as repeat runs of 1 model" in said for said in found.notices) == 2
        assert found.exemplars["p"].is_nan().all()
    assert worse <= 2


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_two_equal_models_with_four_copies_each_are_not_worse(noise) -> None:
    assert sum(copied(noise, seed).verdict == "worse" for seed in range(4)) <= 1


def test_members_of_a_null_world_are_compared_as_members() -> None:
    reference, variant = null_world(5, 5, 400, 4, seed=2)
    assert audit(reference, [variant], Settings(draws=100)).variants[0].scope == "members"


def test_that_members_are_copies_is_shown_over_all_pairs_of_a_side() -> None:
    """Two members that differ on 66 of 1,000 examples are shown to be copies by themselves, but not
    among 66 pairs."""
    rng = np.random.default_rng(13)
    first_N = np.arange(1000) < 750
    second_N = first_N.copy()
    second_N[:33], second_N[-33:] = False, True
    assert models_of(population([first_N, second_N])).tolist() == [0, 0]
    others = [model(rng) for _ in range(10)]
    assert models_of(population([first_N, second_N, *others])).tolist() == list(range(12))


@pytest.mark.parametrize("side", [0, 1])
def test_pairs_of_which_one_side_alone_are_copies_are_different_pairs(side) -> None:
    rng = np.random.default_rng(14)
    a, b, c = (model(rng) for _ in range(3))
    members = [[a, b], [c, c]]
    found = distinct(*sides(members[side], members[1 - side]), paired=True, settings=AUTO)
    assert (ids(found.reference), ids(found.variant), found.scope) == (
        ["m00", "m01"],
        ["m00", "m01"],
        "members",
    )


@pytest.mark.parametrize(("n", "accuracy"), [(50, 0.8), (500, 0.99)])
def test_equal_members_are_one_model_however_little_the_examples_show(n, accuracy) -> None:
    """Two models of one ability, four equal copies each. As four members a side they were worse in
    every audit that fell to the bad side."""
    worse = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        found = audit(
            *_pair([model(rng, n, accuracy)] * 4, [model(rng, n, accuracy)] * 4),
            Settings(draws=100),
        )
        worse += found.verdict == "worse"
        assert found.variants[0].scope == "examples"
    assert worse <= 1


def _pair(reference_MN, variant_MN):
    old, new = sides(reference_MN, variant_MN)
    return old, [new]


def test_members_of_unequal_accuracy_agree_less_by_chance() -> None:
    """One is right on all that the other is right on and a tenth more: a consistency of .69, which
    is no copy's."""
    place_N = np.arange(4000) / 4000
    members = [place_N < 0.75, place_N < 0.85]
    assert consistency(*members) == pytest.approx(0.692, abs=0.001)
    assert models_of(population(members)).tolist() == [0, 1]


def test_the_error_rate_is_shared_by_all_pairs() -> None:
    """The first two of eight members differ on so many examples that one pair of eight would tell,
    one of 28 not."""
    n, right = 1000, 750
    chance = 2 * 0.75 * 0.25

    def most(k: int, pairs: int) -> float:
        return float(stats.beta.isf(0.01 / pairs, k + 1, n - k))

    told = max(k for k in range(0, 120, 2) if most(k, 8) < 0.25 * chance)
    assert most(told, 28) > 0.25 * chance
    rng = np.random.default_rng(0)
    first_N = np.arange(n) < right
    second_N = np.roll(first_N, told // 2)
    assert (first_N != second_N).sum() == told
    others = [rng.permutation(first_N) for _ in range(6)]
    assert models_of(population([first_N, second_N, *others])).tolist() == list(range(8))
    assert models_of(population([first_N, second_N])).tolist() == [0, 0]


def test_equal_grades_are_equal_where_some_are_missing() -> None:
    rng = np.random.default_rng(8)
    score_MN = np.stack([rng.random(50)] * 2).astype(np.float32)
    score_MN[:, :5] = np.nan
    graded = replace(population(np.ones((2, 50), bool)), score_MN=score_MN)
    assert models_of(graded, apart=True).tolist() == [0, 0]
