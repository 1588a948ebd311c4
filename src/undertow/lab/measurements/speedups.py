"""How many times as fast: ratios of seconds over processes, with limits. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class SpeedUp:
    """``ratio`` of the reference's seconds to the variant's, above 1 where the variant is faster;
    ``low`` and ``high`` hold the true one, ``again_low`` and ``again_high`` what one more process
    will measure, each with the level asked for. NaN where a single process ran: nothing then shows
    a spread."""

    ratio: float
    low: float
    high: float
    again_low: float
    again_high: float
    processes: int


def speed_up(reference_P: Sequence[float], variant_P: Sequence[float], level: float) -> SpeedUp:
    """From each process's own seconds of both, paired: Student's t on logarithms of ratios. What
    differs between processes (placement in memory, the processor's state) differs anew in each, so
    processes and not repeats within one are what varies."""
    logs = np.log(np.asarray(reference_P)) - np.log(np.asarray(variant_P))
    count, middle = len(logs), float(logs.mean())
    if count < 2:
        nan = math.nan
        return SpeedUp(math.exp(middle), nan, nan, nan, nan, count)
    spread = float(logs.std(ddof=1)) * -float(stdtrit(count - 1, level / 2))
    mean, again = spread / math.sqrt(count), spread * math.sqrt(1 + 1 / count)
    low, high, again_low, again_high = (
        math.exp(middle + away) for away in (-mean, mean, -again, again)
    )
    return SpeedUp(math.exp(middle), low, high, again_low, again_high, count)
