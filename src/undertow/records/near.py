"""What may have been meant by a path at which there is nothing."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

MOST = 10_000
"""Names of a folder that are looked at."""


def near(path: Path) -> str:
    """``did you mean 'logs/int4'?`` of what is called nearly so, or of what lies in the same folder
    and starts in the same way; the folder that is missing; else to check the name."""
    folder = path.parent
    try:
        if not folder.is_dir():
            return f"there is no folder '{folder}' either; check the name"
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MOST), strict=False)]
    except OSError:  # A name that is too long, or a folder that may not be read.
        return "check the name"
    starting = sorted(name for name in names if name.startswith(f"{path.name}."))
    close = starting[:1] or get_close_matches(path.name, names, n=1)
    return f"did you mean '{folder / close[0]}'?" if close else "check the name"
