"""``undertow examine``: a verdict for each training example, as a page, tables and text."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.examined.examine import examine
from undertow.audit.examined.table import example_table, to_check
from undertow.errors import UserError
from undertow.records.traces.inputs import NO_INPUTS, Inputs, of_pixels, read_inputs
from undertow.records.traces.known_labels import with_planted
from undertow.records.traces.read import read_trace
from undertow.records.traces.trace import Trace
from undertow.report.examined.files import contents_of, write_together
from undertow.report.examined.page import page
from undertow.report.examined.text import terminal
from undertow.undecoded import escaped

EMBEDDED = {"fashion-mnist/train/": "FashionMNIST", "digits/": "Digits"}
"""How ids of data sets begin that come with Undertow or with scikit-learn, whose pictures need no
file."""
UNSEEN = (
    "The record has no pictures or texts of its training examples. Give --inputs FILE: a table "
    "with example_id and input (texts, or paths of pictures beside it), or an npz with ids and "
    "images."
)
LABEL = "label"


def examine_training(
    path: Path,
    probe: str = "trace",
    *,
    out: Path,
    inputs: Path | None = None,
    planted: Path | None = None,
    by: str | None = None,
    replace: bool = True,
) -> str:
    """What a terminal shows; writes ``FILES`` of ``report.examined.files`` into ``out``. Equal
    inputs give equal bytes. ``UserError`` for what holds no trace, for a column or inputs that
    are not there, for planted labels that are not those of the trace, and where ``out``
    cannot be written, or holds a report and ``replace`` is false."""
    trace = read_trace(path, probe)
    if planted is not None:
        trace = with_planted(trace, planted)
    found = examine(trace.values, trace.known_wrong_N)
    table = example_table(trace, found)
    column = by or LABEL
    sliced = table.with_columns(label="given") if column == LABEL else _with(table, trace, by or "")
    ids = trace.values.example_id_N.to_list()
    shown = _embedded(ids) if inputs is None else read_inputs(inputs, ids)
    if inputs is not None:
        trace = changed(trace, notices=(*trace.notices, shown.matched(inputs, ids)))
    made = page(trace, found, sliced, shown.of, UNSEEN, column)
    check = to_check(table, shown.texts)
    write_together(contents_of(made, table, check, trace, found), out, replace=replace)
    said = terminal(trace, found, check)
    return f"{said}\n\nwritten to {escaped(str(out))}: open index.html in a browser"


def _with(table: pl.DataFrame, trace: Trace, by: str) -> pl.DataFrame:
    """The table with a column of the training part, for the table of values."""
    able = [name for name in trace.columns.columns if name not in ("example_id", "label")]
    if by not in able:
        has = f"it has {', '.join(able)}" if able else "it has none besides the labels"
        raise UserError(f"--by {by}: the training part has no such column; {has}")
    return table.with_columns(trace.columns[by].cast(pl.String).alias(by))


def _embedded(ids: list[str]) -> Inputs:
    """Pictures of the data sets whose ids these are, where the lab is installed."""
    begins = next((start for start in EMBEDDED if ids and ids[0].startswith(start)), None)
    if begins is None:
        return NO_INPUTS
    part = _train_part(EMBEDDED[begins])
    if part is None:
        return NO_INPUTS
    known_ids, pixels_NCHW = part
    return of_pixels(known_ids, pixels_NCHW.transpose(0, 2, 3, 1))


def _train_part(data: str) -> tuple[tuple[str, ...], NDArray[np.uint8]] | None:
    """Ids and pixels (N, C, H, W); ``None`` where the lab, or scikit-learn, is not installed."""
    try:
        if data == "FashionMNIST":
            from undertow.lab.data.fashion_mnist.fashion import FashionMNIST

            part = FashionMNIST().load().train
        else:
            from undertow.lab.data.digits import Digits

            part = Digits().load().train
    except ImportError:
        return None
    return part.example_id_N, np.asarray(part.x_NCHW[:])
