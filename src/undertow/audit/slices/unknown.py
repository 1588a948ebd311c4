"""What to say of a slice that does not exist: the name that was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from undertow.records.usual_names import plain

CROSS = "+"
"""Stands between the columns of a crossing: ``age+region``."""
BETWEEN = re.compile(r"\s+(?:x|by|and)\s+|\s*[*×&/:|]\s*", flags=re.IGNORECASE)
"""What people write between two columns that they want crossed."""
ALONE = ("x", "by", "and", "*", "×", "&", "/", ":", "|")
"""The same where the shell made a name of its own of it: ``--by age x region``."""


def unknown_slice(name: str, known: Sequence[str], among: Sequence[str] = ()) -> str:
    """What was probably meant, and what there is; ``among`` are all names that were asked for."""
    crossed = _crossing(name, known, among)
    meant = crossed or _nearest(name, known) or ""
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


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """The name nearest in spelling, else the only one that has a word in common."""
    by_name = {plain(one): one for one in reversed(known)}
    close = difflib.get_close_matches(plain(name), by_name, n=1)
    if close:
        return by_name[close[0]]
    words = {*plain(name).split("_")} - {""}
    sharing = [one for one in known if words & {*plain(one).split("_")}]
    return sharing[0] if len(sharing) == 1 else None


def _crossing(name: str, known: Sequence[str], among: Sequence[str]) -> str:
    """The crossing that was meant: ``age+region`` of ``age x region`` or ``age*region``."""
    parts = [part.strip() for part in BETWEEN.split(name)]
    at = among.index(name) if name.lower() in ALONE and name in among else 0
    if at:
        parts = [*among[at - 1 : at], *among[at + 1 : at + 2]]
    return CROSS.join(parts) if len(parts) > 1 and set(parts) <= set(known) else ""
