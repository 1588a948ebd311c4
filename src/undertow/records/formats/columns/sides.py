"""Suggests how the models of one table are set against each other: a part of it on each side."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.records.formats.columns.by_row import goes_by_row, with_row_numbers
from undertow.records.formats.columns.flags import flags_meant
from undertow.records.formats.columns.keys import member_meant
from undertow.records.formats.columns.labels_meant import label_of_two
from undertow.records.formats.columns.meant import UNKNOWN
from undertow.records.formats.columns.models_meant import models_meant
from undertow.records.formats.columns.values import (
    has_decimals,
    is_nested,
    numbers_in,
    values_of,
    within_one,
)
from undertow.records.reading import COLUMN_FLAGS, Reading, alternatives
from undertow.records.usual_names import (
    LABEL,
    flag_of,
    plain,
    says_how_likely,
    says_less_is_better,
    those_called,
)


class _Models(NamedTuple):
    """The models of a table, and what their columns are, if they have some: ``score``,
    ``prediction``."""

    names: Sequence[str]
    kind: str | None


def sides_meant(path: Path, frame: pl.DataFrame, reading: Reading) -> str | None:
    """The arguments that set the first model of a table against the second, with the columns that
    ``reading`` names; ``None`` without two models."""
    frame, typed, models = _understood(frame, reading)
    if len(models.names) < 2:
        return None
    if models.kind == "score":
        typed["score"] = ",".join(models.names)
    if models.kind is not None:
        one = frame[models.names[0]].alias(models.kind)
        frame = frame.drop(models.names).with_columns(one)
    flags = [flag_of(flag, name) for flag, name in typed.items()]
    flags += [] if reading.positive is None else [flag_of("positive", reading.positive)]
    cut = reading.threshold
    flags += [] if cut is None else [flag_of("threshold", f"{cut:.15g}")]
    flags += [] if reading.scale is None else [reading.scale.typed]
    first, second = (shlex.quote(f"{path}::{model}") for model in models.names[:2])
    meant = [flags_meant(frame), *_label(frame, models)]
    return " ".join(filter(None, [first, "--against", second, *flags, *meant]))


def _understood(
    frame: pl.DataFrame, reading: Reading
) -> tuple[pl.DataFrame, dict[str, str], _Models]:
    """The table with the names that readers know, flags to be typed with what each names, and the
    models."""
    found = {flag: _those_named(frame, reading, flag) for flag in (*COLUMN_FLAGS, "prediction")}
    # Several columns of scores or predictions are the models, and keep their names.
    one = {flag: names[0] for flag, names in found.items() if len(names) == 1}
    typed = dict(reading.columns)
    if len(found["prediction"]) > 1:
        del typed["prediction"]
    frame = _renamed(frame, {name: COLUMN_FLAGS.get(flag, flag) for flag, name in one.items()})
    if goes_by_row(frame, reading):
        frame = with_row_numbers(frame, "member" if "member" in frame.columns else None)
    member = _member(frame) if "member" not in one else None
    if member is not None:
        typed |= {} if member == "member" else {"member": member}
        frame = _renamed(frame, {member: "member"})
    by_member = "member" in one or member is not None
    models = _models(frame, found["score"], found["prediction"], by_member=by_member)
    return frame, typed, models


def _those_named(frame: pl.DataFrame, reading: Reading, flag: str) -> list[str]:
    """The columns that stand after a flag: of scores and predictions all, else the first."""
    if flag == "prediction":
        patterns = [part.strip() for given in reading.prediction for part in given.split(",")]
        return [name for name in frame.columns if any(fnmatchcase(name, p) for p in patterns)]
    there = [name for name in alternatives(getattr(reading, flag)) if name in frame.columns]
    return there if flag == "score" else there[:1]


def _renamed(frame: pl.DataFrame, to: Mapping[str, str]) -> pl.DataFrame:
    """With the names that readers know."""
    gone = [ours for name, ours in to.items() if name != ours and ours not in to]
    return frame.drop(gone, strict=False).rename(to)


def _member(frame: pl.DataFrame) -> str | None:
    """The column of models, where an example has several rows and its name is known."""
    if "example_id" not in frame.columns or is_nested(frame["example_id"]):
        return None
    return member_meant(frame) if frame["example_id"].is_duplicated().any() else None


def _models(
    frame: pl.DataFrame, scores: list[str], predictions: list[str], *, by_member: bool
) -> _Models:
    """Those that were named, else what looks like models."""
    if len(scores) > 1:
        return _Models(scores, "score")
    if len(predictions) > 1:
        return _Models(predictions, "prediction")
    if by_member:
        members = frame["member"].drop_nulls().cast(pl.String)
        return _Models(list(members.unique(maintain_order=True)), None)
    found = models_meant(frame)
    if not found and "score" not in frame.columns:
        return _Models(scores_meant(frame), "score")
    return _Models(found, "prediction" if set(found) <= set(frame.columns) else None)


def scores_meant(frame: pl.DataFrame) -> list[str]:
    """Columns that may be the scores of one model each."""
    return [column.name for column in frame if _is_score(column)]


def _is_score(column: pl.Series) -> bool:
    """Whether it holds decimals from 0 to 1 and is called a score or a probability."""
    name = column.name
    called = "score" in plain(name).split("_") or says_how_likely(name)
    if name.startswith("p_") or not called or says_less_is_better(name):
        return False
    number = numbers_in(column)
    return number is not None and has_decimals(number) and within_one(number)


def _label(frame: pl.DataFrame, models: _Models) -> list[str]:
    """The flag of right answers beside scores, where names do not tell which of two is positive.
    Without them probabilities would be read as grades."""
    if models.kind != "score" or "label" in frame.columns or label_of_two(frame) is not None:
        return []
    two = [column.name for column in frame if len(values_of(column)) == 2]
    found = those_called(LABEL, two) or (two if len(two) == 1 else [])
    if not found and not says_how_likely(models.names[0]):
        return []
    return [flag_of("label", found[0] if found else UNKNOWN)]
