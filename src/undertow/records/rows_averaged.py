"""What is said of a table in which an example stands in several rows that no column tells apart.

They may be repeats, of which the mean is right, or several metrics, of which it hides the one that
falls: whoever reads a number has to know it.
"""

from __future__ import annotations

from collections.abc import Iterator

from undertow.records.records import Records

SEVERAL_ROWS = "in several rows, whose scores are averaged"
"""Stands in the note on rows of one example in a table, which is said before the audit too."""
NOT_TOLD = f"{SEVERAL_ROWS}, and no column tells these apart"
"""Stands in it where nothing says what the rows are."""


def averaged_unasked(*sides: Records) -> Iterator[str]:
    """A sentence on the sides that have such rows."""
    names = [repr(s.name) for s in sides if any(NOT_TOLD in n for n in s.manifest.notes)]
    if names:
        yield (
            f"Examples of {' and '.join(names)} stand in several rows that no column tells apart, "
            "and the mean of these is compared. If they are no repeats of one grade, but several "
            "metrics or steps, a fall of one may be hidden by another."
        )
