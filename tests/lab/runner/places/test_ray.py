"""Ray: the reference's bytes, whatever is lost on the way; one cluster on this machine for all fast
tests."""

from __future__ import annotations

import ast
import importlib
import os
import signal
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from blobs import Blobs, Fragile
from clusters import Counted, Mortal, Nowhere, Paced, alive, eventually, made, notes, work_of
from undertow.errors import UserError
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import OneShotPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.places import cluster
from undertow.lab.runner.places.cluster import RayCluster
from undertow.lab.runner.places.here import Here
from undertow.lab.runner.places.job import Failure

pytestmark = pytest.mark.heavy

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, flip=True, crop=1)
DENSE = Population("dense", Blobs(), MLP(hidden=(8,)), RECIPE, members=3)


@pytest.fixture(scope="module")
def place():
    with closing(RayCluster(None, 1, 1)) as place:
        yield place


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path)


def test_members_are_the_reference_byte_for_byte(place, tmp_path):
    work = work_of(DENSE, tmp_path, chunks=((0, 1), (2,)))
    dense = made(Here(), work)
    assert made(place, work) == dense
    for name, (_, _, weights) in dense.items():
        (tmp_path / name).write_bytes(weights)
    pruned = DENSE.under(OneShotPruning(0.5, finetune=Recipe(epochs=1, lr=0.01)), name="one shot")
    work = work_of(pruned, tmp_path, parents=tmp_path)
    assert made(place, work) == made(Here(), work)
    work = work_of(DENSE, tmp_path, chunks=((0, 1, 2),), how="stacked")
    assert made(place, work) == made(Here(), work)


@pytest.mark.parametrize("how", ["single", "stacked"])
def test_weights_of_teachers_reach_the_workers(place, tmp_path, how):
    for name, (_, _, weights) in made(Here(), work_of(DENSE, tmp_path)).items():
        (tmp_path / name).write_bytes(weights)
    for goal in (Distillation(temperature=2.0), Distillation(teacher_member=1)):
        student = DENSE.under(goal, name="student", teacher=DENSE)
        work = work_of(student, tmp_path, chunks=((0, 1, 2),), how=how, teachers=tmp_path)
        assert made(place, work) == made(Here(), work)


def test_news_come_while_tasks_run_and_before_the_result(place, tmp_path, folder):
    population = Population(
        "paced", Blobs(), Paced(0.02, folder), Recipe(epochs=3, batch=16, lr=0.05), members=2
    )
    seen = []
    with closing(place.results(work_of(population, tmp_path, ((0, 1),)), seen.append)) as results:
        for job, _ in results:
            own = [
                event.epoch for event in seen if event.member == job.id and event.kind == "epoch"
            ]
            assert own == [1, 2, 3]
    assert [event.kind for event in seen] == ["started", "epoch", "epoch", "epoch"] * 2
    assert len(seen) == 8


def test_a_member_that_fails_is_reported_and_the_others_arrive(place, tmp_path):
    seeds = DENSE.seeds.member("fragile", 1)
    population = Population("fragile", Blobs(), Fragile(bad=seeds["init"]), RECIPE, members=3)
    found = made(place, work_of(population, tmp_path, ((0, 1, 2),)))
    assert found["001"] == Failure(
        "RuntimeError: it broke on two lines (blobs.py, line 52, in build)"
    )
    assert all(isinstance(found[name], tuple) for name in ("000", "002"))


def test_one_thread_and_one_loading_of_data_per_process(place, tmp_path, folder):
    population = Population("paced", Counted(folder), Paced(0.0, folder), RECIPE, members=6)
    made(place, work_of(population, tmp_path, tuple((index,) for index in range(6))))
    built, loaded = notes(folder, "built"), notes(folder, "loaded")
    assert {threads for _, threads in built} == {"1"}
    assert len(built) == 6
    assert len(loaded) == len({pid for (pid,) in loaded}) == len({pid for pid, _ in built}) <= 2


