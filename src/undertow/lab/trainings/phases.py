"""``Phases``: several trainings that a member goes through in order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.during import During
from undertow.lab.recipe import Precision
from undertow.lab.trainings.training import (
    Done,
    Facts,
    Given,
    Network,
    Stateful,
    Training,
    TrainingRun,
)


class Phases:
    """``Phases(("pretrain", …), ("probe", …))``: each phase has its own optimizer and its own
    interventions (``During``); the network alone passes from one to the next.

    What was measured in a phase is named after it: ``pretrain.loss``. Raises ``ValueError`` for no
    phase, two of one name, or two number formats.
    """

    def __init__(self, *phases: tuple[str, Training]) -> None:
        self.phases = phases
        names = [name for name, _ in phases]
        if not phases or len(set(names)) < len(names):
            raise ValueError(f"{self!r}: at least one phase, and each with a name of its own")
        if len({training.precision for _, training in phases}) > 1:
            raise ValueError(f"{self!r}: its phases compute in different number formats")

    def __repr__(self) -> str:
        return f"Phases({', '.join(map(repr, self.phases))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phases) and self.phases == other.phases

    def __hash__(self) -> int:
        return hash(self.phases)

    @property
    def sites(self) -> frozenset[str]:
        """Those of every phase, as ``weights in pretrain``, and what is around all of them."""
        inside = (
            f"{site} in {name}"
            for name, training in self.phases
            for site in training.sites - {"arithmetic"}
        )
        return frozenset({"arithmetic", *inside})

    @property
    def by_itself(self) -> str:
        """Why members cannot go through a phase in one step; empty where they can."""
        return next((t.by_itself for _, t in self.phases if t.by_itself), "")

    @property
    def precision(self) -> Precision:
        """That of all phases."""
        return self.phases[0][1].precision

    @property
    def epochs(self) -> int:
        """Of all phases."""
        return sum(training.epochs for _, training in self.phases)

    def steps(self, data: Feed) -> int:
        """Of all phases."""
        return sum(training.steps(data) for _, training in self.phases)

    def start(self, given: Given) -> PhasesRun:
        """Begin, with the first phase still ahead."""
        return PhasesRun(self, given)


class PhasesRun:
    """In one phase after the other. A phase begins when its first step is due, or where a
    checkpoint lies in it: then on models as they were built, whose values the checkpoint has."""

    def __init__(self, what: Phases, given: Given) -> None:
        self.what, self.given, self.epochs = what, given, what.epochs
        self.ends = list(
            itertools.accumulate(training.steps(given.data) for _, training in what.phases)
        )
        self.steps, self.number = self.ends[-1], 0
        self.facts_M = [Facts() for _ in given.models]
        self._entered: TrainingRun | None = None

    @property
    def run(self) -> TrainingRun:
        """The phase that it is in."""
        if self._entered is None:
            name, training = self.what.phases[self.number]
            acting = [i.intervention for i in self.given.at(During) if i.phase == name]
            self._entered = training.start(replace(self.given, interventions=acting))
        return self._entered

    def step(self, t: int) -> Done:
        """A step of the phase that ``t`` lies in."""
        while t >= self.ends[self.number]:
            self._leave()
            self.number += 1
        return self.run.step(self._own(t))

    def _own(self, t: int) -> int:
        return t - (self.ends[self.number - 1] if self.number else 0)

    def _leave(self) -> None:
        name, _ = self.what.phases[self.number]
        for facts, ended in zip(self.facts_M, self.run.finish(), strict=True):
            if isinstance(ended, Exception):
                raise ended
            facts |= {f"{name}.{fact}": value for fact, value in ended.items()}
        self._entered = None

    def ends_epoch(self, t: int) -> bool:
        """Whether the phase's epoch is over."""
        return self.run.ends_epoch(self._own(t))

    def state(self) -> dict[str, Stateful]:
        """Which phase it is in, what the earlier ones measured, and that phase's own state."""
        return {"phases": self}

    def state_dict(self) -> dict[str, Any]:
        """As ``state`` says."""
        return {
            "number": self.number,
            "facts": {str(m): facts for m, facts in enumerate(self.facts_M)},
            "run": {name: held.state_dict() for name, held in self.run.state().items()},
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on in the phase it was in."""
        self.number = int(state_dict["number"])
        for m, facts in state_dict.get("facts", {}).items():
            self.facts_M[int(m)] = {name: float(value) for name, value in facts.items()}
        for name, held in self.run.state().items():
            held.load_state_dict(state_dict["run"].get(name, {}))

    def network(self) -> Network:
        """Who answers now."""
        return self.run.network()

    def finish(self) -> list[Facts | Exception]:
        """End the last phase."""
        while self.number < len(self.what.phases):
            self._leave()
            self.number += 1
        return list(self.facts_M)
