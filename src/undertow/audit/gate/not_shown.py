"""Slices too small to show that a limit holds: which they are, and how a verdict says so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Loss, NotShown
from undertow.audit.gate.rules import Rule
from undertow.audit.gate.rules._rule import cut
from undertow.audit.pair import Row

WHOLE = 1e-6
"""How exactly a sum of right answers is held."""


def not_shown(rule: Rule, evidence: Evidence, found: Sequence[Decision]) -> Iterator[NotShown]:
    """The small slices of a rule that decided something, less those that it found to fail."""
    decided = {(d.slice, d.value) for d in found}
    small = rule.small(evidence)
    left = [row for row in small.rows if (row.slice, row.value) not in decided]
    looked_at = any(d.value for d in found)
    if left and looked_at:
        left.sort(key=lambda row: -row.count)
        yield NotShown(
            rule=rule.name,
            variant=evidence.pair.variant.name,
            slice=left[0].slice,
            values=tuple(row.value for row in left),
            tier=rule.tier,
            min_count=small.min_count,
            n_examples=left[0].count,
            worst=_worst(evidence, left) if rule.limits_loss else None,
        )


def _worst(evidence: Evidence, rows: Sequence[Row]) -> Loss | None:
    """Of the slices that lost some the one that chance explains least: a loss grows with the number
    of examples, and what chance gives with its root. So 12 of 29 go before 1 of 1."""
    at = {(row.slice, row.value): g for g, row in enumerate(evidence.every_row)}
    lost_G, n_G = evidence.losses(np.array([at[row.slice, row.value] for row in rows], np.intp))
    order = np.argsort(-lost_G / np.sqrt(np.maximum(n_G, 1)), kind="stable")
    g = int(order[0])
    return Loss(rows[g].value, float(lost_G[g]), int(n_G[g])) if lost_G[g] > 0 else None


def not_shown_said(small: Sequence[NotShown]) -> str:
    """``1 slice with fewer than 30 examples is not shown to keep its limit (hospital Lund lost 2 of
    29)``; empty where required rules leave none out. A slice of several variants or rules counts
    once. Of several the worst is named, or the largest where none is seen to lose."""
    required = [s for s in small if s.tier == "required"]
    if not required:
        return ""
    slices = len({(s.slice, value) for s in required for value in s.values})
    fewer = f"with fewer than {max(s.min_count for s in required):,} examples"
    if slices == 1:
        which = _named(required, one=True)
        return f"1 slice {fewer} is not shown to keep its limit ({which})"
    which = _named(required, one=False)
    return f"{slices:,} slices {fewer} are not shown to keep their limit ({which})"


def _named(required: Sequence[NotShown], *, one: bool) -> str:
    """Which slice, and what is known of it."""
    losing = [(s, s.worst) for s in required if s.worst is not None]
    if not losing:
        most = max(required, key=lambda s: s.n_examples)
        largest = f"{most.slice} {cut(most.values[0])}, {most.n_examples:,}"
        return largest if one else f"the largest is {largest}"
    found, worst = max(losing, key=lambda s_worst: s_worst[1].lost / math.sqrt(s_worst[1].n))
    several = len({s.variant for s in required}) > 1
    where = f"{found.slice} {cut(worst.value)}" + (f" of {found.variant}" if several else "")
    return (
        f"{where} {lost_said(worst)}" if one else f"the worst is {where}, which {lost_said(worst)}"
    )


def lost_said(worst: Loss) -> str:
    """``lost 12 of 29``; of grades or the mean of runs ``lost 41.4 points over 29``."""
    whole = round(worst.lost)
    if abs(worst.lost - whole) < WHOLE:
        return f"lost {whole:,} of {worst.n:,}"
    return f"lost {100 * worst.lost / worst.n:.1f} points over {worst.n:,}"
