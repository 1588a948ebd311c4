"""The simulations behind docs: their worlds are what they say, and each script runs from its
command line to its page.

A world that is no null, or loses another share than it says, would make its figures worthless and
nobody would notice.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import cells
import interval_coverage
import latent
import limit_worlds
import limits
import null_worlds
import power
import reference_runs
from latent import Spread, World

pytestmark = pytest.mark.heavy

WORLDS = {world.name: world for world in null_worlds.WORLDS}


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


# Latent worlds.


@pytest.mark.parametrize("name", [n for n, w in WORLDS.items() if not w.recipe])
def test_both_sides_have_one_mean_chance_on_every_example_of_a_null_world(name: str) -> None:
    drawn = latent.draw(WORLDS[name], rng())
    np.testing.assert_array_equal(drawn.expected_ref_N, drawn.expected_var_N)
    assert len({row.shape for row in (*drawn.outcome_ref_MN, *drawn.outcome_var_MN)}) == 1


@pytest.mark.parametrize("name", [n for n, w in WORLDS.items() if "examples" in w.about])
def test_what_is_a_null_about_examples_has_no_member_with_an_ability_of_its_own_side(
    name: str,
) -> None:
    world = WORLDS[name]
    alike = (
        world.spread.ability == world.spread.skill == world.shift == 0
        and world.variant_spread is None
    )
    assert alike or (world.kin and world.shift == 0 and world.members[0] == world.members[1])


@pytest.mark.parametrize("name", [n for n, w in WORLDS.items() if w.recipe])
def test_recipes_that_differ_by_example_are_equal_over_new_examples_alone(name: str) -> None:
    world = WORLDS[name]
    assert "members" not in world.about
    drawn = latent.draw(replace(world, members=(1, 1), examples=30_000), rng())
    change_N = drawn.expected_var_N - drawn.expected_ref_N
    assert change_N.std() > 0.05
    assert abs(change_N.mean()) < 5 * change_N.std() / np.sqrt(30_000 / world.clusters)
    here_G = np.bincount(drawn.slice_N, drawn.expected_ref_N) / np.bincount(drawn.slice_N)
    np.testing.assert_allclose(
        here_G, latent.expected_G(world)[0], atol=0.05 if world.clusters > 1 else 0.02
    )


def test_members_answer_with_the_chance_that_is_expected_of_them() -> None:
    """Also those of the side whose spread is another: its logits are moved so that the mean
    stays."""
    world = World(
        "w",
        (4000, 4000),
        spread=Spread(0.5, 0.3),
        variant_spread=Spread(1.5, 0.9, tail="heavy"),
        examples=40,
    )
    drawn = latent.draw(world, rng())
    for outcome_MN in (drawn.outcome_ref_MN, drawn.outcome_var_MN):
        np.testing.assert_allclose(outcome_MN.mean(axis=0), drawn.expected_ref_N, atol=0.035)
        assert abs(float((outcome_MN.mean(axis=0) - drawn.expected_ref_N).mean())) < 0.015


def test_the_population_of_a_slice_is_the_mean_over_new_examples_and_loses_what_it_says() -> None:
    world = latent.losing(World("w", (2, 2), examples=50_000), 8, (3,))
    before_G, after_G = latent.expected_G(world)
    np.testing.assert_allclose(after_G - before_G, [0, 0, 0, -0.08, 0, 0, 0, 0, 0, 0], atol=1e-12)
    drawn = latent.draw(world, rng())
    for outcome_MN, expected_N, true_G in zip(
        drawn[:2], drawn[4:], (before_G, after_G), strict=True
    ):
        here_G = np.bincount(drawn.slice_N, expected_N) / np.bincount(drawn.slice_N)
        np.testing.assert_allclose(here_G, true_G, atol=0.016)
        assert outcome_MN.shape == (2, 50_000)


def test_runs_of_one_model_differ_in_what_is_redrawn_and_equal_examples_are_answered_alike() -> (
    None
):
    exact, noisy, twice = (latent.draw(WORLDS[f"{name}"], rng()).outcome_ref_MN for name in (
        "4 copies v 4 "
        "copies", "4 copies v 4 copies, 2 % noise", "8 v 8, each side 4 models twice"))  # fmt: skip
    assert (exact == exact[0]).all()
    assert 0 < (noisy != noisy[0]).mean() < 0.02
    assert (twice[0] == twice[1]).all()
    assert (twice[1] != twice[2]).any()
    copied = latent.draw(WORLDS["1 v 1, 200 × 10 copies of examples"], rng())
    assert (
        copied.outcome_var_MN.reshape(200, 10) == copied.outcome_var_MN.reshape(200, 10)[:, :1]
    ).all()
    assert copied.examples["content_hash"].n_unique() == 200


def test_grades_cancel_in_the_mean_and_records_keep_what_was_drawn() -> None:
    for grades in ("rare losses", "rare gains"):
        world = World("g", (1, 1), spread=Spread(), grades=grades, examples=100_000)
        drawn = latent.draw(world, rng())
        assert abs(float((drawn.outcome_var_MN - drawn.outcome_ref_MN).mean())) < 0.001
    pairs = WORLDS["3 pairs"]
    drawn = latent.draw(pairs, rng())
    reference, variant = latent.as_records(pairs, drawn)
    np.testing.assert_array_equal(reference.correct_MN, drawn.outcome_ref_MN)
    np.testing.assert_array_equal(variant.correct_MN, drawn.outcome_var_MN)
    assert [m.parent for m in variant.members] == [m.id for m in reference.members]


def test_slices_that_are_tiny_and_nested_and_clusters_within_them() -> None:
    frame = latent.draw(WORLDS["1 v 1, tiny and nested slices"], rng()).examples
    assert frame["group"].value_counts()["count"].sort().to_list() == [
        3,
        5,
        8,
        12,
        20,
        30,
        50,
        80,
        120,
        172,
    ]
    assert frame["part"].n_unique() == 18  # The two smallest have no rest.
    clustered = latent.draw(WORLDS["1 v 1, clusters of 10"], rng()).examples
    assert (clustered.group_by("cluster").len()["len"] == 10).all()
    assert (clustered.group_by("cluster").n_unique()["group"] == 1).all()


# Worlds at a limit.


@pytest.mark.parametrize(
    "world", [w for w in limits.drawn_worlds() if w.limit == 0.02 and w.size <= 100], ids=str
)
def test_a_limit_world_loses_exactly_the_drop(world: limit_worlds.LimitWorld) -> None:
    for drop in (0.0, world.limit):
        lost = np.array(
            [limit_worlds.true_drop(world, drop, np.random.default_rng(s), 60) for s in range(25)]
        )
        assert abs(lost.mean() - drop) < 4.5 * lost.std(ddof=1) / 5 + 1e-9


def test_graded_worlds_hold_scores_that_are_not_only_right_and_wrong() -> None:
    for world in limits.drawn_worlds():
        if limit_worlds.is_graded(world) and world.limit == 0.05:
            made = limit_worlds.draw(world, 0.05, rng(), 40)
            assert 0 <= made.after_MN.min() <= made.after_MN.max() <= 1
            assert len(np.unique(made.before_MN)) == 1
            assert not set(np.unique(made.after_MN)) <= {0.0, 1.0}


def test_chances_of_counts_are_a_distribution_whose_mean_is_the_drop() -> None:
    lost, gained = (
        side.ravel().astype(float) for side in np.meshgrid(np.arange(31), np.arange(31))
    )
    kept = lost + gained <= 30
    mass = limits.chances(lost[kept], gained[kept], 30, 0.2, 0.05)
    assert mass.sum() == pytest.approx(1)
    assert mass @ (lost - gained)[kept] == pytest.approx(30 * 0.05)


def test_tangos_score_is_the_one_published_and_normal_in_large_samples() -> None:
    """z of no difference is McNemar's (b − c)/√(b + c)."""
    assert limits.tango(np.array([12.0]), np.array([4.0]), 100, 0.0)[0] == pytest.approx(
        -8 / np.sqrt(16)
    )
    wald = (-900 + 0.01 * 100_000) / np.sqrt(5_100 - 900**2 / 100_000)
    assert limits.tango(np.array([3000.0]), np.array([2100.0]), 100_000, 0.01)[0] == pytest.approx(
        wald, rel=0.01
    )


