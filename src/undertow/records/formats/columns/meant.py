"""Suggests flags: which columns of a stranger's table are probably what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.class_columns import OURS, classes_by_column
from undertow.records.formats.columns.keys import key_and_member, member_meant
from undertow.records.formats.columns.label_told import label_told
from undertow.records.formats.columns.values import (
    has_decimals,
    is_nested,
    numbers_in,
    positive_among,
    values_of,
    within_one,
)
from undertow.records.usual_names import (
    ANSWER,
    GRADE_TOO,
    LABEL,
    MEMBER,
    PREDICTION,
    PROBABLE,
    SCORE,
    flag_of,
    plain,
    says_how_good,
    says_how_likely,
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


def flags_meant(frame: pl.DataFrame) -> str:
    """The flags with which this table can be read, as far as names and values tell."""
    meant = columns_meant(frame)
    flags = [] if meant.id == "example_id" else [flag_of("id", meant.id or UNKNOWN)]
    if meant.member not in (None, "member"):
        flags.append(flag_of("member", str(meant.member)))
    if _is_graded(frame, meant):
        rest = frame.drop(meant.score or (), strict=False)
        two = None if meant.predictions else label_of_two(rest)
        score = _unless(meant.score, "score", ("score", "correct"))
        answer = _unless(answer_meant(frame), "answer", ())
        return " ".join([*flags, *score, *answer, *_unless(two, "label", ("label",))])
    if _probabilities(frame) or meant.predictions == ["prediction"]:
        label = meant.label or label_told(frame)
        return " ".join([*flags, *_unless(label, "label", ("label",))])
    probable = None if _predicts_classes(frame, meant) else _probability(frame, meant)
    if probable is not None:
        label = meant.label or label_of_two(frame) or _unknown_label(frame, probable)
        return " ".join([*flags, flag_of("score", probable), *_unless(label, "label", ("label",))])
    flags.append(flag_of("prediction", *(meant.predictions or [UNKNOWN])))
    return " ".join([*flags, *_unless(meant.label, "label", ("label",))])


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
    """A column of models that has this one."""
    names = those_called(MEMBER, frame.columns)
    return next((name for name in names if model in values_of(frame[name])), None)


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


def columns_meant(frame: pl.DataFrame) -> Meant:
    """Columns by what they seem to be, as far as names and values tell."""
    flat = frame.select(c for c in frame if not is_nested(c))
    key, member = key_and_member(flat)
    rest = [c for c in flat.columns if c not in (key, member)]
    predictions = those_called(PREDICTION, rest)[:1]
    labels = [c for c in _labels(flat, rest, predictions) if c not in predictions]
    label = labels[0] if labels else None
    if not predictions and label is not None:
        predictions = _models(flat, rest, label)
    score = next((c for c in those_called(SCORE, rest) if c not in predictions), None)
    if score is None and label is None and not predictions:
        score = _grade(flat, rest)
    return Meant(key, member, predictions, label, score)


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


def _unknown_label(frame: pl.DataFrame, probable: str) -> str | None:
    """Stands for right answers beside what may be a probability; ``None`` where no column can be
    those, so that decimals are grades."""
    two = any(len(values_of(column)) == 2 for column in frame)
    return UNKNOWN if two or says_how_likely(probable) else None


def _probability(frame: pl.DataFrame, meant: Meant) -> str | None:
    """A column of decimals from 0 to 1: the predictions, one that is called so, or the first; else
    one in per cent that is called so beside labels of two classes."""
    taken = (meant.id, meant.member, meant.label)
    rest = [c for c in frame.columns if c not in taken]
    likely = [*meant.predictions, *those_called(PROBABLE, rest)]
    if not meant.predictions:
        likely += rest
    found = next((c for c in likely if _from_0_to_1(frame[c])), None)
    if found is not None or (meant.label is None and label_of_two(frame) is None):
        return found
    return next((c for c in likely if says_how_likely(c) and _is_per_cent(frame[c])), None)


def _predicts_classes(frame: pl.DataFrame, meant: Meant) -> bool:
    """Whether a column is called a prediction and can hold classes: no decimals, and no texts that
    differ from row to row and are none of the labels."""
    if not meant.predictions or plain(meant.predictions[0]) not in PREDICTION:
        return False
    column = frame[meant.predictions[0]]
    number, said = numbers_in(column), values_of(column)
    if number is not None and has_decimals(number):
        return False
    known = set[str]() if meant.label is None else values_of(frame[meant.label])
    return not said.isdisjoint(known) or 0 < 2 * len(said) <= len(column)


def _from_0_to_1(column: pl.Series) -> bool:
    number = numbers_in(column)
    return number is not None and has_decimals(number) and within_one(number)


def _is_per_cent(column: pl.Series) -> bool:
    number = numbers_in(column)
    return number is not None and number.n_unique() > 2 and bool(number.is_between(0, 100).all())


def _models(frame: pl.DataFrame, rest: Iterable[str], label: str) -> list[str]:
    """Columns that hold nothing but labels: one for each model."""
    known = values_of(frame[label])
    found = [c for c in rest if c != label and (said := values_of(frame[c])) and said <= known]
    return found[:MOST_MODELS]


def _is_graded(frame: pl.DataFrame, meant: Meant) -> bool:
    """Whether the table grades answers: there is an outcome, and answers are not the labels."""
    if meant.score is None or "prediction" in frame.columns or _probabilities(frame):
        return False
    if not meant.predictions or meant.label is None:
        return True
    known = values_of(frame[meant.label])
    return not values_of(frame[meant.predictions[0]]) <= known


def _unless(name: str | None, flag: str, usual: tuple[str, ...]) -> list[str]:
    return [] if name is None or name in usual else [flag_of(flag, name)]


def _probabilities(frame: pl.DataFrame) -> bool:
    return bool(_classes(frame) or classes_by_column(frame))


def _classes(frame: pl.DataFrame) -> set[str]:
    """The classes of the columns ``p_<class>``."""
    return {c.removeprefix(OURS) for c in frame.columns if c.startswith(OURS) and c != OURS}
