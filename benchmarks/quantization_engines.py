"""One trained model, many int8 engines: what each changes in the answers, and what it costs.

    python benchmarks/quantization_engines.py            print the tables, some minutes
    python benchmarks/quantization_engines.py --write    also to docs/quantization-engines.md

Needs the extra ``engines``, and a C++ compiler for the compiled rows.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from undertow.lab.data import FashionMNIST
from undertow.lab.feeds.resident import Resident, resident
from undertow.lab.interventions.runtime import (
    OnnxDynamicInt8,
    OnnxStaticInt8,
    OpenVINOStaticInt8,
    PT2EStaticInt8,
    TorchaoLinearInt8,
    TorchDynamicInt8,
)
from undertow.lab.interventions.site import AbstractRuntime, Compiled, Horizon
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP, Model, SmallCNN
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

PAGE = Path("docs/quantization-engines.md")
MODELS: tuple[tuple[Model, int], ...] = ((SmallCNN(width=16), 12), (MLP(hidden=(256,)), 20))
SIMULATED = WeightQuantization(bits=8)
ENGINES: tuple[AbstractRuntime, ...] = (
    TorchaoLinearInt8(activations=False),
    TorchaoLinearInt8(),
    TorchDynamicInt8(),
    TorchDynamicInt8(alone=False),
    PT2EStaticInt8(),
    PT2EStaticInt8(compiled=True),
    PT2EStaticInt8(compiled=True, reduce_range=True),
    OnnxStaticInt8(),
    OnnxStaticInt8(exact_sums=False),
    OnnxDynamicInt8(),
    OnnxDynamicInt8(alone=False),
    OpenVINOStaticInt8(),
    OpenVINOStaticInt8(exact_sums=False),
    OpenVINOStaticInt8(bias_correction=False),
)
CALIBRATION, BATCH, TIMES, ONES = 500, 512, 15, 200
PACKAGES = ("torch", "torchao", "onnx", "onnxscript", "onnxruntime", "openvino", "nncf")

Logits = Callable[[Tensor], Tensor]


class Row(NamedTuple):
    """What one engine made of one model."""

    name: str
    accuracy: float
    as_float: float
    as_simulated: float
    largest: float
    """Largest difference of a logit from the float model's."""
    by_batch: float
    """Largest difference of a logit between batches of 512 and of 1."""
    operators: str
    weights: int
    milliseconds: float
    seconds: float
    """To compile."""


def main() -> None:
    """Train, compile, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE}")
    write = parser.parse_args().write
    began = time.perf_counter()
    torch.set_num_threads(1)
    data = resident(FashionMNIST().load())
    tables = [
        f"## `{model!r}`\n\n{table(rows_of(model, epochs, data))}" for model, epochs in MODELS
    ]
    text = page(tables, data, time.perf_counter() - began)
    print(text)
    if write:
        PAGE.write_text(text, encoding="utf-8")


def rows_of(model: Model, epochs: int, data: Resident) -> list[Row]:
    """Float, simulated, then every engine, on one trained member."""
    torch.manual_seed(0)
    network = model.build(data.shape_CHW, data.classes)
    recipe = Recipe(epochs=epochs, batch=64, lr=0.05)
    drive(Supervised(recipe), Given(data, [network], [SeedPlan().member("benchmark", 0)]))
    network.eval()
    rounded = copy.deepcopy(network)
    effect = SIMULATED.start(rounded, Horizon(0, 0)).finish()
    plain, simulated = eager(network), eager(rounded)
    expected = (over(plain, data.test_x_NCHW), over(simulated, data.test_x_NCHW))
    rows = [
        measured("float32, no engine", plain, expected, data, "–", 0, 0.0),
        measured(
            repr(SIMULATED),
            simulated,
            expected,
            data,
            "none: float32 on rounded values",
            effect.changed,
            0.0,
        ),
    ]
    for engine in ENGINES:
        print(f"{model!r}: {engine!r}", flush=True)
        began = time.perf_counter()
        compiled = engine.compile(network, data.train_x_NCHW[:CALIBRATION])
        seconds = time.perf_counter() - began
        changed = compiled.effect.changed
        rows.append(
            measured(
                repr(engine), compiled.logits, expected, data, operators(compiled), changed, seconds
            )
        )
    return rows


def eager(network: nn.Module) -> Logits:
    @torch.inference_mode()
    def logits(x_BCHW: Tensor) -> Tensor:
        answer: Tensor = network(x_BCHW)
        return answer

    return logits


def over(logits: Logits, x_NCHW: Tensor, batch: int = BATCH) -> Tensor:
    return torch.cat([logits(x_BCHW) for x_BCHW in torch.split(x_NCHW, batch)])


def measured(
    name: str,
    logits: Logits,
    expected: tuple[Tensor, Tensor],
    data: Resident,
    operators: str,
    weights: int,
    seconds: float,
) -> Row:
    """``expected`` are the logits of the float and of the simulated model, (N, C) each."""
    found_NC = over(logits, data.test_x_NCHW)
    pred_N = found_NC.argmax(1)
    as_float, as_simulated = (float((pred_N == e_NC.argmax(1)).float().mean()) for e_NC in expected)
    ones_NC = over(logits, data.test_x_NCHW[:ONES], batch=1)
    return Row(
        name,
        float((pred_N == data.test_y_N).float().mean()),
        as_float,
        as_simulated,
        float((found_NC - expected[0]).abs().max()),
        float((found_NC[:ONES] - ones_NC).abs().max()),
        operators,
        weights,
        milliseconds(logits, data.test_x_NCHW[:BATCH]),
        seconds,
    )


def milliseconds(logits: Logits, x_BCHW: Tensor) -> float:
    """Processor time, so that a busy machine changes it little; median of several runs, after two
    that do not count."""
    found = []
    for _ in range(TIMES + 2):
        began = time.process_time()
        logits(x_BCHW)
        found.append(1000 * (time.process_time() - began))
    return statistics.median(found[2:])


def operators(compiled: Compiled) -> str:
    facts = compiled.effect.facts
    kinds = {kind: (facts[f"int8.{kind}"], facts[f"float.{kind}"]) for kind in ("conv2d", "linear")}
    return ", ".join(f"{i:.0f} of {i + f:.0f} {kind}" for kind, (i, f) in kinds.items() if i + f)


def table(rows: list[Row]) -> str:
    head = (
        "| engine | accuracy | same class as float | as simulated | largest logit difference | of "
        "that, by the batch | "
        "integer operators | weights held as integers | ms per 512 | s to compile |\n"
        "|---|---:|---:|---:|---:|---:|---|---:|---:|---:|"
    )
    lines = [
        f"| `{r.name}` | {r.accuracy:.4f} | {r.as_float:.4f} | {r.as_simulated:.4f} | "
        f"{r.largest:.3f} | {r.by_batch:.2g} | {r.operators} | {r.weights:,} | "
        f"{r.milliseconds:.1f} | {r.seconds:.1f} |"
        for r in rows
    ]
    return "\n".join([head, *lines])


def page(tables: list[str], data: Resident, seconds: float) -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    vector = torch.backends.cpu.get_cpu_capability()
    found = torch.cpu.get_capabilities()
    vnni = "with VNNI" if found.get("avx512_vnni") or found.get("avx_vnni") else "without VNNI"
    return f"""# Quantization engines

