"""``Told`` against what the sampler and the objective have."""

from __future__ import annotations

import math
import re

import pytest
import torch

import toys
from blobs import BlobsKept
from contracts.test_trainings import given as with_teacher
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.during import During
from undertow.lab.interventions.objective import DORO, GroupDRO, Robust
from undertow.lab.interventions.sampling import Balanced, Reducr
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Told
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised, SupervisedRun
from undertow.lab.trainings.training import Given
from undertow.records.probes import read_series

RECIPE = Recipe(epochs=3, batch=16, lr=0.05)
DATA = BlobsKept(train=40)
PHASES = Phases(("first", Supervised(RECIPE)), ("second", Supervised(RECIPE)))


def given(*acting, members=1):
    data = resident(DATA.load())
    population = Population("robust", DATA, MLP((8,)), RECIPE, members)
    seeds_M = [population.seeds.member("robust", m) for m in range(members)]
    models = [build_member(population, seeds, data, None) for seeds in seeds_M]
    return Given(data, models, seeds_M, acting, together=members > 1)


def series(training, given, saver=None):
    probing = Probing((Told(),))
    drive(training, given, saver=saver, probing=probing)
    return [kept.probed.series for kept in probing.kept_M]


@pytest.mark.parametrize(
    "goal",
    [Robust(update_every=2), Robust(0.5, groups="half", update_every=4), GroupDRO(step=1.0)],
    ids=repr,
)
def test_a_row_per_epoch_is_what_the_objective_had_then(goal):
    run, rows = SupervisedRun(RECIPE, given(goal)), []
    for t in range(run.steps):
        run.step(t)
        if run.ends_epoch(t):
            rows.append({name: float(v[0]) for name, v in run.objective.told().items()})
    (found,) = series(Supervised(RECIPE), given(goal))
    assert found["epoch"].to_list() == [1, 2, 3]
    assert set(found.columns) == {"epoch", *rows[0]}
    for row, expected in zip(found.rows(named=True), rows, strict=True):
        assert {n: row[n] for n in expected} == pytest.approx(expected, nan_ok=True)
    lambdas = [name for name in found.columns if name.startswith("lambda ")]
    assert sum(found.row(2, named=True)[name] for name in lambdas) == pytest.approx(1)
    assert len({found.row(e, named=True)[lambdas[0]] for e in range(3)}) > 1


def test_in_another_phase_there_is_nothing():
    (found,) = series(PHASES, given(During("first", Robust(update_every=1))))
    assert found.columns[:4] == ["epoch", "beta 0", "beta 1", "beta 2"]
    assert [math.isnan(v) for v in found["lambda 1"]] == [False] * 3 + [True] * 3


def test_what_a_sampler_has_stands_beside_what_the_objective_has():
    """Of ``Reducr`` the held-out losses are those of the epoch's beginning."""
    acting = (Reducr(0.4, eta=0.5), GroupDRO(step=1.0))
    run, rows = SupervisedRun(RECIPE, given_teacher(acting)), []
    for t in range(run.steps):
        run.step(t)
        if run.ends_epoch(t):
            rows.append([*run.sampling[0].log_w_C.exp(), *run.sampling[0].held_out_C])
    (found,) = series(Supervised(RECIPE), given_teacher(acting))
    own = [f"{word} {c}" for word in ("weight", "held_out_loss") for c in range(3)]
    assert set(found.columns) == {"epoch", *own, *(f"lambda {c}" for c in range(3))}
    assert found.select(own).rows() == [tuple(map(float, row)) for row in rows]
    assert len({row[0] for row in rows}) == 3


def given_teacher(acting):
    return with_teacher(resident(DATA.load()), acting)


def test_who_has_nothing_to_tell_has_no_series():
    assert series(Supervised(RECIPE), given(DORO(), Balanced(share=0.5))) == [None]
    assert series(Supervised(RECIPE), given()) == [None]
    assert series(toys.SignDescent(), given()) == [None]


def test_a_name_that_both_tell_is_refused():
    said = "the sampler and the objective both tell 'weight 0'; rename one of them"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        series(Supervised(RECIPE), given_teacher((Reducr(0.4), toys.RunningWeights())))


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("training", "acting", "members"),
    [
        (Supervised(RECIPE), (toys.HardestHalf(), Robust(update_every=1)), 1),
        (PHASES, (During("first", Robust(update_every=2)), During("second", GroupDRO())), 2),
    ],
    ids=["a sampler and an objective", "phases in a stack"],
)
def test_stopped_at_each_step_it_is_what_it_is_uninterrupted(training, acting, members, tmp_path):
    whole, shelf = series(training, given(*acting, members=members)), FolderShelf(tmp_path)
    for _ in range(1, training.steps(resident(DATA.load()))):
        saver = Saver(shelf, "0", asked=lambda: True)
        with pytest.raises(Stopped):
            series(training, given(*acting, members=members), saver)
    broken = series(training, given(*acting, members=members), Saver(shelf, "0"))
    for found, expected in zip(broken, whole, strict=True):
        assert found.columns == expected.columns
        assert found.equals(expected)


def test_each_member_of_a_stack_has_its_own():
    one, other = series(Supervised(RECIPE), given(Robust(update_every=1), members=2))
    assert one["lambda 0"].to_list() != other["lambda 0"].to_list()


def test_class_2_comes_before_class_10():
    told = {f"lambda {c}": torch.tensor([1.0]) for c in (10, 2, 0)} | {"beta x": torch.zeros(1)}
    run = Told().start(given(), 1)
    run.load_state_dict({"epoch": 1, "told": {"1": told}})
    (found,) = run.found()
    assert found.series.columns == ["epoch", "beta x", "lambda 0", "lambda 2", "lambda 10"]


def test_the_record_has_them(tmp_path):
    population = Population(
        "robust", DATA, MLP((8,)), RECIPE, 1, interventions=(Robust(update_every=2),),
        probes=(Told(),),
    )  # fmt: skip
    found = read_series(train_population(population, tmp_path, runner="loop"))
    assert found.columns[:3] == ["member", "epoch", "beta 0"]
    assert found.shape == (3, 2 + 3 * 3)


def test_looks_at_what_is_held_out_are_paid_for():
    (facts,) = drive(Supervised(RECIPE), given(Robust(update_every=2)))
    assert facts["backprops"] == 3 * 40
    assert facts["forwards"] == 3 * 40 + 4 * 30  # after every other of nine steps
