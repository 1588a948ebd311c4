"""A side whose answers do not depend on the label, or do so the wrong way round.

Answers that do not depend on the label have a mean recall of one in the number of classes, whatever
the labels' shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.by_assignment import best_assigned
from undertow.audit.exchanged import exchanged_names
from undertow.audit.needs import has_classes
from undertow.audit.stats.slice_means import ratio
from undertow.audit.wording import share
from undertow.records.records import Records

Z = 1.645
"""One-sided 5 %: a side is at chance where it is not shown to be above it."""
FAR = 3.09
"""One-sided 0.1 %."""
KEPT = 0.25
"""Share of what the reference has above chance; a variant that kept more is not said to have
none."""


class _Recall(NamedTuple):
    """Mean recall over the classes that have examples, what guessing gives, and the standard error
    of that; recall and examples by class."""

    mean: float
    guess: float
    error: float
    recall_C: NDArray[np.float64]
    count_C: NDArray[np.int64]
    present_C: NDArray[Any]

    @property
    def at_chance(self) -> bool:
        return self.mean - Z * self.error <= self.guess

    @property
    def below(self) -> bool:
        return self.mean + Z * self.error < self.guess

    @property
    def far_below(self) -> bool:
        return self.mean + FAR * self.error < self.guess

    def to_check(self, records: Records) -> str:
        """What to check of a side below chance: its classes where answers are shown to depend on
        the label, else whether they are answers to these examples at all."""
        if not best_assigned(records, len(self.present_C)).shown:
            return (
                f"is below chance: {self.said}. Its answers may belong to other examples: check "
                "that they and the labels have the right ids, or stand in the same order."
            )
        what = "classes stand in another order"
        if len(self.present_C) == 2:
            what = "scores or labels are inverted"
        return (
            f"is below chance: {self.said}. So its answers do depend on the label: check whether "
            f"its {what}."
        )

    def otherwise_named(self, records: Records) -> str:
        """What to check of a side that is not shown to be above chance, and would be far above it
        with its names in another order; empty where it would not."""
        if not self.at_chance or len(self.present_C) < 3:
            return ""
        best = best_assigned(records, len(self.present_C))
        if not best.far_better:
            return ""
        return (
            f"But with its classes in another order {share(best.right)} of its answers are right, "
            f"and {share(best.named)} as they are named: check that order before any number here "
            "is read."
        )

    @property
    def said(self) -> str:
        return (
            f"its mean recall is {share(self.mean)}, guessing gives {share(self.guess)} "
            f"(1 in {len(self.present_C):,})"
        )


def reference_at_chance(records: Records) -> Iterator[str]:
    """A reference below chance or at it, or one that does worse than the most common label
    alone."""
    found = _recall(records)
    if found is None:
        return
    if found.below:
        yield f"The reference {records.name!r} {found.to_check(records)}"
    elif found.at_chance:
        means = found.otherwise_named(records) or "A loss against it means little."
        yield f"The reference {records.name!r} is at chance level: {found.said}. {means}"
    else:
        yield from _beside_the_commonest(records, found)


def at_chance(records: Records, cluster_N: NDArray[Any] | None = None) -> str:
    """A sentence on a reference that is not shown to be above chance, on which a gate cannot decide
    what was lost; empty otherwise. Examples of one cluster (N,) count as one."""
    found = _recall(records, cluster_N)
    if found is None or not found.at_chance:
        return ""
    return f"The reference {records.name!r} is not shown to be above chance: {found.said}."


def _beside_the_commonest(records: Records, found: _Recall) -> Iterator[str]:
    right = float((found.recall_C * found.count_C).sum() / found.count_C.sum())
    common = found.count_C.max() / found.count_C.sum()
    if right < common:
        name = records.classes[int(found.present_C[found.count_C.argmax()])]
        yield (
            f"The reference {records.name!r} is right on {100 * right:.1f} %, less than always "
            f"answering {name!r} would be ({100 * common:.1f} %)."
        )


def variant_at_chance(reference: Records, variant: Records) -> Iterator[str]:
    """A variant that lost what a reference above chance knew: a loss as large is more often in its
    file than in the model, and whoever made it can tell."""
    before, after = _recall(reference), _recall(variant)
    if before is None or after is None or before.at_chance or not after.at_chance:
        return
    if after.below:
        yield f"The variant {variant.name!r} {after.to_check(variant)}"
    elif after.mean - after.guess < KEPT * (before.mean - before.guess):
        check = after.otherwise_named(variant) or (
            "Unless the change itself did that, check that its answers belong to these ids and its "
            "classes to these labels."
        )
        yield f"The variant {variant.name!r} is at chance level: {after.said}. {check}"


def below_chance(
    reference: Records, variant: Records, cluster_N: NDArray[Any] | None = None
) -> tuple[str, ...]:
    """A sentence on each side that is far below chance (one-sided 0.1 %, as a release is held up by
    it), or would be far better with the names of its classes exchanged: its labels may be those of
    other examples, or its scores those of other classes. Examples of one cluster (N,) count as
    one."""
    found = _doubted(reference, variant, cluster_N)
    if [doubt.why for doubt in found] == [BELOW, BELOW]:
        return found[0].sentence, f"So is the variant {variant.name!r}."
    return tuple(doubt.sentence for doubt in found)


def but_below_chance(
    reference: Records,
    variant: Records,
    cluster_N: NDArray[Any] | None = None,
    *,
    loses: bool = False,
) -> str:
    """What a verdict has to add where a side is far below chance, which one that something is lost
    need not, or its classes seem to have other names; empty where none is."""
    found = _doubted(reference, variant, cluster_N)
    below = [doubt.whose for doubt in found if doubt.why == BELOW and not loses]
    named = [doubt.whose for doubt in found if doubt.why == NAMED]
    said = []
    if below:
        are = "is" if len(below) == 1 else "are"
        said.append(f"{' and '.join(below)} {are} below chance")
    if named:
        said.append(f"classes of {' and '.join(named)} seem to have one another's names")
    return f"But {', and '.join(said)}: check that first." if said else ""


BELOW, NAMED = "below", "named"


class _Doubt(NamedTuple):
    """``why`` a side is doubted, whose it is, and the sentence that says so."""

    why: str
    whose: str
    sentence: str


def _doubted(reference: Records, variant: Records, cluster_N: NDArray[Any] | None) -> list[_Doubt]:
    found = []
    for role, side in (("reference", reference), ("variant", variant)):
        whose, recall = f"the {role} {side.name!r}", _recall(side, cluster_N)
        names = next(exchanged_names(role, side, cluster_N), "")
        if names:
            found.append(_Doubt(NAMED, whose, names))
        elif recall is not None and recall.far_below:
            found.append(_Doubt(BELOW, whose, f"The {whose[4:]} {recall.to_check(side)}"))
        elif recall is not None and (otherwise := recall.otherwise_named(side)):
            said = f"The {whose[4:]} is at chance level: {recall.said}. {otherwise}"
            found.append(_Doubt(NAMED, whose, said))
    return found


def _recall(records: Records, cluster_N: NDArray[Any] | None = None) -> _Recall | None:
    """``None`` where there are no classes, fewer than two have examples, or one was never
    answered."""
    label_N = records.label_N
    present, count = np.unique(label_N[label_N >= 0], return_counts=True)
    if not has_classes(records) or len(present) < 2:
        return None
    recall_C, guess = _recalls(records, present), 1 / len(present)
    if np.isnan(recall_C).any():
        return None
    apart = count if cluster_N is None else _clusters(label_N, cluster_N, present)
    error = float(np.sqrt((guess * (1 - guess) / apart).sum())) / len(present)
    return _Recall(float(recall_C.mean()), guess, error, recall_C, count, present)


def _clusters(
    label_N: NDArray[np.int32], cluster_N: NDArray[Any], present: NDArray[Any]
) -> NDArray[np.int64]:
    """How many clusters have examples of each class."""
    return np.array([len(np.unique(cluster_N[label_N == c])) for c in present])


def _recalls(records: Records, present: NDArray[Any]) -> NDArray[np.float64]:
    """Mean over members of the recall of each class that has examples."""
    labelled = np.flatnonzero(records.label_N >= 0)
    known_MN = ~np.isnan(records.correct_MN[:, labelled])
    right_MN = np.where(known_MN, records.correct_MN[:, labelled], 0)
    sums = [
        np.bincount(
            records.label_N[labelled],
            weights=side_MN.sum(axis=0, dtype=np.float64),
            minlength=records.C,
        )
        for side_MN in (right_MN, known_MN)
    ]
    recall_C: NDArray[np.float64] = ratio(*sums)[present]
    return recall_C
