"""What to type to write the rows of one JSON object as lines, with a column for each class and for
an answer."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from undertow.records.formats.decoding.new_files import (
    MOST_TYPED,
    python_text,
    so_with,
    written_for,
)
from undertow.records.usual_names import ANSWER, BY_CLASS, LABEL, PREDICTION, those_called

ANSWERS = (*PREDICTION, *LABEL)
ROWS, GZ = "-rows.jsonl", ".gz"
Row = dict[str, Any]


def rows_typed(made: str, flags: Sequence[str], paths: Sequence[Path]) -> str:
    """What to type for all of these files, or only for the first where that would be too long."""
    to = written_for(paths, ROWS)
    every = _typed(made, flags, to)
    if len(every) <= MOST_TYPED or len(to) == 1:
        return every
    first = next(iter(to))
    return f"{_typed(made, flags, {first: to[first]})}{so_with(len(to) - 1)}"


def _typed(made: str, flags: Sequence[str], to: Mapping[Path, Path]) -> str:
    written = f'write_text("\\n".join(map(json.dumps, {made})))'
    if len(to) == 1:
        ((path, new),) = to.items()
        imports = "gzip, json" if path.suffix == GZ else "json"
        held = python_text(str(path))
        # Of bytes json tells itself which mark of an encoding they begin with.
        read = _bytes_of(held)
        read = f"gzip.decompress({read})" if path.suffix == GZ else read
        code = (
            f"import {imports}, pathlib; d = json.loads({read}); "
            f"pathlib.Path({python_text(str(new))}).{written}"
        )
        given = [shlex.quote(str(new)), *flags]
        return f"python -c {shlex.quote(code)}, and give {' '.join(given)}"
    pairs = ", ".join(f"({python_text(str(a))}, {python_text(str(b))})" for a, b in to.items())
    packed = any(path.suffix == GZ for path in to)
    read = f'(gzip.decompress if a.endswith("{GZ}") else bytes)({_bytes_of("a")})'
    code = (
        f"import {'gzip, json' if packed else 'json'}, pathlib; "
        f"[pathlib.Path(b).{written} for a, b in [{pairs}] "
        f"for d in [json.loads({read if packed else _bytes_of('a')})]]"
    )
    given = [f"{shlex.quote(str(new))} for {shlex.quote(str(path))}" for path, new in to.items()]
    more = f", and add {' '.join(flags)}" if flags else ""
    return f"python -c {shlex.quote(code)}, and give {', '.join(given)}{more}"


def _bytes_of(path: str) -> str:
    return f"pathlib.Path({path}).read_bytes()"


def flat(rows: Sequence[Row], made: str) -> tuple[Row, str]:
    """The first row, and all, with a column for each class, and for an answer, where these are
    nested; a row may lack them."""
    row = rows[0]
    names = those_called(BY_CLASS, row)
    name = next((k for k in names if _in_each(rows, k, _are_probabilities)), None)
    if name is not None:
        rest = {key: value for key, value in row.items() if key != name}
        typed = f'{{"p_" + c: p for c, p in {_popped(rows, name, "{}")}.items()}}'
        row = {**{f"p_{c}": p for c, p in row[name].items()}, **rest}
        return row, f"[{{**{typed}, **r}} for r in {made}]"
    name = next((k for k in names if _in_each(rows, k, _pair_of)), None)
    if name is not None:
        label, number = _pair_of(row[name])
        rest = {key: value for key, value in row.items() if key != name}
        typed = f'{{"p_" + c["{label}"]: c["{number}"] for c in {_popped(rows, name, "[]")}}}'
        row = {**{f"p_{each[label]}": each[number] for each in row[name]}, **rest}
        return row, f"[{{**{typed}, **r}} for r in {made}]"
    for outer in those_called((*PREDICTION, *ANSWER), row):
        inner = those_called(ANSWERS, row[outer]) if isinstance(row[outer], dict) else []
        plain = inner and not isinstance(row[outer][inner[0]], dict | list)
        if plain and _in_each(rows, outer, lambda value: isinstance(value, dict)):
            typed = _field(rows, outer, inner[0])
            row = {**row, "prediction": row[outer][inner[0]]}
            return row, f'[{{**r, "prediction": {typed}}} for r in {made}]'
    return row, made


def _in_each(rows: Sequence[Row], name: str, fits: Callable[[Any], object]) -> bool:
    """Whether the value of each row that has one fits as that of the first does."""
    first, values = fits(rows[0][name]), (row.get(name) for row in rows)
    return bool(first) and all(fits(v) == first for v in values if v is not None)


def _popped(rows: Sequence[Row], name: str, none: str) -> str:
    key = python_text(name)
    if all(row.get(name) is not None for row in rows):
        return f"r.pop({key})"
    return f"(r.pop({key}, None) or {none})"


def _field(rows: Sequence[Row], outer: str, inner: str) -> str:
    """What to type for a value within another."""
    within, field = python_text(outer), python_text(inner)
    if all(isinstance(row.get(outer), dict) and inner in row[outer] for row in rows):
        return f"r[{within}][{field}]"
    return f"(r.get({within}) or {{}}).get({field})"


def _pair_of(value: Any) -> list[str]:
    """What objects in a list, one for each class, call the class and its probability."""
    if not isinstance(value, list) or len(value) < 2 or not isinstance(value[0], dict):
        return []
    texts = [k for k, v in value[0].items() if isinstance(v, str)]
    numbers = [k for k, v in value[0].items() if isinstance(v, float | int) and 0 <= v <= 1]
    alike = all(isinstance(each, dict) and each.keys() == value[0].keys() for each in value)
    plain = all(name.isidentifier() for name in (*texts, *numbers))
    return [*texts, *numbers] if alike and plain and len(texts) == len(numbers) == 1 else []


def _are_probabilities(value: Any) -> bool:
    numbers = list(value.values()) if isinstance(value, dict) else []
    return len(numbers) > 1 and all(isinstance(p, float | int) and 0 <= p <= 1 for p in numbers)
