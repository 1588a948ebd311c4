"""How fast this device really is: matrix products per number type, copies, and a small operator's
launch, measured instead of read off a data sheet."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares

from undertow.errors import UserError
from undertow.lab.measurements.clocks import QUIET, Call, Timed, timed
from undertow.lab.measurements.roofline import Bandwidth, Device, Rate, Shape
from undertow.lab.measurements.this_machine import processor_name as processor_name
from undertow.lab.measurements.this_machine import this_machine

FORMAT = "undertow-calibration/1"
SIDES = ((16, 64, 512), (32, 128, 1024), (16, 64, 512))
SHAPES = tuple(Shape(m, k, n) for m in SIDES[0] for k in SIDES[1] for n in SIDES[2])
"""Matrix products that are measured: all of these sides with each other."""
COPIED = tuple(4 * int(2 ** (power / 2)) for power in range(20, 53))
"""Bytes of the copies that are measured, from what a first cache holds to what none does."""
DTYPES = ("float32", "bfloat16", "int8")
REPEATS = 15


@dataclass(frozen=True)
class Machine:
    """Where and by what was measured. ``worked`` is the share of the wall's seconds in which the
    processor worked for us: below 0.95 the machine was busy with other work."""

    processor: str
    cores: int
    threads: int
    python: str
    packages: dict[str, str]
    measured: str
    worked: float

    @property
    def quiet(self) -> bool:
        return self.worked >= QUIET


@dataclass(frozen=True)
class Calibration:
    """A device as measured: ``products`` are seconds per number type and shape, ``copies`` bytes
    touched (read and written) and seconds, ``launch`` the seconds of an operator with nothing to do
    that makes a tensor for it, ``launch_into`` of one that is given its memory, as a copy is; None
    in files from before they were told apart. ``device`` is what is fitted to them."""

    machine: Machine
    products: dict[str, tuple[tuple[Shape, float], ...]]
    copies: tuple[tuple[float, float], ...]
    launch: float
    clock: str
    launch_into: float | None = None

    @property
    def device(self) -> Device:
        """Rates with half-performance lengths, and bandwidth by size."""
        sizes, seconds = zip(*self.copies, strict=True)
        launch = self.launch if self.launch_into is None else self.launch_into
        busy = [max(s - launch, s / 10) for s in seconds]
        per_second = tuple(size / s for size, s in zip(sizes, busy, strict=True))
        bandwidth = Bandwidth(sizes, per_second)
        rates = {dtype: rate_of(measured, self.launch) for dtype, measured in self.products.items()}
        return Device(rates, bandwidth, self.launch, self.launch_into)


def calibrate(repeats: int = REPEATS, dtypes: Sequence[str] = DTYPES) -> Calibration:
    """Measure this device with as many threads as torch has now, some seconds. Processor seconds
    are taken, since other work on the machine hardly lengthens them: with several threads, the
    wall's."""
    clock = "processor" if torch.get_num_threads() == 1 else "wall"
    seen: list[Timed] = []

    def seconds(call: Call) -> float:
        seen.append(timed(call, repeats))
        return float(getattr(seen[-1], clock))

    launch, into = (float(np.median([seconds(call) for call in small])) for small in _small())
    copies = tuple((2.0 * size, seconds(_copy(size))) for size in COPIED)
    products = {
        dtype: tuple((shape, seconds(product(dtype, shape))) for shape in SHAPES)
        for dtype in dtypes
        if _multiplies(dtype)
    }
    worked = float(np.median([t.processor / t.wall for t in seen]))
    return Calibration(machine(worked), products, copies, launch, clock, into)


