"""The exemplar gallery: what is shown of each example, and which pictures fit into one file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from undertow.audit.result import Audit, GalleryEntry, Shown, VariantAudit, Votes
from undertow.audit.slices.table import CLASS, LABEL
from undertow.audit.verdicts import PRIORITY
from undertow.report.difference import Outputs, compared
from undertow.report.pictures import Picture, picture_of
from undertow.report.texts import (
    SMALL_WINDOW,
    Prompt,
    agreed_answers,
    bytes_of,
    prompt_of,
    score_moved,
    unseen,
    written_by,
)
from undertow.report.wording import number, percent, probability

PICTURE_BYTES = 2_400_000
CARDS = 160
"""Bytes of pictures and number of exemplars that one page carries, so that it stays under 5 MB."""
TEXT_BYTES = 1_400_000
"""Bytes of prompts and outputs beyond the first few words of each that one page carries."""
FIRST, ROWS = 6, 24
"""Entries of a variant that are open, as cards and as rows; the rest is one click away."""
VOTE_ROWS = 3
SLICES = 8
"""Slices of an example that are named."""

Place = tuple[int, int, int]
"""Variant, entry, and 0 for the exemplar or 1 for its control."""


@dataclass(frozen=True)
class VoteRow:
    """One answer: the share of members that gave it, before and after."""

    name: str
    truth: bool
    reference: float
    variant: float
    reference_said: str
    variant_said: str


@dataclass(frozen=True)
class Side:
    """One example as the page shows it. What both sides answered is one line instead of votes where
    a side is one run, and beside outputs where either side's members agree; nothing where the
    outputs are the answers."""

    example_id: str
    label: str | None
    picture: Picture | None
    prompt: Prompt | None
    outputs: Outputs | None
    wrote: str
    answers: tuple[str, str] | None
    votes: tuple[VoteRow, ...]
    others: int
    slices: tuple[tuple[str, str], ...]
    """Column and value; the class is left out where it is the label, which is shown anyway."""
    more_slices: int
    """How many are not named."""
    confidence: str
    """``0.93 → 0.61``, or nothing."""


@dataclass(frozen=True)
class Card:
    exemplar: Side
    control: Side | None
    confirmed: bool
    newly_wrong: bool
    newly_right: bool
    q: str
    moved: str
    """By how much its score did, where scores are all that there is."""


@dataclass(frozen=True)
class Gallery:
    variant: str
    first: tuple[Card, ...]
    more: tuple[Card, ...]
    changed: int
    texts: bool
    """Whether there are outputs to read, which need the width of the page."""
    bare: bool
    """Whether there is nothing to look at, so that exemplars are rows of a table."""
    sliced: bool
    confident: bool
    controlled: bool
    """Whether any exemplar has slices to name, confidences, or a control."""
    unseen: str
    """What is not in the records, and which columns would show it; a sentence or empty."""


def galleries(audit: Audit, budget: int = PICTURE_BYTES) -> tuple[Gallery, ...]:
    """One gallery per variant, the one that costs most first.

    Pictures are handed out in turn, first entries first, until ``budget`` is used up.
    """
    fitting = _fitting(audit, budget)
    costly_first = sorted(enumerate(audit.variants), key=lambda n_v: _cost(n_v[1]))
    right = _newly_right(audit)
    return tuple(_gallery(audit, n, fitting, right) for n, v in costly_first if v.gallery)


def _newly_right(audit: Audit) -> set[tuple[str, str]]:
    """Variant and example of answers that became right."""
    rows = audit.exemplars.filter(pl.col("newly_right").fill_null(False))
    return set(rows.select("variant", "example_id").iter_rows())


def _changed(audit: Audit, variant: str) -> int:
    """How many exemplars there are of which the gallery shows the first."""
    here = (pl.col("variant") == variant) & pl.col("modal_disagreement")
    return audit.exemplars.filter(here).height


def _cost(variant: VariantAudit) -> tuple[int, float]:
    """Sorts by verdict, then by what is left of accuracy (NaN, without labels, keeps the audit's
    order)."""
    accuracy = variant.arm.accuracy
    return PRIORITY.index(variant.verdict), 0.0 if math.isnan(accuracy) else accuracy


def _each(audit: Audit) -> int:
    """Exemplars shown of each variant: all, unless there are very many variants."""
    return max(2, CARDS // max(len(audit.variants), 1))


def _gallery(audit: Audit, place: int, fitting: set[Place], right: set[tuple[str, str]]) -> Gallery:
    variant = audit.variants[place]
    name, runs = variant.arm.name, max(audit.reference.members, variant.arm.members)
    shown = variant.gallery[: _each(audit)]
    cards = tuple(
        _card(entry, (place, i), fitting, (name, entry.exemplar.example_id) in right, runs)
        for i, entry in enumerate(shown)
    )
    bare = all(_nothing_to_see(entry.exemplar) for entry in shown)
    first = ROWS if bare else FIRST
    return Gallery(
        variant=name,
        first=cards[:first],
        more=cards[first:],
        changed=_changed(audit, name),
        texts=not bare and any(c.exemplar.outputs for c in cards),
        bare=bare,
        sliced=any(c.exemplar.slices for c in cards),
        confident=any(c.exemplar.confidence for c in cards),
        controlled=any(c.control for c in cards),
        unseen=unseen(_shown(audit), audit.task),
    )


def _shown(audit: Audit) -> list[Shown]:
    """Every example on the page, controls too: what any of them shows is in the records."""
    entries = [entry for v in audit.variants for entry in v.gallery[: _each(audit)]]
    return [s for entry in entries for s in (entry.exemplar, entry.control) if s is not None]


def _nothing_to_see(shown: Shown) -> bool:
    return shown.image is None and shown.text is None and written_by(shown) == (None, None)


def _card(
    entry: GalleryEntry, at: tuple[int, int], fitting: set[Place], newly_right: bool, runs: int
) -> Card:
    return Card(
        exemplar=_side(entry.exemplar, (*at, 0) in fitting, runs),
        control=None if entry.control is None else _side(entry.control, (*at, 1) in fitting, runs),
        confirmed=entry.confirmed,
        newly_wrong=entry.newly_wrong,
        newly_right=newly_right,
        q=probability(entry.q),
        moved=score_moved(entry.exemplar),
    )


def _side(shown: Shown, fits: bool, runs: int) -> Side:
    written = written_by(shown)
    outputs = compared(*written) if fits else compared(*written, window=SMALL_WINDOW)
    agreed = agreed_answers(shown) if outputs or runs == 1 else None
    votes, others = ((), 0) if agreed else _votes(shown)
    slices = tuple(part for part in shown.slices if not _is_label(part, shown))
    return Side(
        example_id=shown.example_id,
        label=shown.label,
        picture=None if shown.image is None else picture_of(shown.image, fits),
        prompt=None if shown.text is None else prompt_of(shown.text, fits),
        outputs=outputs,
        wrote="answered"
        if shown.reference_output is None and shown.variant_output is None
        else "wrote",
        answers=None if agreed is None or _alike(agreed, written) else agreed,
        votes=votes,
        others=others,
        slices=slices[:SLICES],
        more_slices=len(slices[SLICES:]),
        confidence=_confidence(shown),
    )


def _is_label(part: tuple[str, str], shown: Shown) -> bool:
    column, value = part
    return column in (CLASS, LABEL) and value == shown.label


def _confidence(shown: Shown) -> str:
    before, after = shown.reference_confidence, shown.variant_confidence
    if before is None and after is None:
        return ""
    return f"{number(before, 2)} → {number(after, 2)}"


def _alike(answers: tuple[str, str], written: tuple[str | None, str | None]) -> bool:
    """Whether answers are the outputs, white space aside."""
    return [a.split() for a in answers] == [(w or "").split() for w in written]


def _votes(shown: Shown) -> tuple[tuple[VoteRow, ...], int]:
    """The answers with the largest share on either side, the reference's first; and how many more
    there were."""
    before, after = _shares(shown.reference), _shares(shown.variant)
    names = sorted({**before, **after}, key=lambda n: -max(before.get(n, 0.0), after.get(n, 0.0)))
    kept = sorted(names[:VOTE_ROWS], key=lambda n: -before.get(n, 0.0))
    rows = tuple(
        _vote_row(n, n == shown.label, before.get(n, 0.0), after.get(n, 0.0)) for n in kept
    )
    return rows, len(names) - len(kept)


def _vote_row(name: str, truth: bool, before: float, after: float) -> VoteRow:
    return VoteRow(name, truth, before, after, percent(before, 0), percent(after, 0))


def _shares(votes: Votes) -> dict[str, float]:
    return dict(votes.shares)


def _fitting(audit: Audit, budget: int) -> set[Place]:
    """The places whose picture and texts fit, taken in turn over variants; what is too large for
    what is left is skipped."""
    chosen, room = set[Place](), TEXT_BYTES
    deepest = min(max((len(v.gallery) for v in audit.variants), default=0), _each(audit))
    for i, (n, variant) in (
        (i, pair) for i in range(deepest) for pair in enumerate(audit.variants)
    ):
        if i >= len(variant.gallery):
            continue
        for side, shown in enumerate((variant.gallery[i].exemplar, variant.gallery[i].control)):
            if shown is None:
                continue
            picture, texts = len(shown.image or b""), bytes_of(shown)
            if picture <= budget and texts <= room:
                budget, room = budget - picture, room - texts
                chosen.add((n, i, side))
    return chosen
