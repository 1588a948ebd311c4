"""What to type for arrays whose classes are numbers where the labels are names."""

from __future__ import annotations

import numpy as np
import polars as pl

from undertow.records.formats.members.join import PROBABILITY, probability_columns
from undertow.records.order_by_answers import names_by_answers


def naming(table: pl.DataFrame, label: pl.Series) -> str:
    """How the numbers get names: in the order that the answers tell, if they do. Only their place
    says which label goes with which answer."""
    columns = [f"{PROBABILITY}{c}" for c in range(len(probability_columns(table)))]
    if columns and {*columns} <= {*table.columns}:
        answer_N, count = table.select(columns).to_numpy().argmax(axis=1), len(columns)
    elif "prediction" in table.columns and table["prediction"].dtype.is_integer():
        answer_N = table["prediction"].cast(pl.Int64).fill_null(-1).to_numpy()
        count = 1 + int(answer_N.max(initial=-1))
    else:
        answer_N, count = np.zeros(0, dtype=np.int64), 0
    names = names_by_answers(label.cast(pl.String), [answer_N], count, by_row=True)
    if names is None:
        return "name the numbers in their order, classes=('cat', 'dog', …)"
    return f"{names.told}, so name them: classes={names.ordered!r}{names.unless}"
