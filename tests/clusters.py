"""Populations for tests of places where members are trained, in a module that worker processes can
import.

Paced(pause, log)   a linear model with a pause in every training step and a checkpoint after each;
                    notes its process
Talkative(…)        the same, which prints when it is built
Mortal(bad, log)    a linear model whose building from one init seed kills the process
Counted(log)        blobs that note every time they are loaded
Nowhere()           data that are not there

And what such tests ask: ``made`` (all results), ``notes`` (what models and data noted), ``alive``,
``eventually``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from blobs import Blobs
from undertow.lab.data.dataset import Splits
from undertow.lab.runner.checkpoint import Saver
from undertow.lab.runner.places.job import Job, Outcome, Work


def note(log: str, what: str) -> None:
    (Path(log) / f"{what}-{uuid.uuid4().hex}").touch()


class Linear(nn.Module):
    def __init__(self, classes: int, pause: float) -> None:
        super().__init__()
        self.layer, self.pause = nn.Linear(64, classes), pause

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if self.training:
            time.sleep(self.pause)
        return self.layer(x_BCHW.flatten(1))


@dataclass(frozen=True)
class Paced:
    pause: float
    log: str

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        Saver.__init__.__kwdefaults__["every"] = 0.0
        note(self.log, f"built-{os.getpid()}-{torch.get_num_threads()}")
        return Linear(classes, self.pause)


@dataclass(frozen=True)
class Talkative(Paced):
    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        print("a worker is talking", flush=True)
        return super().build(shape_CHW, classes)


@dataclass(frozen=True)
class Mortal:
    bad: int
    log: str

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        if torch.initial_seed() == self.bad:
            note(self.log, "died")
            os.kill(os.getpid(), signal.SIGKILL)
        return Linear(classes, 0.0)


@dataclass(frozen=True)
class Counted:
    log: str

    def load(self) -> Splits:
        note(self.log, f"loaded-{os.getpid()}")
        return Blobs().load()


@dataclass(frozen=True)
class Nowhere:
    def load(self) -> Splits:
        raise FileNotFoundError(2, "No such file or directory", "/data/nowhere")


def work_of(
    population, folder, chunks=((0,), (1,), (2,)), how="single", parents=None, teachers=None
):
    def job(index):
        parent = parents / f"{index:03d}" if parents else None
        teacher = teachers / f"{population.teacher_of(index):03d}" if teachers else None
        return Job(index, f"{index:03d}", parent, teacher)

    jobs = tuple(tuple(job(index) for index in chunk) for chunk in chunks)
    return Work(population, jobs, how, "cpu", folder / "unfinished")


def made(place, work, watch=lambda event: None):
    """Each member's result, all its bytes."""
    found = {}
    with closing(place.results(work, watch)) as results:
        for job, result in results:
            assert job.id not in found
            found[job.id] = result
            assert job in {job for chunk in work.chunks for job in chunk}
    return {name: plain(result) for name, result in sorted(found.items())}


def plain(result):
    if isinstance(result, Outcome):
        return result.proba_NC.tobytes(), result.facts, result.weights
    return result


def notes(folder, kind):
    """What models and data noted there: their process and more."""
    return [path.name.split("-")[1:-1] for path in Path(folder).glob(f"{kind}-*")]


def eventually(holds, seconds=10.0):
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


def alive(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ")[1][0] != "Z"
    return False
