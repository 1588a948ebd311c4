"""A test that never ends fails, whatever it catches; a test that ends leaves no alarm behind."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from time_limit import FAST, LIMITS, limit_of, limited


def waits_for_ever() -> None:
    """As a retry does whose ``raise`` was lost."""
    while True:
        with contextlib.suppress(Exception):
            threading.Event().wait()


def test_what_never_ends_fails_and_says_so() -> None:
    with pytest.raises(pytest.fail.Exception) as caught, limited(0.05):
        waits_for_ever()
    assert str(caught.value) == "ran for more than 0.05 s: something waits or loops for ever"


def test_every_test_runs_under_the_limit_of_its_marks(request: pytest.FixtureRequest) -> None:
    left, again = signal.getitimer(signal.ITIMER_REAL)
    assert FAST - 60 < left <= FAST
    assert again > 0
    assert limit_of(request.node) == FAST


@pytest.mark.parametrize("mark", LIMITS)
def test_longer_tests_have_longer_limits(request: pytest.FixtureRequest, mark: str) -> None:
    request.node.add_marker(mark)
    assert limit_of(request.node) == LIMITS[mark] > FAST


def test_other_threads_are_left_alone() -> None:
    done: list[bool] = []

    def work() -> None:
        with limited(0.001):
            threading.Event().wait(0.02)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
