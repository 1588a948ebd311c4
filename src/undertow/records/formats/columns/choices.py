"""Says what may stand where suggested flags leave a column open."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.meant import UNKNOWN, columns_meant, rest_of
from undertow.records.formats.columns.values import is_nested
from undertow.records.formats.columns.within import fields_in
from undertow.records.usual_names import flag_of

MOST_SHOWN = 12


def choices(frame: pl.DataFrame, flags: str, sides: Between = ONE_FILE) -> str:
    """What may stand where the ``flags`` leave open which column holds the answers."""
    if flag_of("prediction", UNKNOWN) not in flags:
        return ""
    meant = columns_meant(frame, sides)
    rest = [name for name in rest_of(frame, meant) if not is_nested(frame[name])]
    rest += [name for name, field in fields_in(frame).items() if not is_nested(field)]
    if not rest:
        return ""
    some = ", ".join(map(repr, rest[:MOST_SHOWN])) + " …" * (len(rest) > MOST_SHOWN)
    which = f"whether COLUMN is {some}" if len(rest) == 1 else f"which COLUMN is, of {some}"
    return (
        f", where only you know {which}; a score or a probability goes with --score COLUMN in "
        "place of --prediction COLUMN"
    )
