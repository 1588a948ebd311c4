"""Ctrl-C while members train: once to stop and keep what is trained so far, twice to stop at
once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""From a person, and from a scheduler that wants its machine back."""


class Stopping:
    """A context in which the first such signal is remembered and the second raises
    ``KeyboardInterrupt``.

    Called, it says whether to stop. Outside the main thread, where Python takes no signals, it
    never does; nor for a signal that the program handles by itself.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        return self.asked

    def __enter__(self) -> Stopping:
        self.asked = False
        if threading.current_thread() is threading.main_thread():
            self._before = {
                which: signal.signal(which, self._hear) for which in SIGNALS if _free(which)
            }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for which, handler in self._before.items():
            signal.signal(which, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.say("stopping: keeping what is trained so far; press Ctrl-C again to stop at once")


def _free(which: signal.Signals) -> bool:
    """Whether the program has no handler of its own for it."""
    before = signal.getsignal(which)
    return not callable(before) or before is signal.default_int_handler
