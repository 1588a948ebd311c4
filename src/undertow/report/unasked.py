"""What was not looked at: cells that are too small, and columns, with what to type to look at
them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from undertow.audit.result import Audit
from undertow.audit.slices.own_output import says_what_a_model_made
from undertow.audit.wording import LEFT_OUT
from undertow.records.check import FOLLOWED
from undertow.report.wording import line, plural

NAMED = 4
"""Columns that are named; of more there is a number. Cells: crossings that have a sentence."""
BENEATH = "to look beneath the whole"


def not_looked_at(audit: Audit) -> str:
    """Sentences on cells that are left out, and on columns of the examples that were not asked for
    beside those that were; empty where there is neither."""
    return " ".join((*_left_out(audit), *_columns(audit)))


def _left_out(audit: Audit) -> Iterator[str]:
    """Each once, though all variants say so."""
    said = dict.fromkeys(s for v in audit.variants for s in v.design if LEFT_OUT in s)
    yield from (line(one, 400) for one in list(said)[:NAMED])


def _columns(audit: Audit) -> Iterator[str]:
    found = audit.not_looked_at
    if not found or not audit.settings.by:
        return
    named = [f"{line(u.column, 200)} ({plural(u.values, 'value')})" for u in found[:NAMED]]
    left = len(found) - len(named)
    more = f" and {plural(left, 'more column')}" if left else ""
    yield f"Not looked at: {', '.join(named)}{more}; add --by {_typed(audit)} {BENEATH}."


def none_asked_for(audit: Audit) -> str:
    """What is said where no slice was asked for."""
    said = f"No slice was asked for: add --by {_typed(audit) or 'COLUMN'} {BENEATH}"
    return said if audit.not_looked_at else f"{said}{_differing(audit)}"


def _differing(audit: Audit) -> str:
    """Columns that nobody could ask for, as the sides fill them in differently."""
    found = filter(None, map(FOLLOWED.fullmatch, audit.assumptions))
    apart = [f for f in found if not says_what_a_model_made(f["name"].strip("'\""))]
    named = [f"{line(f['name'], 200)} on {f['counts']}" for f in apart][:NAMED]
    if not named:
        return ""
    return f"; the sides differ in {', '.join(named)} (do equal ids name the same example?)"


def _typed(audit: Audit) -> str:
    return " ".join(shlex.quote(line(u.column, 200)) for u in audit.not_looked_at[:NAMED])
