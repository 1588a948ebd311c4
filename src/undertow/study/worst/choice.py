"""Which trade-off to take, by held-out examples alone: the highest worst-k of all arms that are as
accurate on average as standard distillation, within its standard error (the paper's rule for α_t
and α_s).

What is chosen looks better on the examples that chose it than it is. So a choice is reported by
its values on test examples that took no part, and its held-out values only say why it was chosen.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import inf
from typing import Generic, NamedTuple, TypeVar

from undertow.study.worst.arms import Arm, Statistic, worst
from undertow.study.worst.values import each_unit

Setting = TypeVar("Setting", bound=Hashable)


class Choice(NamedTuple, Generic[Setting]):
    """The setting that was chosen, its held-out worst-k and average, the average that it had to
    have, and how many of all settings have it."""

    setting: Setting
    worst: float
    average: float
    least: float
    allowed: int
    settings: int


def chosen(
    held_out: Mapping[Setting, Arm], standard: Arm, k: int = 1, slack: float = 1.0
) -> Choice[Setting]:
    """The setting of the highest worst-k among those whose average accuracy is at least that of
    ``standard`` less ``slack`` of its standard errors over units; of equal ones the more accurate,
    then the first. Arms are those asked held-out examples. ``KeyError`` where none is so accurate,
    ``ValueError`` where ``standard`` has one unit and so no standard error."""
    average_U = each_unit(standard, standard.average(), standard.units)
    if len(average_U) < 2:
        raise ValueError(
            "standard distillation has 1 member; its standard error takes 2, so train another"
        )
    error = float(average_U.std(ddof=1)) / len(average_U) ** 0.5
    least = -inf if slack == inf else float(average_U.mean()) - slack * error  # inf · 0 is NaN
    found = {
        setting: (_mean(arm, worst(k)), _mean(arm, arm.average()))
        for setting, arm in held_out.items()
    }
    allowed = [setting for setting, (_, average) in found.items() if average >= least]
    if not allowed:
        raise KeyError(f"none of {len(found)} settings has a held-out average of {least:.3f}")
    best = max(allowed, key=lambda setting: found[setting])
    return Choice(best, *found[best], least, len(allowed), len(found))


def _mean(arm: Arm, statistic: Statistic) -> float:
    return float(each_unit(arm, statistic, arm.units).mean())
