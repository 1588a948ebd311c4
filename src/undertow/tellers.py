"""Slices and columns that somebody tells who takes no part in a comparison: a population, or a
frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from undertow.audit.dynamics.thirds import named_in, thirds_asked
from undertow.audit.dynamics.told import numbers_told, tellable
from undertow.audit.numbers_asked import AS_A_FRAME
from undertow.errors import UserError
from undertow.records.naming import with_note
from undertow.records.records import Records

if TYPE_CHECKING:
    from undertow.files import Request

GIVEN = (
    "Columns to cross were given as a frame, which does not say whose answers it holds: whether "
    "those take no part in the comparison is not checked."
)


def with_thirds(request: Request, sides: Sequence[Records]) -> list[Records]:
    """The sides with the slices that a population which takes no part tells; the first one says
    so."""
    by, cross = request.settings.by, request.settings.cross
    if request.columns_from is None or (cross and not named_in(by)):
        return list(sides)
    told = thirds_asked(request.columns_from, request.settings.by, sides)
    first, *others = (told.given_to(side) for side in sides)
    return [with_note(first, told.said), *others]


def with_numbers(
    request: Request, reference: Records, variants: Sequence[Records]
) -> tuple[Records, pl.DataFrame | None]:
    """The columns to cross that a population tells which takes no part; the reference says so."""
    folder, settings = request.columns_from, request.settings
    if request.told is not None:
        return with_note(reference, GIVEN), request.told
    if folder is None or not settings.cross:
        return reference, None
    told = numbers_told(folder, settings.cross, [reference, *variants])
    if told is not None:
        return with_note(reference, told.said), told.columns
    if not named_in(settings.by):
        elsewhere = set(settings.cross) - {*reference.slice_columns}
        raise UserError(
            f"--columns-from {folder}: tells nothing that is asked for after --cross or --by; it "
            f"tells {', '.join(tellable(folder))}; add one of these, or leave out --columns-from"
            + (f", {AS_A_FRAME}" if elsewhere else "")
        )
    return reference, None
