"""Progress for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from undertow.lab.train.progress import Event


class Watch:
    """Follows a study's trainings. Use as a context manager; call it with each ``Event``."""

    def __init__(self, populations: dict[str, int]) -> None:
        self.total = sum(populations.values())
        self.done = 0
        self.started = time.monotonic()
        self.console = Console(stderr=True)
        self.fancy = self.console.is_terminal
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
        )
        self.task = self.progress.add_task("training members", total=self.total)

    def __enter__(self) -> Watch:
        if self.fancy:
            self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.fancy:
            self.progress.stop()
        if kind is KeyboardInterrupt:
            self.say("stopped; the same command goes on with the members it has")

    def __call__(self, event: Event) -> None:
        """Count finished members; say what failed."""
        if event.kind in ("done", "kept", "failed"):
            self.done += 1
        if event.kind == "failed":
            self.say(f"{event.population} {event.member} failed: {event.reason}")
        if self.fancy:
            self.progress.update(self.task, completed=self.done, description=f"training {event.population}")
        elif event.kind in ("done", "kept"):
            note = " (already there)" if event.kind == "kept" else ""
            self.say(
                f"{self.done}/{self.total} members, {event.population} {event.member}{note}, {self.elapsed():.0f} s"
            )

    def elapsed(self) -> float:
        """Seconds since this watch was made."""
        return time.monotonic() - self.started

    def say(self, line: str) -> None:
        """One line for a person, beside the bar where there is one."""
        if self.fancy:
            self.progress.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)
