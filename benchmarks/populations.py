"""What a population costs: Undertow's runners beside the script that one would write first, in one
run.

    python benchmarks/populations.py                 all, with this machine's floor; 15 minutes
    python benchmarks/populations.py --quick         a fifth of the data
    python benchmarks/populations.py --only mlp      of: mlp, cnn, resnet, curve, ray, memory
    python benchmarks/populations.py --device cuda   the same on a GPU, with its own ceilings
    python benchmarks/populations.py --write         also writes docs/populations-measured.md

The baseline is ``plain_script`` below: float32, a ``Dataset`` that scales and normalises an image
when it is asked for it, a ``DataLoader``, torch's optimizer, one member after another, as many
threads as torch likes. Both train the same images for the same epochs with the same recipe; the
accuracies stand beside the seconds.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from undertow.lab.data import FashionMNIST
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.models import MLP, Model, ResNet, SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Precision, Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer
from undertow.lab.trainings.precision import has_bfloat16
from undertow.records.read import read_population

T = TypeVar("T")


@dataclass(frozen=True)
class Images:
    """Embedded Fashion-MNIST, thinned to ``train`` images; in colour and 32 × 32 by padding where
    asked."""

    train: int
    colour: bool = False

    def load(self) -> Splits:
        whole = FashionMNIST().load()
        train, test = (self._part(part) for part in (whole.train, whole.test))
        mean, std = (tuple(float(v) for v in values) for values in self._spread(train.x_NCHW))
        return Splits(f"images {self}", whole.classes, train, test, mean, std)

    def _part(self, part: Part) -> Part:
        x_NCHW = np.asarray(part.x_NCHW[: self.train])
        if self.colour:
            x_NCHW = np.repeat(np.pad(x_NCHW, ((0, 0), (0, 0), (2, 2), (2, 2))), 3, axis=1)
        n = len(x_NCHW)
        return Part(x_NCHW, part.label_N[:n], part.example_id_N[:n], part.slices[:n])

    @staticmethod
    def _spread(x_NCHW: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        scaled = x_NCHW / 255
        return scaled.mean((0, 2, 3)), scaled.std((0, 2, 3))


# --- the baseline: what one writes first
# ------------------------------------------------------------------------------


class PlainImages(Dataset[tuple[Tensor, int]]):
    """One image at a time, scaled and normalised when asked for, as torchvision's transforms
    would."""

    def __init__(
        self, x_NCHW: NDArray[np.uint8], y_N: NDArray[np.int64], mean: Tensor, std: Tensor
    ) -> None:
        self.x_NCHW, self.y_N, self.mean, self.std = (
            x_NCHW,
            y_N,
            mean[:, None, None],
            std[:, None, None],
        )

    def __len__(self) -> int:
        return len(self.y_N)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        x = torch.from_numpy(self.x_NCHW[index]).float() / 255
        return (x - self.mean) / self.std, int(self.y_N[index])


def plain_script(
    model: Model, splits: Splits, recipe: Recipe, members: int, device: str
) -> list[float]:
    """Train ``members`` networks one after the other; their test accuracies."""
    mean, std = torch.tensor(splits.mean), torch.tensor(splits.std)
    train, test = (PlainImages(p.x_NCHW, p.label_N, mean, std) for p in (splits.train, splits.test))  # type: ignore[arg-type]
    loader = DataLoader(train, batch_size=recipe.batch, shuffle=True, pin_memory=device == "cuda")
    test_loader = DataLoader(test, batch_size=512)
    accuracies = []
    for member in range(members):
        torch.manual_seed(member)
        _, C, H, W = splits.train.x_NCHW.shape
        network = model.build((C, H, W), len(splits.classes)).to(device)
        optimizer = torch.optim.SGD(
            network.parameters(),
            lr=recipe.lr,
            momentum=0.9,
            nesterov=True,
            weight_decay=recipe.weight_decay,
        )
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            optimizer, recipe.epochs * len(loader)
        )
        for _ in range(recipe.epochs):
            network.train()
            for x, y in loader:
                x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
                loss = F.cross_entropy(network(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
        network.eval()
        right = 0
        with torch.no_grad():
            for x, y in test_loader:
                right += int((network(x.to(device)).argmax(1).cpu() == y).sum())
        accuracies.append(right / len(test))
    return accuracies


# --- the rows
# ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One population that is trained both ways. The baseline trains ``plain`` of its members, and
    is scaled up."""

    name: str
    model: Model
    data: Images
    recipe: Recipe
    members: int
    plain: int
    bar: float


