"""Examples to which a model answers what nothing can be decided by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError

Outputs = NDArray[np.floating[Any]]
SHOWN = 5
"""Examples that a message names."""


def no_numbers(out_NC: Outputs) -> NDArray[np.bool_]:
    """(N,). A class that is ruled out may have a logit of -inf."""
    if not out_NC.shape[1]:
        return np.zeros(len(out_NC), dtype=bool)
    good_NC = np.isfinite(out_NC) | np.isneginf(out_NC)
    return np.asarray(~good_NC.all(axis=1) | ~np.isfinite(out_NC).any(axis=1))


def flat(output_N: NDArray[Any]) -> Outputs:
    """(N, C) of outputs of any shape for each example."""
    return output_N.reshape(len(output_N), -1)


def refuse_no_numbers(name: str, ids: Sequence[str], out_NC: Outputs, asked: str) -> None:
    """``UserError`` where the model of this name, ``asked`` as its reference is, gives any."""
    bad_N = no_numbers(out_NC)
    if bad_N.any():
        rows = np.flatnonzero(bad_N)[:SHOWN]
        values = dict.fromkeys(str(out_N[~np.isfinite(out_N)][0]) for out_N in out_NC[rows])
        raise UserError(
            f"{name}: answers {' or '.join(values)} to {_listed([ids[row] for row in rows], bad_N)}"
            f", {asked}; a model that gives no numbers is compared with nothing, so mend it or "
            "leave these examples out"
        )


def _listed(ids: Sequence[str], bad_N: NDArray[np.bool_]) -> str:
    count = int(bad_N.sum())
    more = f" and {count - len(ids):,} more" if count > len(ids) else ""
    return f"{', '.join(map(repr, ids))}{more} ({count:,} of {len(bad_N):,} examples)"
