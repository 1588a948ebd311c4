"""Turns the joined columns of logs into answers: chosen options, or words as small numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answer_codes import answer_classes, code_answers, scored
from undertow.records.answers import Answers, derive
from undertow.records.formats.logs.texts import shortened
from undertow.records.formats.members.join import Joined, Sheet
from undertow.records.records import MISSING
from undertow.records.schema import Task

LETTERS = 26


class Answered(NamedTuple):
    """The kind of task, its classes, the right answers, and every member's answers."""

    task: Task
    classes: tuple[str, ...]
    label_N: NDArray[np.int32]
    answers: list[Answers]


def chosen_options(joined: Joined) -> Answered:
    """Names options by letter. Their probabilities are the softmax of the log-probabilities."""
    label_N = _codes(joined.examples["label"])
    choices = [_codes(sheet.frame["choice"]) for sheet in joined.sheets]
    most = max(_most_options(joined), *(int(c.max(initial=0)) + 1 for c in (label_N, *choices)))
    answers = []
    for sheet, choice_N in zip(joined.sheets, choices, strict=True):
        options = sheet.frame.get_column("options", default=None)
        proba_NC = None if options is None else softmax(options, most)
        answers.append(_with_words(derive(choice_N, proba_NC, label_N), sheet))
    return Answered("choice", option_names(most), label_N, answers)


def generated_words(joined: Joined, *, binary: bool) -> Answered:
    """Codes answers within this population. Beside another one they are coded anew."""
    graded = [_with_words(Answers(np.empty(0, np.int32)), sheet) for sheet in joined.sheets]
    words = [_words(sheet) for sheet in joined.sheets]
    scores = [a.score_N for a in graded if a.score_N is not None]
    scored = len(scores) == len(graded)
    if scored:  # Where nothing says right or wrong, the answer is no vote either.
        words = [_where_scored(w, s) for w, s in zip(words, scores, strict=True)]
    right_MN = np.stack(scores) > 0.5 if scored and binary else None
    code_MN = code_answers(words, right_MN)
    answers = [
        replace(a, pred_N=code_N, answer_N=answer_N)
        for a, code_N, answer_N in zip(graded, code_MN, words, strict=True)
    ]
    known = MISSING if right_MN is None else 0
    label_N = np.full(joined.examples.height, known, dtype=np.int32)
    return Answered(
        "generation", answer_classes(code_MN, graded=right_MN is None), label_N, answers
    )


def option_names(count: int) -> tuple[str, ...]:
    """Returns A, B, C …, or numbers where there are more options than letters."""
    if count > LETTERS:
        return tuple(str(k + 1) for k in range(count))
    return tuple(chr(ord("A") + k) for k in range(count))


def softmax(options: pl.Series, classes: int) -> NDArray[np.float32]:
    """Returns (N, C) probabilities from lists of log-probabilities.

    They are 0 beyond an example's options, and NaN where one of its log-probabilities is.
    """
    length_N = options.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = options.explode(empty_as_null=False, keep_nulls=False).cast(pl.Float64)
    logit_NC = np.full((len(options), classes), -np.inf)
    logit_NC[np.arange(classes) < length_N[:, None]] = flat.fill_null(np.nan).to_numpy()
    with np.errstate(invalid="ignore"):
        # In place: of a million examples each copy is tens of megabytes.
        logit_NC -= logit_NC.max(axis=1, keepdims=True)
        proba_NC = np.exp(logit_NC, out=logit_NC)
        proba_NC /= proba_NC.sum(axis=1, keepdims=True)
    proba_NC[~np.isfinite(proba_NC).all(axis=1)] = np.nan
    return np.asarray(proba_NC, dtype=np.float32)


def _codes(column: pl.Series) -> NDArray[np.int32]:
    return column.cast(pl.Int32).fill_null(MISSING).to_numpy()


def _most_options(joined: Joined) -> int:
    """Returns the number of options of the example that has most, at least 1."""
    lists = [s.frame["options"] for s in joined.sheets if "options" in s.frame.columns]
    counts = [int(o.list.len().fill_null(0).to_numpy().max(initial=0)) for o in lists]
    return max(counts, default=1) or 1


def _with_words(answers: Answers, sheet: Sheet) -> Answers:
    """Adds the log's score, answer and output."""
    frame = sheet.frame
    score = answer = output = None
    if "score" in frame.columns:
        score = frame["score"].fill_null(np.nan).to_numpy().astype(np.float32)
    if "answer" in frame.columns:
        answer = shortened(frame["answer"].cast(pl.String))
    if "output" in frame.columns:
        output = frame["output"].cast(pl.String)
    return replace(answers, score_N=score, answer_N=answer, output_N=output)


def _words(sheet: Sheet) -> pl.Series:
    """Returns the answers, else the outputs, else whether they were right."""
    for name in ("answer", "output"):
        if name in sheet.frame.columns:
            column = sheet.frame[name].cast(pl.String).str.strip_chars()
            return shortened(column).alias("answer")
    if "score" not in sheet.frame.columns:
        raise TableError(
            f"{sheet.source}: has no answer, output or score, so there is nothing to compare"
        )
    scores: Sequence[float | None] = sheet.frame["score"].to_list()
    return pl.Series("answer", [None if v is None else scored(v) for v in scores])


def _where_scored(words: pl.Series, score_N: NDArray[np.float32]) -> pl.Series:
    """Empties the answers without a score."""
    none = pl.Series(words.name, [None], dtype=pl.String).new_from_index(0, len(words))
    return words.zip_with(pl.Series(~np.isnan(score_N)), none)
