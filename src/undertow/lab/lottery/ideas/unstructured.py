"""Unstructured sparsity: nine of ten weights are not stored, wherever they are (CSR)."""

from __future__ import annotations

from torch import nn

from undertow.lab.lottery.ideas.idea import Idea, Side
from undertow.lab.lottery.sparse import SparseLinear, in_csr

SPARSITY = 0.9


def pruned(
    inputs: int, outputs: int, sparsity: float = SPARSITY, as_linear: bool = False
) -> nn.Module:
    """A linear layer's largest weights."""
    network = in_csr(nn.Sequential(nn.Linear(inputs, outputs)), sparsity, as_linear).network
    assert network is not None  # As in_csr gives a module.
    return network


def stored_operations(network: nn.Module, batch: int) -> float:
    """A multiplication and an addition for each weight that is stored: torch counts as if all
    were."""
    layers = [m for m in network.modules() if isinstance(m, SparseLinear)]
    return 2.0 * batch * sum(layer.weight.values().numel() for layer in layers)


TWIN = Side("a linear layer, 512 to 512", lambda: nn.Linear(512, 512), (512,))
CANNOT = {
    "onnxruntime": "torch's exporter can neither trace a product with a CSR matrix for any batch "
    "nor write the matrix into an ONNX file",
    "openvino": "its converter has no CSR matrices",
}
UNSTRUCTURED = Idea(
    "csr",
    Side(
        "a linear layer, 2,048 to 1,280, with 90 % of its weights left out (CSR)",
        lambda: pruned(2048, 1280),
        (2048,),
        stored_operations,
    ),
    TWIN,
    CANNOT,
)
AS_LINEAR = Idea(
    "csr-linear",
    Side(
        "the same in torch's own linear layer, which turns the matrix round",
        lambda: pruned(2048, 1280, as_linear=True),
        (2048,),
        stored_operations,
    ),
    TWIN,
    CANNOT,
)
