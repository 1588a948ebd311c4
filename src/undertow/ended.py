"""How a process ended that did not come to its end, in words."""

from __future__ import annotations

import signal

from undertow.errors import harmless

LONGEST = 200
"""Letters of a line that are shown."""
MEANING = {
    "SIGSEGV": "segmentation fault: its code reached into memory that is not its own",
    "SIGBUS": "bus error: memory that it was given is not there",
    "SIGILL": "illegal instruction: one that this processor does not have",
    "SIGFPE": "arithmetic error, such as a whole number divided by 0",
    "SIGABRT": "aborted: a library gave up",
    "SIGKILL": "killed from outside, as systems do where memory runs out",
    "SIGTERM": "told to end from outside",
}


def how_ended(code: int | None) -> str:
    """Of a return code as ``subprocess`` and ``multiprocessing`` give it: below 0 a signal."""
    if code is None or code >= 0:
        return f"with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"by signal {-code}"
    said = MEANING.get(name)
    return f"by signal {-code} ({said or name})"


def last_line(written: str) -> str:
    """The last line that says anything, or that there is none: half a sentence."""
    lines = [harmless(line).strip() for line in written.splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    if not last:
        return "it wrote nothing"
    shown = last if len(last) <= LONGEST else f"{last[:LONGEST].rstrip()}…"
    return f"the last line that it wrote is {shown!r}"
