"""Several Ray machines, played by one: one comes late, one is lost while members train."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from blobs import Blobs
from clusters import Paced, Talkative, alive, eventually, made, notes, work_of
from undertow.errors import UserError
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import Saver
from undertow.lab.runner.places import cluster as cluster_place
from undertow.lab.runner.places.cluster import RayCluster
from undertow.lab.runner.places.here import Here


@contextmanager
def machines(count):
    """A cluster of a head that trains nothing and ``count`` machines with one CPU each."""
    from ray.cluster_utils import Cluster  # Here, or collecting tests would wait for it.

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        for _ in range(count):
            cluster.add_node(num_cpus=1)
        yield cluster
    finally:
        cluster.shutdown()


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(") ")[1].split()[1])
    except OSError:
        return 0


def lose_machine(worker):
    """Kill the Ray daemon that started this worker, and all that it started: everything a machine
    has of Ray."""
    daemon = parent_of(worker)
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    lost = [daemon, *(pid for pid in pids if parent_of(pid) == daemon)]
    for pid in lost:
        os.kill(pid, signal.SIGKILL)
    return lost


@pytest.mark.heavy
def test_it_waits_for_a_machine_and_says_so_once(tmp_path, monkeypatch, capfd):
    """What workers print stays with them."""
    monkeypatch.setattr(cluster_place, "REACH", 0.5)  # it looks that often
    recipe = Recipe(epochs=10, batch=16, lr=0.05)
    population = Population("talk", Blobs(), Talkative(0.05, str(tmp_path)), recipe, members=1)
    events, polls = [], []

    def asked():
        polls.append(None)
        if len(polls) == 10:  # it has looked several times
            empty.add_node(num_cpus=1)
        return False

    with (
        machines(0) as empty,
        closing(RayCluster(empty.address, 1, 1, asked=asked)) as place,
    ):
        found = made(place, work_of(population, tmp_path, ((0,),)), events.append)
    said = [(event.member, event.reason) for event in events if event.kind == "note"]
    assert said == [("", "waiting for a machine with 1 CPU")]
    assert isinstance(found["000"], tuple)
    assert "a worker is talking" not in "".join(capfd.readouterr())


@pytest.mark.heavy
def test_it_waits_no_longer_than_its_patience(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_place, "REACH", 0.5)
    monkeypatch.setattr(cluster_place, "PATIENCE", 6.0)
    population = Population("dense", Blobs(), MLP((8,)), Recipe(epochs=1), members=1)
    events = []
    with (
        machines(0) as empty,
        closing(RayCluster(empty.address, 1, 1)) as place,
        pytest.raises(UserError) as caught,
    ):
        made(place, work_of(population, tmp_path, ((0,),)), events.append)
    assert str(caught.value) == (
        "no machine of the Ray cluster has 1 CPU, which one chunk needs: add one, or ask for less"
    )
    assert [event.reason for event in events] == ["waiting for a machine with 1 CPU"]


@pytest.mark.slow
def test_a_lost_machine_costs_nothing_but_time(tmp_path, monkeypatch):
    # set by the model; restored after this test
    monkeypatch.setitem(Saver.__init__.__kwdefaults__, "every", 0.0)
    recipe = Recipe(epochs=20, batch=16, lr=0.05, flip=True, crop=1)
    population = Population("paced", Blobs(), Paced(0.02, str(tmp_path)), recipe, members=8)
    work, events, lost = work_of(population, tmp_path, ((0, 1), (2, 3), (4, 5), (6, 7))), [], []

    def watch(event):
        events.append(event)
        if not lost and event.kind == "epoch" and event.epoch == 10 and event.member == "003":
            busy = sorted(tmp_path.glob("built-*"), key=lambda path: path.stat().st_mtime)[-1]
            lost.extend(lose_machine(int(busy.name.split("-")[1])))

    with machines(2) as several, closing(RayCluster(several.address, 1, 1)) as place:
        found = made(place, work, watch)
    assert len(lost) >= 2
    assert not any(alive(pid) for pid in lost)
    epochs = [(event.member, event.epoch) for event in events if event.kind == "epoch"]
    assert set(epochs) == {
        (f"{member:03d}", epoch) for member in range(8) for epoch in range(1, 21)
    }
    assert len(epochs) <= 8 * 20 + 4  # what was under way went on from its checkpoint
    assert len(notes(tmp_path, "built")) > 8
    assert found == made(Here(), work)
    import ray

    assert eventually(lambda: not ray.is_initialized())
