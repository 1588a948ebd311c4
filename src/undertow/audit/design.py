"""What a comparison's design can decide, and to what a verdict generalises, said before any p
value.

A release asks about *these models* on new examples, a paper about *this recipe* on new members, and
often both are meant. Each question has its own random part, hence its own test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from undertow.audit.settings import Scope, Settings
from undertow.audit.stats.arrangements import Arrangements, exchange, smallest_p, swaps

Mode = Literal["members", "examples"]

CLUSTERS = "clusters of examples"
"""Stands in a design's sentences where those are the units of the test."""
ABOUT: dict[Scope, str] = {
    "examples": "these trained models, on new examples like these",
    "members": "new members of these recipes, on these examples",
    "both": "new members of these recipes, on new examples like these",
}
"""Whom and what a verdict is about, by scope."""


def scope_of(settings: Settings, models_reference: int, models_variant: int) -> Scope:
    """What was asked for; by itself, members only where both sides have several models."""
    if settings.generalise_to != "auto":
        return settings.generalise_to
    return settings.several if min(models_reference, models_variant) > 1 else "examples"


@dataclass(frozen=True)
class Design:
    """Members of both sides that are compared (in the scope ``examples``: runs that are averaged).

    ``clusters`` says what makes examples depend on each other, ``None`` where nothing does.
    ``binary``: right or wrong. ``scored``: there is an outcome to compare.
    """

    members_reference: int
    members_variant: int
    paired: bool
    level: float
    scope: Scope = "members"
    clusters: str | None = None
    binary: bool = True
    scored: bool = True

    @property
    def mode(self) -> Mode:
        """Which findings there are: of exchanged members, or of two (averages of) models over
        examples."""
        return "examples" if self.scope == "examples" else "members"

    @property
    def smallest_p(self) -> float:
        """The smallest p that rearranging these members can give."""
        return smallest_p(self.members_reference, self.members_variant, paired=self.paired)

    @property
    def resolves(self) -> bool:
        """Whether rearranging members can reach the level, however large the difference."""
        return self.mode == "examples" or (self.tells and self.smallest_p <= self.level)

    @property
    def tells(self) -> bool:
        """Whether anything shows how much members of a recipe differ: one reference member, or one
        pair, does not."""
        return self.mode == "examples" or self.members_reference > 1

    @property
    def repeats(self) -> int:
        """Further runs of the reference, which give a floor where models are compared over
        examples."""
        return self.members_reference - 1 if self.mode == "examples" else 0

    def arrangements(self, draws: int, rng: np.random.Generator) -> Arrangements:
        """Exchanges of members between the populations, or swaps within pairs where members are
        paired."""
        if self.paired:
            return swaps(self.members_reference, draws, rng)
        return exchange(self.members_reference, self.members_variant, draws, rng)

    def sentences(self) -> tuple[str, ...]:
        """The design in plain words: what the verdict is about, the test, what cannot be decided
        and what would."""
        about = f"The verdict is about {ABOUT[self.scope]}."
        if self.mode == "examples":
            return (about, *self._over_examples())
        if not self.tells:
            what = "One pair of members" if self.paired else "One reference member"
            return (
                about,
                f"{what} does not show how much members of a recipe differ, so no verdict is "
                "possible. Give more, or ask about these models: --generalise-to examples.",
            )
        return (about, *(self._over_both() if self.scope == "both" else self._over_members()))

    def _over_members(self) -> tuple[str, ...]:
        sizes = f"{self.members_reference} + {self.members_variant} members"
        how = (
            "each variant member derives from a reference member, so pairs are swapped"
            if self.paired
            else "members are exchanged between the two populations"
        )
        if self.resolves:
            return (
                f"{sizes}: {how}; p values come from these rearrangements.",
                *self._lone_variant(),
            )
        return (
            f"{sizes}: {how}. These are too few members for a shift to reach "
            f"{100 * self.level:g} % by that test (the smallest possible p is "
            f"{self.smallest_p:.2g}). So shifts are tested by {self._t} t, which assumes that "
            f"members spread normally. {self._disagreements}",
            *self._lone_variant(),
        )

    @property
    def _t(self) -> str:
        return "the paired" if self.paired else "Welch's"

    @property
    def _disagreements(self) -> str:
        """Newly wrong is another thing than newly right, so the mirror image of an arrangement is
        less extreme there, and half of the smallest p can be reached."""
        but, alike = "", self.members_reference == self.members_variant
        if alike and not self.paired and self.smallest_p / 2 <= self.level:
            but = ", but for whether more of them became wrong, or right"
        return f"Disagreements cannot be told from chance{but}."

    def _over_both(self) -> tuple[str, ...]:
        pairs = f"{self.members_variant} pairs of members"
        kind = (
            pairs if self.paired else f"{self.members_reference} + {self.members_variant} members"
        )
        return (
            f"{kind} and the examples are both treated as samples: limits of shifts combine what "
            f"members and what {self._unit} vary by. Disagreements are tested by exchanging "
            "members, on these examples.",
            *self._lone_variant(),
        )

    def _lone_variant(self) -> tuple[str, ...]:
        if self.members_variant > 1:
            return ()
        return (
            "The variant has only one member; it is assumed to vary as much as the reference's.",
        )

    @property
    def _unit(self) -> str:
        return "examples" if self.clusters is None else f"{CLUSTERS} ({self.clusters})"

    def _over_examples(self) -> tuple[str, ...]:
        runs = max(self.members_reference, self.members_variant)
        if not self.scored and not self.repeats:
            test = (
                "Nothing is tested: neither right answers nor a repeat run of the reference say "
                "what a changed answer means."
            )
        elif self.clusters is not None:
            test = (
                f"The test is over {self._unit}: the models' answers are exchanged cluster by "
                "cluster. “Better” and “within tolerance” are said only if they would also hold "
                "with clusters unlike those seen."
            )
        elif runs == 1 and self.binary:
            test = "The test is over examples: exact McNemar, with Tango's score interval."
        else:
            test = "The test is over examples, by limits for the mean of bounded differences."
        said = [test]
        if runs > 1:
            sizes = f"{self.members_reference} + {self.members_variant} runs"
            said.append(f"{sizes} of the models are averaged on each example.")
        if self.repeats:
            runs_of = "2 runs" if self.repeats == 1 else f"{self.repeats + 1} runs"
            said.append(
                f"The floor is how much the {runs_of} of the reference differ among themselves."
            )
        else:
            said.append(
                "No floor: one reference run. A repeat run of the reference would give one."
            )
        return tuple(said)
