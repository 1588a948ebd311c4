"""Controls: beside each exemplar an example that did not change, as like it as can be had.

What can be alike depends on what an answer is. A class means the same on every example; a code for
one of several texts does not, so texts are matched by how good they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.stats.slice_means import example_means
from undertow.records.answer_codes import RIGHT
from undertow.records.records import Records

Bools = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Likeness:
    """A control has every one of ``kind_KN`` in common with its exemplar, and is near in
    ``level_N``."""

    kind_KN: Ints
    level_N: Floats


def likeness(reference: Records, modal_N: Ints, share_N: Floats) -> Likeness:
    """Of classes the same label and the same reference answer, near in how many members gave it. Of
    texts that are right or wrong the same of these; of graded ones a near score of the reference;
    of others nothing but how many members agreed."""
    if reference.manifest.task != "generation":
        return Likeness(np.stack([reference.label_N, modal_N]), share_N)
    if reference.classes[:1] == (RIGHT,):
        return Likeness((modal_N == 0)[None].astype(np.intp), share_N)
    if reference.score_MN is None:
        return Likeness(np.zeros((1, reference.N), dtype=np.intp), share_N)
    score_N = example_means(reference.score_MN)
    unscored_N = np.isnan(score_N)
    return Likeness(unscored_N[None].astype(np.intp), np.where(unscored_N, 0.0, score_N))


def shared(reference: Records, *, votes: bool) -> str:
    """The same in words; ``votes`` where it is told how many members gave an answer."""
    vote, labelled = "similar reference vote", bool((reference.label_N >= 0).any())
    if reference.manifest.task == "choice":  # A letter says where an option stands, not what.
        placed = ["right option in the same position"] if labelled else []
        return ", ".join([*placed, vote if votes else "same position chosen by the reference"])
    if reference.manifest.task != "generation":
        label = ["same label"] if labelled else []
        return ", ".join([*label, vote if votes else "same answer of the reference"])
    if reference.classes[:1] == (RIGHT,):
        return ", ".join(["as right or as wrong before", *([vote] if votes else [])])
    if reference.score_MN is None:
        return vote if votes else "another example"
    return "similar score of the reference"


def stratum(reference: Records, modal_N: Ints, share_N: Floats) -> tuple[Ints, str]:
    """Which unchanged examples all exemplars together are set against: those of one number, and who
    they are in words. More is asked of the one control of an exemplar (``likeness``)."""
    if reference.manifest.task == "generation":
        right = reference.classes[:1] == (RIGHT,)
        kind_N = likeness(reference, modal_N, share_N).kind_KN[0]
        return kind_N, "controls as right or as wrong before" if right else "controls"
    if not (reference.label_N >= 0).any():
        return modal_N, "controls with the same answer of the reference"
    if reference.manifest.task == "choice":
        return reference.label_N, "controls with the right option in the same position"
    return reference.label_N, "controls of their class"


def matched(chosen: Ints, free_N: Bools, alike: Likeness, unrest_N: Floats) -> list[int | None]:
    """The control of each, none used twice; ``None`` where none is left.

    Distance is the gap in level plus the control's own Taxicab distance ``unrest_N``, so that a
    control is both as certain (or as good) before and as calm after as can be had.
    """
    free_N, found = free_N.copy(), list[int | None]()
    for n in chosen:
        same_N = (alike.kind_KN == alike.kind_KN[:, [n]]).all(axis=0)
        pool = np.flatnonzero(free_N & same_N)
        if len(pool) == 0:
            found.append(None)
            continue
        gap = np.abs(alike.level_N[pool] - alike.level_N[n]) + unrest_N[pool]
        control = int(pool[np.argmin(gap)])
        free_N[control] = False
        found.append(control)
    return found