def test_classical_limits_are_those_of_scipy() -> None:
    from scipy import stats

    graded = limit_worlds.LimitWorld("graded", "noisy", 12, 0.02)
    batch = limit_worlds.draw(graded, 0.02, rng(), 3)
    low, high = limits.classical(graded, batch)
    change = (batch.after_MN - batch.before_MN).reshape(3, 12)
    expected = stats.t.interval(0.9, 11, change.mean(axis=1), stats.sem(change, axis=1))
    np.testing.assert_allclose([low, high], expected)
    unpaired = limit_worlds.LimitWorld(
        "members", "gains and losses", 30, 0.02, (4, 4), False, "both"
    )
    batch = limit_worlds.draw(unpaired, 0.02, rng(), 3)
    sides = [side.reshape(4, 3, 30).mean(axis=2) for side in batch[:2]]
    interval = stats.ttest_ind(sides[1], sides[0], equal_var=False).confidence_interval(0.9)
    np.testing.assert_allclose(limits.classical(unpaired, batch), interval)


def test_the_rule_on_many_replicates_decides_as_the_whole_gate_on_one() -> None:
    """So what is measured is what people run."""
    counts = [(0, 0), (3, 0), (9, 0), (2, 8)]
    together = limits.decided(*limits.counted(counts, 150), 0.02, "examples")
    alone = [limits.gated(*limits.counted([pair], 150), 0.02, "examples") for pair in counts]
    assert together == alone
    assert len(set(together)) > 1