def rows(share: float) -> dict[str, Row]:
    """The bars on a CPU: 784-128-10, two convolutions on 28 × 28, ResNet-20 on 32 × 32, all in
    batches of 128."""

    def images(count: int, colour: bool = False) -> Images:
        return Images(max(256, int(count * share)), colour)

    recipe = Recipe(epochs=20, batch=128, lr=0.05)
    convolutions = replace(recipe, precision=fast_precision())
    short = replace(convolutions, epochs=2)
    return {
        "mlp": Row("MLP 784-128-10", MLP((128,)), images(10_000), recipe, 32, 4, 10),
        "cnn": Row(
            "two convolutions, 28 × 28",
            SmallCNN(16),
            images(10_000),
            replace(convolutions, epochs=6),
            8,
            2,
            3,
        ),
        "resnet": Row("ResNet-20, 32 × 32", ResNet(20), images(2_560, colour=True), short, 8, 2, 3),
    }


def fast_precision() -> Precision:
    """For convolutions: bfloat16 where the processor has instructions for it. The baseline is
    float32 either way."""
    return "bfloat16" if has_bfloat16(torch.device("cpu")) else "float32"


def compare(row: Row, machine: Machine) -> dict[str, object]:
    """Baseline, ours, baseline: a machine that is busy at one moment shows in both."""
    splits = row.data.load()
    population = Population("row", row.data, row.model, row.recipe, row.members)  # type: ignore[arg-type]
    first, accuracy = seconds(
        lambda: plain_script(row.model, splits, row.recipe, row.plain, machine.the_device)
    )
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:

        def train() -> Path:
            with Trainer(
                Path(folder), machine, progress=lambda e: said.append(e.reason)
            ) as trainer:
                return trainer.train(population)

        ours, path = seconds(train)
        record = read_population(path)
    second, _ = seconds(
        lambda: plain_script(row.model, splits, row.recipe, row.plain, machine.the_device)
    )
    plain = (first + second) / 2 / row.plain * row.members
    passed = row.members * row.recipe.epochs * len(splits.train.label_N)
    own = [entry.facts["accuracy"] for entry in record.members]
    return {
        "row": row.name,
        "members": row.members,
        "bar": row.bar,
        "plain_s": plain,
        "plain_spread": abs(first - second) / (first + second),
        "ours_s": ours,
        "ratio": plain / ours,
        "runner": f"{record.manifest.runner}, {record.manifest.dtype}",
        "why": next(text for text in said if text.startswith("runner")),
        "images_per_second": passed / ours,
        "floor_s": passed * flops_per_image(row.model, splits) / peak_flops(machine.the_device),
        "plain_accuracy": f"{statistics.mean(accuracy):.3f} ({min(accuracy):.3f} to "
        f"{max(accuracy):.3f})",
        "accuracy": f"{statistics.mean(own):.3f} ({min(own):.3f} to {max(own):.3f})",
    }


def seconds(work: Callable[[], T]) -> tuple[float, T]:
    """How long it took, and what it gave."""
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


# --- what the machine can do
# ------------------------------------------------------------------------------------------


def peak_flops(device: str) -> float:
    """Float32 products a second, times two: of one large matrix product, on all cores or on the
    GPU."""
    if device == "cuda":
        return _product_rate(8192, torch.device("cuda"), torch.float32)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _product_rate(1024, torch.device("cpu"), torch.float32) * len(
            os.sched_getaffinity(0)
        )
    finally:
        torch.set_num_threads(before)


def _product_rate(size: int, device: torch.device, dtype: torch.dtype) -> float:
    a = torch.randn(size, size, device=device, dtype=dtype)
    best = math.inf
    for _ in range(12):
        took, _ = seconds(lambda: (a @ a).flatten()[0].item())
        best = min(best, took)
    return 2 * size**3 / best


