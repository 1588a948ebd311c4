"""``Log``: one member's evaluation log as columns, which is all that a reader of evaluation logs
has to produce.

Columns of ``frame``, one row per example, or per example and repeat (rows with one ``example_id``):

    example_id     text, required: stable between runs; with several tasks ``task/…``
    score          the outcome in [0, 1], null where the log has none (an error, a time-out)
    answer         the answer as text: what was extracted from the output, or the chosen option
    choice, label  of tasks with options: index of the chosen and of the right option, from 0
    options        of tasks with options: a log-probability per option, as a list
    output         all that was written, where that is more than the answer
    target         the right answer, as text
    input          the prompt, or what a person needs to see of it
    content_hash   fingerprint of the example; prompt_hash of the prompt as it was given
    cluster        equal for examples that are not independent (one passage, one template)
    cluster_from   what a reader took it from without being asked, where it did
    seconds        what it took
    anything else  a slice: ``task``, and fields of the document that ``slice_worthy`` keeps
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from undertow.records.formats.decoding.values import fingerprint

PER_MEMBER = frozenset({"score", "answer", "choice", "options", "output", "seconds"})
"""Columns that belong to the member's answer; every other column belongs to the example."""

MOST_COLUMNS = 200
"""Fields of a document that can become slices; of more the first are kept."""
MOST_VALUES = 200
LONGEST_VALUE = 80
TEXT_LIMIT = 4000
"""Characters of a prompt (from its end) or an output (from its beginning) that are kept to be
shown."""


@dataclass(frozen=True, eq=False)
class Log:
    """One member: ``source`` names it in messages, ``model`` is what the log calls it.

    ``conditions`` use the names of ``records.conditions``; ``facts`` are numbers about the run,
    such as ``seconds``. ``notes`` are full sentences about what was assumed or left out while
    reading.
    """

    member: str
    source: str
    frame: pl.DataFrame
    model: str | None = None
    metric: str | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def slice_worthy(column: pl.Series) -> bool:
    """Whether a document's column can be a slice: few different short texts, numbers, or truth
    values."""
    if column.dtype == pl.Boolean or column.dtype.is_numeric():
        return True
    if column.dtype != pl.String or column.null_count() == len(column):
        return False
    longest = column.str.len_chars().max()
    return (
        isinstance(longest, int) and longest <= LONGEST_VALUE and column.n_unique() <= MOST_VALUES
    )


def kept_input(column: pl.Series) -> pl.Series:
    """The end of each prompt, because that is where the question stands."""
    return column.str.tail(TEXT_LIMIT)


def kept_output(column: pl.Series) -> pl.Series:
    """The beginning of each output."""
    return column.str.head(TEXT_LIMIT)


def bounded(said: str | None) -> str | None:
    """A text; of a very long one its beginning and a fingerprint of the whole, so that it stays
    itself."""
    return (
        said
        if said is None or len(said) <= TEXT_LIMIT
        else f"{said[:TEXT_LIMIT]} … #{fingerprint(said)}"
    )
