"""Finds which column of a stranger's table is the probability of one of two classes, or another
score of one."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.records.formats.columns.between import Between
from undertow.records.formats.columns.by_class.class_columns import OURS
from undertow.records.formats.columns.by_class.class_sets import run_of_one
from undertow.records.formats.columns.labels_meant import label_of_class, label_of_two
from undertow.records.formats.columns.meant import UNKNOWN, Meant, rest_of
from undertow.records.formats.columns.values import (
    has_decimals,
    is_nested,
    numbers_in,
    positive_among,
    values_of,
    within_one,
)
from undertow.records.usual_names import (
    LABEL,
    PROBABLE,
    plain,
    says_how_likely,
    says_how_sure,
    those_called,
)

RAW = ("decision_function", "margin", "logits", "raw_score", "anomaly_score")
"""Names of scores of two classes that are no probabilities."""


def of_one_class(frame: pl.DataFrame, meant: Meant) -> tuple[str, str] | None:
    """A column ``p_<class>`` that is alone beside a label of two values, of which one is
    positive."""
    score = _alone(frame, meant)
    label = None if score is None else label_of_two(frame.drop(score))
    return None if score is None or label is None else (score, label)


def of_named_class(frame: pl.DataFrame, meant: Meant) -> tuple[str, str, str] | None:
    """The same beside a label that has this class and another one: the column, the label and the
    class."""
    score = _alone(frame, meant)
    found = None if score is None else label_of_class(frame, score)
    return None if score is None or found is None else (score, *found)


def _alone(frame: pl.DataFrame, meant: Meant) -> str | None:
    """The only column ``p_<class>``, where nothing is called a prediction."""
    ours = [c for c in frame.columns if c.startswith(OURS) and c != OURS]
    alone = len(ours) == 1 and not meant.predictions and from_0_to_1(frame[ours[0]])
    return ours[0] if alone else None


def unknown_label(frame: pl.DataFrame, probable: str) -> str | None:
    """Stands for right answers beside what may be a probability; ``None`` where no column can be
    those, so that decimals are grades."""
    two = any(len(values_of(column)) == 2 for column in frame)
    return UNKNOWN if two or says_how_likely(probable) else None


def probability_meant(frame: pl.DataFrame, meant: Meant, sides: Between) -> str | None:
    """A column of decimals from 0 to 1 that is the predictions or is called a probability; of two
    that are called ``no`` and ``yes`` the positive one; else one on another scale that is called
    so beside labels of two classes. What is the same on both sides is no answer of a model."""
    rest = [c for c in rest_of(frame, meant) if c not in sides.same]
    called = [c for c in those_called(PROBABLE, rest) if not says_how_sure(c)]
    called += [c for c in rest if says_how_likely(c) and not says_how_sure(c) and c not in called]
    called += those_called(RAW, rest)
    likely = [*meant.predictions, *called]
    two = meant.label or two_meant(frame, sides)
    found = next((c for c in likely if from_0_to_1(frame[c])), None)
    found = found or (None if two is None else _of_two(frame, rest, two))
    if found is not None or two is None:
        return found
    others = (c for c in likely if says_how_likely(c) or plain(c) in RAW)
    return next((c for c in others if _is_on_a_scale(frame[c])), None)


def _of_two(frame: pl.DataFrame, rest: Sequence[str], label: str) -> str | None:
    """Of two columns that sum to 1 the positive one, if its name and those of the label tell it."""
    if positive_among(values_of(frame[label])) is None:
        return None
    return positive_among(run_of_one(frame, [c for c in rest if not is_nested(frame[c])]))


def two_meant(frame: pl.DataFrame, sides: Between) -> str | None:
    """Right answers of two values, which are the same on both sides if nothing calls them so."""
    return label_of_two(frame.drop([c for c in sides.apart if plain(c) not in LABEL]))


def from_0_to_1(column: pl.Series) -> bool:
    number = numbers_in(column)
    return number is not None and has_decimals(number) and within_one(number)


def _is_on_a_scale(column: pl.Series) -> bool:
    """Whether it holds per cent, logits or the like: how they are read is said once it is named."""
    number = numbers_in(column)
    return number is not None and number.n_unique() > 2
