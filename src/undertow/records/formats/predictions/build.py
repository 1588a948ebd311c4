"""Builds ``Records`` from the sheets of members: the end of every reader of class predictions.

A sheet has ``example_id`` and ``prediction`` (or ``p_<class>``). It may have ``label``, ``score``,
``input``, ``content_hash`` and slices, all cleaned as ``columns.clean`` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answers import Answers, derive
from undertow.records.class_list import refuse_many_classes
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.formats.members.join import PROBABILITY, Joined, Sheet, join
from undertow.records.formats.members.stack import to_records
from undertow.records.formats.predictions.classes import (
    codes,
    observed_classes,
    positive_of,
    stated_classes,
)
from undertow.records.formats.predictions.columns import PER_MEMBER, answer_columns
from undertow.records.formats.predictions.probabilities import check_range, probabilities
from undertow.records.formats.predictions.threshold import (
    conditions_of,
    cut_answers,
    negative_and_positive,
)
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry

CONFIDENCE = "confidence"
"""A column of readers that know only the highest probability."""


def from_sheets(
    sheets: list[Sheet],
    reading: Reading,
    notes: Sequence[str] = (),
    *,
    classes: tuple[str, ...] | None = None,
    confident: bool = False,
    conditions: Mapping[str, str] | None = None,
) -> Records:
    """Builds one population.

    ``classes`` are those that a file declares. Without them, and without ``p_<class>``, the classes
    are those seen. With ``confident`` the column ``confidence`` is the highest probability.
    ``conditions`` are those of predictions that a threshold of the score decided.
    """
    stated = stated_classes(sheets)
    exclusions = Exclusions(reading.allow_partial, list(notes), reading.missing)
    per_member = PER_MEMBER | {CONFIDENCE} if confident else PER_MEMBER
    joined = join(
        sheets, exclusions, per_member=per_member, required=answer_columns, wanted=reading.wanted
    )
    if stated is not None and len(stated) == 2 and not _any_predicts(joined):
        conditions = conditions_of(reading, probable=True)
    sheets = [_predicting(s, stated, reading, exclusions.notes) for s in joined.sheets]
    joined = replace(joined, sheets=tuple(sheets))
    declared = stated or classes
    classes = declared or _seen(joined)
    refuse_many_classes(joined.sheets[0].source, len(classes))
    _refuse_silent(joined.sheets)
    positive, about_positive = positive_of(classes, reading.positive)
    label_N = _labels(joined, classes)
    # What a threshold decided is often not the likeliest class, and no note says so.
    notes_on_answers = exclusions.notes if conditions is None else []
    answers = [_answers(s, classes, positive, label_N, notes_on_answers) for s in joined.sheets]
    if confident:
        answers = [_confident(a, s) for a, s in zip(answers, joined.sheets, strict=True)]
    manifest = Manifest(
        name=reading.name or joined.sheets[0].member,
        task="classification" if positive is None else "binary",
        classes=classes,
        classes_from="observed" if declared is None else "declared",
        positive=positive,
        members=tuple(MemberEntry(id=s.member) for s in joined.sheets),
        conditions=dict(conditions or {}),
        notes=tuple(dict.fromkeys([*exclusions.notes, *about_positive])),
    )
    return to_records(manifest, joined.examples, label_N, answers, reading.inputs, joined.left_out)


def _any_predicts(joined: Joined) -> bool:
    return any("prediction" in sheet.frame.columns for sheet in joined.sheets)


def _predicting(
    sheet: Sheet, stated: tuple[str, ...] | None, reading: Reading, notes: list[str]
) -> Sheet:
    """Makes sure that there is a prediction; of ``p_<class>`` columns it is the likeliest class, or
    of two the positive one above a threshold that was asked for."""
    sheet = _without_partial_answers(sheet)
    if "prediction" in sheet.frame.columns:
        return sheet
    if stated is None:
        raise TableError(
            f"{sheet.source}: has no column 'prediction'; other members have one, name it alike"
        )
    if len(stated) == 2 and reading.threshold is not None:
        return _with_cut(sheet, stated, reading, notes)
    return _with_likeliest(sheet, stated)


def _without_partial_answers(sheet: Sheet) -> Sheet:
    """Empties the answer of a row that is empty in part."""
    names = answer_columns(sheet.frame)
    answered = ~sheet.frame.select(pl.any_horizontal(pl.col(names).is_null())).to_series()
    if answered.all():
        return sheet
    frame = sheet.frame.with_columns(pl.when(answered).then(pl.col(names)))
    return replace(sheet, frame=frame)


def _with_likeliest(sheet: Sheet, classes: tuple[str, ...]) -> Sheet:
    """Adds the likeliest class as prediction; the first of equals."""
    proba_NC = sheet.frame.select([PROBABILITY + c for c in classes]).to_numpy()
    likeliest_N = np.where(np.isnan(proba_NC).any(axis=1), MISSING, proba_NC.argmax(axis=1))
    names = np.array([*classes, None], dtype=object)[likeliest_N].tolist()
    prediction = pl.Series("prediction", names, dtype=pl.String)
    return replace(sheet, frame=sheet.frame.with_columns(prediction))


def _with_cut(sheet: Sheet, classes: tuple[str, ...], reading: Reading, notes: list[str]) -> Sheet:
    """Adds the positive one of two classes as prediction above the threshold, else the other."""
    both = negative_and_positive(sheet.source, classes, reading)
    column = PROBABILITY + both[1]
    cut, note = cut_answers(sheet.source, sheet.called(column), sheet.frame[column], both, reading)
    notes.append(note)
    return replace(sheet, frame=sheet.frame.with_columns(cut))


def _seen(joined: Joined) -> tuple[str, ...]:
    """Returns the classes that members predict or that are labels."""
    columns = [s.frame["prediction"] for s in joined.sheets]
    columns += [joined.examples["label"]] if "label" in joined.examples.columns else []
    return observed_classes(columns)


def _refuse_silent(sheets: Sequence[Sheet]) -> None:
    for sheet in sheets:
        if not sheet.frame["prediction"].count():
            raise TableError(
                f"{sheet.source}: has no prediction in any row; give the answers of the model"
            )


def _labels(joined: Joined, classes: tuple[str, ...]) -> NDArray[np.int32]:
    if "label" not in joined.examples.columns:
        return np.full(joined.examples.height, MISSING, np.int32)
    return codes(joined.examples["label"], classes, joined.sheets[0].source)


def _answers(
    sheet: Sheet,
    classes: tuple[str, ...],
    positive: str | None,
    label_N: NDArray[np.int32],
    notes: list[str],
) -> Answers:
    pred_N = codes(sheet.frame["prediction"], classes, sheet.source)
    proba_NC = probabilities(sheet, classes, positive, pred_N, notes)
    return derive(pred_N, proba_NC, label_N)


def _confident(answers: Answers, sheet: Sheet) -> Answers:
    """Takes the highest probability from its column, where there is one."""
    if CONFIDENCE not in sheet.frame.columns:
        return answers
    confidence_N = sheet.frame[CONFIDENCE].cast(pl.Float32).fill_null(np.nan).to_numpy()
    check_range(sheet, np.nan_to_num(confidence_N[:, None], nan=0.0))
    return replace(answers, confidence_N=confidence_N)
