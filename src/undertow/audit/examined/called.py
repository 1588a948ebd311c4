"""What an example is called by what is believed of it, and why another cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from undertow.audit.examined.believed import LISTED, STANDS_LOW
from undertow.audit.examined.confused import Confusion, confusions, in_bulk
from undertow.audit.examined.evidence import Evidence
from undertow.audit.examined.windows import FEWEST_LOOKS
from undertow.records.probes import ProbeValues

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Verdict = Literal["typical", "atypical", "likely mislabelled", "cannot tell"]
VERDICTS: tuple[Verdict, ...] = ("likely mislabelled", "atypical", "typical", "cannot tell")
Reason = Literal["", "bulk", "low", "never answered", "between", "looks", "nothing fitted", "label"]
REASONS: tuple[Reason, ...] = (
    "bulk", "low", "never answered", "between", "looks", "nothing fitted", "label",
)  # fmt: skip
"""Why an example cannot be told: its classes are confused in bulk; its label stands low, or is
answered in no look, and is not believed wrong; no kind is believed with more than ``LISTED``; it
has too few looks; nothing is fitted; or it has no label."""


@dataclass(frozen=True, eq=False)
class Called:
    """What examples are called by what is believed of them, and then by where classes are confused
    in bulk: ``low_N`` are believed wrong, ``listed_N`` those of them that can be told, ``unsure_N``
    those that may be wrong and are in no list. ``reason_N`` is empty of those that are told."""

    verdict_N: NDArray[np.object_]
    reason_N: NDArray[np.object_]
    low_N: Mask
    listed_N: Mask
    unsure_N: Mask
    bulk_N: Mask
    pairs: tuple[Confusion, ...]


def called_by(values: ProbeValues, evidence: Evidence, believed_N3: Floats) -> Called:
    """``believed_N3`` is NaN where nothing is believed. A label that no look answers is not called
    right, however little it stands below others: no look speaks for it."""
    enough_N = evidence.looks_N >= FEWEST_LOOKS
    with np.errstate(invalid="ignore"):
        called_N3 = (believed_N3 > LISTED) & enough_N[:, None]
        stands_low_N = evidence.standing_N < STANDS_LOW
    pairs = confusions(values.label_N, evidence, called_N3[:, 0])
    bulk_N = in_bulk(values.label_N, evidence, pairs)
    listed_N = called_N3[:, 0] & ~bulk_N
    never_N = evidence.given_N == 0
    unsure_N = bulk_N | ((stands_low_N | never_N) & ~listed_N)
    verdict_N = np.full(len(enough_N), "cannot tell", dtype=object)
    verdict_N[called_N3[:, 2] & ~unsure_N] = "typical"
    verdict_N[called_N3[:, 1] & ~unsure_N] = "atypical"
    verdict_N[listed_N] = "likely mislabelled"
    why: list[tuple[Reason, Mask]] = [
        ("label", values.label_N < 0),
        ("looks", ~enough_N),
        ("nothing fitted", np.full(len(enough_N), bool(np.isnan(believed_N3).all()))),
        ("bulk", bulk_N),
        ("low", stands_low_N),
        ("never answered", never_N),
    ]
    told = confusions(values.label_N, evidence, listed_N)
    reason_N = _first_of(why, verdict_N == "cannot tell")
    return Called(verdict_N, reason_N, called_N3[:, 0], listed_N, unsure_N, bulk_N, told)


def _first_of(why: list[tuple[Reason, Mask]], untold_N: Mask) -> NDArray[np.object_]:
    """The first reason that holds of each that cannot be told."""
    reason_N = np.where(untold_N, "between", "").astype(object)
    for reason, holds_N in reversed(why):
        reason_N[untold_N & holds_N] = reason
    return reason_N
