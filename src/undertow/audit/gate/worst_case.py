"""Whether a pass holds if the new model got everything wrong that was left out of a comparison.

What is left out is seldom left out at random: labels that somebody changed where the new model
errs, or answers that it did not give. A pass on the rest says nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.guards import opened
from undertow.audit.gate.policy import Policy
from undertow.audit.gate.result import LEFT, Decision, place_of
from undertow.audit.gate.rules import Rule
from undertow.audit.gate.rules._rule import number
from undertow.audit.lost_at_most import LostAtMost
from undertow.audit.slices.table import ALL, SliceTable, slice_table
from undertow.errors import UserError

Decided = Sequence[tuple[Rule, Sequence[Decision]]]


def worst_case(
    evidence: Evidence, policy: Policy, decided: Decided, lost: LostAtMost | None, way: str
) -> Iterator[Decision]:
    """Open where a required check need not hold; ``way`` says how what the variant lacks
    counts as wrong. Silent where something fails, or was allowed."""
    failed = any(d.tier == "required" and d.outcome == "fail" for _, f in decided for d in f)
    if lost is None or not lost.most_K.any() or policy.left_out == "allowed" or failed:
        return
    for rule, found in decided:
        if rule.tier != "required" or not rule.counts_lost:
            continue
        for case in _cases(evidence, rule, found, lost, policy.level):
            if case.most > case.limit:
                yield _left_out(evidence, case, lost, way)
                return


class _Case(NamedTuple):
    """A check on a place, and the most that it may be, beside its limit."""

    rule: str
    where: str
    most: float
    limit: float
    unit: str


def _cases(
    evidence: Evidence, rule: Rule, found: Sequence[Decision], lost: LostAtMost, level: float
) -> Iterator[_Case]:
    """Of each decision, and of slices that were left out as a whole."""
    count, seen = getattr(rule, "count", None) is not None, {(d.slice, d.value) for d in found}
    for d in found:
        most_K = lost.most_K[_within(lost, d.slice, d.value)]
        most = d.observed + float(most_K.sum()) if count else _most(d, most_K, level)
        yield _Case(d.rule, d.where, most, d.limit, "" if count else " points")
    columns = {d.slice for d in found if d.value} - {ALL}
    for column, value in () if count else _values(lost, columns):
        k = float(lost.most_K[_within(lost, column, value)].sum())
        there = sum(r.count for r in evidence.every_row if (r.slice, r.value) == (column, value))
        if (column, value) not in seen and not there and k >= getattr(rule, "min_count", 1):
            yield _Case(rule.name, place_of(column, value), 100.0, found[0].limit, " points")


def _most(d: Decision, most_K: NDArray[np.floating[Any]], level: float) -> float:
    """The upper limit of points that a check limits, if so much more were lost. Limits of what was
    compared and of the share that was not (Wilson) are put together as MOVER does (Zou and Donner
    2008)."""
    k = float(most_K.sum())
    if not k or math.isnan(d.high):
        return -math.inf
    n, every = d.n_examples, d.n_examples + len(most_K)
    beyond = n / every * (d.high - d.observed), 100 * (_wilson(k / every, every, level) - k / every)
    return (n * d.observed + 100 * k) / every + math.hypot(*beyond)


def _wilson(share: float, n: float, level: float) -> float:
    from scipy.stats import norm  # Here, as it takes a third of the time to start.

    z = float(norm.ppf(1 - level))
    middle = share + z**2 / (2 * n)
    beyond = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (middle + beyond) / (1 + z**2 / n)


def _values(lost: LostAtMost, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    for column in sorted(columns):
        table = _table(lost, column)
        yield from () if table is None else zip(table.column_G, table.value_G, strict=True)


def _within(lost: LostAtMost, column: str, value: str) -> NDArray[np.bool_]:
    """Which of those left out are in a slice; all, where nothing tells."""
    table = None if column == ALL or not value else _table(lost, column)
    if table is None:
        return np.ones(lost.examples.N, dtype=bool)
    rows = [g for g in range(table.G) if table.value_G[g] == value]
    inside_N: NDArray[np.bool_] = np.asarray(table.membership_GN[rows].sum(axis=0)).ravel() > 0
    return inside_N


def _table(lost: LostAtMost, column: str) -> SliceTable | None:
    try:
        return slice_table(lost.examples, [column], min_count=1)
    except UserError:  # Only the variant has it.
        return None


def _left_out(evidence: Evidence, case: _Case, lost: LostAtMost, way: str) -> Decision:
    pair, out = evidence.pair, lost.examples.N
    lacked = out - lost.differ
    differ = f"the labels of the sides differ on {lost.differ:,} of them" if lost.differ else ""
    lacks = f"{lacked:,} of them are not compared for want of an answer or a row" if lacked else ""
    why = " and ".join(filter(None, (differ, lacks)))
    ways = ["Write the same labels into both files."] * bool(lost.differ)
    ways += [way] * bool(lacked and way)
    said = f"{case.rule} on {case.where} need not hold: it may be {number(case.most)}{case.unit}"
    reason = (
        f"{out:,} of {out + pair.reference.N:,} examples of {pair.reference.name!r} were left out: "
        f"{why}. If {pair.variant.name!r} is wrong on all of these, {said}, and the limit is "
        f"{case.limit:g}. {' '.join(ways)} Or, if they may be left out, write "
        'left_out = "allowed" at the top of the policy.'
    )
    return opened(evidence, LEFT, out, reason)
