"""Each test has a time limit, so that a loop that never ends fails one test instead of holding up
all of them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

LIMITS = {"slow": 3600.0, "heavy": 600.0, "browser": 300.0}
FAST = 120.0
"""Seconds, far above what any test takes on a busy machine: this finds what hangs, not what is
slow."""
AGAIN = 5.0
"""Seconds after which the alarm is raised once more, should a test have swallowed the first."""


def limit_of(node: pytest.Item) -> float:
    """The largest of the limits of a test's marks."""
    return max(
        (LIMITS[mark.name] for mark in node.iter_markers() if mark.name in LIMITS), default=FAST
    )


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Fails what runs inside after so many seconds. Only the main thread hears signals; elsewhere
    nothing is done."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "setitimer"
    ):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> Any:
        pytest.fail(
            f"ran for more than {seconds:g} s: something waits or loops for ever", pytrace=True
        )

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
