"""``TorchCompile``: the network's passes as a compiler makes them."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import torch
from torch import Tensor

from undertow.errors import NoEffectError, UserError
from undertow.lab.interventions.arithmetic._forward import forward_replaced
from undertow.lab.interventions.site import AbstractArithmetic

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Given

Backend = Literal["inductor", "aot_eager", "eager"]
COMPILERS = ("g++", "clang++", "c++")


@dataclass(frozen=True)
class TorchCompile(AbstractArithmetic):
    """Trains with the network compiled by ``torch.compile``; loss and optimizer stay as they are,
    and so does whatever asks the network in eval mode.

    Fused loops round and sum otherwise than operators one by one. Each shape of a batch is compiled
    for itself (``dynamic=False``), so that what is computed does not depend on what came before,
    and a training that goes on after a stop gives the bytes of one that did not stop. Dropout draws
    what it draws uncompiled (``fallback_random``). More shapes than torch's limit is an error and
    not a silent return to single operators. What was compiled is forgotten afterwards
    (``torch._dynamo.reset``, which reaches all of the process), so each member compiles again, in
    seconds where the code is on disk. ``aot_eager`` and ``eager`` trace and call torch's own
    operators, and gave the bits of an uncompiled training: they tell whether a difference is the
    compiler's or the tracer's.

    Raises ``ValueError`` for another backend; ``UserError`` where ``inductor`` finds no C++
    compiler; ``NoEffectError`` where nothing was compiled.
    """

    by_itself: ClassVar[str] = "the network of one member is compiled"

    backend: Backend = "inductor"

    def __post_init__(self) -> None:
        if self.backend not in get_args(Backend):
            raise ValueError(f"{self!r}: backend is one of {', '.join(get_args(Backend))}")

    @property
    def unable(self) -> str:
        """Names what is missing."""
        if self.backend == "inductor" and not any(map(shutil.which, _compilers())):
            return "no C++ compiler is found; install g++, or name one in the variable CXX"
        return ""

    @contextmanager
    def around(self, given: Given) -> Iterator[None]:
        """Calls of the network go to what was compiled of it."""
        (model,) = given.models
        plain = model.forward

        with compiling(self, plain) as compiled:

            def forward(images: Tensor) -> Any:
                # probes hook layers, and ask in eval mode: compiled code knows nothing of later
                # hooks
                return (compiled if model.training else plain)(images)

            with forward_replaced(model, forward):
                yield


@contextmanager
def compiling(asked: TorchCompile, plain: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """A network's ``forward`` compiled as ``asked``; all that was compiled is forgotten afterwards.
    Raises as ``TorchCompile`` does."""
    if asked.unable:
        raise UserError(f"{asked!r}: {asked.unable}")
    with warnings.catch_warnings():  # torch warns of what its compiler still uses
        warnings.simplefilter("ignore", DeprecationWarning)
        from torch._dynamo import config, utils
        from torch._inductor import compile_fx  # noqa: F401
        from torch._inductor import config as inductor

    torch._dynamo.reset()
    utils.counters.clear()
    # not model.compile(), which torch skips for a network that is nn.Sequential
    compiled = torch.compile(plain, backend=asked.backend, dynamic=False)
    try:
        with (
            config.patch(fail_on_recompile_limit_hit=True),
            inductor.patch(fallback_random=True),
        ):
            yield compiled
        graphs = utils.counters["stats"]["unique_graphs"]
    finally:
        torch._dynamo.reset()
    if not graphs:
        raise NoEffectError(f"{asked!r} compiled nothing; this training calls no network")


def _compilers() -> tuple[str, ...]:
    named = os.environ.get("CXX")
    return (named,) if named else COMPILERS
