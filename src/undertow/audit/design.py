"""What a comparison's design can decide, said before any p value: members are the unit of replication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from undertow.audit.stats.arrangements import Arrangements, exchange, members_needed, smallest_p, swaps

Mode = Literal["members", "examples"]


@dataclass(frozen=True)
class Design:
    """``mode`` is ``members`` where members can be exchanged, ``examples`` with one member on a side."""

    members_reference: int
    members_variant: int
    paired: bool
    level: float

    @property
    def mode(self) -> Mode:
        return "members" if min(self.members_reference, self.members_variant) > 1 else "examples"

    @property
    def smallest_p(self) -> float:
        """The smallest p that rearranging these members can give."""
        return smallest_p(self.members_reference, self.members_variant, paired=self.paired)

    @property
    def resolves(self) -> bool:
        """Whether any difference, however large, can reach the level."""
        return self.mode == "examples" or self.smallest_p <= self.level

    @property
    def repeats(self) -> int:
        """Further runs of the reference, which give a floor where only one variant member exists."""
        return self.members_reference - 1 if self.mode == "examples" else 0

    def arrangements(self, draws: int, rng: np.random.Generator) -> Arrangements:
        """Exchanges of members between the populations, or swaps within pairs where members are paired."""
        if self.paired:
            return swaps(self.members_reference, draws, rng)
        return exchange(self.members_reference, self.members_variant, draws, rng)

    def sentences(self) -> tuple[str, ...]:
        """The design in plain words, with what it cannot decide and what would."""
        if self.mode == "examples":
            return self._single()
        kind = "pairs of members" if self.paired else "members a side"
        sizes = f"{self.members_reference} + {self.members_variant} members"
        how = (
            "each variant member derives from a reference member, so pairs are swapped"
            if self.paired
            else "members are exchanged between the two populations"
        )
        said = [f"{sizes}: {how}; p values come from these rearrangements."]
        if not self.resolves:
            enough = members_needed(self.level, paired=self.paired)
            have = self.members_variant if self.paired else f"{self.members_reference} + {self.members_variant}"
            said.append(
                f"{have} {kind if self.paired else 'members'} cannot reach {self.level:.0%} "
                f"(smallest possible p is {self.smallest_p:.2g}); {enough} {kind} can."
            )
        return tuple(said)

    def _single(self) -> tuple[str, ...]:
        said = [
            "One member on a side: the test is over examples (exact McNemar on the pair), so it speaks about these two "
            "trained models and not about the change as such."
        ]
        if self.members_variant > 1:
            said.append(f"Only the first of {self.members_variant} variant members is tested: the reference has one.")
        if self.repeats:
            runs = "1 repeat run" if self.repeats == 1 else f"{self.repeats} repeat runs"
            said.append(
                f"The floor comes from {runs} of the reference; each of its runs is tested and the largest p decides."
            )
        else:
            said.append("No floor: one member each side. A repeat run of the reference would give one.")
        return tuple(said)
