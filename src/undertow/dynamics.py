"""``undertow dynamics``: a population's per-example columns, as a table of the hardest examples and
as a file."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.audit.dynamics.columns import columns_of
from undertow.audit.dynamics.instrument import Hard, Instrument
from undertow.audit.dynamics.instruments import all_instruments, el2n
from undertow.audit.dynamics.learned_columns import (
    LEARNED_FROM,
    is_learned,
    learned_columns_of,
    learned_of,
    share_learned,
)
from undertow.audit.dynamics.over_members import FEWEST, all_over_members, held_out_correctness
from undertow.audit.dynamics.traced import early_epoch, epochs_said
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe
from undertow.report.spreadsheet import csv_of
from undertow.report.wording import plural
from undertow.undecoded import escaped

SHOWN = 10
LONGEST_ID = 40
ENDS: dict[Hard, str] = {"high": "hardest", "low": "hardest", "neither": "most"}


def dynamics_of(
    folder: Path,
    probe: str = "trace",
    *,
    out: Path | None = None,
    early: int | None = None,
    window: tuple[int, int] | None = None,
    sort: str | None = None,
    per_member: bool = False,
) -> str:
    """What a terminal shows; writes ``out`` (.csv or .parquet) where there is one. Without ``sort``
    the hardest examples are those by EL2N, or by held-out correctness where the probe says what
    members learned from."""
    if out is not None:
        _refuse_out(out)
    if probe != LEARNED_FROM and sort in [each.card.name for each in all_over_members()]:
        raise UserError(
            f"--sort {sort}: the probe {LEARNED_FROM!r} tells it and {probe!r} does not; give "
            f"--probe {LEARNED_FROM}"
        )
    values = read_probe(folder, probe)
    if is_learned(values):
        for_traces = {"--early": early, "--window": window, "--per-member": per_member or None}
        _refuse_of_traces(values, [flag for flag, is_ in for_traces.items() if is_ is not None])
        return _over_members(values, out, sort)
    instrument = el2n if sort is None else _instrument(sort, all_instruments())
    frame = columns_of(values, early, window=window)
    said = [_about(values, early, window), "", *_table(frame, instrument)]
    if out is not None:
        written = frame
        if per_member:
            written = columns_of(values, early, per_member=True, window=window)
        said += _written(written, out)
    return "\n".join(said)


def _refuse_of_traces(values: ProbeValues, given: Sequence[str]) -> None:
    for flag in given:
        raise UserError(
            f"{flag}: {values.name!r} has no epochs and one value of all members together; "
            f"leave out {flag}, or name a trace after --probe"
        )


def _over_members(values: ProbeValues, out: Path | None, sort: str | None) -> str:
    """The same of what members learned from: one value of all of them together."""
    by = held_out_correctness if sort is None else _instrument(sort, all_over_members())
    frame = learned_columns_of(values)
    said = [_about_learned(values), "", *_table(frame, by)]
    return "\n".join(said + ([] if out is None else _written(frame, out)))


def _instrument(name: str, among: Sequence[Instrument]) -> Instrument:
    known = {each.card.name: each for each in among}
    if name not in known:
        raise UserError(f"--sort {name}: there is no such column; choose one of {', '.join(known)}")
    return known[name]


def _about_learned(values: ProbeValues) -> str:
    """``learned-from: 20 members, 60 train examples, each member learned from 70 % of them …``."""
    share = share_learned(learned_of(values))
    return (
        f"{values.name}: {plural(len(values.members), 'member')}, "
        f"{plural(len(values.example_id_N), 'train example')}, of which a member learned from "
        f"{100 * share:.3g} % (low, high: limits at 95 %; – where fewer than {FEWEST} members are "
        "on a side)"
    )


def _about(values: ProbeValues, early: int | None, window: tuple[int, int] | None) -> str:
    """``trace: 3 members, 60 train examples, epochs 1 to 4 (early: 1), train mode, augmented
    view``. A recorder does not know the view; a window is said where one was asked for."""
    entry = values.entry
    when = f"early: {early_epoch(entry.epochs, early)}"
    if window is not None:
        when += f", window: {window[0]} to {window[1]}"
    said = [
        f"{values.name}: {plural(len(values.members), 'member')}",
        plural(len(values.example_id_N), f"{(entry.part or '').replace('_', '-')} example"),
        f"{epochs_said(entry.epochs)} ({when})",
        *([f"{entry.mode} mode"] if entry.mode else []),
        *([f"{entry.view} view"] if entry.view else []),
    ]
    return f"{', '.join(said)}; means over members"


def _table(frame: pl.DataFrame, by: Instrument) -> list[str]:
    """The hardest examples first; of an instrument that does not say what is hard the largest."""
    name, hard = by.card.name, by.card.hard
    known = frame.filter(pl.col(name).is_not_nan())
    shown = known.sort([name, "example_id"], descending=[hard != "low", False]).head(SHOWN)
    heads = ["example_id", *frame.columns[1:]]
    rows = [[_id(row[0]), *map(_number, row[1:])] for row in shown.iter_rows()]
    widths = [max(map(len, cells)) for cells in zip(heads, *rows, strict=True)]
    lines = ["  ".join(_padded(cells, widths)).rstrip() for cells in (heads, *rows)]
    return [f"{ENDS[hard]} by {name}, {len(rows):,} of {plural(frame.height, 'example')}", *lines]


def _padded(cells: list[str], widths: list[int]) -> list[str]:
    """Names to the left, numbers to the right."""
    first, *others = zip(cells, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def _id(example_id: str) -> str:
    shown = escaped(example_id)
    return shown if len(shown) <= LONGEST_ID else f"{shown[: LONGEST_ID - 1]}…"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3g}"


def _refuse_out(out: Path) -> None:
    if os.path.isdir(out):
        raise UserError(
            f"--out {out}: is a folder; give the name of a file, --out {out / 'columns.csv'}"
        )
    if out.suffix not in (".csv", ".parquet"):
        raise UserError(
            f"--out {out}: columns are written as .csv or .parquet; give --out {out.stem}.csv"
        )


def _written(frame: pl.DataFrame, out: Path) -> list[str]:
    _write(frame, out)
    return ["", f"written to {escaped(str(out))}: {plural(frame.height, 'row')}"]


def _write(frame: pl.DataFrame, out: Path) -> None:
    """What is undefined is empty in a CSV file, NaN in a Parquet file."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".csv":
            out.write_bytes(csv_of(frame))
        else:
            frame.write_parquet(out)
    except OSError as problem:
        why = problem.strerror or problem
        raise UserError(
            f"{out}: the columns cannot be written ({why}); give another --out"
        ) from problem
