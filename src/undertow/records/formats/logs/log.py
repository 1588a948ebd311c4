"""Defines ``Log``: one member's evaluation log as columns.

Columns of ``frame``, with one row per example, or per example and repeat (equal ``example_id``):

    example_id     text, required, stable between runs; with several tasks ``task/…``
    score          the outcome in [0, 1], null where the log has none (an error, a time-out)
    answer         the answer as text: what was extracted from the output, or the chosen option
    choice, label  of tasks with options: index of the chosen and of the right option, from 0
    options        of tasks with options: a log-probability per option, as a list
    output         all that was written, where that is more than the answer
    target         the right answer, as text
    input          the prompt, or what a person needs to see of it
    content_hash   fingerprint of the example; prompt_hash of the prompt as it was given
    cluster        equal for examples that are not independent (one passage, one template)
    cluster_from   the field that a reader took the cluster from, where nobody asked for it
    seconds        how long it took
    anything else  a slice: ``task``, and fields of the document (see ``slices.py``)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

PER_MEMBER = frozenset({"score", "answer", "choice", "options", "output", "seconds"})
"""Columns that belong to the member's answer. Every other column belongs to the example."""
OPTIONS = ("choice", "label", "options")
"""Columns that only tasks with options have."""


@dataclass(frozen=True, eq=False)
class Log:
    """One member. ``source`` names it in messages, and ``model`` is what the log calls it.

    ``conditions`` use the names of ``records.conditions``; ``facts`` are numbers about the run,
    such as ``seconds``. ``notes`` are sentences about what was assumed or left out while reading.
    ``names`` are what the owner of a table calls its columns, by our names.
    """

    member: str
    source: str
    frame: pl.DataFrame
    model: str | None = None
    metric: str | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
