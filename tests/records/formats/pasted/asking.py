"""Asks a gate of two tables, and types what it says to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

import suggested
from records.formats.pasted.tables import (
    Rows,
    World,
    world,
)
from undertow.audit.gate.policy import Policy
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.files import Request, gate_files
from undertow.records.reading import Reading

FLAGS = r"((?:--[a-z]+ (?:'[^']*'|[^\s,;:]+(?:,[^\s,;:]+)*) ?)+)"


def reading(flags: str) -> Reading:
    words = shlex.split(flags)
    return Reading(**dict(zip((w[2:] for w in words[::2]), words[1::2], strict=True)))  # type: ignore[arg-type]


def pasted(said: str, flags: str, files: list[str]) -> tuple[str, list[str]]:
    """The flags and files after what was ``said`` is done."""
    for command in re.findall(r"python -c '[^']*'", said):
        suggested.do(command)
        to = re.search(r'\.write_csv\("([^"]+)"', command)
        assert to is not None
        files = [to[1] if to[1].startswith(Path(f).stem + "-") else f for f in files]
    named = re.search(rf"name its columns with {FLAGS}", said)
    if named is not None:
        return named[1].strip(), files
    if "give --score correct" in said:
        flags = " ".join(part for part in (flags, "--score correct"))
    return flags, files


def write(made: Callable[[World], Rows]) -> list[str]:
    """The tables of a model and of a worse one."""
    for name, worse in (("old.csv", False), ("new.csv", True)):
        pl.DataFrame({k: list(v) for k, v in made(world(worse=worse)).items()}).write_csv(name)
    return ["old.csv", "new.csv"]


def asked(policy: Policy, **given: Any) -> str:
    """What a gate of the two tables says: its verdict, or what it refuses."""
    by, format = given.pop("by", ()), given.pop("format", None)
    request = Request([Path("old.csv")], [[Path("new.csv")]], Reading(**given), format)
    request = replace(request, settings=Settings(by=by))
    try:
        return gate_files(request, policy).verdict
    except UserError as error:
        return str(error)


def moved_once(column: str) -> None:
    """The new table is the old one, but for one gain and one loss."""
    old = pl.read_csv("old.csv")
    values = old[column].to_list()
    other = next(k for k, value in enumerate(values) if value != values[0])
    values[0], values[other] = values[other], values[0]
    old.with_columns(pl.Series(column, values)).write_csv("new.csv")
