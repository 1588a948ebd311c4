"""What in a module makes answers depend on chance, on the batch, or on what was asked before."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from undertow.lab.measurements.first_difference import Difference, first_difference
from undertow.lab.measurements.operators_called import digest
from undertow.undecoded import shell_word

SHOWN = 3


def left_in_training(module: nn.Module) -> list[str]:
    """Sentences on layers that were left in train mode, where they answer otherwise than in use."""
    norms, drops = _norms_and_drops(module)
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


def _norms_and_drops(module: nn.Module) -> tuple[list[str], list[str]]:
    """Layers in train mode that answer otherwise in use: batch norms, and those that drop."""
    named = [(name or "the model", each) for name, each in module.named_modules() if each.training]
    norms = [f"{name} ({type(m).__name__})" for name, m in named if isinstance(m, _BatchNorm)]
    drops = [
        f"{name} ({type(m).__name__})" for name, m in named if isinstance(m, _DropoutNd) and m.p > 0
    ]
    return norms, drops


def changed_for_a_lottery(name: str, module: nn.Module) -> list[str]:
    """Sentences on a module of this name that is not in eval mode and float32, as all variants of a
    lottery are."""
    said = []
    if any(each.training for each in module.modules()):
        norms, drops = _norms_and_drops(module)
        said.append(
            f"{_listed([*norms, *drops] or [f'the model ({type(module).__name__})'])}: in train "
            "mode, and asked in eval mode here; call .eval() on the model"
        )
    kinds = dict[str, list[str]]()
    for key, held in (*module.named_parameters(), *module.named_buffers()):
        if held.dtype.is_floating_point and held.dtype != torch.float32:
            kinds.setdefault(str(held.dtype).removeprefix("torch."), []).append(key)
    said += [
        f"{_listed(keys)}: {kind}, and asked in float32 here; call .float() on the model, or "
        f"compare its answers as it is with undertow vary {shell_word(name)} --inputs inputs.npz"
        for kind, keys in kinds.items()
    ]
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
