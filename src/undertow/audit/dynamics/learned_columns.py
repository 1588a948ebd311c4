"""``learned_columns``: what members that learned from parts of the training examples tell of each
of them together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.over_members import (
    Learned,
    all_over_members,
    held_out_limits,
    memorisation_limits,
)
from undertow.errors import UserError
from undertow.records.probes import ProbeValues, read_probe

LEARNED_FROM = "learned-from"
"""The probe, as ``lab/probes/learned_from.py`` names it, and its columns."""
COLUMNS = ("learned_from", "right")


def learned_columns(folder: Path, probe: str = LEARNED_FROM) -> pl.DataFrame:
    """``example_id``, ``held_out_correctness`` and ``memorisation``, each with ``_low`` and
    ``_high``, its limits at 95 %, and on how many members that rests: ``members_learned`` from the
    example and ``members_held_out``; a row per training example.

    NaN where an instrument is undefined. Raises ``RecordError`` for a population without that
    probe, ``UserError`` where it is another probe or no member is done.
    """
    return learned_columns_of(read_probe(folder, probe))


def learned_columns_of(values: ProbeValues) -> pl.DataFrame:
    """The same of a probe that is read already."""
    learned = learned_of(values)
    limits = zip(all_over_members(), (held_out_limits, memorisation_limits), strict=True)
    columns: dict[str, NDArray[Any]] = {}
    for each, limits_of in limits:
        name, (share_N, low_N, high_N) = each.card.name, limits_of(learned)
        columns |= {name: share_N, f"{name}_low": low_N, f"{name}_high": high_N}
    counts = {
        "members_learned": learned.learned_MN.sum(axis=0),
        "members_held_out": (~learned.learned_MN).sum(axis=0),
    }
    return pl.DataFrame({"example_id": values.example_id_N, **columns, **counts})


def is_learned(values: ProbeValues) -> bool:
    """Whether a probe says what members learned from."""
    return set(COLUMNS) <= values.values.keys()


def learned_of(values: ProbeValues) -> Learned:
    """What the probe has after its last epoch. ``UserError`` for another probe, and where no member
    is done."""
    if not values.members:
        raise UserError(f"probe {values.name!r}: no member is done, so there is nothing to tell")
    if not is_learned(values):
        raise UserError(
            f"probe {values.name!r} does not say what members learned from; name the one that "
            "LearnedFrom() of undertow.lab.probes makes"
        )
    learned_MN, right_MN = (
        np.atleast_3d(values.values[column])[:, :, -1].astype(bool) for column in COLUMNS
    )
    return Learned(learned_MN, right_MN)


def share_learned(learned: Learned) -> float:
    """Of the training examples, the part that a member learned from: the mean over members."""
    return float(learned.learned_MN.mean()) if learned.learned_MN.size else float("nan")
