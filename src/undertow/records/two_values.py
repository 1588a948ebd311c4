"""Columns of two values beside grades with decimals: what they are has to be said.

Beside ``state``, which is good or bad, a column ``quality`` from 0 to 1 may say how good an answer
is, and ``state`` is a slice. Or it is the probability of one of the two, and ``state`` the right
answer: read as grades, of which more is better, a worse model passes. Names do not tell, so the
person says it once: ``--by state``, or ``--label state``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from undertow.errors import TableError
from undertow.records.answer_codes import RIGHT, are_scores
from undertow.records.formats.columns.meant import UNKNOWN
from undertow.records.formats.columns.values import shown, values_of
from undertow.records.formats.decoding.tables import column_names, kind_of
from undertow.records.grade_scale import FRACTIONS, GRADES, TURNED, GradeScale
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.usual_names import flag_of

FEW = 10
"""Levels of a scale up to which it is one of grades: 1 to 5, or 1 to 10."""
MOST_APART = 0.05
"""Share of examples on which the sides may differ in their right answers; a column that differs on
more is what each model made of them."""
TARGET = "target"


def refuse_unsaid_roles(
    sides: Sequence[Records], firsts: Sequence[Path], reading: Reading, format: str | None
) -> None:
    """Raises ``TableError`` where a column of two values beside grades of a table may be the right
    answers, and nobody said that it is a slice. ``firsts`` are what messages call the sides,
    ``format`` the one that was asked for."""
    if not any(map(graded_finely, sides)):
        return
    slices = [c for c in _of_two(sides) if c not in reading.wanted]
    label = _label(sides, reading)
    found = [*slices, *([] if label is None else [label])]
    if found:
        score = _score_flag(firsts[0], reading)
        way = _as_probability(sides, found, label, reading, score, format)
        raise TableError(
            f"{firsts[0]}: {_said(sides, found, label)}, and the scores the probability of one of "
            f"two, of which more is not better; if so, {way}; if {_slices(found, label, reading)}"
        )


def graded_finely(side: Records) -> bool:
    """Whether a table has grades with decimals, or of more levels than people grade by, as
    probabilities are. Right and wrong, averaged over repeats, are none."""
    if side.score_MN is None or side.manifest.metric is not None or side.classes[:1] == (RIGHT,):
        return False
    levels = np.unique(side.score_MN[~np.isnan(side.score_MN)])
    told = side.manifest.conditions.get(GRADES)
    if told not in (None, FRACTIONS.said, TURNED.said):
        return len(levels) > FEW
    return bool(((levels != 0) & (levels != 1)).any())


def two_values(side: Records, column: str) -> bool:
    """Whether a column of the examples has two values."""
    return column in side.examples.columns and len(values_of(side.examples[column])) == 2


def _of_two(sides: Sequence[Records]) -> Iterator[str]:
    """Slices of two values that both sides fill in alike. Where it is known what a model answered,
    a score grades that; but one of two words may be the prediction."""
    said = set[str]().union(*map(_answers, sides))
    for column in dict.fromkeys(c for side in sides for c in side.slice_columns):
        having = [side for side in sides if column in side.examples.columns]
        values = set[str]().union(*(values_of(side.examples[column]) for side in having))
        if len(values) == 2 and said <= values and not _apart(having, column):
            yield column


def _answers(side: Records) -> set[str]:
    """What a side answered, where that was kept and not its scores alone."""
    return set[str]().union(*(values_of(a) for a in side.answers or () if not are_scores(a)))


def _apart(having: Sequence[Records], column: str) -> bool:
    """Whether two sides differ in it on more examples than right answers may."""
    first, *others = (s.examples.select("example_id", column).cast(pl.String) for s in having)
    for other in others:
        both = first.join(other, on="example_id")
        differ = int((both[column] != both[f"{column}_right"]).sum())
        if differ > max(1, MOST_APART * both.height):
            return True
    return False


def _label(sides: Sequence[Records], reading: Reading) -> str | None:
    """Right answers of two values that are only shown, as nothing says what was answered."""
    shown_too = [s for s in sides if two_values(s, TARGET) and not _answers(s)]
    return (reading.label or "label") if shown_too else None


def _column(side: Records, name: str, label: str | None) -> pl.Series:
    return side.examples[TARGET if name == label else name]


def _said(sides: Sequence[Records], found: Sequence[str], label: str | None) -> str:
    if len(found) == 1:
        (name,) = found
        side = _having(sides, name, label)
        values = shown(values_of(_column(side, name, label)))
        return f"{name!r} is {values}, so it may be the right answers"
    return f"{', '.join(map(repr, found))} have two values, so one of them may be the right answers"


def _having(sides: Sequence[Records], name: str, label: str | None) -> Records:
    column = TARGET if name == label else name
    return next(side for side in sides if column in side.examples.columns)


def _as_probability(
    sides: Sequence[Records],
    found: Sequence[str],
    label: str | None,
    reading: Reading,
    score: str,
    format: str | None,
) -> str:
    """What to type where one of these is the right answer."""
    out = ["--format"] * (format is not None) + ["--scale"] * (reading.scale is not None)
    leave = f"leave {' and '.join(out)} out and " if out else ""
    cut = ""
    if reading.scale not in (None, FRACTIONS, TURNED):
        # in the middle of a scale one class is as likely as the other
        cut = f" --threshold {(reading.scale.worst + reading.scale.best) / 2:g}"
    if len(found) > 1:
        which = " or ".join(map(repr, found))
        named = flag_of("label", UNKNOWN)
        return f"{leave}add {score}{named}{cut}, where only you know whether COLUMN is {which}"
    (name,) = found
    side = _having(sides, name, label)
    column = _column(side, name, label)
    if _answers(side):
        answer = flag_of("prediction", reading.answer or "answer")
        return f"{leave}add {answer} {flag_of('label', name)}, and leave --score out"
    given = reading.label is not None and name == label
    typed = [] if given else [flag_of("label", name)]
    typed.append(flag_of("positive", _likelier(side, column, reading.scale)))
    return f"{leave}add {score}{' '.join(typed)}{cut}"


def _likelier(side: Records, column: pl.Series, scale: GradeScale | None) -> str:
    """The value whose scores are higher: of a model that knows anything it is the class that they
    are the probability of."""
    assert side.score_MN is not None
    means = (
        pl.DataFrame({"value": column.cast(pl.String), "score": np.nanmean(side.score_MN, axis=0)})
        .drop_nulls()
        .group_by("value")
        .agg(pl.col("score").mean())
        .sort("score", "value")
    )
    turned = scale is not None and scale.best < scale.worst
    return str(means["value"][0 if turned else -1])


def _slices(found: Sequence[str], label: str | None, reading: Reading) -> str:
    """What to type where all of these are slices."""
    one = len(found) == 1
    says = f"{found[0]!r} says" if one else "all of them say"
    grade = f"{says} what an example is, and the scores how good an answer is"
    if label in found and reading.label is None:
        return f"{grade}, give {label!r} another name, and add --by with that name"
    leave = "leave --label out and " if label in found else ""
    names = " ".join(flag_of("by", name).removeprefix("--by ") for name in found)
    return f"{grade}, {leave}add --by {names}"


def _score_flag(first: Path, reading: Reading) -> str:
    """``--score correct``, where that is a column of outcomes and the only one."""
    if reading.score is not None or not first.is_file() or kind_of(first, reading.keys) is None:
        return ""
    names = column_names(first, reading.keys)
    return "--score correct " if "correct" in names and "score" not in names else ""
