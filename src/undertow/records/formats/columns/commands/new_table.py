"""A line for the shell that reads a table, changes its columns and writes it to a new file."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from undertow.records.classes_told import BY_ANSWERS, MARK
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.columns.within import DOT, fields_in, is_within
from undertow.records.formats.decoding.tables import Kind, kind_of, parse, separator_of

READ: dict[Kind, tuple[str, str, str]] = {
    "CSV": ("read_csv", "write_csv", "csv"),
    "Parquet": ("read_parquet", "write_parquet", "parquet"),
    "JSON lines": ("read_ndjson", "write_ndjson", "jsonl"),
    "JSON array": ("read_json", "write_json", "json"),
}
"""How polars reads and writes each kind of table, and how its files are called."""


def written(path: Path, column: str, keys: Sequence[str], ending: str, after: str = "") -> str:
    """A line for the shell with an expression of columns, and what comes ``after`` it; of a
    frame in memory, which ``path`` names, these alone."""
    made = f".with_columns({column}){after}" if column else after
    if not path.is_file():
        return made.removeprefix(".") if path == Path() else f"{path}{made}"
    kind = kind_typed(path, keys)
    write, to = READ[kind][1], new_name(path, kind, ending)
    read = f"{reading_typed(path, keys)}{_unfolded(path, kind, keys, f'{column}{after}')}"
    code = (
        f"import polars as pl; {read}{made}.{write}({text_typed(str(to))}{_separator(path, kind)})"
    )
    return f"python -c {shlex.quote(code)}"


def reading_typed(path: Path, keys: Collection[str]) -> str:
    """What a person types for a table, with polars as ``pl``."""
    kind = kind_typed(path, keys)
    # A CSV is read as text, so that ids such as 007 stay what they are.
    options = f", infer_schema=False{_separator(path, kind)}" if kind == "CSV" else ""
    return f"pl.{READ[kind][0]}({text_typed(str(path))}{options})"


def new_name(path: Path, kind: Kind, ending: str) -> Path:
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return path.with_name(f"{stem}-{ending}.{READ[kind][2]}")


def _unfolded(path: Path, kind: Kind, keys: Sequence[str], typed: str) -> str:
    """What makes columns of the fields that are ``typed`` as such; polars calls them alike."""
    if kind == "CSV":
        return ""
    frame, made = parse(path, keys), ""
    if not any(text_typed(name) in typed for name in fields_in(frame)):
        return made
    while names := [column.name for column in frame if is_within(column)]:
        listed = ", ".join(map(text_typed, names))
        made += f'.unnest({listed}, separator="{DOT}")'
        frame = frame.unnest(names, separator=DOT)
    return made


def kind_typed(path: Path, keys: Collection[str]) -> Kind:
    found = kind_of(path, keys)
    return "CSV" if found is None else found[0]


def _separator(path: Path, kind: Kind) -> str:
    separator = separator_of(path) if kind == "CSV" else ","
    return "" if separator == "," else f", separator={text_typed(separator)}"


def columns_in(path: Path, keys: Collection[str], frame: pl.DataFrame) -> list[str]:
    """The columns of a file in their order, of which ``frame`` need not have all."""
    return (parse(path, keys) if path.is_file() else frame).columns


def mark(path: Path, told: bool) -> str:
    """The column of a new file that says that answers told the order of the names."""
    return f", {MARK}=pl.lit({text_typed(BY_ANSWERS)})" if told and path.is_file() else ""
