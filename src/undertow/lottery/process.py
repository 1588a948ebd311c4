"""Asks a worker in a process of its own: what ends that process ends no more than it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from undertow.ended import how_ended, last_line
from undertow.errors import UserError


class Ended(NamedTuple):
    """A process that ended without an answer: what it was ``at``, empty where it had not begun, and
    ``how``, a half sentence with the last line that it wrote."""

    at: str
    how: str


def answer_of(
    worker: str, asked: Mapping[str, Any], folder: Path, died: Callable[[Ended], str]
) -> dict[str, Any]:
    """What ``python -m worker REQUEST ANSWER DOING`` answers, on one thread; the files are in
    ``folder``, and the last names what is under way. ``UserError`` where it refuses, and where it
    ends without an answer, with what ``died`` says of that."""
    request, answer, doing = (folder / name for name in ("request.json", "answer.json", "doing"))
    request.write_text(json.dumps(asked), encoding="utf-8")
    for path in (answer, doing):
        path.unlink(missing_ok=True)
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    where = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-m", worker, *map(str, (request, answer, doing))],
        env=os.environ | one | {"PYTHONPATH": where, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if not answer.exists():
        at = doing.read_text(encoding="utf-8") if doing.exists() else ""
        said = f"ended {how_ended(done.returncode)}; {last_line(done.stdout)}"
        raise UserError(died(Ended(at, said)))
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "refused" in found:
        raise UserError(found["refused"])
    return found
