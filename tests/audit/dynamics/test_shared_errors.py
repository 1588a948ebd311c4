"""Copies of which a few answers were changed are told from independent members by the errors that
others do not share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from undertow.audit.dynamics.kin import refuse_kin
from undertow.audit.dynamics.one_model import members_alike
from undertow.audit.dynamics.shared_errors import Told, is_copied, log_odds
from undertow.errors import NotComparableError
from undertow.records.records import Records
from undertow.records.write import write_records
from worlds import records_from

Answers = list[np.ndarray]


def world(seed: int, members: int) -> tuple[np.ndarray, int, Answers]:
    """Labels, how many classes, and the answers of independent members of one recipe: they share
    what is hard, what is taken for what, and labels that are wrong."""
    rng = np.random.default_rng(seed)
    n, classes = (int(np.exp(rng.uniform(*np.log(ends)))) for ends in ((200, 5000), (2, 101)))
    accuracy, shared = rng.uniform(0.6, 0.99), rng.uniform(0, 0.98)
    truth_N, place_N = rng.integers(classes, size=n), np.arange(n)
    step_NK = rng.integers(1, classes, (n, 8))
    likely_NK = rng.choice([0.3, 1.0, 3.0, 10.0]) * rng.gumbel(size=(n, 8))
    hard_N = rng.normal(size=n)
    made = []
    for _ in range(members):
        hard_for_it_N = np.sqrt(shared) * hard_N + np.sqrt(1 - shared) * rng.normal(size=n)
        limit = np.quantile(hard_for_it_N, min(accuracy + rng.normal(0, 0.01), 0.99))
        k_N = np.argmax(likely_NK + rng.gumbel(size=(n, 8)), axis=1)
        taken_N = (truth_N + step_NK[place_N, k_N]) % classes
        made.append(np.where(hard_for_it_N > limit, taken_N, truth_N))
    wrong_N = rng.random(n) < rng.choice([0.0, 0.02, 0.05])
    label_N = np.where(wrong_N, (truth_N + 1) % classes, truth_N)
    return label_N, classes, made


def population(name: str, made: Answers, label_N: np.ndarray, classes: int) -> Records:
    built = records_from(np.stack(made), label_N, classes, name=name)
    members = tuple(
        m.model_copy(update={"id": f"{name}-{k}", "seeds": {}}) for k, m in enumerate(built.members)
    )
    return replace(built, manifest=built.manifest.model_copy(update={"members": members}))


def found(seed: int, members: int, edited: int | None = None) -> list[tuple[str, str, int]]:
    """Pairs that are taken for one model; the second population's first member is a copy of which
    so many answers were changed, or its own."""
    label_N, classes, made = world(seed, 2 * members)
    mine, others = made[:members], made[members:]
    if edited is not None:
        others[0] = mine[0].copy()
        at_N = np.random.default_rng(seed).choice(len(label_N), edited, replace=False)
        others[0][at_N] = (others[0][at_N] + 1) % classes
    sides = (population(name, p, label_N, classes) for name, p in (("a", mine), ("b", others)))
    return [(pair.mine, pair.other, pair.differ) for pair in members_alike(*sides)]


@pytest.mark.parametrize("members", [1, 2, 3])
@pytest.mark.parametrize("worlds", [10, pytest.param(100, marks=pytest.mark.heavy)])
def test_independent_members_of_one_recipe_are_never_one_model(members: int, worlds: int):
    assert sum(bool(found(seed, members)) for seed in range(worlds)) == 0


@pytest.mark.parametrize("members", [2, 3])
@pytest.mark.parametrize("edited", [1, 3])
@pytest.mark.parametrize(
    ("worlds", "least"), [(8, 6), pytest.param(40, 36, marks=pytest.mark.heavy)]
)
def test_a_copy_with_a_few_other_answers_is_mostly_told(
    members: int, edited: int, worlds: int, least: int
):
    told = [found(seed, members, edited) for seed in range(worlds)]
    assert all(pairs in ([], [("a-0", "b-0", edited)]) for pairs in told)
    assert sum(map(len, told)) >= least


@pytest.mark.heavy
def test_with_no_other_member_nothing_tells_whose_errors_they_are():
    assert not any(found(seed, 1, 1) for seed in range(40))


def test_members_that_are_mostly_wrong_share_habits():
    """Such as an answer to nearly everything, which others do not give."""
    rng = np.random.default_rng(0)
    label_N = rng.integers(10, size=900)
    made = [np.where(rng.random(900) < 0.01, label_N, k) for k in (0, 1, 0, 2)]
    sides = (population(n, p, label_N, 10) for n, p in (("a", made[:2]), ("b", made[2:])))
    assert list(members_alike(*sides)) == []


def test_it_is_said_on_how_many_examples_they_differ(tmp_path: Path):
    label_N, classes, made = world(1, 4)
    edited_N = np.where(np.arange(len(label_N)) == 5, (made[0] + 1) % classes, made[0])
    telling = population("told", made[:2], label_N, classes)
    side = population("new", [edited_N, made[3]], label_N, classes)
    write_records(telling, tmp_path / "told")
    with pytest.raises(NotComparableError) as caught:
        refuse_kin(tmp_path / "told", telling.manifest, [side])
    assert str(caught.value) == (
        f"--columns-from {tmp_path / 'told'}: its member 'told-0' gave the same answers as member "
        f"'new-0' of 'new', which is compared, to all but 1 of the {len(label_N):,} examples that "
        "both have, and examples that it found hard by chance would seem to gain or lose; give one "
        "that takes no part: train fresh members, as with .again(...)"
    )


def member(*answers: int) -> Told:
    """Every example's right answer is 1."""
    answer_N = np.array(answers, dtype=np.uint64)
    return Told(answer_N, (answer_N == 1).astype(np.float32), graded=False)


