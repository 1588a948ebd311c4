"""Where an intervention acts. A step applies them in this order: inputs, sampling, objective,
weights; arithmetic is around the whole training, and runtime after it.

An intervention is a frozen description; what it does to one member, or to several trained in one
step, is a run started from it, so nothing is shared between trainings. Its ``repr`` must evaluate
back to an equal object, since it goes into the manifest. A run that changes from step to step says
so by ``state_dict``, so that a checkpoint holds it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn

from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.recipe import Recipe

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given, Network, Seen, Training


class Score(Protocol):
    """The network as it is, asked in eval mode and without a gradient. Each call costs a forward
    pass of the batch."""

    def __call__(self, batch: Batch) -> Tensor:
        """The loss (B,) of each."""
        ...

    def logits(self, batch: Batch) -> Tensor:
        """(B, C): what a score is made of that is no function of the loss."""
        ...


Around = AbstractContextManager[Mapping[str, float] | None]
"""What is in force around a training, and what was read back of it."""

Site = Literal["sampling", "inputs", "objective", "weights", "arithmetic", "runtime"]


class Intervention(ABC):
    """One change, acting at one site. ``derives`` says that it starts from a trained parent
    member."""

    site: ClassVar[Site]
    derives: ClassVar[bool] = False
    by_itself: ClassVar[str] = ""
    """Why several members cannot be trained in one step under it; empty where they can."""
    teaches: ClassVar[bool] = False
    """Whether it asks another trained member, so that its population needs a teacher."""

    @property
    def teacher_member(self) -> int | None:
        """The number of the one member that teaches all; None where member m of the teacher teaches
        member m."""
        return None

    @property
    def finetune(self) -> Recipe | Training | None:
        """For one that derives: the training that follows, ``None`` for none."""
        return None

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that have to be there when a process starts, since a library reads them as it
        is loaded; none, unless it says so. Members are then trained in processes started with
        them."""
        return {}


@dataclass(frozen=True)
class Effect:
    """What an intervention did to one member, measured on it. ``changed`` counts weights that
    differ because of it."""

    changed: int
    facts: dict[str, float] = field(default_factory=dict)
    """Realised values: ``sparsity`` over prunable weights, ``sparsity_all`` over all parameters,
    ``bits`` …"""


@dataclass(frozen=True)
class Horizon:
    """How many steps of training lie ahead (maybe none), and the seed of whatever an intervention
    draws. ``number`` says which member of its population a model that trains alone is."""

    steps: int
    seed: int
    number: int = 0


class WeightsRun(ABC):
    """One intervention at work on one model. Life: made before training, ``after_step`` each step,
    ``finish`` once."""

    @abstractmethod
    def after_step(self, step: int) -> None:
        """Called after step ``step`` (0-based) of ``Horizon.steps``, also where it learned from no
        example."""

    @abstractmethod
    def finish(self) -> Effect:
        """Bake the change into plain parameters and measure it; ``NoEffectError`` where nothing
        changed."""

    def state_dict(self) -> dict[str, Tensor]:
        """What it keeps from step to step and the model does not hold: nothing, unless it says
        so."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:  # noqa: B027
        """Put back what ``state_dict`` gave: numbers as tensors without axes."""


class ObjectiveRun(ABC):
    """An objective at work on one member or several. It may keep state, and look at the network
    between steps."""

    @abstractmethod
    def each(
        self, logits_BC: Tensor, y_B: Tensor, index_B: Tensor, teacher_logits_BC: Tensor | None
    ) -> Tensor:
        """The loss (B,) of the training examples ``index_B`` in nats; the trainer takes its mean
        over a batch.

        Differentiable in ``logits_BC`` (B, C). All may have an axis of members in front, which the
        loss then has too. ``teacher_logits_BC`` is None where nobody teaches; it comes in the type
        of ``logits_BC`` and without a gradient. A sampler that scores asks for it too, without a
        gradient: state changes only where ``logits_BC.requires_grad``.
        """

    def after_step(self, t: int, network: Network) -> int:
        """Called after each optimizer step; how many examples of one member it put forward."""
        return 0

    def told(self) -> dict[str, Tensor]:
        """What it says of itself at an epoch's end, (M,) by ``WORD GROUP``, for the probe ``Told``:
        nothing, unless it says so."""
        return {}

    def state_dict(self) -> dict[str, Tensor]:
        """What it keeps from step to step: nothing, unless it says so."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:  # noqa: B027
        """Put back what ``state_dict`` gave."""


class AbstractObjective(Intervention):
    """An intervention on what training minimises, in place of cross-entropy with the labels. It
    never derives, and a population has one at most."""

    site: ClassVar[Site] = "objective"

    def check_steps(self, steps: int) -> None:
        """Called before ``start``: ``NoEffectError`` where what it looks at from time to time would
        change nothing in a training of so many steps."""

    @abstractmethod
    def start(self, given: Given) -> ObjectiveRun:
        """Begin."""


class PureObjective(AbstractObjective):
    """An objective that is a function of a batch alone: it keeps nothing."""

    def start(self, given: Given) -> ObjectiveRun:
        """Begin; there is nothing to prepare."""
        return _PureRun(self)

    @abstractmethod
    def each(self, logits_BC: Tensor, y_B: Tensor, teacher_logits_BC: Tensor | None) -> Tensor:
        """As ``ObjectiveRun.each``. All may have further axes in front (members), which the loss
        then has too."""


