"""Rows of one example that a column tells apart, in a graded table: several metrics, of which the
mean hides the one that falls, or steps of a training, of which the last is meant. Over repeats a
mean is right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.commands.given import given_for
from undertow.records.formats.columns.commands.new_table import written
from undertow.records.formats.columns.commands.python_typed import is_spelled, text_typed
from undertow.records.formats.columns.several_answers.telling import telling_unlike
from undertow.records.formats.columns.values import is_nested, numbers_in
from undertow.records.usual_names import says_fault, says_step, says_when

MOST_VALUES = 8
"""Values for each of which a command is given."""
LESS_IS_BETTER = " (if less of it is better, add --scale 1,0 for it)"
DATE = r"^\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?$"
NUMBERED = re.compile(r"(\D*)\d+(\D*)")


class SeveralMeasured(TableError):
    """Rows of several metrics are refused; ``commands`` keep those of one, by its name."""

    said: str
    commands: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, said: str, commands: Mapping[str, Sequence[str]]) -> SeveralMeasured:
        shown = {name: commands[name] for name in list(commands)[:MOST_VALUES]}
        each = "; ".join(
            f"{name!r}{LESS_IS_BETTER if says_fault(name) else ''}: {' && '.join(typed)}"
            f"{given_for(typed)}"
            for name, typed in shown.items()
        )
        left = len(commands) - len(shown)
        made = cls(f"{said}; {each}{f'; and so for the other {left}' if left else ''}")
        made.said, made.commands = said, commands
        return made

    def with_those(self, others: Iterable[SeveralMeasured]) -> SeveralMeasured:
        """The same with the commands for all files."""
        every: dict[str, dict[str, None]] = {}
        for one in (self, *others):
            for name, typed in one.commands.items():
                every.setdefault(name, {}).update(dict.fromkeys(typed))
        return self.of(self.said, {name: [*typed] for name, typed in every.items()})


def refuse_unlike_rows(
    path: Path, frame: pl.DataFrame, names: Mapping[str, str], keys: Sequence[str]
) -> None:
    """Raises ``TableError`` where examples stand in several rows that are no repeats, with the
    commands that keep one of each. ``names`` are what the owner calls columns."""
    if "example_id" not in frame.columns or is_nested(frame["example_id"]):
        return
    of_one = [c for c in ("example_id", "member") if c in frame.columns]
    again = frame.filter(pl.struct(of_one).is_duplicated() & pl.col("example_id").is_not_null())
    name = next(telling_unlike(again, of_one), None) if again.height else None
    if name is None:
        return
    called, cells = names.get(name, name), again[name].cast(pl.String)
    order = _order(frame[name], f"pl.col({text_typed(called)})")
    if order is not None:
        _refuse_steps(path, frame, of_one, name, order, names, keys)
    values = sorted(cells.drop_nulls().unique())
    commands = {
        value: [written(path, "", keys, ending, f".filter({_is(called, value, frame[name])})")]
        for value, ending in zip(values, _endings(values), strict=True)
    }
    listed = ", ".join(map(repr, values[:MOST_VALUES]))
    more = f" … ({len(values):,} values)" if len(values) > MOST_VALUES else ""
    raise SeveralMeasured.of(
        f"{path}: examples stand in several rows, of several {called!r} ({listed}{more}), and a "
        "mean of these would hide that one falls beside another: write a table of each and compare "
        "every one of them (where they are repeats of one grade, name that column with --member)",
        commands,
    )


def _order(column: pl.Series, x: str) -> str | None:
    """What a person types for the values in their order, where they are dates, or numbers that
    count steps; any other numbers may be of metrics."""
    if column.dtype.is_temporal():
        return x
    text = column.drop_nulls().cast(pl.String)
    if text.str.contains(DATE).all() and text.str.len_chars().n_unique() == 1:
        return x
    counts = says_step(column.name) or says_when(column.name)
    if numbers_in(column) is not None:
        return f"{x}.cast(float)" if counts and not is_spelled(column) else None
    ends = {(m[1], m[2]) if (m := NUMBERED.fullmatch(cell)) else None for cell in text.unique()}
    (end, *others) = ends
    if end is None or others or not (counts or says_step(end[0])):
        return None
    return f'{x}.str.extract("([0-9]+)").cast(float)'


def _refuse_steps(
    path: Path,
    frame: pl.DataFrame,
    of_one: Sequence[str],
    name: str,
    order: str,
    names: Mapping[str, str],
    keys: Sequence[str],
) -> None:
    """Raises ``TableError`` with the command that keeps the last; where not every example has it,
    the last of each, also of those in one row alone."""
    ordered = frame[name].cast(pl.String)
    if order.endswith("(float)"):
        ordered = ordered.str.extract(r"([0-9]+)") if "extract" in order else ordered
        ordered = ordered.cast(pl.Float64, strict=False)
    rows = frame.with_columns(ordered.alias(name), frame[name].cast(pl.String).alias("said"))
    rows = rows.drop_nulls(name).sort(name)
    first, last = rows["said"][0], rows["said"][-1]
    all_have = rows.filter(pl.col(name) == pl.col(name).max()).select(of_one).n_unique()
    whole = all_have == frame.select(of_one).n_unique()
    of_each = ", ".join(text_typed(names.get(c, c)) for c in of_one)
    top = f"{order}.max()" if whole else f"{order}.max().over({of_each})"
    raise InOneColumn.of(
        f"{path}: examples stand in several rows, of several {names.get(name, name)!r} from "
        f"{first!r} to {last!r}, and a comparison is of one answer to each: keep the last"
        f"{'' if whole else ' of each example'}",
        written(path, "", keys, "last", f".filter({order} == {top})"),
    )


def _is(called: str, value: str, column: pl.Series) -> str:
    """What a person types for the rows of a value."""
    text = "" if column.dtype == pl.String else ".cast(str)"
    return f"pl.col({text_typed(called)}){text} == {text_typed(value)}"


def _endings(values: Sequence[str]) -> list[str]:
    """How the new file of each value is called, each otherwise."""
    plain = [re.sub(r"[^\w.-]+", "_", value)[:40].strip("._") or "other" for value in values]
    small = [ending.casefold() for ending in plain]
    return [
        e if small.count(e.casefold()) == 1 else f"{e}-{k}" for k, e in enumerate(plain, start=1)
    ]
