"""One thread per training process, and memory that is kept.

Sums over threads depend on how many there are, and many small networks train faster side by side
than one by one with all cores. So every member is trained with one thread, in this process or in
another, and gives the same bytes.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Names of two settings in glibc's ``mallopt``."""


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes in one thread inside; denormal numbers, which are slow and mean nothing here,
    become zero."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def keep_memory() -> None:
    """Let this process hold on to what its tensors gave back, for the next step's. Handing
    megabytes to the system and fetching them again, zeroed, at each step costs a third of a stacked
    convolutional step. Only glibc can be told."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, 1 << 30)
