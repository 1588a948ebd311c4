"""``SOURCE_DATE_EPOCH``, the time that a report is said to be made at, where somebody gives one."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta

from undertow.errors import UserError

VARIABLE = "SOURCE_DATE_EPOCH"
LATEST = 253_402_300_799
"""The last second of the year 9999, after which Python counts no further."""
_SHOWN = 40


def source_date() -> datetime | None:
    """The time in UTC; ``None`` where the variable is not set, or empty. Raises ``UserError`` for
    what is no such time."""
    said = os.environ.get(VARIABLE, "")
    if not said:
        return None
    # The length comes first: Python makes no number of thousands of digits.
    if re.fullmatch("[0-9]{1,12}", said) is None or int(said) > LATEST:
        shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
        raise UserError(
            f"{VARIABLE}={shown}: is not a time in whole seconds since 1970, from 0 to {LATEST} "
            f"(the end of the year 9999); set it to one, as in {VARIABLE}=1700000000, or take it "
            f"away with unset {VARIABLE}"
        )
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(said))


def check_source_date() -> None:
    """``UserError`` for a wrong one; an empty one is taken away. Libraries read the variable while
    they are loaded, and fail on both."""
    if source_date() is None:
        os.environ.pop(VARIABLE, None)
