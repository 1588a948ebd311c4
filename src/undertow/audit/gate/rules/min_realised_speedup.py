"""``min_realised_speedup``: how many times faster the new model must be, in seconds that were
measured, not in operations that were counted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import stdtrit

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._rule import Rule
from undertow.audit.stats.welch import welch
from undertow.errors import UserError
from undertow.records.opening import read_file
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]
FACTS = ("seconds_per_example", "seconds")
"""Facts of a member that tell its time, the better one first."""
LOTTERY = "undertow-lottery/1"
"""The format of a ``lottery.json``."""
LARGEST = 1 << 24
"""Bytes of a file of timings."""


class MinRealisedSpeedup(Rule):
    """Seconds of the reference over seconds of the variant must be at least ``ratio``.

    Seconds come from the logs, or from ``file`` beside the policy: JSON with a list of seconds for
    each name of a side, ``{"fp32": [1.02, 1.01], "int8": [0.71, 0.69]}``, or the ``lottery.json``
    of ``undertow lottery``, whose seconds are those of its processes by the variants' names. With
    two or more timings on both sides the limits are of Welch's t on log seconds. A side that was
    timed once is taken to vary as the other; where both were, nothing shows a spread, so the ratio
    itself decides and the reason says so.
    """

    name: ClassVar[str] = "min_realised_speedup"
    ratio: Annotated[float, Field(gt=0, strict=True)]
    file: str | None = None

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        both = evidence.pair.reference, evidence.pair.variant
        sides = self._seconds(both, folder)
        if not all(sides):
            silent = " and ".join(
                repr(side.name) for side, seconds in zip(both, sides, strict=True) if not seconds
            )
            reason = (
                f'Cannot tell: there are no seconds for {silent}; add file = "timings.json" to the '
                f"rule, a file like {json.dumps({both[0].name: [1.02, 1.01]})} with every side."
            )
            yield self.decision(evidence, None, "cannot tell", reason, limit=self.ratio)
            return
        before, after = (np.log(np.array(side)) for side in sides)
        ratio, outcome, low, high = self._judged(before, after, level)
        why = "timed once on a side" if max(len(before), len(after)) < 2 else "timings do not vary"
        how = f"{why}, so its spread is not known"
        if not math.isnan(low):
            how = (
                f"one-sided {100 - 100 * level:g} % limits {low:.2f} to {high:.2f}, "
                f"{len(before)} + {len(after)} timings"
            )
        reason = f"{ratio:.2f} times as fast ({how}), {self.ratio:g} wanted."
        yield self.decision(
            evidence, None, outcome, reason, limit=self.ratio, observed=ratio, low=low, high=high
        )

    def _judged(
        self, before: Floats, after: Floats, level: float
    ) -> tuple[float, Outcome, float, float]:
        """The ratio, what follows from it, and its limits, NaN where a side was timed once or no
        timing varies."""
        ratio = float(np.exp(before.mean() - after.mean()))
        if max(len(before), len(after)) < 2:
            return ratio, "pass" if ratio >= self.ratio else "fail", math.nan, math.nan
        if min(len(before), len(after)) < 2:
            low, high = _like_the_other(before, after, level)
            return (
                ratio,
                "pass" if low >= self.ratio else "fail" if high < self.ratio else "cannot tell",
                low,
                high,
            )
        test = welch(before, after, level=2 * level)
        low, high = float(np.exp(-test.high_G[0])), float(np.exp(-test.low_G[0]))
        return (
            ratio,
            "pass" if low >= self.ratio else "fail" if high < self.ratio else "cannot tell",
            low,
            high,
        )

    def _seconds(self, sides: tuple[Records, Records], folder: Path) -> list[list[float]]:
        """Of each side, the same fact: seconds of all examples are nothing beside seconds of
        one."""
        if self.file is not None:
            return [_from_file(folder / self.file, side.name) for side in sides]
        found = [[_facts(side, fact) for side in sides] for fact in FACTS]
        return next((both for both in found if all(both)), found[-1])


def _like_the_other(before: Floats, after: Floats, level: float) -> tuple[float, float]:
    """Limits of the ratio where one side was timed once, which is taken to vary as the other."""
    several = before if len(before) > 1 else after
    half = -stdtrit(len(several) - 1, level) * several.std(ddof=1) * math.sqrt(1 + 1 / len(several))
    gain = before.mean() - after.mean()
    return float(np.exp(gain - half)), float(np.exp(gain + half))


def _facts(records: Records, fact: str) -> list[float]:
    return [m.facts[fact] for m in records.members if 0 < m.facts.get(fact, 0) < math.inf]


def _from_file(path: Path, name: str) -> list[float]:
    try:
        timings = json.loads(read_file(path, LARGEST, UserError))
        if timings.get("format") == LOTTERY:
            timings = timings["seconds"]
        values = [float(v) for v in _listed(timings[name])]
    except OSError as error:
        raise UserError(
            f"{path}: the timings cannot be read ({error.strerror}); check the name"
        ) from error
    except KeyError:
        raise UserError(
            f"{path}: has no timings for {name!r}; it has {', '.join(map(repr, timings))}"
        ) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path}: is not JSON of timings; expected {{{json.dumps(name)}: [seconds, …], …}}"
        ) from error
    if not values or not all(v > 0 and np.isfinite(v) for v in values):
        raise UserError(f"{path}: the timings of {name!r} must be seconds above 0")
    return values


def _listed(values: object) -> list[Any]:
    """Text is a sequence too, and its digits are numbers; true is one."""
    if not isinstance(values, list) or any(isinstance(v, bool | str) for v in values):
        raise TypeError("no list of numbers")
    return values
