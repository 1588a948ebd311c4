"""``timings.json``: wall-clock seconds per member. A log, so it has no digest, and losing it is no
harm."""

from __future__ import annotations

import json
from pathlib import Path

from undertow.errors import UserError
from undertow.records.folder import TIMINGS
from undertow.records.opening import read_file


def read_seconds(folder: Path) -> dict[str, float]:
    """By member id; empty where there is none or it cannot be read."""
    try:
        return dict(json.loads(read_file(folder / TIMINGS))["members"])
    except (OSError, UserError, ValueError, KeyError, TypeError):
        return {}
