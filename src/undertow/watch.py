"""Progress: a bar on a terminal, plain lines elsewhere, JSON lines for machines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from undertow.errors import harmless
from undertow.lab.runner.progress import Event

BETWEEN_LINES = 30.0
"""Seconds between two plain lines about members that are still training."""

ENDS = ("done", "kept", "failed", "diverged")


@dataclass(frozen=True)
class Load:
    """What one population asks for: how many members, and how many epochs each of them trains
    (maybe none)."""

    members: int
    epochs: int

    @property
    def member_cost(self) -> float:
        """In epochs. One that trains nothing still takes a moment."""
        return max(self.epochs, 0.1)


class Progression:
    """How far the trainings have come, from the events alone. Seconds are given, so that it needs
    no clock."""

    def __init__(self, loads: Mapping[str, Load]) -> None:
        self.loads = dict(loads)
        self.members = sum(load.members for load in loads.values())
        self.images = 0
        self._kept = 0.0
        self._cost: dict[tuple[str, str], float] = {}
        self._ends: set[tuple[str, str]] = set()

    def take(self, event: Event) -> None:
        """Note one event."""
        load = self.loads.setdefault(event.population, Load(event.members, event.epochs))
        key = (event.population, event.member)
        if event.kind == "epoch":
            self.images += event.images
            self._cost[key] = load.member_cost * event.epoch / event.epochs
        elif event.kind in ENDS:
            # seen again by what derives or learns from it
            if event.kind == "kept" and key not in self._ends:
                self._kept += load.member_cost
            self._ends.add(key)
            self._cost[key] = load.member_cost

    @property
    def ended(self) -> int:
        """How many members are at their end, well or not."""
        return len(self._ends)

    @property
    def share(self) -> float:
        """Of all work, what is done; 0 to 1."""
        return min(1.0, sum(self._cost.values()) / self._whole)

    @property
    def _whole(self) -> float:
        return sum(load.members * load.member_cost for load in self.loads.values())

    def seconds_left(self, seconds: float) -> float | None:
        """By the work that was done in ``seconds``, what was found done apart; None before any
        is."""
        worked = sum(self._cost.values()) - self._kept
        return seconds * (self._whole - self._kept - worked) / worked if worked > 0 else None

    def pace(self, seconds: float) -> str:
        """Rate and time left, as far as they can be told."""
        left = self.seconds_left(seconds)
        rate = f", {self.images / seconds:,.0f} images/s" if self.images and seconds > 0 else ""
        return rate + (
            "" if left is None or self.ended == self.members else f", about {duration(left)} left"
        )


class Watch:
    """Follows trainings for a person. Use as a context manager; call it with each ``Event``. With
    ``debug``, tracebacks of members that failed are shown too."""

    def __init__(self, loads: Mapping[str, Load], *, debug: bool = False) -> None:
        self.progression, self.debug = Progression(loads), debug
        self.started = self.spoke = time.monotonic()
        self.console = Console(stderr=True)
        self.fancy = self.console.is_terminal
        self.progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=self.console
        )
        self.task = self.progress.add_task("training members", total=1.0)

    def __enter__(self) -> Watch:
        if self.fancy:
            self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.fancy:
            self.progress.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.say("stopped; the same command goes on with the members it has")

    def __call__(self, event: Event) -> None:
        """Count finished members; say what failed, and how fast it goes."""
        self.progression.take(event)
        if event.kind in ("failed", "diverged"):
            self.say(f"{event.population} {event.member} {event.kind}: {event.reason}")
            if self.debug and event.trace:
                for line in event.trace.splitlines():
                    self.say(line)
        elif event.kind == "note":
            self.say(f"{event.population}: {event.reason}")
        if self.fancy:
            self.progress.update(
                self.task, completed=self.progression.share, description=self._description(event)
            )
        else:
            self._line(event)

    def _description(self, event: Event) -> str:
        counted = f"{self.progression.ended}/{self.progression.members} members"
        return f"{event.population} {counted}{self.progression.pace(self.elapsed())}"

    def _line(self, event: Event) -> None:
        """One line per finished member; of long trainings, one every half minute."""
        if event.kind in ("done", "kept"):
            counted = f"{self.progression.ended}/{self.progression.members} members"
            note = " (already there)" if event.kind == "kept" else ""
            pace = "" if event.kind == "kept" else self.progression.pace(self.elapsed())
            self.say(
                f"{counted}, {event.population} {event.member}{note}, {self.elapsed():.0f} s{pace}"
            )
        elif event.kind == "epoch" and time.monotonic() - self.spoke >= BETWEEN_LINES:
            where = f"{event.population} {event.member}, epoch {event.epoch} of {event.epochs}"
            self.say(f"{where}, {self.elapsed():.0f} s{self.progression.pace(self.elapsed())}")

    def elapsed(self) -> float:
        """Seconds since this watch was made."""
        return time.monotonic() - self.started

    def say(self, line: str) -> None:
        """One line for a person, beside the bar where there is one."""
        self.spoke = time.monotonic()
        line = harmless(line)
        if self.fancy:
            self.progress.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)


class JsonWatch(Watch):
    """Follows trainings for a machine: each event, and each remark, is one line of JSON on standard
    output."""

    def __init__(self, loads: Mapping[str, Load], *, debug: bool = False) -> None:
        super().__init__(loads, debug=debug)
        self.fancy = False

    def __call__(self, event: Event) -> None:
        """Write the event with the seconds since the start and, as soon as they can be told, those
        that are left."""
        self.progression.take(event)
        left_out = ("kind",) if self.debug else ("kind", "trace")
        told = {
            name: value
            for name, value in asdict(event).items()
            if name not in left_out and value not in ("", 0)
        }
        told |= {
            name: harmless(value)
            for name, value in told.items()
            if isinstance(value, str) and name != "trace"
        }
        self._write({"event": event.kind, **told})

    def say(self, line: str) -> None:
        """A remark for a person, for the log."""
        self._write({"event": "remark", "text": line})

    def _write(self, told: dict[str, object]) -> None:
        left = self.progression.seconds_left(self.elapsed())
        clock = {
            "seconds": round(self.elapsed(), 3),
            "seconds_left": None if left is None else round(left, 1),
        }
        print(json.dumps(told | clock | {"share": round(self.progression.share, 4)}), flush=True)


def duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``: as exact as a forecast can be."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
