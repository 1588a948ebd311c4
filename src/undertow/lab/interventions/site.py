"""Where an intervention acts. Applied in this order: runtime, sampling, inputs, objective, weights.

An intervention is a frozen description; what one on weights does to one member is a ``WeightsRun``
started from it, so nothing is shared between members. Its ``repr`` must evaluate back to an equal
object, since it goes into the manifest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from undertow.lab.recipe import Recipe


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
    draws."""

    steps: int
    seed: int


class WeightsRun(ABC):
    """One intervention at work on one model. Life: made before training, ``after_step`` each step,
    ``finish`` once."""

    @abstractmethod
    def after_step(self, step: int) -> None:
        """Called after optimizer step ``step`` (0-based) of ``Horizon.steps``."""

    @abstractmethod
    def finish(self) -> Effect:
        """Bake the change into plain parameters and measure it; ``NoEffectError`` where nothing
        changed."""


class AbstractObjective(ABC):
    """An intervention on what training minimises, in place of cross-entropy with the labels. It
    never derives, and a population has one at most."""

    derives: ClassVar[bool] = False
    finetune: ClassVar[None] = None
    teaches: ClassVar[bool] = False
    """Whether it needs a teacher's logits, so that its population needs a teacher."""

    @property
    def teacher_member(self) -> int | None:
        """The number of the one member that teaches all; None where member m of the teacher teaches
        member m."""
        return None

    @abstractmethod
    def each(self, logits_BC: Tensor, y_B: Tensor, teacher_logits_BC: Tensor | None) -> Tensor:
        """The loss (B,) of every example in nats; the trainer takes its mean over a batch.

        A pure function of logits (B, C) and class indices (B,), differentiable in ``logits_BC``.
        All of them may have further axes in front (members), which the loss then has too.
        ``teacher_logits_BC`` is None where ``teaches`` is false; it comes in the type of
        ``logits_BC`` and without a gradient.
        """


class AbstractWeights(ABC):
    """An intervention on weights. ``derives`` says that it starts from a trained parent member."""

    derives: ClassVar[bool] = False

    @property
    def finetune(self) -> Recipe | None:
        """For one that derives: the training that follows, ``None`` for none."""
        return None

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


class AbstractRuntime(ABC):
    """An intervention on what runs a trained member: another engine, another arithmetic. It always
    derives."""

    derives: ClassVar[bool] = True
    finetune: ClassVar[None] = None
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
