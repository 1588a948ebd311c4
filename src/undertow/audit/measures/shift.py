"""Distance between what two populations believe on average, where all probabilities are known.

The mean probabilities of a population's members are its mixture. A shift in mean *confidence* is no
measure of its own: it is the contrast of the rate ``confidence``, and the highest of mean
probabilities is not the mean of highest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

from undertow.card import measure

Floats = NDArray[np.floating[Any]]


@measure(
    title="Jensen–Shannon distance",
    kind="mixture",
    range=(0.0, 1.0),
    null=0.0,
    worse="neither",
    reads="How far apart the two populations' mean probabilities are: 0 when equal, 1 when they "
    "share no class.",
    paper="1 minus the probability loyalty of 2109.03228",
    needs=frozenset({"probabilities"}),
    percent=False,
)
def jensen_shannon(ref_XC: Floats, var_XC: Floats, label_X: NDArray[np.integer[Any]]) -> Floats:
    """(X,): square root of the Jensen–Shannon divergence in bits, NaN where probabilities are
    missing.

    The distance, not the divergence: it is a metric. Base 2, so that 1 is the bound (the code of
    2109.03228 takes the natural logarithm, whose bound is √ln 2). Rows are normalised first, as
    SciPy does. Reads no label.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ref, var = (p / p.sum(axis=-1, keepdims=True) for p in (_double(ref_XC), _double(var_XC)))
    middle = (ref + var) / 2
    nats = (rel_entr(ref, middle) + rel_entr(var, middle)).sum(axis=-1) / 2
    distance: Floats = np.sqrt(np.clip(nats / np.log(2), 0, 1))
    return distance


def _double(p_XC: Floats) -> NDArray[np.float64]:
    """Float64: the root turns a rounding error of 1e-8 into a distance of 1e-4."""
    return np.asarray(p_XC, dtype=np.float64)
