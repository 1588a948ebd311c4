"""``GradientFlow``: how large the gradients of active weights are (Effective Gradient Flow,
2102.01670)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from undertow.errors import UserError
from undertow.lab.interventions.site import weight_layers
from undertow.lab.probes.asking import chosen_epochs, in_train_mode
from undertow.lab.probes.probe import Found, Probe, ProbeRun
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.training import Given, TrainingRun
from undertow.lab.weights_file import PARAMETRIZED, is_masked
from undertow.records.schema import ProbeEntry

Order = Literal[1, 2]
ORDERS: tuple[Order, ...] = (1, 2)
APART = 1 << 40
"""Added to an epoch: noise of a question shares nothing with the noise of a step."""


def effective_gradient_flow(
    gradients: Sequence[Tensor], active: Sequence[Tensor], p: Order
) -> float:
    """EGF_p = (1/L) Σ_l ‖∂C/∂θ_l ⊙ m_l‖_p over L layers; ``active`` holds the masks m_l
    (2102.01670, the authors' slides). There is no division by the number of active weights, see
    ``flow_per_active_weight``."""
    return _mean([_norm(g * m, p) for g, m in zip(gradients, active, strict=True)])


def flow_per_active_weight(
    gradients: Sequence[Tensor], active: Sequence[Tensor], p: Order
) -> float:
    """(1/L) Σ_l ‖∂C/∂θ_l ⊙ m_l‖_p / ‖m_l‖₀, as the paper's announcement describes EGF; 0 for a
    layer without active weights."""
    return _mean(
        [
            _norm(g * m, p) / max(1, int(m.count_nonzero()))
            for g, m in zip(gradients, active, strict=True)
        ]
    )


def gradient_norm(gradients: Sequence[Tensor], p: Order) -> float:
    """‖g‖_p of all layers in one vector, masked weights included: the plain measure."""
    return _norm(torch.cat([gradient.flatten() for gradient in gradients]), p)


def _norm(values: Tensor, p: Order) -> float:
    return float(values.double().flatten().norm(p))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class Layer(NamedTuple):
    """Weights as the network reads them, and which of them are active."""

    name: str
    weight: Tensor
    active: Tensor


def layers_of(model: nn.Module) -> list[Layer]:
    """Matrices and filters that learn, under the names that they have without masks: no biases, no
    norms, no frozen layers. To be called under ``parametrize.cached()``, so that a masked weight is
    the very tensor that the forward pass reads."""
    found: dict[str, Layer] = {}
    for name, weight in weight_layers(model).items():
        path, made, rest = name.partition(PARAMETRIZED)
        if not made:
            found[name] = Layer(name, weight, torch.ones_like(weight, dtype=torch.bool))
            continue
        # of several tensors (a direction and a length) one weight is made, and it is read once
        module, attribute = model.get_submodule(path), rest.partition(".")[0]
        whole = f"{path}.{attribute}"
        found.setdefault(whole, _read(whole, module, attribute))
    return [layer for layer in found.values() if layer.weight.requires_grad]


def _read(name: str, module: nn.Module, attribute: str) -> Layer:
    weight = getattr(module, attribute)
    active = torch.ones_like(weight, dtype=torch.bool)
    if is_masked(module, attribute):
        for mask in module.parametrizations[attribute]:  # type: ignore[index]
            active = active & mask.keep
    return Layer(name, weight, active)


@dataclass(frozen=True)
class GradientFlow(Probe):
    """Gradient flow after ``moments`` epochs, evenly spread, the last among them.

    Of the mean cross-entropy with the labels over the first ``examples`` training examples, without
    augmentation and in train mode: always the same batch, so that moments and members compare (the
    paper does not say which batch it takes). Weight decay is no part of it. Columns of the series:
    ``egf1`` and ``egf2`` (``effective_gradient_flow``), ``egf1_per_active`` and ``egf2_per_active``
    (``flow_per_active_weight``), ``norm1`` and ``norm2`` (``gradient_norm``), and each layer's
    ‖g ⊙ m‖₂ under its name.
    """

    moments: int = 11
    examples: int = 512

    def __post_init__(self) -> None:
        if self.moments < 1 or self.examples < 2:
            raise ValueError(f"{self!r}: give 1 moment and 2 examples, or more")

    @property
    def name(self) -> str:
        """``gradient-flow``."""
        return "gradient-flow"

    def entry(self, epochs: int) -> ProbeEntry:
        """Values per epoch alone."""
        return ProbeEntry(description=repr(self), epochs=chosen_epochs(epochs, self.moments))

    def start(self, given: Given, epochs: int) -> ProbeRun:
        """Begin with the batch that will be asked about."""
        return _GradientFlowRun(self, given, chosen_epochs(epochs, self.moments))


class _GradientFlowRun(ProbeRun):
    """Each member is asked by itself, in a stack too: its weights are rows of the stack's."""

    def __init__(self, what: GradientFlow, given: Given, epochs: tuple[int, ...]) -> None:
        self.given, self.epochs = given, epochs
        self.rows_M: list[dict[int, dict[str, float]]] = [{} for _ in given.models]
        examples = min(what.examples, len(given.data.train_y_N))
        self.index_B = torch.arange(examples, device=given.data.device)

    def after_epoch(self, epoch: int, run: TrainingRun) -> None:
        """Ask where the epoch is one of those."""
        if epoch not in self.epochs:
            return
        x_BCHW = self.given.data.train_batch(self.index_B)
        y_B = self.given.data.train_y_N[self.index_B]
        for model, seeds, rows in zip(
            self.given.models, self.given.seeds_M, self.rows_M, strict=True
        ):
            seed = mixed(seeds["dropout"], APART + epoch)
            with in_train_mode(model, seed, x_BCHW.device):
                rows[epoch] = _flow(model, x_BCHW, y_B)

    def found(self) -> list[Found]:
        """A series per member."""
        return [
            Found(series=pl.DataFrame([{"epoch": e} | _by_name(rows[e]) for e in sorted(rows)]))
            for rows in self.rows_M
        ]

    def state_dict(self) -> Mapping[str, Any]:
        """Rows so far."""
        return {
            str(m): {str(epoch): row for epoch, row in rows.items()}
            for m, rows in enumerate(self.rows_M)
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put them back."""
        self.rows_M = [
            {
                int(epoch): {name: float(value) for name, value in row.items()}
                for epoch, row in state_dict.get(str(m), {}).items()
            }
            for m in range(len(self.rows_M))
        ]


def _by_name(row: dict[str, float]) -> dict[str, float]:
    """A checkpoint does not keep an order."""
    return dict(sorted(row.items()))


def _flow(model: nn.Module, x_BCHW: Tensor, y_B: Tensor) -> dict[str, float]:
    with torch.enable_grad(), parametrize.cached():
        layers = layers_of(model)
        if not layers:
            raise UserError(
                f"{type(model).__name__}: no matrix and no filter learns, so it has no gradient "
                "flow; leave GradientFlow out"
            )
        loss = F.cross_entropy(model(x_BCHW).float(), y_B)
        gradients = torch.autograd.grad(
            loss, [layer.weight for layer in layers], materialize_grads=True
        )
    active = [layer.active for layer in layers]
    row: dict[str, float] = {}
    for p in ORDERS:
        row[f"egf{p}"] = effective_gradient_flow(gradients, active, p)
        row[f"egf{p}_per_active"] = flow_per_active_weight(gradients, active, p)
        row[f"norm{p}"] = gradient_norm(gradients, p)
    return row | {
        layer.name: _norm(gradient * layer.active, 2)
        for layer, gradient in zip(layers, gradients, strict=True)
    }
