"""Finds which option a model chose and which was right.

lm-eval stores neither. Both follow from the log-probabilities, the continuations and the target, as
in ``ConfigurableTask.process_results``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.formats.lm_eval.layout import GOLD_FIELDS, Layout
from undertow.records.formats.lm_eval.options import Options, is_doubled, listed, options_of, padded
from undertow.records.formats.lm_eval.rows import Row
from undertow.records.formats.lm_eval.targets import (
    index_in,
    letter,
    position,
    right_text,
    whole,
)
from undertow.records.formats.logs.texts import text_column
from undertow.records.records import MISSING

WEIGHED = {"acc_norm": "characters", "acc_bytes": "bytes", "acc_mutual_info": "difference"}
"""What a metric divides log-probabilities by, or that it subtracts those of the option alone."""


@dataclass(frozen=True)
class Rule:
    """How the rows of a task tell choice and label.

    ``weigh``: what log-probabilities are divided by, or less those of the option alone.
    ``skip``: characters of delimiter before each option.
    ``doubled``: each option was asked for twice, the second time without the question.
    ``gold``: ``index``, ``text``, ``letter``, ``field:…`` of the document, or ``score`` (of two
    options, by elimination).
    """

    weigh: str = "plain"
    skip: int = 0
    doubled: bool = False
    gold: str = "index"


def learn_rule(
    rows: Sequence[Row], layout: Layout, metric: str | None, score_N: NDArray[np.float64]
) -> Rule:
    """Finds the rule that agrees with most scores; of equals the one that knows most labels."""
    weigh = WEIGHED.get(metric or "", "plain")
    doubled = "acc_mutual_info" in layout.metrics and all(is_doubled(row) for row in rows)
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


def chosen(options: Options, rule: Rule) -> NDArray[np.int32]:
    """Returns (N,) the option of the largest weight; ``MISSING`` where a weight is not known."""
    weight_NK = options.log_NK
    if not weight_NK.shape[1]:
        return np.full(weight_NK.shape[0], MISSING, dtype=np.int32)
    with np.errstate(divide="ignore", invalid="ignore"):
        if rule.weigh == "difference" and options.alone_NK is not None:
            weight_NK = weight_NK - options.alone_NK
        elif rule.weigh in ("characters", "bytes"):
            weight_NK = weight_NK / padded(_lengths(options.text_N, rule))[0]
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
    """Returns (N,) the right option, ``MISSING`` where the rule does not tell."""
    if rule.gold == "score":
        other_N = np.where(score_N == 1, choice_N, 1 - choice_N)
        return np.where((choice_N < 0) | np.isnan(score_N), MISSING, other_N).astype(np.int32)
    if rule.gold.startswith("field:"):
        at = rule.gold.removeprefix("field:")
        found = [whole(getattr(row.doc, at)) for row in rows]
    elif rule.gold == "text":
        found = [
            position(row.target, texts) for row, texts in zip(rows, options.text_N, strict=True)
        ]
    elif rule.gold == "letter":
        found = [letter(row.target) for row in rows]
    else:
        found = [index_in(row.target) for row in rows]
    return np.array(
        [f if f < len(t) else MISSING for f, t in zip(found, options.text_N, strict=True)],
        dtype=np.int32,
    )


def answered(
    options: Options, choice_N: NDArray[np.int32], label_N: NDArray[np.int32], rows: Sequence[Row]
) -> list[pl.Series]:
    """Returns the columns choice, label, options, answer and target of a block."""
    picked = zip(options.text_N, choice_N.tolist(), label_N.tolist(), rows, strict=True)
    words = [
        (t[c].strip() if c >= 0 else None, right_text(t, g, r.target)) for t, c, g, r in picked
    ]
    return [
        pl.Series("choice", choice_N).replace(MISSING, None),
        pl.Series("label", label_N).replace(MISSING, None),
        listed(options),
        text_column("answer", [answer for answer, _ in words]),
        text_column("target", [target for _, target in words]),
    ]


def _lengths(text_N: list[list[str]], rule: Rule) -> list[list[float]]:
    if rule.weigh == "bytes":
        return [[float(len(text.encode()) - rule.skip) for text in texts] for texts in text_N]
    return [[float(len(text) - rule.skip) for text in texts] for texts in text_N]
