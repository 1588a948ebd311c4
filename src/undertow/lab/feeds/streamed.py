"""A data set whose images stay on disk, or in memory as bytes, and come to the device batch by
batch.

The trainer tells the order of an epoch beforehand, so the next few batches are decoded and
normalised by other threads while it computes. What it gets is bit for bit what ``resident`` gives.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from undertow.lab.data.dataset import Splits, empty_like
from undertow.lab.data.lazy import Images

AHEAD = 4
"""Batches that are ready or in the making while the trainer works on another,"""

AHEAD_BYTES = 1_000_000_000
"""or fewer, but one, where they would fill more memory than this as float32: a stack of members
takes large batches."""

PREPARERS = 2
"""Batches in the making at once: while one is normalised the next is decoded."""


class Streamed:
    """Images of zero mean and unit spread per channel by the data set's own figures, channels last;
    labels int64.

    To the trainer it is what ``Resident`` is. ``UserError`` names an image that cannot be read,
    when its batch is asked for. The threads end when the object is dropped.
    """

    def __init__(self, splits: Splits, device: torch.device | str, dtype: torch.dtype) -> None:
        self.device, self.dtype = torch.device(device), dtype
        self.train_y_N = torch.from_numpy(splits.train.label_N).to(self.device)
        self.train_slices = splits.train.slices
        self.test_y_N = torch.from_numpy(splits.test.label_N).to(self.device)
        self.classes = len(splits.classes)
        mean_C, std_C = torch.tensor(splits.mean), torch.tensor(splits.std)
        self.black_C = (-mean_C / std_C).to(self.device, dtype)
        self.white_C = ((1 - mean_C) / std_C).to(self.device, dtype)
        """What a black pixel is after normalisation."""
        held_out = splits.held_out or empty_like(splits.train)
        self.held_out_y_N = torch.from_numpy(held_out.label_N).to(self.device)
        self.held_out_slices = held_out.slices
        self._train, self._test = splits.train.x_NCHW, splits.test.x_NCHW
        self._held_out = held_out.x_NCHW
        self._pixels = _Pixels(normalised_values(mean_C, std_C), self.device, dtype)
        self._pool = ThreadPoolExecutor(PREPARERS, thread_name_prefix="prepare")
        weakref.finalize(self, self._pool.shutdown, wait=False, cancel_futures=True)
        self._plan = self._planned(self._train, torch.arange(0), 1)

    @property
    def shape_CHW(self) -> tuple[int, int, int]:
        _, C, H, W = self._train.shape
        return C, H, W

    def plan_epoch(self, order_N: Tensor, batch: int) -> None:
        """Begin to prepare these training examples, ``batch`` at a time; replaces the plan before.
        ``order_N`` must not be changed in place while the epoch runs."""
        self._plan.cancel()
        self._plan = self._planned(self._train, order_N, batch)

    def train_batch(self, index_B: Tensor) -> Tensor:
        """The images (B, C, H, W) of these training examples, as they are: no augmentation.

        The next batch of the plan is ready, or soon; any other is decoded now and leaves the plan
        where it was.
        """
        if self._plan.is_next(index_B):
            return self._pixels.placed(self._plan.take())
        return self._pixels.placed(self._pixels.prepared(self._train, index_B.cpu().numpy()))

    def test_batches(self, size: int) -> Iterator[Tensor]:
        """The test part in its order, ``size`` images at a time; the last batch may be short."""
        return self._batches(self._test, size)

    def held_out_batches(self, size: int) -> Iterator[Tensor]:
        """The held-out part likewise."""
        return self._batches(self._held_out, size)

    def _batches(self, images: Images, size: int) -> Iterator[Tensor]:
        plan = self._planned(images, torch.arange(len(images)), size)
        try:
            while plan.left:
                yield self._pixels.placed(plan.take())
        finally:
            plan.cancel()

    def _planned(self, images: Images, order_N: Tensor, batch: int) -> _Plan:
        pixels = self._pixels  # Not self: what waits in the pool must not keep this object alive.
        ahead = min(AHEAD, max(1, AHEAD_BYTES // (4 * batch * math.prod(self.shape_CHW))))
        return _Plan(
            self._pool, lambda index_B: pixels.prepared(images, index_B), order_N, batch, ahead
        )


def streamed(
    splits: Splits, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Streamed:
    """The data set for training on ``device``, its images left where they are. Normalisation is in
    float32 whatever ``dtype``, as in ``resident``."""
    return Streamed(splits, device, dtype)


def normalised_values(mean_C: Tensor, std_C: Tensor) -> Tensor:
    """What each pixel value 0 … 255 becomes, (C, 256), float32.

    There are only 256, so they are computed once, on the CPU and by the steps of ``resident``, and
    looked up: a GPU divides by multiplying with the inverse, which is another last bit.
    """
    value_V = torch.arange(256).to(torch.float32).div_(255)
    return value_V.repeat(len(mean_C), 1).sub_(mean_C[:, None]).div_(std_C[:, None])


@dataclass(frozen=True, eq=False)
class _Pixels:
    """From images to normalised batches: ``prepared`` in any thread, ``placed`` in the
    trainer's."""

    value_CV: Tensor
    device: torch.device
    dtype: torch.dtype

    def prepared(self, images: Images, index_B: NDArray[np.int64]) -> Tensor:
        """Decoded; for the CPU normalised too. Other devices get bytes, a quarter of the
        traffic."""
        x_BCHW = images[index_B]
        if self.device.type == "cpu":
            return self._normalised(x_BCHW)
        bytes_BCHW = torch.from_numpy(x_BCHW)
        return bytes_BCHW.pin_memory() if self.device.type == "cuda" else bytes_BCHW

    def placed(self, prepared_BCHW: Tensor) -> Tensor:
        """On the device, normalised, in the wanted precision."""
        x_BCHW = prepared_BCHW.to(self.device, non_blocking=prepared_BCHW.is_pinned())
        if x_BCHW.dtype == torch.uint8:
            x_BCHW = self._looked_up(x_BCHW)
        return x_BCHW.to(self.dtype, memory_format=torch.channels_last)

    def _normalised(self, x_BCHW: NDArray[np.uint8]) -> Tensor:
        # numpy, because torch would start threads of its own for each thread that calls it.
        B, C, H, W = x_BCHW.shape
        x_BHWC = np.empty((B, H, W, C), dtype=np.float32)
        for channel, value_V in enumerate(self.value_CV.numpy()):
            # "raise" would look twice
            x_BHWC[..., channel] = np.take(value_V, x_BCHW[:, channel], mode="clip")
        return torch.from_numpy(x_BHWC).permute(0, 3, 1, 2)

    def _looked_up(self, x_BCHW: Tensor) -> Tensor:
        channel_C = torch.arange(x_BCHW.shape[1], device=x_BCHW.device)
        return self.value_CV.to(x_BCHW.device)[channel_C[:, None, None], x_BCHW.int()]


