"""``MappedLabels``: training labels that are wrong in one direction, as people confuse classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.relabelled import load_to_relabel, relabelled

CIFAR10_CONFUSIONS: Mapping[str, str] = {
    "truck": "automobile",
    "bird": "airplane",
    "deer": "horse",
    "cat": "dog",
    "dog": "cat",
}
"""The usual asymmetric noise of CIFAR-10 (Patrini et al. 2017, 1609.03683): five classes are taken
for one that looks like them."""

NEXT = "next"


@dataclass(frozen=True)
class MappedLabels:
    """``data`` with the label ``to[class]`` for ``share`` of the training examples of each class
    that ``to`` names, drawn by ``seed``; classes that it does not name keep theirs.

    ``to`` maps names of classes to names of others: a dictionary such as ``CIFAR10_CONFUSIONS``, or
    pairs, which it is kept as. ``"next"`` gives every class the label of the one after it, and the
    last one that of the first (the "flip" of 2001.10528). Where half of the classes are mapped, as
    in CIFAR-10's usual map, a share of 0.4 makes 0.2 of all labels wrong.

    The record's ``train.parquet`` has what training sees as ``label``, the right one as
    ``true_label``, and ``mislabelled`` (yes or no). The test part stays as it is. ``UserError`` for
    a share outside 0 to 1, a class that does not exist, is named twice or is its own target, a map
    of nothing, and labels that were changed already.
    """

    data: Dataset
    share: float
    to: Mapping[str, str] | tuple[tuple[str, str], ...] | str
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.to, str):
            object.__setattr__(self, "to", _pairs(self.to))

    def load(self) -> Splits:
        """Read the data and change labels."""
        splits = load_to_relabel(self, self.data)
        to_C = self._targets(splits.classes)
        right_N = splits.train.label_N
        drawn_N = drawn_by_class(right_N, self.share, self.seed)
        return relabelled(splits, np.where(drawn_N, to_C[right_N], right_N))

    def _targets(self, classes: tuple[str, ...]) -> NDArray[np.int64]:
        """The class that each class is taken for, itself where it is not mapped."""
        own_C = np.arange(len(classes))
        if isinstance(self.to, str):
            if self.to != NEXT or len(classes) < 2:
                raise UserError(
                    f"to={self.to!r}: give {NEXT!r}, where there are two classes or more, or a "
                    "dictionary of class names"
                )
            return (own_C + 1) % len(classes)
        pairs = cast(tuple[tuple[str, str], ...], self.to)
        self._check(pairs, classes)
        for name, target in pairs:
            own_C[classes.index(name)] = classes.index(target)
        return own_C

    def _check(self, pairs: tuple[tuple[str, str], ...], classes: tuple[str, ...]) -> None:
        unknown = [name for pair in pairs for name in pair if name not in classes]
        if unknown:
            raise UserError(
                f"to: there is no class {unknown[0]!r}; choose from {', '.join(classes)}"
            )
        sources = [name for name, _ in pairs]
        bad = [name for name, target in pairs if name == target or sources.count(name) > 1]
        if bad or not pairs:
            said = f"{bad[0]!r} is named twice or is its own target" if bad else "it maps no class"
            raise UserError(f"to={dict(pairs)!r}: {said}; give each class one other class")


def _pairs(to: Mapping[str, str] | Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """What can be hashed, and whose ``repr`` is Python's own."""
    pairs = to.items() if isinstance(to, Mapping) else to
    return tuple(tuple(str(name) for name in pair) for pair in pairs)
