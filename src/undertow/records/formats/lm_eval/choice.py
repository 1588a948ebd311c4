"""Which option a model chose and which was right. lm-eval stores neither: both follow from the
log-probabilities, the continuations and the target, as ``ConfigurableTask.process_results`` has
it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.formats.lm_eval.layout import GOLD_FIELDS, Layout
from undertow.records.formats.lm_eval.rows import Row
from undertow.records.formats.logs.texts import text_column
from undertow.records.records import MISSING

WEIGHED = {"acc_norm": "characters", "acc_bytes": "bytes", "acc_mutual_info": "difference"}
"""Metric → what its choice is the largest of: log-probability by length, or less that of the option
alone."""
INDEX = re.compile(r"\[?\s*(\d{1,9})(\s*,\s*\d{1,9})*\s*\]?")


@dataclass(frozen=True)
class Rule:
    """How this task's rows tell choice and label. ``skip``: characters of delimiter before each
    option. ``doubled``: each option was asked for twice, the second time without the question.
    ``gold``: ``index``, ``text``, ``letter``, ``field:…`` of the document, or ``score`` (of two, by
    elimination).
    """

    weigh: str = "plain"
    skip: int = 0
    doubled: bool = False
    gold: str = "index"


@dataclass(frozen=True, eq=False)
class Options:
    """A block's options: texts per row, log-probabilities (NaN beyond a row's options), how many
    there are, and where they were asked for the log-probabilities of the options without the
    question."""

    text_N: list[list[str]]
    log_NK: NDArray[np.float64]
    count_N: NDArray[np.int64]
    alone_NK: NDArray[np.float64] | None = None


def learn_rule(
    rows: Sequence[Row], layout: Layout, metric: str | None, score_N: NDArray[np.float64]
) -> Rule:
    """The rule that agrees with most scores, and among equals the one that knows most labels."""
    weigh = WEIGHED.get(metric or "", "plain")
    doubled = "acc_mutual_info" in layout.metrics and all(_is_doubled(row) for row in rows)
    weigh = "plain" if weigh == "difference" and not doubled else weigh
    options = options_of(rows, layout, doubled=doubled)
    blank = min(
        (len(t) - len(t.lstrip()) for texts in options.text_N for t in texts if t), default=0
    )
    telling_N = np.isin(score_N, (0.0, 1.0))
    fields = [
        f"field:{c.at}" for c in layout.columns if c.name in GOLD_FIELDS and c.kind == "number"
    ]
    best, most = Rule(weigh, blank, doubled), (-1, 0)
    for skip, gold in product(dict.fromkeys((blank, 0)), ("index", "text", "letter", *fields)):
        rule = Rule(weigh, skip, doubled, gold)
        choice_N = chosen(options, rule)
        label_N = labels(rows, options, rule, choice_N, score_N)
        known = label_N >= 0
        agreeing = int((known & telling_N & ((choice_N == label_N) == (score_N == 1))).sum())
        if (agreeing, int(known.sum())) > most:
            best, most = rule, (agreeing, int(known.sum()))
    if most[1] * 2 >= len(rows):
        return best
    two = all(len(texts) == 2 for texts in options.text_N) and bool(telling_N.all())
    return Rule(weigh, best.skip, doubled, "score" if two else best.gold)


def options_of(rows: Sequence[Row], layout: Layout, *, doubled: bool) -> Options:
    """Texts and log-probabilities of the options, and the latter without the question where they
    were asked for."""
    logs = [[pair[0] for pair in row.filtered_resps] for row in rows]
    text_N = (
        [_tails(row) for row in rows]
        if layout.several_contexts
        else [_continuations(row) for row in rows]
    )
    if not doubled:
        return Options(text_N, *_padded(logs))
    half = [len(log) // 2 for log in logs]
    text_N = [text[:h] for text, h in zip(text_N, half, strict=True)]
    alone_NK, _ = _padded([log[h : 2 * h] for log, h in zip(logs, half, strict=True)])
    return Options(text_N, *_padded([log[:h] for log, h in zip(logs, half, strict=True)]), alone_NK)


def chosen(options: Options, rule: Rule) -> NDArray[np.int32]:
    """(N,) the option of the largest weight, the first of equals; ``MISSING`` where a weight is no
    number."""
    weight_NK = options.log_NK
    if not weight_NK.shape[1]:
        return np.full(weight_NK.shape[0], MISSING, dtype=np.int32)
    with np.errstate(divide="ignore", invalid="ignore"):
        if rule.weigh == "difference" and options.alone_NK is not None:
            weight_NK = weight_NK - options.alone_NK
        elif rule.weigh in ("characters", "bytes"):
            weight_NK = weight_NK / _padded(_lengths(options.text_N, rule))[0]
    beyond_NK = np.arange(weight_NK.shape[1]) >= options.count_N[:, None]
    unknown_N = (np.isnan(weight_NK) & ~beyond_NK).any(axis=1) | (options.count_N == 0)
    choice_N = np.where(beyond_NK, -np.inf, weight_NK).argmax(axis=1)
    return np.where(unknown_N, MISSING, choice_N).astype(np.int32)


def labels(
    rows: Sequence[Row],
    options: Options,
    rule: Rule,
    choice_N: NDArray[np.int32],
    score_N: NDArray[np.float64],
) -> NDArray[np.int32]:
    """(N,) the right option's index, ``MISSING`` where the rule does not tell."""
    if rule.gold == "score":
        other_N = np.where(score_N == 1, choice_N, 1 - choice_N)
        return np.where((choice_N < 0) | np.isnan(score_N), MISSING, other_N).astype(np.int32)
    if rule.gold.startswith("field:"):
        at = rule.gold.removeprefix("field:")
        found = [_whole(getattr(row.doc, at)) for row in rows]
    elif rule.gold == "text":
        found = [
            _position(row.target, texts) for row, texts in zip(rows, options.text_N, strict=True)
        ]
    elif rule.gold == "letter":
        found = [_letter(row.target) for row in rows]
    else:
        found = [index_in(row.target) for row in rows]
    return np.array(
        [f if f < len(t) else MISSING for f, t in zip(found, options.text_N, strict=True)],
        dtype=np.int32,
    )


