"""What a message says to make of a frame, for people whose frame is one of pandas."""

from __future__ import annotations

import re
from collections.abc import Collection

_MADE = re.compile(
    r'with_columns\((?P<named>\(.*\)(?:\.round\(12\))?)\.alias\("(?P<name>[^"]*)"\)\)'
    r"|with_columns\((?P<alone>\(pl\.col\((?P<columns>[^)]*)\).*?\.round\(12\))\)"
)
"""What ``records/formats/columns/commands/`` writes: columns made of others under a name, or in
their own place."""
_SHARES = re.compile(
    r"with_columns\(\((?P<each>pl\.col\((?P<columns>[^)]*)\)\S*?) / "
    r"pl\.sum_horizontal\((?P=each)\)\)\.round\(12\)\)"
)
"""The same of columns each divided by their sum."""

_SIGNS = re.compile(
    r'with_columns\(pl\.when\((?P<sign>pl\.col\("(?P<name>[^"]*)"\)\.str\.contains\("%"\))\)'
    r"\.then\((?P<made>.*?\.round\(12\))\)\.otherwise\((?P<plain>.*?\.cast\(float\))\)\)"
)
"""The same of a column in which only the cells with the sign are per cent."""

_REPLACED = re.compile(
    r"with_columns\(pl\.col\((?P<columns>[^)]*)\)\.cast\(str\)\.replace\((?P<to>\{.*?\})\)\)"
)
"""Columns whose values get other names."""

_LISTED = re.compile(
    r'with_columns\(pl\.col\((?P<column>"[^"]*")\)\.(?:list|arr)\.to_struct\(fields='
    r"(?P<names>\[.*?\])\)\)\.unnest\((?P=column)\)"
)
"""A column of lists, as a column for each place."""

_LARGEST = re.compile(
    r"with_columns\(pl\.concat_list\((?P<made>.*?)\)\.list\.arg_max\(\)\.replace_strict\("
    r'(?P<to>dict\(enumerate\(.*?\)\))\)\.alias\("prediction"\)\)\.select\(pl\.exclude\((?P<columns>[^)]*)\)\)'
)
"""The place of the largest of several columns, as a class in place of all."""


def in_pandas(message: str, frames: Collection[str]) -> str:
    """The message with pandas for polars, where it is about one of the ``frames``."""
    called = next((name for name in frames if message.startswith(f"{name}: ")), None)
    if called is None:
        return message
    message = message.replace(f"{called}.with_columns(", "with_columns(")
    message = _SIGNS.sub(lambda m: _signed(called, m), message)
    message = _REPLACED.sub(
        lambda m: f"{called}.assign(**{called}[[{m['columns']}]].astype(str).replace({m['to']}))",
        message,
    )
    message = _LARGEST.sub(lambda m: _answered(called, m), message)
    message = _LISTED.sub(lambda m: _spread(called, m), message)
    message = _SHARES.sub(lambda m: _shares(called, m), message)
    return _MADE.sub(lambda m: _assigned(called, m), message)


def _shares(called: str, found: re.Match[str]) -> str:
    names = found["columns"]
    some = f"{called}.filter(regex={names})" if names.startswith('"^') else f"{called}[[{names}]]"
    each = f"{some}.astype(float)"
    return f"{called}.assign(**{each}.div({each}.sum(axis=1), axis=0))"


def _spread(called: str, found: re.Match[str]) -> str:
    lists = f"{called}[{found['column']}].tolist()"
    return (
        f"{called}.join(pandas.DataFrame({lists}, index={called}.index, columns={found['names']}))"
    )


def _answered(called: str, found: re.Match[str]) -> str:
    place = f"{called}[[{found['columns']}]].astype(float).to_numpy().argmax(axis=1)"
    made = f"prediction=pandas.Series({place}, index={called}.index).map({found['to']})"
    return f"{called}.assign({made}).drop(columns=[{found['columns']}])"


def _signed(called: str, found: re.Match[str]) -> str:
    sign, made, plain = (_typed(called, found[part]) for part in ("sign", "made", "plain"))
    return f"{called}.assign({_argument(found['name'], f'{made}.where({sign}, {plain})')})"


def _assigned(called: str, found: re.Match[str]) -> str:
    if found["name"] is not None:
        return f"{called}.assign({_argument(found['name'], _typed(called, found['named']))})"
    made, names = _typed(called, found["alone"]), found["columns"].strip('"').split('", "')
    if len(names) > 1:
        return f"{called}.assign(**{made})"
    return f"{called}.assign({_argument(names[0], made)})"


def _argument(name: str, made: str) -> str:
    return f"{name}={made}" if name.isidentifier() else f"**{{{name!r}: {made}}}"


def _typed(called: str, made: str) -> str:
    """An expression of polars as one of pandas."""
    made = made.replace(".cast(", ".astype(").replace(".str.strip_chars()", ".str.strip()")
    made = re.sub(r'pl\.col\(("[^"]*")\)', rf"{called}[\1]", made)
    made = re.sub(r'pl\.col\(("[^)]*")\)', rf"{called}[[\1]]", made)
    return re.sub(r"\((-?[^()]*\.astype\(float\))\)\.exp\(\)", r"numpy.exp(\1)", made)