def test_asked_to_stop_it_keeps_checkpoints_and_goes_on_later(place, tmp_path, folder, monkeypatch):
    monkeypatch.setitem(Saver.__init__.__kwdefaults__, "every", 0.0)
    population = Population(
        "paced", Blobs(), Paced(0.03, folder), Recipe(epochs=16, batch=16, lr=0.05), members=2
    )
    work, epochs = work_of(population, tmp_path, ((0,), (1,))), []
    monkeypatch.setattr(place, "asked", lambda: bool(epochs))
    with pytest.raises(Stopped):
        made(
            place, work, lambda event: epochs.append(event.epoch) if event.kind == "epoch" else None
        )
    kept = sorted(path.name for path in work.unfinished.iterdir())
    assert kept
    assert all(
        FolderShelf(work.unfinished).load(name.removesuffix(".safetensors")) for name in kept
    )
    monkeypatch.undo()
    again = []
    found = made(
        place, work, lambda event: again.append(event.epoch) if event.kind == "epoch" else None
    )
    assert again.count(1) == 2 - len(kept)
    assert found == made(Here(), work)


def test_stopping_drops_what_has_not_begun(place, tmp_path, folder, monkeypatch):
    monkeypatch.setitem(Saver.__init__.__kwdefaults__, "every", 0.0)
    population = Population(
        "paced", Blobs(), Paced(0.02, folder), Recipe(epochs=50, batch=16, lr=0.05), members=40
    )
    seen = []
    monkeypatch.setattr(place, "asked", lambda: "epoch" in seen)
    with pytest.raises(Stopped):
        made(
            place,
            work_of(population, tmp_path, [(index,) for index in range(40)]),
            lambda event: seen.append(event.kind),
        )
    assert seen.count("started") <= 2


@dataclass(frozen=True)
class Locked:
    lock: object = field(default_factory=threading.Lock)

    def load(self):
        return Blobs().load()


def test_a_population_that_cannot_be_sent_is_refused(place, tmp_path):
    population = Population("locked", Locked(), MLP(hidden=(8,)), RECIPE, members=1)
    with pytest.raises(UserError) as caught:
        made(place, work_of(population, tmp_path, ((0,),)))
    assert str(caught.value) == (
        "population 'locked' cannot be sent to another process (cannot pickle '_thread.lock' "
        "object); choose --runner loop, or keep out of its data, model and interventions what "
        "cannot be copied"
    )


def hidden(name, folder):
    """A population whose data are of a module in this folder."""
    (folder / f"{name}.py").write_text(
        "from blobs import Blobs\n\n\nclass Hidden(Blobs):\n    pass\n"
    )
    return Population(
        "hidden", importlib.import_module(name).Hidden(), MLP(hidden=(8,)), RECIPE, members=1
    )


