"""What was found of ideas beside their dense twins, in plain numbers, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from undertow.errors import UserError
from undertow.lab.measurements.speedups import SpeedUp
from undertow.lottery.found import ThreeWays
from undertow.report.serial import plain

FORMAT = "undertow-ideas/1"
FIRST = "eager"
"""The engine beside which others win something back."""


@dataclass(frozen=True)
class InEngine:
    """One idea in one engine. ``slower`` has the idea's seconds / its twin's in the same engine: 1
    where the idea costs what its operations say, above 1 where it is slower. ``beside_fastest`` is
    set beside the twin in whichever engine runs that fastest. ``won_back`` has the idea's own
    seconds in eager / here: a twin that an engine slows down would look like a gain of the idea in
    ``slower``, and does not here. None where it was not measured. ``status`` and ``note`` are the
    idea's, unless it is the twin that fails."""

    engine: str
    status: str
    note: str = ""
    seconds: tuple[float, ...] = ()
    twin_seconds: tuple[float, ...] = ()
    slower: SpeedUp | None = None
    beside_fastest: SpeedUp | None = None
    won_back: SpeedUp | None = None


@dataclass(frozen=True)
class IdeaRow:
    """One idea. ``operations`` and ``twin_operations`` are those of one batch, a multiplication and
    an addition being two. ``predicted`` has the idea's seconds / its twin's, operator by operator
    as torch runs them; ``at_best`` the same if a single kernel did all of it, and touched inputs,
    weights and answers once."""

    name: str
    about: str
    twin: str
    operations: float
    twin_operations: float
    predicted: ThreeWays
    at_best: ThreeWays
    engines: tuple[InEngine, ...]

    def engine(self, name: str) -> InEngine:
        return next(one for one in self.engines if one.engine == name)

    @property
    def fastest(self) -> InEngine | None:
        """The engine that runs the idea fastest."""
        ran = [one for one in self.engines if one.seconds]
        return min(ran, key=lambda one: median(one.seconds), default=None)

    @property
    def best(self) -> SpeedUp | None:
        """The idea in its fastest engine beside the twin in the twin's."""
        return None if self.fastest is None else self.fastest.beside_fastest


@dataclass(frozen=True)
class Ideas:
    """All of it. ``clock`` is the one whose seconds count, ``worked`` the share of the wall's
    seconds in which the processor worked for us."""

    batch: int
    processes: int
    repeats: int
    level: float
    clock: str
    worked: float
    machine: dict[str, Any]
    rows: tuple[IdeaRow, ...]

    def row(self, name: str) -> IdeaRow:
        return next(row for row in self.rows if row.name == name)


def ideas_content(ideas: Ideas) -> dict[str, Any]:
    """As JSON can hold it; what is undefined is null."""
    return {"format": FORMAT, **plain(asdict(ideas))}


def ideas_from(content: Mapping[str, Any]) -> Ideas:
    """Back from ``ideas_content``. ``UserError`` for what is none."""
    given = dict(content)
    if given.pop("format", None) != FORMAT:
        raise UserError(
            f"format {content.get('format')!r}: is not {FORMAT}; give what ideas_content wrote"
        )
    try:
        return Ideas(**given | {"rows": tuple(map(_row, given["rows"]))})
    except (KeyError, TypeError) as error:
        raise UserError(
            f"format {FORMAT}: a field is missing or unknown ({error}); give what ideas_content "
            "wrote"
        ) from error


def _row(given: Mapping[str, Any]) -> IdeaRow:
    return IdeaRow(
        **dict(given)
        | {
            "predicted": _ways(given["predicted"]),
            "at_best": _ways(given["at_best"]),
            "engines": tuple(map(_engine, given["engines"])),
        }
    )


def _engine(given: Mapping[str, Any]) -> InEngine:
    return InEngine(
        **dict(given)
        | {
            "seconds": tuple(given["seconds"]),
            "twin_seconds": tuple(given["twin_seconds"]),
            "slower": _ratio(given["slower"]),
            "beside_fastest": _ratio(given["beside_fastest"]),
            "won_back": _ratio(given["won_back"]),
        }
    )


def _ways(given: Mapping[str, Any]) -> ThreeWays:
    return ThreeWays(**_numbers(given))


def _ratio(given: Mapping[str, Any] | None) -> SpeedUp | None:
    return None if given is None else SpeedUp(**_numbers(given))


def _numbers(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in given.items()}
