"""A side some classes of which seem to have one another's names: its file lists the names in
another order than that of its columns, or its answers were named so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from undertow.audit.needs import has_classes
from undertow.records.most_answered import MostAnswered, exchanged, most_answered
from undertow.records.records import Records

MOST_SHOWN = 3
CHECK = (
    "Check the order of its class names, or how its answers were named, before any number here "
    "is read."
)

ONE_ANOTHER = "seem to have"
"""Stands in the sentence on such a side."""


class Exchanged(NamedTuple):
    """Of a member the rings of classes that have one another's names."""

    m: int
    most: MostAnswered
    rings: list[list[int]]

    @property
    def places(self) -> list[int]:
        """All of their classes, those of a ring after one another, as places in ``most``."""
        return [place for ring in self.rings for place in ring]


def exchanged_names(
    role: str, records: Records, cluster_N: NDArray[Any] | None = None
) -> Iterator[str]:
    """A sentence on a side, the ``role``, with such members. Answers to examples of one cluster
    (N,) are as many as they are different. Of two classes that have examples nothing is said:
    scores or labels are inverted then, which is below chance."""
    found = _found(records, cluster_N)
    if not found:
        return
    one = found[0]
    names = [repr(records.classes[one.most.label_L[i]]) for i in one.places]
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    whose = f"the {role} {records.name!r}"
    if records.M > 1:
        whose = f"member {records.members[one.m].id!r} of {whose}"
    other = f" (so in {len(found)} of {records.M} members)" if len(found) > 1 else ""
    yield (
        f"In {whose} the classes {_listed(names[:MOST_SHOWN], last=not more)}{more} {ONE_ANOTHER} "
        f"{_one_another(names)} names{other}: {_answered(records, one)}. "
        f"As named {_right(one, exchange=False)} are right, with these names exchanged "
        f"{_right(one, exchange=True)}. {CHECK}"
    )


def _found(records: Records, cluster_N: NDArray[Any] | None) -> list[Exchanged]:
    present = np.unique(records.label_N[records.label_N >= 0])
    if not has_classes(records) or len(present) < 3:
        return []
    made = []
    for m in range(records.M):
        label_N, pred_N = _apart(records.label_N, records.pred_MN[m], cluster_N)
        rings = exchanged(most_answered(label_N, pred_N))
        if rings:
            made.append(Exchanged(m, most_answered(records.label_N, records.pred_MN[m]), rings))
    return made


def _apart(
    label_N: NDArray[np.int32], pred_N: NDArray[np.int32], cluster_N: NDArray[Any] | None
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Labels and answers, of each cluster the same ones once."""
    if cluster_N is None:
        return label_N, pred_N
    _, cluster = np.unique(cluster_N, return_inverse=True)
    once = np.unique(np.stack([cluster, label_N, pred_N]), axis=1)
    return once[1].astype(np.int32), once[2].astype(np.int32)


def _answered(records: Records, one: Exchanged) -> str:
    most, classes = one.most, records.classes
    return ", ".join(
        f"{most.times_L[i]:,} of {most.all_L[i]:,} {classes[most.label_L[i]]!r} are answered "
        f"{classes[most.answer_L[i]]!r}"
        for i in one.places[:MOST_SHOWN]
    )


def _right(one: Exchanged, *, exchange: bool) -> str:
    right = one.most.right_L.copy()
    if exchange:
        right[one.places] = one.most.times_L[one.places]
    return f"{100 * right.sum() / one.most.all_L.sum():.1f} %"


def _one_another(names: list[str]) -> str:
    return "each other's" if len(names) == 2 else "one another's"


def _listed(names: list[str], *, last: bool) -> str:
    """``'a', 'b' and 'c'``."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if last else ", ".join(names)
