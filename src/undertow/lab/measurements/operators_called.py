"""Which operators a step calls, in order, and what each one read and gave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.module_tracker import ModuleTracker
from torch.utils.weak import WeakIdKeyDictionary

Phase = Literal["forward", "backward", "optimizer"]
UNFILLED = ("empty", "new_empty", "_empty")
"""Operators that give memory as it is, with whatever was there: how their names begin."""


@dataclass(frozen=True, eq=False)
class Called:
    """One call of an operator: ``aten.convolution``, in which phase, inside which module (by its
    path, which begins with the class of the outermost one; empty outside of modules).

    ``entered`` and ``left`` are digests of the tensors that it read and of those that it returned
    or changed in place, ``shapes`` those of the latter, ``values`` they themselves on the CPU, if
    they were to be kept.
    """

    operator: str
    phase: Phase
    module: str
    entered: tuple[str, ...]
    left: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    values: tuple[Tensor, ...] = ()


def operators_called(step: Callable[[], object], keep: bool = True) -> list[Called]:
    """Do ``step`` once and note each operator that torch calls in it, forward, backward and
    optimizer, in order; views, and memory that nobody has filled, are left out.

    ``keep`` keeps a copy of all that operators give, as much memory as they all need together. What
    runs compiled is one call or none. Sparse and quantized tensors are not looked into.
    """
    with ModuleTracker() as modules, _InOptimizer() as optimizing:
        noting = _Noting(keep, modules, optimizing)
        with noting:
            step()
    return noting.calls


class _InOptimizer:
    """Whether an optimizer's step is under way."""

    def __enter__(self) -> _InOptimizer:
        self.now = False
        self._hooks = (
            register_optimizer_step_pre_hook(lambda *_: self._set(True)),
            register_optimizer_step_post_hook(lambda *_: self._set(False)),
        )
        return self

    def _set(self, now: bool) -> None:
        self.now = now

    def __exit__(self, *error: object) -> None:
        for hook in self._hooks:
            hook.remove()


class _Noting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, keep: bool, modules: ModuleTracker, optimizing: _InOptimizer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keep, self.modules, self.optimizing = keep, modules, optimizing
        self.calls: list[Called] = []
        self._unfilled: Any = WeakIdKeyDictionary()
        """Tensors of memory that nobody has filled yet."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        named = kwargs or {}
        name = func._overloadpacket.__name__
        if func.is_view or func.namespace == "profiler":
            return func(*args, **named)
        if name.startswith(UNFILLED):
            made = func(*args, **named)
            self._unfilled[made] = name
            return made
        entered = tuple(map(self._digest, tensors_in((args, named))))
        out = func(*args, **named)
        left = tensors_in((out, written_by(func, args, named)))
        for x in left:
            self._unfilled.pop(x, None)
        self.calls.append(
            Called(
                operator=f"{func.namespace}.{name}",
                phase=self._phase(),
                module=self._module(),
                entered=entered,
                left=tuple(map(digest, left)),
                shapes=tuple(tuple(x.shape) for x in left),
                values=tuple(x.detach().cpu().clone() for x in left) if self.keep else (),
            )
        )
        return out

    def _digest(self, x: Tensor) -> str:
        """What memory holds that nobody has filled is no matter."""
        return "unfilled" if x in self._unfilled else digest(x)

    def _phase(self) -> Phase:
        if self.optimizing.now:
            return "optimizer"
        return "backward" if self.modules.is_bw else "forward"

    def _module(self) -> str:
        """The innermost one."""
        inside = self.modules.parents - {"Global"}
        return "" if self.optimizing.now else max(inside, key=lambda m: m.count("."), default="")


def written_by(func: Any, args: Sequence[Any], named: dict[str, Any]) -> Iterator[Any]:
    """The arguments that an operator changes in place."""
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            yield args[place] if place < len(args) else named.get(argument.name)


def tensors_in(nested: Iterable[Any]) -> list[Tensor]:
    """All of them, each once."""
    leaves = (x for part in nested for x in tree_leaves(list(part) if _is_lazy(part) else part))
    return list({id(x): x for x in leaves if isinstance(x, Tensor)}.values())


def _is_lazy(part: object) -> bool:
    return isinstance(part, Iterator)


def digest(x: Tensor) -> str:
    """Of a tensor's numbers in their order by index, whatever its order in memory; one that holds
    no plain numbers has none."""
    if x.layout != torch.strided or x.is_quantized or x.device.type == "meta":
        return ""
    with _unseen():
        flat = x.detach().resolve_conj().resolve_neg().cpu().contiguous().flatten()
        numbers = flat.view(torch.uint8) if flat.numel() else flat.to(torch.uint8)
    return hashlib.blake2b(numbers.numpy().data, digest_size=16).hexdigest()


@contextmanager
def _unseen() -> Iterator[None]:
    """Looking at a tensor is no part of the step."""
    with torch.no_grad(), torch.utils._python_dispatch._disable_current_modes():
        yield