def flops_per_image(model: Model, splits: Splits) -> float:
    """Forward and backward, as torch counts them: two for each product and sum of convolutions and
    matrices."""
    from torch.utils.flop_counter import FlopCounterMode

    _, C, H, W = splits.train.x_NCHW.shape
    network, x = model.build((C, H, W), len(splits.classes)), torch.randn(16, C, H, W)
    with FlopCounterMode(display=False) as counter:
        network(x).sum().backward()
    return counter.get_total_flops() / 16


# --- more members, memory, Ray
# ----------------------------------------------------------------------------------------


def curve(
    model: Model, data: Images, batch: int, device: str, most: int
) -> list[tuple[int, float]]:
    """Milliseconds per member and step as one stack grows, on one core or the GPU."""
    from undertow.lab.runner.places.chunk import resident_for
    from undertow.lab.runner.threads import keep_memory, one_thread
    from undertow.lab.runner.trial import seconds_per_step

    keep_memory()
    points = []
    with one_thread():
        for members in (m for m in (1, 2, 4, 8, 16, 32, 64, 128, 256) if m <= most):
            population = Population("curve", data, model, Recipe(epochs=1, batch=batch), members)  # type: ignore[arg-type]
            feed = resident_for(population, device)
            took = seconds_per_step(population, feed, members)
            points.append((members, 1000 * took / members))
    return points


MEMORY = """
import sys
sys.path.insert(0, {here!r})
from populations import *
from undertow.lab.runner.trial import seconds_per_step
from undertow.lab.runner.memory import member_memory
from undertow.lab.runner.places.chunk import resident_for
torch.set_num_threads(1)
model, data = {model}, {data}
population = Population("m", data, model, Recipe(epochs=1, batch=128), {members})
feed = resident_for(population, "cpu")
stated = member_memory(population, feed).total
Path("/proc/self/clear_refs").write_text("5")  # the peak of loading is not of interest
seconds_per_step(population, feed, {members})
print(stated, int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024)
"""


