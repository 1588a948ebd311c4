"""Suggests flags: with which a stranger's table can be read. A suggestion that is wrong would pass
a worse model unseen, so what names, values and sides leave open is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.class_columns import OURS, classes_by_column
from undertow.records.formats.columns.class_sets import classes_called, run_of_one
from undertow.records.formats.columns.label_told import label_told
from undertow.records.formats.columns.meant import (
    UNKNOWN,
    Meant,
    answer_meant,
    columns_meant,
    label_of_two,
)
from undertow.records.formats.columns.paired_names import pattern_of
from undertow.records.formats.columns.values import (
    has_decimals,
    is_nested,
    numbers_in,
    positive_among,
    values_of,
    within_one,
)
from undertow.records.formats.columns.within import fields_in
from undertow.records.usual_names import (
    LABEL,
    PREDICTION,
    PROBABLE,
    flag_of,
    plain,
    says_how_likely,
    says_how_sure,
    those_called,
)

MOST_SHOWN = 12
RAW = ("decision_function", "margin", "logits", "raw_score", "anomaly_score")
"""Names of scores of two classes that are no probabilities."""


def flags_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> str:
    """The flags with which this table can be read, as far as names, values and sides tell."""
    meant = columns_meant(frame, sides)
    return " ".join([*who(meant), *_what(frame, meant, sides)])


def choices(frame: pl.DataFrame, flags: str, sides: Between = ONE_FILE) -> str:
    """What may stand where the ``flags`` leave open which column holds the answers."""
    if flag_of("prediction", UNKNOWN) not in flags:
        return ""
    meant = columns_meant(frame, sides)
    rest = [name for name in _rest(frame, meant) if not is_nested(frame[name])]
    rest += [name for name, field in fields_in(frame).items() if not is_nested(field)]
    if not rest:
        return ""
    some = ", ".join(map(repr, rest[:MOST_SHOWN])) + " …" * (len(rest) > MOST_SHOWN)
    which = f"whether COLUMN is {some}" if len(rest) == 1 else f"which COLUMN is, of {some}"
    return (
        f", where only you know {which}; a score or a probability goes with --score COLUMN in "
        "place of --prediction COLUMN"
    )


def who(meant: Meant) -> list[str]:
    """The flags that name examples and members."""
    flags = [] if meant.id == "example_id" else [flag_of("id", meant.id or UNKNOWN)]
    if meant.member not in (None, "member"):
        flags.append(flag_of("member", str(meant.member)))
    return flags


def _what(frame: pl.DataFrame, meant: Meant, sides: Between) -> list[str]:
    """The flags that name answers, and right answers."""
    if _is_graded(frame, meant):
        return _graded(frame, meant)
    one = _of_one_class(frame, meant)
    if one is not None:
        return [flag_of("score", one[0]), *_unless(one[1], "label", ("label",))]
    if _are_classes(frame, sides) or meant.predictions == ["prediction"]:
        label = meant.label or label_told(frame)
        return _unless(label, "label", ("label",))
    predicts = _predicts_classes(frame, meant)
    classes = {} if predicts else classes_meant(frame, meant, sides)
    if classes:
        return _unless(_label_of(frame, meant, classes), "label", ("label",))
    probable = None if predicts else _probability(frame, meant, sides)
    if probable is not None:
        label = meant.label or _two(frame, sides) or _unknown_label(frame, probable)
        return [flag_of("score", probable), *_unless(label, "label", ("label",))]
    if meant.predictions:
        names = pattern_of(meant.predictions, frame.columns)
        return [flag_of("prediction", *names), *_unless(meant.label, "label", ("label",))]
    label = meant.label or (UNKNOWN if len(_rest(frame, meant)) > 1 else None)
    return [flag_of("prediction", UNKNOWN), *_unless(label, "label", ("label",))]


def _graded(frame: pl.DataFrame, meant: Meant) -> list[str]:
    rest = frame.drop(meant.score or (), strict=False)
    two = None if meant.predictions else label_of_two(rest)
    score = _unless(meant.score, "score", ("score", "correct"))
    answer = _unless(answer_meant(frame), "answer", ())
    return [*score, *answer, *_unless(two, "label", ("label",))]


def classes_meant(frame: pl.DataFrame, meant: Meant, sides: Between = ONE_FILE) -> dict[str, str]:
    """Columns of the probability of one class each, which are called as the values of some column
    are and differ between the sides."""
    rest = _rest(frame, meant)
    found = classes_called(frame.select(*_named(meant.label), *rest), [*_named(meant.label), *rest])
    return {} if found.keys() <= sides.same else found


def run_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> list[str]:
    """Columns that sum to 1 in every row, where nothing else tells answers."""
    meant = columns_meant(frame, sides)
    if meant.score is not None or meant.predictions or _are_classes(frame, sides):
        return []
    if _probability(frame, meant, sides) is not None or classes_meant(frame, meant, sides):
        return []
    found = run_of_one(frame, [c for c in _rest(frame, meant) if not is_nested(frame[c])])
    return [] if {*found} <= sides.same else found


def _label_of(frame: pl.DataFrame, meant: Meant, classes: dict[str, str]) -> str | None:
    """The label that has the words of the classes."""
    if meant.label is not None and values_of(frame[meant.label]) <= {*classes.values()}:
        return meant.label
    told = label_told(frame.rename({c: OURS + name for c, name in classes.items()}))
    return told or meant.label or UNKNOWN


def _of_one_class(frame: pl.DataFrame, meant: Meant) -> tuple[str, str] | None:
    """A column ``p_<class>`` that is alone beside a label of two values, of which one is
    positive."""
    ours = [c for c in frame.columns if c.startswith(OURS) and c != OURS]
    if len(ours) != 1 or meant.predictions or not _from_0_to_1(frame[ours[0]]):
        return None
    label = label_of_two(frame.drop(ours))
    return None if label is None else (ours[0], label)


def _unknown_label(frame: pl.DataFrame, probable: str) -> str | None:
    """Stands for right answers beside what may be a probability; ``None`` where no column can be
    those, so that decimals are grades."""
    two = any(len(values_of(column)) == 2 for column in frame)
    return UNKNOWN if two or says_how_likely(probable) else None


def _probability(frame: pl.DataFrame, meant: Meant, sides: Between) -> str | None:
    """A column of decimals from 0 to 1 that is the predictions or is called a probability; of two
    that are called ``no`` and ``yes`` the positive one; else one on another scale that is called
    so beside labels of two classes. What is the same on both sides is no answer of a model."""
    rest = [c for c in _rest(frame, meant) if c not in sides.same]
    called = [c for c in those_called(PROBABLE, rest) if not says_how_sure(c)]
    called += [c for c in rest if says_how_likely(c) and not says_how_sure(c) and c not in called]
    called += those_called(RAW, rest)
    likely = [*meant.predictions, *called]
    two = meant.label or _two(frame, sides)
    found = next((c for c in likely if _from_0_to_1(frame[c])), None)
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


def _two(frame: pl.DataFrame, sides: Between) -> str | None:
    """Right answers of two values, which are the same on both sides if nothing calls them so."""
    return label_of_two(frame.drop([c for c in sides.apart if plain(c) not in LABEL]))


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


def _is_on_a_scale(column: pl.Series) -> bool:
    """Whether it holds per cent, logits or the like: how they are read is said once it is named."""
    number = numbers_in(column)
    return number is not None and number.n_unique() > 2


def _is_graded(frame: pl.DataFrame, meant: Meant) -> bool:
    """Whether the table grades answers: there is an outcome, and answers are not the labels."""
    if meant.score is None or "prediction" in frame.columns or _are_classes(frame):
        return False
    if not meant.predictions or meant.label is None:
        return True
    known = values_of(frame[meant.label])
    return not values_of(frame[meant.predictions[0]]) <= known


def _are_classes(frame: pl.DataFrame, sides: Between = ONE_FILE) -> bool:
    """Whether columns are called as readers know probabilities of classes, and some differ between
    the sides."""
    ours = {c for c in frame.columns if c.startswith(OURS) and c != OURS}
    found = ours or {*classes_by_column(frame)}
    return bool(found) and not found <= sides.same


def _rest(frame: pl.DataFrame, meant: Meant) -> list[str]:
    """Columns that are neither ids, nor members, nor right answers."""
    taken = {meant.id, meant.member, meant.label}
    return [name for name in frame.columns if name not in taken]


def _named(name: str | None) -> list[str]:
    return [] if name is None else [name]


def _unless(name: str | None, flag: str, usual: tuple[str, ...]) -> list[str]:
    return [] if name is None or name in usual else [flag_of(flag, name)]
