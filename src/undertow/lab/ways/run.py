"""Asks a model in all ways, the same again first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from undertow.errors import UndertowError, UserError
from undertow.lab.measurements.this_machine import this_machine
from undertow.lab.ways.chosen import (
    AskedFor,
    Skipped,
    reference_way,
    refuse_unfit,
    threads_of,
    ways_for,
)
from undertow.lab.ways.effect import without_effect
from undertow.lab.ways.given_model import EXAMPLE, model_named
from undertow.lab.ways.in_onnx import InOnnx, exported, refuse_unreadable
from undertow.lab.ways.in_process import answers_apart
from undertow.lab.ways.in_torch import InTorch
from undertow.lab.ways.state import (
    buffers_of,
    changed_by_asking,
    first_apart,
    left_in_training,
)
from undertow.lab.ways.together import Arrays, Ask, PadAxis, answers, batches
from undertow.lab.ways.way import Way

Tell = Callable[[str], None]
"""Told the name of each way as it begins."""


class Asked(NamedTuple):
    """One way's answers (N, C)."""

    way: Way
    answer_NC: NDArray[Any]


@dataclass(frozen=True, eq=False)
class AllWays:
    """The reference twice, then every other way; ``no_effect`` are ways that change nothing in this
    model, which agree without showing anything. ``first_apart`` names the first operator that
    differed between the two, and is empty where none did or none could be looked at; ``notices``
    are sentences on the model's state, ``machine`` is where it was asked."""

    reference: Asked
    again_NC: NDArray[Any]
    others: tuple[Asked, ...]
    skipped: tuple[Skipped, ...]
    no_effect: tuple[Skipped, ...]
    notices: tuple[str, ...]
    first_apart: str
    threads: int
    machine: dict[str, Any]


def all_ways(
    model: str | nn.Module, arrays: Arrays, asked: AskedFor, output: str | None, tell: Tell
) -> AllWays:
    """Load the model where it is named, and ask it. ``UserError`` where it cannot be asked as the
    reference is; what fails in another way alone is skipped with the reason."""
    made = _askable(model, output)
    refuse_unfit(asked, made)
    if isinstance(made, InOnnx):
        refuse_unreadable(made)
    notices = left_in_training(made.module) if isinstance(made, InTorch) else []
    first = reference_way(asked, len(next(iter(arrays.values()))))
    tell("reference")
    before = buffers_of(made.module) if isinstance(made, InTorch) else {}
    reference = Asked(first, _answers(made, first, arrays, asked.pads))
    if isinstance(made, InTorch) and not notices:
        notices += changed_by_asking(before, made.module)
    tell("the same again")
    again_NC = _answers(made, first, arrays, asked.pads)
    apart = ""
    if not same(reference.answer_NC, again_NC):
        apart = _first_apart(made, first, arrays)
    others, skipped, no_effect = list[Asked](), list[Skipped](), list[Skipped]()
    for way in ways_for(asked, made, arrays, first):
        if isinstance(way, Skipped):
            skipped.append(way)
            continue
        tell(way.name)
        try:
            why = without_effect(made, way, arrays) if isinstance(made, InTorch) else ""
            if why:
                no_effect.append(Skipped(way.name, why))
            else:
                others.append(Asked(way, _answers(made, way, arrays, asked.pads)))
        except UndertowError as error:
            skipped.append(Skipped(way.name, str(error)))
    return AllWays(
        reference, again_NC, tuple(others), tuple(skipped), tuple(no_effect), tuple(notices),
        apart,
        threads_of(made), this_machine(threads_of(made)),
    )  # fmt: skip


def same(one_NC: NDArray[Any], other_NC: NDArray[Any]) -> bool:
    """Bit for bit, but for the bits of what is no number."""
    return bool(np.array_equal(one_NC, other_NC, equal_nan=True))


def _askable(model: str | nn.Module, output: str | None) -> InTorch | InOnnx:
    if not isinstance(model, str | nn.Module):
        raise UserError(
            f"model: is of type {type(model).__name__}; give a torch.nn.Module, or the name of a "
            f"function that returns one: {EXAMPLE}"
        )
    if isinstance(model, nn.Module):
        return InTorch(type(model).__name__, model, output)
    made = model_named(model)
    if isinstance(made, nn.Module):
        return InTorch(model, made, output)
    return InOnnx(model, made, output)


def _answers(
    made: InTorch | InOnnx, way: Way, arrays: Arrays, pads: Sequence[PadAxis]
) -> NDArray[Any]:
    if way.instructions is not None and isinstance(made, InTorch):
        return answers_apart(made, way, arrays, tuple(pads))
    with _asked(made, way, arrays) as ask:
        return answers(way, arrays, pads, ask)


@contextmanager
def _asked(made: InTorch | InOnnx, way: Way, arrays: Arrays) -> Iterator[Ask]:
    if way.engine and isinstance(made, InTorch):
        with exported(made.name, made.module, arrays) as file:
            file.output = made.output
            with file.asked(way) as ask:
                yield ask
        return
    with made.asked(way) as ask:
        yield ask


def _first_apart(made: InTorch | InOnnx, way: Way, arrays: Arrays) -> str:
    """Of the first batch."""
    if isinstance(made, InOnnx):
        return ""
    row_B, _ = next(batches(way, len(next(iter(arrays.values())))))
    batch = {name: array[row_B] for name, array in arrays.items()}
    with torch.no_grad():
        found = first_apart(lambda: made.call(made.module, way, batch))
    return "" if found is None else str(found)


def refuse_wrong_pads(pads: Sequence[PadAxis], arrays: Arrays) -> None:
    """``UserError`` for an axis that is not there."""
    for pad in pads:
        if pad.name not in arrays:
            raise UserError(
                f"--pad-axis {pad.name}:{pad.axis}: there is no input {pad.name}; --inputs has "
                f"{', '.join(arrays)}"
            )
        axes = arrays[pad.name].ndim
        if not 1 <= pad.axis < axes:
            last = f"1 to {axes - 1}" if axes > 1 else "none"
            raise UserError(
                f"--pad-axis {pad.name}:{pad.axis}: {pad.name} has the shape "
                f"{arrays[pad.name].shape}, so it can be padded on the axes: {last}"
            )
