"""Refuses a threshold that gives every example of all sides one and the same answer.

One side may give one answer: that model may never reach the threshold, which is a finding. Where
all sides do, nothing is compared, and a gate would pass whatever the models are worth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.records.conditions import threshold_in
from undertow.records.records import Records

Floats = NDArray[np.float64]

HALF = 0.5
"""The threshold where nobody names one: then probabilities may be what is compared, and a notice
says what the answers are."""


def refuse_decided_alike(sides: Sequence[Records], asked: float | None) -> None:
    """Raises ``UserError`` where a threshold that somebody named decides every example alike."""
    cuts = {threshold_in(side.manifest.conditions) for side in sides}
    (cut,) = cuts if len(cuts) == 1 else (None,)
    if cut is None or (asked is None and cut == HALF):
        return
    answers = {
        side.classes[k] for side in sides for k in np.unique(side.pred_MN[side.pred_MN >= 0])
    }
    scores = [score_K for side in sides if (score_K := _scores(side)) is not None]
    if len(answers) != 1 or len(scores) != len(sides):
        return
    every = np.concatenate(scores)
    least, most = float(every.min()), float(every.max())
    way = "give " + (
        f"a number from {least:g} to below {most:g}, as in --threshold {worth_trying(least, most)}"
        if least < most
        else "scores that differ"
    )
    *first, last = [repr(side.name) for side in sides]
    names = f"{', '.join(first)} and {last}"
    where = "above it" if answers == {sides[0].manifest.positive} else "at or below it"
    raise UserError(
        f"--threshold {cut:.15g}: the scores of {names} reach from {least:g} to {most:g}, all "
        f"{where}, so the threshold decides every example alike and nothing is compared; {way}"
    )


def worth_trying(least: float, most: float) -> str:
    """A threshold between two scores, rather low, as the positive class is often the rare one."""
    cut = least + (most - least) / 5
    short = f"{cut:.3g}"
    return short if least <= float(short) < most else f"{cut:.15g}"


def _scores(side: Records) -> Floats | None:
    """The probabilities that decided; ``None`` where scores on another scale did, which no record
    keeps: of those a reader knows whether all lie on one side."""
    if side.proba_MNC is None or side.manifest.positive not in side.classes:
        return None
    score_MN = side.proba_MNC[:, :, side.classes.index(side.manifest.positive)]
    return np.asarray(score_MN[(side.pred_MN >= 0) & ~np.isnan(score_MN)], dtype=np.float64)
