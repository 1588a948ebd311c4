"""Says how a column on another scale becomes one from 0 to 1: a command to copy."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from os.path import commonpath
from pathlib import Path

import polars as pl

from undertow.records.classes_told import BY_ANSWERS, MARK
from undertow.records.formats.columns.other_scale import SCALE, WRITE
from undertow.records.formats.columns.values import numbers_in
from undertow.records.formats.columns.within import DOT, fields_in, is_within
from undertow.records.formats.decoding.tables import Kind, kind_of, parse, separator_of
from undertow.records.grade_scale import TO_TYPE
from undertow.records.order_told import CLASSES
from undertow.records.usual_names import says_how_likely, says_logarithm

LEAST_PER_CENT = 10
"""Numbers up to this may as well be grades, and no per cent."""
Ends = tuple[float, float]
"""The lowest and the highest number."""
ENDS = "({x} - LOWEST) / (HIGHEST - LOWEST)"
"""For a scale of which a person knows the ends."""
HUNDREDTH, ROUNDED = "{x} / 100", ".round(12)"
"""Rounded, because 1.1 / 100 is more than 0.011."""
MOST_NAMED, OURS = 8, "p_"
"""Columns up to which each is named, and how probabilities of classes are called."""
READ: dict[Kind, tuple[str, str, str]] = {
    "CSV": ("read_csv", "write_csv", "csv"),
    "Parquet": ("read_parquet", "write_parquet", "parquet"),
    "JSON lines": ("read_ndjson", "write_ndjson", "jsonl"),
    "JSON array": ("read_json", "write_json", "json"),
}
"""How polars reads and writes each kind of table, and how its files are called."""


def reach(column: pl.Series) -> str:
    """``reaches from 1 to 5``."""
    low, high = ends_of(column)
    return f"reaches from {low:g} to {high:g}"


def of_probabilities(
    path: Path, name: str, column: pl.Series, keys: tuple[str, ...], ends: Ends | None = None
) -> tuple[str, str]:
    """What to do with logarithms, with per cent, with other points, of which none is negative, or
    with logits: in words, and the command. ``ends`` as of grades."""
    low, high = ends or ends_of(column)
    scaled = partial(_command, path, name, column, keys)
    if says_logarithm(name) and (high <= 0 or low >= 0):
        sign = "" if high <= 0 else "-"
        return WRITE[1], scaled(f"({sign}{{x}}).exp()")
    if low >= 0 and LEAST_PER_CENT < high <= 100:
        way = (
            "if it is per cent, give the score above which it decides with --threshold NUMBER, or "
        )
        return f"{way}{SCALE}", scaled(HUNDREDTH)
    if low >= 0:
        graded = f"if it says how good an answer is, add {TO_TYPE}, the worst first; else "
        return f"{'' if says_how_likely(name) else graded}write the ends of the scale into ", (
            f"{scaled(ENDS)}, after which its middle decides, or "
            "give the score above which it decides with --threshold NUMBER"
        )
    return WRITE[0], scaled("1 / (1 + (-{x}).exp())")


def nearness(path: Path, columns: tuple[str, str], near: float, keys: tuple[str, ...]) -> str:
    """A column ``correct`` that is 1 where the first of two columns is off the second by at most
    ``near``; a column that readers know as predictions would go before it."""
    one, other = (f"pl.col({text_typed(name)}).cast(float)" for name in columns)
    made = f"(({one} - {other}).abs() <= {near:g}).cast(int)"
    after = '.rename({"prediction": "predicted_number"})' if "prediction" in columns else ""
    return _written(path, f'{made}.alias("correct")', keys, "graded", after)


def of_per_cent(
    path: Path, columns: Sequence[str], cells: pl.DataFrame, keys: Sequence[str]
) -> str:
    """How columns in per cent, with the sign or without, become fractions."""
    x = _all_typed(columns, cells)
    return _written(path, f"({HUNDREDTH.replace('{x}', x)}){ROUNDED}", keys, "scaled")


def of_signs(path: Path, columns: Sequence[str], keys: Sequence[str]) -> str:
    """The same where only the cells with the sign are per cent."""
    names = ", ".join(map(text_typed, columns))
    x, sign = _number_typed(names, plain=False), f'pl.col({names}).str.contains("%")'
    made = f"pl.when({sign}).then(({HUNDREDTH.replace('{x}', x)}){ROUNDED}).otherwise({x})"
    return _written(path, made, keys, "scaled")


def of_shares(path: Path, columns: Sequence[str], cells: pl.DataFrame, keys: Sequence[str]) -> str:
    """How the columns of every row come to sum to 1: each divided by their sum."""
    x = _all_typed(columns, cells)
    return _written(path, f"({x} / pl.sum_horizontal({x})){ROUNDED}", keys, "scaled")


def _all_typed(columns: Sequence[str], cells: pl.DataFrame) -> str:
    """What a person types for the numbers in all of the columns: of many the beginning that only
    they have."""
    begins = OURS if all(c.startswith(OURS) for c in columns) else commonpath([*columns])
    alike = [c for c in cells.columns if c.startswith(begins) and c != begins]
    short = len(columns) > MOST_NAMED and begins and {*alike} == {*columns}
    named = [f"^{re.escape(begins)}.+$"] if short else columns
    plain = not any(map(_is_spelled, cells.select(columns)))
    return _number_typed(", ".join(map(text_typed, named)), plain=plain)


def of_the_other(path: Path, name: str, column: pl.Series, other: str, keys: Sequence[str]) -> str:
    """How the probability of one of two classes becomes a column with that of the other."""
    x = _number_typed(text_typed(name), plain=not _is_spelled(column))
    made = f"(1 - {x}){ROUNDED}.alias({text_typed(other)})"
    return _written(path, made, keys, "turned")


def by_class(path: Path, column: str, keys: Sequence[str]) -> str:
    """How a column with the probability of each class becomes a column ``p_<class>`` for each."""
    made = f'pl.col({text_typed(column)}).name.prefix_fields("p_")'
    return _written(path, made, keys, "flat", f".unnest({text_typed(column)})")


def by_place(
    path: Path, name: str, column: pl.Series, typed: str, keys: Sequence[str], *, told: bool
) -> str:
    """How a column of lists, with the probability of each class, becomes a column for each;
    ``typed`` are their names as Python has them, ``told`` whether by answers."""
    kind = "arr" if isinstance(column.dtype, pl.Array) else "list"
    made = f"pl.col({text_typed(name)}).{kind}.to_struct(fields={typed}){_mark(path, told)}"
    return _written(path, made, keys, "flat", f".unnest({text_typed(name)})")


def _mark(path: Path, told: bool) -> str:
    """The column of a new file that says that answers told the order of the names."""
    return f", {MARK}=pl.lit({text_typed(BY_ANSWERS)})" if told and path.is_file() else ""


def renamed(
    path: Path,
    columns: Sequence[str],
    to: Mapping[str, str | int],
    keys: Sequence[str],
    *,
    told: bool = False,
) -> str:
    """How the values of columns get other names, or where ``to`` has numbers, those in the list
    that a person has to write. ``told``: by answers."""
    names = ", ".join(map(text_typed, columns))
    words = json.dumps(dict(to), ensure_ascii=False)
    if not all(isinstance(name, str) for name in to.values()):
        words = f"{{k: {CLASSES}[c] for k, c in {words}.items()}}"
    made = f"pl.col({names}).cast(str).replace({words}){_mark(path, told)}"
    return _written(path, made, keys, "renamed")


def called_by_class(
    path: Path, columns: Sequence[str], typed: str, keys: Sequence[str], *, told: bool
) -> str:
    """How columns get the names of classes that are ``typed`` as Python has them, in that order;
    ``told`` by answers."""
    names = ", ".join(map(text_typed, columns))
    made = f'.rename(dict(zip([{names}], ["{OURS}" + c for c in {typed}])))'
    return _written(path, _mark(path, told).removeprefix(", "), keys, "named", made)


def by_largest(
    path: Path,
    columns: Sequence[str],
    cells: pl.DataFrame,
    typed: str,
    keys: Sequence[str],
    *,
    told: bool,
) -> str:
    """How the column of the largest number becomes the answer, in place of all; ``typed`` are the
    classes of the columns as Python has them, ``told`` whether by answers."""
    names = ", ".join(map(text_typed, columns))
    if all(numbers_in(cells[c]) is None for c in columns):  # Truth values.
        x = f'(pl.col({names}).cast(str).str.to_lowercase() == "true")'
    else:
        x = _all_typed(columns, cells)
    made = f"pl.concat_list({x}).list.arg_max().replace_strict(dict(enumerate({typed})))"
    dropped = f".select(pl.exclude({names}))"
    return _written(
        path, f'{made}.alias("prediction"){_mark(path, told)}', keys, "answers", dropped
    )


def in_words(
    path: Path, name: str, column: pl.Series, words: tuple[str, str], keys: Sequence[str]
) -> str:
    """How a column of 0 and 1, or 0 % and 100 %, becomes a column ``prediction`` of two words."""
    no, yes = (f"pl.lit({text_typed(word)})" for word in words)
    x = _number_typed(text_typed(name), plain=not _is_spelled(column))
    made = f"pl.when({x} > 0).then({yes}).when({x} == 0).then({no})"
    return _written(path, f'{made}.alias("prediction")', keys, "answers")


def joined(
    path: Path, key: str, other: Path, other_key: str, names: Sequence[str]
) -> tuple[str, str]:
    """How columns of another table come to this one by id, and what the table is called then."""
    ids = f"pl.col({text_typed(key)}).cast(str)"
    theirs = ids if key == other_key else f"pl.col({text_typed(other_key)}).cast(str)"
    theirs += "" if key == other_key else f".alias({text_typed(key)})"
    columns = ", ".join([theirs, *map(text_typed, names)])
    right = f"{reading_typed(other, (other_key,))}.select({columns})"
    after = f'.join({right}, on={text_typed(key)}, how="left")'
    to = _renamed_file(path, _kind(path, (key,)), "joined")
    return _written(path, ids, (key,), "joined", after), shlex.quote(str(to))


def ends_of(column: pl.Series) -> Ends:
    """Of the numbers in a column, as it was typed or read."""
    number = column.fill_nan(None) if column.dtype.is_float() else numbers_in(column)
    assert number is not None  # Or it would have been refused before.
    low, high = float(number.min()), float(number.max())  # type: ignore[arg-type]
    return low + 0.0, high + 0.0  # No zero is negative.


def _is_spelled(column: pl.Series) -> bool:
    """Whether numbers have a sign for per cent or a comma, which polars does not read."""
    return column.dtype == pl.String and bool(column.str.contains("[%,]").any())


def _number_typed(names: str, *, plain: bool) -> str:
    """What a person types for the numbers in columns."""
    read = "" if plain else '.str.replace("%", "").str.strip_chars().str.replace(",", ".")'
    return f"pl.col({names}){read}.cast(float)"


def _command(path: Path, name: str, column: pl.Series, keys: tuple[str, ...], made: str) -> str:
    """A line for the shell that writes the table anew, with ``made`` of the column ``{x}``; of a
    frame in memory, which ``path`` names, an expression."""
    x = _number_typed(text_typed(name), plain=not _is_spelled(column))
    rounded = ROUNDED if made == HUNDREDTH else ""
    scaled = f"({made.replace('{x}', x)}){rounded}.alias({text_typed(name)})"
    return _written(path, scaled, keys, "scaled")


def _written(path: Path, column: str, keys: Sequence[str], ending: str, after: str = "") -> str:
    """The same of any expression of columns, and what comes ``after`` it."""
    made = f".with_columns({column}){after}" if column else after
    if not path.is_file():
        return made.removeprefix(".") if path == Path() else f"{path}{made}"
    kind = _kind(path, keys)
    write, to = READ[kind][1], _renamed_file(path, kind, ending)
    read = f"{reading_typed(path, keys)}{_unfolded(path, kind, keys, f'{column}{after}')}"
    code = (
        f"import polars as pl; {read}{made}.{write}({text_typed(str(to))}{_separator(path, kind)})"
    )
    return f"python -c {shlex.quote(code)}"


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


def _renamed_file(path: Path, kind: Kind, ending: str) -> Path:
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    return path.with_name(f"{stem}-{ending}.{READ[kind][2]}")


def reading_typed(path: Path, keys: Collection[str]) -> str:
    """What a person types for a table, with polars as ``pl``."""
    kind = _kind(path, keys)
    # A CSV is read as text, so that ids such as 007 stay what they are.
    options = f", infer_schema=False{_separator(path, kind)}" if kind == "CSV" else ""
    return f"pl.{READ[kind][0]}({text_typed(str(path))}{options})"


def _kind(path: Path, keys: Collection[str]) -> Kind:
    found = kind_of(path, keys)
    return "CSV" if found is None else found[0]


def _separator(path: Path, kind: Kind) -> str:
    separator = separator_of(path) if kind == "CSV" else ","
    return "" if separator == "," else f", separator={text_typed(separator)}"


def text_typed(value: str) -> str:
    """A string of Python in double quotes, as the shell has the single ones."""
    return json.dumps(value, ensure_ascii=False)
