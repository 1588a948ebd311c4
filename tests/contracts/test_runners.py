"""Every runner writes the same bytes, resumes to the same bytes, and stops when told."""

import multiprocessing

import pytest

from blobs import Blobs
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, RandomPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.train.population import train_population
from undertow.lab.train.recipe import Recipe

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, flip=True, crop=1)
DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), RECIPE, members=3)
ARMS = [
    DENSE,
    DENSE.under(MagnitudePruning(sparsity=0.5), name="pruned"),
    DENSE.under(RandomPruning(sparsity=0.5), name="random"),
    DENSE.under(OneShotPruning(0.5, finetune=Recipe(epochs=1, lr=0.01)), name="one shot"),
]
RUNNERS = ["processes"]
"""All but ``loop``, which is the reference."""


def record(folder):
    """Every byte of the record under this folder: all but the log and the weights."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name != "timings.json" and path.parent.name != "weights"
    }


def weights(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*/weights/*"))}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    out = tmp_path_factory.mktemp("loop")
    for arm in ARMS:
        train_population(arm, out, runner="loop")
    return out


def test_the_reference_is_whole(reference):
    assert len(record(reference)) == len(ARMS) * (1 + 1 + DENSE.members)


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_runner_writes_what_the_loop_writes(reference, runner, tmp_path):
    for arm in ARMS:
        train_population(arm, tmp_path, runner=runner, workers=2)
    got = {
        name: data.replace(f'"runner": "{runner}"'.encode(), b'"runner": "loop"')
        for name, data in record(tmp_path).items()
    }
    assert got == record(reference)
    assert weights(tmp_path) == weights(reference)


@pytest.mark.parametrize("runner", ["loop", *RUNNERS])
def test_an_interrupted_run_stops_and_resumes_to_the_same_bytes(runner, tmp_path):
    def interrupt(event):
        if event.kind == "done":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_population(DENSE, tmp_path / "broken", runner=runner, workers=1, progress=interrupt)
    assert multiprocessing.active_children() == []
    assert not (tmp_path / "broken" / "dense" / "manifest.json").exists()
    kinds = []
    train_population(DENSE, tmp_path / "broken", runner=runner, workers=1, progress=lambda e: kinds.append(e.kind))
    assert (kinds.count("kept"), kinds.count("done")) == (1, 2)
    train_population(DENSE, tmp_path / "whole", runner=runner, workers=1)
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