def rate_of(measured: Sequence[tuple[Shape, float]], launch: float) -> Rate:
    """What comes nearest to what was measured, by a robust sum of squared logarithms, so that one
    disturbed product does not move it."""
    flops = np.array([shape.flops for shape, _ in measured])
    sides = np.array([shape for shape, _ in measured], dtype=float)
    seconds = np.array([max(s - launch, s / 10) for _, s in measured])
    best, shortest = float((flops / seconds).max()), float(seconds.min())
    weights = sides[:, 1] * sides[:, 2]
    a_weight = float((seconds / weights).min())

    def missed(fitted: Any) -> Any:
        peak, start, per_weight, *half = np.exp(fitted)
        lost = (1 + np.array(half) / sides).prod(axis=1)
        return np.log(start + per_weight * weights + flops / peak * lost) - np.log(seconds)

    begin = np.log([best, shortest / 2, a_weight / 10, 1.0, 1.0, 1.0])
    least = np.log([best / 1.2, shortest / 1e3, a_weight / 1e4, *[1e-3] * 3])
    most = np.log([best * 1.2, shortest, a_weight, *[1e2] * 3])
    found = least_squares(missed, begin, bounds=(least, most), loss="soft_l1", f_scale=0.05).x
    peak, start, per_weight, *half = (math.exp(x) for x in found)
    return Rate(peak, (half[0], half[1], half[2]), start, per_weight)


def product(dtype: str, shape: Shape) -> Call:
    """The matrix product as a linear layer asks for it."""
    M, K, N = shape
    if dtype == "int8":
        a, b = (torch.ones(*sides, dtype=torch.int8) for sides in ((M, K), (N, K)))
        return lambda: torch._int_mm(a, b.t())
    x, weight = (torch.ones(*sides, dtype=getattr(torch, dtype)) for sides in ((M, K), (N, K)))
    return lambda: torch.nn.functional.linear(x, weight)


def _multiplies(dtype: str) -> bool:
    """Whether this device has a product of this number type at all."""
    try:
        product(dtype, Shape(16, 32, 16))()
    except RuntimeError:
        return False
    return True


def _copy(size: int) -> Callable[[], object]:
    a = torch.ones(size // 4)
    b = torch.empty_like(a)
    return lambda: b.copy_(a)


def _small() -> tuple[tuple[Call, ...], tuple[Call, ...]]:
    """Operators on one number: those that make a tensor for it, and those that are given one."""
    a, b = torch.ones(1), torch.ones(1)
    return (
        (lambda: torch.relu(a), lambda: a + b, lambda: a.clone()),
        (lambda: b.copy_(a), lambda: b.relu_(), lambda: b.mul_(a)),
    )


def machine(worked: float) -> Machine:
    """This one, now."""
    measured = datetime.now(UTC).isoformat(timespec="seconds")
    return Machine(**this_machine(torch.get_num_threads()), measured=measured, worked=worked)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """As JSON."""
    content = {"format": FORMAT, **asdict(calibration)}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_calibration(path: Path) -> Calibration:
    """``UserError`` for what is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format", None) != FORMAT:
            raise ValueError(FORMAT)
        return _from(content)
    except OSError as error:
        raise UserError(
            f"{path}: the calibration cannot be read ({error.strerror}); check the name, or leave "
            "--calibration out to measure anew"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: is no calibration of the format {FORMAT}; give a calibration.json that "
            "undertow lottery wrote, or leave --calibration out to measure anew"
        ) from error


def _from(content: dict[str, Any]) -> Calibration:
    products = {
        str(dtype): tuple((Shape(*map(int, shape)), float(s)) for shape, s in measured)
        for dtype, measured in content["products"].items()
    }
    copies = tuple((float(size), float(s)) for size, s in content["copies"])
    if "float32" not in products or not copies:
        raise ValueError("float32")
    into = content.get("launch_into")
    launches = [float(content["launch"]), *([] if into is None else [float(into)])]
    seconds = [s for measured in products.values() for _, s in measured] + [s for _, s in copies]
    if not all(0 < s < math.inf for s in (*seconds, *launches)):
        raise ValueError("seconds")
    return Calibration(
        Machine(**content["machine"]),
        products,
        copies,
        launches[0],
        str(content["clock"]),
        None if into is None else launches[1],
    )
