"""Examples as the page shows them: what they are, what they are called, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from markupsafe import Markup

from undertow.audit.examined.called import VERDICTS
from undertow.audit.examined.examine import Examined
from undertow.records.traces.trace import Trace
from undertow.report.examined.curve import curve
from undertow.report.examined.said import believed_wrong
from undertow.report.gallery import PICTURE_BYTES, TEXT_BYTES
from undertow.report.pictures import Picture, picture_of
from undertow.report.texts import Prompt, prompt_of
from undertow.report.wording import number, percent

SHOWN = {"likely mislabelled": 48, "atypical": 18, "typical": 6, "cannot tell": 18}
FIRST = 12
"""Cards of a kind that are open; the rest is one click away."""
ABOUT = {
    "likely mislabelled": "The label that stands worst comes first. Labels that are known to be "
    "wrong are not among them.",
    "atypical": "Labels that are believed right and stand lower than typical ones: of rare or hard "
    "examples, and of ordinary ones too, since the line between the two moves with the training. "
    "The one that stands worst comes first.",
    "typical": "A few, evenly from the least to the most typical, for scale.",
    "cannot tell": "The one whose label stands worst comes first.",
}
InputOf = Callable[[str], bytes | str | None]


@dataclass(frozen=True)
class ExaminedCard:
    """One example."""

    example_id: str
    given: str
    instead: str
    picture: Picture | None
    prompt: Prompt | None
    curve: Markup
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Kind:
    """Examples of one verdict, out of ``count``."""

    verdict: str
    about: str
    count: int
    first: tuple[ExaminedCard, ...]
    more: tuple[ExaminedCard, ...]
    pictured: bool


class Room:
    """How many bytes of pictures and texts the page still has room for."""

    def __init__(self) -> None:
        self.pictures, self.texts = PICTURE_BYTES, TEXT_BYTES

    def fits(self, content: bytes | str) -> bool:
        """Takes the room where there is some."""
        size = len(content)
        if isinstance(content, bytes):
            fits = size <= self.pictures
            self.pictures -= size if fits else 0
        else:
            fits = size <= self.texts
            self.texts -= size if fits else 0
        return fits


def kinds(trace: Trace, found: Examined, table: pl.DataFrame, inputs: InputOf) -> tuple[Kind, ...]:
    """A kind per verdict that any example has."""
    room = Room()
    asked = table.with_row_index("row").filter(pl.col("known_wrong") == "no")
    made = [_kind(verdict, asked, trace, found, inputs, room) for verdict in VERDICTS]
    return tuple(kind for kind in made if kind.count)


def _kind(
    verdict: str, asked: pl.DataFrame, trace: Trace, found: Examined, inputs: InputOf, room: Room
) -> Kind:
    having = asked.filter(pl.col("verdict") == verdict).sort("standing", "example_id")
    shown = having.head(SHOWN[verdict])
    if verdict == "typical" and having.height > SHOWN[verdict]:
        at = np.linspace(0, having.height - 1, SHOWN[verdict]).round().astype(int)
        shown = having[at.tolist()]
    cards = tuple(_card(row, trace, found, inputs, room) for row in shown.iter_rows(named=True))
    return Kind(
        verdict,
        ABOUT[verdict],
        having.height,
        cards[:FIRST],
        cards[FIRST:],
        any(card.picture or card.prompt for card in cards),
    )


def _card(
    row: dict[str, object], trace: Trace, found: Examined, inputs: InputOf, room: Room
) -> ExaminedCard:
    example_id, at = str(row["example_id"]), int(str(row["row"]))
    content = inputs(example_id)
    fits = content is None or room.fits(content)
    loss_ME = trace.values.values["loss"][:, at].astype(np.float64)
    return ExaminedCard(
        example_id,
        str(row["given"] or ""),
        str(row["instead"] or ""),
        picture_of(content, fits) if isinstance(content, bytes) else None,
        prompt_of(content, fits) if isinstance(content, str) else None,
        curve(np.exp(-loss_ME), trace.values.entry.epochs, found.evidence.epochs, f"curve-{at}"),
        _facts(row, believed_wrong(found)),
    )


def _facts(row: dict[str, object], called: str) -> tuple[tuple[str, str], ...]:
    def of(name: str) -> float:
        value = row[name]
        return float(value) if isinstance(value, int | float) else float("nan")

    facts = [
        ("given label answered", f"{percent(of('share_given'), 0)} of {int(of('looks')):,} looks")
    ]
    if row["instead"]:
        facts.append(("instead", percent(of("share_instead"), 0)))
        if row["verdict"] != "typical":
            agree = f"{percent(of('agreement'), 0)} of members that answer another"
            facts.append(("agree on that class", agree))
    if row["reason"]:
        facts.append(("cannot tell", str(row["reason"])))
    if np.isfinite(of("p_mislabelled")):
        facts.append((called, number(of("p_mislabelled"), 2)))
    return tuple(facts)
