"""Classes that are confused in bulk: where many examples of one label are answered as one other
class, the classes overlap, or labels are wrong in one direction, or with few classes so many are in
every direction. Training does not tell which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.examined.evidence import Evidence

Ints = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]

BULK_SHARE, BULK = 0.05, 10
"""Of the examples of a label, and how many of them at least, are answered as one other class and
not listed as mislabelled."""
TWO = 2
"""Of so few classes every label that stands low is answered as the one other: nothing is confused
in bulk, since that would be all."""


@dataclass(frozen=True)
class Confusion:
    """``answered`` examples with the label ``given`` have more looks that answer ``instead``;
    ``listed`` of them are likely mislabelled. ``of`` is how many have the label."""

    given: int
    instead: int
    answered: int
    listed: int
    of: int

    @property
    def in_bulk(self) -> bool:
        left = self.answered - self.listed
        return left >= BULK and left > BULK_SHARE * self.of


def confusions(label_N: Ints, evidence: Evidence, listed_N: Mask) -> tuple[Confusion, ...]:
    """Each pair of a label and the class that is answered instead, the most frequent first."""
    lost_N = loses(evidence)
    found = []
    for given, instead in sorted(
        set(zip(label_N[lost_N], evidence.instead_N[lost_N], strict=True))
    ):
        pair_N = lost_N & (label_N == given) & (evidence.instead_N == instead)
        counts = int(pair_N.sum()), int((pair_N & listed_N).sum()), int((label_N == given).sum())
        found.append(Confusion(int(given), int(instead), *counts))
    return tuple(sorted(found, key=lambda one: (-one.answered, one.given, one.instead)))


def in_bulk(label_N: Ints, evidence: Evidence, found: tuple[Confusion, ...]) -> Mask:
    """(N,): examples of two classes that are confused in bulk, in either direction: where many
    labels are wrong in one, members learn the mistake, and right labels look wrong."""
    if has_two_classes(label_N, evidence):
        return np.zeros(len(label_N), dtype=np.bool_)
    one_way = {(one.given, one.instead) for one in found if one.in_bulk}
    pairs = one_way | {(instead, given) for given, instead in one_way}
    pair_N = zip(label_N.tolist(), evidence.instead_N.tolist(), strict=True)
    is_pair_N = np.array([pair in pairs for pair in pair_N], dtype=np.bool_)
    return is_pair_N & loses(evidence)


def has_two_classes(label_N: Ints, evidence: Evidence) -> bool:
    """Whether no label and no answer is of a third class."""
    return int(max(label_N.max(initial=0), evidence.instead_N.max(initial=0))) < TWO


def loses(evidence: Evidence) -> Mask:
    """(N,): whether another class is answered more than the given one."""
    with np.errstate(invalid="ignore"):
        return np.asarray(evidence.instead_share_N > evidence.given_N)
