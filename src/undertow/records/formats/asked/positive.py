"""Takes the positive class that a person named, whatever format the records came in."""

from __future__ import annotations

import shlex
from dataclasses import replace

from undertow.errors import UserError
from undertow.records.class_list import class_meant
from undertow.records.records import Records


def with_positive(records: Records, asked: str | None) -> Records:
    """The records with the class ``asked`` as the positive one of two. Raises ``UserError`` where
    there is no such class, or the task is not binary."""
    if asked is None:
        return records
    named = class_meant(asked, records.classes)
    if named is None or records.C != 2:
        listed = ", ".join(repr(name) for name in records.classes)
        raise UserError(
            f"--positive {shlex.quote(asked)}: {records.name!r} has the classes {listed}; name one "
            "of the two classes of a binary task"
        )
    return replace(records, manifest=records.manifest.model_copy(update={"positive": named}))
