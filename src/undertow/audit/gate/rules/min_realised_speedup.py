"""``min_realised_speedup``: what the change was for. Seconds that were measured, not operations that were counted."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import stats

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._rule import Rule
from undertow.errors import UserError
from undertow.records.opening import read_file
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]
FACTS = ("seconds_per_example", "seconds")
"""Facts of a member that tell its time, the better one first."""
LARGEST = 1 << 24
"""Bytes of a file of timings."""


class MinRealisedSpeedup(Rule):
    """Seconds of the reference over seconds of the variant must be at least ``ratio``.

    Seconds come from the logs, or from ``file`` beside the policy: JSON with a list of seconds for each name of a side,
    ``{"fp32": [1.02, 1.01], "int8": [0.71, 0.69]}``. With two or more timings on both sides the limits are of Welch's t
    on log seconds; a single timing has no spread, so the ratio itself decides and the reason says so.
    """

    name: ClassVar[str] = "min_realised_speedup"
    ratio: Annotated[float, Field(gt=0)]
    file: str | None = None

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        both = evidence.pair.reference, evidence.pair.variant
        sides = [self._seconds(side, folder) for side in both]
        if not all(sides):
            silent = " and ".join(repr(side.name) for side, seconds in zip(both, sides, strict=True) if not seconds)
            reason = f"Cannot tell: there are no seconds for {silent}; name a file of timings."
            yield self.decision(evidence, None, "cannot tell", reason, limit=self.ratio)
            return
        before, after = (np.log(np.array(side)) for side in sides)
        ratio, outcome, low, high = self._judged(before, after, level)
        how = "timed once on a side, so its spread is not known"
        if not math.isnan(low):
            how = f"{100 - 100 * level:g} % limits {low:.2f} to {high:.2f}, {len(before)} + {len(after)} timings"
        reason = f"{ratio:.2f} times as fast ({how}), {self.ratio:g} wanted."
        yield self.decision(evidence, None, outcome, reason, limit=self.ratio, observed=ratio, low=low, high=high)

    def _judged(self, before: Floats, after: Floats, level: float) -> tuple[float, Outcome, float, float]:
        """The ratio, what follows from it, and its limits, NaN where a side was timed once."""
        ratio = float(np.exp(before.mean() - after.mean()))
        if min(len(before), len(after)) < 2:
            return ratio, "pass" if ratio >= self.ratio else "fail", math.nan, math.nan
        interval = stats.ttest_ind(before, after, equal_var=False).confidence_interval(1 - 2 * level)
        low, high = float(np.exp(interval.low)), float(np.exp(interval.high))
        return ratio, "pass" if low >= self.ratio else "fail" if high < self.ratio else "cannot tell", low, high

    def _seconds(self, records: Records, folder: Path) -> list[float]:
        if self.file is not None:
            return _from_file(folder / self.file, records.name)
        for fact in FACTS:
            values = [m.facts[fact] for m in records.members if m.facts.get(fact, 0) > 0]
            if values:
                return values
        return []


def _from_file(path: Path, name: str) -> list[float]:
    try:
        timings = json.loads(read_file(path, LARGEST, UserError))
        values = [float(v) for v in timings[name]]
    except OSError as error:
        raise UserError(f"{path}: the timings cannot be read ({error.strerror}); check the name") from error
    except KeyError:
        raise UserError(f"{path}: has no timings for {name!r}; it has {', '.join(map(repr, timings))}") from None
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f'{path}: is no JSON of timings; want {{"{name}": [seconds, …], …}}') from error
    if not values or not all(v > 0 and np.isfinite(v) for v in values):
        raise UserError(f"{path}: the timings of {name!r} must be seconds above 0")
    return values
