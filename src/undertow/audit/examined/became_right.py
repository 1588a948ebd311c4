"""Planted labels that became right: where the label before was wrong, any other class may be the
true one. None of these stands low, so without a correction they count as wrong labels missed."""

from __future__ import annotations

import numpy as np

from undertow.audit.examined.believed import Range
from undertow.audit.stats.share_limits import exact_limits


def became_right(share: float, classes: int) -> float:
    """Of planted labels, any other class of so many as likely, where ``share`` was wrong before."""
    return share / (classes - 1)


def share_before(fitted: float, classes: int) -> float:
    """The share s of wrong labels where ``fitted`` is that of labels as the planted ones: of these
    only 1 - s / (C - 1) are wrong, so s = fitted (1 - s / (C - 1))."""
    return fitted / (1 + became_right(fitted, classes))


def recall_of(found: int, of: int, share: Range, classes: int) -> Range:
    """Of wrong labels, where ``found`` of so many planted ones would be listed. The limits are
    exact ones of that share; the lower takes all planted ones as wrong, as known labels are that
    nobody planted, the upper as few as the upper limit of ``share`` leaves."""
    listed = share_limits(found, of)
    value, high = (
        each / max(1 - became_right(wrong, classes), 1e-9)
        for each, wrong in ((listed.value, share.value), (listed.high, share.high))
    )
    return Range(min(value, 1.0), listed.low, min(high, 1.0))


def share_limits(found: int, of: int) -> Range:
    """A share with exact limits."""
    limits = exact_limits(np.array([found / of]), np.array([float(of)]), 0.025)
    return Range(found / of, float(limits.low_G[0]), float(limits.high_G[0]))
