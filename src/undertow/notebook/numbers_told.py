"""Numbers of the examples that a person has as a frame, to set exemplars against controls in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from undertow.errors import UserError
from undertow.notebook.tables import NO_NAME, is_table, table_of

ID = "example_id"


def frame_told(given: Any, folder: Path | None) -> pl.DataFrame | None:
    """The frame after ``told``, of whatever library; what is no frame is refused where it is
    joined. ``UserError`` beside the population after ``columns_from``."""
    if given is not None and folder is not None:
        raise UserError(
            f"told, --columns-from {folder}: both tell columns to cross; give one of them"
        )
    frame: pl.DataFrame | None = given
    return table_of("told", given, (ID,)).drop(NO_NAME, strict=False) if is_table(given) else frame
