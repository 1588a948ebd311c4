"""The exemplar gallery: what is shown of each example, and which pictures fit into one file."""

from __future__ import annotations

import base64
import math
import struct
from dataclasses import dataclass

from markupsafe import Markup

from undertow.audit.headline import PRIORITY
from undertow.audit.result import Audit, GalleryEntry, Shown, VariantAudit, Votes
from undertow.report.wording import clean, percent, probability

PICTURE_BYTES = 2_400_000
CARDS = 160
"""Bytes of pictures and number of exemplars that one page carries, so that it stays under 5 MB."""
TEXT_LIMIT = 600
FIRST = 6
"""Entries of a variant that are open; the rest is one click away."""
SIDE = 112
SMALL = 64
"""Pictures up to this many pixels wide are enlarged with crisp pixels."""
VOTE_ROWS = 3

Place = tuple[int, int, int]
"""Variant, entry, and 0 for the exemplar or 1 for its control."""

_TYPES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"))


@dataclass(frozen=True)
class Picture:
    """``data`` is base64 (marked safe, so that it is never cut), or empty where ``missing`` says why."""

    data: Markup
    kind: str
    width: int
    height: int
    crisp: bool
    missing: str


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
    """One example as the page shows it."""

    example_id: str
    label: str | None
    picture: Picture | None
    text: str | None
    votes: tuple[VoteRow, ...]
    others: int


@dataclass(frozen=True)
class Card:
    exemplar: Side
    control: Side | None
    confirmed: bool
    newly_wrong: bool
    q: str
    taxicab: float


@dataclass(frozen=True)
class Gallery:
    variant: str
    first: tuple[Card, ...]
    more: tuple[Card, ...]
    changed: int | None


def galleries(audit: Audit, budget: int = PICTURE_BYTES) -> tuple[Gallery, ...]:
    """One gallery per variant, the one that costs most first.

    Pictures are handed out in turn, first entries first, until ``budget`` is used up.
    """
    fitting = _fitting(audit, budget)
    costly_first = sorted(enumerate(audit.variants), key=lambda n_v: _cost(n_v[1]))
    return tuple(_gallery(v, n, fitting, _each(audit)) for n, v in costly_first if v.gallery)


def _cost(variant: VariantAudit) -> tuple[int, float]:
    """Sorts by verdict, then by what is left of accuracy (NaN, without labels, keeps the audit's order)."""
    accuracy = variant.arm.accuracy
    return PRIORITY.index(variant.verdict), 0.0 if math.isnan(accuracy) else accuracy


def _each(audit: Audit) -> int:
    """Exemplars shown of each variant: all, unless there are very many variants."""
    return max(2, CARDS // max(len(audit.variants), 1))


def _gallery(variant: VariantAudit, place: int, fitting: set[Place], each: int) -> Gallery:
    cards = tuple(_card(entry, (place, i), fitting) for i, entry in enumerate(variant.gallery[:each]))
    changed = None if variant.count is None else variant.count.observed
    return Gallery(variant.arm.name, cards[:FIRST], cards[FIRST:], changed)


def _card(entry: GalleryEntry, at: tuple[int, int], fitting: set[Place]) -> Card:
    exemplar = _side(entry.exemplar, (*at, 0) in fitting)
    control = None if entry.control is None else _side(entry.control, (*at, 1) in fitting)
    return Card(exemplar, control, entry.confirmed, entry.newly_wrong, probability(entry.q), entry.taxicab)


def _side(shown: Shown, fits: bool) -> Side:
    votes, others = _votes(shown)
    return Side(
        example_id=shown.example_id,
        label=shown.label,
        picture=None if shown.image is None else _picture(shown.image, fits),
        text=None if shown.text is None else clean(shown.text, TEXT_LIMIT),
        votes=votes,
        others=others,
    )


def _votes(shown: Shown) -> tuple[tuple[VoteRow, ...], int]:
    """The answers with the largest share on either side, the reference's first; and how many more there were."""
    before, after = _shares(shown.reference), _shares(shown.variant)
    names = sorted({**before, **after}, key=lambda n: -max(before.get(n, 0.0), after.get(n, 0.0)))
    kept = sorted(names[:VOTE_ROWS], key=lambda n: -before.get(n, 0.0))
    rows = tuple(_vote_row(n, n == shown.label, before.get(n, 0.0), after.get(n, 0.0)) for n in kept)
    return rows, len(names) - len(kept)


def _vote_row(name: str, truth: bool, before: float, after: float) -> VoteRow:
    return VoteRow(name, truth, before, after, percent(before, 0), percent(after, 0))


def _shares(votes: Votes) -> dict[str, float]:
    return dict(votes.shares)


def _fitting(audit: Audit, budget: int) -> set[Place]:
    """The places whose picture fits, taken in turn over variants; a picture too large for what is left is skipped."""
    chosen: set[Place] = set()
    deepest = min(max((len(v.gallery) for v in audit.variants), default=0), _each(audit))
    for i, (n, variant) in ((i, pair) for i in range(deepest) for pair in enumerate(audit.variants)):
        if i >= len(variant.gallery):
            continue
        for side, shown in enumerate((variant.gallery[i].exemplar, variant.gallery[i].control)):
            if shown is not None and shown.image is not None and len(shown.image) <= budget:
                budget -= len(shown.image)
                chosen.add((n, i, side))
    return chosen


def _picture(data: bytes, fits: bool) -> Picture:
    kind = media_type(data)
    if kind is None:
        return Picture(Markup(), "", SIDE, SIDE, False, f"picture of a format that is not shown ({len(data):,} bytes)")
    width, height = _drawn(_size(data, kind))
    small = _size(data, kind)[0] in range(1, SMALL + 1)
    if not fits:
        why = f"picture left out to keep this file small ({len(data):,} bytes)"
        return Picture(Markup(), kind, width, height, small, why)
    return Picture(Markup(base64.b64encode(data).decode("ascii")), kind, width, height, small, "")


def media_type(data: bytes) -> str | None:
    """``png``, ``jpeg``, ``gif`` or ``webp`` by the first bytes; ``None`` for the rest, such as SVG with scripts."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _TYPES if data.startswith(magic)), None)


def _size(data: bytes, kind: str) -> tuple[int, int]:
    """Pixels, where the first bytes say so; (0, 0) otherwise."""
    if kind == "png" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return int(width), int(height)
    if kind == "gif" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return int(width), int(height)
    return 0, 0


def _drawn(size: tuple[int, int]) -> tuple[int, int]:
    """The drawn size: within the gallery's square, aspect kept, small pictures by a whole factor."""
    longest = max(size)
    if min(size) <= 0:
        return SIDE, SIDE
    factor = float(SIDE // longest) if longest <= SIDE // 2 else SIDE / longest
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
