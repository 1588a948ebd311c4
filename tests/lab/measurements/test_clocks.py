"""Seconds of calls."""

from __future__ import annotations

import pytest

from undertow.lab.measurements import clocks
from undertow.lab.measurements.clocks import Reading, timed, timed_together


class Clock:
    """Both clocks of a made-up machine: calls push them on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.processor = 0.0
        monkeypatch.setattr(clocks.time, "perf_counter", lambda: self.wall)
        monkeypatch.setattr(clocks.time, "process_time", lambda: self.processor)

    def passes(self, wall: float, processor: float) -> None:
        self.wall += wall
        self.processor += processor


def test_a_reading_is_the_mean_of_the_calls_within(monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    found = clocks.reading(lambda: clock.passes(2.0, 0.5), 4)
    assert found == Reading(2.0, 0.5)


def test_medians_of_readings_after_warm_calls(monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    lasting = iter([50.0, 40.0, 30.0, 9.0, 3.0, 9.0, 1.0, 9.0, 2.0])  # 9.0: before a reading
    found = timed(lambda: clock.passes(next(lasting), 0.25), repeats=3, warm=3)
    assert (found.wall, found.processor, found.readings) == (2.0, 0.25, 3)


def test_calls_take_turns(monkeypatch: pytest.MonkeyPatch):
    clock, order = Clock(monkeypatch), []

    def call(name: str):
        def called() -> None:
            order.append(name)
            clock.passes(1.0, 1.0)

        return called

    names = ("a", "b", "c")
    timed_together({name: call(name) for name in names}, repeats=20, warm=1)
    assert order[:3] == ["a", "b", "c"]
    assert order[3::2] == order[4::2]  # a call before each reading
    rounds = [tuple(order[at : at + 6 : 2]) for at in range(3, len(order), 6)]
    assert {frozenset(each) for each in rounds} == {frozenset(names)}
    after_a = {(each + each[:1])[each.index("a") + 1] for each in rounds}
    assert after_a == {"b", "c"}


def test_a_short_call_is_repeated_within_a_reading(monkeypatch: pytest.MonkeyPatch):
    clock, calls = Clock(monkeypatch), []

    def call() -> None:
        calls.append(1)
        clock.passes(0.25, 0.25)

    timed(call, repeats=2, warm=1, long_enough=1.0)
    assert len(calls) == 1 + 2 * (1 + 4)
