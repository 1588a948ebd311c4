"""``Watching``: training examples to learn from, and others to look at meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.half import whole


@dataclass(frozen=True)
class Watching:
    """``data`` with the training part of ``other`` as the part ``held_out``, which is looked at
    while members learn from ``data``, and not learned from.

    Members that learned from ``other`` before go on with ``data``, and ``Trace(clean=True,
    part="held_out")`` sees what they forget (second-split forgetting, 2210.15031); or a sampler
    looks at what members lose on ``other`` (``Reducr``).

    Both are rows of one whole, as ``Half(data, "odd")`` and ``Half(data, "even")`` are, and share
    none. Test part and pixel statistics are those of ``data``. The record's ``train.parquet`` says
    of each example in which part it is, with the slices of both. ``UserError`` where the two are
    not normalised alike, differ in classes, size or slices, share an example, or ``data`` holds
    examples out already.
    """

    data: Dataset
    other: Dataset

    @property
    def rows_of(self) -> Dataset:
        """What it has rows of."""
        return whole(self.data)

    def load(self) -> Splits:
        """Read both."""
        learned, watched = self.data.load(), self.other.load()
        for what, one, other in _alike(learned, watched):
            if one != other:
                raise UserError(
                    f"{self!r}: {what} are {one} and {other}; give rows of one whole, as Half does"
                )
        both = set(learned.train.example_id_N) & set(watched.train.example_id_N)
        if both:
            raise UserError(
                f"{self!r}: both have the training example {min(both)!r}, and what is watched is "
                "not learned from; give parts that share none, as the two of Half"
            )
        if learned.held_out is not None:
            raise UserError(
                f"{self!r}: some examples of its data are held out already; hold out once"
            )
        return replace(learned, held_out=watched.train, recorded=True)


def _alike(learned: Splits, watched: Splits) -> list[tuple[str, object, object]]:
    """What must be equal, so that a network sees both in the same way."""
    return [
        ("the classes", learned.classes, watched.classes),
        ("image sizes", learned.train.x_NCHW.shape[1:], watched.train.x_NCHW.shape[1:]),
        ("pixel means and deviations", (learned.mean, learned.std), (watched.mean, watched.std)),
        ("slices", tuple(learned.train.slices.columns), tuple(watched.train.slices.columns)),
    ]
