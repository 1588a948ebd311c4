"""The audit of all ways against the reference, and its report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undertow.audit.result import Audit
from undertow.audit.settings import Settings
from undertow.files import Request, audit_sides, read_sides
from undertow.report.provenance import Sources
from undertow.report.write import write_report


def audit_ways(folders: Sequence[Path], by: Sequence[str], out: Path, command: str) -> Audit | None:
    """Of the folders' populations, the first of them the reference; writes the report into ``out``.
    None where there is nothing to compare."""
    if len(folders) < 2:
        return None
    request = Request(
        reference=[folders[0]],
        against=[[folder] for folder in folders[1:]],
        settings=Settings(by=tuple(by)),
        command=command,
    )
    sources = Sources(command)
    sides = read_sides(request, sources)
    with sources.showing():
        found = audit_sides(request, sides)
    write_report(found, out, provenance=sources.provenance())
    return found
