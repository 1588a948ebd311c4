"""How an audit decides, and to what its verdict generalises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from undertow.errors import UserError

Scope = Literal["examples", "members", "both"]
"""To what a verdict generalises: ``examples`` (these trained models, on new examples), ``members``
(new members of these recipes, on these examples), ``both`` (new members on new examples)."""
Asked = Literal["auto", "examples", "members", "both"]
"""The same as a person asks for it."""
SCOPES: tuple[Scope, ...] = ("examples", "members", "both")


FRACTION = 0.5
"""Points below which a tolerance may have been meant as a fraction."""


@dataclass(frozen=True)
class Settings:
    """How an audit decides.

    ``by``: the slices. ``level``: of every test, over all slices of a measure together. ``fdr``:
    among confirmed exemplars. ``tolerance``: the change of a slice, as a fraction, that is too
    small to matter to you; ``tolerance_overall``: the same of the whole. ``min_count``: examples
    that a crossing's cell needs to be a slice, and any slice to be the worst. ``gallery``:
    exemplars shown of each variant. ``generalise_to``: what the verdict is about (``Scope``);
    ``auto`` takes ``several`` where both sides have several members, else examples.
    """

    by: tuple[str, ...] = ()
    level: float = 0.05
    fdr: float = 0.05
    draws: int = 2000
    seed: int = 0
    tolerance: float = 0.05
    tolerance_overall: float = 0.01
    min_count: int = 20
    gallery: int = 24
    generalise_to: Asked = "auto"
    members_apart: bool = False
    """Members are known to be trained apart: none is taken for a repeat run of another
    (``audit.copies``)."""
    several: Scope = "members"
    """What ``auto`` takes where both sides have several members."""
    cross: tuple[str, ...] = ()
    """Columns of numbers in which exemplars are set against controls (``crossed``)."""

    def __post_init__(self) -> None:
        for name in ("level", "fdr", "tolerance", "tolerance_overall"):
            value = getattr(self, name)
            if not 0 < value < 1:
                raise UserError(
                    f"{name} is {value:g}: it must lie between 0 and 1 (0 and 100 points)"
                )
        if self.draws < 100:
            raise UserError(
                f"draws is {self.draws}: fewer than 100 rearrangements say too little, "
                "give at least 100"
            )
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}: give 0 or a larger whole number")
        if self.min_count < 1:
            raise UserError(f"min_count is {self.min_count}: a crossing has at least 1 example")
        if self.generalise_to not in ("auto", *SCOPES):
            raise UserError(
                f"--generalise-to {self.generalise_to}: choose auto, {', '.join(SCOPES)}"
            )


def small_tolerances(settings: Settings) -> Iterator[str]:
    """A sentence for each tolerance that is so few points that a fraction may have been meant."""
    for name, share in (
        ("tolerance", settings.tolerance),
        ("tolerance of the whole", settings.tolerance_overall),
    ):
        points = round(100 * share, 12)
        if points < FRACTION:
            yield (
                f"the {name} is {points:g} percentage points; where {100 * points:g} are meant, "
                f"write {100 * points:g}"
            )
