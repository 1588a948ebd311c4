"""Lotteries without a machine: processes' seconds and answers as they would be found."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from undertow.lab.lottery.worker import Ran, Request
from undertow.lab.measurements.calibration import COPIED, SHAPES, Calibration, Machine
from undertow.lab.measurements.operator_costs import Cost
from undertow.lottery.found import Lottery

MACHINE = Machine("a processor", 2, 1, "3.11", {}, "2026-01-01T00:00:00+00:00", 1.0)
CALIBRATION = Calibration(
    MACHINE,
    {
        dtype: tuple((s, 1e-6 + s.flops / peak) for s in SHAPES)
        for dtype, peak in (("float32", 1e11), ("int8", 4e11))
    },
    tuple((2.0 * size, 1e-6 + size / 5e9) for size in COPIED),
    1e-6,
    "processor",
)
WORK = [
    Cost("aten.addmm", "linear", "fc", 2e8, 4_000_000, 4_200_000, "float32", None),
    Cost("aten.relu", "pointwise", "relu", 0.0, 0, 100_000, "float32", None),
]
REQUEST = Request("model.py:build", "x.npy", ("masked-dense", "csr"), 64, 5, 0.9, 0.5, "a.npz")
HOSTILE = "<script>alert(1)</script>|[x](http://e)"


def runs(processes: int = 5, busy: bool = False) -> list[dict[str, dict[str, Any]]]:
    """Masked dense as fast as eager, CSR three times as slow with a kernel at a fifth of the rate,
    2:4 not here."""
    generator = np.random.default_rng(3)
    found = []
    for _ in range(processes):
        whole = np.exp(generator.normal(0, 0.3))
        made = {
            "eager": Ran("native", size=4_000_000, work=[asdict(c) for c in WORK]),
            "masked-dense": Ran("native", "dense kernels multiply its zeros", 4_000_000),
            "csr": Ran("native", "", 1_200_000, {"sparse": 1, "dense": 0}, kernel=0.5),
            "semi-structured": Ran("not here", "this is a CPU"),
        }
        for name, seconds in (("eager", 2e-3), ("masked-dense", 2e-3), ("csr", 6e-3)):
            made[name].processor = float(seconds * whole * np.exp(generator.normal(0, 0.01)))
            made[name].wall = made[name].processor * (3.0 if busy else 1.0)
        found.append({name: asdict(ran) for name, ran in made.items()})
    return found


def answers(n: int = 400, classes: int = 4) -> tuple[pl.DataFrame, dict[str, np.ndarray]]:
    """A table with labels and a region, and outputs; masked dense errs on half of the north."""
    generator = np.random.default_rng(5)
    label_N = generator.integers(0, classes, n)
    north_N = np.arange(n) % 4 == 0
    wrong_N = north_N & (np.arange(n) % 8 == 0)
    given = np.where(wrong_N, (label_N + 1) % classes, label_N)
    table = pl.DataFrame(
        {
            "example_id": [f"e{i}" for i in range(n)],
            "label": label_N,
            "region": np.where(north_N, "north", "south"),
        }
    )
    eye = np.eye(classes)
    return table, {"eager": eye[label_N], "masked-dense": eye[given], "csr": eye[given]}


def lottery_of(rows: Any, **changed: Any) -> Lottery:
    """All of it around these rows."""
    given = {
        "model": REQUEST.model, "examples": 400, "batch": 64, "processes": 5, "repeats": 5,
        "sparsity": 0.9, "channels": 0.5, "level": 0.05, "clock": "wall", "worked": 1.0,
        "labels": False, "machine": asdict(MACHINE), "rows": tuple(rows),
    }  # fmt: skip
    return Lottery(**(given | changed))