# What is kept.


def counted_one(cell: Any, index: int) -> dict[str, float]:
    return {"index": float(index), "smallest index": float(index)}


def given(tmp_path: Path, count: int, **more: Any) -> Any:
    defaults = {
        "world": "",
        "before": False,
        "keep": False,
        "out": tmp_path / "page.md",
        "workers": 1,
    }
    return type("Given", (), {**defaults, "count": count, **more})()


@pytest.mark.heavy
def test_a_stopped_simulation_goes_on_where_it_was(tmp_path: Path) -> None:
    cells.run(given(tmp_path, 3), {"a": 1, "b": 2}, counted_one, chunk=2)
    kept = cells.run(given(tmp_path, 5, world="b"), {"a": 1, "b": 2}, counted_one, chunk=2)
    assert {key: f.replicates for key, f in kept.items()} == {"a": 3, "b": 5}
    assert kept["b"].sums == {"index": 10.0, "smallest index": 0.0}
    assert kept["b"].error("index") == pytest.approx(np.std(range(5)) / np.sqrt(5))
    assert cells.read(tmp_path / "page.json") == kept


@pytest.mark.heavy
def test_figures_of_another_description_are_made_anew_unless_they_are_to_stay(
    tmp_path: Path,
) -> None:
    cells.run(given(tmp_path, 3), {"a": 1}, counted_one)
    assert (
        cells.run(given(tmp_path, 4, keep=True), {"a": "other"}, counted_one)["a"].replicates == 4
    )
    assert cells.run(given(tmp_path, 2), {"a": "other"}, counted_one)["a"].replicates == 2


def test_figures_of_before_stand_beside_any_scope_where_none_could_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {"w | members": 1, "w | both": 2, "v | both": 3}
    monkeypatch.setattr(latent, "SCOPED", False)
    assert cells.asked_once(asked) == {"w | members": 1, "v | both": 3}
    before = {key: cells.Figures(1, "", {}, {}) for key in ("w | members", "v | both")}
    assert cells.of_before(before, "w | both") == "w | members"
    monkeypatch.setattr(latent, "SCOPED", True)
    assert cells.asked_once(asked) == asked


SMALL = [
    (null_worlds, "--audits", "3 v 3", "| 3 v 3 | both |"),
    (
        limits,
        "--draws",
        "graded: noisy, 10 examples, limit 2",
        "| noisy, 10 examples, limit 2, examples |",
    ),
    (limits, "--draws", "exact: 40 examples, limit 5", "| 40 | 5 |"),
    (power, "--audits", "6 v 6, 8 points | members", "| 6 v 6 | 8 | members |"),
    (
        interval_coverage,
        "--audits",
        "6 pairs, slices alike, 4 points | both",
        "| 6 pairs, slices alike | 4 | both |",
    ),
    (
        reference_runs,
        "--worlds",
        "equal models, 4",
        "| equal models, 4 points, about examples | v 1 | now |",
    ),
]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("script", "count", "world", "row"), SMALL, ids=lambda value: getattr(value, "__name__", "")
)
def test_each_script_runs_from_its_command_line_to_its_page(
    script: ModuleType,
    count: str,
    world: str,
    row: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = tmp_path / "page.md"
    runs = (["--before"], []) if script is null_worlds else ([],)
    for more in runs:
        command = [
            "x.py",
            count,
            "1",
            "--world",
            world,
            "--workers",
            "1",
            "--out",
            str(page),
            *more,
        ]
        monkeypatch.setattr(sys, "argv", command)
        script.main()
    text = page.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith(row))
    assert any(character.isdigit() for character in line.removeprefix(row))
    assert ("– →" in line) == (len(runs) == 1 and "→" in line)
    assert all(
        len(line) <= 120 for line in text.splitlines() if line[:1] not in "|#" and "`" not in line
    )
    kept = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))
    assert {figures["replicates"] for figures in kept.values()} == {1}
    assert (tmp_path / "page-before.json").exists() == (len(runs) == 2)


def test_figures_are_begun_anew_for_code_and_not_for_words() -> None:
    code = 'def f(x):\n    """Doubles."""\n    return x * 2 if x else error("no x")  # why\n'
    said = 'def f(x):\n    """Twice."""\n    return x * 2 if x else error("give x")\n'
    assert cells.wordless(code) == cells.wordless(said)
    assert cells.wordless(code) != cells.wordless(code.replace("2", "3"))
