"""Runs a lottery: calibrates the device, starts the processes, and puts numbers side by side."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.lottery.ideal import Ideal, promised
from undertow.lab.lottery.offered import variants_for
from undertow.lab.lottery.variants import Variant
from undertow.lab.lottery.worker import TURNS, Request
from undertow.lab.measurements.calibration import Calibration
from undertow.lab.measurements.clocks import QUIET
from undertow.lab.measurements.operator_costs import Cost
from undertow.lab.measurements.roofline import (
    Device,
    Predicted,
    Shape,
    break_even,
    gap,
    predicted,
    realised_fraction,
)
from undertow.lab.measurements.speedups import speed_up
from undertow.lab.ways.given_model import is_onnx
from undertow.lottery.found import Row, ThreeWays
from undertow.lottery.process import Ended, answer_of

FLOAT32 = ("eager", "compile", "onnxruntime", "openvino")
Tell = Callable[[str], None]
Ran = dict[str, dict[str, Any]]
"""What one process found, by variant."""


def run_processes(
    request: Request,
    processes: int,
    folder: Path,
    tell: Tell,
    check: Callable[[Mapping[str, NDArray[Any]]], None] = lambda answers: None,
) -> tuple[list[Ran], dict[str, NDArray[Any]]]:
    """Rows of each process, and the answers, for which the first one is asked. ``check`` is shown
    them before the others begin, and may raise."""
    runs: list[Ran] = []
    answers: dict[str, NDArray[Any]] = {}
    for number in range(processes):
        tell(f"process {number + 1} of {processes}: builds the variants and takes their time")
        answers_at = request.answers if number == 0 else None
        asked = replace(request, answers=answers_at, process=number)
        runs.append(_one_process(asked, folder))
        refuse_unrun(request.model, runs[-1])
        if asked.answers is not None:
            answers = _answers(asked.answers)
            check(answers)
    return runs, answers


def _answers(path: str) -> dict[str, NDArray[Any]]:
    with np.load(path) as held:
        return {name: held[name] for name in held.files}


def _one_process(request: Request, folder: Path) -> Ran:
    rows: Ran = answer_of(
        "undertow.lab.lottery.worker", asdict(request), folder, partial(_died, request)
    )["rows"]
    return rows


def _died(request: Request, ended: Ended) -> str:
    """What is said of a process that ended at a variant, while the model was loaded (nowhere), or
    while all took turns."""
    at, said = ended.at, f"its process {ended.how}"
    reference, *every = (variant.name for variant in variants_for(request.model))
    others = [name for name in request.names if name != reference]
    if at in others:
        return f"{request.model}: at {at} {said}. Leave it out with --without {at}"
    if at == TURNS:
        return (
            f"{request.model}: while the variants took turns {said}. Run fewer of them at once, "
            f"such as --only {(others or every)[0]}"
        )
    if is_onnx(request.model):
        return (
            f"{request.model}: as ONNX Runtime was given the file {said}. See what is wrong with "
            f'it by python -c "import onnx; onnx.checker.check_model({request.model!r}, '
            'full_check=True)"; where memory ran out, give fewer examples or a smaller --batch'
        )
    where = "as the network was asked by itself" if at else "as the model was made"
    return (
        f"{request.model}: {where} {said}. That is the model's own code: call it in a script with "
        "python -X faulthandler, which shows the line; where memory ran out, give fewer examples "
        "or a smaller --batch"
    )


def refuse_unrun(model: str, run: Ran) -> None:
    """``UserError`` where the network does not run by itself, which all else is set beside."""
    reference = next(iter(run.values()))
    if reference["status"] == "not here":
        raise UserError(reference["note"])
    if reference["status"] == "error":
        raise UserError(
            f"{model}: the network fails on these inputs: {reference['note']}; give the inputs "
            "that it takes, with examples along the first axis"
        )


def clock_of(runs: Sequence[Ran]) -> tuple[str, float]:
    """The clock whose seconds count, and the share of the wall's seconds that were worked, a tenth
    of all medians having less: on a busy machine the wall's clock tells what others do, and it
    does not tell it of all variants alike."""
    shares = [row["processor"] / row["wall"] for run in runs for row in run.values() if row["wall"]]
    worked = float(np.quantile(shares, 0.1))
    return ("wall" if worked >= QUIET else "processor"), min(worked, 1.0)


def rows_of(
    request: Request, runs: Sequence[Ran], calibration: Calibration, clock: str, level: float
) -> list[Row]:
    """A row for each variant that was asked for."""
    device = calibration.device
    first = runs[0]
    every = variants_for(request.model, request.sparsity, request.channels_kept)
    known, reference = {v.name: v for v in every}, every[0].name
    costs = costs_of(first[reference]["work"])
    before = _predicted(every[0], costs, first[reference], device)
    seconds = {name: seconds_of(runs, name, clock) for name in first}
    timed = {name: s for name, s in seconds.items() if s}
    fastest = min((n for n in FLOAT32 if n in timed), key=lambda n: statistics.median(timed[n]))
    found = []
    for name, ran in first.items():
        after = _predicted(known[name], costs, ran, device)
        row = _row(known[name], ran, before, after)
        if name in timed:
            row = _timed(row, timed[name], timed[reference], timed[fastest], level)
        if ran["kernel"] and known[name].sparsity is not None:
            row = replace(row, break_even=break_even(known[name].sparsity or 0, ran["kernel"]))
        found.append(row)
    return found


def costs_of(work: Sequence[dict[str, Any]]) -> list[Cost]:
    return [
        Cost(**{**one, "shape": None if one["shape"] is None else Shape(*one["shape"])})
        for one in work
    ]


def _predicted(
    variant: Variant, costs: list[Cost], ran: dict[str, Any], device: Device
) -> Predicted | None:
    """None where nothing can be counted."""
    if not costs:
        return None
    if variant.promise is not None:
        return predicted(promised(costs, variant.promise), device)
    return predicted(promised(costs_of(ran["work"]), Ideal()), device) if ran["work"] else None


def seconds_of(runs: Sequence[Ran], name: str, clock: str) -> tuple[float, ...]:
    """Of all processes, or of none: where one could not run it, ratios would not be paired."""
    found = tuple(run[name][clock] for run in runs if run.get(name, {}).get(clock))
    return found if len(found) == len(runs) else ()


def _row(
    variant: Variant, ran: dict[str, Any], before: Predicted | None, after: Predicted | None
) -> Row:
    gains = None if before is None or after is None else ThreeWays(*map(_ratio, before, after))
    return Row(
        name=variant.name,
        about=variant.about,
        status=ran["status"],
        note=ran["note"],
        size=ran["size"],
        operators=ran["operators"],
        calls=ran["calls"],
        built_in=ran["built_in"],
        predicted=gains,
        time=ran["time"],
    )


def _ratio(before: float, after: float) -> float:
    """NaN where nothing is left to do, as of a network that multiplies nothing."""
    return before / after if after else math.nan


def _timed(
    row: Row,
    own: tuple[float, ...],
    reference: tuple[float, ...],
    fastest: tuple[float, ...],
    level: float,
) -> Row:
    realised = speed_up(reference, own, level)
    row = replace(
        row,
        seconds=own,
        realised=realised,
        fastest=speed_up(fastest, own, level),
    )
    if row.predicted is None or own is reference:
        return row
    ways = (row.predicted.flops, row.predicted.bytes, row.predicted.roofline)
    return replace(
        row,
        realised_share=ThreeWays(*(realised_fraction(s, realised.ratio) for s in ways)),
        gap=ThreeWays(*(gap(s, realised.ratio) for s in ways)),
    )
