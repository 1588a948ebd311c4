"""The audit of all ways against the reference, and its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from undertow.audit.headline import with_notices
from undertow.audit.notices import runs_alike
from undertow.audit.result import Audit
from undertow.audit.settings import Settings
from undertow.audit.verdicts import PRIORITY
from undertow.files import Request, audit_sides, read_sides
from undertow.records.records import Records
from undertow.report.provenance import Sources
from undertow.report.write import write_report


def audit_ways(
    folders: Sequence[Path], by: Sequence[str], out: Path, command: str, said: str, again: str
) -> Audit | None:
    """Of the folders' populations, the first of them the reference; writes the report into ``out``.
    None where there is nothing to compare. ``said`` is what was found of the ways, with which the
    report begins, ``again`` what the same asked again gave."""
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
        found = _of_ways(audit_sides(request, sides), sides.reference, said, again)
    write_report(found, out, provenance=sources.provenance())
    return found


def _of_ways(found: Audit, reference: Records, said: str, again: str) -> Audit:
    """The audit in words on ways of asking one model. The reference's second run is the same asked
    again, so the doubt that it may be a copy says nothing here."""
    doubt = set(runs_alike(reference))
    notices = (
        *([again] if again else []), *(each for each in found.notices if each not in doubt)
    )  # fmt: skip
    costliest = min(found.variants, key=lambda way: PRIORITY.index(way.verdict))
    told = f"{said} The way that costs most, on examples like these: {costliest.headline}"
    return replace(found, notices=notices, headline=with_notices(told, notices))
