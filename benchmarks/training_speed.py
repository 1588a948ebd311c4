"""What one member costs on one core: images per second, and seconds of a whole member, for each
model.

    python benchmarks/training_speed.py              about a minute
    python benchmarks/training_speed.py --variants   also memory orders, bfloat16, torch.compile,
                                                     teachers

Long-tailed Fashion-MNIST as the embedded studies have it (ratio 50: 2,800 images), one thread, the
reference trainer. Seconds are processor time, so a busy machine changes them little; evaluation
covers the 2,000 test images.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from undertow.lab.data import FashionMNIST, LongTail
from undertow.lab.feeds.resident import Resident, resident
from undertow.lab.models import MLP, Model, ResNet, SmallCNN, WideResNet
from undertow.lab.models.flatten import Flatten
from undertow.lab.recipe import Recipe
from undertow.lab.runner.answers import probabilities
from undertow.lab.runner.drive import drive
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.teacher import stacked_teacher, teacher_logits
from undertow.lab.trainings.training import Given

SMALL: tuple[tuple[Model, int], ...] = (
    (MLP(hidden=(256,)), 20),
    (SmallCNN(width=8), 12),
    (SmallCNN(width=16), 12),
)
DEEP: tuple[Model, ...] = (ResNet(depth=20), WideResNet(depth=16, widen=2))


def main() -> None:
    """Print one row per model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--variants",
        action="store_true",
        help="also time memory orders, bfloat16 and torch.compile",
    )
    variants = parser.parse_args().variants
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    data = resident(FashionMNIST(tail=LongTail(ratio=50, order=tuple(range(9, -1, -1)))).load())
    print(
        f"torch {torch.__version__}, {len(data.train_y_N):,} training and {len(data.test_y_N):,} "
        "test images, 1 thread"
    )
    print(
        f"{'model':42} {'epochs':>6} {'train s':>8} {'test s':>7} {'images/s':>9} {'accuracy':>8}"
    )
    for model, epochs in SMALL:
        print_member(model, epochs, data)
    for model in DEEP:
        rate = images_per_second(model, data)
        print(f"{model!r:42} {'–':>6} {'–':>8} {'–':>7} {rate:9,.0f} {'–':>8}")
    if variants:
        for model, batches in (
            (MLP(hidden=(128,)), 40),
            (SmallCNN(width=16), 40),
            (ResNet(depth=20), 6),
        ):
            print_variants(model, data, batches)
        for model in (MLP(hidden=(128,)), SmallCNN(width=8), ResNet(depth=8)):
            print_teachers(model, data)


def print_member(model: Model, epochs: int, data: Resident) -> None:
    """Train and evaluate one whole member."""
    torch.manual_seed(0)
    network = model.build(data.shape_CHW, data.classes)
    recipe = Recipe(epochs=epochs, batch=64, lr=0.05)
    began = time.process_time()
    drive(Supervised(recipe), Given(data, [network], [SeedPlan().member("benchmark", 0)]))
    trained = time.process_time()
    proba_NC = probabilities(network, data)
    tested = time.process_time()
    accuracy = float((proba_NC.argmax(1) == data.test_y_N).float().mean())
    rate = epochs * len(data.train_y_N) / (trained - began)
    print(
        f"{model!r:42} {epochs:6} {trained - began:8.2f} {tested - trained:7.2f} {rate:9,.0f} "
        f"{accuracy:8.3f}"
    )


def images_per_second(
    model: Model,
    data: Resident,
    memory: torch.memory_format = torch.contiguous_format,
    precision: Callable[[], AbstractContextManager[object]] = nullcontext,
    batches: int = 12,
    compiled: bool = False,
) -> float:
    """Forward, backward and step over batches of 64, after two that do not count."""
    torch.manual_seed(0)
    network = model.build(data.shape_CHW, data.classes)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory)
    forward = torch.compile(network, dynamic=False) if compiled else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    began = 0.0
    for batch in range(batches + 2):
        if batch == 2:
            began = time.process_time()
        rows = slice(64 * batch, 64 * (batch + 1))
        # a new tensor: of one channel, torch takes either order for the other one and would leave
        # it as it is
        x_BCHW = torch.empty(data.train_x_NCHW[rows].shape, memory_format=memory).copy_(
            data.train_x_NCHW[rows]
        )
        with precision():
            logits_BC = forward(x_BCHW)
        loss = F.cross_entropy(logits_BC.float(), data.train_y_N[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return 64 * batches / (time.process_time() - began)


@dataclass(frozen=True)
class PlainFlatten:
    """A model whose ``Flatten`` is torch's."""

    model: Model

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        network = self.model.build(shape_CHW, classes)
        for module in network.modules():
            if isinstance(module, Flatten):
                module.__class__ = nn.Flatten
        return network


def print_teachers(model: Model, data: Resident, members: int = 8) -> None:
    """What ``members`` teachers say about a batch of 64 each: as a stack, and one after the
    other."""
    alone = [model.build(data.shape_CHW, data.classes).eval() for _ in range(members)]
    for network in alone:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    together = stacked_teacher(copy.deepcopy(alone), members)
    x_MBCHW = data.train_x_NCHW[: 64 * members].reshape(members, 64, *data.shape_CHW)

    def one_by_one() -> None:
        for network, x_BCHW in zip(alone, x_MBCHW, strict=True):
            teacher_logits(network, x_BCHW, "float32")

    stacked, single = (
        fastest(lambda: teacher_logits(together, x_MBCHW, "float32")),
        fastest(one_by_one),
    )
    print(
        f"{members} teachers {model!r}: {1000 * stacked:.1f} ms stacked, {1000 * single:.1f} ms "
        "one after the other"
    )


def fastest(work: Callable[[], object], times: int = 8) -> float:
    """Seconds of processor time, the least of ``times`` after two that do not count."""
    took = []
    for _ in range(times + 2):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took[2:])


def print_variants(model: Model, data: Resident, batches: int) -> None:
    """The same network in either order of memory, in another number format, and compiled. Trainings
    use channels last, and what their recipe says; these are the figures behind that choice."""

    def bfloat16() -> AbstractContextManager[object]:
        return torch.autocast("cpu", dtype=torch.bfloat16)

    last = torch.channels_last
    rates = {
        "channels first": images_per_second(model, data, batches=batches),
        "channels last": images_per_second(model, data, memory=last, batches=batches),
        "and torch's Flatten": images_per_second(
            PlainFlatten(model), data, memory=last, batches=batches
        ),
        "and bfloat16": images_per_second(
            model, data, memory=last, precision=bfloat16, batches=batches
        ),
        "and compiled": images_per_second(model, data, memory=last, batches=batches, compiled=True),
    }
    print(
        f"{model!r}, images/s: " + ", ".join(f"{name} {rate:,.0f}" for name, rate in rates.items())
    )


if __name__ == "__main__":
    main()
