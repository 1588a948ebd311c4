"""What a population's steps cost on a GPU: one member after the other, and stacks as they grow.

    python benchmarks/populations_gpu.py               all models, some minutes on an H200
    python benchmarks/populations_gpu.py --only mlp    one of: mlp, cnn, resnet
    python benchmarks/populations_gpu.py --json FILE   also keeps the figures, as they come

Microseconds per member and step, batches of 128. *Trainer* is the whole trainer, in epochs of up to
79 steps that end with ``torch.cuda.synchronize``: the median of three after one that does not
count. *Bare* is forward, loss, backward and optimizer on images that stay the same, and *graph* the
same step as a CUDA graph that is replayed, which the trainer does not do. The floor is two times:
of the products at the rate of one large product in this number format, and of the bytes at the rate
of a large copy, where five tensors of each parameter's size and three of the images' are touched
once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from populations import Images, flops_per_image
from torch import Tensor, nn
from torch.nn import functional as F

from undertow.lab.feeds.feed import Feed
from undertow.lab.models import MLP, Model, ResNet, SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Precision, Recipe
from undertow.lab.runner.choose import Means, choose
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.memory import member_memory, members_that_fit
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.threads import one_thread
from undertow.lab.trainings.precision import products, shortened
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

BATCH = 128
EPOCH = 0.3
"""Seconds of an epoch that is measured, about: slow steps get fewer, two at least."""
PRECISIONS: tuple[Precision, ...] = ("float32", "tf32", "bfloat16")


@dataclass(frozen=True)
class Row:
    """A model with its data, and the sizes of its stacks, 1 being the loop."""

    model: Model
    data: Images
    sizes: tuple[int, ...]

    def of(self, precision: Precision, members: int) -> Population:
        recipe = Recipe(epochs=10, batch=BATCH, lr=0.05, precision=precision)
        return Population(f"row {members}", self.data, self.model, recipe, members)  # type: ignore[arg-type]


ROWS = {
    "mlp": Row(MLP((128,)), Images(10_000), (1, 8, 32, 64, 256, 1024)),
    "cnn": Row(SmallCNN(16), Images(10_000), (1, 8, 32, 64, 256)),
    "resnet": Row(ResNet(20), Images(2_560, colour=True), (1, 8, 32, 64)),
}


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--only", choices=list(ROWS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--most", type=int, default=10_000, help="leave out larger stacks")
    parser.add_argument("--device", default="cuda", choices=["cpu", "cuda"], help="cpu: a try")
    asked = parser.parse_args()
    device = torch.device(asked.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        print("torch finds no GPU here")
        return
    figures: dict[str, Any] = {"ceilings": ceilings(device)}
    print(environment(device, figures["ceilings"]))
    with one_thread():
        for name in [asked.only] if asked.only else ROWS:
            row = ROWS[name]
            print(f"\n{row.model!r}, {row.data!r}, {auto(row, device)}\n")
            print("| format | members | trainer | bare | graph | floor: products, bytes | MB |")
            print("|---|---|---|---|---|---|---|")
            for precision in PRECISIONS if device.type == "cuda" else PRECISIONS[:1]:
                for size in (s for s in row.sizes if s <= asked.most):
                    found = measured(row, precision, size, device, figures["ceilings"])
                    figures[f"{name} {precision} {size}"] = found
                    if asked.json:
                        asked.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def measured(
    row: Row, precision: Precision, size: int, device: torch.device, rates: dict[str, float]
) -> dict[str, Any]:
    """One row of the table, printed, and its figures in seconds per member and step."""
    population = row.of(precision, size)
    feed, floor = resident_for(population, device.type), floor_of(row, rates, precision)
    if size > 1 and size > members_that_fit(member_memory(population, feed), device, 1):
        print(f"| {precision} | {size} | does not fit |")
        return {}
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    trainer = [took / size for took in step_times(population, feed)]
    peak = torch.cuda.max_memory_allocated() / 1e6 if device.type == "cuda" else 0.0
    bare, graph = (took / size for took in bare_step(population, feed))
    said = (f"{1e6 * took:,.1f}" for took in (statistics.median(trainer), bare, graph))
    limits = f"{1e6 * floor['products']:.1f}, {1e6 * floor['bytes']:.1f}"
    print(f"| {precision} | {size} | {' | '.join(said)} | {limits} | {peak:,.0f} |", flush=True)
    return {"trainer": trainer, "bare": bare, "graph": graph, "floor": floor, "peak MB": peak}


def auto(row: Row, device: torch.device) -> str:
    """What ``auto`` takes for as many members as the largest stack has, and why."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = row.of("float32", row.sizes[-1])
        choice = choose(wanted, "auto", Means(device.type, 16), Path(folder) / "auto")
    return f"auto: {choice.name}, {choice.reason}"


