"""Writes an audit folder: the page, the numbers behind it, and a summary to paste."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl

from undertow.audit.result import EXEMPLAR_COLUMNS, FINDING_COLUMNS, Audit
from undertow.errors import UserError
from undertow.report.html import render_html
from undertow.report.serial import report_json
from undertow.report.text import summary_markdown

PAGE = "report.html"


def write_report(audit: Audit, folder: Path) -> Path:
    """Writes ``report.html``, ``report.json``, ``summary.md``, ``findings.parquet`` and ``exemplars.parquet``.

    Returns the path of the page. Everything is made before anything is written, and each file is written under a
    temporary name and renamed, so that a reader never meets half a file. The same audit gives the same bytes.
    Raises ``UserError`` where the folder cannot be written.
    """
    made: dict[str, Callable[[], bytes]] = {
        "findings.parquet": lambda: _parquet(audit.findings, FINDING_COLUMNS),
        "exemplars.parquet": lambda: _parquet(audit.exemplars, EXEMPLAR_COLUMNS),
        "report.json": lambda: report_json(audit).encode("ascii"),
        "summary.md": lambda: summary_markdown(audit).encode("utf-8"),
        PAGE: lambda: render_html(audit).encode("utf-8"),
    }
    contents = {name: make() for name, make in made.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            _replace(folder / name, content)
    except OSError as problem:
        raise UserError(
            f"{folder}: the report cannot be written here ({problem.strerror}). Give another --out."
        ) from problem
    return folder / PAGE


def _replace(path: Path, content: bytes) -> None:
    """All of the file or none of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _parquet(table: pl.DataFrame, columns: dict[str, type[pl.DataType]]) -> bytes:
    """The published columns in their published order and types."""
    stream = io.BytesIO()
    table.select([pl.col(name).cast(kind) for name, kind in columns.items()]).write_parquet(stream)
    return stream.getvalue()
