"""Several values after one flag, for a parser that takes one at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from undertow.errors import UserError

SPREAD = ("--by", "--cross", "--tasks", "--accept", "--name")
"""Options that take several values after one flag: ``--by age gender``."""
GROUPED = ("--against",)
"""Options of which also matters what stood after one flag: ``--against a1.csv a2.csv --against
b.csv``."""
TOGETHER = "\0"
"""Between values of one flag: no path, and no argument, holds a NUL."""


def spread_out(arguments: Sequence[str], alone: frozenset[str]) -> list[str]:
    """``--by x y``, and ``--by=x y``, become ``--by x --by y``, as click gives an option one value
    at a time. What stands after one ``--against`` stays together as one value (``groups``).

    Raises ``UserError`` for an argument of no option after ``--against``: it would silently become
    part of the reference. ``alone`` are the options that take no value.
    """
    rest, done, against = deque(arguments), list[str](), False
    while rest:
        argument = rest.popleft()
        name, equals, value = argument.partition("=")
        if name in (*SPREAD, *GROUPED):
            values = _values(name, [value] if equals else [], rest)
            done += (
                [name, TOGETHER.join(values)]
                if name in GROUPED
                else [a for v in values for a in (name, v)]
            )
            against = against or name in GROUPED
        elif argument.startswith("-") and argument not in ("-", "--"):
            done.append(argument)
            if not equals and name not in alone and rest:
                done.append(rest.popleft())
        elif against:
            raise UserError(_misplaced(argument if argument != "--" else " ".join(rest)))
        else:
            done.append(argument)
    return done


def _values(name: str, values: list[str], rest: deque[str]) -> list[str]:
    """What stands after one flag, taken from ``rest``."""
    while rest and not rest[0].startswith("-"):
        values.append(rest.popleft())
    if not any(values):
        raise UserError(f"{name}: a value is missing; write at least one after it, or leave it out")
    return values


def _misplaced(argument: str) -> str:
    return (
        f"{argument}: stands after --against but belongs to no option, so it is not clear whether "
        "it is reference or variant; write all files of the reference first, and all files of a "
        "variant right after its --against: REFERENCE … --against VARIANT … [OPTIONS]"
    )


def groups(given: Sequence[str]) -> list[list[Path]]:
    """The paths after each flag."""
    return [[Path(path) for path in together.split(TOGETHER)] for together in given]
