"""A data set and models that train in milliseconds, in a module that worker processes can import.

Blobs()              60 training and 30 test images of 8 × 8, three classes told apart by brightness
BlobsKept()          the same with 30 further images held out
Fragile(bad=seed)    a linear model that cannot be built from one init seed
Explosive(bad=seed)  one whose weights overflow from one init seed on
Unstackable()        one with a layer that draws numbers as vmap cannot
Deadly()             one whose building ends the process of a worker
"""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import torch
from torch import nn

from undertow.lab.data.dataset import Part, Splits


@dataclass(frozen=True)
class Blobs:
    train: int = 60
    test: int = 30

    def load(self) -> Splits:
        parts = (self._part("train", self.train, 0), self._part("test", self.test, 1))
        return Splits("blobs", ("dark", "grey", "light"), *parts, mean=(0.4,), std=(0.25,))

    @staticmethod
    def _part(name: str, count: int, seed: int) -> Part:
        rng = np.random.default_rng(seed)
        label_N = rng.integers(0, 3, count)
        x_NCHW = rng.integers(0, 80, (count, 1, 8, 8)) + 60 * label_N[:, None, None, None]
        ids = tuple(f"{name}/{index}" for index in range(count))
        slices = pl.DataFrame(
            {"half": ["left" if index % 2 else "right" for index in range(count)]}
        )
        return Part(x_NCHW.astype(np.uint8), label_N, ids, slices)


@dataclass(frozen=True)
class Fragile:
    bad: int

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        if torch.initial_seed() == self.bad:
            raise RuntimeError("it broke\non two lines")
        return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))


@dataclass(frozen=True)
class Explosive:
    bad: int

    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, classes))
        if torch.initial_seed() == self.bad:
            nn.init.constant_(model[1].weight, 1e38)
        return model


@dataclass(frozen=True)
class Unstackable:
    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.RReLU(), nn.Linear(8, classes))


@dataclass(frozen=True)
class Deadly:
    def build(self, shape_CHW: tuple[int, int, int], classes: int) -> nn.Module:
        if multiprocessing.parent_process() is not None:
            os._exit(7)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))


@dataclass(frozen=True)
class BlobsKept(Blobs):
    """The same with further images held out."""

    held_out: int = 30

    def load(self) -> Splits:
        return replace(super().load(), held_out=self._part("held_out", self.held_out, 2))
