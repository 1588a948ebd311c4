"""Progress off a terminal: plain lines with rate and time left, failures with their reason; JSON
lines for machines."""

from __future__ import annotations

import json
import re

import pytest

from undertow.lab.runner.progress import Event
from undertow.watch import JsonWatch, Load, Progression, Watch, duration

LOADS = {"dense": Load(2, epochs=10), "int4": Load(2, epochs=0)}


def epoch(member: str, number: int) -> Event:
    return Event("epoch", "dense", member, 2, number, 10, images=500)


def test_a_stopped_run_says_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), Watch(LOADS):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "stopped; the same command goes on with the members it has\n"


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Watch({"dense": Load(2, 1), "pruned": Load(2, 1)}) as watch:
        watch(Event("note", "dense", "", 2, reason="runner loop: asked for"))
        watch(Event("started", "dense", "000", 2))
        watch(Event("kept", "dense", "000", 2))
        watch(Event("done", "dense", "001", 2))
        watch(Event("failed", "pruned", "000", 2, reason="it broke"))
        watch(Event("diverged", "pruned", "001", 2, reason="the loss was nan"))
    lines = re.sub(r", \d+ s", "", capsys.readouterr().err)
    assert re.sub(r", about .* left", "", lines).splitlines() == [
        "dense: runner loop: asked for",
        "1/4 members, dense 000 (already there)",
        "2/4 members, dense 001",
        "pruned 000 failed: it broke",
        "pruned 001 diverged: the loss was nan",
    ]


def test_work_is_counted_in_epochs_and_what_trains_nothing_counts_little() -> None:
    seen = Progression(LOADS)
    assert (seen.members, seen.share, seen.seconds_left(5.0)) == (4, 0.0, None)
    seen.take(epoch("000", 5))
    assert seen.share == pytest.approx(5 / 20.2)
    seen.take(Event("done", "dense", "000", 2))
    assert seen.seconds_left(30.0) == pytest.approx(30 * 10.2 / 10)
    for member, population in (("001", "dense"), ("000", "int4"), ("001", "int4")):
        seen.take(Event("done", population, member, 2))
    assert (seen.share, seen.ended) == (1.0, 4)


def test_what_was_found_done_tells_nothing_about_time() -> None:
    seen = Progression(LOADS)
    seen.take(Event("kept", "dense", "000", 2))
    assert seen.seconds_left(1.0) is None
    seen.take(epoch("001", 5))
    assert seen.seconds_left(30.0) == pytest.approx(30 * 5.2 / 5)


def test_a_member_that_is_seen_again_is_counted_once() -> None:
    seen = Progression({"dense": Load(2, epochs=10)})
    for kind in ("done", "kept", "failed", "done"):
        seen.take(Event(kind, "dense", "000", 2))  # type: ignore[arg-type]
    assert (seen.ended, seen.share) == (1, 0.5)
    assert seen.seconds_left(10.0) == 10.0


def test_the_pace_is_images_a_second_and_time_left() -> None:
    seen = Progression({"dense": Load(2, epochs=10)})
    assert seen.pace(0.0) == ""
    seen.take(epoch("000", 1))
    assert seen.pace(2.0) == ", 250 images/s, about 38 s left"


def test_long_trainings_speak_between_members(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with Watch({"dense": Load(2, 10)}) as watch:
        for number in range(1, 8):
            now += 10
            watch(epoch("000", number))
    assert capsys.readouterr().err.splitlines() == [
        "dense 000, epoch 3 of 10, 30 s, 50 images/s, about 3 min left",
        "dense 000, epoch 6 of 10, 60 s, 50 images/s, about 2 min left",
    ]


def test_machines_get_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonWatch(LOADS) as watch:
        watch.say("hello\nthere")
        watch(epoch("000", 5))
        watch(Event("failed", "dense", "001", 2, reason='it "broke"'))
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert told.err == ""
    assert [line["event"] for line in lines] == ["remark", "epoch", "failed"]
    assert lines[0]["text"] == "hello\nthere"
    assert {key: lines[1][key] for key in ("population", "member", "epoch", "epochs", "images")} == {
        "population": "dense", "member": "000", "epoch": 5, "epochs": 10, "images": 500,
    }  # fmt: skip
    assert lines[1]["share"] == pytest.approx(5 / 20.2, abs=1e-4)
    assert lines[2]["reason"] == 'it "broke"'


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (119, "119 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("kind", [Watch, JsonWatch])
def test_tracebacks_are_shown_where_they_are_asked_for(
    kind: type[Watch], capsys: pytest.CaptureFixture[str]
) -> None:
    for debug in (False, True):
        with kind({}, debug=debug) as watch:
            watch(Event("failed", "dense", "000", 2, reason="it broke", trace="Traceback: mine.py"))
        assert ("Traceback: mine.py" in "".join(capsys.readouterr())) == debug
