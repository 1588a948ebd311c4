"""``Asked``: a study's arms by name, each asked held-out examples and test examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import filterfalse
from math import inf

import polars as pl

from undertow.audit.stats.components import Components, nested
from undertow.study.claims import Outcome, decided, effect_text, held
from undertow.study.results import Results
from undertow.study.worst.arms import Arm, arm_of, joined, worst
from undertow.study.worst.choice import Choice, chosen
from undertow.study.worst.crossed import judged
from undertow.study.worst.front import Front
from undertow.study.worst.outcomes import above, above_each, keeps
from undertow.study.worst.pairings import Pairings, pair, teacher
from undertow.study.worst.teachers import Teachers, teachers
from undertow.study.worst.values import difference
from undertow.study.worst.written import gain

ALL = slice(None)

Choose = Callable[[slice], str]
"""From members to the name of an arm."""


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

    def front(self, names: Iterable[str]) -> Front:
        """The trade-offs that several arms are."""
        return Front(self.arms(names))

    def parts(self, names: Iterable[str]) -> Components:
        """How much of the variance of worst classes is the teachers': of students of the same ones,
        a population for each student of a teacher."""
        students = joined([*self.arms(names).values()])
        return nested(worst()(students.recall_MC), [str(name) for name in students.teacher_M])

    def chosen(self, names: Iterable[str], slack: float = 1.0, members: slice = ALL) -> Choice[str]:
        """By held-out examples, the best worst class of those as accurate as ``base`` within
        ``slack`` of its standard errors."""
        arms = {name: self.held_out(name).of(members) for name in names}
        return chosen(arms, self.held_out(self.base).of(members), slack=slack)

    def best(self, names: Iterable[str], members: slice = ALL) -> str:
        """The one with the best worst class on held-out examples, whatever its average."""
        return self.chosen(names, inf, members).setting

    def picked(
        self, pairs: Iterable[str], traded: Iterable[str]
    ) -> dict[str, tuple[Choice[str], Arm]]:
        """The best of pairings whatever its average, and of trade-offs that are as accurate as
        ``base``; each with what it is on test examples."""
        both = {
            "best pairing": self.chosen(pairs, inf),
            "best trade-off as accurate as standard": self.chosen(traded),
        }
        return {what: (found, self.arm(found.setting)) for what, found in both.items()}

    def above(self, name: str, than: str) -> Outcome:
        """Whether an arm's worst class is above another's, on test examples."""
        return above(name, self.arm(name), than, self.arm(than))

    def chosen_above(self, names: Iterable[str], slack: float = inf) -> Outcome:
        """Whether what is chosen is above ``base``."""
        among = [*names]
        return self.chosen_apart(
            lambda half: self.chosen(among, slack, half).setting, lambda half: self.base
        )

    def chosen_above_each(
        self, names: Iterable[str], others: Iterable[str], slack: float = inf
    ) -> Outcome:
        """Whether what is chosen is above each of some others."""
        among = [*names]
        own = judged(lambda half: self.chosen(among, slack, half).setting, self.arm)
        return above_each(own.name, own.arm, self.arms(others))

    def best_above_rest(self, names: Iterable[str], some: Callable[[str], bool]) -> Outcome:
        """Whether the best of some arms is above the best of the others."""
        among = [*names]
        return self.chosen_apart(
            lambda half: self.best(filter(some, among), half),
            lambda half: self.best(filterfalse(some, among), half),
        )

    def best_of_other_teachers(self, pairs: Pairings) -> Outcome:
        """Whether the best students of teachers other than the one with the best worst class of its
        own are above the best that this one has."""
        kinds = dict.fromkeys(of for of, _ in pairs.values())

        def best(half: slice, taught_by_it: bool) -> str:
            own = self.best(map(teacher, kinds), half)
            among = [n for n, (of, _) in pairs.items() if (teacher(of) == own) is taught_by_it]
            return self.best(among, half)

        return self.chosen_apart(lambda half: best(half, False), lambda half: best(half, True))

    def chosen_apart(self, first: Choose, second: Choose) -> Outcome:
        """Whether the first of two arms is above the second, where the members of one half name
        both, by held-out examples, and those of the other are judged, and the other way round."""
        own, other = (judged(choose, self.arm) for choose in (first, second))
        return above(own.name, own.arm, other.name, other.arm)

    def judged(self, kinds: Iterable[str], student: str) -> dict[str, Teachers]:
        """Teachers of each kind beside their students of one."""
        return {
            teacher(of): teachers(self.results.of(teacher(of)), self.arm(pair(of, student)))
            for of in kinds
        }

    def alike(self, name: str, than: str) -> Outcome:
        """Whether two arms' worst classes differ by no more than chance."""
        found = difference(self.arm(name), self.arm(than), worst())
        return held(found.low <= 0 <= found.high, f"{gain(found)} points")

    def borne(self, names: Sequence[str], changes: Iterable[str]) -> dict[str, Arm]:
        """Students, and the same after each change."""
        changed = {n + how: self.bears(n, how)[0] for how in changes for n in names}
        return self.arms(names) | changed

    def bears(self, name: str, change: str) -> tuple[Arm, Arm]:
        """Students after a change, whose name is theirs and ``change``, and before it."""
        return self.arm(name + change, of=name), self.arm(name)

    def bears_better(self, name: str, than: str, changes: Iterable[str]) -> Outcome:
        """Whether students lose less of their worst class by each change than others, which have
        the same teachers."""
        return keeps({how: (self.bears(name, how), self.bears(than, how)) for how in changes})

    def gains_on_hardest(self, name: str) -> Outcome:
        """Whether a variant of the study's audit gains on the class that is the hardest one of
        ``base`` on held-out examples; not testable where that is among the rarest third."""
        answers = self.results.of(self.base).answers
        hardest = int(self.held_out(self.base).recall_MC.mean(axis=0).argmin())
        found = self.results.finding(name, "accuracy", "class", answers.classes[hardest])
        said = f"hardest held out is {answers.classes[hardest]}: {effect_text(found)} points"
        tail = answers.examples.filter(pl.col("frequency") == "tail")
        if hardest in tail["label"]:
            return Outcome("not testable", f"{said}; it is among the rarest")
        return decided([(found["low"], found["high"])], said)
