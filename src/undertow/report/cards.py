"""Looks up the card of a measure by the name that a findings row carries."""

from __future__ import annotations

import re
from functools import cache

from undertow.card import Card
from undertow.report.wording import Scale


@cache
def cards() -> dict[str, Card]:
    """Every card that the audit's measures carry, by name."""
    from undertow.audit.measures import all_measures

    return {m.card.name: m.card for m in all_measures()}


def card_of(name: str) -> Card | None:
    """The card of ``name``; of a derived row such as ``accuracy_beyond_overall``, the card it
    derives from."""
    known = cards()
    if name in known:
        return known[name]
    inside = [known[k] for k in known if k in name]
    return max(inside, key=lambda card: len(card.name), default=None)


ACCURACY = "accuracy"


def title_of(name: str, outcome: str = ACCURACY) -> str:
    """What people read: the card's title, or the name itself in words. A graded ``outcome`` takes
    accuracy's place."""
    known = cards()
    said = known[name].title if name in known else name.replace("_", " ").strip()
    if outcome != ACCURACY:
        said = re.sub(ACCURACY, lambda _: outcome, said, flags=re.IGNORECASE)
    return said[:1].upper() + said[1:]


def scale_of(name: str) -> Scale:
    """How values of this measure are written."""
    card = card_of(name)
    return Scale(True) if card is None else Scale(card.percent, excess=card.kind != "rate")


def costs(name: str) -> int:
    """+1 where a rise costs somebody, −1 where a fall does (also without a card: most rates are of
    right answers)."""
    card = card_of(name)
    return -1 if card is None or card.worse == "lower" else 1
