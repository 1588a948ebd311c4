"""Tables and panels of what goes with people's disagreement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel, Stroke
from undertow.study.people.beside import TENTHS, BesidePeople, Goes, tenths
from undertow.study.people.scores import ENTROPY, OF_MEMBERS, OF_PAIRS, UNCERTAINTY
from undertow.study.people.within_class import Bools, Interval, Null
from undertow.study.trained import Floats, mean_interval

LEAST = 3
"""Examples in a point of a line."""


def scores_table(beside: BesidePeople) -> Table:
    """A row per score of each arm, and the reference's own and its uncertainty."""
    reference = beside.reference
    asked = [(arm, name) for arm in beside.arms for name in (*OF_PAIRS, *OF_MEMBERS)]
    asked += [(reference, name) for name in (*OF_MEMBERS, *UNCERTAINTY)]
    rows = [[arm, name, *_cells(beside.goes(arm, name))] for arm, name in asked]
    head = ["arm", "score", "ρ [95 %]", "null of ρ", "AUROC [95 %]", "null of AUROC"]
    note = (
        f"Of {len(beside.entropy_N):,} test images. ρ: Spearman, with human entropy. AUROC: for "
        f"the {int(beside.disputed_N.sum()):,} images whose human entropy is above its upper "
        "quartile. Intervals: images drawn anew within each class. Null: human entropy dealt anew "
        "within each class, mean, 95 % of the deals, and p. Last column: partial ρ given class and "
        f"the mean entropy and mean loss of the members of {reference}; of one of these two, given "
        f"the other. Distance and disagreement are between the arm and {reference}; other scores "
        "are means over the arm's own members."
    )
    columns = [*head, "ρ beyond class and dense uncertainty [95 %]"]
    return Table("Scores beside human entropy", columns, rows, note)


def exemplars_table(beside: BesidePeople) -> Table:
    """A row per arm: exemplars beside others."""
    head = ["arm", "exemplars", "their human entropy", "above others of their class [95 %]"]
    head += ["null", "above others of class and tenth [95 %]", "mislabelled exemplars"]
    rows = [_exemplars(beside, arm) for arm in beside.arms]
    note = (
        "Mean human entropy in nats. Tenth: of the mean entropy of the members of "
        f"{beside.reference}. Null: human entropy dealt anew within each class. Mislabelled: most "
        "people name another class than the label, or none leads "
        f"({beside.mislabelled_N.mean():.2%} of all images)."
    )
    columns = [*head, "above others of their class [95 %]"]
    return Table("Exemplars beside people", columns, rows, note)


def _exemplars(beside: BesidePeople, arm: str) -> list[str]:
    exemplar_N, entropy_N, wrong_N = beside.exemplar_N(arm), beside.entropy_N, beside.mislabelled_N
    cells = [
        arm,
        str(int(exemplar_N.sum())),
        f"{_mean(entropy_N[exemplar_N]):.3f}",
        interval_text(beside.exemplars_above(arm, entropy_N)),
        _null_text(beside.exemplars_null(arm, entropy_N)),
        interval_text(beside.exemplars_above(arm, entropy_N, matched=True)),
        f"{_mean(wrong_N[exemplar_N]):.1%}",
        interval_text(beside.exemplars_above(arm, wrong_N)),
    ]
    return _defined(cells)


def panels(beside: BesidePeople, shown: Sequence[tuple[str, str]]) -> list[Panel]:
    """Mean human entropy over tenths of some scores of arms; and that of exemplars and others over
    tenths of the reference's mean entropy."""
    everyone_N = np.ones(len(beside.entropy_N), dtype=bool)
    by_score = [
        _line(beside, f"{name}, {arm}", beside.score(arm, name), everyone_N, place)
        for place, (arm, name) in enumerate(shown)
    ]
    uncertain_N, by_tenth = beside.score(beside.reference, ENTROPY), []
    for place, arm in enumerate(beside.arms):
        chosen_N = beside.exemplar_N(arm)
        by_tenth.append(_line(beside, f"exemplars, {arm}", uncertain_N, chosen_N, place))
        by_tenth.append(_line(beside, f"others, {arm}", uncertain_N, ~chosen_N, place, "dashed"))
    x, y = f"rank of {beside.reference} entropy", "mean human entropy (nats)"
    return [
        Panel("People's disagreement by score", "rank of the score", y, by_score),
        Panel("Exemplars and others", x, y, by_tenth),
    ]


def _line(
    beside: BesidePeople,
    label: str,
    score_N: Floats,
    chosen_N: Bools,
    pair: int,
    stroke: Stroke = "solid",
) -> Line:
    """Of the chosen in each tenth of a score, at their mean rank among all."""
    tenth_N, rank_N = tenths(score_N), rankdata(score_N) / len(score_N)
    in_T = [in_N for t in range(TENTHS) if (in_N := chosen_N & (tenth_N == t)).sum() >= LEAST]
    found = [mean_interval(beside.entropy_N[in_N]) for in_N in in_T]
    mean, low, high = ([each[i] for each in found] for i in range(3))
    return Line(label, [float(rank_N[n].mean()) for n in in_T], mean, low, high, pair, stroke)


def interval_text(found: Interval) -> str:
    """With signs: +0.123 [+0.100, +0.150]."""
    return f"{found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _null_text(found: Null) -> str:
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}], p {found.p:.3f}"


def _cells(found: Goes) -> list[str]:
    whole, dealt = found.area, found.area_null
    cells = [
        interval_text(found.rank),
        _null_text(found.rank_null),
        f"{whole.value:.3f} [{whole.low:.3f}, {whole.high:.3f}]",
        f"{dealt.mean:.3f} [{dealt.low:.3f}, {dealt.high:.3f}], p {dealt.p:.3f}",
        interval_text(found.beyond),
    ]
    return _defined(cells)


def _defined(cells: Sequence[str]) -> list[str]:
    return ["undefined" if "nan" in cell else cell for cell in cells]


def _mean(value_N: Floats) -> float:
    return float(value_N.mean()) if len(value_N) else float("nan")
