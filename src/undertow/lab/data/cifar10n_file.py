"""The files that hold CIFAR-10N's labels, as people have them. Nothing is unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.cifar import CLASSES

NAMES = {
    "aggregate": ("aggre", "aggre_label"),
    "worst": ("worse", "worse_label"),
    "random1": ("random1", "random_label1"),
    "random2": ("random2", "random_label2"),
    "random3": ("random3", "random_label3"),
}
"""What each labelling is called in ``cifar10n.parquet`` and in the published files."""
CLEAN = ("clean", "clean_label")
FORMS = ("cifar10n.parquet", "CIFAR-10_human.npz", "CIFAR-10_human.csv")
PICKLED = ("CIFAR-10_human.pt", "CIFAR-10_human.npy", "CIFAR-10_human_ordered.npy")
ONE_OF = f"{', '.join(FORMS[:-1])} or {FORMS[-1]}"


def file_at(place: Path) -> Path:
    """The file of labels that is there: ``place`` or, in that folder, the first of ``FORMS``.
    ``UserError`` where there is none that can be read without unpickling."""
    if place.suffix in (".pt", ".npy"):
        raise _pickled(place)
    if place.suffix in (".parquet", ".npz", ".csv"):
        return place
    for name in FORMS:
        if (place / name).is_file():
            return place / name
    for name in PICKLED:
        if (place / name).is_file():
            raise _pickled(place / name)
    raise UserError(
        f"{place}: no {ONE_OF}. Put one of them there: github.com/UCSC-REAL/cifar-10-100n "
        f"publishes the labels as {PICKLED[0]}, a pickle, and once you trust it this makes the "
        f"second: {_conversion(PICKLED[0])}"
    )


def _pickled(path: Path) -> UserError:
    return UserError(
        f"{path}: a pickle, which may run anything when it is read, so it is not read. Once you "
        f"trust it, convert it where it lies: {_conversion(path.name)}"
    )


def _conversion(name: str) -> str:
    """The command that makes a pickle into something that holds labels alone."""
    torch, load = ", torch", f"torch.load('{name}', weights_only=False)"
    if name.endswith(".npy"):
        torch, load = "", f"numpy.load('{name}', allow_pickle=True).item()"
    return f"python -c \"import numpy{torch}; numpy.savez('{FORMS[1]}', **{load})\""


def read_labels(path: Path) -> pl.DataFrame:
    """All columns, in the order of the training images. ``UserError`` for a damaged file, or one of
    some of the images."""
    try:
        table = _read(path)
    except (
        OSError,
        ValueError,
        EOFError,
        TypeError,
        zipfile.BadZipFile,
        pl.exceptions.PolarsError,
    ) as problem:
        raise UserError(
            f"{path}: not a readable file of labels ({str(problem).splitlines()[0]}). Check the "
            "path, or make it again."
        ) from problem
    if "index" not in table.columns:
        return table
    table = table.sort("index")
    if table["index"].to_list() != list(range(table.height)):
        raise UserError(
            f"{path}: column 'index' is not 0 … {table.height - 1}, each once, as of the training "
            "images. Take the file of all of them."
        )
    return table


def _read(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, glob=False)
    if path.suffix == ".parquet":
        return pl.read_parquet(path, glob=False)
    with np.load(path, allow_pickle=False) as arrays:
        return pl.DataFrame({name: arrays[name] for name in arrays.files})


def column_of(path: Path, table: pl.DataFrame, names: tuple[str, str]) -> NDArray[np.int64]:
    """The labels under one of these names. ``UserError`` where there are none, or no labels of
    CIFAR-10."""
    name = next((n for n in names if n in table.columns), None)
    if name is None or not table[name].dtype.is_integer() or table[name].null_count():
        raise UserError(
            f"{path}: no column {' or '.join(names)} of integers. Take the file of all labellings."
        )
    label_N = table[name].to_numpy().astype(np.int64)
    outside_N = (label_N < 0) | (label_N >= len(CLASSES))
    if outside_N.any():
        raise UserError(
            f"{path}: column {name} has {label_N[outside_N.argmax()]} in row "
            f"{int(outside_N.argmax())}; labels are 0 to {len(CLASSES) - 1}. Make it again."
        )
    return label_N
