"""Measures of two populations' mean probabilities, under as many arrangements of members as are
affordable.

Mean probabilities take a continuum of values, so there are no states to tabulate: every draw costs
examples × classes. The work is therefore bounded, and a large audit gets fewer draws; how many is
the length of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.stats.arrangements import Arrangements

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]
MixtureFunction = Callable[[Floats, Floats, Ints], Floats]

WORK = 400_000_000
"""Draws × examples × classes: some ten seconds."""
LEAST = 100
"""Draws that are made whatever they cost: fewer could not reach the 5 % level with any slice to
spare."""
BLOCK = 2_000_000
"""Draws × examples × classes at a time."""


def mixture_exchange(
    proba_MNC: Floats,
    label_N: Ints,
    membership_GN: sp.csr_array,
    arrangements: Arrangements,
    function: MixtureFunction,
    *,
    work: int = WORK,
) -> Floats:
    """(D', G): slice means of ``function(ref_XC, var_XC, label_X)`` of mean probabilities, row 0
    observed, D' ≤ D.

    A member without probabilities on an example (NaN) is left out of its side's mean there; where a
    side has none the example is undefined. Undefined examples are left out of the slice mean. The
    first D' arrangements are used, which is itself a valid (smaller) permutation test.
    """
    _, examples, classes = proba_MNC.shape
    drawn = arrangements.first(max(LEAST, work // max(examples * classes, 1)))
    side_DM = drawn.is_reference_DM.astype(np.float64)
    membership = sp.csr_array(membership_GN, dtype=np.float64)
    total_DG, defined_DG = (np.zeros((len(side_DM), membership.shape[0])) for _ in range(2))
    step = max(1, BLOCK // max(len(side_DM) * classes, 1))
    for start in range(0, examples, step):
        rows = slice(start, min(start + step, examples))
        value_XD = _values(proba_MNC[:, rows], np.asarray(label_N)[rows], side_DM, function)
        nan_XD = np.isnan(value_XD)
        some_GX = membership[:, rows]
        total_DG += (some_GX @ np.where(nan_XD, 0.0, value_XD)).T
        defined_DG += (some_GX @ (~nan_XD).astype(np.float64)).T
    return np.divide(total_DG, defined_DG, out=np.full_like(total_DG, np.nan), where=defined_DG > 0)


def _values(proba_MXC: Floats, label_X: Ints, side_DM: Floats, function: MixtureFunction) -> Floats:
    """The function on some examples under every draw: (X, D). Means are taken in float64: a
    distance that ends in a root turns single precision into an error of 1e-9, and casting after the
    mean costs as much as casting before it."""
    members, examples, classes = proba_MXC.shape
    known_MX = np.asarray(~np.isnan(proba_MXC).any(axis=2))
    flat = np.where(known_MX[:, :, None], proba_MXC, 0.0).astype(np.float64).reshape(members, -1)
    sides = []
    for side in (side_DM, 1 - side_DM):
        voices_DX = side @ known_MX.astype(np.float64)
        total_DXC = (side @ flat).reshape(len(side), examples, classes)
        with np.errstate(invalid="ignore", divide="ignore"):
            sides.append((total_DXC / voices_DX[:, :, None]).reshape(-1, classes))
    value = np.array(function(sides[0], sides[1], np.tile(label_X, len(side_DM))), dtype=np.float64)
    value[np.isnan(sides[0][:, 0]) | np.isnan(sides[1][:, 0])] = np.nan
    return value.reshape(len(side_DM), examples).T
