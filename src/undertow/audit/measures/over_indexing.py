"""Who is over-represented among the exemplars."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.slices import SliceTable


def over_index(exemplar_mask_N: NDArray[np.bool_], slices: SliceTable) -> pl.DataFrame:
    """``OI(a) = P(a | exemplar) / P(a | all)`` of each slice value, in the order of the table
    (2010.03058).

    Columns ``slice, value, share_exemplars, share_all, ratio, n_exemplars, n_all``. A ratio of 2
    says that the value is twice as frequent among exemplars as in the whole. Shares and ratio are
    NaN when there is no exemplar at all. The ratio has no floor of its own: exemplars over-index on
    hard examples even when only seeds differ.
    """
    exemplar_N = np.asarray(exemplar_mask_N, dtype=bool)
    if exemplar_N.shape != (slices.N,):
        raise ValueError(
            f"exemplar_mask_N has shape {exemplar_N.shape}, the slices are over {slices.N} examples"
        )
    within_G = np.asarray(slices.membership_GN @ exemplar_N.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        share_G = within_G / np.float64(exemplar_N.sum())
        base_G = slices.count_G / np.float64(slices.N)
        ratio_G = share_G / base_G
    return pl.DataFrame(
        {
            "slice": pl.Series(slices.column_G, dtype=pl.String),
            "value": pl.Series(slices.value_G, dtype=pl.String),
            "share_exemplars": share_G,
            "share_all": base_G,
            "ratio": ratio_G,
            "n_exemplars": within_G.astype(np.int64),
            "n_all": slices.count_G,
        }
    )
