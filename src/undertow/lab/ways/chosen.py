"""Which ways a model is asked in, and which of them it cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

import numpy as np
import torch

from undertow.errors import UserError
from undertow.lab.interventions.arithmetic import InstructionSet
from undertow.lab.interventions.arithmetic.torch_compile import TorchCompile
from undertow.lab.runner.threads import cores
from undertow.lab.ways.in_onnx import InOnnx
from undertow.lab.ways.in_torch import InTorch
from undertow.lab.ways.together import Arrays, PadAxis
from undertow.lab.ways.way import Family, Way

WHOLE = 1024
"""Examples that are asked in one batch unless somebody says otherwise."""
SIZES = (1, 7, 32)
PADDED = (1, 8, 64)
SEED = 0
ENGINES = ("onnxruntime", "openvino")
INSTRUCTIONS = {
    "sse": InstructionSet("default", "sse41"),
    "avx2": InstructionSet("avx2", "avx2"),
}


@dataclass(frozen=True)
class AskedFor:
    """What a person wants beside the usual. Without ``threads`` these are 1, 2 and all cores;
    ``without`` names ways, or what differs in them (``threads``), that are not tried."""

    batch: int | None = None
    sizes: Sequence[int] = SIZES
    threads: Sequence[int] | None = None
    pads: tuple[PadAxis, ...] = ()
    compiled: bool = False
    engines: Sequence[str] = ()
    instructions: Sequence[str] = ()
    without: Sequence[str] = ()

    def __post_init__(self) -> None:
        for flag, given, usual in (
            ("--batch", [1 if self.batch is None else self.batch], "32"),
            ("--batch-sizes", self.sizes, ",".join(map(str, SIZES))),
        ):
            if min(given, default=1) < 1:
                raise UserError(
                    f"{flag} {min(given)}: a batch has at least one example; give {flag} {usual}"
                )
        if min(self.threads or [1]) < 1:
            raise UserError(
                f"--threads {min(self.threads or [1])}: at least one thread computes; give "
                "--threads 1,2"
            )
        _refuse_unknown("--engines", self.engines, ENGINES)
        _refuse_unknown("--instructions", self.instructions, tuple(INSTRUCTIONS))


class Skipped(NamedTuple):
    """A way that was not tried, and why."""

    name: str
    why: str


def reference_way(asked: AskedFor, n: int) -> Way:
    """As the others are measured against."""
    batch = min(asked.batch or WHOLE, n)
    said = "one batch" if batch == n else f"batches of {batch:,}"
    return Way("reference", said, "batch size", batch)


def refuse_unfit(asked: AskedFor, model: InTorch | InOnnx) -> None:
    """``UserError`` for what an ONNX file can never be asked in."""
    if isinstance(model, InTorch):
        return
    instead = "leave it out, or give the torch module as model.py:build"
    if asked.instructions:
        raise UserError(
            f"--instructions {','.join(asked.instructions)}: {model.name} is an ONNX file, and "
            f"ONNX Runtime chooses its instructions by itself; {instead}"
        )
    if asked.compiled:
        raise UserError(
            f"--compile: {model.name} is an ONNX file, and torch.compile takes torch modules "
            f"alone; {instead}"
        )
    if "onnxruntime" in asked.engines:
        raise UserError(
            f"--engines onnxruntime: {model.name} is an ONNX file, so the reference is ONNX "
            "Runtime already; leave onnxruntime out"
        )


def ways_for(
    asked: AskedFor, model: InTorch | InOnnx, arrays: Arrays, reference: Way
) -> list[Way | Skipped]:
    """All but the reference, in the order in which they are told."""
    n = len(next(iter(arrays.values())))
    found: list[Way | Skipped] = [*_batches(asked, n, reference), *_padded(asked, reference)]
    found += _threads(asked, model, reference)
    if isinstance(model, InTorch):
        found += _in_torch(asked, model, arrays, reference)
    elif "openvino" in asked.engines:
        found.append(replace(reference, name="openvino", about="OpenVINO", engine="openvino",
                             family="engine"))  # fmt: skip
    return _wanted(found, asked.without)


def _wanted(found: list[Way | Skipped], without: Sequence[str]) -> list[Way | Skipped]:
    """But for those that are named, or whose family is."""
    _refuse_unknown("--without", without, (*get_args(Family), *(way.name for way in found)))
    return [way for way in found if not {way.name, getattr(way, "family", "")} & {*without}]


def _batches(asked: AskedFor, n: int, reference: Way) -> Iterator[Way | Skipped]:
    wanted = dict.fromkeys(asked.sizes)
    sizes = [size for size in wanted if size < n and size != reference.batch]
    for size in wanted:
        if size not in sizes and tuple(asked.sizes) != SIZES:
            yield Skipped(f"batch-{size}", _no_other_batch(size, n))
    for size in sizes:
        yield Way(f"batch-{size}", f"batches of {size}", "batch size", size)
    beside = max((size for size in sizes if size > 1), default=reference.batch)
    if beside > 1:
        yield Way(
            f"shuffled-{beside}", f"batches of {beside} in another order", "neighbours", beside,
            shuffled=SEED,
        )  # fmt: skip
        yield Way(
            f"filled-{beside}", f"batches of {beside}, half of them other examples", "neighbours",
            beside, filled=True,
        )  # fmt: skip


def _no_other_batch(size: int, n: int) -> str:
    if size < n:
        return "the reference is asked in batches of this size"
    return f"there are {n:,} examples, so it is one batch of all of them"


def _padded(asked: AskedFor, reference: Way) -> Iterator[Way]:
    for by in PADDED if asked.pads else ():
        yield replace(
            reference, name=f"padded-{by}", about=f"inputs padded by {by}", family="padding",
            padded=by,
        )  # fmt: skip


def _threads(asked: AskedFor, model: InTorch | InOnnx, reference: Way) -> Iterator[Way]:
    wanted = {1, 2, cores()} if asked.threads is None else {*asked.threads}
    for number in sorted(wanted - {threads_of(model)}):
        yield replace(
            reference, name=f"threads-{number}", family="threads", threads=number,
            about=f"{number} thread{'s' if number > 1 else ''}",
        )  # fmt: skip


def threads_of(model: InTorch | InOnnx) -> int:
    """Of the reference."""
    return torch.get_num_threads() if isinstance(model, InTorch) else 1


def _in_torch(
    asked: AskedFor, model: InTorch, arrays: Arrays, reference: Way
) -> Iterator[Way | Skipped]:
    fractions = any(np.issubdtype(array.dtype, np.floating) for array in arrays.values())
    if model.dtype != torch.float64:
        yield replace(reference, name="float64", about="float64", family="precision",
                      precision="float64")  # fmt: skip
    if model.dtype == torch.float32:
        yield replace(reference, name="bfloat16", about="bfloat16 autocast", family="precision",
                      precision="bfloat16")  # fmt: skip
    four = fractions and any(array.ndim == 4 for array in arrays.values())
    if four and any(p.ndim == 4 for p in model.module.parameters()):
        yield replace(reference, name="channels-last", about="channels last in memory",
                      family="memory format", channels_last=True)  # fmt: skip
    if asked.compiled:
        unable = TorchCompile().unable
        yield (
            Skipped("compiled", unable)
            if unable
            else replace(
                reference, name="compiled", about="torch.compile", family="compiler", compiled=True
            )
        )
    for name in asked.engines:
        yield replace(reference, name=name, about=name, family="engine", engine=name)
    for name in asked.instructions:
        yield _instructions(name, reference)


def _instructions(name: str, reference: Way) -> Way | Skipped:
    wanted = INSTRUCTIONS[name]
    if wanted.unable:
        return Skipped(f"instructions-{name}", wanted.unable)
    return replace(
        reference, name=f"instructions-{name}", about=f"{name.upper()} instructions",
        family="instructions", instructions=wanted,
    )  # fmt: skip


def _refuse_unknown(flag: str, given: Sequence[str], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"{flag} {name}: is not known; choose from {', '.join(known)}")
