"""Writes what was found of training examples: a page, two tables and a file for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

import undertow
from undertow.audit.examined.called import REASONS, VERDICTS
from undertow.audit.examined.examine import Examined
from undertow.audit.examined.table import REASON
from undertow.records.traces.trace import Trace
from undertow.report.examined.said import headline
from undertow.report.examined.stated import (
    ALIKE,
    AT_MOST,
    NO_LIMIT,
    NO_LIST,
    NOT_COUNTED,
    few,
    stated,
    stated_alone,
    stated_recall,
    stated_share,
    unlimited,
    unstated,
)
from undertow.report.publish import publish
from undertow.report.serial import plain
from undertow.report.spreadsheet import csv_of
from undertow.report.write import refuse_taken, unwritable

FORMAT = "undertow-examined/1"
PAGE, EXAMPLES, CHECK, JSON = "index.html", "examples.csv", "to_check.csv", "examined.json"
FILES = (PAGE, EXAMPLES, CHECK, JSON)


def write_together(
    contents: Mapping[str, bytes], folder: Path, *, replace: bool = True, what: str = "report"
) -> None:
    """All of them or, with a ``UserError``, none; the last one last. Unless ``replace``, nothing
    where another run has written one of them, however late it came."""
    refuse = None if replace else partial(refuse_taken, folder, tuple(contents), what)
    try:
        publish(contents, folder, {}, refuse=refuse)
    except OSError as problem:
        raise unwritable(folder, problem, what) from problem


def contents_of(
    page: str, table: pl.DataFrame, check: pl.DataFrame, trace: Trace, found: Examined
) -> dict[str, bytes]:
    """What goes into each file. What is undefined is empty in a CSV, null in JSON."""
    return {
        EXAMPLES: csv_of(table),
        CHECK: csv_of(check),
        JSON: (json.dumps(plain(summary(trace, found)), indent=1) + "\n").encode(),
        PAGE: page.encode("utf-8"),
    }


def summary(trace: Trace, found: Examined) -> dict[str, Any]:
    """All numbers that are not of one example."""
    told = found.calibrated
    expected = found.expected
    return {
        "format": FORMAT,
        "undertow": undertow.__version__,
        "read": trace.about,
        "doubts": list(trace.doubts),
        "notices": list(trace.notices),
        "members": list(trace.values.members),
        "examples": len(trace.values.example_id_N),
        "epochs": list(trace.values.entry.epochs),
        "first_epochs_used": found.evidence.epochs,
        "cannot_tell_why": found.why or None,
        "counts": {verdict: found.count(verdict) for verdict in VERDICTS},
        "cannot_tell": {
            str(REASON[reason]): found.untold(reason) for reason in REASONS if found.untold(reason)
        },
        "known_wrong": int(found.known_wrong_N.sum()),
        "not_shown_to_be_wrong": found.unshown,
        "calibrated": told is not None,
        "auroc_of_known": None if told is None else told.auroc,
        "caveat": f"{headline(found)}. {ALIKE}" if found.count("likely mislabelled") else None,
        "share_wrong": stated_share(found, found.share),
        "share_wrong_why": unstated(found),
        "share_wrong_no_limit": NO_LIMIT if unlimited(found) else None,
        "not_counted": None if found.why else NOT_COUNTED,
        "precision": None if expected is None else stated(found, expected[0]),
        "precision_at_most": AT_MOST if few(found) else None,
        "recall": stated_recall(found),
        "recall_why": None if told is None or found.count("likely mislabelled") else NO_LIST,
        "alone": None
        if found.alone is None
        else {
            "share_wrong": stated_alone(found, found.alone.share),
            "precision": stated(found, found.alone.precision),
        },
        "confusions": [
            {
                "given": trace.name_of(one.given),
                "instead": trace.name_of(one.instead),
                "answered": one.answered,
                "listed": one.listed,
                "of": one.of,
                "in_bulk": one.in_bulk,
            }
            for one in found.confusions
        ],
    }
