"""What streaming costs: images per second from memory, and from JPEG files with and without reading
ahead.

    python benchmarks/streaming.py                            20,000 images of 64 × 64; 3 minutes
    python benchmarks/streaming.py --images 2000 --side 224   photographs of the usual size

It writes the JPEG files itself, into a temporary folder. Each row trains a small CNN for one epoch
with one thread, as a member is trained; decoding has its own threads. "waiting" is the share of the
epoch in which the trainer stood still for its next batch. "nothing" only fetches the batches: what
the data alone can deliver. Each row is the best of ``--repeats`` epochs, because decoding needs a
core that other programs may be using.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from undertow.lab.data import ImageFolder
from undertow.lab.feeds.feed import Feed
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.streamed import streamed
from undertow.lab.models import SmallCNN
from undertow.lab.runner.threads import cores, one_thread

CLASSES = 10


def main() -> None:
    """Write the images, then print one row per way and network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=64, help="height and width in pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, one_thread():
        size = write_images(Path(folder), given.images, given.side)
        print(
            f"torch {torch.__version__}, {cores()} cores; {given.images:,} JPEG of {given.side} × "
            f"{given.side} pixels"
        )
        print(
            f"{size / given.images / 1000:.1f} kB each on disk, {given.side**2 * 3 / 1000:.1f} kB "
            "decoded"
        )
        print_loading(folder, given.side)
        dataset = ImageFolder(
            folder, stream=True, size=(given.side, given.side), mean=(0.5,) * 3, std=(0.25,) * 3
        )
        lazy = dataset.load()
        ways: dict[str, tuple[Feed, bool]] = {}
        if given.images * given.side**2 * 3 * 4 < 6e9:
            ways["resident"] = (
                resident(ImageFolder(folder, mean=(0.5,) * 3, std=(0.25,) * 3).load()),
                True,
            )
        ways |= {
            "streamed, reads ahead": (streamed(lazy), True),
            "streamed, on demand": (streamed(lazy), False),
        }
        print(f"\n{'network':12} {'data':22} {'images/s':>9} {'waiting':>8}")
        for width in (8, 0):
            for way, (data, planned) in ways.items():
                rate, waiting = max(
                    epoch(width, data, planned, given.batch) for _ in range(given.repeats)
                )
                name = f"CNN, {width} wide" if width else "nothing"
                print(f"{name:12} {way:22} {rate:9,.0f} {waiting:8.1%}", flush=True)


def write_images(folder: Path, images: int, side: int) -> int:
    """Blurred noise with grain, so that a file is about as long as a photograph's; returns the
    bytes of all."""
    rng = np.random.default_rng(0)
    total = 0
    for split, count in (("train", images), ("test", CLASSES)):
        for i in range(count):
            path = folder / split / f"{i % CLASSES}" / f"{i:06d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = rng.integers(0, 256, (max(2, side // 8), max(2, side // 8), 3), dtype=np.uint8)
            picture = np.asarray(
                Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
            ).astype(float)
            grain = rng.normal(0, 8, (side, side, 1))
            Image.fromarray((picture + grain).clip(0, 255).astype(np.uint8)).save(
                path, "JPEG", quality=85
            )
            total += path.stat().st_size
    return total


def print_loading(folder: str, side: int) -> None:
    """Seconds until training can begin: decoded whole, streamed with a pass for mean and deviation,
    and without."""
    mean, std = (0.5,) * 3, (0.25,) * 3
    for what, dataset in {
        "decoded into memory": ImageFolder(folder),
        "streamed, statistics counted": ImageFolder(folder, stream=True),
        "streamed, statistics given": ImageFolder(
            folder, stream=True, mean=mean, std=std, size=(side, side)
        ),
    }.items():
        began = time.perf_counter()
        dataset.load()
        print(f"loading, {what:30} {time.perf_counter() - began:7.2f} s")


def epoch(width: int, data: Feed, planned: bool, batch: int) -> tuple[float, float]:
    """Train one epoch, or with width 0 only fetch its batches: images per second, and the share
    spent waiting."""
    torch.manual_seed(0)
    network = SmallCNN(width=width).build(data.shape_CHW, data.classes) if width else None
    order_N = torch.randperm(len(data.train_y_N))
    waited = 0.0
    began = time.perf_counter()
    if planned:
        data.plan_epoch(order_N, batch)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01) if network else None
    for index_B in torch.split(order_N, batch):
        asked = time.perf_counter()
        x_BCHW = data.train_batch(index_B)
        waited += time.perf_counter() - asked
        if network and optimizer:
            step(network, optimizer, x_BCHW, data.train_y_N[index_B])
    seconds = time.perf_counter() - began
    return len(order_N) / seconds, waited / seconds


def step(
    network: nn.Module, optimizer: torch.optim.Optimizer, x_BCHW: torch.Tensor, y_B: torch.Tensor
) -> None:
    """Forward, backward, update."""
    optimizer.zero_grad()
    torch.autograd.backward(F.cross_entropy(network(x_BCHW), y_B))
    optimizer.step()


if __name__ == "__main__":
    main()
