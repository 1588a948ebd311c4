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
KINDS: tuple[Kind, ...] = ("entropy of exemplars", "mislabelled exemplars", "Taxicab distance")
LEVEL = 0.05


class Found(NamedTuple):
    """A number, and what it is where human judgements are dealt anew within each class."""

    own: Interval
    null: Null

    @property
    def said(self) -> str:
        """For evidence."""
        own, null = self.own, self.null
        limits = f"[{own.low:+.3f}, {own.high:+.3f}]"
        return f"{own.value:+.3f} {limits}, null {null.low:+.3f} to {null.high:+.3f}"


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
    said = f"{own.said}, p {p:.3f} (Holm over {len(KINDS)}); {again} {chance.said}, "
    said += f"p {chance.null.p:.3f} alone"
    if math.isnan(p):
        return Outcome("not testable", f"{said}; undefined")
    if own.own.high < own.null.low:
        return Outcome("not held", said)
    if p <= LEVEL:
        return Outcome("held", said)
    return Outcome("not testable", f"{said}; {TOO_SMALL}")
