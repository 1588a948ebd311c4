"""Training labels that are not the data's own: what training sees, and what the record says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Part, Splits

Mask = NDArray[np.bool_]


def load_to_relabel(description: object, data: Dataset) -> Splits:
    """The data that ``description`` wraps. ``UserError`` where its labels were changed already."""
    splits = data.load()
    if {"true_label", "threshold"} & {*splits.train.slices.columns}:
        raise UserError(
            f"{description!r}: its training labels were changed already; change them once"
        )
    return splits


def relabelled(splits: Splits, given_N: NDArray[np.int64], drawn_N: Mask | None = None) -> Splits:
    """Training examples with the labels ``given_N``, and what the record says of them: the data's
    own as ``true_label``, whether they differ as ``mislabelled`` (yes or no) and, where right
    labels may be drawn, ``drawn_N`` as ``relabelled``.

    What is held out is looked at and not learned from, so its labels stay right.
    """
    train, held = splits.train, splits.held_out
    marks = {"mislabelled": given_N != train.label_N}
    if drawn_N is not None:
        marks["relabelled"] = drawn_N
    if held is not None:
        none_N = np.zeros(len(held.label_N), dtype=bool)
        held = _told(held, splits.classes, dict.fromkeys(marks, none_N))
    told = _told(train, splits.classes, marks)
    label_N = given_N.astype(np.int64)
    return replace(splits, train=replace(told, label_N=label_N), held_out=held, recorded=True)


def shuffled_among(
    label_N: NDArray[np.int64], drawn_N: Mask, generator: np.random.Generator
) -> NDArray[np.int64]:
    """The labels of those drawn, permuted among them; some may come back to where they were."""
    given_N = label_N.copy()
    given_N[drawn_N] = generator.permutation(label_N[drawn_N])
    return given_N


def with_slices(part: Part, *columns: pl.Series) -> Part:
    """The part with further slices."""
    return replace(part, slices=pl.DataFrame([*part.slices, *columns]))


def yes_no(name: str, mask_N: Mask) -> pl.Series:
    """A slice of two values."""
    return pl.Series(name, np.where(mask_N, "yes", "no"), dtype=pl.String)


def _told(part: Part, classes: tuple[str, ...], marks: dict[str, Mask]) -> Part:
    true = pl.Series("true_label", np.array(classes)[part.label_N], dtype=pl.String)
    return with_slices(part, true, *(yes_no(name, mask_N) for name, mask_N in marks.items()))
