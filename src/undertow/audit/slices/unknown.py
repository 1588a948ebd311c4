"""What to say of a slice that does not exist: the name that was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

CROSS = "+"
"""Stands between the columns of a crossing: ``age+region``."""
BETWEEN = re.compile(r"\s+(?:x|by|and)\s+|\s*[*×&/:|]\s*", flags=re.IGNORECASE)
"""What people write between two columns that they want crossed."""
ALONE = ("x", "by", "and", "*", "×", "&", "/", ":", "|")
"""The same where the shell made a name of its own of it: ``--by age x region``."""


def unknown_slice(name: str, known: Sequence[str], among: Sequence[str] = ()) -> str:
    """What was probably meant, and what there is; ``among`` are all names that were asked for."""
    crossed = _crossing(name, known, among)
    close = difflib.get_close_matches(name, known, n=1)
    meant = crossed or (close[0] if close else "")
    said = f"did you mean '{meant}'? " if meant else ""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) > 1 and set(parts) <= set(known):
        said = f"write --by {' '.join(parts)}; "
    listed = (
        f"it can be sliced by {', '.join(known)}"
        if known
        else "its examples have no labels and no further columns"
    )
    return f"{said}{listed}"


def _crossing(name: str, known: Sequence[str], among: Sequence[str]) -> str:
    """The crossing that was meant: ``age+region`` of ``age x region`` or ``age*region``."""
    parts = [part.strip() for part in BETWEEN.split(name)]
    at = among.index(name) if name.lower() in ALONE and name in among else 0
    if at:
        parts = [*among[at - 1 : at], *among[at + 1 : at + 2]]
    return CROSS.join(parts) if len(parts) > 1 and set(parts) <= set(known) else ""
