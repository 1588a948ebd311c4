"""A reference that is so seldom right that a limit lets most of that go.

Exact match of free text, of lists or of counts is right on a few per cent at best. Two points are
then most of all that there is to lose, and a model that lost nearly all of it passes.
"""

from __future__ import annotations

import math

import numpy as np

from undertow.audit.gate.policy import Policy
from undertow.audit.gate.rules._rule import points
from undertow.audit.gate.rules.max_drop import MaxDrop
from undertow.audit.other_outcomes import GOOD
from undertow.audit.pair import Pair
from undertow.audit.slices.table import ALL
from undertow.audit.wording import share
from undertow.records.formats.columns.values import numbers_in
from undertow.records.records import Records
from undertow.records.usual_names import flag_of, plain, says_grade

TIMES = 4
"""How many times the tolerance a reference has to be right at least."""
SELDOM = 0.2
"""Share of right answers from which a reference is not seldom right: a limit that is large beside
it was meant so."""


def little_to_lose(pair: Pair, policy: Policy) -> str:
    """A sentence where the strictest required limit on the whole is more than a quarter of all that
    the reference has right, and what to do; empty otherwise."""
    limits = [
        rule.points / 100
        for rule in policy.rules
        if isinstance(rule, MaxDrop) and rule.tier == "required" and rule.on == ALL
    ]
    right = _share_right(pair.reference)
    if not limits or right is None or right >= min(SELDOM, TIMES * min(limits)):
        return ""
    lost = "all" if right <= min(limits) else share(min(limits) / right)
    return (
        f"The reference {pair.reference.name!r} is right on {share(right)} of the examples, and "
        f"max_drop lets {points(min(limits))} go, {lost} of what it has right, so there is hardly "
        f"anything to lose. {_measure(pair)}{_lower(right)}"
    )


def _share_right(reference: Records) -> float | None:
    """``None`` where outcomes are grades, or there are none."""
    outcome_MN = reference.correct_MN
    known = outcome_MN[~np.isnan(outcome_MN)]
    if not len(known) or not np.isin(known, (0, 1)).all():
        return None
    return float(known.mean(dtype=np.float64))


def _measure(pair: Pair) -> str:
    """Another measure: a column that is called as one is, or in words."""
    both = [c for c in pair.reference.slice_columns if c in pair.variant.slice_columns]
    grades = [c for c in both if plain(c) in GOOD or says_grade(c)]
    name = next((c for c in grades if numbers_in(pair.reference.examples[c]) is not None), None)
    if name is not None:
        return f"Compare by {name!r}, with {flag_of('score', name)}"
    return (
        "Compare by a measure of which the models have more: grade each answer from 0 to 1, as by "
        "how near or how alike it is, and give that column with --score"
    )


def _lower(right: float) -> str:
    """The largest limit that would do, in tenths of a point."""
    most = math.floor(1000 * right / TIMES) / 10
    return f", or lower points to {most:g}." if most >= 0.1 else "."
