"""Asks a worker in a process of its own: what ends that process ends no more than it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from undertow.errors import UserError


def answer_of(
    worker: str, asked: Mapping[str, Any], folder: Path, without: Callable[[str], str]
) -> dict[str, Any]:
    """What ``python -m worker REQUEST ANSWER`` answers, on one thread; both files are in
    ``folder``. ``UserError`` where it refuses, and where it ends without an answer: ``without``
    makes a message of how it ended."""
    request, answer = folder / "request.json", folder / "answer.json"
    request.write_text(json.dumps(asked), encoding="utf-8")
    answer.unlink(missing_ok=True)
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-m", worker, str(request), str(answer)],
        env=os.environ | one | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if not answer.exists():
        last = next((said for said in reversed(done.stderr.splitlines()) if said.strip()), "")
        raise UserError(
            without(f"ended with exit code {done.returncode} ({last or 'without a word'})")
        )
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "refused" in found:
        raise UserError(found["refused"])
    return found
