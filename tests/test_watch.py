"""Progress off a terminal: one plain line per finished member, failures with their reason."""

from __future__ import annotations

import re

import pytest

from undertow.lab.train.progress import Event
from undertow.watch import Watch


def test_a_stopped_run_says_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Watch({"dense": 2}):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "stopped; the same command goes on with the members it has\n"


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Watch({"dense": 2, "pruned": 1}) as watch:
        watch(Event("started", "dense", "000", 2))
        watch(Event("kept", "dense", "000", 2))
        watch(Event("done", "dense", "001", 2))
        watch(Event("failed", "pruned", "000", 1, reason="the loss was nan"))
    lines = re.sub(r", \d+ s", "", capsys.readouterr().err).splitlines()
    assert lines == [
        "1/3 members, dense 000 (already there)",
        "2/3 members, dense 001",
        "pruned 000 failed: the loss was nan",
    ]
