"""CIFAR-10H (Peterson et al. 2019, 1908.07086): what some fifty persons said of each CIFAR-10 test
image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError

COUNTS, SHARES, COPY = "cifar10h-counts.npy", "cifar10h-probs.npy", "cifar10h.parquet"
SAME_ORDER = 0.5
"""People agree with the label in 95 of 100 cases where rows are in the order of the images, and in
10 of 100 where they are not."""

Floats = NDArray[np.floating[Any]]


def human_columns(folder: Path, label_N: NDArray[np.int64], classes: Sequence[str]) -> pl.DataFrame:
    """Three columns of test images, in the data set's order:

    ``human_entropy``, −Σ s ln s of the shares s of people who named each class, in nats, 0 to
    ln(classes); ``human_disagreement``, the share of people who did not name the label, 0 to 1;
    ``human_label``, the class that most named, none where several are tied.

    Read from the first that ``folder`` has of ``cifar10h-counts.npy``, ``cifar10h-probs.npy`` (the
    published arrays, a row per test image in order) and ``cifar10h.parquet`` (``index``, ``label``,
    ``votes_0`` …). ``UserError`` where there is none, for one that does not fit the images, and for
    rows in another order.
    """
    share_NC = _shares(folder, label_N, len(classes))
    logarithm_NC = np.log(share_NC, where=share_NC > 0, out=np.zeros_like(share_NC))
    most_N1 = share_NC.max(axis=1, keepdims=True)
    leads_NC = share_NC > most_N1 - 1e-6
    single_N, first_N = leads_NC.sum(axis=1) == 1, leads_NC.argmax(axis=1)
    modal = [
        classes[c] if single else None
        for c, single in zip(first_N.tolist(), single_N.tolist(), strict=True)
    ]
    return pl.DataFrame(
        {
            "human_entropy": np.abs(-(share_NC * logarithm_NC).sum(axis=1)),
            "human_disagreement": 1 - share_NC[np.arange(len(label_N)), label_N],
            "human_label": pl.Series(modal, dtype=pl.String),
        }
    )


def _shares(folder: Path, label_N: NDArray[np.int64], classes: int) -> Floats:
    """(N, C): each row sums to 1."""
    path = next((p for name in (COUNTS, SHARES, COPY) if (p := folder / name).is_file()), None)
    if path is None:
        raise UserError(
            f"{folder}: no {COUNTS}, {SHARES} or {COPY}. Put one of them there: "
            "github.com/jcpeterson/cifar-10h has the first two."
        )
    votes_NC = _copied(path, label_N, classes) if path.name == COPY else _published(path)
    if votes_NC.shape != (len(label_N), classes):
        shape = " × ".join(str(n) for n in votes_NC.shape)
        raise UserError(
            f"{path}: {shape} numbers, {len(label_N)} × {classes} are needed, a row per test "
            "image and a column per class. Take the file that belongs to these images."
        )
    total_N1 = votes_NC.sum(axis=1, keepdims=True)
    bad_N = ~(np.isfinite(votes_NC) & (votes_NC >= 0)).all(axis=1) | ~(total_N1[:, 0] > 0)
    if bad_N.any():
        raise UserError(
            f"{path}: row {int(bad_N.argmax())} holds no numbers of votes. Fetch the file again."
        )
    share_NC: Floats = votes_NC / total_N1
    _check_order(path, share_NC, label_N)
    return share_NC


def _published(path: Path) -> Floats:
    try:
        array = np.load(path, allow_pickle=False)
        return np.asarray(array, dtype=np.float64)
    except (OSError, ValueError, EOFError, TypeError) as problem:
        raise UserError(
            f"{path}: not a readable NumPy array ({str(problem).splitlines()[0]}). Fetch the file "
            "again."
        ) from problem


def _copied(path: Path, label_N: NDArray[np.int64], classes: int) -> Floats:
    names = ["index", "label", *(f"votes_{c}" for c in range(classes))]
    try:
        table = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise UserError(
            f"{path}: not a readable Parquet file ({str(problem).splitlines()[0]}). Fetch the "
            "file again."
        ) from problem
    for name in names:
        if name not in table.columns or not table[name].dtype.is_integer():
            raise UserError(
                f"{path}: no column {name!r} of integers. It needs index, label and votes_0 … "
                f"votes_{classes - 1}."
            )
    table = table.sort("index")
    if table["index"].to_list() != list(range(len(label_N))):
        raise UserError(
            f"{path}: column 'index' is not 0 … {len(label_N) - 1}, each once, as of the test "
            "images. Take the file that belongs to these images."
        )
    wrong_N = table["label"].to_numpy() != label_N
    if wrong_N.any():
        raise UserError(
            f"{path}: the label of index {int(wrong_N.argmax())} is not that of the test image "
            f"({int(wrong_N.sum())} differ). Take the file that belongs to these images."
        )
    return table.select(names[2:]).to_numpy().astype(np.float64)


def _check_order(path: Path, share_NC: Floats, label_N: NDArray[np.int64]) -> None:
    agree = float(share_NC[np.arange(len(label_N)), label_N].mean())
    if agree < SAME_ORDER:
        raise UserError(
            f"{path}: people agree with the label in {agree:.0%} of their answers, as when rows "
            "are in another order than the test images. Give a row per test image, in the order "
            "of the test batch."
        )
