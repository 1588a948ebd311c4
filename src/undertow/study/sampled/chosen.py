"""How many of the examples that were chosen are damaged, epoch by epoch, beside how many there
are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from undertow.study.claims import Outcome, decided
from undertow.study.sampled.arms import Sampled
from undertow.study.trained import Floats, Trained, mean_interval

SHARES = ("share_mislabelled", "share_corrupted")
NEAR = 0.1
"""How far from the share of sorted losses is near it."""


def share_of(members: Trained) -> Floats:
    """The damaged among what each member learned from at each epoch (M, E)."""
    for name in SHARES:
        try:
            return members.series(name)
        except KeyError:
            continue
    raise KeyError(f"{members.folder.name!r} learned from no damaged example")


def base_rate(s: Sampled, arm: str, column: str) -> float:
    """The damaged among all training examples: what an arm that learns from everything learned
    from."""
    return float(share_of(s.of(s.base_of(arm), column)).mean())


def if_sorted(base: float, beta: float) -> float:
    """The damaged among what CDF(loss)^beta keeps, if they had the largest losses of all."""
    return float(1 - (1 - base) ** (beta + 1))


def above_base(s: Sampled, arm: str, columns: Sequence[str], warm: int = 1) -> Outcome:
    """Whether an arm learned from more of the damaged than there are, in every epoch after those
    that learn from everything."""
    limits, said = [], []
    for column in columns:
        base, share_ME = base_rate(s, arm, column), share_of(s.of(arm, column))[:, warm:]
        each = [mean_interval(share_M) for share_M in share_ME.T]
        limits += [(low - base, high - base) for _, low, high in each]
        means = [mean for mean, _, _ in each]
        said.append(f"{column} {_range(means)} (all {base:.2f})")
    return decided(limits, f"over epochs {', '.join(said)}")


def as_if_sorted(s: Sampled, arms: dict[str, float], columns: Sequence[str]) -> Outcome:
    """Whether the share at the last epoch is near that of sorted losses; ``arms`` have their
    beta."""
    limits, said = [], []
    for arm, beta in arms.items():
        for column in columns:
            if not s.there(arm, column):
                continue
            whole = if_sorted(base_rate(s, arm, column), beta)
            mean, low, high = mean_interval(share_of(s.of(arm, column))[:, -1])
            limits += [(low - whole + NEAR, high - whole + NEAR)]
            limits += [(whole + NEAR - high, whole + NEAR - low)]
            said.append(f"{arm}, {column} {mean:.2f} [{low:.2f}, {high:.2f}], sorted {whole:.2f}")
    return decided(limits, "; ".join(said))


def below_base(s: Sampled, arm: str, columns: Sequence[str]) -> Outcome:
    """Whether an arm learned from fewer of the damaged than there are, over all epochs."""
    limits, said = [], []
    for column in columns:
        base = base_rate(s, arm, column)
        mean, low, high = mean_interval(share_of(s.of(arm, column)).mean(axis=1))
        limits.append((base - high, base - low))
        said.append(f"{column} {mean:.3f} [{low:.3f}, {high:.3f}] of {base:.3f}")
    return decided(limits, "; ".join(said))


def _range(means: Sequence[float]) -> str:
    return f"{np.min(means):.2f} to {np.max(means):.2f}" if means else "none"
