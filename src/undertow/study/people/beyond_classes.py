"""Claims that something goes with what people say beyond what classes give."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from undertow.audit.stats.multiplicity import holm
from undertow.study.claims import TOO_SMALL, Outcome
from undertow.study.people.beside import BesidePeople
from undertow.study.people.scores import TAXICAB
from undertow.study.people.within_class import Interval, Null

Kind = Literal["entropy of exemplars", "mislabelled exemplars", "Taxicab distance"]
KINDS: dict[Kind, str] = {
    "entropy of exemplars": "nats",
    "mislabelled exemplars": "share",
    "Taxicab distance": "ρ",
}
"""With the unit of each."""
LEVEL = 0.05


class Found(NamedTuple):
    """A number, and what it is where human judgements are dealt anew within each class."""

    own: Interval
    null: Null

    def said(self, unit: str) -> str:
        """For evidence."""
        value, *limits, below, above = (f"{x:+.3f}" for x in (*self.own, *self.null[1:3]))
        return f"{unit} {value} [{', '.join(limits)}], null {below} to {above}".replace("-", "−")


def found(beside: BesidePeople, arm: str, kind: Kind) -> Found:
    """Human entropy of exemplars, or the share of them that is mislabelled, above others of their
    class; or ρ of Taxicab distance with human entropy."""
    if kind == "Taxicab distance":
        return Found(*beside.ranks(arm, TAXICAB))
    of = beside.entropy_N if kind == "entropy of exemplars" else beside.mislabelled_N
    return Found(beside.exemplars_above(arm, of), beside.exemplars_null(arm, of))


def outcome(beside: BesidePeople, arm: str, kind: Kind, again: str) -> Outcome:
    """Held where p of the class-matched null is at most 5 % after Holm over the arm's three claims
    of this sort, not held where the interval lies below the null, else too small to tell. The null
    arm stands beside; whether an arm goes beyond it is a claim of its own."""
    own, chance = found(beside, arm, kind), found(beside, again, kind)
    p = dict(zip(KINDS, holm([found(beside, arm, k).null.p for k in KINDS]), strict=True))[kind]
    said = f"{own.said(KINDS[kind])}, p {p:.3f} (Holm over {len(KINDS)}); {again} "
    said += f"{chance.said(KINDS[kind])}, p {chance.null.p:.3f} alone"
    if math.isnan(p):
        return Outcome("not testable", f"{said}; undefined")
    if own.own.high < own.null.low:
        return Outcome("not held", said)
    if p <= LEVEL:
        return Outcome("held", said)
    return Outcome("not testable", f"{said}; {TOO_SMALL}")
