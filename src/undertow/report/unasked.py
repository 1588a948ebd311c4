"""Which columns were not looked at, and what to type to look at them."""

from __future__ import annotations

import shlex

from undertow.audit.result import Audit
from undertow.report.wording import line, plural

NAMED = 4
"""Columns that are named; of more there is a number."""
BENEATH = "to look beneath the whole"


def not_looked_at(audit: Audit) -> str:
    """A sentence on columns of the examples that were not asked for beside those that were; empty
    where there is none."""
    found = audit.not_looked_at
    if not found or not audit.settings.by:
        return ""
    named = [f"{line(u.column, 200)} ({plural(u.values, 'value')})" for u in found[:NAMED]]
    left = len(found) - len(named)
    more = f" and {plural(left, 'more column')}" if left else ""
    return f"Not looked at: {', '.join(named)}{more}; add --by {_typed(audit)} {BENEATH}."


def none_asked_for(audit: Audit) -> str:
    """What is said where no slice was asked for."""
    return f"No slice was asked for: add --by {_typed(audit) or 'COLUMN'} {BENEATH}"


def _typed(audit: Audit) -> str:
    return " ".join(shlex.quote(line(u.column, 200)) for u in audit.not_looked_at[:NAMED])