Generated by `python benchmarks/quantization_engines.py --write` in {seconds / 60:.0f} minutes. Do not edit.

One member of each model, trained on the embedded part of Fashion-MNIST ({len(data.train_y_N):,} images), answers
{len(data.test_y_N):,} test images as float32, with weights rounded in simulation, and in every int8 engine that
Undertow can run. Static engines saw the first {CALIBRATION} training images. Milliseconds are processor time, the
median of {TIMES} runs on one thread of one machine ({vector}, {vnni}) that did other work too: read them as an order.
It is one member: a difference of some thousandths between two accuracies is chance.

{packages}.

{(chr(10) * 2).join(tables)}

*Of that, by the batch*: the largest difference of a logit between the first {ONES} images run one by one and run
{BATCH} at a time. The simulated row counts weights that moved; the others count weights that are held as integers.

## What differs between the engines

* **What is rounded.** The simulation rounds weights. torchao's eager path rounds linear layers and leaves convolutions
  alone. The static engines round weights and activations everywhere, by ranges fixed in advance, and cut off values
  beyond them: their largest logit differences are mostly large logits made smaller (ONNX Runtime rounds the logits
  too, and none can pass the largest one of calibration). ONNX Runtime's dynamic path takes the range from the data at
  hand.
* **Where norms go.** Engines fold a batch norm into the convolution before it. In `SmallCNN` pooling stands between
  the two, so no engine folds, and the static ones round what leaves a convolution before its channels are normalised,
  with one range for all of them. torchao 0.18 folds also where the convolution's output is used elsewhere (the first
  shortcut of `WideResNet`), which gives another network; Undertow takes such norms out of its way.
* **The processor.** Without VNNI, sums of two 8-bit products saturate at 16 bits in ONNX Runtime's default kernels, in
  oneDNN's behind `compiled=True` and in OpenVINO's. `exact_sums` and `reduce_range` are the engines' own cures. Rows
  without the cure depend on which of the two processors they ran on: the same file, another model. An earlier run of
  this page on AVX2 without VNNI gave `SmallCNN` in `OnnxStaticInt8` float32's class for .968 of the images without the
  cure and .9955 with it, and `MLP` in OpenVINO .979 and .9975.
* **The neighbours.** `OnnxDynamicInt8` and `TorchDynamicInt8` with `alone=False` take one range over a whole batch, so
  an image's answer depends on which others are in it. The other engines' answers are the image's own, up to float32 rounding.
* **What a graph is not.** `PT2EStaticInt8()` holds integers but computes in float32 on the values they mean. It is the
  reference for `compiled=True`, and no measure of speed.
"""


if __name__ == "__main__":
    main()
