"""What differs between two descriptions of a population, by the names that a person gave:
``recipe.epochs: 24 there, 30 wanted``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

MOST = 5
"""How many differences are told; more would not be read."""

LONGEST = 120
"""Letters of a value that are shown."""

MISSING = object()
DESCRIPTION = re.compile(r"\w+\(.*\)", re.DOTALL)
"""A ``repr``, which is shown without quotes."""


def what_differs(there: dict[str, Any], wanted: dict[str, Any]) -> str:
    """All differences in one line, the first ones in full; empty where there is none."""
    found = [
        f"{path}: {_shown(old)} there, {_shown(new)} wanted"
        for name in wanted
        for path, old, new in _differences(name, there.get(name), wanted[name])
    ]
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return "; ".join(found[:MOST]) + more


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """The innermost things that differ, with their paths."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old | new:
            yield from _differences(
                f"{path}.{name}", old.get(name, MISSING), new.get(name, MISSING)
            )
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(path if len(old) == 1 else f"{path}[{index}]", before, after)
    elif (before := _call(old)) and (after := _call(new)) and before[0] == after[0]:
        yield from _differences(f"{path}.{before[0]}", before[1], after[1])
    else:
        yield path, old, new


class _Repr(str):
    """The value of an argument, as its ``repr`` has it."""


def _call(text: Any) -> tuple[str, dict[str, _Repr]] | None:
    """Name and arguments of a description's ``repr`` such as ``MLP(hidden=(8,))``; None for what is
    not one."""
    if not isinstance(text, str) or len(text) > 10_000:
        return None
    try:
        node = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.args:
        return None
    return node.func.id, {k.arg or "**": _Repr(ast.unparse(k.value)) for k in node.keywords}


def _shown(value: Any) -> str:
    if value is MISSING or value is None or value == []:
        return "none"
    if isinstance(value, list):
        text = ", ".join(map(_shown, value))
    elif isinstance(value, _Repr) or (isinstance(value, str) and DESCRIPTION.fullmatch(value)):
        text = str(value)
    else:
        text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"
