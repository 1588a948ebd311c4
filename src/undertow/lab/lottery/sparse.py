"""Linear layers whose zeros are not stored: CSR, and blocks of 16 × 16 (BSR).

torch has two kernels for the product of a batch and such a matrix. Its own ``linear`` turns the
matrix round first, and its kernel for that is several times slower than the one for a matrix that
stands on the left (5 to 6 times where measured: ``docs/lottery.md``). So the layer here puts it
there, and the other call is a variant of its own, since it is what a sparse weight in a
``torch.nn.Linear`` gets.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from undertow.lab.interventions.runtime._modules import kind_of
from undertow.lab.interventions.weights._masks import keep_largest
from undertow.lab.lottery.built import Built, CannotRun, of_module
from undertow.lab.measurements.clocks import timed

BLOCK = 16


class SparseLinear(nn.Module):
    """A linear layer on a sparse matrix, which stands on the left of the product; on the right, as
    in torch's own layer, where ``as_linear``."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, as_linear: bool = False) -> None:
        super().__init__()
        self.as_linear = as_linear
        self.register_buffer("weight", weight)
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) to (…, out)."""
        rows = x.reshape(-1, x.shape[-1])
        answer = self._as_linear(rows) if self.as_linear else self._on_the_left(rows)
        return answer.reshape(*x.shape[:-1], answer.shape[-1])

    def _as_linear(self, x_BI: Tensor) -> Tensor:
        answer: Tensor = torch.nn.functional.linear(x_BI, self.weight, self.bias)
        return answer

    def _on_the_left(self, x_BI: Tensor) -> Tensor:
        if self.bias is None:
            return torch.mm(self.weight, x_BI.t()).t()
        return torch.addmm(self.bias[:, None], self.weight, x_BI.t()).t()


def in_csr(network: nn.Module, sparsity: float, as_linear: bool = False) -> Built:
    """The smallest weights of each linear layer are not stored."""
    return _sparse(
        network, lambda w: _compressed(w * keep_largest(w.abs(), sparsity), None), as_linear
    )


def in_bsr(network: nn.Module, sparsity: float) -> Built:
    """The smallest blocks are not stored; a layer whose sides are no multiples of 16 stays
    dense."""
    return _sparse(network, lambda w: _blocks(w, sparsity))


def _blocks(weight: Tensor, sparsity: float) -> Tensor | None:
    rows, columns = weight.shape
    if rows % BLOCK or columns % BLOCK:
        return None
    tiles = weight.reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK)
    kept = keep_largest(tiles.pow(2).sum((1, 3)), sparsity)
    return _compressed((tiles * kept[:, None, :, None]).reshape(rows, columns), (BLOCK, BLOCK))


def _compressed(weight: Tensor, block: tuple[int, int] | None) -> Tensor:
    with warnings.catch_warnings():  # torch calls its sparse tensors beta.
        warnings.simplefilter("ignore")
        return weight.to_sparse_csr() if block is None else weight.to_sparse_bsr(block)


@torch.no_grad()
def _sparse(
    network: nn.Module, of: Callable[[Tensor], Tensor | None], as_linear: bool = False
) -> Built:
    changed = copy.deepcopy(network)
    count = {"sparse": 0, "dense": 0}
    for name, layer in list(changed.named_modules()):
        if not isinstance(layer, nn.Linear):
            count["dense"] += kind_of(layer) is not None
            continue
        matrix = of(layer.weight.detach())
        count["dense" if matrix is None else "sparse"] += 1
        if matrix is not None:
            changed.set_submodule(name, SparseLinear(matrix, layer.bias, as_linear))
    if not count["sparse"]:
        raise CannotRun("no linear layer can be stored so; torch has no sparse convolution here")
    whole = not count["dense"]
    note = "" if whole else f"{count['dense']} of {sum(count.values())} operators stay dense"
    return of_module(changed, "native" if whole else "partly native", note, **count)


def kernel_speedup(dense: nn.Module, sparse: nn.Module, x_B: Tensor, repeats: int) -> float:
    """How many times as fast the sparse layers are as the dense ones, alone, on what enters them:
    the rest of a network neither gains nor hides."""
    entering: dict[str, Tensor] = {}
    layers = {n: m for n, m in sparse.named_modules() if isinstance(m, SparseLinear)}
    plain = dict(dense.named_modules())

    def note(name: str) -> Callable[[nn.Module, Any], None]:
        def noted(module: nn.Module, given: Any) -> None:
            entering[name] = given[0]

        return noted

    hooks = [plain[name].register_forward_pre_hook(note(name)) for name in layers]
    with torch.no_grad():
        dense(x_B)
        for hook in hooks:
            hook.remove()
        seconds = [
            sum(timed(lambda m=m, x=x: m(x), repeats).processor for m, x in pairs)  # type: ignore[misc]
            for pairs in (
                [(plain[n], entering[n]) for n in layers],
                [(layers[n], entering[n]) for n in layers],
            )
        ]
    return seconds[0] / seconds[1]
