"""Writes an audit folder: the page, the numbers behind it, a summary to paste, and a gate's test
results."""

from __future__ import annotations

import io
import os
from collections.abc import Collection
from functools import partial
from pathlib import Path

import polars as pl

from undertow.audit.findings import FINDING_COLUMNS
from undertow.audit.gate.result import GateResult, Inconclusive
from undertow.audit.result import EXEMPLAR_COLUMNS, Audit
from undertow.errors import UserError
from undertow.report.flips import FLIP_COLUMNS, flips
from undertow.report.html import render_html
from undertow.report.junit import junit_xml
from undertow.report.markdown import summary_markdown
from undertow.report.provenance import Provenance
from undertow.report.publish import publish, try_writing
from undertow.report.serial import report_json

PAGE = "report.html"
AUDIT_FILES = (
    PAGE,
    "report.json",
    "summary.md",
    "findings.parquet",
    "exemplars.parquet",
    "flips.parquet",
)
"""What the report of an audit is made of."""
GATE_FILES = (*AUDIT_FILES, "junit.xml")
NOT_ALWAYS = {
    "findings.parquet": b"PAR1",
    "exemplars.parquet": b"PAR1",
    "flips.parquet": b"PAR1",
    "junit.xml": b'<testsuites name="undertow"',
}
"""Removed where a report of ours was here before and this one has none, with bytes that ours begin
with: an old verdict must not stand beside a new, and other tools write a ``junit.xml`` too."""


def write_report(
    audit: Audit | None,
    folder: Path,
    gate: GateResult | None = None,
    provenance: Provenance | None = None,
    *,
    inconclusive: Inconclusive = "report",
    replace: bool = True,
) -> Path:
    """Writes ``report.html``, ``report.json``, ``summary.md``, and of an audit
    ``findings.parquet``, ``exemplars.parquet`` and ``flips.parquet``; of a gate ``junit.xml``.

    ``provenance`` is of files that were read; without, page and JSON do not say where they come
    from. ``inconclusive``: what a gate's rule that cannot tell counts as. There is no
    audit where a gate's sides could not be compared; then page, summary and ``junit.xml`` say why.
    Unless ``replace``, nothing is written where another run has written a report, however late it
    came. Returns the path of the page. Everything is made before anything is
    written, and what was here of an earlier report goes before anything new comes, so that files of
    two runs never stand together. The page comes last and is missing where a run was killed. The
    same audit gives the same bytes. Raises ``UserError`` where the folder cannot be written.
    """
    contents = _contents(audit, gate, provenance, inconclusive)
    refuse = None if replace else partial(refuse_taken, folder, tuple(contents)[::-1])
    try:
        publish(contents, folder, NOT_ALWAYS, refuse=refuse)
    except OSError as problem:
        raise unwritable(folder, problem) from problem
    return folder / PAGE


def unwritable(folder: Path, problem: OSError, what: str = "report") -> UserError:
    """The error where a report, or ``what`` else there is, cannot be written to a folder."""
    return UserError(
        f"{folder}: the {what} cannot be written here ({problem.strerror}). Give another --out."
    )


def refuse_unwritable(folder: Path, what: str = "report") -> None:
    """``UserError`` where a report, or ``what`` else, could not be written: asked before work that
    takes minutes."""
    try:
        try_writing(folder)
    except OSError as problem:
        raise unwritable(folder, problem, what) from problem


def refuse_taken(folder: Path, files: Collection[str], what: str = "report") -> None:
    """``UserError`` where a folder holds any of these files of a report, or of ``what`` else."""
    taken = [name for name in files if os.path.lexists(folder / name)]
    if not taken:
        return
    more = len(taken) - 1
    rest = f" and {more} more file{'s' if more > 1 else ''}" if more else ""
    raise UserError(
        f"{folder}: holds {taken[0]}{rest}, which the new {what} would replace; give another name "
        f"after --out, or replace {'them' if more else 'it'} with --force"
    )


def _contents(
    audit: Audit | None,
    gate: GateResult | None,
    provenance: Provenance | None,
    inconclusive: Inconclusive,
) -> dict[str, bytes]:
    """What goes into each file; the page comes last, so that it is there only with all it names."""
    made: dict[str, bytes] = {}
    if audit is not None:
        made["findings.parquet"] = _parquet(audit.findings, FINDING_COLUMNS)
        made["exemplars.parquet"] = _parquet(audit.exemplars, EXEMPLAR_COLUMNS)
        made["flips.parquet"] = _parquet(flips(audit), FLIP_COLUMNS)
    if gate is not None:
        made["junit.xml"] = junit_xml(gate, inconclusive)
    made["report.json"] = report_json(audit, gate, provenance).encode("ascii")
    made["summary.md"] = summary_markdown(audit, gate, inconclusive).encode("utf-8")
    made[PAGE] = render_html(audit, gate, provenance, inconclusive).encode("utf-8")
    return made


def _parquet(table: pl.DataFrame, columns: dict[str, type[pl.DataType]]) -> bytes:
    """The published columns in their published order and types."""
    stream = io.BytesIO()
    table.select([pl.col(name).cast(kind) for name, kind in columns.items()]).write_parquet(stream)
    return stream.getvalue()
