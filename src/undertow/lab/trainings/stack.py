"""M models of one architecture as one: parameters and buffers with a leading member axis, forward
by ``torch.func``.

The models stay usable: their parameters and buffers become views of the stack, so an intervention
that reads weights or sets a mask on one model acts on its row, and a model that was trained in the
stack is trained.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from undertow.errors import UserError
from undertow.lab.models.flatten import Flatten
from undertow.lab.models.head import entering


class Stack:
    """The stacked forward of ``models``, which must share architecture, shapes, dtype and device.

    ``dropout_M`` holds one generator per member: each draws its own masks, as it would alone.
    ``eval`` needs none.
    """

    def __init__(self, models: Sequence[nn.Module], dropout_M: Sequence[torch.Generator]) -> None:
        self.models = list(models)
        self._parameters = {
            name: nn.Parameter(
                torch.stack([dict(model.named_parameters())[name].detach() for model in models]),
                requires_grad=first.requires_grad,
            )
            for name, first in models[0].named_parameters()
        }
        self._buffers = {
            name: torch.stack([dict(model.named_buffers())[name] for model in models])
            for name, _ in models[0].named_buffers()
        }
        for m, model in enumerate(models):
            _make_views(model, m, self._parameters, self._buffers)
        self.skeleton = _skeleton(models[0], dropout_M)
        self._drops = any(isinstance(m, _MemberDropout) for m in self.skeleton.modules())

    def __call__(self, x_MBCHW: Tensor) -> Tensor:
        """Logits (M, B, classes). Images (B, C, H, W) are shared by all members, which saves
        copies."""
        return self._side_by_side(self._one, x_MBCHW)

    def features(self, head: str, x_MBCHW: Tensor) -> Tensor:
        """What enters the layer ``head`` of each member: (M, B, features)."""
        return self._side_by_side(partial(self._entering, head), x_MBCHW)

    def _side_by_side(self, one: Callable[..., Tensor], x_MBCHW: Tensor) -> Tensor:
        if x_MBCHW.ndim == 4 and self._drops:  # each member drops others of the shared pixels
            x_MBCHW = x_MBCHW.expand(len(self.models), *x_MBCHW.shape)
        images = 0 if x_MBCHW.ndim == 5 else None
        forward: Callable[..., Tensor] = vmap(one, in_dims=(0, 0, images))
        return forward(self._parameters, self._buffers, x_MBCHW)

    def _one(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x_BCHW: Tensor
    ) -> Tensor:
        held = {**parameters, **buffers}
        logits: Tensor = functional_call(self.skeleton, held, (x_BCHW,))
        for name, buffer in buffers.items():
            if held[name] is not buffer:  # torch writes back what was assigned
                raise UserError(
                    f"{type(self.models[0]).__name__}: the buffer {name!r} is replaced in a "
                    "forward pass, which a stack of members would lose; change it in place "
                    f"({name}.copy_(...)), or give --runner processes"
                )
        return logits

    def _entering(
        self,
        head: str,
        parameters: dict[str, Tensor],
        buffers: dict[str, Tensor],
        x_BCHW: Tensor,
    ) -> Tensor:
        with entering(self.skeleton, head) as kept:
            self._one(parameters, buffers, x_BCHW)
        return kept[0]

    def eval(self) -> Stack:
        """Members that are not trained but asked: no dropout, batch norm by its running statistics,
        which stay."""
        self.skeleton.eval()
        return self

    def train(self) -> Stack:
        """Members that learn."""
        self.skeleton.train()
        return self

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Those that an optimizer steps on, each with its member axis, by a model's own names."""
        return iter(self._parameters.items())

    def parameters(self) -> Iterator[nn.Parameter]:
        """The same without names."""
        return iter(self._parameters.values())

    def buffers(self) -> Iterator[Tensor]:
        """Running statistics and masks, each with its member axis."""
        return iter(self._buffers.values())

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Every model's own, by its place."""
        return {str(m): dict(model.state_dict()) for m, model in enumerate(self.models)}

    def load_state_dict(self, state_dict: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Put it back in place, so that views stay views."""
        for m, model in enumerate(self.models):
            model.load_state_dict(state_dict[str(m)])


def _make_views(
    model: nn.Module, m: int, parameters: dict[str, nn.Parameter], buffers: dict[str, Tensor]
) -> None:
    for name, parameter in model.named_parameters():
        parameter.data = parameters[name].detach()[m]
    for name, buffer in model.named_buffers():
        buffer.data = buffers[name][m]


def _skeleton(model: nn.Module, dropout_M: Sequence[torch.Generator]) -> nn.Module:
    """A copy that says how to compute, whose own weights are never read. Layers that behave
    differently with members stacked are put in place of torch's; no model is changed by hand for
    it."""
    skeleton = copy.deepcopy(model).train()
    for module in skeleton.modules():
        # exactly these: a subclass has a forward pass of its own
        if type(module) is nn.Dropout:
            module.__class__ = _MemberDropout
            module.sources = dropout_M  # type: ignore[assignment]
        elif type(module) is nn.Linear:
            module.__class__ = _MemberLinear
        elif isinstance(module, nn.Conv2d):  # those with a mask too, whose class is their own
            vars(module)["_conv_forward"] = partial(_convolution, module._conv_forward)
        elif type(module) is nn.AdaptiveAvgPool2d and module.output_size in (1, (1, 1)):
            module.__class__ = _MemberAverage
        elif type(module) is nn.BatchNorm2d and _is_usual(module):
            module.__class__ = _MemberBatchNorm
        elif type(module) in (nn.Flatten, Flatten):
            module.__class__ = nn.Flatten  # a stack's images have no one order of memory to keep
    return skeleton


def _convolution(
    whole: Callable[[Tensor, Tensor, Tensor | None], Tensor],
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
) -> Tensor:
    """Under autocast in short numbers: a CPU's does not reach the convolution that ``vmap`` makes
    of it."""
    if torch.is_autocast_enabled(input.device.type):
        short = torch.get_autocast_dtype(input.device.type)
        input, weight = input.to(short), weight.to(short)
        bias = None if bias is None else bias.to(short)
    return whole(input, weight, bias)


def _is_usual(norm: nn.BatchNorm2d) -> bool:
    """With all that it may have; without a momentum, a batch's share differs from step to step."""
    return norm.affine and norm.track_running_stats and norm.momentum is not None


class _MemberDropout(nn.Dropout):
    """Every member draws from its own generator: on a CPU what ``nn.Dropout`` draws for it alone
    (CUDA's fused kernel draws otherwise)."""

    sources: Sequence[torch.Generator]

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return input
        made = _Dropping.apply(input, self.p, self.sources)  # type: ignore[no-untyped-call]
        return cast("Tensor", made)


class _Dropping(torch.autograd.Function):
    """What ``nn.Dropout`` computes, written for ``vmap`` alone: the rule sees all members at
    once."""

    @staticmethod
    def forward(x: Tensor, p: float, sources: Sequence[torch.Generator]) -> Tensor:
        raise RuntimeError("a stacked dropout runs inside a stack alone")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Nothing to keep: the rule below is made of differentiable steps."""

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int, ...], x: Tensor, p: float, sources: Sequence[torch.Generator]
    ) -> tuple[Tensor, int]:
        x = x.movedim(in_dims[0], 0)
        # torch draws in the order of memory, and alone a member's images are channels last
        order = torch.channels_last if x.ndim == 5 else torch.contiguous_format
        like = torch.empty_like(x[0], memory_format=order)
        keep_M = [like.bernoulli_(1 - p, generator=source).div(1 - p) for source in sources]
        return x * torch.stack(keep_M), 0


class _MemberAverage(nn.AdaptiveAvgPool2d):
    """The mean over all pixels, which is what torch computes. But for images that are channels last
    it also sets strides, for which ``vmap`` has no rule."""

    def forward(self, input: Tensor) -> Tensor:
        return input.mean((-2, -1), keepdim=True)


class _MemberBatchNorm(nn.BatchNorm2d):
    """One batch norm over the channels of all members. ``vmap``'s own scales and shifts in passes
    of their own, in float32 even under bfloat16, where CUDA refuses its backward pass."""

    def forward(self, input: Tensor) -> Tensor:
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        own = (self.weight, self.bias, self.running_mean, self.running_var)
        how = (self.training, self.momentum, self.eps)
        out: Tensor = _BatchNorm.apply(input, *own, *how)  # type: ignore[no-untyped-call]
        return out


class _BatchNorm(torch.autograd.Function):
    """``F.batch_norm`` for ``vmap`` over members; running statistics are rows of the stack's and
    change in place."""

    @staticmethod
    def forward(x: Tensor, *rest: Any) -> Tensor:
        raise RuntimeError("a stacked batch norm runs inside a stack alone")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Nothing to keep: the norm below has its own gradient."""

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        x: Tensor,
        *rest: Any,
    ) -> tuple[Tensor, int]:
        weight_MC, bias_MC, mean_MC, var_MC, training, momentum, eps = rest
        # members go beside the channels, where convolutions of members leave them
        if in_dims[0] is None:
            x_BMCHW = x[:, None].expand(-1, info.batch_size, -1, -1, -1)
        else:
            x_BMCHW = x.movedim(in_dims[0], 1)
        statistics = mean_MC.view(-1), var_MC.view(-1)
        affine = weight_MC.flatten(), bias_MC.flatten()
        out = F.batch_norm(x_BMCHW.flatten(1, 2), *statistics, *affine, training, momentum, eps)
        return out.reshape(x_BMCHW.shape), 1


