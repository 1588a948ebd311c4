"""One thread per test process: tests run side by side, and threads of small sums only wait for each
other.

What was loaded to collect the tests stays to the end, so the garbage collector need not look at it
again and again.

Each part of each test (its fixtures, itself, what ends them) has a time limit.
"""

import gc
import os
from collections.abc import Iterator

import pytest

from time_limit import limit_of, limited

os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    gc.freeze()


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
