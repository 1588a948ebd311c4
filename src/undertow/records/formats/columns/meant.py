"""Finds which columns of a stranger's table are probably what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.keys import key_and_member
from undertow.records.formats.columns.paired_names import are_numbered, named_in_pairs
from undertow.records.formats.columns.values import (
    has_decimals,
    is_nested,
    numbers_in,
    positive_among,
    values_of,
)
from undertow.records.usual_names import (
    GRADE_TOO,
    LABEL,
    OUTCOME_TOO,
    PREDICTION,
    SCORE,
    plain,
    says_grade,
    says_how_likely,
    says_how_sure,
    says_wrong,
    those_called,
)

READ = ("score", "correct")
"""Names of outcomes that readers know."""
MOST_MODELS = 64
"""Columns beyond which nobody would want to see all of them in a message."""
UNKNOWN = "COLUMN"
"""Stands for a name that nothing suggests."""
APART = ", or, where right answers are in a file of their own, --labels FILE in place of --label"


class Meant(NamedTuple):
    """Columns by what they seem to be."""

    id: str | None
    member: str | None
    predictions: list[str]
    label: str | None
    score: str | None
    pairs: Sequence[tuple[str, str]] = ()
    """Predictions with right answers of their own, where there are several and so none is taken."""
    grades: Sequence[str] = ()
    """Columns that may be grades, where there are several and so none is taken."""


def key_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> str | None:
    """The column that names the example, as far as names, values and both ``sides`` tell."""
    return columns_meant(frame, sides).id


def columns_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> Meant:
    """Columns by what they seem to be, as far as names, values and both ``sides`` tell."""
    flat = frame.select(c for c in frame if not is_nested(c))
    key, member = key_and_member(flat, sides.names)
    rest = [c for c in flat.columns if c not in (key, member)]
    predictions, label = _answers(flat, rest, sides)
    pairs = _pairs(flat, rest, sides, (predictions, label))
    if len(pairs) > 1:
        return Meant(key, member, [], None, None, pairs)
    alone = label is None and not predictions
    scores = _scores(flat, [c for c in rest if c not in predictions], sides, alone=alone)
    several = scores if len(scores) > 1 else ()
    score = scores[0] if len(scores) == 1 or (scores and not alone) else None
    return Meant(key, member, predictions, label, score, grades=several)


def rest_of(frame: pl.DataFrame, meant: Meant) -> list[str]:
    """Columns that are neither ids, nor members, nor right answers."""
    taken = {meant.id, meant.member, meant.label}
    return [name for name in frame.columns if name not in taken]


def _answers(
    frame: pl.DataFrame, rest: Sequence[str], sides: Between
) -> tuple[list[str], str | None]:
    """The columns of predictions and the one of right answers: by their names, by one name within
    the other, then by their values and by what differs between the sides."""
    called = those_called(PREDICTION, rest)
    moved = [c for c in called if c not in sides.same]
    predictions = (moved or ([] if sides.apart else called))[:1]
    labels = [c for c in _labels(frame, rest, predictions) if c not in predictions]
    labels = sorted(labels, key=lambda c: _is_an_answer(frame, c, labels, sides))
    label = labels[0] if labels else None
    if predictions and (label is not None or plain(predictions[0]) not in LABEL):
        return predictions, label
    if predictions:
        several = _models(frame, rest, predictions[0], sides)
        swap = several and are_numbered(several)
        return (several, predictions[0]) if swap else (predictions, None)
    pair = next(iter(named_in_pairs(frame, rest)), None)
    if pair is not None and label in (None, pair[1]):
        return [pair[0]], pair[1]
    if label is not None:
        return _models(frame, rest, label, sides), label
    return _told_apart(frame, rest, sides)


def _pairs(
    frame: pl.DataFrame,
    rest: Sequence[str],
    sides: Between,
    found: tuple[list[str], str | None],
) -> list[tuple[str, str]]:
    """Every prediction that has right answers of its own, by their names, and the pair that was
    ``found``. The names that readers know say which is compared."""
    predictions, label = found
    if predictions == ["prediction"]:
        return []
    pairs = [(name, right) for name, right in named_in_pairs(frame, rest) if name not in sides.same]
    first = len(predictions) == 1 and predictions[0] not in dict(pairs)
    return [(predictions[0], label), *pairs] if first and label is not None else pairs


def _is_an_answer(frame: pl.DataFrame, name: str, labels: Sequence[str], sides: Between) -> bool:
    """Whether a column that is called as right answers are is what a model said: it differs between
    the sides, and of others that are called so and have its values one does not."""
    said = values_of(frame[name]) if name in sides.apart else set[str]()
    return any(said & values_of(frame[c]) for c in labels if c in sides.same)


def _told_apart(
    frame: pl.DataFrame, rest: Sequence[str], sides: Between
) -> tuple[list[str], str | None]:
    """The one column that is the same on both sides and has all the values of some that are not.
    Of two values many columns are, whatever they mean."""
    found = {
        c: models
        for c in rest
        if c in sides.same
        and len(values_of(frame[c])) > 2
        and (models := [m for m in _models(frame, rest, c, sides) if m in sides.apart])
    }
    return (
        next(((models, c) for c, models in found.items()), ([], None))
        if len(found) == 1
        else (
            [],
            None,
        )
    )


def _scores(
    frame: pl.DataFrame, rest: Sequence[str], sides: Between, *, alone: bool
) -> Sequence[str]:
    """The columns that may say how good an answer is; the one that readers know where there is one,
    as they take no other. Beside labels and predictions, which are not ``alone``, those that are
    called so."""
    called = [c for c in those_called(SCORE, rest) if c not in sides.same]
    if {*called} & {*READ}:
        return [c for c in READ if c in called][:1]
    if not alone:
        return called
    sure = [*called, *_outcomes(frame, rest, sides)]
    grades = _grades(frame, rest, sides)
    found = [*dict.fromkeys([*sure, *(c for c in grades if not sure or says_grade(c))])]
    return found or _named_scores(frame, rest)


def _named_scores(frame: pl.DataFrame, rest: Sequence[str]) -> list[str]:
    """Several columns of numbers that are called scores, of whatever: each of a model, or of a
    judge. One alone may be anything."""
    named = [c for c in rest if "score" in plain(c).split("_") and not says_how_likely(c)]
    able = [c for c in named if numbers_in(frame[c]) is not None]
    return able if len(able) > 1 else []


def _outcomes(frame: pl.DataFrame, rest: Sequence[str], sides: Between) -> list[str]:
    """Columns of two values that are called as right answers to a question may be, such as ``hit``,
    or as wrong ones, such as ``miss``, and are no label: they differ between the sides, or nothing
    beside them is a probability."""
    names = [*those_called(OUTCOME_TOO, rest), *(c for c in rest if says_wrong(c))]
    names = [c for c in names if c not in sides.same]
    names = [c for c in names if positive_among(values_of(frame[c])) is not None]
    likely = [c for c in rest if says_how_likely(c) and not says_how_sure(c)]
    return [c for c in names if c in sides.apart or not likely]


def _labels(frame: pl.DataFrame, rest: Iterable[str], predictions: Sequence[str]) -> list[str]:
    """Columns called as right answers are; one that may be a grade too holds what is predicted."""
    names = those_called(LABEL, rest)
    if not predictions:
        return names
    said = values_of(frame[predictions[0]])
    return [
        c for c in names if plain(c) not in GRADE_TOO or not said.isdisjoint(values_of(frame[c]))
    ]


def _grades(frame: pl.DataFrame, rest: Sequence[str], sides: Between) -> list[str]:
    """Columns of numbers that are called grades, where none is called a probability, and others
    that may be some by what they hold. Which of them counts only a person knows."""
    able = [c for c in rest if c not in sides.same]
    if any(map(says_how_likely, able)):
        return []
    numbers = {c: n for c in able if (n := numbers_in(frame[c])) is not None}
    reaches = {_reach(number) for c, number in numbers.items() if says_grade(c)}
    return [
        c
        for c, number in numbers.items()
        if says_grade(c) or (_reach(number) in reaches and _is_graded(number, c, sides))
    ]


def _is_graded(number: pl.Series, name: str, sides: Between) -> bool:
    """Whether it may be grades by what it holds: what differs between the sides is what a model
    made, and in one file alone few whole numbers are as well a class."""
    return name in sides.apart or (not sides.tells and has_decimals(number))


def _reach(number: pl.Series) -> int | None:
    """Up to which of the usual ends of a scale the numbers go; ``None`` beyond all."""
    low, high = float(number.min() or 0), float(number.max() or 0)  # type: ignore[arg-type]
    return next((end for end in (1, 5, 10, 100) if high <= end), None) if low >= 0 else None


def _models(frame: pl.DataFrame, rest: Iterable[str], label: str, sides: Between) -> list[str]:
    """Columns that hold nothing but labels: one for each model. Of labels such as 0 and 1 others
    may do so too, and what is the same on both sides is no answer of a model."""
    known, others = values_of(frame[label]), [c for c in rest if c != label]
    found = [c for c in others if (said := values_of(frame[c])) and said <= known]
    if sides.tells:
        return [c for c in found if c not in sides.same][:MOST_MODELS]
    if positive_among(known) is not None and len(others) > 1 and not are_numbered(found):
        return []
    return found[:MOST_MODELS]
