"""Reads the options of a block of rows: their texts and log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.formats.lm_eval.layout import Layout
from undertow.records.formats.lm_eval.rows import Row


@dataclass(frozen=True, eq=False)
class Options:
    """A block's options: texts per row, log-probabilities, NaN beyond a row's options, and counts.

    ``alone_NK`` are the log-probabilities without the question, where they were asked for.
    """

    text_N: list[list[str]]
    log_NK: NDArray[np.float64]
    count_N: NDArray[np.int64]
    alone_NK: NDArray[np.float64] | None = None


def options_of(rows: Sequence[Row], layout: Layout, *, doubled: bool) -> Options:
    """Reads the options. ``doubled``: each was asked for once more, without the question."""
    logs = [[pair[0] for pair in row.filtered_resps] for row in rows]
    text_N = (
        [_tails(row) for row in rows]
        if layout.several_contexts
        else [continuations(row) for row in rows]
    )
    if not doubled:
        return Options(text_N, *padded(logs))
    half = [len(log) // 2 for log in logs]
    text_N = [text[:h] for text, h in zip(text_N, half, strict=True)]
    alone_NK, _ = padded([log[h : 2 * h] for log, h in zip(logs, half, strict=True)])
    return Options(text_N, *padded([log[:h] for log, h in zip(logs, half, strict=True)]), alone_NK)


def contexts(row: Row) -> list[str]:
    """Returns what stood before each continuation."""
    requests = row.arguments
    if type(requests) is dict:
        return [str(request.arg_0) for request in requests.values()]
    return [str(request[0]) if request else "" for request in requests]


def first_context(row: Row) -> str | None:
    """Returns what stood before the first continuation, which of a million rows is all that the
    page shows."""
    requests = row.arguments
    if not requests:
        return None
    if type(requests) is dict:
        return str(next(iter(requests.values())).arg_0)
    return str(requests[0][0]) if requests[0] else ""


def padded(values: Sequence[Sequence[float]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Returns (N, K) with NaN beyond each row's values, and their counts."""
    count_N = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    flat = np.fromiter(chain.from_iterable(values), dtype=np.float64, count=int(count_N.sum()))
    most = int(count_N.max(initial=0))
    if flat.size == most * count_N.size:
        return flat.reshape(count_N.size, most), count_N
    table_NK = np.full((count_N.size, most), np.nan)
    table_NK[np.arange(most) < count_N[:, None]] = flat
    return table_NK, count_N


def listed(options: Options) -> pl.Series:
    """Returns log-probabilities as lists, each as long as the row has options."""
    n, most = options.log_NK.shape
    with np.errstate(over="ignore"):
        flat = pl.Series("options", options.log_NK.astype(np.float32).ravel(), dtype=pl.Float32)
    if not most:
        return pl.Series("options", [[]] * n, dtype=pl.List(pl.Float32))
    padded = flat.reshape((n, most)).cast(pl.List(pl.Float32))
    if (options.count_N == most).all():
        return padded
    return (
        pl.select(pl.lit(padded).list.head(pl.lit(pl.Series(options.count_N))))
        .to_series()
        .alias("options")
    )


def continuations(row: Row) -> list[str]:
    """Returns what was asked for in each request."""
    requests = row.arguments
    if type(requests) is dict:
        return [request.arg_1 for request in requests.values()]
    return [str(request[1]) if len(request) > 1 else "" for request in requests]


def _tails(row: Row) -> list[str]:
    """Returns options at the end of the context: from the first word in which contexts differ."""
    texts = contexts(row)
    low, high = min(texts), max(texts)
    alike = next(
        (k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b),
        min(len(low), len(high)),
    )
    start = low.rfind(" ", 0, alike) + 1
    return [text[start:] for text in texts]


def is_doubled(row: Row) -> bool:
    """Tells whether each option was asked for twice."""
    texts = continuations(row)
    half = len(texts) // 2
    return len(texts) % 2 == 0 and half > 0 and texts[:half] == texts[half:]
