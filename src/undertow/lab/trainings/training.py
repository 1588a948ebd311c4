"""What every training is: a frozen description that starts a run, and a run of numbered steps.

A run takes one member through its training, or several members of one architecture in one step.
It knows nothing of where it runs, how it is resumed or how progress is told: ``runner.drive`` does
that for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions.site import Intervention
from undertow.lab.recipe import Precision
from undertow.lab.trainings.noise import Noise
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.teacher import Teacher

Facts = dict[str, float]
"""What was measured on one member, by name."""

Kind = TypeVar("Kind", bound=Intervention)

Network = nn.Module | Stack
"""One member's network, or those of several with a leading axis M in everything."""


class Stateful(Protocol):
    """Something that changes while a member trains, and can be saved and put back."""

    def state_dict(self) -> Mapping[Any, Any]:
        """Tensors and numbers by name, mappings of them allowed."""
        ...

    def load_state_dict(self, state_dict: Any) -> object:
        """Put back what ``state_dict`` gave, in place."""
        ...


class Cost(NamedTuple):
    """Examples of one member that went forward, and back."""

    forwards: int
    backprops: int


@dataclass(frozen=True, eq=False)
class Seen:
    """The examples of a step, each one's loss in nats, and the logits it comes from; None where it
    comes from no logits.

    (B,), (B,) and (B, C) for one member, with an axis M in front for several; without gradients.
    ``augmented`` says which were cropped or mirrored at random, or that all or none were; None
    where the training does not say.
    """

    index_B: Tensor
    y_B: Tensor
    each_B: Tensor
    logits_BC: Tensor | None
    augmented: Tensor | bool | None = None


@dataclass(frozen=True, eq=False)
class Done:
    """What one step cost, and what it saw; nothing where no example was chosen yet. The
    parameters' gradients are there until the next step."""

    cost: Cost
    seen: Seen | None = None


@dataclass(frozen=True, eq=False)
class Given:
    """All that a member's training may touch.

    ``models`` is one model, or as many as ``seeds_M`` where ``together``: then all are trained in
    one step. ``interventions`` are those that act during this training, ``teacher`` gives the
    logits of whoever teaches. ``number`` says which member of its population a model that trains
    alone is.
    """

    data: Feed
    models: Sequence[nn.Module]
    seeds_M: Sequence[Mapping[str, int]]
    interventions: Sequence[Intervention] = ()
    teacher: Teacher | None = None
    together: bool = False
    number: int = 0

    def __post_init__(self) -> None:
        if not self.together:  # channels last is faster for one model; a stack lays out its own
            (model,) = self.models
            channels_last(model)

    def at(self, kind: type[Kind]) -> list[Kind]:
        """The interventions of one kind, in their order."""
        return [i for i in self.interventions if isinstance(i, kind)]

    def network(self, noise: Noise) -> Network:
        """What is trained, in train mode, its layers with noise listening to ``noise``. Asked for
        once, after the interventions on weights have prepared the models, since a stack takes
        their parameters over."""
        return Stack(self.models, noise.sources) if self.together else self.models[0].train()

    def noise(self, stream: str) -> Noise:
        """The generators of this stream, to be started anew at each step."""
        return Noise([seeds[stream] for seeds in self.seeds_M], self.data.device, self.together)


def channels_last(model: nn.Module) -> nn.Module:
    """Filters and all else with four axes in that order of memory; the rest as it is."""
    for held in (*model.parameters(), *model.buffers()):
        if held.ndim == 4:
            held.data = held.data.contiguous(memory_format=torch.channels_last)
    return model


class TrainingRun(Protocol):
    """One member on its way, or several together."""

    @property
    def steps(self) -> int:
        """How many there are, exactly."""
        ...

    @property
    def epochs(self) -> int:
        """How many times it goes through its examples."""
        ...

    def ends_epoch(self, t: int) -> bool:
        """Whether an epoch is over after step ``t``."""
        ...

    def step(self, t: int) -> Done:
        """Do step ``t`` (0-based): all that it draws is a function of a stream and ``t``."""
        ...

    def state(self) -> dict[str, Stateful]:
        """All that changes from step to step, by name."""
        ...

    def network(self) -> Network:
        """Who answers now."""
        ...

    def finish(self) -> list[Facts | Exception]:
        """End the training; what was measured on each member, or what went wrong with it."""
        ...


class Training(Protocol):
    """A description of what one member does from its seeds to its answers; its ``repr`` evaluates
    back to an equal object. An intervention at a site that is not in ``sites`` is refused when it
    is declared."""

    @property
    def sites(self) -> frozenset[str]:
        """Where it can be changed."""
        ...

    @property
    def by_itself(self) -> str:
        """Why several members cannot be trained in one step; empty where they can."""
        ...

    @property
    def precision(self) -> Precision:
        """The arithmetic around all of it."""
        ...

    @property
    def epochs(self) -> int:
        """How many times it goes through its examples."""
        ...

    def steps(self, data: Feed) -> int:
        """How many it has on these data, exactly: its run's ``steps``."""
        ...

    def start(self, given: Given) -> TrainingRun:
        """Begin on what is given."""
        ...
