"""Examples to which a model answers what nothing can be decided by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError

Outputs = NDArray[np.floating[Any]]


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
        row = int(bad_N.argmax())
        value = out_NC[row][~np.isfinite(out_NC[row])][0]
        raise UserError(
            f"{name}: answers {value} to {ids[row]!r} ({int(bad_N.sum()):,} of {len(bad_N):,} "
            f"examples), {asked}; a model that gives no numbers is compared with nothing, so mend "
            "it or leave these examples out"
        )