def test_modules_beside_this_process_reach_workers_and_missing_ones_are_named(
    place, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    found = made(place, work_of(hidden("modules_here", tmp_path), tmp_path, ((0,),)))
    assert isinstance(found["000"], tuple)
    monkeypatch.setattr(cluster, "module_folders", lambda: ())
    population = hidden("modules_there", tmp_path)
    (tmp_path / "modules_there.py").unlink()
    with pytest.raises(UserError) as caught:
        made(place, work_of(population, tmp_path, ((0,),)))
    assert str(caught.value) == (
        "population 'hidden' cannot be read on a Ray worker (No module named 'modules_there'); "
        "install that module on every node, or put its folder where every node sees it under the "
        "same path"
    )


def test_data_that_a_worker_cannot_read_are_named(place, tmp_path):
    population = Population("lost", Nowhere(), MLP(hidden=(8,)), RECIPE, members=1)
    with pytest.raises(UserError) as caught:
        made(place, work_of(population, tmp_path, ((0,),)))
    assert str(caught.value) == (
        "population 'lost': its data cannot be read on a Ray worker ([Errno 2] No such file or "
        "directory: '/data/nowhere'); put them where every node sees them under the same path"
    )


def test_a_chunk_that_fits_nowhere_is_refused(place, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "cpus", 512)
    with pytest.raises(UserError) as caught:
        made(place, work_of(DENSE, tmp_path))
    assert str(caught.value) == (
        "no machine of the Ray cluster has 512 CPU, which one chunk needs: add one, or ask for less"
    )


def test_a_member_that_kills_its_worker_too_often_fails_and_the_others_arrive(
    place, tmp_path, folder, monkeypatch
):
    monkeypatch.setattr(place, "retries", 1)
    seeds = DENSE.seeds.member("mortal", 1)
    population = Population("mortal", Blobs(), Mortal(seeds["init"], folder), RECIPE, members=4)
    found = made(place, work_of(population, tmp_path, ((0, 1, 2), (3,))))
    assert len(list(tmp_path.glob("died-*"))) == 2
    why = (
        "WorkerCrashedError: The worker died unexpectedly while executing this task. Check "
        "python-core-worker-*.log"
    )
    assert isinstance(found["001"], Failure)
    assert found["001"].reason.startswith(f"its worker was lost 2 times ({why}")
    assert all(isinstance(found[name], tuple) for name in ("000", "002", "003"))


@pytest.mark.slow
@pytest.mark.parametrize("how", ["single", "stacked"])
def test_a_killed_worker_goes_on_from_its_checkpoint(place, tmp_path, folder, monkeypatch, how):
    # set by the model; restored after this test
    monkeypatch.setitem(Saver.__init__.__kwdefaults__, "every", 0.0)
    recipe = Recipe(epochs=12, batch=16, lr=0.05)
    population = Population("paced", Blobs(), Paced(0.02, folder), recipe, members=2)
    work, epochs = work_of(population, tmp_path, ((0, 1),), how), []

    def watch(event):
        if event.kind == "epoch":
            epochs.append((event.member, event.epoch))
            builders = {int(pid) for pid, _ in notes(folder, "built")}
            if event.epoch >= 5 and len(builders) == 1:
                os.kill(*builders, signal.SIGKILL)

    found = made(place, work, watch)
    assert len({pid for pid, _ in notes(folder, "built")}) == 2
    early = [epoch for _, epoch in epochs if epoch <= 3]
    assert sorted(early) == [1, 1, 2, 2, 3, 3]  # no member began twice
    assert set(epochs) == {(member, epoch) for member in ("000", "001") for epoch in range(1, 13)}
    assert found == made(Here(), work)


def test_closing_early_ends_what_trains(place, tmp_path, folder):
    population = Population(
        "paced", Blobs(), Paced(0.05, folder), Recipe(epochs=200, batch=16, lr=0.05), members=4
    )

    def watch(event):
        if event.kind == "epoch":
            raise KeyboardInterrupt

    results = place.results(work_of(population, tmp_path, ((0,), (1,), (2,), (3,))), watch)
    with pytest.raises(KeyboardInterrupt), closing(results):
        next(results)
    busy = {int(pid) for pid, _ in notes(folder, "built")}
    assert busy
    assert eventually(lambda: not any(alive(pid) for pid in busy))
    time.sleep(0.5)
    assert {int(pid) for pid, _ in notes(folder, "built")} == busy  # nothing was started again


def test_ray_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError) as caught:
        made(RayCluster(None, 1, 1), work_of(DENSE, tmp_path))
    assert str(caught.value) == (
        "Ray is not installed; run pip install '.[ray]' in Undertow's checkout, or pip install"
        " 'PATH/TO/undertow.whl[ray]'"
    )


class NotStarted:
    """Ray as it is before anybody uses it."""

    @staticmethod
    def is_initialized():
        return False


def test_a_cluster_out_of_reach(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_imported", NotStarted)
    for address, why in {
        "127.0.0.1:9": "no Ray cluster can be reached there ([Errno 111] Connection refused); "
        "start one with ray start --head, or leave --address out to use this machine alone",
        "ray://127.0.0.1:10001": "results cannot be streamed to Ray's client; run this on a "
        "machine of the cluster, with --address auto",
    }.items():
        with pytest.raises(UserError) as caught:
            made(RayCluster(address, 1, 1), work_of(DENSE, tmp_path))
        assert str(caught.value) == f"--address {address}: {why}"


def test_importing_the_place_imports_no_ray():
    for module in ("cluster", "cluster_worker", "cluster_keeper"):
        tree = ast.parse(Path(cluster.__file__).with_name(f"{module}.py").read_text())
        names = [
            n.module if isinstance(n, ast.ImportFrom) else n.names[0].name
            for n in tree.body
            if hasattr(n, "names")
        ]
        assert not [name for name in names if name and name.split(".")[0] == "ray"]
