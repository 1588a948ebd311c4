"""Pictures as the page carries them: what kind they are by their first bytes, and how large they
are drawn."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass

from markupsafe import Markup

from undertow.records.pictures import media_type

SIDE = 112
SMALL = 64
"""Pictures up to this many pixels wide are enlarged with crisp pixels."""


@dataclass(frozen=True)
class Picture:
    """``data`` is base64 (marked safe, so that it is never cut), or empty where ``missing`` says
    why."""

    data: Markup
    kind: str
    width: int
    height: int
    crisp: bool
    missing: str


def picture_of(data: bytes, fits: bool) -> Picture:
    kind = media_type(data)
    if kind is None:
        return Picture(
            Markup(),
            "",
            SIDE,
            SIDE,
            False,
            f"picture of a format that is not shown ({len(data):,} bytes)",
        )
    width, height = _drawn(_size(data, kind))
    small = _size(data, kind)[0] in range(1, SMALL + 1)
    if not fits:
        why = f"picture left out to keep this file small ({len(data):,} bytes)"
        return Picture(Markup(), kind, width, height, small, why)
    return Picture(Markup(base64.b64encode(data).decode("ascii")), kind, width, height, small, "")


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
    """The drawn size: within the gallery's square, aspect kept, small pictures by a whole
    factor."""
    longest = max(size)
    if min(size) <= 0:
        return SIDE, SIDE
    factor = float(SIDE // longest) if longest <= SIDE // 2 else SIDE / longest
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
