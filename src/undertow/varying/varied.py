"""What was found of a model that was asked in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from undertow.audit.result import Audit
from undertow.varying.decided import Decided
from undertow.varying.differences import Difference

if TYPE_CHECKING:
    from undertow.lab.ways.run import AllWays


@dataclass(frozen=True, eq=False)
class Varied:
    """``ways`` are the model's answers, ``again`` is how far the same asked again is from the
    reference, ``differences`` the same of each other way, in their order. ``audit`` is of the ways
    that have an answer to every example against the reference; None of numbers, and where there is
    no such way."""

    model: str
    ids: Sequence[str]
    decided: Decided
    ways: AllWays
    repeats: bool
    again: Difference
    differences: tuple[Difference, ...]
    audit: Audit | None
    folder: Path

    @property
    def flips(self) -> int:
        """The most examples that flip in one way, the same asked again among them."""
        return max(each.flips for each in (self.again, *self.differences))

    def __str__(self) -> str:
        from undertow.varying.said import said

        return said(self)
