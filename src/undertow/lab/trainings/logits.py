"""What a model's forward pass must give."""

from __future__ import annotations

from torch import Tensor

from undertow.errors import UserError


def checked(logits: Tensor, shape: tuple[int, ...], model: object) -> Tensor:
    """The logits, if they are a tensor of this shape; else ``UserError`` that names the model and
    what it gave."""
    if isinstance(logits, Tensor) and tuple(logits.shape) == shape:
        return logits
    gave = (
        f"a tensor of shape {tuple(logits.shape)}"
        if isinstance(logits, Tensor)
        else type(logits).__name__
    )
    raise UserError(
        f"{type(model).__name__}: forward() returned {gave} for {shape[-2]} images; it must return "
        f"one logit for each of the {shape[-1]} classes that build() is given, a tensor of shape "
        f"{shape[-2:]}"
    )
