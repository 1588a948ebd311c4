"""Decides what becomes of data that do not fit: they are refused, or left out and counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from undertow.errors import TableError
from undertow.records.reading import Missing


@dataclass
class Exclusions:
    """Notes what is left out, or refuses it where partial data are not allowed."""

    allowed: bool
    notes: list[str] = field(default_factory=list)
    missing: Missing = "refuse"
    """With ``wrong`` an empty prediction is no reason to leave an example out. Nor does it refuse
    the file: that is for the comparison, which knows what both sides lack."""

    def leave_out(self, what: str, fix: str, them: str = "them") -> None:
        """Raises ``TableError`` or adds a note. ``what`` is a sentence without its full stop,
        ``them`` what is left out of it."""
        if not self.allowed:
            raise TableError(f"{what}; {fix}, or leave {them} out with --allow-partial")
        self.notes.append(f"left out: {what}")
