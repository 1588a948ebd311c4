"""Which instructions the CPU's libraries really use in this process."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

BRANCHES = {1: "off", 2: "auto", 3: "compatible", 10: "avx2", 12: "avx512"}
"""What ``mkl_cbwr_get`` answers: the names of ``mkl_types.h``, as far as one can ask for them."""


def aten_capability() -> str:
    """What torch's own operators use: ``default``, ``avx2``, ``avx512``, or another processor's."""
    return str(torch.backends.cpu.get_cpu_capability()).lower()


@cache
def onednn_kernel() -> str:
    """The instructions of the kernel that oneDNN takes for a small float32 convolution: ``sse41``,
    ``avx2``, ``avx512_core``; ``no kernel`` where it takes none. oneDNN has no question for this,
    only a log on standard output, which is caught."""
    mkldnn: Any = torch.backends.mkldnn
    if not mkldnn.is_available():
        return "no kernel"
    with tempfile.TemporaryFile() as log:
        with _output_to(log.fileno()), mkldnn.verbose(1), torch.no_grad():
            F.conv2d(torch.ones(32, 16, 16, 16), torch.ones(16, 16, 3, 3))
        log.seek(0)
        said = log.read().decode(errors="replace")
    found = re.search(r",convolution,\w+:(\w+)", said)
    return found[1] if found else "no kernel"


@contextmanager
def _output_to(file: int) -> Iterator[None]:
    """What C code prints inside goes to ``file``."""
    sys.stdout.flush()
    _flush()
    kept = os.dup(1)
    os.dup2(file, 1)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    ctypes.CDLL(None).fflush(None)


def mkl_branch() -> str:
    """The branch that MKL keeps to: one of ``BRANCHES``, a number for another one, ``no MKL``."""
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    try:
        answer = int(ctypes.CDLL(str(library)).mkl_serv_cbwr_get(1))
    except (OSError, AttributeError):
        return "no MKL"
    return BRANCHES.get(answer, str(answer))


READ: dict[str, Callable[[], str]] = {
    "aten": aten_capability,
    "onednn": onednn_kernel,
    "mkl": mkl_branch,
}
