"""What a variant is once it runs, and why one may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from undertow.lab.interventions.site import Compiled
from undertow.lab.measurements.operator_costs import bytes_of
from undertow.lab.own_code import told

Status = Literal[
    "native", "partly native", "emulated", "no effect", "error", "not here", "other batch"
]
"""``native``: kernels of its own for all operators with weights that it promises to change.
``partly native``: some of these run as before, unasked. ``emulated``: it stores what it promises,
and computes as before. ``no effect``: nothing was changed. ``not here``: this machine or
installation lacks something. ``other batch``: it runs here, and not in batches of this size."""


@dataclass(frozen=True, eq=False)
class Built:
    """A variant that runs. ``operators`` counts those with weights by what became of them; ``size``
    is the bytes of its weights."""

    logits: Callable[[Tensor], Tensor]
    size: int
    status: Status = "native"
    note: str = ""
    operators: dict[str, int] = field(default_factory=dict)
    network: nn.Module | None = None
    """Where it is still a module: what it calls can be traced."""


WORDS = (80, 160)
"""Letters at the beginning and at the end of an engine's own words that a row shows: which error it
is, and what it was about, after the places in its code that it passed."""


def in_its_words(error: BaseException) -> str:
    """What an engine raised, quoted, in one line without what a terminal obeys."""
    said, (head, tail) = told(error), WORDS
    return repr(said if len(said) <= sum(WORDS) else f"{said[:head]}…{said[-tail:]}")


def gave_up(at: str, error: BaseException) -> str:
    """What a row says of an engine that raised this as it was ``built`` or ``asked``."""
    return f"it gave up as it was {at}; its words: {in_its_words(error)}"


class CannotRun(Exception):
    """Why a variant is not here, in a sentence."""

    status: ClassVar[Status] = "not here"


class OtherBatch(CannotRun):
    """Why a variant does not run in this batch, and in which it does."""

    status: ClassVar[Status] = "other batch"


def of_module(
    network: nn.Module, status: Status = "native", note: str = "", **operators: int
) -> Built:
    """A module that answers by being called."""

    def logits(x_B: Tensor) -> Tensor:
        with torch.no_grad():
            answer: Tensor = network(x_B)
        return answer

    return Built(logits, bytes_held(network), status, note, operators, network)


def of_engine(compiled: Compiled, size: int) -> Built:
    """An int8 engine, by what it tells of its operators. A weight that is held as an integer takes
    one byte of its four."""
    facts = compiled.effect.facts
    integer, plain = (
        int(sum(count for name, count in facts.items() if name.startswith(held)))
        for held in ("int8.", "float.")
    )
    held = size - 3 * compiled.effect.changed
    status: Status = "partly native" if plain else "native"
    note = f"{plain} of {integer + plain} operators stay float32" if plain else ""
    return Built(compiled.logits, held, status, note, {"int8": integer, "float32": plain})


def bytes_held(network: nn.Module) -> int:
    """Of all parameters and buffers, sparse ones with their indices, quantized ones with scales."""
    seen = {id(t): t for t in (*network.parameters(), *network.buffers())}
    return sum(_bytes(t) for t in seen.values())


def _bytes(x: Tensor) -> int:
    inner = getattr(type(x), "__tensor_flatten__", None)
    if inner is None:
        return bytes_of(x.detach())
    names, _ = x.__tensor_flatten__()  # type: ignore[attr-defined]
    return sum(_bytes(getattr(x, name)) for name in names)
