"""The paper's numbers, as they stand beside a study's file in ``NAME.published.md``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import NamedTuple


class PublishedTable(NamedTuple):
    """The first cell of its head, the others, and its cells by the first one of their row and the
    head of their column, without emphasis."""

    corner: str
    head: tuple[str, ...]
    rows: dict[str, dict[str, str]]


def published_beside(study_file: Path) -> str:
    """The whole text; empty where there is none."""
    beside = study_file.with_suffix(".published.md")
    return beside.read_text(encoding="utf-8") if beside.is_file() else ""


def published_tables(study_file: Path) -> list[PublishedTable]:
    """Its tables in their order, none where nothing is published. ``ValueError`` for a row that has
    more or fewer cells than its head, or the name of another: nothing would find the second."""
    lines = published_beside(study_file).splitlines()
    runs = groupby(lines, key=lambda line: line.startswith("|"))
    return [_table([_cells(line) for line in run]) for inside, run in runs if inside]


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("**", "") for cell in line.strip().strip("|").split("|")]


def _table(lines: list[list[str]]) -> PublishedTable:
    (corner, *head), _, *rows = lines
    found: dict[str, dict[str, str]] = {}
    for name, *cells in rows:
        if name in found or len(cells) != len(head):
            why = "comes twice" if name in found else f"has {len(cells)} cells for {len(head)}"
            raise ValueError(f"row {name!r} of a published table {why}")
        found[name] = dict(zip(head, cells, strict=True))
    return PublishedTable(corner, tuple(head), found)
