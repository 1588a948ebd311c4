"""What a gate that fails says of its guards: a failure stands, but where names of classes are
exchanged or a side is below chance, the file is the first place to look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from undertow.audit.at_chance import but_below_chance
from undertow.audit.gate.result import BELOW, GUARDS, Decision
from undertow.audit.pair import Pair


def look_first(pairs: Sequence[Pair], decisions: Sequence[Decision]) -> Iterator[str]:
    """Sentences to end a failure with; none where no guard is open."""
    doubted = {d.variant for d in decisions if d.rule == BELOW}
    said = dict.fromkeys(
        but_below_chance(pair.reference, pair.variant, pair.cluster_N)
        for pair in pairs
        if pair.variant.name in doubted
    )
    yield from said
    rest = {*GUARDS} - {BELOW}
    others = dict.fromkeys(_named(d, len(pairs) > 1) for d in decisions if d.rule in rest)
    if others:
        have, too = "has" if len(others) == 1 else "have", " too" if said else ""
        yield f"{' and '.join(others)} {have} to be looked into first{too}."


def _named(guard: Decision, several: bool) -> str:
    return f"{guard.rule} of {guard.variant}" if several else guard.rule
