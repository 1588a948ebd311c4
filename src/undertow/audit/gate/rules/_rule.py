"""What every rule shares: its place in a policy, and how limits become one of three outcomes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome, Tier
from undertow.audit.pair import Row
from undertow.audit.slices.table import ALL


def _is_place(on: str) -> str:
    if not on or on.startswith("=") or on.endswith("="):
        raise ValueError(f"{on!r} is not a place: write all, a column, or column=pattern")
    if on.startswith(f"{ALL}="):
        raise ValueError(
            f"{on!r} is not a place: all is every example and has no values; write all"
        )
    return on


def _is_column(by: str) -> str:
    if not by or by == ALL:
        raise ValueError(
            f"{by!r} is not a column; to limit the drop on all examples write a [[max_drop]]"
        )
    return by


Place = Annotated[str, AfterValidator(_is_place)]
"""``all``, a column (each of its slices), or ``column=pattern``."""
Column = Annotated[str, AfterValidator(_is_column)]
"""A column, whose values are the slices."""
Points = Annotated[float, Field(gt=0, lt=100, strict=True)]
"""Strict, as all numbers of a policy: ``"1"`` is text, and who wrote it may have meant something
else."""
SHOWN, LONGEST = 10, 60
"""Values that a reason lists, and characters of each."""
NOTHING = "there is no example with an outcome on both sides"


class Small(NamedTuple):
    """Slices with fewer than ``min_count`` examples."""

    min_count: int
    rows: tuple[Row, ...]


class Rule(BaseModel):
    """One ``[[rule]]`` table of a policy. ``decide`` yields one decision per slice that the rule is
    about."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ClassVar[str]
    limits_loss: ClassVar[bool] = False
    """Whether it limits how many right answers are lost."""
    counts_lost: ClassVar[bool] = False
    """Whether each right answer that is lost counts against its limit."""
    tier: Tier = "required"

    def columns(self) -> tuple[str, ...]:
        """The columns that the rule slices by."""
        return ()

    def place(self) -> str:
        """What the rule is about, as the policy names it."""
        return ALL

    def small(self, evidence: Evidence) -> Small:
        """The slices that ``decide`` need not show anything of."""
        return Small(0, ())

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        """Decisions at ``level``, one-sided. ``folder`` is the policy's, for files that it
        names."""
        raise NotImplementedError

    def decision(
        self,
        evidence: Evidence,
        row: Row | None,
        outcome: Outcome,
        reason: str,
        *,
        limit: float,
        observed: float = math.nan,
        low: float = math.nan,
        high: float = math.nan,
        n: float = 0,
    ) -> Decision:
        """One of no ``row`` is about the place that the policy names."""
        column, _, value = self.place().partition("=")
        return Decision(
            rule=self.name,
            variant=evidence.pair.variant.name,
            slice=column if row is None else row.slice,
            value=value if row is None else row.value,
            tier=self.tier,
            outcome=outcome,
            limit=limit,
            observed=observed,
            low=low,
            high=high,
            n_examples=int(n),
            reason=reason,
        )


class PlacedRule(Rule):
    """A rule on the whole or on slices."""

    on: Place = ALL

    def place(self) -> str:
        return self.on

    def columns(self) -> tuple[str, ...]:
        column = self.on.partition("=")[0]
        return () if column == ALL else (column,)

    def small(self, evidence: Evidence) -> Small:
        """Cells of a crossing that the audit leaves out."""
        looked_at = set(evidence.rows(self.on).tolist())
        left = [g for g in evidence.every(self.on).tolist() if g not in looked_at]
        return Small(evidence.pair.settings.min_count, tuple(map(evidence.row, left)))

    def nowhere(self, evidence: Evidence, limit: float) -> Decision:
        """No slice matches: nothing was shown, so the rule is open."""
        column = self.on.partition("=")[0]
        where = f"no slice matches {shown(self.on)}; {values_of(evidence, column)}"
        return self.decision(evidence, None, "cannot tell", f"Cannot tell: {where}.", limit=limit)


def values_of(evidence: Evidence, column: str) -> str:
    """The values of a column as a clause, the first few of many."""
    values = [evidence.row(g).value for g in evidence.rows(column).tolist()]
    if not values:
        return f"{column!r} has no slice with enough examples"
    more = f" and {len(values) - SHOWN:,} more" if len(values) > SHOWN else ""
    word = "value" if len(values) == 1 else "values"
    return f"{column!r} has the {word} {', '.join(shown(value) for value in values[:SHOWN])}{more}"


def shown(value: str) -> str:
    """A value from a file or a policy in quotes, cut where it is long."""
    return repr(cut(value))


def cut(value: str) -> str:
    """A value, cut where it is long."""
    return value if len(value) <= LONGEST else value[:LONGEST] + "…"


def at_most(high: float, low: float, limit: float) -> Outcome:
    """Something that costs must stay below ``limit``: shown by its upper limit, refuted by its
    lower."""
    if high < limit:
        return "pass"
    return "fail" if low > limit else "cannot tell"


def at_most_count(least: int, most: int, allowed: int) -> Outcome:
    """A count that lies between ``least`` and ``most`` may be ``allowed`` and no more."""
    if most <= allowed:
        return "pass"
    return "fail" if least > allowed else "cannot tell"


def points(share: float) -> str:
    """0.012 as ``1.2 points``."""
    said = f"{100 * share:.2f}".rstrip("0").rstrip(".")
    return f"{said} point" if said == "1" else f"{said} points"


def span(low: float, high: float, level: float) -> str:
    """One-sided limits of a share as words: ``(one-sided 95 % limits 0.30 to 1.20)``."""
    return f"({_limits(level)} {number(100 * low)} to {number(100 * high)})"


def shift_span(low: float, high: float, level: float) -> str:
    """The same of a difference: ``(one-sided 95 % limits −0.30 to +1.20)``."""
    return f"({_limits(level)} {signed(100 * low)} to {signed(100 * high)})"


def _limits(level: float) -> str:
    return f"one-sided {100 - 100 * level:g} % limits"


def signed(value: float) -> str:
    """A difference in points, which always says its direction: ``+1.20``, ``−0.30``, ``0.00``."""
    said = number(value)
    return f"+{said}" if value > 0 and said != "0.00" else said


def number(value: float) -> str:
    """A number in points with a true minus sign; two digits, as near a limit the second one
    counts."""
    if math.isnan(value):
        return "unknown"
    said = f"{value:.2f}".replace("-", "−")
    return "0.00" if said == "−0.00" else said
