"""Small aligned pairs with everything that makes a vote awkward: ties, silence of one member or of
all, no label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from undertow.audit.pair import Pair
from undertow.audit.settings import Settings
from undertow.records.records import MISSING
from worlds import planted_world

WORLDS = {"even and odd": (4, 5), "pairs": (6, 6), "repeat runs": (3, 1), "one member": (1, 1)}


def pair_of(world: str, seed: int = 0) -> Pair:
    """``WORLDS`` says how many members; nobody answers the first two examples and the last."""
    m_ref, m_var = WORLDS[world]
    rng = np.random.default_rng(seed)
    reference, variant = planted_world(
        {1: 0.5},
        m_ref=m_ref,
        m_var=m_var,
        n=90,
        classes=3,
        seed=seed,
        missing_labels=0.1,
        paired=world == "pairs",
    )
    sides = []
    for records in (reference, variant):
        silent_MN = rng.random(records.pred_MN.shape) < 0.1
        silent_MN[:, [0, 1, -1]] = True
        sides.append(
            replace(records, pred_MN=np.where(silent_MN, MISSING, records.pred_MN).astype(np.int32))
        )
    return Pair(*sides, paired=world == "pairs", settings=Settings(gallery=12, fdr=0.2))
