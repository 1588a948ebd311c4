"""Teachers as the theory judges them, beside the worst class of their students."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from undertow.study.trained import Trained
from undertow.study.worst.arms import Arm, worst
from undertow.study.worst.recalls import Floats, Ints
from undertow.study.worst.scaled_gap import beside, beyond_floor, by_labels, of_others
from undertow.study.worst.values import by_unit


class Teachers(NamedTuple):
    """Of M teachers each kind of gap, and the worst-class accuracy of their students (mean over
    each one's)."""

    gaps: Mapping[str, Floats]
    students_M: Floats


def gaps(p_MNC: Floats, label_N: Ints) -> dict[str, Floats]:
    """Of each teacher (M) the gap by labels, by bins beyond their floor, and beside all others;
    without the last for one teacher. Over N examples that no teacher learned from."""
    found = {
        "labels": np.array([by_labels(p_NC, label_N).value for p_NC in p_MNC]),
        "bins": np.array([beyond_floor(p_NC, label_N) for p_NC in p_MNC]),
    }
    if len(p_MNC) > 1:
        pairs = zip(p_MNC, of_others(p_MNC), strict=True)
        found["others"] = np.array([beside(p_NC, eta_NC).value for p_NC, eta_NC in pairs])
    return found


def teachers(members: Trained, students: Arm, k: int = 1) -> Teachers:
    """Of the members of a population that taught ``students``; those that taught nobody take no
    part. ``KeyError`` where their probabilities were not kept or they taught none of these."""
    records = members.records
    if records.proba_MNC is None:
        raise KeyError(f"{members.folder.name!r} has not kept all probabilities")
    names = [f"{records.name}/{name}" for name in members.ids]
    rows = [row for row, name in enumerate(names) if name in students.named]
    if not rows:
        raise KeyError(f"no member of {members.folder.name!r} taught these students")
    each = by_unit(students, worst(k), [students.named[names[row]] for row in rows]).each_U
    p_MNC = records.proba_MNC[rows].astype(np.float64)
    return Teachers(gaps(p_MNC, records.label_N), each)