GIVES_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""glibc returns every large tensor to the system at once, so that a peak holds tensors and no gaps
between them."""


def memory(
    model: Model, data: Images, small: int, large: int, allocator: dict[str, str]
) -> tuple[float, float]:
    """Megabytes per member: as stated, and as the peak grows from a small stack to a large one, in
    fresh processes."""
    peaks = []
    for members in (small, large):
        code = MEMORY.format(
            here=str(Path(__file__).parent), model=repr(model), data=repr(data), members=members
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | allocator,
        )
        stated, peak = map(int, done.stdout.split())
        peaks.append(peak)
    return stated / 1e6, (peaks[1] - peaks[0]) / (large - small) / 1e6


def ray_overhead(share: float, repeats: int = 3) -> dict[str, float]:
    """Seconds of eight members by ``processes`` and by ``ray``, workers started beforehand, in
    turn."""
    row = rows(share)["cnn"]
    recipe = replace(row.recipe, epochs=2)
    took: dict[str, list[float]] = {"processes": [], "ray": []}
    with tempfile.TemporaryDirectory() as folder:
        trainers = {r: Trainer(Path(folder) / r, Machine(r, workers=2, device="cpu")) for r in took}
        try:
            for repeat in range(repeats + 1):
                for runner, trainer in trainers.items():
                    population = Population(f"p{repeat}", row.data, row.model, recipe, 8)  # type: ignore[arg-type]
                    spent, _ = seconds(partial(trainer.train, population))
                    if repeat:  # the first starts the workers
                        took[runner].append(spent)
        finally:
            for trainer in trainers.values():
                trainer.__exit__(None, None, None)
    return {runner: statistics.median(times) for runner, times in took.items()}


# --- the page
# ---------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["mlp", "cnn", "resnet", "curve", "memory", "ray"])
    parser.add_argument("--quick", action="store_true", help="a fifth of the data")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--write", action="store_true", help="write docs/populations-measured.md")
    asked = parser.parse_args()
    page = report(asked.only, 0.2 if asked.quick else 1.0, asked.device)
    if asked.write:
        command = " ".join(["python benchmarks/populations.py", *(a for a in sys.argv[1:])])
        said = f"Generated by `{command}`, but for the last section; do not edit the others."
        file = Path(__file__).parents[1] / "docs" / "populations-measured.md"
        _, gpu, by_hand = file.read_text(encoding="utf-8").partition("\n## On a GPU\n")
        head = f"# What populations cost, measured\n\n{said}\n\n"
        file.write_text(head + page + gpu + by_hand, encoding="utf-8")


def report(only: str | None, share: float, device: str) -> str:
    """All that was asked for, as Markdown, printed as it comes."""
    parts: list[str] = []

    def say(text: str) -> None:
        print(text, flush=True)
        parts.append(text)

    say(environment(device))
    wanted = [only] if only else ["mlp", "cnn", "resnet", "curve", "memory", "ray"]
    compared = [name for name in wanted if name in rows(share)]
    if compared:
        say(COMPARED)
        for name in compared:
            say(line_of(compare(rows(share)[name], Machine(device=device))))
    if "curve" in wanted:
        say(
            "\n## Cost per member as members grow\n\nMilliseconds per member and step, one stack, "
            "one core.\n"
        )
        for model, data, most in (
            (MLP((128,)), Images(2_000), 256),
            (SmallCNN(16), Images(2_000), 64),
        ):
            points = curve(model, data, 128, device, most)
            say(
                "| members | "
                + " | ".join(str(m) for m, _ in points)
                + " |\n|---"
                + "|---" * len(points)
                + "|"
            )
            say(f"| {model!r} | " + " | ".join(f"{ms:.2f}" for _, ms in points) + " |\n")
    if "memory" in wanted:
        say("\n## Memory per member of a stack\n")
        say(
            "The peak of the process as the stack grows. With glibc's own settings freed tensors "
            "leave gaps.\n"
        )
        say(
            "| model | stated, MB | measured, MB | measured / stated | with gaps, MB "
            "|\n|---|---|---|---|---|"
        )
        for model, data, small, large in (
            (MLP((128,)), Images(1_000), 32, 128),
            (SmallCNN(16), Images(1_000), 8, 24),
            (ResNet(20), Images(512, colour=True), 2, 6),
        ):
            stated, measured = memory(model, data, small, large, GIVES_BACK)
            _, gaps = memory(model, data, small, large, {})
            say(
                f"| `{model!r}` | {stated:.1f} | {measured:.1f} | {measured / stated:.2f} | "
                f"{gaps:.1f} |"
            )
    if "ray" in wanted:
        took = ray_overhead(share)
        over = took["ray"] / took["processes"] - 1
        say(
            "\n## Ray beside processes\n\nEight members, workers started beforehand, medians of "
            "three runs in turn.\n"
        )
        say(f"processes {took['processes']:.1f} s, ray {took['ray']:.1f} s: {over:+.1%}")
    return "\n".join(parts) + "\n"


COMPARED = """
## Beside the script one would write first

*Plain* is scaled up from the members it trained, before and after ours; *ours* is everything from the declaration to
the record on disk, worker processes started anew. *Floor* is what the products alone would take at the rate of one
large float32 matrix product on all cores.

| population | members | plain | ours | ratio (bar) | runner | images/s | floor | accuracy plain; ours |
|---|---|---|---|---|---|---|---|---|"""


def line_of(found: dict[str, object]) -> str:
    """One row of the table."""
    return (
        "| {row} | {members} | {plain_s:.1f} s (±{plain_spread:.0%}) | {ours_s:.1f} s | "
        "**{ratio:.1f}** ({bar:g}) "
        "| {runner} | {images_per_second:,.0f} | {floor_s:.1f} s | {plain_accuracy}; {accuracy} |".format(
            **found
        )
    )


def environment(device: str) -> str:
    """What it ran on."""
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}."
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    short = "with" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "without"
    return (
        f"{capabilities.get('cpu_name', platform.processor())}, {len(os.sched_getaffinity(0))} "
        f"cores, {torch.backends.cpu.get_cpu_capability()}, {short} bfloat16 instructions; torch "
        f"{torch.__version__}, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    main()
