"""A row of numbers for each example, from whatever a person's model returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from undertow.errors import UserError

LOGITS = "logits"


def rows_of(model: str, answer: Any, asked: int, output: str | None) -> NDArray[Any]:
    """(B, C) of ``asked`` examples: float64 where the model gives that, else float32. ``output``
    names one of several outputs, by its key or its place."""
    tensor = _chosen(model, answer, output)
    if tensor.shape[:1] != (asked,) or tensor.ndim > 2 or not tensor.numel():
        raise UserError(
            f"{model}: gives an output of shape {tuple(tensor.shape)} for {asked} examples; it "
            "must give one row of logits (or one number) for each, so wrap it in a module that "
            "does, as by taking the logits of the last token"
        )
    if tensor.is_complex():
        raise UserError(f"{model}: gives complex numbers; wrap it in a module that gives real ones")
    kind = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    rows = tensor.detach().to("cpu", kind).reshape(asked, -1).contiguous().numpy()
    return np.array(rows)  # memory that no engine or compiled code writes to again


def _chosen(model: str, answer: Any, output: str | None) -> Tensor:
    """The tensor among what came back: the one that is named, the only one, or ``logits``."""
    if isinstance(answer, Tensor):
        if output:
            raise UserError(
                f"--output {output}: {model} returns one tensor, so there is nothing to choose "
                "from; leave it out"
            )
        return answer
    named = _named(answer)
    if not named:
        raise UserError(
            f"{model}: returns {type(answer).__name__}; it must return a tensor, or a tuple or "
            "dict of them"
        )
    wanted = output or (LOGITS if LOGITS in named else "")
    if not wanted and len(named) == 1:
        return next(iter(named.values()))
    if wanted in named:
        return named[wanted]
    there = ", ".join(named)
    if output:
        raise UserError(f"--output {output}: {model} has no such output; it has {there}")
    raise UserError(
        f"{model}: returns {len(named)} tensors ({there}); say which are the logits, as with "
        f"--output {next(iter(named))}"
    )


def _named(answer: Any) -> dict[str, Tensor]:
    """Tensors by key (those of ``ModelOutput`` too, which is a dict), or by place."""
    if isinstance(answer, Mapping):
        pairs = [(str(key), value) for key, value in answer.items()]
    elif isinstance(answer, tuple | list):
        names = getattr(answer, "_fields", None) or range(len(answer))
        pairs = [(str(name), value) for name, value in zip(names, answer, strict=True)]
    else:
        pairs = [(LOGITS, getattr(answer, LOGITS, None))]
    return {name: value for name, value in pairs if isinstance(value, Tensor)}
