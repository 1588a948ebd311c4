"""``MicroBatches``: a batch that goes through the network part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from undertow.errors import NoEffectError, UserError
from undertow.lab.interventions.arithmetic._forward import forward_replaced
from undertow.lab.interventions.site import AbstractArithmetic

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class MicroBatches(AbstractArithmetic):
    """Each batch goes forward and back through the network in ``k`` parts, as near to equal as
    whole examples allow, and the parts' gradients are added (*gradient accumulation*): the same
    gradient in exact arithmetic, by other sums.

    The loss is of the whole batch, so that it may look across parts. Parts do not save memory here:
    all are kept until the backward pass, where gradients are added. Passes without a gradient, such
    as a sampler's or a probe's, stay whole.

    Batch norm sees a part and not the batch, and dropout draws part by part, which is another
    training and not the same one in other sums. A network with either is refused, unless ``ghost``
    asks for it: then batch norm takes its statistics from each part (*ghost batch norm*,
    1705.08741) and moves its running ones ``k`` times a step. Layers of your own that look across
    examples are not known here.

    Raises ``ValueError`` for ``k`` below 1, ``UserError`` for batch norm or dropout;
    ``NoEffectError`` where no batch was split, as in a linear probe, whose network goes forward
    without a gradient.
    """

    by_itself: ClassVar[str] = "the batch of one member is split"

    k: int
    ghost: bool = False

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"{self!r}: a batch has at least one part")

    @contextmanager
    def around(self, given: Given) -> Iterator[None]:
        """The network's own ``forward`` goes part by part."""
        (model,) = given.models
        if self.k > 1 and not self.ghost:
            self._check(model)
        in_parts = _InParts(model, self.k)
        with forward_replaced(model, in_parts):
            yield
        if self.k > 1 and not in_parts.split:
            raise NoEffectError(f"{self!r} split no batch; this training has none to split")

    def _check(self, model: nn.Module) -> None:
        for name, module in model.named_modules():
            drops = isinstance(module, _DropoutNd) and module.p > 0
            if drops or isinstance(module, _BatchNorm):
                raise UserError(
                    f"{self!r}: {type(model).__name__} has {type(module).__name__} ({name!r}), "
                    "which sees the parts of a batch, so this would be another training; choose a "
                    f"network without, or MicroBatches({self.k}, ghost=True)"
                )


class _InParts:
    """In place of a network's ``forward``; says whether it ever split."""

    def __init__(self, model: nn.Module, k: int) -> None:
        self.model, self.k, self.split = model, k, False
        self.whole: Callable[[Tensor], Tensor] = model.forward

    def __call__(self, x_BCHW: Tensor) -> Tensor:
        parts = min(self.k, len(x_BCHW)) if torch.is_grad_enabled() and self.model.training else 1
        if parts < 2:
            return self.whole(x_BCHW)
        self.split = True
        return torch.cat([self.whole(part) for part in x_BCHW.tensor_split(parts)])
