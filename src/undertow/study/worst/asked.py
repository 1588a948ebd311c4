"""``Asked``: a study's arms by name, each asked held-out examples and test examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import inf

from undertow.study.claims import Outcome
from undertow.study.results import Results
from undertow.study.worst.arms import Arm, arm_of
from undertow.study.worst.choice import Choice, chosen
from undertow.study.worst.outcomes import above, keeps


@dataclass(frozen=True)
class Asked:
    """Populations of a study, of which ``base`` is standard distillation. One that was asked
    held-out examples has the name of the one that was tested, and ``suffix``."""

    results: Results
    base: str
    suffix: str

    def arm(self, name: str, of: str = "") -> Arm:
        """What a population got right of the test part; what derives from students of ``of``,
        member by member, has their teachers."""
        found = arm_of(self.results.of(name))
        return replace(found, teacher_M=self.arm(of).teacher_M) if of else found

    def arms(self, names: Iterable[str]) -> dict[str, Arm]:
        """Several by name."""
        return {name: self.arm(name) for name in names}

    def held_out(self, name: str) -> Arm:
        """What it got right of the held-out part."""
        return self.arm(name + self.suffix)

    def chosen(self, names: Iterable[str], slack: float = 1.0) -> Choice[str]:
        """By held-out examples, the best worst class of those as accurate as ``base`` within
        ``slack`` of its standard errors."""
        arms = {name: self.held_out(name) for name in names}
        return chosen(arms, self.held_out(self.base), slack=slack)

    def best(self, names: Iterable[str]) -> str:
        """The one with the best worst class on held-out examples, whatever its average."""
        return self.chosen(names, inf).setting

    def above(self, name: str, than: str) -> Outcome:
        """Whether an arm's worst class is above another's, on test examples."""
        return above(name, self.arm(name), than, self.arm(than))

    def best_above_rest(self, names: Iterable[str], some: Callable[[str], bool]) -> Outcome:
        """Whether the best of some arms is above the best of the others."""
        sides: tuple[list[str], list[str]] = ([], [])
        for name in names:
            sides[not some(name)].append(name)
        return self.above(self.best(sides[0]), self.best(sides[1]))

    def bears(self, name: str, change: str) -> tuple[Arm, Arm]:
        """Students after a change, whose name is theirs and ``change``, and before it."""
        return self.arm(name + change, of=name), self.arm(name)

    def bears_better(self, name: str, than: str, change: str) -> Outcome:
        """Whether students lose less of their worst class by a change than others, which have the
        same teachers."""
        return keeps(*((each, self.bears(each, change)) for each in (name, than)))
