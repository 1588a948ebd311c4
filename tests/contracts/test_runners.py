"""Every runner writes what the loop writes, resumes to the same bytes, and stops when told."""

import json
import multiprocessing
import shutil
from dataclasses import replace

import numpy as np
import pytest

from blobs import Blobs
from folders import as_the_loops, record, weights
from undertow.lab.interventions.weights import (
    MagnitudePruning,
    OneShotPruning,
    RandomPruning,
    WeightQuantization,
)
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer, train_population
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, flip=True, crop=1)
DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), RECIPE, members=3)
ARMS = [
    DENSE,
    DENSE.under(MagnitudePruning(sparsity=0.5), name="pruned"),
    DENSE.under(RandomPruning(sparsity=0.5), name="random"),
    DENSE.under(OneShotPruning(0.5, finetune=Recipe(epochs=1, lr=0.01)), name="one shot"),
]
RUNNERS = ["processes"]
"""Those that give the bytes of ``loop``, which is the reference."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    out = tmp_path_factory.mktemp("loop")
    for arm in ARMS:
        train_population(arm, out, runner="loop")
    return out


@pytest.mark.heavy
def test_the_reference_is_whole(reference):
    assert len(record(reference)) == len(ARMS) * (1 + 1 + DENSE.members)


@pytest.mark.heavy
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_runner_writes_what_the_loop_writes(reference, runner, tmp_path):
    for arm in ARMS:
        train_population(arm, tmp_path, runner=runner, workers=2)
    assert as_the_loops(tmp_path) == record(reference)
    assert weights(tmp_path) == weights(reference)


@pytest.mark.heavy
def test_stacked_members_are_the_loops_in_float64(tmp_path):
    exact = replace(DENSE, recipe=replace(RECIPE, precision="float64"))
    finetune = Recipe(epochs=1, lr=0.01, precision="float64")
    arms = [
        exact,
        exact.under(MagnitudePruning(sparsity=0.5), name="pruned"),
        exact.under(OneShotPruning(0.5, finetune=finetune), WeightQuantization(8), name="one shot"),
    ]
    for arm in arms:
        one = read_population(train_population(arm, tmp_path / "loop", runner="loop"))
        other = read_population(
            train_population(arm, tmp_path / "stacked", runner="stacked", workers=1)
        )
        assert other.manifest.runner == "stacked/3"
        assert np.array_equal(one.pred_MN, other.pred_MN)
        np.testing.assert_allclose(other.proba_MNC, one.proba_MNC, atol=1e-7)
        for a, b in zip(one.members, other.members, strict=True):
            assert (a.id, a.seeds, a.parent) == (b.id, b.seeds, b.parent)
            assert b.facts == pytest.approx(a.facts, abs=1e-10)


def test_a_resumed_stack_holds_the_members_it_held(tmp_path):
    """In chunks of two: of five members one is lost, and its stack is trained again for it
    alone."""
    five = replace(DENSE, members=5)
    machine = Machine("stacked", workers=1, chunk=2)
    with Trainer(tmp_path / "whole", machine) as trainer:
        trainer.train(five)
    shutil.copytree(tmp_path / "whole", tmp_path / "broken")
    (tmp_path / "broken" / "dense" / "members" / "002.parquet").unlink()
    events = []
    with Trainer(tmp_path / "broken", machine, progress=events.append) as trainer:
        trainer.train(five)
    assert [e.member for e in events if e.kind == "started"] == ["002", "003"]
    assert [e.member for e in events if e.kind == "done"] == ["002"]
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
    assert (
        json.loads((tmp_path / "whole" / "dense" / "manifest.json").read_text())["runner"]
        == "stacked/2"
    )


@pytest.mark.heavy
def test_stacks_in_processes_give_the_bytes_of_stacks_here(tmp_path):
    four = replace(DENSE, members=4)
    for workers in (1, 2):
        with Trainer(
            tmp_path / str(workers), Machine("stacked", workers=workers, chunk=2)
        ) as trainer:
            trainer.train(four)
    assert record(tmp_path / "1") == record(tmp_path / "2")


@pytest.mark.parametrize(
    "runner", ["loop", pytest.param("processes", marks=pytest.mark.heavy), "stacked"]
)
def test_an_interrupted_run_stops_and_resumes_to_the_same_bytes(runner, tmp_path):
    def interrupt(event):
        if event.kind == "done":
            raise KeyboardInterrupt

    def told(event):
        kinds.append(event.kind)

    with pytest.raises(KeyboardInterrupt):
        train_population(DENSE, tmp_path / "broken", runner=runner, workers=1, progress=interrupt)
    assert multiprocessing.active_children() == []
    assert not (tmp_path / "broken" / "dense" / "manifest.json").exists()
    kinds = []
    train_population(DENSE, tmp_path / "broken", runner=runner, workers=1, progress=told)
    assert (kinds.count("kept"), kinds.count("done")) == (1, 2)
    train_population(DENSE, tmp_path / "whole", runner=runner, workers=1)
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
