"""Masks over weights: which to keep, and how a model carries them so that zeros hold.

Torch's own hook pruning breaks tied weights, ``deepcopy`` and attention output layers, and loses
its zeros with one more optimizer step. Here a mask is a parametrization: the dense *master* weight
stays the trained parameter, every read of the weight is masked, and modules that share a parameter
share its mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from undertow.errors import NoEffectError, UserError
from undertow.lab.interventions.site import Effect, weight_layers
from undertow.lab.models.head import head_of, is_of_head

Of = Literal["model", "encoder"]
"""Which weights an intervention may touch: all, or those before the head alone."""


def zeros_for(count: int, sparsity: float) -> int:
    """How many of ``count`` weights go at this sparsity: the nearest whole number, halves
    upwards."""
    return int(count * sparsity + 0.5)


def keep_largest(score: Tensor, sparsity: float) -> Tensor:
    """Boolean mask of ``score``'s shape, False for the ``zeros_for`` lowest scores; ties go by
    position, first out.

    The count is exact even where all scores are equal. (The published T2T code breaks ties at
    random.)
    """
    flat = score.flatten()
    mask = torch.ones_like(flat, dtype=torch.bool)
    mask[torch.argsort(flat, stable=True)[: zeros_for(flat.numel(), sparsity)]] = False
    return mask.reshape(score.shape)


def magnitude_score(weight: Tensor, held: Tensor | None = None) -> Tensor:
    """``|weight|``; with the mask ``held``, weights already removed come below all others, so masks
    nest."""
    score = weight.detach().abs()
    return score if held is None else torch.where(held, score, -torch.ones_like(score))


def magnitude_mask(weight: Tensor, sparsity: float, held: Tensor | None = None) -> Tensor:
    """Keep the largest magnitudes of one tensor. ``held`` is an earlier mask whose zeros must stay
    (nested masks)."""
    return keep_largest(magnitude_score(weight, held), sparsity)


def magnitude_masks(
    weights: Sequence[Tensor],
    sparsity: float,
    scope: Literal["layer", "global"],
    held: Sequence[Tensor] | None = None,
) -> list[Tensor]:
    """Masks of several tensors, each by itself (``layer``) or all ranked together (``global``)."""
    earlier: Sequence[Tensor | None] = held or [None] * len(weights)
    if scope == "layer":
        return [
            magnitude_mask(weight, sparsity, mask)
            for weight, mask in zip(weights, earlier, strict=True)
        ]
    scores = [magnitude_score(weight, mask) for weight, mask in zip(weights, earlier, strict=True)]
    return keep_largest_globally(scores, sparsity)


def keep_largest_globally(scores: Sequence[Tensor], sparsity: float) -> list[Tensor]:
    """One threshold over all tensors together: each gives up what is small compared with the whole
    model."""
    whole = keep_largest(torch.cat([score.flatten() for score in scores]), sparsity)
    ends = np.cumsum([score.numel() for score in scores]).tolist()
    return [
        whole[end - score.numel() : end].reshape(score.shape)
        for end, score in zip(ends, scores, strict=True)
    ]


def draw_lots(weights: list[nn.Parameter], seed: int) -> list[Tensor]:
    """A uniform number per weight, the same on every device for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(weight.shape, generator=generator).to(weight.device) for weight in weights]


class Mask(nn.Module):
    """A parametrization that reads a weight as zero where ``keep`` is False.

    A zero entry gets no gradient from the loss, though momentum and decay still move its master
    weight.
    """

    keep: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("keep", torch.ones_like(weight, dtype=torch.bool))

    def forward(self, weight: Tensor) -> Tensor:
        # where, not a product: a master weight that overflowed must not turn a zero into NaN
        return torch.where(self.keep, weight, torch.zeros_like(weight))


