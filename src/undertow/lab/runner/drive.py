"""One loop for every training: it resumes, steps, tells, saves, notices divergence and stops."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from typing import Any

import torch
from torch import Tensor

from undertow.errors import UndertowError
from undertow.lab.interventions.site import AbstractArithmetic, Around
from undertow.lab.runner.checkpoint import Saver, UnsavedBuffers
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings.noise import no_other_draws, torchs_own_kept
from undertow.lab.trainings.precision import products
from undertow.lab.trainings.training import Done, Facts, Given, Training


class DivergedError(UndertowError):
    """A member's loss or output stopped being a number."""


def drive(
    training: Training,
    given: Given,
    on_epoch: Callable[[int, int], None] | None = None,
    saver: Saver | None = None,
    probing: Probing | None = None,
) -> list[Facts | Exception]:
    """Take the given models, in place, through a training; per model the last epoch's mean loss and
    the interventions' facts, or the error that ended it.

    A member whose loss over an epoch is not finite has diverged, and leaves the others as they are.
    ``on_epoch`` hears which epoch is over and of how many, ``probing`` is shown each step and
    epoch. Raises ``Stopped`` where the saver was
    asked to. Torch's own generators are left as they were.
    """
    device, computed = given.data.device, Facts()
    with ExitStack() as around:
        for context in surroundings(training, given):
            read_back = around.enter_context(context)
            computed |= dict(read_back or {})
        run = training.start(given)
        losses = _Losses(len(given.models), device)
        probing = probing or Probing()
        state = run.state() | {"losses": losses, "unsaved buffers": UnsavedBuffers(given.models)}
        state |= probing.start(given, run.epochs)
        whose = repr((training, *given.interventions, *probing.probes))
        first = saver.resume(state, whose) if saver else 0
        for t in range(first, run.steps):
            with no_other_draws() if t == 0 else nullcontext():
                done = run.step(t)
            losses.add(done)
            probing.after_step(t, done, run)
            if run.ends_epoch(t):
                losses.end_epoch()
                probing.after_epoch(losses.epoch, run)
                if on_epoch:
                    on_epoch(losses.epoch, run.epochs)
                if losses.all_diverged:
                    break
            if saver and t + 1 < run.steps and saver.due():
                saver.save(t + 1, state)
        ended: list[Facts | Exception] = [Facts() for _ in given.models]
        if not losses.all_diverged:
            probing.end()
            ended = run.finish()
        ended = [end if isinstance(end, Exception) else computed | end for end in ended]
        return losses.endings(ended, run.epochs)


def surroundings(training: Training, given: Given) -> Iterator[Around]:
    """What is in force around all of a training: its arithmetic, and torch's own generators are
    afterwards as they were."""
    device = given.data.device
    yield torchs_own_kept(device)
    yield products(training.precision, device)
    for arithmetic in given.at(AbstractArithmetic):
        yield arithmetic.around(given)


class _Losses:
    """Each member's mean loss over the epoch under way and the last one, and who diverged when."""

    def __init__(self, members: int, device: torch.device) -> None:
        self.total_M = torch.zeros(members, device=device, dtype=torch.float64)
        self.examples = self.epoch = self.learned = self.forwards = self.backprops = 0
        self.last_M = torch.zeros(members, dtype=torch.float64)
        self.diverged_M = torch.zeros(members, dtype=torch.int64)
        """The epoch in which a member diverged, else 0."""

    def add(self, done: Done) -> None:
        """Count one step. Nothing is read from the device before the epoch is over."""
        self.forwards += done.cost.forwards
        self.backprops += done.cost.backprops
        if done.seen is not None:
            self.total_M += done.seen.each_B.sum(-1, dtype=torch.float64)
            self.examples += done.seen.each_B.shape[-1]
            self.learned += done.seen.each_B.shape[-1]

    def end_epoch(self) -> None:
        """Keep the mean of every member that has not diverged before; that of the epoch before
        where no example was learned from."""
        self.epoch += 1
        if self.examples:
            mean_M = self.total_M.cpu() / self.examples
            self.last_M = torch.where(self.diverged_M == 0, mean_M, self.last_M)
        self.diverged_M[(self.diverged_M == 0) & ~self.last_M.isfinite()] = self.epoch
        self.total_M.zero_()
        self.examples = 0

    @property
    def all_diverged(self) -> bool:
        """Whether nobody is left to train."""
        return bool(self.diverged_M.all())

    def endings(self, facts_M: list[Facts | Exception], epochs: int) -> list[Facts | Exception]:
        """With each one's mean loss over the last epoch, if there was any; a member that diverged
        ended by that, whatever came after."""
        return [self._ending(m, facts, epochs) for m, facts in enumerate(facts_M)]

    def _ending(self, m: int, facts: Facts | Exception, epochs: int) -> Facts | Exception:
        epoch = int(self.diverged_M[m])
        loss = float(self.last_M[m]) if self.learned else math.nan
        if epoch:
            return DivergedError(f"the loss was {loss} in epoch {epoch} of {epochs}")
        if isinstance(facts, Exception) or not epochs:
            return facts
        counted = Facts(forwards=float(self.forwards), backprops=float(self.backprops))
        return {"loss": loss} | (counted if self.forwards != self.backprops else {}) | facts

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        for name, value in state_dict.items():
            held = getattr(self, name)
            if isinstance(held, Tensor):
                held.copy_(value)
            else:
                setattr(self, name, int(value))