class _Plan:
    """Batches to come, in order; up to ``ahead`` of them have been handed to the pool."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        prepare: Callable[[NDArray[np.int64]], Tensor],
        order_N: Tensor,
        batch: int,
        ahead: int,
    ) -> None:
        self._pool, self._prepare, self._ahead = pool, prepare, ahead
        self._asked = deque(torch.split(order_N, batch)) if len(order_N) else deque[Tensor]()
        self._todo = deque(torch.split(order_N.cpu(), batch)) if len(order_N) else deque[Tensor]()
        self._begun: deque[Future[Tensor]] = deque()
        self._begin()

    @property
    def left(self) -> int:
        return len(self._asked)

    def is_next(self, index_B: Tensor) -> bool:
        if not self._asked or self._asked[0].shape != index_B.shape:
            return False
        # The very same memory needs no comparison, for which a GPU would have to finish its work
        # first.
        return self._asked[0].data_ptr() == index_B.data_ptr() or torch.equal(
            self._asked[0], index_B
        )

    def take(self) -> Tensor:
        """The next batch, as soon as it is there. Raises what preparing it raised."""
        self._asked.popleft()
        batch = self._begun.popleft()
        self._begin()
        return batch.result()

    def cancel(self) -> None:
        for batch in self._begun:
            batch.cancel()

    def _begin(self) -> None:
        while self._todo and len(self._begun) < self._ahead:
            self._begun.append(self._pool.submit(self._prepare, self._todo.popleft().numpy()))
