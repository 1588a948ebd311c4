"""What each operator of a forward pass has to do: operations by torch's own count, bytes by its
tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from torch.utils.module_tracker import ModuleTracker

from undertow.lab.measurements.operators_called import tensors_in, written_by
from undertow.lab.measurements.roofline import Shape

Kind = Literal["linear", "convolution", "attention", "pointwise", "other"]
LINEAR = {"mm", "addmm", "bmm", "baddbmm"}
LSTM = "mkldnn_rnn_layer"
"""oneDNN's, of which torch counts nothing; other recurrent layers call products, step by step."""


@dataclass(frozen=True)
class Cost:
    """One call of an operator. ``flops`` counts a multiplication and an addition as two, and only
    where torch counts (products, convolutions, attention); ``weights`` are bytes of parameters
    among what is read, ``touched`` all bytes read and written. ``module`` is the path of the
    innermost module. ``into``: it writes into memory that it is given, as a copy does."""

    operator: str
    kind: Kind
    module: str
    flops: float
    weights: int
    touched: int
    dtype: str
    shape: Shape | None
    into: bool = False


def operator_costs(model: torch.nn.Module, run: Callable[[], object]) -> list[Cost]:
    """Each operator that ``run`` calls, in order. Views cost nothing and are left out. A tensor
    subclass (a quantized weight) is looked into: what it calls is counted."""
    held = {t.untyped_storage().data_ptr() for t in _parameters(model)}
    with ModuleTracker() as modules, torch.no_grad():
        counting = _Counting(held, modules)
        with counting:
            run()
    return counting.costs


def _parameters(model: torch.nn.Module) -> list[Tensor]:
    return [p for p in model.parameters() if type(p) is torch.nn.Parameter and _plain(p)]


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, held: set[int], modules: ModuleTracker) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held, self.modules = held, modules
        self.costs: list[Cost] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        named = kwargs or {}
        if types:  # Its own way of doing this calls plain operators, which come here again.
            return NotImplemented
        out = func(*args, **named)
        if not func.is_view and func.namespace != "profiler":
            self.costs.append(self._cost(func, args, named, out))
        return out

    def _cost(self, func: Any, args: Sequence[Any], named: dict[str, Any], out: Any) -> Cost:
        read = tensors_in((args, named))
        given = tensors_in((written_by(func, args, named),))
        left = tensors_in((out, given))
        name = func._overloadpacket.__name__
        counted = flop_registry.get(func._overloadpacket)
        weights = [t for t in read if _plain(t) and t.untyped_storage().data_ptr() in self.held]
        return Cost(
            operator=f"{func.namespace}.{name}",
            kind=_kind(func, name),
            module=max(self.modules.parents - {"Global"}, key=lambda m: m.count("."), default=""),
            flops=_flops(counted, name, args, named, out),
            weights=sum(map(bytes_of, weights)),
            touched=sum(map(bytes_of, read)) + sum(map(bytes_of, left)),
            dtype=str((read or left)[0].dtype).removeprefix("torch.") if read or left else "",
            shape=_shape(name, args, out),
            into=bool(given) and len(left) == len(given),
        )


def _flops(counted: Any, name: str, args: Sequence[Any], named: dict[str, Any], out: Any) -> float:
    if name == LSTM:
        steps: int = args[0].shape[0]
        return steps * _step_of_lstm(args).flops
    return float(counted(*args, **named, out_val=out)) if counted else 0.0


def _step_of_lstm(args: Sequence[Any]) -> Shape:
    """A batch by the weights of all gates, of inputs and of states, which lie one above the other.
    One call is one layer in one direction."""
    x_TBI, of_inputs, of_states = args[:3]
    gates, inputs = of_inputs.shape
    return Shape(x_TBI.shape[1], inputs + of_states.shape[1], gates)


def _kind(func: Any, name: str) -> Kind:
    if name in LINEAR or "_mm" in name or name == LSTM:
        return "linear"
    if "convolution" in name:
        return "convolution"
    if "attention" in name:
        return "attention"
    # A batch norm that is asked scales and shifts each number; torch does not tag it so.
    pointwise = torch.Tag.pointwise in func.tags or "batch_norm" in name
    return "pointwise" if pointwise else "other"


def _shape(name: str, args: Sequence[Any], out: Any) -> Shape | None:
    """That of the matrix product; a convolution is one over patches."""
    if name in ("mm", "addmm"):
        a, b = args[-2:] if name == "mm" else args[1:3]
        return Shape(a.shape[0], a.shape[1], b.shape[1])
    if "convolution" in name:
        weight = args[1]
        return Shape(
            out.numel() // out.shape[1], weight[0].numel(), weight.shape[0]
        )  # Groups share the columns: each has as long a sum.
    if name == LSTM:
        return _step_of_lstm(args)
    return None


def _plain(x: Tensor) -> bool:
    return x.layout == torch.strided and x.device.type != "meta"


def bytes_of(x: Tensor) -> int:
    """Bytes that a tensor has in memory: of an expanded one those that it repeats, of a sparse one
    values and indices."""
    if x.layout == torch.strided:
        return min(x.numel() * x.element_size(), x.untyped_storage().nbytes())
    if x.layout in (torch.sparse_csr, torch.sparse_bsr):
        return sum(bytes_of(t) for t in (x.values(), x.crow_indices(), x.col_indices()))
    if x.layout in (torch.sparse_csc, torch.sparse_bsc):  # As a product reads a CSR weight.
        return sum(bytes_of(t) for t in (x.values(), x.ccol_indices(), x.row_indices()))
    return 0