def step_times(population: Population, feed: Feed) -> list[float]:
    """Seconds per step of all members together, one for each epoch that counts."""
    once = statistics.median(epoch_times(population, feed, 3, 1)) / 3
    steps = max(2, min(len(feed.train_y_N) // BATCH, int(EPOCH / once)))
    return [took / steps for took in epoch_times(population, feed, steps, 3)]


def epoch_times(population: Population, feed: Feed, steps: int, repeats: int) -> list[float]:
    """Seconds of epochs of so many steps, after one that does not count."""
    rows = slice(steps * BATCH)
    few = replace(feed, train_x_NCHW=feed.train_x_NCHW[rows], train_y_N=feed.train_y_N[rows])
    recipe = replace(population.recipe, epochs=repeats + 1)
    seeds_M, models = members_of(population, feed)
    times = []

    def note(epoch: int, epochs: int) -> None:
        wait(feed.device)
        times.append(time.perf_counter())

    drive(Supervised(recipe), Given(few, models, seeds_M, together=len(models) > 1), note)
    return [after - before for before, after in itertools.pairwise(times)]


def members_of(population: Population, feed: Feed) -> tuple[list[dict[str, int]], list[nn.Module]]:
    """Seeds and fresh networks."""
    seeds_M = [population.seeds.member(population.name, m) for m in range(population.members)]
    return seeds_M, [build_member(population, seeds, feed, None) for seeds in seeds_M]


def bare_step(population: Population, feed: Feed) -> tuple[float, float]:
    """Seconds of a step without the trainer: as it is, and as a CUDA graph (0 without a GPU)."""
    _, models = members_of(population, feed)
    size, device, precision = len(models), feed.device, population.recipe.precision
    x_BCHW = feed.train_batch(torch.arange(BATCH, device=device))
    y_B, forward = feed.train_y_N[:BATCH].repeat(size), models[0].train()
    if size == 1:
        models[0].to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        parameters, x = list(models[0].parameters()), x_BCHW
    else:
        forward = Stack(models, [])  # type: ignore[assignment]
        parameters, x = list(forward.parameters()), x_BCHW.repeat(size, 1, 1, 1, 1)
    # a rate in a tensor, or the graph would keep the first one for ever
    rate = torch.tensor(0.01, device=device) if device.type == "cuda" else 0.01
    optimizer = torch.optim.SGD(parameters, lr=rate, momentum=0.9, nesterov=True, fused=True)

    def step() -> Tensor:
        with shortened(precision, device):
            logits: Tensor = forward(x)
        loss = F.cross_entropy(logits.float().flatten(0, -2), y_B, reduction="sum") / BATCH
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        return loss

    with products(precision, device):
        bare = seconds_each(step, device)
        return bare, seconds_each(graph_of(step), device) if device.type == "cuda" else 0.0


def graph_of(step: Callable[[], object]) -> Callable[[], None]:
    """The step as a CUDA graph, captured after a few on a stream of their own."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def seconds_each(work: Callable[[], object], device: torch.device, times: int = 10) -> float:
    """The median of three rounds of so many calls, after some that do not count."""
    rounds = []
    for _ in range(4):
        began = time.perf_counter()
        for _ in range(times):
            work()
        wait(device)
        rounds.append((time.perf_counter() - began) / times)
    return statistics.median(rounds[1:])


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def floor_of(row: Row, rates: dict[str, float], precision: Precision) -> dict[str, float]:
    """Seconds per member and step that products and bytes would take at the rates of this GPU."""
    splits = row.data.load()
    _, C, H, W = splits.train.x_NCHW.shape
    weights = sum(p.numel() for p in row.model.build((C, H, W), 10).parameters())
    products_each = BATCH * flops_per_image(row.model, splits)
    moved = 4 * (5 * weights + 3 * BATCH * C * H * W)
    return {"products": products_each / rates[precision], "bytes": moved / rates["copy"]}


def ceilings(device: torch.device) -> dict[str, float]:
    """Bytes a second of a large copy, read and written, and FLOP/s of a large product by format."""
    size, count = (8192, 1 << 28) if device.type == "cuda" else (256, 1 << 20)
    source = torch.randn(count, device=device)
    target = torch.empty_like(source)
    found = {"copy": 8 * count / seconds_each(lambda: target.copy_(source), device)}
    a = torch.randn(size, size, device=device)
    for precision in PRECISIONS:
        rule = precision if device.type == "cuda" else "float32"
        with products(rule, device), shortened(precision, device):
            found[precision] = 2 * size**3 / seconds_each(lambda: a @ a, device)
    return found


def environment(device: torch.device, rates: dict[str, float]) -> str:
    """What it ran on."""
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    said = ", ".join(f"{precision} {rates[precision] / 1e12:.1f}" for precision in PRECISIONS)
    return (
        f"{name}, torch {torch.__version__}; copy {rates['copy'] / 1e12:.2f} TB/s; TFLOP/s: {said}."
    )


if __name__ == "__main__":
    main()
