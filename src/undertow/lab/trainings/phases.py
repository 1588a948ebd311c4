"""``Phases``: several trainings that a member goes through in order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from undertow.errors import NoEffectError, UndertowError
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.during import During
from undertow.lab.recipe import Precision
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import (
    Done,
    Facts,
    Given,
    Network,
    Stateful,
    Training,
    TrainingRun,
)

ERROR = "error"
"""In place of a member's facts: what went wrong with it."""


class Phases:
    """``Phases(("pretrain", …), ("probe", …))``: each phase has its own optimizer and its own
    interventions (``During``); the network alone passes from one to the next.

    Streams of a later phase are its own: it draws another order, other crops and other noise. What
    an intervention measured in a phase is named after it: ``pretrain.sparsity``. Raises
    ``ValueError`` for no phase, two of one name, or two number formats.
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
    checkpoint lies in it: then on the models as they were when it began, which a checkpoint has
    too, since what acts in it may start from them."""

    def __init__(self, what: Phases, given: Given) -> None:
        self.what, self.given, self.epochs = what, given, what.epochs
        self.ends = list(
            itertools.accumulate(training.steps(given.data) for _, training in what.phases)
        )
        self.steps, self.number = self.ends[-1], 0
        self.facts_M: list[Facts | Exception] = [Facts() for _ in given.models]
        self._entered: TrainingRun | None = None
        self._entry: dict[str, dict[str, Tensor]] = {}

    @property
    def run(self) -> TrainingRun:
        """The phase that it is in."""
        if self._entered is None:
            name, training = self.what.phases[self.number]
            acting = [i.intervention for i in self.given.at(During) if i.phase == name]
            if not self.number:  # what made a derived member acts from the start
                acting += [i for i in self.given.interventions if i.derives]
            if self.number:
                self._entry = {
                    str(m): {n: value.clone() for n, value in model.state_dict().items()}
                    for m, model in enumerate(self.given.models)
                }
            given = replace(self.given, interventions=acting, seeds_M=self._seeds())
            self._entered = training.start(given)
        return self._entered

    def _seeds(self) -> list[dict[str, int]]:
        """Of the first phase those of the member; each later one has its own."""
        return [
            {
                stream: mixed(seed, self.number) if self.number else seed
                for stream, seed in seeds.items()
            }
            for seeds in self.given.seeds_M
        ]

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
        for m, ended in enumerate(self.run.finish()):
            facts = self.facts_M[m]
            if isinstance(facts, Exception):
                continue  # it failed in an earlier phase, and the others went on
            if isinstance(ended, Exception):
                self.facts_M[m] = ended
            else:
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
            "facts": {str(m): _kept(facts) for m, facts in enumerate(self.facts_M)},
            "run": {name: held.state_dict() for name, held in self.run.state().items()},
            "entry": self._entry,
        }

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on in the phase it was in."""
        self.number = int(state_dict["number"])
        for m, facts in state_dict.get("facts", {}).items():
            self.facts_M[int(m)] = _put_back(facts)
        for m, weights in state_dict.get("entry", {}).items():
            self.given.models[int(m)].load_state_dict(weights)
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
        return [
            facts if isinstance(facts, Exception) else dict(sorted(facts.items()))
            for facts in self.facts_M
        ]


def _kept(facts: Facts | Exception) -> dict[str, Any]:
    """For a checkpoint, which holds numbers: an error's words as their bytes."""
    if not isinstance(facts, Exception):
        return facts
    words = torch.tensor(list(str(facts).encode()), dtype=torch.uint8)
    return {ERROR: {"fatal": isinstance(facts, NoEffectError), "words": words}}


def _put_back(kept: Mapping[str, Any]) -> Facts | Exception:
    if ERROR not in kept:
        return {name: float(value) for name, value in kept.items()}
    words = bytes(kept[ERROR]["words"].tolist()).decode()
    return NoEffectError(words) if bool(kept[ERROR]["fatal"]) else UndertowError(words)
