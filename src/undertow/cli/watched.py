"""``vary`` in a process of its own, and who waits for it: a model can end the process that asks it
without a word, and then somebody has to say in which way it was asked.

The other process notes in a file what it is doing, and at its end the exit code.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO

from undertow.ended import how_ended, last_line
from undertow.errors import UserError

COMMANDS = ("vary",)
DOING = "UNDERTOW_DOING"
"""The variable that holds the name of the file in which the other process notes what it does."""
ENDED = "ended "
ITSELF = ("reference", "the same again")
"""Ways that cannot be left out."""
OURS = ("asking: ", "auditing")
"""How lines begin that the command itself writes meanwhile."""
PATIENCE = 10.0
"""Seconds that the other process has after Ctrl-C, which it hears too."""


def is_watched(arguments: Sequence[str]) -> bool:
    """Whether this command is to run in a process of its own: not where it does, and not where
    somebody has put other streams in place of the real ones, past which it would write."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    real = sys.stdout is sys.__stdout__ and sys.stderr is sys.__stderr__
    return command in COMMANDS and real and DOING not in os.environ and "--help" not in arguments


def note(doing: str) -> None:
    """Keep for whoever waits what is begun now."""
    if DOING in os.environ:
        Path(os.environ[DOING]).write_text(doing, encoding="utf-8")


@contextmanager
def noting_the_end() -> Iterator[None]:
    """Around all that the other process does: one that dies does not come to its end."""
    code: object = 1
    try:
        yield
    except SystemExit as end:
        code = end.code or 0
        raise
    finally:
        note(f"{ENDED}{code}")


def watch(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code. ``UserError`` where its process died."""
    with TemporaryDirectory(prefix="undertow-") as folder:
        doing = Path(folder) / "doing"
        path = os.pathsep.join(filter(None, sys.path))
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "undertow", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {DOING: str(doing), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        )
        last = [""]
        passing = [
            Thread(target=_pass_on, args=(source, target, last), daemon=True)
            for source, target in ((child.stdout, sys.stdout), (child.stderr, sys.stderr))
        ]
        with _told_to_end(child):
            for one in passing:
                one.start()
            _wait(child)
            for one in passing:
                one.join()
        noted = doing.read_text(encoding="utf-8") if doing.exists() else ""
    if noted.startswith(ENDED):
        return int(noted.removeprefix(ENDED))
    raise UserError(_died(noted, child.returncode, last[0]))


def _pass_on(source: IO[bytes], target: IO[str], last: list[str]) -> None:
    """Line by line, and keep the last one that says anything."""
    with source, suppress(BrokenPipeError):
        for line in source:
            text = line.decode(errors="replace")
            if text.strip() and not text.startswith(OURS):
                last[0] = text
            target.buffer.write(line)  # type: ignore[attr-defined]
            target.flush()


def _wait(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait()
    except KeyboardInterrupt:
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
        child.terminate()
        child.wait()


@contextmanager
def _told_to_end(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Meanwhile who tells this process to end tells the other one."""
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _died(at: str, code: int, last: str) -> str:
    said = f"its process ended {how_ended(code)}; {last_line(last)}"
    if at == "audit":
        return f"vary: as the report was made {said}"
    if at and at not in ITSELF:
        return f"vary: at {at} {said}. Leave it out with --without {at}"
    where = "as the model was asked by itself" if at else "as the model was made"
    return (
        f"vary: {where} {said}. That is the model's own code: call it in a script with python -X "
        "faulthandler, which shows the line; where memory ran out, give fewer examples or a "
        "smaller --batch"
    )
