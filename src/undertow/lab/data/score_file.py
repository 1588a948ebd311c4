"""A number for each example, from a table with ids: what says which examples are atypical."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError

ID = "example_id"
EMBEDDED = {
    "embedded:fashion-mnist": ("undertow.lab.data.fashion_mnist", "held_out_correctness.parquet")
}
"""Scores that come with Undertow, by what stands in place of a path: the package and the file."""


def scores_of(path: str, column: str, example_id_N: Sequence[str]) -> NDArray[np.float64]:
    """``column`` of the table at ``path`` (.csv or .parquet with ``example_id``, or a name of
    ``EMBEDDED``) for these examples, in their order; the table may have others. ``UserError`` where
    it cannot be read, has no such columns, or not one finite number for each example."""
    table = _table(path)
    for name, dtype in ((ID, pl.String), (column, None)):
        found = table.schema.get(name)
        if found is None or not (found == dtype if dtype else found.is_numeric()):
            raise UserError(
                f"{path}: no column {name!r} of {'texts' if dtype else 'numbers'}; it has "
                f"{', '.join(table.columns)}"
            )
    twice = table.filter(pl.col(ID).is_duplicated())
    if twice.height:
        raise UserError(f"{path}: has {twice[ID][0]!r} twice; give each example one row")
    wanted = pl.DataFrame({ID: pl.Series(example_id_N, dtype=pl.String)})
    missing = wanted.join(table, on=ID, how="anti")
    if missing.height:
        has = f"it has {table[ID][0]!r}" if table.height else "it has no rows"
        raise UserError(
            f"{path}: no row for {missing.height} of {wanted.height} training examples, "
            f"{missing[ID][0]!r} for one ({has}). Give the ids of the data set, one row each"
        )
    score = wanted.join(table, on=ID, how="left", maintain_order="left")[column]
    score_N = score.cast(pl.Float64).to_numpy()
    bad_N = ~np.isfinite(score_N)
    if bad_N.any():
        raise UserError(
            f"{path}: column {column!r} has no number for {int(bad_N.sum())} of {wanted.height} "
            f"training examples, {wanted[ID][int(bad_N.argmax())]!r} for one. Give each one"
        )
    return score_N


def _table(path: str) -> pl.DataFrame:
    if path in EMBEDDED:
        package, name = EMBEDDED[path]
        with resources.as_file(resources.files(package) / name) as file:
            return pl.read_parquet(file)
    kind = Path(path).suffix
    if kind not in (".csv", ".parquet"):
        raise UserError(f"{path}: give a table that ends in .csv or .parquet")
    try:
        if kind == ".csv":
            return pl.read_csv(path, glob=False, schema_overrides={ID: pl.String})
        return pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as problem:
        raise UserError(
            f"{path}: not a readable table ({str(problem).splitlines()[0]}). Check the path, or "
            "make it again"
        ) from problem
