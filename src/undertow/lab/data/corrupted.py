"""``Corrupted``: a data set's test images, corrupted as in ImageNet-C."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.corruptions import CORRUPTIONS, SEVERITIES
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.lazy import Images, chunks

WHOLE = "give a whole number from 1 to 5"


@dataclass(frozen=True)
class Corrupted:
    """``data`` with its test part corrupted; the training part stays. A trained population is put
    to it by ``population.on(Corrupted(data, "fog", 3), name)``.

    ``corruption`` is a name of ``CORRUPTIONS`` and ``severity`` 1 to 5, or several of either: the
    test part then has every example once under each pair of them, so that one population is put to
    all at once. Slices ``corruption`` and ``severity`` say which, and ids are
    ``<id>/<corruption>/<severity>``. ``cluster`` has the id of the clean example, or its cluster
    where the data have clusters of their own. What is drawn for an image depends on its id, the
    corruption, the severity and ``seed`` alone, never on order. ``UserError`` for a name or a
    severity that does not exist or comes twice, and for data corrupted already.
    """

    data: Dataset
    corruption: str | tuple[str, ...] = tuple(CORRUPTIONS)
    severity: int | tuple[int, ...] = SEVERITIES
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("corruption", "severity", "seed"):
            object.__setattr__(self, name, _plain(getattr(self, name)))

    def load(self) -> Splits:
        """Read the data and corrupt its test part."""
        pairs = list(product(self._names(), self._severities()))
        splits = self.data.load()
        taken = [name for name in ("corruption", "severity") if name in splits.test.slices.columns]
        if taken:
            raise UserError(
                f"{self!r}: its data have a slice {taken[0]!r} already; corrupt images once, and "
                "give a slice of your own another name"
            )
        return replace(splits, test=_joined([self._part(splits.test, *pair) for pair in pairs]))

    def _names(self) -> tuple[str, ...]:
        names = self.corruption if isinstance(self.corruption, tuple) else (self.corruption,)
        unknown = [name for name in names if not _is_corruption(name)]
        if unknown or not names:
            said = f"there is no corruption {unknown[0]!r}" if unknown else "no corruption is named"
            raise UserError(f"{said}: choose from {', '.join(CORRUPTIONS)}")
        _refuse_twice("corruption", names)
        return names

    def _severities(self) -> tuple[int, ...]:
        severities = self.severity if isinstance(self.severity, tuple) else (self.severity,)
        if not severities or not all(_is_severity(severity) for severity in severities):
            raise UserError(f"severity={self.severity!r}: {WHOLE}, or several of them")
        _refuse_twice("severity", severities)
        return severities

    def _part(self, test: Part, name: str, severity: int) -> Part:
        count = len(test.label_N)
        columns = (
            pl.Series("corruption", [name] * count, dtype=pl.String),
            pl.Series("severity", [severity] * count, dtype=pl.Int64),
            _clusters(test),
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
    """These images under one corruption: uint8 (N, C, H, W), grey or colour, as they came.
    ``ValueError`` for a name or a severity that does not exist, and where ids are not one for each
    image."""
    if not _is_corruption(corruption):
        raise ValueError(f"corruption={corruption!r}: choose from {', '.join(CORRUPTIONS)}")
    if not _is_severity(_plain(severity)):
        raise ValueError(f"severity={severity!r}: {WHOLE}")
    if len(example_id_N) != len(x_NCHW):
        raise ValueError(
            f"{len(example_id_N)} example ids for {len(x_NCHW)} images: give one for each"
        )
    family = CORRUPTIONS[corruption]
    constant = family.constants[severity - 1]
    rng_N = generators(example_id_N, corruption, severity, seed) if family.draws else iter(())
    done = [np.empty((0, *x_NCHW.shape[1:]), dtype=np.uint8)]
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
        of = int(seed), str(corruption), int(severity), str(example_id)  # numpy's print otherwise
        said = repr(of).encode()
        drawn = int.from_bytes(hashlib.sha256(said).digest()[:16], "big")
        yield np.random.Generator(np.random.PCG64(drawn))


def _plain(value: Any) -> Any:
    """Python's own numbers, texts and tuples, for those of numpy and for lists: their ``repr`` can
    be evaluated."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return tuple(_plain(each) for each in value)
    return value


def _is_corruption(name: object) -> bool:
    return isinstance(name, str) and name in CORRUPTIONS


def _is_severity(severity: object) -> bool:
    """``True`` and 3.0 equal whole numbers and are none."""
    return type(severity) is int and severity in SEVERITIES


def _refuse_twice(what: str, given: tuple[object, ...]) -> None:
    twice = [value for value in given if given.count(value) > 1]
    if twice:
        raise UserError(f"{what}={given!r}: has {twice[0]!r} twice; give each once")


def _clusters(test: Part) -> pl.Series:
    """By example: its own id, or the cluster that the data put it in."""
    alone = pl.Series("cluster", test.example_id_N, dtype=pl.String)
    if "cluster" not in test.slices.columns:
        return alone
    return test.slices["cluster"].cast(pl.String).fill_null(alone)


def _joined(parts: Sequence[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    return Part(
        np.concatenate([part.x_NCHW for part in parts]),
        np.concatenate([part.label_N for part in parts]),
        tuple(example_id for part in parts for example_id in part.example_id_N),
        pl.concat([part.slices for part in parts]),
    )
