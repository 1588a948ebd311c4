"""One thread per test process: tests run side by side, and threads of small sums only wait for each
other.

What was loaded to collect the tests stays to the end, so the garbage collector need not look at it,
neither while it is loaded nor after. What tests leave in circles it takes away in large lots: most
of what it finds alive are modules and what tests keep for each other.

Nothing waits for the disk: a kill keeps what was written, and no test cuts the power.

Each part of each test (its fixtures, itself, what ends them) has a time limit.
"""

import gc
import os
from collections.abc import Iterator

import pytest

from time_limit import limit_of, limited

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.fsync = lambda fd: None
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    with limited(limit_of(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    with limited(limit_of(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with limited(limit_of(item)):
        return (yield)
