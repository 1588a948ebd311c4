"""Runs ideas beside dense twins of equal operations in processes of their own, and puts what was
predicted beside what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from undertow.errors import UserError
from undertow.lab.lottery.ideas import IDEAS
from undertow.lab.lottery.ideas.timed_ideas import ENGINES, Request, key
from undertow.lab.measurements.calibration import Calibration, calibrate
from undertow.lab.measurements.roofline import Device, Shape, Work, predicted
from undertow.lab.measurements.speedups import SpeedUp, speed_up
from undertow.lab.runner.threads import one_thread
from undertow.lottery.found import ThreeWays
from undertow.lottery.ideas_found import FIRST, IdeaRow, Ideas, InEngine
from undertow.lottery.measure import clock_of, seconds_of
from undertow.lottery.process import Ended, answer_of

NAMES = tuple(idea.name for idea in IDEAS)
WORKER = "undertow.lab.lottery.ideas.timed_ideas"
Answer = dict[str, Any]
"""What one process found: ``counted`` and ``rows`` of ``timed_ideas``."""


@dataclass(frozen=True)
class IdeaSettings:
    """How ideas are timed. ``only`` names some, none for all."""

    batch: int = 32
    processes: int = 5
    repeats: int = 15
    only: tuple[str, ...] = ()
    level: float = 0.05

    def __post_init__(self) -> None:
        for name, number in (("batch", self.batch), ("processes", self.processes),
                             ("repeats", self.repeats)):  # fmt: skip
            if number < 1:
                raise UserError(f"{name} {number}: must be at least 1")
        unknown = next((name for name in self.only if name not in NAMES), None)
        if unknown is not None:
            raise UserError(f"only {unknown}: there is no such idea; there are {', '.join(NAMES)}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in NAMES if not self.only or name in self.only)


def run_ideas(
    settings: IdeaSettings | None = None,
    calibration: Calibration | None = None,
    tell: Callable[[str], None] = lambda said: None,
) -> Ideas:
    """Two to three minutes as set by default; the device is calibrated first unless that is
    given. ``UserError`` where a process ends without an answer."""
    settings = settings or IdeaSettings()
    if calibration is None:
        tell("calibrates the device")
        with one_thread():
            calibration = calibrate()
    answers = []
    with TemporaryDirectory(prefix="undertow-ideas-") as folder:
        request = Request(settings.names, settings.batch, settings.repeats, folder)
        for number in range(settings.processes):
            tell(f"process {number + 1} of {settings.processes}: times ideas and their twins")
            answers.append(
                answer_of(WORKER, asdict(replace(request, process=number)), Path(folder), _died)
            )
    return ideas_of(answers, calibration, settings)


def _died(ended: Ended) -> str:
    at = f", at {ended.at}" if ended.at else ""
    return f"the process that times ideas{at}, {ended.how}; leave that idea out with 'only'"


def ideas_of(answers: Sequence[Answer], calibration: Calibration, settings: IdeaSettings) -> Ideas:
    """Of what all processes found."""
    runs = [answer["rows"] for answer in answers]
    clock, worked = clock_of(runs)
    rows = tuple(
        _row(name, sides, runs, calibration.device, clock, settings.level)
        for name, sides in answers[0]["counted"].items()
    )
    return Ideas(
        batch=settings.batch, processes=settings.processes, repeats=settings.repeats,
        level=settings.level, clock=clock, worked=worked, machine=asdict(calibration.machine),
        rows=rows,
    )  # fmt: skip


def _row(
    name: str,
    sides: Mapping[str, Any],
    runs: Sequence[dict[str, Any]],
    device: Device,
    clock: str,
    level: float,
) -> IdeaRow:
    idea, twin = sides["idea"], sides["twin"]
    found = [_engine(name, engine, runs, clock, level) for engine in ENGINES]
    return IdeaRow(
        name=name,
        about=idea["about"],
        twin=twin["about"],
        operations=idea["operations"],
        twin_operations=twin["operations"],
        predicted=_ways(idea["work"], twin["work"], device),
        at_best=_ways([idea["at_best"]], [twin["at_best"]], device),
        engines=_beside(found, level),
    )


def _ways(idea: Sequence[Any], twin: Sequence[Any], device: Device) -> ThreeWays:
    """The idea's seconds / its twin's."""
    slow, fast = (predicted(map(_work, works), device) for works in (idea, twin))
    return ThreeWays(*(s / f for s, f in zip(slow, fast, strict=True)))


def _work(given: Mapping[str, Any]) -> Work:
    shape = given["shape"]
    return Work(**dict(given) | {"shape": None if shape is None else Shape(*shape)})


def _engine(
    name: str, engine: str, runs: Sequence[dict[str, Any]], clock: str, level: float
) -> InEngine:
    at, beside = (key(name, side, engine) for side in ("idea", "twin"))
    own, dense = seconds_of(runs, at, clock), seconds_of(runs, beside, clock)
    status, note = runs[0][at]["status"], runs[0][at]["note"]
    if not (own and dense):
        status, note = _why_not(runs, at, beside)
    return InEngine(engine, status, note, own, dense, _ratio(own, dense, level))


def _why_not(runs: Sequence[dict[str, Any]], at: str, beside: str) -> tuple[str, str]:
    """The first that failed, in any process."""
    idea = next((run[at] for run in runs if not run[at]["wall"]), None)
    if idea is not None:
        return idea["status"], idea["note"]
    twin = next(run[beside] for run in runs if not run[beside]["wall"])
    return twin["status"], f"its twin: {twin['note']}"


def _beside(found: Sequence[InEngine], level: float) -> tuple[InEngine, ...]:
    """With what the fastest twin and eager say of each."""
    twin = min((one.twin_seconds for one in found if one.twin_seconds), key=median, default=())
    first = next((one.seconds for one in found if one.engine == FIRST), ())
    return tuple(
        replace(
            one,
            beside_fastest=_ratio(one.seconds, twin, level),
            won_back=None if one.engine == FIRST else _ratio(first, one.seconds, level),
        )
        for one in found
    )


def _ratio(above: Sequence[float], below: Sequence[float], level: float) -> SpeedUp | None:
    return speed_up(above, below, level) if above and below else None
