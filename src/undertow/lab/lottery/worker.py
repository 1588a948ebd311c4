"""One process of a lottery: builds the variants, asks them, and takes their time side by side.

``python -m undertow.lab.lottery.worker REQUEST ANSWER DOING``: three files, so that a variant that
ends the process ends no more than it, and it is known which one did.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from undertow.errors import NoEffectError, UndertowError, UserError
from undertow.lab.lottery.built import Built, CannotRun, Status, gave_up
from undertow.lab.lottery.offered import network_of, variants_for
from undertow.lab.lottery.onnx_file import OnnxFile
from undertow.lab.lottery.shares import shares_of_time
from undertow.lab.lottery.sparse import kernel_speedup
from undertow.lab.lottery.variants import Variant
from undertow.lab.measurements.clocks import timed_together
from undertow.lab.measurements.onnx_costs import onnx_costs
from undertow.lab.measurements.operator_costs import Cost, operator_costs
from undertow.no_numbers import flat, no_numbers

TURNS = "all in turns"
"""What is done once each variant has been built and asked."""
PARTLY: dict[Status, str] = {"partly native": "native", "emulated": "emulated"}
"""Where time goes to operators of several statuses: that of those which the variant changes."""
CALIBRATED_ON = 512
"""Examples that static engines see, from the first on."""


@dataclass(frozen=True)
class Request:
    """``model`` as a person names it; ``inputs`` a file of one array, of whose examples the first
    ``batch`` are timed. ``answers`` asks for all of them, in the file of that name."""

    model: str
    inputs: str
    names: tuple[str, ...]
    batch: int
    repeats: int
    sparsity: float
    channels_kept: float
    answers: str | None
    process: int = 0


@dataclass
class Ran:
    """What became of one variant in this process. ``calls`` are operators that it called, where
    that can be traced; ``kernel`` how many times as fast its sparse layers are alone; ``time`` the
    shares of its time in operators that it changes (by its status), in those that stay as they were
    (``fallback``) and in the ``rest``, where it leaves some and its layers can be timed.
    ``changed`` are sentences, in the reference's row, on what was changed in the model first."""

    status: str
    note: str = ""
    size: int | None = None
    operators: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    built_in: float | None = None
    wall: float | None = None
    processor: float | None = None
    kernel: float | None = None
    work: list[Any] = field(default_factory=list)
    time: dict[str, float] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)


def ran(request: Request, tell: Callable[[str], object] = lambda at: None) -> dict[str, Ran]:
    """All of it, on one thread; ``tell`` is told each variant as it begins, and then ``TURNS``."""
    torch.set_num_threads(1)
    network, changed = network_of(request.model)
    x_N = torch.from_numpy(np.load(request.inputs))
    x_B = x_N[: request.batch].contiguous()
    reference, *others = variants_for(request.model, request.sparsity, request.channels_kept)
    wanted = [reference, *(variant for variant in others if variant.name in request.names)]
    found: dict[str, Ran] = {}
    built: dict[str, Built] = {}
    answers: dict[str, Any] = {}
    for variant in wanted:
        tell(variant.name)
        found[variant.name], made = built_or_why(variant, network, x_B, x_N[:CALIBRATED_ON])
        if variant is reference:
            found[variant.name].changed = changed
        if made is None:
            continue
        try:
            if request.answers:
                answers[variant.name] = answered(made, x_N, request.batch)
                own = variant is reference
                if isinstance(network, nn.Module):
                    _look_inside(found[variant.name], variant, made, network, x_B, request, own)
                elif own:
                    _count(found[variant.name], network, x_B)
            made.logits(x_B)
            built[variant.name] = made
        except (Exception, SystemExit) as error:
            why = str(error) if isinstance(error, UserError) else gave_up("asked", error)
            found[variant.name].status, found[variant.name].note = "error", why
        if variant is reference and _undecided(answers.get(variant.name)):
            break  # who asked refuses it, so nothing is set beside it
    tell(TURNS)
    calls = {name: (lambda m=made: m.logits(x_B)) for name, made in built.items()}
    for name, seconds in timed_together(calls, request.repeats, process=request.process).items():
        found[name].wall, found[name].processor = seconds.wall, seconds.processor
    if request.answers:
        np.savez(request.answers, **answers)
    return found


