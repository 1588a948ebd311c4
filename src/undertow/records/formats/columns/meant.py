"""Finds which columns of a stranger's table are probably what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.class_columns import OURS
from undertow.records.formats.columns.keys import key_and_member, member_meant
from undertow.records.formats.columns.label_told import label_told
from undertow.records.formats.columns.paired_names import are_numbered, named_in_pairs
from undertow.records.formats.columns.values import (
    is_nested,
    numbers_in,
    positive_among,
    values_of,
)
from undertow.records.usual_names import (
    ANSWER,
    GRADE_TOO,
    LABEL,
    MEMBER,
    OUTCOME_TOO,
    PREDICTION,
    SCORE,
    flag_of,
    plain,
    says_how_good,
    says_how_likely,
    says_how_sure,
    those_called,
)

MOST_MODELS = 64
"""Columns beyond which nobody would want to see all of them in a message."""
LOOKS = "looks like the right answers: add"
"""Stands in the note on labels that go by another name, which is said before the audit too."""
SAYS = "says how good an answer is"
"""Stands in the note on labels beside grades, which is said before the audit too."""
WROTE = "looks like what the model wrote: add"
"""Stands in the note on answers that go by another name, which is said before the audit too."""
WRITTEN = frozenset({"answer", "output"})
"""Columns of what a model wrote, as readers know them."""
SEVERAL_ROWS = "in several rows, whose scores are averaged"
"""Stands in the note on rows of one example in a table, which is said before the audit too."""
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


def key_meant(frame: pl.DataFrame) -> str | None:
    """The column that names the example, as far as names and values tell."""
    return columns_meant(frame).id


def label_of_two(frame: pl.DataFrame, *, called: bool = False) -> str | None:
    """The column of two values of which one says by its name that it is positive: one that is
    ``called`` as right answers are, else the only such column."""
    names = those_called(LABEL, frame.columns)
    found = [c for c in names if positive_among(values_of(frame[c])) is not None]
    if found or called:
        return next(iter(found), None)
    others = [c for c in frame.columns if positive_among(values_of(frame[c])) is not None]
    return others[0] if len(others) == 1 else None


def label_note(source: str, name: str) -> str:
    """Says that a column is probably the right answer, and how it becomes that."""
    return f"{source}: has no column 'label'; {name!r} {LOOKS} {flag_of('label', name)}"


def answer_meant(frame: pl.DataFrame) -> str | None:
    """The column of what a model wrote, in a table of grades that has none under a name that
    readers know; whole numbers and decimals are nothing that a model wrote."""
    if WRITTEN & set(frame.columns):
        return None
    names = those_called(ANSWER, frame.columns)
    return next(
        (name for name in names if frame[name].dtype == pl.String and _worded(frame[name])), None
    )


def answer_note(source: str, name: str) -> str:
    """Says that a column is probably what the model wrote, and how it becomes that."""
    return f"{source}: {name!r} {WROTE} {flag_of('answer', name)}"


def _worded(column: pl.Series) -> bool:
    return numbers_in(column) is None and column.null_count() < len(column)


def label_meant(frame: pl.DataFrame) -> str | None:
    """A column that is probably the right answer, in a table that has none under that name."""
    if "label" in frame.columns:
        return None
    predicts = "prediction" in frame.columns
    said = values_of(frame["prediction"]) if predicts else _classes(frame)
    return next(iter(labels_among(frame, said)), None) or label_told(frame)


def labels_among(frame: pl.DataFrame, said: Collection[str]) -> list[str]:
    """Columns that are called as right answers are and hold some answer that was ``said``."""
    names = those_called(LABEL, frame.columns)
    return [name for name in names if not values_of(frame[name]).isdisjoint(said)]


def averaged_note(source: str, frame: pl.DataFrame) -> tuple[str, ...]:
    """Says that rows of one example are averaged, and which column may be that of members."""
    ids = frame["example_id"].drop_nulls()
    several = int(ids.filter(ids.is_duplicated()).n_unique())
    if not several:
        return ()
    name = member_meant(frame)
    way = (
        ""
        if name is None
        else (f"; {name!r} tells these apart: to compare members, add {flag_of('member', name)}")
    )
    return (f"{source}: {several:,} of {ids.n_unique():,} examples are {SEVERAL_ROWS}{way}.",)


def member_holding(frame: pl.DataFrame, model: str) -> str | None:
    """A column of models that has this one: one that is called so, or one that tells apart the rows
    of each example."""
    names = [
        name for name in those_called(MEMBER, frame.columns) if model in values_of(frame[name])
    ]
    if names:
        return names[0]
    able = (c.name for c in frame if not is_nested(c) and model in values_of(c))
    return next((name for name in able if _tells_apart(frame, name, model)), None)


def _tells_apart(frame: pl.DataFrame, name: str, model: str) -> bool:
    """Whether a column tells apart the rows of each example, which another one names."""
    rows = frame.filter(pl.col(name).cast(pl.String) == model).drop(name)
    key = key_meant(rows)
    if key is None or rows[key].is_duplicated().any() or not frame[key].is_duplicated().any():
        return False
    return not frame.select(key, name).is_duplicated().any()


def models_meant(frame: pl.DataFrame) -> list[str]:
    """The models of one table: those of a column of members, else columns of predictions."""
    meant = columns_meant(frame)
    if meant.member is not None:
        return (
            frame[meant.member].drop_nulls().cast(pl.String).unique(maintain_order=True).to_list()
        )
    return meant.predictions


def never_models(frame: pl.DataFrame) -> set[str]:
    """Columns that name the example, the model or the right answer, or say how good an answer is
    or how likely a class."""
    meant = columns_meant(frame)
    named = {meant.id, meant.member, meant.label, meant.score, "label"} - {None}
    return {c for c in frame.columns if c in named or c.startswith("p_")}


def columns_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> Meant:
    """Columns by what they seem to be, as far as names, values and both ``sides`` tell."""
    flat = frame.select(c for c in frame if not is_nested(c))
    key, member = key_and_member(flat)
    rest = [c for c in flat.columns if c not in (key, member)]
    predictions, label = _answers(flat, rest, sides)
    score = next((c for c in those_called(SCORE, rest) if c not in predictions), None)
    if score in sides.same:
        score = None
    if score is None and label is None and not predictions:
        score = _outcome(flat, rest, sides) or _grade(
            flat, [c for c in rest if c not in sides.same]
        )
    return Meant(key, member, predictions, label, score)


def _answers(
    frame: pl.DataFrame, rest: Sequence[str], sides: Between
) -> tuple[list[str], str | None]:
    """The columns of predictions and the one of right answers: by their names, by one name within
    the other, then by their values and by what differs between the sides."""
    called = those_called(PREDICTION, rest)
    moved = [c for c in called if c not in sides.same]
    predictions = (moved or ([] if sides.apart else called))[:1]
    labels = [c for c in _labels(frame, rest, predictions) if c not in predictions]
    label = labels[0] if labels else None
    if predictions and (label is not None or plain(predictions[0]) not in LABEL):
        return predictions, label
    if predictions:
        several = _models(frame, rest, predictions[0], sides)
        swap = several and are_numbered(several)
        return (several, predictions[0]) if swap else (predictions, None)
    pair = named_in_pairs(frame, rest)
    if pair is not None and label in (None, pair[1]):
        return [pair[0]], pair[1]
    if label is not None:
        return _models(frame, rest, label, sides), label
    return _told_apart(frame, rest, sides)


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


def _outcome(frame: pl.DataFrame, rest: Sequence[str], sides: Between) -> str | None:
    """A column of two values that is called as right answers to a question may be, such as ``hit``,
    and is no label: it differs between the sides, or nothing beside it is a probability."""
    names = [c for c in those_called(OUTCOME_TOO, rest) if c not in sides.same]
    names = [c for c in names if positive_among(values_of(frame[c])) is not None]
    likely = [c for c in rest if says_how_likely(c) and not says_how_sure(c)]
    return next((c for c in names if c in sides.apart or not likely), None)


def _labels(frame: pl.DataFrame, rest: Iterable[str], predictions: Sequence[str]) -> list[str]:
    """Columns called as right answers are; one that may be a grade too holds what is predicted."""
    names = those_called(LABEL, rest)
    if not predictions:
        return names
    said = values_of(frame[predictions[0]])
    return [
        c for c in names if plain(c) not in GRADE_TOO or not said.isdisjoint(values_of(frame[c]))
    ]


def _grade(frame: pl.DataFrame, rest: Sequence[str]) -> str | None:
    """A column of numbers that is called a grade, where none is called a probability."""
    if any(map(says_how_likely, rest)):
        return None
    return next((c for c in rest if says_how_good(c) and numbers_in(frame[c]) is not None), None)


def _models(frame: pl.DataFrame, rest: Iterable[str], label: str, sides: Between) -> list[str]:
    """Columns that hold nothing but labels: one for each model. Of labels such as 0 and 1 others
    may do so too, and what is the same on both sides is no answer of a model."""
    known, others = values_of(frame[label]), [c for c in rest if c != label]
    found = [c for c in others if (said := values_of(frame[c])) and said <= known]
    if sides != ONE_FILE:
        return [c for c in found if c not in sides.same][:MOST_MODELS]
    if positive_among(known) is not None and len(others) > 1 and not are_numbered(found):
        return []
    return found[:MOST_MODELS]


def _classes(frame: pl.DataFrame) -> set[str]:
    """The classes of the columns ``p_<class>``."""
    return {c.removeprefix(OURS) for c in frame.columns if c.startswith(OURS) and c != OURS}
