"""``LookingBack``: training examples to go on with, and those that were learned from before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits
from undertow.lab.data.half import whole


@dataclass(frozen=True)
class LookingBack:
    """``data`` with the training part of ``at`` as the part ``held_out``: members that learned from
    ``at`` go on with ``data``, and ``Trace(clean=True, part="held_out")`` sees what they forget
    (second-split forgetting, 2210.15031).

    Both are rows of one whole, as ``Half(data, "odd")`` and ``Half(data, "even")`` are, and share
    none. Test part and pixel statistics are those of ``data``. The record's ``train.parquet`` says
    of each example in which part it is, with the slices of both. ``UserError`` where the two are
    not normalised alike, differ in classes, size or slices, share an example, or ``data`` holds
    examples out already.
    """

    data: Dataset
    at: Dataset

    @property
    def rows_of(self) -> Dataset:
        """What it has rows of."""
        return whole(self.data)

    def load(self) -> Splits:
        """Read both."""
        now, before = self.data.load(), self.at.load()
        for what, one, other in _alike(now, before):
            if one != other:
                raise UserError(
                    f"{self!r}: {what} are {one} and {other}; give rows of one whole, as Half does"
                )
        both = set(now.train.example_id_N) & set(before.train.example_id_N)
        if both:
            raise UserError(
                f"{self!r}: both have the training example {min(both)!r}, and what is learned from "
                "again is not forgotten; give parts that share none, as the two of Half"
            )
        if now.held_out is not None:
            raise UserError(
                f"{self!r}: some examples of its data are held out already; hold out once"
            )
        return replace(now, held_out=before.train, recorded=True)


def _alike(now: Splits, before: Splits) -> list[tuple[str, object, object]]:
    """What must be equal, so that a network that goes from one to the other sees the same."""
    return [
        ("the classes", now.classes, before.classes),
        ("image sizes", now.train.x_NCHW.shape[1:], before.train.x_NCHW.shape[1:]),
        ("pixel means and deviations", (now.mean, now.std), (before.mean, before.std)),
        ("slices", tuple(now.train.slices.columns), tuple(before.train.slices.columns)),
    ]
