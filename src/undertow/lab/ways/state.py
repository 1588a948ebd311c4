"""What in a module makes answers depend on chance, on the batch, or on what was asked before."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from undertow.lab.measurements.first_difference import Difference, first_difference
from undertow.lab.measurements.operators_called import digest

SHOWN = 3


def left_in_training(module: nn.Module) -> list[str]:
    """Sentences on layers that were left in train mode, where they answer otherwise than in use."""
    named = [(name or "the model", each) for name, each in module.named_modules() if each.training]
    norms = [f"{name} ({type(m).__name__})" for name, m in named if isinstance(m, _BatchNorm)]
    drops = [
        f"{name} ({type(m).__name__})" for name, m in named if isinstance(m, _DropoutNd) and m.p > 0
    ]
    said = []
    if norms:
        said.append(
            f"{_listed(norms)}: batch norm in train mode, so an answer depends on the examples "
            "beside it in the batch; call .eval() on the model"
        )
    if drops:
        said.append(
            f"{_listed(drops)}: dropout in train mode, so an answer is drawn anew each time; call "
            ".eval() on the model"
        )
    return said


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def buffers_of(module: nn.Module) -> dict[str, str]:
    """A digest of each, to see whether asking changed it."""
    return {name: digest(buffer) for name, buffer in module.named_buffers()}


def changed_by_asking(before: dict[str, str], module: nn.Module) -> list[str]:
    """A sentence where buffers are not what they were."""
    after = buffers_of(module)
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed:
        return []
    return [
        f"{_listed(changed)}: changed while the model was asked, so it is not the same model from "
        "one way to the next"
    ]


def first_apart(step: Callable[[], object]) -> Difference | None:
    """The first operator whose output differs when the same is done twice."""
    return first_difference(step, step)