class _PureRun(ObjectiveRun):
    def __init__(self, objective: PureObjective) -> None:
        self.objective = objective

    def each(
        self, logits_BC: Tensor, y_B: Tensor, index_B: Tensor, teacher_logits_BC: Tensor | None
    ) -> Tensor:
        return self.objective.each(logits_BC, y_B, teacher_logits_BC)


class InputsRun(ABC):
    """An intervention on inputs at work on one member or several. It may follow what training
    makes of the examples: it is told each epoch's beginning and what each step saw."""

    def before_epoch(self, epoch: int, network: Network) -> int:
        """Called before the first step of each epoch (0-based), also where it is the first of all;
        how many examples of one member it put forward."""
        return 0

    @abstractmethod
    def changed(self, t: int, batch: Batch) -> Batch:
        """The batch of step ``t`` as it is to be seen: a function of its stream, ``t`` and its
        state."""

    def augmented(self, index_B: Tensor) -> Tensor | None:
        """Which of these examples the epoch under way crops or mirrors at random; None where it
        leaves that to the recipe."""
        return None

    def saw(self, seen: Seen) -> None:  # noqa: B027
        """Called after each step that learned from examples."""

    def state_dict(self) -> dict[str, Tensor]:
        """What it keeps from step to step and the model does not hold: nothing, unless it says
        so."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:  # noqa: B027
        """Put back what ``state_dict`` gave: numbers as tensors without axes."""


class AbstractInputs(Intervention):
    """An intervention on what a training sees of its examples, epoch by epoch. (Images or labels
    that are changed for good are another data set.)"""

    site: ClassVar[Site] = "inputs"
    augments: ClassVar[bool] = False
    """Whether it crops and mirrors at random, so that the recipe does not."""

    @abstractmethod
    def start(self, given: Given) -> InputsRun:
        """Begin."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """The examples of a step, and what each one's loss counts for (B,); None for 1 each."""

    batch: Batch
    weight_B: Tensor | None = None


class SamplingRun(ABC):
    """An intervention on sampling at work on one member."""

    @abstractmethod
    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """What step ``t`` learns from, of its candidates and of those that wait from earlier steps;
        ``None`` for nothing in this step. Who does not call ``score`` does not pay for it."""

    def told(self) -> dict[str, Tensor]:
        """As ``ObjectiveRun.told``, of its one member: (1,) each."""
        return {}

    @abstractmethod
    def state_dict(self) -> dict[str, Tensor]:
        """All that it keeps from step to step."""

    @abstractmethod
    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put back what ``state_dict`` gave."""


class AbstractSampling(Intervention):
    """An intervention on which examples a training learns from, and how much. A population has one
    at most."""

    site: ClassVar[Site] = "sampling"
    by_itself: ClassVar[str] = "each member chooses examples of its own, in numbers of its own"

    @abstractmethod
    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin, on candidates that come in these batches."""


class AbstractArithmetic(Intervention):
    """An intervention on how numbers are computed, around a whole training: threads, order,
    determinism, precision."""

    site: ClassVar[Site] = "arithmetic"

    @property
    def unable(self) -> str:
        """Why this machine cannot compute so; empty where it can."""
        return ""

    @abstractmethod
    def around(self, given: Given) -> Around:
        """In force inside, and as before outside; entered before the training starts, also where it
        goes on from a checkpoint. What it gives is read back from the libraries and becomes facts
        of each member. ``UserError`` where they do not do what is asked."""


class AbstractWeights(Intervention):
    """An intervention on weights."""

    site: ClassVar[Site] = "weights"

    @abstractmethod
    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        """Prepare ``model`` in place. Called before the optimizer is built."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """A trained member as an engine runs it: ``logits`` takes normalised images (B, C, H, W),
    float32 on the CPU, any B from 1, and gives logits (B, classes), float32."""

    logits: Callable[[Tensor], Tensor]
    effect: Effect
    """``changed`` counts the weights that the engine holds in another number type; ``facts`` count
    operators by type: ``int8.conv2d``, ``float.conv2d``, ``int8.linear``, ``float.linear``, …"""


class AbstractRuntime(Intervention):
    """An intervention on what runs a trained member: another engine, another arithmetic. It always
    derives."""

    site: ClassVar[Site] = "runtime"
    derives: ClassVar[bool] = True
    dtype: ClassVar[str] = "int8"
    """The number type in which the changed operators compute."""

    @abstractmethod
    def compile(self, model: nn.Module, calibration_x_NCHW: Tensor) -> Compiled:
        """Hand ``model`` (in eval mode, on the CPU, not changed) to the engine.

        ``calibration_x_NCHW`` are normalised training images, enough for any engine that wants to
        see activations. ``NoEffectError`` where the engine changed no operator; ``UserError`` with
        the ``pip install`` line where the engine is not installed.
        """


def weight_layers(model: nn.Module) -> dict[str, nn.Parameter]:
    """Matrices and filters by name, each parameter once however many modules share it; no biases,
    no norms."""
    seen: dict[int, str] = {}
    found: dict[str, nn.Parameter] = {}
    for name, parameter in model.named_parameters(remove_duplicate=True):
        if parameter.ndim >= 2 and id(parameter) not in seen and torch.is_floating_point(parameter):
            seen[id(parameter)] = name
            found[name] = parameter
    return found
