"""What was measured in engines, with planted seconds: no clock is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from undertow.lab.lottery.cells import Cell
from undertow.study.lottery.choices import Choice, Choices, Kind, in_engines, in_sparse_format

SECONDS = {
    ("dense", "eager"): [4.0, 2.0, 4.0],
    ("dense", "int8"): [1.0, 0.5, 1.0],
    ("pruned to 10 %", "eager"): [4.0, 2.0, 4.0],
    ("pruned to 10 %", "csr"): [8.0, 4.2, 8.4],
    ("pruned to 10 %", "csr-linear"): [16.0, 8.0, 16.0],
    ("narrow 10 %", "eager"): [0.5, 0.26, 0.5],
    ("dense", "onnxruntime"): [2.0, 1.0, 2.0],
    ("narrow 10 %", "onnxruntime"): [],
}
PROMISED = {"int8": 4.0, "csr": 10.0, "csr-linear": 10.0}
PAID = {"pruned to 10 %": -0.02, "narrow 10 %": -0.10, "int8, planted": 0.0}
ACCURACY = {"dense": 0.80, "pruned to 10 %": 0.79, "narrow 10 %": 0.70}


def promised(roofline: float) -> dict[str, float]:
    """Three ways that differ: as many times as fast by operations twice, by bytes half as much."""
    return {"flops": 2 * roofline, "bytes": roofline / 2, "roofline": roofline}


@dataclass
class Planted:
    """What ``Choices`` reads of results."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: dict(SECONDS))

    def measurement(self, name: str) -> dict[str, Any]:
        if name != "engines":
            raise KeyError(f"this scale measures no {name!r}")
        cells = [
            {
                "network": network, "engine": engine, "density": 1.0, "seconds": seconds,
                "status": "native" if seconds else "error", "note": "" if seconds else "no kernel",
                "size": 4, "differ": 1, "of": 8,
                "predicted": promised(
                    PROMISED.get(engine, 1.0 if network == "dense" else 10.0)
                ),
            }
            for (network, engine), seconds in self.seconds.items()
        ]  # fmt: skip
        machine = {"processor": "a processor", "packages": {"torch": "2"}}
        return {
            "cells": cells, "machine": machine, "clock": "wall", "worked": 0.97, "batch": 64,
            "repeats": 5,
        }  # fmt: skip

    def lowest(self, variant: str, measure: str, slice: str) -> dict[str, Any]:
        assert (measure, slice) == ("accuracy", "class")
        effect = PAID[variant]
        verdict = "worse" if effect < -0.05 else "too small to tell"
        return {
            "value": "Shirt", "effect": effect, "low": effect - 0.03, "high": effect + 0.03,
            "verdict": verdict,
        }  # fmt: skip

    def count(self, variant: str) -> SimpleNamespace:
        return SimpleNamespace(observed=12, floor_low=3.0, floor_high=9.0)

    def of(self, name: str) -> SimpleNamespace:
        each = ACCURACY[name] + np.array([-0.01, 0.0, 0.01])
        return SimpleNamespace(fact=lambda fact: each if fact == "accuracy" else None)


DENSE, PRUNED, NARROW = (
    Kind("dense", "dense"), Kind("pruned", "pruned to {:g} %", zeros=True),
    Kind("narrow", "narrow {:g} %"),
)  # fmt: skip
CALLED = {"torch eager": "eager", "ONNX Runtime": "onnxruntime"}
INT8 = Choice("int8", "int8", "torch eager", Cell("dense", "int8"), "int8, planted")


def choices(planted: Planted | None = None) -> Choices:
    every = [
        *in_engines((DENSE, NARROW), (0.1,), CALLED),
        *in_engines((PRUNED,), (0.1,), {"torch eager": "eager"}),
        *in_sparse_format(PRUNED, (0.1,), "torch eager"),
        INT8,
    ]
    return Choices(planted or Planted(), every, "dense")  # type: ignore[arg-type]
