"""Slice columns that two sides fill in differently.

A slice has to say what an example is. What a model made of it, such as its confidence, is another
thing on each side, and slicing by the reference's picks the examples on which the reference did
well or badly: of two equal models each then seems to lose against the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from undertow.audit.slices.unknown import CROSS
from undertow.errors import NotComparableError
from undertow.records.check import Aligned, followed
from undertow.records.disputes import Dispute

MOST = 0.1
"""Share of the examples on which the sides may differ in a column that describes the examples."""


def columns_of(by: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The columns that slices are made of: a crossing of several."""
    names = (
        part.strip() for name in by for part in ([name] if name in known else name.split(CROSS))
    )
    return tuple(dict.fromkeys(name for name in names if name in known))


def refuse_disputed(aligned: Aligned, by: Iterable[str], ruled: Iterable[str] = ()) -> None:
    """``NotComparableError`` where a column asked for is another one on each side; ``ruled`` are
    slices that a policy names."""
    most, of_policy = MOST * aligned.reference.N, columns_of(ruled, aligned.disputed)
    for name, found in _asked(aligned, by).items():
        if found.count > most:
            way_on = "take it out of the policy" if name in of_policy else "leave it out of --by"
            raise NotComparableError(
                f"{aligned.reference.name!r} and {aligned.variant.name!r} differ in column "
                f"{name!r} on {found.count:,} of {aligned.reference.N:,} examples (first "
                f"{found.example!r}: {found.mine!r} and {found.theirs!r}), and a slice has to say "
                f"what an example is, not what a model made of it; {way_on}, or, if it does "
                "describe the examples, give it in the reference's file alone"
            )


def said_of_disputed(aligned: Aligned, by: Iterable[str]) -> tuple[str, ...]:
    """Whose values are followed in columns asked for on which the sides differ."""
    return tuple(
        followed(name, found.count, aligned.reference)
        for name, found in _asked(aligned, by).items()
    )


def _asked(aligned: Aligned, by: Iterable[str]) -> Mapping[str, Dispute]:
    return {name: aligned.disputed[name] for name in columns_of(by, aligned.disputed)}
