"""Welch's t test over members, one per slice: the PIE paper's class test."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.floating[Any]]


class Welch(NamedTuple):
    """Per slice: effect (variant minus reference), its standard error, t, degrees of freedom,
    two-sided p, interval."""

    effect_G: Floats
    se_G: Floats
    t_G: Floats
    df_G: Floats
    p_G: Floats
    low_G: Floats
    high_G: Floats


def welch(reference_GM: Floats, variant_GM: Floats, *, level: float = 0.05) -> Welch:
    """Unequal-variance t test of each slice's values over members (1911.05248, §3.2, with its
    two-sided p).

    Inputs (G, M) may differ in M. Our effect is variant minus reference, so our t has the opposite
    sign of the paper's (reference first). NaN where a side has one member or a NaN, and where
    neither side varies at all: a t test has nothing to compare such a difference with.
    """
    reference, variant = (
        np.atleast_2d(reference_GM).astype(float),
        np.atleast_2d(variant_GM).astype(float),
    )
    effect_G = variant.mean(axis=1) - reference.mean(axis=1)
    square_ref_G, square_var_G = _squared_error(reference), _squared_error(variant)
    variance_G = square_ref_G + square_var_G
    with np.errstate(invalid="ignore", divide="ignore"):
        df_G = variance_G**2 / (
            square_ref_G**2 / (reference.shape[1] - 1) + square_var_G**2 / (variant.shape[1] - 1)
        )
    return _t_test(effect_G, np.sqrt(variance_G), df_G, level)


def _squared_error(value_GM: Floats) -> Floats:
    """Squared standard error of the mean; NaN for a single member, exactly 0 where all members
    agree."""
    members = value_GM.shape[1]
    if members < 2:
        return np.full(len(value_GM), np.nan)
    variance_G = value_GM.var(axis=1, ddof=1) / members
    # The variance of equal floats can be 1e-34 instead of 0, which would make a t of 1e16.
    return np.where(np.ptp(value_GM, axis=1) == 0, 0.0, variance_G)


def _t_test(effect_G: Floats, se_G: Floats, df_G: Floats, level: float) -> Welch:
    se_G = np.where(se_G > 0, se_G, np.nan)
    df_G = np.where(np.isnan(se_G), np.nan, df_G)
    t_G = effect_G / se_G
    half_G = stdtrit(df_G, 1 - level / 2) * se_G
    return Welch(
        effect_G,
        se_G,
        t_G,
        df_G,
        2 * stdtr(df_G, -np.abs(t_G)),
        effect_G - half_G,
        effect_G + half_G,
    )
