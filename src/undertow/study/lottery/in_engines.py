"""Measures how fast networks of trained members are in engines, each in processes of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cloudpickle

from undertow.errors import UserError
from undertow.lab.lottery.cells import Asked, Cell, measured, promise, weights_of
from undertow.lab.lottery.ideal import Ideal, promised
from undertow.lab.lottery.variants import REFERENCE
from undertow.lab.measurements.calibration import Calibration, calibrate
from undertow.lab.measurements.roofline import Device, predicted
from undertow.lab.population import Population
from undertow.lab.runner.places.processes import environment_with, no_main
from undertow.lab.runner.threads import one_thread
from undertow.lottery.measure import clock_of, costs_of
from undertow.records.read import read_manifest
from undertow.study.measurement import Found

Ran = list[dict[str, Any]]
"""What one process found of each cell."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class InEngines:
    """``cells`` of networks of these ``populations`` in engines: ``times`` are how many processes
    ask them, and readings of each in one. Process p asks member p of each population, so that
    limits over processes are over members too. Predictions are of what each promises beside
    ``reference`` eager."""

    populations: tuple[Population, ...]
    cells: tuple[Cell, ...]
    reference: str
    times: tuple[int, int]
    batch: int = 64

    def take(self, folders: Mapping[str, Path], tell: Callable[[str], None]) -> Found:
        """Of each cell its status, ``seconds`` of all processes and what was ``predicted``; the
        machine and the clock that counts. ``UserError`` where a process dies."""
        tell("calibrates the device")
        with one_thread():
            calibration = calibrate()
        runs, (processes, _) = [], self.times
        for number in range(processes):
            tell(f"seconds in engines: process {number + 1} of {processes}")
            runs.append(self._process(folders, number))
        return self._found(runs, calibration)

    def _process(self, folders: Mapping[str, Path], number: int) -> Ran:
        networks = tuple(
            (p, weights_of(folders[p.name], _done(folders[p.name]), number))
            for p in self.populations
        )
        asked = Asked(networks, self.cells, self.batch, self.times[1], number == 0, number)
        context = multiprocessing.get_context("spawn")  # libraries read variables as they load
        with (
            no_main(),
            environment_with(ONE_THREAD),
            ProcessPoolExecutor(1, mp_context=context) as pool,
        ):
            try:
                return pool.submit(measured, cloudpickle.dumps(asked)).result()
            except BrokenProcessPool as error:
                raise UserError(
                    "the process that asks networks in engines ended without a "
                    "word; perhaps for lack of memory: free some, and run the study again, which "
                    "goes on with the members it has"
                ) from error

    def _found(self, runs: Sequence[Ran], calibration: Calibration) -> Found:
        clock, worked = clock_of([{str(n): row for n, row in enumerate(run)} for run in runs])
        costs = {
            cell.network: costs_of(ran["work"])
            for cell, ran in zip(self.cells, runs[0], strict=True)
            if cell.engine == REFERENCE
        }
        cells, device = [], calibration.device
        for place, cell in enumerate(self.cells):
            seconds = [run[place][clock] for run in runs if run[place][clock]]
            first = runs[0][place]
            cells.append({
                **asdict(cell),
                **{name: first[name] for name in ("status", "note", "size")},
                **{name: first.get(name) for name in ("differ", "of")},
                # of all processes or of none: ratios are within processes
                "seconds": seconds if len(seconds) == len(runs) else [],
                "predicted": _gains(costs[self.reference], costs[cell.network], cell, device),
            })  # fmt: skip
        return {
            "machine": asdict(calibration.machine), "clock": clock, "worked": worked,
            "batch": self.batch, "repeats": self.times[1], "cells": cells,
        }  # fmt: skip


def _done(folder: Path) -> list[str]:
    found = [m.id for m in read_manifest(folder).members if m.status == "done"]
    if not found:
        raise UserError(f"{folder}: no member is done, so none can be asked in engines")
    return found


def _gains(before: Any, after: Any, cell: Cell, device: Device) -> dict[str, float]:
    """How many times as fast, by operations, bytes and the roofline."""
    first = predicted(promised(before, Ideal()), device)
    own = predicted(promised(after, promise(cell)), device)
    return {
        way: b / a for way, b, a in zip(("flops", "bytes", "roofline"), first, own, strict=True)
    }