def test_the_odds_by_hand():
    """Of six errors of ``a``, ``b`` makes five; the others make five and two, so five of six are
    usual, and each counts as (members that answer so + 2 · ⅚) of 4."""
    a, b = member(2, 2, 3, 3, 2, 2, 1, 1), member(2, 2, 3, 3, 2, 1, 1, 2)
    others = [member(2, 2, 3, 3, 2, 1, 2, 2), member(2, 2, 1, 1, 4, 1, 1, 1)]
    usual = [(same + 5 / 3) / 4 for same in (2, 2, 1, 1, 1, 0)]
    wanted = sum(np.log(0.98 / u) for u in usual[:5]) + np.log(0.02 / (1 - usual[5]))
    assert log_odds(a, b, others) == pytest.approx(wanted, rel=1e-12)


def one_of(errors: int, more: int, n: int = 400) -> tuple[Told, Told]:
    """Two that share errors, and the second makes more."""
    made = np.ones((2, n), dtype=int)
    made[:, :errors] = 2
    made[1, errors : errors + more] = 2
    return member(*made[0]), member(*made[1])


def test_how_many_errors_tell_a_copy():
    """That another member makes none of them makes each .98 · 3 / 1.6 times as likely, with .8
    usual: ln 10⁴ takes 16, ln 4·10⁴ takes 18."""
    other = [member(*[1] * 400)]
    assert [is_copied(*one_of(k, 0), other, 1) for k in (15, 16)] == [False, True]
    assert [is_copied(*one_of(k, 0), other, 4) for k in (17, 18)] == [False, True]


def test_members_that_differ_on_more_than_an_edited_copy_are_two():
    """However many errors they share, and no other makes: of 400 answers 8 may differ."""
    other = [member(*[1] * 400)]
    assert [is_copied(*one_of(150, k), other, 1) for k in (8, 9)] == [True, False]


def test_members_of_two_architectures_are_not_one_model():
    """Three a side, in two classes: two of one architecture share what is hard for it, and nearly
    all else."""
    rng = np.random.default_rng(10)
    truth_N, hard_N, own_KN = (
        rng.integers(2, size=3000),
        rng.normal(size=3000),
        rng.normal(size=(3, 3000)),
    )

    def made(k: int) -> np.ndarray:
        for_it_N = np.sqrt(0.3) * hard_N + np.sqrt(0.7) * own_KN[k]
        for_it_N = np.sqrt(0.95) * for_it_N + np.sqrt(0.05) * rng.normal(size=3000)
        return np.where(for_it_N > np.quantile(for_it_N, 0.8), 1 - truth_N, truth_N)

    sides = (population(name, [made(k) for k in range(3)], truth_N, 2) for name in "ab")
    assert list(members_alike(*sides)) == []


def test_what_one_shares_the_other_has_to_share_too():
    """A member that makes all errors of another, and as many of its own, is no copy."""
    other, both = [member(*[1] * 4000)], one_of(50, 50, 4000)
    for a, b in (both, both[::-1]):
        assert not is_copied(a, b, other, 1)


def test_weak_members_beside_a_strong_one_are_not_copies():
    """They share four errors of five, as hard examples make them, and it makes none."""
    first_N, second_N = np.ones(20000, dtype=int), np.ones(20000, dtype=int)
    first_N[:500] = second_N[100:600] = 2
    assert not is_copied(member(*first_N), member(*second_N), [member(*[1] * 20000)], 1)


def test_grades_share_no_errors():
    a, b = (t._replace(graded=True) for t in one_of(50, 0))
    assert not is_copied(a, b, [member(*[1] * 400)], 1)
