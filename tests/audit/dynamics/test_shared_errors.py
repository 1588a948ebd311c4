"""Copies of which a few answers were changed are told from independent members by the errors that
others do not share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from undertow.audit.dynamics.kin import refuse_kin
from undertow.audit.dynamics.one_model import members_alike
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
def test_independent_members_of_one_recipe_are_never_one_model(members: int):
    assert sum(bool(found(seed, members)) for seed in range(100)) == 0


@pytest.mark.parametrize(("members", "least"), [(2, 36), (3, 36)])
@pytest.mark.parametrize("edited", [1, 3])
def test_a_copy_with_a_few_other_answers_is_mostly_told(members: int, least: int, edited: int):
    told = [found(seed, members, edited) for seed in range(40)]
    assert all(pairs in ([], [("a-0", "b-0", edited)]) for pairs in told)
    assert sum(map(len, told)) >= least


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