def built_or_why(
    variant: Variant, network: nn.Module | OnnxFile, x_B: Tensor, calibration: Tensor
) -> tuple[Ran, Built | None]:
    """A row for each, whatever happens."""
    begun = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = variant.build(network, x_B, calibration)
    except CannotRun as why:
        return Ran(why.status, str(why)), None
    except NoEffectError as why:
        return Ran("no effect", str(why)), None
    except UndertowError as why:
        return Ran("not here", str(why)), None
    except (Exception, SystemExit) as error:
        return Ran("error", gave_up("built", error)), None
    lasted = time.perf_counter() - begun
    return Ran(made.status, made.note, made.size, made.operators, built_in=lasted), made


def _undecided(answer: NDArray[Any] | None) -> bool:
    """Whether there are examples to which it answers no numbers."""
    return answer is not None and bool(no_numbers(flat(answer)).any())


def _look_inside(
    row: Ran,
    variant: Variant,
    made: Built,
    network: nn.Module,
    x_B: Tensor,
    request: Request,
    own: bool,
) -> None:
    """Which operators it calls, where it is a module; what it costs, where that is the network's
    ``own`` or that of a smaller one."""
    if made.network is None:
        return
    costs = operator_costs(made.network, lambda: made.logits(x_B))
    _note_calls(row, costs)
    if own or variant.promise is None:
        row.work = [asdict(cost) for cost in costs]
    if made.status in PARTLY:
        shares = shares_of_time(made.network, lambda: made.logits(x_B), max(request.repeats, 5))
        row.time = {PARTLY[made.status] if part == "changed" else part: share
                    for part, share in shares.items()}  # fmt: skip
    if variant.sparsity is not None:
        row.kernel = kernel_speedup(network, made.network, x_B, request.repeats)


def _count(row: Ran, file: OnnxFile, x_B: Tensor) -> None:
    """What the operators of a file cost, and what cannot be told of them."""
    counted = onnx_costs(file.model, file.input, tuple(x_B.shape))
    _note_calls(row, counted.costs)
    row.work, row.note = [asdict(cost) for cost in counted.costs], counted.said


def _note_calls(row: Ran, costs: Sequence[Cost]) -> None:
    for cost in costs:
        row.calls[cost.operator] = row.calls.get(cost.operator, 0) + 1


def answered(made: Built, x_N: Tensor, batch: int) -> Any:
    """(N, C), in batches that are all as large as the one that is timed: the last is filled up with
    the first examples again, since compiled code is of one shape."""
    n = len(x_N)
    rows = [torch.arange(start, start + batch) % n for start in range(0, n, batch)]
    found = [made.logits(x_N[row].contiguous()).detach().clone() for row in rows]
    for answer in found:
        if answer.shape[:1] != (batch,):
            raise UserError(
                f"it gives an output of shape {tuple(answer.shape)} for {batch} examples"
            )
    return torch.cat(found)[:n].float().numpy()


def rows_as_json(asked: dict[str, Any], tell: Callable[[str], object]) -> dict[str, Any]:
    """Of a ``Request`` as JSON has it."""
    return {"rows": {name: asdict(row) for name, row in ran(Request(**asked), tell).items()}}


def answer_by_file(
    answering: Callable[[dict[str, Any], Callable[[str], object]], dict[str, Any]],
    request: Path,
    answer: Path,
    doing: Path,
) -> None:
    """What a process does that was asked by ``undertow.lottery.process``: from file to file, on one
    thread. An error of ours becomes a line; ``doing`` names what is under way."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    asked = json.loads(request.read_text(encoding="utf-8"))
    try:
        found = answering(asked, lambda at: doing.write_text(at, encoding="utf-8"))
    except UndertowError as error:
        found = {"refused": str(error)}
    answer.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    answer_by_file(rows_as_json, *map(Path, sys.argv[1:]))