def answered(
    options: Options, choice_N: NDArray[np.int32], label_N: NDArray[np.int32], rows: Sequence[Row]
) -> list[pl.Series]:
    """Columns of a block: choice, label, options, answer, target."""
    picked = zip(options.text_N, choice_N.tolist(), label_N.tolist(), rows, strict=True)
    words = [(t[c].strip() if c >= 0 else None, _right(t, g, r.target)) for t, c, g, r in picked]
    return [
        pl.Series("choice", choice_N).replace(MISSING, None),
        pl.Series("label", label_N).replace(MISSING, None),
        _listed(options),
        text_column("answer", [answer for answer, _ in words]),
        text_column("target", [target for _, target in words]),
    ]


def _right(texts: list[str], label: int, target: Any) -> str | None:
    """The right option's text, or those of several; without a label the target as it is."""
    if label < 0:
        return as_text(target)
    if type(target) is str and target.startswith("[") and INDEX.fullmatch(target):
        several = [int(found) for found in re.findall(r"\d+", target)]
        return " | ".join(texts[k].strip() for k in several if k < len(texts))
    return texts[label].strip()


def as_text(value: Any) -> str | None:
    """A target as a person reads it."""
    return value if isinstance(value, str) or value is None else str(value)


def index_in(target: Any) -> int:
    """``3``, or the first of ``[3, 5]``; ``MISSING`` for anything else."""
    if type(target) is str:
        if len(target) == 1:
            return ord(target) - 48 if "0" <= target <= "9" else MISSING
        found = INDEX.fullmatch(target)
        return int(found[1]) if found else MISSING
    return _whole(target)


def _whole(value: Any) -> int:
    return int(value) if type(value) in (int, float) and value in range(100_000) else MISSING


def _position(target: Any, texts: list[str]) -> int:
    if not isinstance(target, str):
        return MISSING
    wanted = target.strip()
    return next((k for k, text in enumerate(texts) if text.strip() == wanted), MISSING)


def _letter(target: Any) -> int:
    """A or (A) or A."""
    found = re.fullmatch(r"\s*\(?([A-Z])[).]?\s*", target) if isinstance(target, str) else None
    return ord(found[1]) - 65 if found else MISSING


def _padded(values: Sequence[Sequence[float]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(N, K) with NaN beyond each row's values, and their count."""
    count_N = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    flat = np.fromiter(chain.from_iterable(values), dtype=np.float64, count=int(count_N.sum()))
    most = int(count_N.max(initial=0))
    if flat.size == most * count_N.size:
        return flat.reshape(count_N.size, most), count_N
    table_NK = np.full((count_N.size, most), np.nan)
    table_NK[np.arange(most) < count_N[:, None]] = flat
    return table_NK, count_N


def _listed(options: Options) -> pl.Series:
    """Log-probabilities as lists, each as long as the row has options."""
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


def _lengths(text_N: list[list[str]], rule: Rule) -> list[list[float]]:
    if rule.weigh == "bytes":
        return [[float(len(text.encode()) - rule.skip) for text in texts] for texts in text_N]
    return [[float(len(text) - rule.skip) for text in texts] for texts in text_N]


def _continuations(row: Row) -> list[str]:
    requests = row.arguments
    if type(requests) is dict:
        return [request.arg_1 for request in requests.values()]
    return [str(request[1]) if len(request) > 1 else "" for request in requests]


def contexts(row: Row) -> list[str]:
    """What stood before each continuation."""
    requests = row.arguments
    if type(requests) is dict:
        return [str(request.arg_0) for request in requests.values()]
    return [str(request[0]) if request else "" for request in requests]


def _tails(row: Row) -> list[str]:
    """Options that stand at the end of the context: from the first word in which the contexts
    differ."""
    texts = contexts(row)
    low, high = min(texts), max(texts)
    alike = next(
        (k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b),
        min(len(low), len(high)),
    )
    start = low.rfind(" ", 0, alike) + 1
    return [text[start:] for text in texts]


def _is_doubled(row: Row) -> bool:
    texts = _continuations(row)
    half = len(texts) // 2
    return len(texts) % 2 == 0 and half > 0 and texts[:half] == texts[half:]
