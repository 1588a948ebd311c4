"""``Corrupted``: a data set's test images, corrupted as in ImageNet-C."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.corruptions import CORRUPTIONS, SEVERITIES
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.lazy import Images, chunks


@dataclass(frozen=True)
class Corrupted:
    """``data`` with its test part corrupted; the training part stays. A trained population is put
    to it by ``population.on(Corrupted(data, "fog", 3), name)``.

    ``corruption`` is a name of ``CORRUPTIONS`` and ``severity`` 1 to 5, or several of either: the
    test part then has every example once under each pair of them, so that one population is put to
    all at once. Slices ``corruption`` and ``severity`` say which, ``cluster`` has the id of the
    clean example, and ids are ``<id>/<corruption>/<severity>``. What is drawn for an image depends
    on its id, the corruption, the severity and ``seed`` alone, never on order. ``UserError`` for a
    name or a severity that does not exist, and for data corrupted already.
    """

    data: Dataset
    corruption: str | tuple[str, ...] = tuple(CORRUPTIONS)
    severity: int | tuple[int, ...] = SEVERITIES
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and corrupt its test part."""
        pairs = list(product(self._names(), self._severities()))
        splits = self.data.load()
        if "corruption" in splits.test.slices.columns:
            raise UserError(f"{self!r}: its images are corrupted already; corrupt them once")
        return replace(splits, test=_joined([self._part(splits.test, *pair) for pair in pairs]))

    def _names(self) -> tuple[str, ...]:
        names = (self.corruption,) if isinstance(self.corruption, str) else self.corruption
        unknown = [name for name in names if name not in CORRUPTIONS]
        if unknown or not names:
            said = f"there is no corruption {unknown[0]!r}" if unknown else "no corruption is named"
            raise UserError(f"{said}: choose from {', '.join(CORRUPTIONS)}")
        return names

    def _severities(self) -> tuple[int, ...]:
        severities = (self.severity,) if isinstance(self.severity, int) else self.severity
        if not severities or not set(severities) <= set(SEVERITIES):
            raise UserError(f"severity={self.severity!r}: give 1 to 5, or several of them")
        return severities

    def _part(self, test: Part, name: str, severity: int) -> Part:
        count = len(test.label_N)
        columns = (
            pl.Series("corruption", [name] * count),
            pl.Series("severity", [severity] * count),
            pl.Series("cluster", test.example_id_N),
        )
        kept = [column for column in test.slices if column.name != "cluster"]
        return Part(
            corrupted(test.x_NCHW, test.example_id_N, name, severity, self.seed),
            test.label_N,
            tuple(f"{example_id}/{name}/{severity}" for example_id in test.example_id_N),
            pl.DataFrame([*kept, *columns]),
        )


def corrupted(
    x_NCHW: Images, example_id_N: Sequence[str], corruption: str, severity: int, seed: int = 0
) -> NDArray[np.uint8]:
    """These images under one corruption: uint8 (N, C, H, W), grey or colour, as they came."""
    family = CORRUPTIONS[corruption]
    constant = family.constants[severity - 1]
    rng_N = generators(example_id_N, corruption, severity, seed) if family.draws else iter(())
    done = []
    for x_BCHW in chunks(x_NCHW):
        rng_B = [next(rng_N) for _ in x_BCHW] if family.draws else []
        changed_BCHW = family.change(x_BCHW / 255.0, constant, rng_B)
        done.append(np.rint(np.clip(changed_BCHW, 0, 1) * 255).astype(np.uint8))
    return np.concatenate(done)


def generators(
    example_id_N: Sequence[str], corruption: str, severity: int, seed: int
) -> Iterator[np.random.Generator]:
    """One for each example, from SHA-256 of all that it depends on."""
    for example_id in example_id_N:
        said = repr((seed, corruption, severity, example_id)).encode()
        drawn = int.from_bytes(hashlib.sha256(said).digest()[:16], "big")
        yield np.random.Generator(np.random.PCG64(drawn))


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    return Part(
        np.concatenate([part.x_NCHW for part in parts]),
        np.concatenate([part.label_N for part in parts]),
        tuple(example_id for part in parts for example_id in part.example_id_N),
        pl.concat([part.slices for part in parts]),
    )
