"""Members as frames with the columns of a plain table, to one population: the end of every reader
of class predictions.

A sheet has ``example_id`` and ``prediction`` (or ``p_<class>``), and may have ``label``, ``score``,
``input``, ``content_hash`` and slices, all cleaned as ``_columns.clean`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answers import Answers, derive
from undertow.records.class_list import refuse_many_classes
from undertow.records.formats._classes import codes, observed_classes, positive_of, stated_classes
from undertow.records.formats._columns import PER_MEMBER, answer_columns
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.formats.members.join import PROBABILITY, Sheet, join, probability_columns
from undertow.records.formats.members.stack import to_records
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry

CONFIDENCE = "confidence"
"""A column of readers that know no more than the highest probability; in a plain table it is a
slice like any other."""


def from_sheets(
    sheets: list[Sheet],
    reading: Reading,
    notes: Sequence[str] = (),
    *,
    classes: tuple[str, ...] | None = None,
    confident: bool = False,
) -> Records:
    """One population. ``classes`` are those that a file declares; without them, and without
    ``p_<class>``, they are those seen. With ``confident`` the column ``confidence`` is the highest
    probability and no slice."""
    stated = stated_classes(sheets)
    exclusions = Exclusions(reading.allow_partial, list(notes), reading.missing)
    per_member = PER_MEMBER | {CONFIDENCE} if confident else PER_MEMBER
    joined = join(sheets, exclusions, per_member=per_member, required=answer_columns)
    sheets = [_emptied(s) for s in joined.sheets]
    if stated is not None:
        sheets = [_with_prediction(s, stated) for s in sheets]
    joined = replace(joined, sheets=tuple(sheets))
    for sheet in joined.sheets:
        if "prediction" not in sheet.frame.columns:
            raise TableError(
                f"{sheet.source}: has no column 'prediction'; other members have one, name it alike"
            )
    label = joined.examples["label"] if "label" in joined.examples.columns else None
    predictions = [s.frame["prediction"] for s in joined.sheets]
    declared = stated or classes
    classes = declared or observed_classes([*predictions, *([] if label is None else [label])])
    refuse_many_classes(sheets[0].source, len(classes))
    for sheet in joined.sheets:
        if not sheet.frame["prediction"].count():
            raise TableError(
                f"{sheet.source}: has no prediction in any row; give the answers of the model"
            )
    positive, about_positive = positive_of(classes)
    label_N = np.full(joined.examples.height, MISSING, np.int32)
    if label is not None:
        label_N = codes(label, classes, sheets[0].source)
    answers = [_answers(s, classes, positive, label_N, exclusions.notes) for s in joined.sheets]
    if confident:
        answers = [_sure(a, s) for a, s in zip(answers, joined.sheets, strict=True)]
    manifest = Manifest(
        name=reading.name or sheets[0].member,
        task="classification" if positive is None else "binary",
        classes=classes,
        classes_from="observed" if declared is None else "declared",
        positive=positive,
        members=tuple(MemberEntry(id=s.member) for s in joined.sheets),
        notes=tuple(dict.fromkeys([*exclusions.notes, *about_positive])),
    )
    return to_records(manifest, joined.examples, label_N, answers, reading.inputs, joined.left_out)


def _emptied(sheet: Sheet) -> Sheet:
    """A row that is empty in part has no answer: nothing of it is taken."""
    names = answer_columns(sheet.frame)
    answered = ~sheet.frame.select(pl.any_horizontal(pl.col(names).is_null())).to_series()
    if answered.all():
        return sheet
    frame = sheet.frame.with_columns(pl.when(answered).then(pl.col(names)))
    return Sheet(sheet.member, sheet.source, frame)


def _with_prediction(sheet: Sheet, classes: tuple[str, ...]) -> Sheet:
    """The likeliest class as prediction where the table gives none; the first of equals."""
    if "prediction" in sheet.frame.columns:
        return sheet
    names = [PROBABILITY + c for c in classes]
    proba_NC = sheet.frame.select(names).to_numpy()
    likeliest_N = np.where(np.isnan(proba_NC).any(axis=1), MISSING, proba_NC.argmax(axis=1))
    prediction = pl.Series(
        "prediction",
        np.array([*classes, None], dtype=object)[likeliest_N].tolist(),
        dtype=pl.String,
    )
    return Sheet(sheet.member, sheet.source, sheet.frame.with_columns(prediction))


def _answers(
    sheet: Sheet,
    classes: tuple[str, ...],
    positive: str | None,
    label_N: NDArray[np.int32],
    notes: list[str],
) -> Answers:
    pred_N = codes(sheet.frame["prediction"], classes, sheet.source)
    proba_NC = _probabilities(sheet, classes, positive, pred_N, notes)
    return derive(pred_N, proba_NC, label_N)


def _sure(answers: Answers, sheet: Sheet) -> Answers:
    if CONFIDENCE not in sheet.frame.columns:
        return answers
    confidence_N = sheet.frame[CONFIDENCE].cast(pl.Float32).fill_null(np.nan).to_numpy()
    _check_range(sheet, np.nan_to_num(confidence_N[:, None], nan=0.0))
    return replace(answers, confidence_N=confidence_N)


def _probabilities(
    sheet: Sheet,
    classes: tuple[str, ...],
    positive: str | None,
    pred_N: NDArray[np.int32],
    notes: list[str],
) -> NDArray[Any] | None:
    """(N, C) from ``p_<class>`` or, for two classes, from ``score``; ``None`` where the table has
    neither."""
    if probability_columns(sheet.frame):
        proba_NC = sheet.frame.select([PROBABILITY + c for c in classes]).to_numpy()
        _check_range(sheet, proba_NC)
        _check_sums(sheet, proba_NC)
        _compare_with_prediction(sheet, proba_NC, pred_N, notes)
        return proba_NC
    if "score" not in sheet.frame.columns:
        return None
    if positive is None:
        notes.append(
            f"column 'score' is not used: it is read for two classes, here are {len(classes)}"
        )
        return None
    score_N = sheet.frame["score"].to_numpy()
    _check_range(sheet, score_N[:, None])
    proba_NC = np.stack([1 - score_N, score_N], axis=1)
    proba_NC = proba_NC if classes[1] == positive else proba_NC[:, ::-1]
    _compare_with_prediction(sheet, proba_NC, pred_N, notes)
    return proba_NC


def _check_range(sheet: Sheet, proba_NC: NDArray[Any]) -> None:
    wrong_N = ~((proba_NC >= 0) & (proba_NC <= 1)).all(axis=1) & ~np.isnan(proba_NC).all(axis=1)
    if wrong_N.any():
        n = int(wrong_N.argmax())
        value = float(next(v for v in proba_NC[n] if not 0 <= v <= 1))
        raise TableError(
            f"{sheet.source}: a probability of example {sheet.frame['example_id'][n]!r} is"
            f" {value:g}"
            f" ({int(wrong_N.sum())} such examples); want numbers between 0 and 1, not logits or"
            " per cent"
        )


def _check_sums(sheet: Sheet, proba_NC: NDArray[Any]) -> None:
    """Allows for rounding to three digits in every column."""
    off_N = np.abs(proba_NC.sum(axis=1) - 1)
    limit = 0.01 + 0.0005 * proba_NC.shape[1]
    if (off_N > limit).any():
        n = int((off_N > limit).argmax())
        raise TableError(
            f"{sheet.source}: the p_<class> columns of example {sheet.frame['example_id'][n]!r} sum"
            " to"
            f" {float(proba_NC[n].sum()):.4g} ({int((off_N > limit).sum())} such examples); want"
            " the probabilities of"
            " all classes, summing to 1 (rename a column that is a slice)"
        )


def _compare_with_prediction(
    sheet: Sheet, proba_NC: NDArray[Any], pred_N: NDArray[np.int32], notes: list[str]
) -> None:
    """A prediction that is not the likeliest class may be meant (a threshold) or a mix-up of
    columns: say it."""
    given_N = proba_NC[np.arange(pred_N.size), pred_N]
    other = int((given_N < proba_NC.max(axis=1)).sum())
    if other:
        notes.append(
            f"{sheet.source}: in {other} of {pred_N.size} rows the prediction is not the likeliest"
            " class"
        )
