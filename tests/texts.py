"""Populations that write texts, right or wrong, graded, or without any outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from undertow.records.answer_codes import answer_classes, code_answers, scored
from undertow.records.records import Records
from undertow.records.schema import Manifest, MemberEntry


def written(
    answers: Sequence[Sequence[str]],
    scores: Sequence[Sequence[float]] | None = None,
    name: str = "old",
    *,
    graded: bool = True,
) -> Records:
    """What each member wrote on each example, and how good that was. Ungraded, a score above one
    half is right."""
    score_MN = None if scores is None else np.array(scores, dtype=np.float32)
    right_MN = None if graded or score_MN is None else score_MN > 0.5
    said = [pl.Series("answer", list(one)) for one in answers]
    code_MN, n = code_answers(said, right_MN), len(answers[0])
    manifest = Manifest(
        name=name,
        task="generation",
        classes=answer_classes(code_MN, graded=right_MN is None),
        members=tuple(MemberEntry(id=f"m{m:02d}") for m in range(len(answers))),
        metric="chrf",
    )
    label = pl.Series([None if right_MN is None else 0] * n, dtype=pl.Int32)
    examples = pl.DataFrame({"example_id": [f"q{i}" for i in range(n)], "label": label})
    return Records(manifest, examples, code_MN, score_MN=score_MN, answers=tuple(said))


def only_scored(scores: Sequence[Sequence[float]], name: str = "old") -> Records:
    """The same where what was written was not kept."""
    return written([[scored(s) for s in one] for one in scores], scores, name)
