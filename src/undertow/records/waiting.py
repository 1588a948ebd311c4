"""What is written before there is a manifest: a member's entry, and the table of examples."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from undertow.errors import RecordError
from undertow.records.folder import json_bytes
from undertow.records.manifest import digest
from undertow.records.opening import read_file
from undertow.records.schema import MemberEntry


class Waiting(BaseModel):
    """``members/<id>.json``: an entry before the manifest holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    entry: MemberEntry
    seconds: float | None = None
    processor_seconds: float | None = None
    digest: str = ""
    """Of the rest, as a manifest has one: what is edited here must not get into a sealed
    manifest."""

    def sealed(self) -> bytes:
        """Its file."""
        said = digest(json.loads(self.model_dump_json()))
        return json_bytes(self.model_copy(update={"digest": said}))

    @classmethod
    def read(cls, path: Path) -> Waiting:
        """``RecordError`` where the file is not an entry as it was written."""
        data = read_file(path, error=RecordError)
        try:
            found = cls.model_validate_json(data)
        except ValidationError as error:
            raise RecordError(
                f"{path}: is not a member's entry; delete it to make the member again"
            ) from error
        if digest(json.loads(data)) != found.digest:
            raise RecordError(
                f"{path}: was changed after it was written; delete it to make the member again"
            )
        return found


def natural(member_id: str) -> list[tuple[int, str]]:
    """``m2`` before ``m10``."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", member_id)
    ]


def checked_examples(examples: pl.DataFrame, classes: int) -> pl.DataFrame:
    """``examples`` with the types of the format; ``RecordError`` where ids or labels cannot be."""
    if "example_id" not in examples.columns:
        raise RecordError(
            "examples have no column 'example_id'; they have "
            f"{', '.join(examples.columns) or 'none'}"
        )
    ids = examples["example_id"].cast(pl.String)
    if ids.null_count() or ids.n_unique() < len(ids):
        raise RecordError(
            f"example ids must be unique and present: {ids.n_unique()} differ among {len(ids)}"
        )
    label = (
        examples["label"].cast(pl.Int32)
        if "label" in examples.columns
        else pl.Series([None] * len(ids), dtype=pl.Int32)
    )
    if not label.drop_nulls().is_between(0, classes - 1).all():
        low_high = f"{label.min()!r} to {label.max()!r}"
        raise RecordError(f"labels run from {low_high}; {classes} classes want 0 to {classes - 1}")
    others = [c for c in examples.columns if c not in ("example_id", "label")]
    return examples.select(ids.alias("example_id"), label.alias("label"), *others)
