"""``During``: an intervention in one phase of a training that has several."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.lab.interventions.site import Intervention


@dataclass(frozen=True)
class During(Intervention):
    """``intervention`` acts in the phase ``phase`` alone: ``During("pretrain",
    MagnitudePruning(0.9))``. Its site is that of the intervention in that phase. A later phase that
    trains the same layers changes what it left, so removed weights grow again there. Raises
    ``ValueError`` for one that does not act in a training."""

    phase: str
    intervention: Intervention

    def __post_init__(self) -> None:
        inner = self.intervention
        if inner.derives or inner.site == "arithmetic" or inner.teaches:
            raise ValueError(
                f"During({self.phase!r}, {inner!r}): this does not act in one phase of a training; "
                "put it beside"
            )

    @property
    def site(self) -> str:  # type: ignore[override]
        """``weights in pretrain``."""
        return f"{self.intervention.site} in {self.phase}"

    @property
    def by_itself(self) -> str:  # type: ignore[override]
        """As the intervention's."""
        return self.intervention.by_itself
