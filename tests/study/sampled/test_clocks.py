"""Time to a target on hand-made curves, and what real members of a sampler had spent."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blobs import Blobs
from undertow.lab.interventions.sampling import SelectiveBackprop
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Choices, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.study import Results
from undertow.study.sampled import Sampled, clocks
from undertow.study.sampled.clocks import BACK, CLOCKS, COST, SECONDS, Curve, times
from undertow.study.trained import Trained

SPENT = np.array([[10.0, 20.0, 30.0, 40.0]])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param((0.5, 0.4, 0.4, 0.3), math.inf, id="never reached"),
        pytest.param((0.1, 0.4, 0.3, 0.3), 10, id="reached at the first epoch and lost again"),
        pytest.param((0.5, 0.2, 0.4, 0.1), 20, id="a tie with the target counts"),
        pytest.param((0.5, 0.1, 0.1, 0.1), 20, id="the first of equal ones"),
        pytest.param((0.5, 0.21, 0.19, 0.1), 30, id="between two epochs, the later one"),
        pytest.param((0.5, math.nan, 0.3, 0.1), 40, id="no error is no success"),
    ],
)
def test_time_to_target_is_that_of_the_first_epoch_at_it(
    error: tuple[float, ...], expected: float
) -> None:
    assert times(np.array([error]), SPENT, 0.2).tolist() == [expected]


def test_each_member_has_a_time_of_its_own() -> None:
    error_ME = np.array([[0.5, 0.2], [0.5, 0.5], [0.1, 0.2]])
    spent_ME = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]])
    assert times(error_ME, spent_ME, 0.2).tolist() == [2.0, math.inf, 3.0]


def curves(monkeypatch: pytest.MonkeyPatch, error_ME: list[list[float]]) -> None:
    """Base members reach .12 at their second epoch, by 20 and 22 back-props."""
    base_ME = np.array([[0.5, 0.1], [0.5, 0.1]])
    spent_ME = np.array([[10.0, 20.0], [10.0, 22.0]])
    both = {
        "all": Curve((1, 2), base_ME, {BACK: spent_ME, COST: 3 * spent_ME}),
        "some": Curve((1, 2), np.array(error_ME), {BACK: spent_ME / 2, COST: 2 * spent_ME}),
    }
    monkeypatch.setattr(Sampled, "of", lambda self, arm, column: arm)
    monkeypatch.setattr(Sampled, "error", lambda self, arm, column: np.array([0.1, 0.1]))
    monkeypatch.setattr(clocks, "curve", lambda arm: both[arm])


SOME = Sampled(None, ("clean",), "all")  # type: ignore[arg-type]


def test_a_speed_up_takes_all_members(monkeypatch: pytest.MonkeyPatch) -> None:
    curves(monkeypatch, [[0.5, 0.12], [0.5, 0.3]])
    found = clocks.speed_up(SOME, "some", "clean")
    assert (found.reached, found.members, found.by_clock) == (1, 2, {})


def test_a_speed_up_is_one_on_each_clock_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    curves(monkeypatch, [[0.5, 0.1], [0.5, 0.12]])
    found = clocks.speed_up(SOME, "some", "clean")
    assert found.reached == 2
    assert {clock: ratio.value for clock, ratio in found.by_clock.items()} == pytest.approx(
        {BACK: 2.0, COST: 1.5}
    )
    ratio = found.by_clock[BACK]
    assert ratio.low < 2 < ratio.high


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    recipe = Recipe(epochs=3, batch=8, lr=0.1)
    probes = (Trace(clean=True, part="test", every=2), Choices())
    everything = Population("all, clean", Blobs(), MLP((6,)), recipe, 3, probes=probes)
    some = everything.under(SelectiveBackprop(beta=2), name="some, clean")
    out = tmp_path_factory.mktemp("sampled")
    folders = {p.name: train_population(p, out, runner="loop") for p in (everything, some)}
    return Results(None, {name: Trained(folder) for name, folder in folders.items()})  # type: ignore[arg-type]


@pytest.mark.heavy
def test_a_score_is_a_forward_pass_and_a_back_prop_two(results: Results) -> None:
    everything, some = (
        clocks.curve(Sampled(results, ("clean",), "all").of(arm, "clean"))
        for arm in ("all", "some")
    )
    assert everything.epochs == some.epochs == (2, 3)
    assert set(everything.spent) == set(CLOCKS)
    examples = everything.spent[BACK][0, 0] / 2
    np.testing.assert_allclose(everything.spent[BACK], examples * np.array([[2, 3]] * 3))
    np.testing.assert_allclose(everything.spent[COST], 3 * everything.spent[BACK])
    # after a first epoch that scores nothing: a forward for each candidate, three for each chosen
    candidates = examples * np.array([[1, 2]] * 3)
    np.testing.assert_allclose(some.spent[COST], candidates + 3 * some.spent[BACK])


@pytest.mark.heavy
def test_seconds_are_a_members_own_and_end_at_all_of_them(results: Results) -> None:
    members = results.of("some, clean")
    told = json.loads((members.folder / "timings.json").read_text())
    assert members.seconds.tolist() == [told["processor"][name] for name in members.ids]
    assert sum(told["processor"].values()) < 1.1 * sum(told["members"].values()), "one thread"
    np.testing.assert_allclose(clocks.curve(members).spent[SECONDS][:, -1], members.seconds)
    final = 1 - clocks.curve(members).error_ME[:, -1]
    np.testing.assert_allclose(final, members.fact("accuracy"))


@pytest.mark.heavy
def test_a_stack_has_no_seconds_of_members_and_lost_ones_are_none(tmp_path: Path) -> None:
    recipe = Recipe(epochs=1, batch=8, lr=0.1)
    population = Population("all", Blobs(), MLP((6,)), recipe, 2, probes=(Choices(),))
    stacked = Trained(train_population(population, tmp_path, runner="stacked", workers=1))
    with pytest.raises(KeyError, match="was trained in stacks of 2: one clock for all"):
        _ = stacked.seconds
    assert set(clocks.spent_by(stacked)) == {BACK, COST}
    other = replace(population, name="lost")
    lost = Trained(train_population(other, tmp_path, runner="loop"))
    timings = lost.folder / "timings.json"
    wall = {"members": {name: 2.0 + i for i, name in enumerate(lost.ids)}}
    timings.write_text(json.dumps(wall))
    told = Trained(lost.folder).seconds.tolist()
    assert told == [2.0, 3.0], "a log of one clock, as older versions wrote it"
    timings.unlink()
    with pytest.raises(KeyError, match="has no seconds of each member"):
        _ = lost.seconds
