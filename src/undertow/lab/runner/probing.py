"""Probes at work on one training: shown each step and epoch, kept in its checkpoints, and what they
found on each member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from undertow.lab.probes.probe import Found, Probe, ProbeRun
from undertow.lab.trainings.training import Done, Given, Stateful, TrainingRun
from undertow.records.probes import Probed, merged


@dataclass(frozen=True, eq=False)
class Kept:
    """What all probes found on one member: for its record, and weights beside it by epoch."""

    probed: Probed = field(default_factory=Probed)
    snapshots: dict[int, bytes] = field(default_factory=dict)


class Probing:
    """What ``drive`` shows a training to. ``kept_M`` has what was found, once it is over."""

    def __init__(self, probes: Sequence[Probe] = ()) -> None:
        self.probes = tuple(probes)
        self._runs: list[ProbeRun] = []
        self.kept_M: list[Kept] = []

    def start(self, given: Given, epochs: int) -> dict[str, Stateful]:
        """Begin; what each has so far, by name, for a checkpoint."""
        self._runs = [probe.start(given, epochs) for probe in self.probes]
        return {
            f"probe {probe.name}": run for probe, run in zip(self.probes, self._runs, strict=True)
        }

    def after_step(self, t: int, done: Done, run: TrainingRun) -> None:
        """Show a step, while its gradients are there."""
        for probe in self._runs:
            probe.after_step(t, done, run)

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Show the end of an epoch."""
        for probe in self._runs:
            probe.after_epoch(epoch, run)

    def end(self) -> None:
        """Gather what was found on each member."""
        found_P = [run.found() for run in self._runs]
        self.kept_M = [self._of_member(found) for found in zip(*found_P, strict=True)]

    def _of_member(self, found_P: Sequence[Found]) -> Kept:
        probed, snapshots = [], dict[int, bytes]()
        for probe, found in zip(self.probes, found_P, strict=True):
            frame = found.per_example
            probed.append(Probed({} if frame is None else {probe.name: frame}, found.series))
            snapshots |= found.snapshots
        return Kept(merged(probed), snapshots)
