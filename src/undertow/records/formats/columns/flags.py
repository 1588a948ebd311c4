"""Suggests flags: with which a stranger's table can be read. A suggestion that is wrong would pass
a worse model unseen, so what names, values and sides leave open is asked for."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.columns.between import ONE_FILE, Between
from undertow.records.formats.columns.by_class.classes_meant import (
    are_classes,
    classes_meant,
    label_beside,
)
from undertow.records.formats.columns.by_row import TYPED, may_name_rows
from undertow.records.formats.columns.labels_meant import label_of_two, label_told
from undertow.records.formats.columns.meant import UNKNOWN, Meant, columns_meant, rest_of
from undertow.records.formats.columns.paired_names import pattern_of
from undertow.records.formats.columns.probable import (
    of_named_class,
    of_one_class,
    probability_meant,
    two_meant,
    unknown_label,
)
from undertow.records.formats.columns.several_answers.ranked import are_ranked, first_ranked
from undertow.records.formats.columns.values import has_decimals, numbers_in, values_of
from undertow.records.formats.columns.written import answer_meant
from undertow.records.grade_scale import TURNED
from undertow.records.usual_names import LABEL, OUTCOME_TOO, PREDICTION, flag_of, plain, says_wrong


def flags_meant(frame: pl.DataFrame, sides: Between = ONE_FILE) -> str:
    """The flags with which this table can be read, as far as names, values and sides tell."""
    meant = columns_meant(frame, sides)
    flags = " ".join([*who(meant), *_what(frame, meant, sides)])
    if meant.id is None and not _may_name_rows(frame, meant):
        return flags.replace(flag_of("id", UNKNOWN), TYPED)
    return flags


def _may_name_rows(frame: pl.DataFrame, meant: Meant) -> bool:
    """Whether some column that is not taken for something else can name the examples."""
    taken = {*meant.predictions, meant.score}
    return any(may_name_rows(frame[c]) for c in rest_of(frame, meant) if c not in taken)


def who(meant: Meant) -> list[str]:
    """The flags that name examples and members."""
    flags = [] if meant.id == "example_id" else [flag_of("id", meant.id or UNKNOWN)]
    if meant.member not in (None, "member"):
        flags.append(flag_of("member", str(meant.member)))
    return flags


def _what(frame: pl.DataFrame, meant: Meant, sides: Between) -> list[str]:
    """The flags that name answers, and right answers."""
    if meant.pairs:
        return [flag_of("prediction", UNKNOWN), flag_of("label", UNKNOWN)]
    if meant.grades and (meant.score is None or _is_graded(frame, meant)):
        return [flag_of("score", UNKNOWN), *_unless(answer_meant(frame), "answer", ())]
    if _is_graded(frame, meant):
        return _graded(frame, meant, sides)
    one = of_one_class(frame, meant)
    if one is not None:
        return [flag_of("score", one[0]), *_unless(one[1], "label", ("label",))]
    named = of_named_class(frame, meant)
    if named is not None:
        flags = [flag_of("score", named[0]), *_unless(named[1], "label", ("label",))]
        return [*flags, flag_of("positive", named[2])]
    if are_classes(frame, sides) or meant.predictions == ["prediction"]:
        label = meant.label or label_told(frame)
        return _unless(label, "label", ("label",))
    predicts = _predicts_classes(frame, meant)
    classes = {} if predicts else classes_meant(frame, meant, sides)
    if classes:
        return _unless(label_beside(frame, meant, classes), "label", ("label",))
    probable = None if predicts else probability_meant(frame, meant, sides)
    if probable is not None:
        label = meant.label or two_meant(frame, sides) or unknown_label(frame, probable)
        return [flag_of("score", probable), *_unless(label, "label", ("label",))]
    if meant.predictions:
        names = pattern_of(meant.predictions, frame.columns)
        if are_ranked(frame, meant.predictions):
            names = [first_ranked(frame, meant.predictions, meant.label) or UNKNOWN]
        return [flag_of("prediction", *names), *_unless(meant.label, "label", ("label",))]
    label = meant.label or (UNKNOWN if len(rest_of(frame, meant)) > 1 else None)
    return [flag_of("prediction", UNKNOWN), *_unless(label, "label", ("label",))]


def _graded(frame: pl.DataFrame, meant: Meant, sides: Between) -> list[str]:
    made = [c for c in sides.apart if plain(c) not in LABEL]
    rest = frame.drop(*made, meant.score or (), strict=False)
    score = _unless(meant.score, "score", ("score", "correct"))
    answer = _unless(answer_meant(frame), "answer", ())
    if meant.score is not None and says_wrong(meant.score):
        return [*score, TURNED.typed, *answer]
    # What says whether an answer is right is never how likely one of two classes is.
    right = plain(meant.score or "") in OUTCOME_TOO
    two = None if meant.predictions or right else label_of_two(rest)
    return [*score, *answer, *_unless(two, "label", ("label",))]


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


def _is_graded(frame: pl.DataFrame, meant: Meant) -> bool:
    """Whether the table grades answers: there is an outcome, and answers are not the labels."""
    if meant.score is None or "prediction" in frame.columns or are_classes(frame):
        return False
    if not meant.predictions or meant.label is None:
        return True
    known = values_of(frame[meant.label])
    return not values_of(frame[meant.predictions[0]]) <= known


def _unless(name: str | None, flag: str, usual: tuple[str, ...]) -> list[str]:
    return [] if name is None or name in usual else [flag_of(flag, name)]
