"""What the hardware lottery's claims about speed say in planted worlds. Nothing is timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from planted_engines import Planted
from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import judge

MODULE = load_study(study_files()["hardware_lottery"])
ENGINES = {"eager": 4.0, "compile": 6.0, "onnxruntime": 2.0, "openvino": 3.0}
"""Milliseconds of the dense network."""
RUN_BY = {
    "csr": "eager", "csr-linear": "eager", "torchao-int8-weights": "eager",
    "torchao-int8-weights-compile": "compile", "torchao-int8-dynamic": "eager",
    "torchao-int8-dynamic-compile": "compile", "torch-int8-dynamic": "eager",
    "torch-int8-dynamic-compile": "compile", "onnxruntime-int8-static": "onnxruntime",
    "openvino-int8": "openvino",
}  # fmt: skip
"""Whose seconds the others are multiples of."""
AGAIN, TENTH, FITTING, HALF = "dense again", "pruned to 10 %", "narrow 10 %", "narrow 50 %"
WEIGHTS = ("dense", "torchao-int8-weights"), ("dense", "torchao-int8-weights-compile")
DYNAMIC = ("dense", "torchao-int8-dynamic"), ("dense", "torchao-int8-dynamic-compile")
OLDER = ("dense", "torch-int8-dynamic"), ("dense", "torch-int8-dynamic-compile")
STATIC = ("dense", "onnxruntime-int8-static"), ("dense", "openvino-int8")
KERNELS = (*DYNAMIC, *OLDER, *STATIC)
Times = Mapping[tuple[str, str], float]
"""By network and engine, seconds as a multiple of the dense network's in the same engine."""


def in_all(network: str, times: float) -> Times:
    return {(network, engine): times for engine in ENGINES}


ESSAY = (
    in_all("dense", 1) | in_all(AGAIN, 1)
    | {k: v for x in (50, 20, 10, 5, 2) for k, v in in_all(f"pruned to {x} %", 1).items()}
    | {k: v for x in (50, 20, 10, 5, 2) for k, v in in_all(f"narrow {x} %", x / 50).items()}
    | {(f"pruned to {x} %", "csr"): 0.2 * x for x in (50, 20, 10, 5, 2)}
    | {(f"pruned to {x} %", "csr-linear"): 0.8 * x for x in (50, 20, 10, 5, 2)}
    | dict.fromkeys(WEIGHTS, 1.2) | {DYNAMIC[0]: 0.8, DYNAMIC[1]: 1.2}
    | dict.fromkeys((*OLDER, *STATIC), 0.8)
)  # fmt: skip
"""Everything that the study times, as the essay would have it: half the multiplications as fast as
all of them, and at a tenth of the weights CSR twice as slow as dense."""


@dataclass
class World(Planted):
    """``Results`` of these times: processes differ twofold, what they tell of a ratio by little."""

    populations: dict[str, None] = field(default_factory=dict)


def world(changed: Times) -> World:
    assert changed.keys() <= ESSAY.keys()
    generator = np.random.default_rng(4)
    seconds = {}
    for (network, engine), times in (ESSAY | changed).items():
        near = np.exp(generator.normal(0, 0.001, 3))
        whole = ENGINES[RUN_BY.get(engine, engine)] * np.array([1.0, 2.0, 1.5])
        seconds[network, engine] = list(times * whole * near)
    return World(seconds, dict.fromkeys(network for network, _ in seconds))


def test_the_planted_worlds_have_all_that_the_study_times() -> None:
    asked = {(c.network, c.engine) for c in MODULE.study("paper").measurements["engines"].cells}
    assert {*ESSAY} == asked


FAST = dict.fromkeys(KERNELS, 0.8)
HELD: list[tuple[str, Times]] = [
    *((name, {}) for name in (
        "equally_fast", "zeros_buy_nothing", "no_sparse_kernels", "no_sparse_layer", "stored_small",
        "and_loses",
    )),
    ("equally_fast", in_all(AGAIN, 1.02) | in_all(TENTH, 0.5)),
    ("zeros_buy_nothing", in_all(TENTH, 0.98) | in_all(AGAIN, 2) | in_all("pruned to 5 %", 0.5)),
    ("no_sparse_kernels", {("pruned to 50 %", "csr"): 0.5, (TENTH, "csr-linear"): 0.5}),
    ("no_sparse_layer", {("pruned to 50 %", "csr-linear"): 0.5, (TENTH, "csr"): 0.5}),
    ("stored_small", dict.fromkeys(KERNELS, 0.5)),
    # narrow is slower than dense, and faster than pruned
    ("and_loses", in_all(FITTING, 1.2) | in_all(TENTH, 1.5)),
    ("depends_on_kernel", in_all(HALF, 1)),
    # one kernel in one engine is enough, whichever it is; weights alone are none
    *(("depends_on_kernel", FAST | dict.fromkeys(WEIGHTS, 0.8) | {kernel: 1.2})
      for kernel in KERNELS),
]  # fmt: skip
NOT_HELD: list[tuple[str, Times]] = [
    *(("equally_fast", {(AGAIN, engine): 1.05}) for engine in ENGINES),
    *(("equally_fast", {(AGAIN, engine): 0.95}) for engine in ENGINES),
    *(("zeros_buy_nothing", {(TENTH, engine): 0.95}) for engine in ENGINES),
    *(("zeros_buy_nothing", {(TENTH, engine): 1.05}) for engine in ENGINES),
    ("no_sparse_kernels", {(TENTH, "csr"): 0.9}),
    ("no_sparse_layer", {(TENTH, "csr-linear"): 0.9}),
    *(("stored_small", {weights: 0.9}) for weights in WEIGHTS),
    # narrow is faster than dense, and in one engine slower than pruned
    *(("and_loses", {(TENTH, engine): 0.15}) for engine in ENGINES),
    ("depends_on_kernel", FAST),
    ("depends_on_kernel", FAST | dict.fromkeys(WEIGHTS, 1.2)),
    ("depends_on_kernel", dict.fromkeys(KERNELS, 1.2)),
]


@pytest.mark.parametrize(("claim", "changed"), HELD)
def test_a_claim_holds_where_its_own_ratios_do(claim: str, changed: Times) -> None:
    outcome = judge(getattr(MODULE, claim), world(changed))  # type: ignore[arg-type]
    assert outcome.status == "held", outcome.evidence


@pytest.mark.parametrize(("claim", "changed"), NOT_HELD)
def test_a_claim_does_not_hold_where_one_ratio_does_not(claim: str, changed: Times) -> None:
    outcome = judge(getattr(MODULE, claim), world(changed))  # type: ignore[arg-type]
    assert outcome.status == "not held", outcome.evidence
