"""Reads the answers of tasks without options: generated texts, or a continuation's likelihood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from undertow.records.formats.lm_eval.rows import Row
from undertow.records.formats.lm_eval.targets import as_text
from undertow.records.formats.logs.texts import kept_output, shortened, text_column

ANOTHER = "(another continuation)"
"""The answer of a model that would not have said the continuation it was asked about."""


def generated(rows: Sequence[Row], *, inputs: bool) -> list[pl.Series]:
    """Returns answer and target of a block, and with ``inputs`` what came before the filter.

    Of repeated generations the answer is the most frequent one after the filter.
    """
    answers = [_most_frequent(row.filtered_resps) for row in rows]
    answer = text_column("answer", answers)
    columns = [shortened(answer), kept_output(_targets(rows))]
    if inputs:
        written = [next(_texts(row.resps), None) for row in rows]
        output = text_column("output", written)
        columns.append(kept_output(output))
    return columns


def said_or_not(rows: Sequence[Row]) -> list[pl.Series]:
    """Returns the continuation if greedy decoding would have said it, else ``ANOTHER``."""
    said = [str(row.filtered_resps[0][1]) == "True" if row.filtered_resps else None for row in rows]
    target = [_continuation(row) for row in rows]
    answer = [None if s is None else t if s else ANOTHER for s, t in zip(said, target, strict=True)]
    return [
        shortened(text_column("answer", answer)),
        kept_output(text_column("target", target)),
    ]


def _targets(rows: Sequence[Row]) -> pl.Series:
    return text_column("target", [as_text(row.target) for row in rows])


def _continuation(row: Row) -> str | None:
    requests = list(row.arguments.values()) if isinstance(row.arguments, dict) else row.arguments
    if not requests:
        return None
    first = requests[0]
    text = first.arg_1 if not isinstance(first, list) else first[1] if len(first) > 1 else None
    return None if text is None else str(text).strip()


def _most_frequent(filtered: list[Any]) -> str | None:
    """Returns the most frequent text, the first of equals.

    One text is the rule. Where the filter keeps several, they are a list in the first request.
    """
    if not filtered:
        return None
    first = filtered[0]
    if type(first) is str:
        return first
    texts = list(_texts(first))
    return Counter(texts).most_common(1)[0][0] if texts else None


def _texts(value: Any) -> Iterator[str]:
    """Yields all texts of nested lists, and numbers and truth values as text."""
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, dict) or value is not None:
        yield str(value)