class _MemberLinear(nn.Linear):
    """The weights' gradient arrives in the order of the weights, which saves a copy of all of them
    at each step."""

    def forward(self, input: Tensor) -> Tensor:
        out: Tensor = _Linear.apply(input, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return out


class _Linear(torch.autograd.Function):
    """``F.linear`` for ``vmap`` over members."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        raise RuntimeError("a stacked linear layer runs inside a stack alone")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Nothing to keep: the batched product below has its own gradient."""

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], x: Tensor, weight: Tensor, bias: Tensor | None
    ) -> tuple[Tensor, int]:
        x_MBI = (
            x.expand(info.batch_size, *x.shape) if in_dims[0] is None else x.movedim(in_dims[0], 0)
        )
        weight_MOI = weight.movedim(in_dims[1] or 0, 0)
        # which does not reach into a function's own backward
        if torch.is_autocast_enabled(x.device.type):
            short = torch.get_autocast_dtype(x.device.type)
            x_MBI, weight_MOI = x_MBI.to(short), weight_MOI.to(short)
        flat_MBI = x_MBI.flatten(1, -2)
        out: Tensor = _BatchedLinear.apply(flat_MBI, weight_MOI)  # type: ignore[no-untyped-call]
        if bias is not None:
            out = out + bias.movedim(in_dims[2] or 0, 0)[:, None].to(out.dtype)
        return out.reshape(*x_MBI.shape[:-1], -1), 0


class _BatchedLinear(torch.autograd.Function):
    """(M, B, I) and (M, O, I) to (M, B, O)."""

    @staticmethod
    def forward(ctx: Any, x_MBI: Tensor, weight_MOI: Tensor) -> Tensor:
        ctx.save_for_backward(x_MBI, weight_MOI)
        return torch.bmm(x_MBI, weight_MOI.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, grad_MBO: Tensor) -> tuple[Tensor | None, Tensor]:
        x_MBI, weight_MOI = ctx.saved_tensors
        back_MBI = torch.bmm(grad_MBO, weight_MOI) if ctx.needs_input_grad[0] else None
        return back_MBI, torch.bmm(grad_MBO.transpose(1, 2), x_MBI)
