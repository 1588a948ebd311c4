"""What a slice's loss is made of: which classes are answered more or less, how often rightly, and
where answers went.

A class may lose recall because its examples are confused, or because the model answers it less. Of
a reference that says "bottle" to every second image the recall of bottles is high and its fall no
loss; precision beside recall tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import stdtrit

from undertow.audit.measures.answers import answer_share, counted, precision
from undertow.audit.needs import has_classes
from undertow.audit.pair import Pair
from undertow.audit.result import ClassAnswers, Composition, Flow
from undertow.audit.slices.table import CLASS
from undertow.audit.stats.paired_shift import paired_shift
from undertow.audit.stats.slice_means import ratio
from undertow.records.records import Records

Floats = NDArray[np.floating[Any]]
Matrix: TypeAlias = "sp.csr_array[Any, tuple[int, int]]"

NUMBERS = tuple(
    f"{side}_{what}"
    for what in ("answers", "precision", "recall")
    for side in ("reference", "variant")
)
TOP = 12
"""Flows that are shown, largest net flow first."""
BY_ANSWERS = "loses recall because it is "
"""Begins the note of a class that loses recall by being answered less."""
HOLDS = 0.005
"""A precision that falls by less is the same to the rounding of a per cent."""


def composition(pair: Pair, findings: pl.DataFrame) -> Composition | None:
    """What the answers of both sides are made of. ``None`` where answers have no classes."""
    if not (has_classes(pair.reference) and has_classes(pair.variant)):
        return None
    sides = pair.reference, pair.variant
    means = max(pair.reference.M, pair.variant.M) > 1
    moved_CC, n = _moved(pair, *sides)
    over: Literal["members", "examples"] = (
        "members" if pair.design.mode == "members" else "examples"
    )
    cells, top = _largest(moved_CC)
    flows = [_flow(pair, sides, moved_CC, r, v, n, cells) for r, v in top]
    return Composition(n, _classes(pair, sides, findings), tuple(flows), cells, over, means)


def loss_by_answers(of: ClassAnswers, means: bool) -> str:
    """``loses recall because it is answered less often: 3,394 → 812 answers, precision 12 → 70
    %``."""
    answers = f"{counted(of.reference_answers)} → {counted(of.variant_answers)} answers"
    right = _precisions(of.reference_precision, of.variant_precision)
    mean = " (mean of the members)" if means else ""
    return f"{BY_ANSWERS}answered less often: {answers}{mean}, precision {right}"


def _precisions(before: float, after: float) -> str:
    """Both in per cent, with as many digits as tell them apart."""
    for digits in range(3):
        said = [f"{100 * share:.{digits}f}" for share in (before, after)]
        if said[0] != said[1]:
            return f"{said[0]} → {said[1]} %"
    return f"{100 * before:.0f} % as before"


def with_reasons(findings: pl.DataFrame, found: Composition | None) -> pl.DataFrame:
    """The findings, where the note of a class that loses recall by being answered less says so."""
    reasons = (
        {c.value: loss_by_answers(c, found.means) for c in found.classes if c.loses_by_answers}
        if found
        else {}
    )
    if not reasons:
        return findings
    said = pl.col("value").replace_strict(reasons, default="", return_dtype=pl.String)
    here = (pl.col("measure") == "accuracy") & (pl.col("slice") == CLASS) & (said != "")
    note = pl.concat_str(
        [said, pl.when(pl.col("note") == "").then(pl.lit("")).otherwise("; " + pl.col("note"))]
    )
    return findings.with_columns(pl.when(here).then(note).otherwise("note").alias("note"))


def _classes(
    pair: Pair, sides: tuple[Records, Records], findings: pl.DataFrame
) -> tuple[ClassAnswers, ...]:
    answers = [answer_share(side)[0].mean(axis=1) for side in sides]
    right = [precision(side).mean(axis=2) for side in sides]
    label_N = pair.reference.label_N
    labelled_C = np.bincount(label_N[label_N >= 0], minlength=pair.reference.C)
    precisions = [ratio(*two_C) for two_C in right]
    recalls = [ratio(two_C[0], labelled_C) for two_C in right]
    columns = (*answers, *precisions, *recalls)
    less = _answered_less(findings)
    made = []
    for name, *row in zip(pair.reference.classes, *columns, strict=True):
        numbers = dict(zip(NUMBERS, (float(number) for number in row), strict=True))
        holds = numbers["variant_precision"] - numbers["reference_precision"] >= -HOLDS
        made.append(ClassAnswers(name, **numbers, loses_by_answers=name in less and holds))
    return tuple(made)


def _answered_less(findings: pl.DataFrame) -> set[str]:
    """Classes that are shown to lose recall and to be answered less."""
    rows = findings.filter(pl.col("slice") == CLASS)
    worse = rows.filter((pl.col("measure") == "accuracy") & (pl.col("verdict") == "worse"))["value"]
    less = rows.filter((pl.col("measure") == answer_share.card.name) & (pl.col("high") < 0))[
        "value"
    ]
    return set(worse) & set(less)


def _moved(pair: Pair, reference: Records, variant: Records) -> tuple[Matrix, float]:
    """(C, C): on how many examples the reference answers r and the variant v, mean over the pairs
    of members that are compared; and how many examples both answer."""
    if pair.paired or reference.M == variant.M == 1:
        known = (reference.pred_MN >= 0) & (variant.pred_MN >= 0)
        cells = (reference.pred_MN[known], variant.pred_MN[known])
        made = sp.coo_array(
            (np.full(len(cells[0]), 1 / reference.M), cells), shape=(reference.C, reference.C)
        )
    else:
        before_NC, after_NC = (side.votes_NC.astype(np.float64) for side in (reference, variant))
        made = sp.coo_array(before_NC.T @ after_NC) / (reference.M * variant.M)
    return sp.csr_array(made), float(made.sum())


def _largest(moved_CC: Matrix) -> tuple[int, list[tuple[int, int]]]:
    """How many pairs of classes exchanged any answer, and those with the largest net flow, each in
    its direction."""
    either = sp.coo_array(sp.triu(moved_CC + moved_CC.T, k=1))
    net = sp.coo_array(moved_CC - moved_CC.T)
    one_way = net.data > 0
    source, target, size = net.row[one_way], net.col[one_way], net.data[one_way]
    order = np.lexsort((target, source, -size.round(9)))[:TOP]
    return int((either.data > 0).sum()), [(int(source[i]), int(target[i])) for i in order]


def _flow(
    pair: Pair,
    sides: tuple[Records, Records],
    moved_CC: Matrix,
    source: int,
    target: int,
    n: float,
    cells: int,
) -> Flow:
    """One cell, with limits that allow for the number of cells it was chosen from."""
    moved, back = float(moved_CC[source, target]), float(moved_CC[target, source])
    level = pair.settings.level / max(cells, 1)
    limits = _over_members if pair.design.mode == "members" else _over_examples
    low, high = limits(pair, sides, source, target, level)
    names = pair.reference.classes
    return Flow(
        names[source],
        names[target],
        moved,
        back,
        moved - back,
        float(np.maximum(low, -n)),
        float(np.minimum(high, n)),
    )


def _over_examples(
    pair: Pair, sides: tuple[Records, Records], source: int, target: int, level: float
) -> tuple[float, float]:
    """Examples that went one way against those that went the other, as in a paired test of right
    and wrong; of several runs the share of pairs of runs in which they did."""
    (ref_from_N, ref_to_N), (var_from_N, var_to_N) = (
        [(side.pred_MN == c).mean(axis=0) for c in (source, target)] for side in sides
    )
    whole_1N = pair.membership_by_family[0]
    shift = paired_shift(
        whole_1N, ref_to_N * var_from_N, ref_from_N * var_to_N, level, pair.cluster_N
    ).row(0)
    return shift.low * shift.n, shift.high * shift.n


def _over_members(
    pair: Pair, sides: tuple[Records, Records], source: int, target: int, level: float
) -> tuple[float, float]:
    """Student's limits of a mean over pairs, or of the two sides' means over each other's members
    (Welch): what one member sends and gets back, averaged over all of the other side."""
    (ref_from_MN, ref_to_MN), (var_from_MN, var_to_MN) = (
        [(side.pred_MN == c).astype(np.float32) for c in (source, target)] for side in sides
    )
    if pair.paired:
        net_M = (ref_from_MN * var_to_MN - ref_to_MN * var_from_MN).sum(axis=1, dtype=np.float64)
        return _limits([net_M], level)
    net_ref_M = ref_from_MN @ var_to_MN.mean(axis=0) - ref_to_MN @ var_from_MN.mean(axis=0)
    net_var_M = var_to_MN @ ref_from_MN.mean(axis=0) - var_from_MN @ ref_to_MN.mean(axis=0)
    return _limits([net_ref_M.astype(np.float64), net_var_M.astype(np.float64)], level)


def _limits(sides: Sequence[Floats], level: float) -> tuple[float, float]:
    """Limits of the mean; no member is known better than to half an example. A lone variant member
    is taken to vary as the reference's do; NaN where nothing tells how members vary."""
    if len(sides[0]) < 2:
        return float("nan"), float("nan")
    spread = [max(float(side_M.var(ddof=1)), 0.25) if len(side_M) > 1 else None for side_M in sides]
    square = [
        (own or spread[0] or 0.0) / len(side_M) for own, side_M in zip(spread, sides, strict=True)
    ]
    known = [
        (s, len(side_M) - 1) for s, side_M in zip(square, sides, strict=True) if len(side_M) > 1
    ]
    freedom = sum(s for s, _ in known) ** 2 / sum(s**2 / df for s, df in known)
    half = -float(stdtrit(freedom, level / 2)) * float(np.sqrt(sum(square)))
    middle = float(sides[0].mean())
    return middle - half, middle + half