class MaskedWeights:
    """One mask per prunable parameter of ``model``, or of its encoder, registered on every module
    that holds the parameter."""

    def __init__(self, model: nn.Module, of: Of = "model") -> None:
        self.model, self.of = model, of
        self.masters = layers_of(model, of)
        self._holders = _holders(model, list(self.masters.values()))
        self.masks = {name: Mask(weight) for name, weight in self.masters.items()}
        for name, holders in self._holders_by_name().items():
            for module, attribute in holders:
                parametrize.register_parametrization(module, attribute, self.masks[name])

    def _holders_by_name(self) -> dict[str, list[tuple[nn.Module, str]]]:
        return {name: self._holders[id(weight)] for name, weight in self.masters.items()}

    @torch.no_grad()
    def set(self, masks: Sequence[Tensor]) -> None:
        """Replace all masks, in the order of ``masters``."""
        for mask, keep in zip(self.masks.values(), masks, strict=True):
            mask.keep.copy_(keep)

    def leave(self) -> None:
        """Leave plain parameters, zero where masked."""
        for holders in self._holders_by_name().values():
            for module, attribute in holders:
                parametrize.remove_parametrizations(module, attribute, leave_parametrized=True)

    @torch.no_grad()
    def bake(self, owner: str) -> Effect:
        """Leave plain parameters, zero where masked, and count; ``NoEffectError`` where no weight
        became zero.

        ``sparsity`` is over prunable weights, a tied one counted once; ``sparsity_all`` over all
        parameters. ``sparsity_layer_max`` is that of the emptiest layer: 1 means a layer that
        passes nothing on.
        """
        changed = sum(
            int((weight[~self.masks[name].keep] != 0).sum())
            for name, weight in self.masters.items()
        )
        self.leave()
        if changed == 0:
            raise NoEffectError(
                f"{owner} set no weight to zero; ask for a higher sparsity or train for longer"
            )
        return Effect(changed=changed, facts=sparsity_facts(self.model, self.of))


def layers_of(model: nn.Module, of: Of) -> dict[str, nn.Parameter]:
    """Matrices and filters by name, without those of the head where they are of the encoder. A
    matrix that the head shares with an earlier layer is the earlier one's.

    Raises ``UserError`` for an encoder without any.
    """
    layers = weight_layers(model)
    if of == "model":
        return layers
    head = head_of(model)
    encoder = {name: weight for name, weight in layers.items() if not is_of_head(name, head)}
    if not encoder:
        raise UserError(
            f"{type(model).__name__}: of='encoder' leaves no weight to prune, since all weights "
            f"are those of its head {head!r}; choose of='model', or a model with layers before "
            "its head"
        )
    return encoder


def sparsity_facts(model: nn.Module, of: Of = "model") -> dict[str, float]:
    """Share of exact zeros among prunable weights (those of the encoder, where it alone was
    pruned), among all parameters, and in the emptiest layer."""
    layers = layers_of(model, of).values()
    zeros = [int((weight == 0).sum()) for weight in layers]
    sizes = [weight.numel() for weight in layers]
    total = sum(parameter.numel() for parameter in model.parameters())
    return {
        "sparsity": sum(zeros) / sum(sizes),
        "sparsity_all": sum(zeros) / total,
        "sparsity_layer_max": max(zero / size for zero, size in zip(zeros, sizes, strict=True)),
    }


def _holders(
    model: nn.Module, weights: list[nn.Parameter]
) -> dict[int, list[tuple[nn.Module, str]]]:
    """The modules and attribute names under which each parameter lives; refuses weights that are
    parametrized."""
    found: dict[int, list[tuple[nn.Module, str]]] = {id(weight): [] for weight in weights}
    for name, module in model.named_modules():
        if isinstance(module, parametrize.ParametrizationList):
            raise ValueError(
                f"{name}: this weight is already computed from another one, by an earlier pruning "
                "that has not finished or by a normalisation; prune the plain model, one pruning "
                "at a time"
            )
        for attribute, parameter in module._parameters.items():
            if parameter is not None and id(parameter) in found:
                found[id(parameter)].append((module, attribute))
    return found
