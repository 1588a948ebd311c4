"""``timings.json``: seconds per member, on two clocks. A log, so it has no digest, and losing it is
no harm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from undertow.errors import UserError
from undertow.records.folder import TIMINGS
from undertow.records.opening import read_file

Clock = Literal["members", "processor"]
"""Names in the file: wall-clock of each member, and what its process worked, summed over threads.
Other work on the machine lengthens the first alone."""


def timings_bytes(found: Mapping[Clock, Mapping[str, float]]) -> bytes:
    """The file of both clocks; the processor's is left out where no member has it."""
    kept = {clock: by_id for clock, by_id in found.items() if by_id or clock == "members"}
    return (json.dumps(kept, indent=1) + "\n").encode()


def read_seconds(folder: Path, clock: Clock = "members") -> dict[str, float]:
    """By member id; empty where there is none or it cannot be read."""
    try:
        return dict(json.loads(read_file(folder / TIMINGS))[clock])
    except (OSError, UserError, ValueError, KeyError, TypeError):
        return {}
