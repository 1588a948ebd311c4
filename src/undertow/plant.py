"""``undertow plant``: labels to train on, some of them wrong on purpose, and which those are."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.examined.planted import FEWEST
from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.records.formats.decoding.csv_text import stripped
from undertow.records.formats.decoding.tables import Kind, kind_of, parse, separator_of
from undertow.records.traces.known_labels import ID, LABEL, PLANTED, TRUE
from undertow.records.traces.planted_before import refuse_planted
from undertow.report.examined.files import write_together
from undertow.report.wording import plural
from undertow.undecoded import escaped

SHARE, MOST = 0.05, 0.5
"""Of the labels of each class: what is planted by default, and the most."""
ENDINGS: dict[Kind, str] = {
    "CSV": "csv",
    "Parquet": "parquet",
    "JSON lines": "jsonl",
    "JSON array": "jsonl",
}
WHAT = "tables"
"""What is written, as messages call it."""
FILES = (*(f"labels.{ending}" for ending in dict.fromkeys(ENDINGS.values())), PLANTED)

Ints = NDArray[np.int64]


class Table(NamedTuple):
    """A table of labels, without and with the blanks around its values, and what its columns of ids
    and labels are called."""

    path: Path
    frame: pl.DataFrame
    as_it_is: pl.DataFrame
    id: str
    label: str


def plant(
    path: Path,
    *,
    out: Path,
    share: float = SHARE,
    seed: int = 0,
    id: str = ID,
    label: str = LABEL,
    replace: bool = True,
) -> str:
    """Write into ``out`` the table of ``path`` with another label for ``share`` of the rows of each
    class, any other class as likely, and ``planted.csv``, which says of each row both labels. A
    function of the table and the seed. ``UserError`` where too few would be wrong to calibrate,
    where labels were planted before, and where the table itself would be replaced, or others and
    ``replace`` is false."""
    if not 0 < share <= MOST or seed < 0:
        raise UserError(
            f"--share {share:g} --seed {seed}: give a share above 0 and up to {MOST:g}, and a seed "
            "of 0 or more"
        )
    table = _read(path, id, label)
    refuse_planted(path, table.frame, id, label)
    true = table.frame[label]
    classes = true.drop_nulls().unique().sort()
    true_N = _indices(true, classes)
    given_N = _planted(true_N, len(classes), share, seed)
    wrong = int((given_N != true_N).sum())
    _refuse_too_few(table, true_N, share, wrong)
    name = [*classes.to_list(), None]
    given = pl.Series(label, [name[k] for k in given_N.tolist()], dtype=true.dtype)
    ending = ENDINGS[(kind_of(path, (id,)) or ("CSV", ""))[0]]
    told = pl.DataFrame({ID: table.frame[id], LABEL: given, TRUE: true})
    contents = {
        f"labels.{ending}": _bytes(table.as_it_is.with_columns(given), path, ending),
        PLANTED: told.write_csv().encode("utf-8"),
    }
    _refuse_itself(path, out, contents)
    write_together(contents, out, replace=replace, what=WHAT)
    none = true.null_count()
    without = f" {plural(none, 'row')} without a label stay{'s' * (none == 1)} so." if none else ""
    return (
        f"{wrong:,} of {len(true) - none:,} labels ({plural(len(classes), 'class', 'classes')}) "
        f"are wrong now, share {share:g}, seed {seed}.{without}\n"
        f"1. Train on {label} of {escaped(str(out / f'labels.{ending}'))}, and keep a trace.\n"
        f"2. undertow examine TRACE --planted {escaped(shlex.quote(str(out / PLANTED)))}"
    )


def _read(path: Path, id: str, label: str) -> Table:
    """``UserError`` for a table that lacks a column, has an id twice, or no classes."""
    as_it_is = parse(path, (id,), strip=False)
    of_text = (kind_of(path, (id,)) or ("CSV", ""))[0] == "CSV"
    frame = stripped(as_it_is) if of_text else as_it_is
    for flag, name in (("--id", id), ("--label", label)):
        if name not in frame.columns:
            raise UserError(
                f"{path}: has no column {name!r}; it has {', '.join(frame.columns)}; name the one "
                f"that is meant with {flag}"
            )
    if TRUE in frame.columns:
        raise UserError(
            f"{path}: has a column {TRUE!r}, so its labels were planted already; give the table "
            "from before"
        )
    twice = frame[id].filter(frame[id].is_duplicated() | frame[id].is_null())
    if len(twice):
        raise UserError(f"{path}: the id {twice[0]!r} stands twice or is none; give each its own")
    labels = frame[label].drop_nulls()
    if not 2 <= labels.n_unique() <= len(labels) / 2:
        raise UserError(
            f"{path}: column {label!r} has {plural(labels.n_unique(), 'value')} in "
            f"{plural(frame.height, 'row')}; expected two or more classes, each of several rows"
        )
    return Table(path, frame, as_it_is, id, label)


def _refuse_itself(path: Path, out: Path, names: Iterable[str]) -> None:
    """``UserError`` where the table would be replaced by the one with wrong labels."""
    for name in names:
        if (out / name).exists() and (out / name).samefile(path):
            raise UserError(
                f"{path}: would be replaced by labels that are wrong on purpose, and nothing would "
                "tell the ones before; give another folder after --out"
            )


def _indices(true: pl.Series, classes: pl.Series) -> Ints:
    """Of each label among the classes, -1 of none."""
    index = true.replace_strict(classes, np.arange(len(classes)), default=-1)
    return index.cast(pl.Int64).fill_null(-1).to_numpy()


def _planted(true_N: Ints, classes: int, share: float, seed: int) -> Ints:
    """The labels with others in place of those that are drawn. Which are drawn does not depend on
    what they become, and a larger share holds a smaller one."""
    drawn_N = np.zeros(len(true_N), dtype=np.bool_)
    drawn_N[true_N >= 0] = drawn_by_class(true_N[true_N >= 0], share, seed)
    away_N = np.random.default_rng([seed, classes, 1]).integers(1, classes, len(true_N))
    return np.where(drawn_N, (true_N + away_N) % classes, true_N)


def _refuse_too_few(table: Table, true_N: Ints, share: float, wrong: int) -> None:
    if wrong >= FEWEST:
        return
    count_C = np.bincount(true_N[true_N >= 0])
    enough = (
        percent / 100
        for percent in range(1, int(100 * MOST) + 1)
        if np.floor(percent / 100 * count_C + 0.5).sum() >= FEWEST
    )
    able = next(enough, None)
    fix = "give more rows" if able is None else f"give --share {able:g} or more"
    raise UserError(
        f"{table.path}: --share {share:g} of {plural(table.frame.height, 'row')} makes "
        f"{plural(wrong, 'wrong label')}, and a calibration needs {FEWEST}; {fix}"
    )


def _bytes(frame: pl.DataFrame, path: Path, ending: str) -> bytes:
    """As the table was written; texts are as they are, since training reads them."""
    if ending == "csv":
        return frame.write_csv(separator=separator_of(path)).encode("utf-8")
    if ending == "jsonl":
        return frame.write_ndjson().encode("utf-8")
    from io import BytesIO

    frame.write_parquet(held := BytesIO())
    return held.getvalue()
