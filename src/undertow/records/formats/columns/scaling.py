"""Says how a column on another scale becomes one from 0 to 1: a command to copy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import polars as pl

from undertow.records.formats.columns.names import says_logarithm
from undertow.records.formats.decoding.tables import Kind, kind_of, separator_of

TOPS = (5, 10, 100)
"""The best grade of the scales that people grade on."""
TOPS_FROM_1 = (5, 7, 10)
"""The same of scales whose worst grade is 1."""
ENDS = "({x} - LOWEST) / (HIGHEST - LOWEST)"
"""For a scale of which a person knows the ends."""
READ: dict[Kind, tuple[str, str, str]] = {
    "CSV": ("read_csv", "write_csv", "csv"),
    "Parquet": ("read_parquet", "write_parquet", "parquet"),
    "JSON lines": ("read_ndjson", "write_ndjson", "jsonl"),
    "JSON array": ("read_json", "write_json", "json"),
}
"""How polars reads and writes each kind of table, and how its files are called."""


def reach(number: pl.Series) -> str:
    """``reaches from 1 to 5``."""
    low, high = _ends(number)
    return f"reaches from {low:g} to {high:g}"


def of_grades(path: Path, name: str, number: pl.Series, keys: tuple[str, ...]) -> str:
    """What to do with grades from 1 to 5, or from 0 to 100."""
    low, high = _ends(number)
    if low < 0:
        return f"write the ends of the scale into {_command(path, name, ENDS, keys)}"
    from_1 = next((top for top in TOPS_FROM_1 if low >= 1 and high <= top), None)
    if from_1 is not None:
        made = f"({{x}} - 1) / {from_1 - 1}"
        scaled = _command(path, name, made, keys)
        return f"if 1 is the worst and {from_1} the best, scale it: {scaled}"
    top = next((top for top in TOPS if high <= top), None)
    best = f"{high:g}" if top is None else str(top)
    return f"if {best} is the best, scale it: {_command(path, name, '{x} / ' + best, keys)}"


def of_probabilities(path: Path, name: str, number: pl.Series, keys: tuple[str, ...]) -> str:
    """What to do with logarithms, with per cent, with other points, of which none is negative, or
    with logits."""
    low, high = _ends(number)
    if says_logarithm(name) and (high <= 0 or low >= 0):
        sign = "" if high <= 0 else "-"
        made = f"({sign}{{x}}).exp()"
        return f"if these are logarithms, write {_command(path, name, made, keys)}"
    if low >= 0 and high <= 100:
        return (
            "if it is per cent, give the score above which it decides with --threshold NUMBER, or "
            f"scale it: {_command(path, name, '{x} / 100', keys)}"
        )
    if low >= 0:
        return (
            f"write the ends of the scale into {_command(path, name, ENDS, keys)}, after which its "
            "middle decides, or give the score above which it decides with --threshold NUMBER"
        )
    return f"if these are logits, write {_command(path, name, '1 / (1 + (-{x}).exp())', keys)}"


def nearness(path: Path, columns: tuple[str, str], near: float, keys: tuple[str, ...]) -> str:
    """A column ``correct`` that is 1 where the first of two columns is off the second by at most
    ``near``."""
    one, other = (f"pl.col({_text(name)}).cast(float)" for name in columns)
    made = f"(({one} - {other}).abs() <= {near:g}).cast(int)"
    return _written(path, made, "correct", keys, "graded")


def _ends(number: pl.Series) -> tuple[float, float]:
    low, high = float(number.min()), float(number.max())  # type: ignore[arg-type]
    return low + 0.0, high + 0.0  # No zero is negative.


def _command(path: Path, name: str, made: str, keys: tuple[str, ...]) -> str:
    """A line for the shell that writes the table anew, with ``made`` of the column ``{x}``; of a
    frame in memory an expression."""
    column = f"({made.replace('{x}', f'pl.col({_text(name)}).cast(float)')})"
    return _written(path, column, name, keys, "scaled")


def _written(path: Path, column: str, name: str, keys: tuple[str, ...], ending: str) -> str:
    """The same of any expression of columns, which becomes the column ``name``."""
    if not path.is_file():
        return f"with_columns({column}.alias({_text(name)}))"
    found = kind_of(path, keys)
    kind: Kind = "CSV" if found is None else found[0]
    read, write, suffix = READ[kind]
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    to = path.with_name(f"{stem}-{ending}.{suffix}")
    separator = separator_of(path) if kind == "CSV" else ","
    apart = "" if separator == "," else f", separator={_text(separator)}"
    # A CSV is read as text, so that ids such as 007 stay what they are.
    options = f", infer_schema=False{apart}" if kind == "CSV" else ""
    code = (
        f"import polars as pl; pl.{read}({_text(str(path))}{options})"
        f".with_columns({column}.alias({_text(name)}))"
        f".{write}({_text(str(to))}{apart})"
    )
    return f"python -c {shlex.quote(code)}"


def _text(value: str) -> str:
    """A string of Python in double quotes, as the shell has the single ones."""
    return json.dumps(value, ensure_ascii=False)
