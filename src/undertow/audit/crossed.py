"""What exemplars are like: each column of numbers that was asked for, exemplars against controls.

Exemplars are set against all unchanged examples of their class (``controls.stratum``), so what
classes alone differ in is no difference here. Members choose the exemplars: on an example that is
hard they disagree more, in a null comparison too, so exemplars differ from controls in whatever
goes with hardness, even where nothing was lost. A contrast says what changed answers are like, not
that compression made them so; for that, set it beside the contrast of a null variant. What it must
not be is circular. A column told by the members that are compared has their luck in it, and luck
chose the exemplars. So columns come from a population that takes no part, or describe the examples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.audit.controls import stratum
from undertow.audit.dynamics.over_members import all_cards
from undertow.audit.exemplars import Exemplars
from undertow.audit.measures import modal_disagreement, taxicab
from undertow.audit.result import Crossed, CrossedColumn, RankCorrelation
from undertow.audit.stats.rank_correlation import spearman
from undertow.audit.stats.within_strata import FEWEST, Contrast, ranks_within, within_strata
from undertow.audit.wording import decimals
from undertow.card import PROBED, Words

Floats = NDArray[np.floating[Any]]

SCORES = (taxicab, modal_disagreement)
"""What picks exemplars."""


def crossed(exemplars: Exemplars, columns: Mapping[str, Floats]) -> Crossed | None:
    """The contrast of every column (N), corrected for all of them together, and their rank
    correlations; ``None`` without columns. Examples whose modal answer is tied, or that one side
    did not answer, are neither exemplar nor control."""
    if not columns:
        return None
    pair, level = exemplars.pair, exemplars.pair.settings.level
    stratum_N, controls = stratum(
        pair.reference, exemplars.reference_modal_N, exemplars.reference_share_N
    )
    kept_N = ~exemplars.tied_N & exemplars.voted_N
    value_KN = np.stack(list(columns.values()))[:, kept_N]
    chosen_N, stratum_N = exemplars.changed_N[kept_N], stratum_N[kept_N]
    found, ranked = (
        within_strata(
            each_KN,
            chosen_N,
            stratum_N,
            None if pair.cluster_N is None else pair.cluster_N[kept_N],
            level=level,
            draws=pair.settings.draws,
            rng=pair.rng("crossed"),
        )
        for each_KN in (value_KN, ranks_within(value_KN, stratum_N))
    )
    unknown_KN = np.isnan(value_KN)
    alone_K = (chosen_N & ~unknown_KN).sum(axis=1) - found.chosen_K
    return Crossed(
        controls,
        tuple(
            _column(
                name, k, found, ranked, int(unknown_KN[k].sum()), int(alone_K[k]), controls, level
            )
            for k, name in enumerate(columns)
        ),
        tuple(_correlations(exemplars, columns)),
    )


def _column(
    name: str,
    k: int,
    found: Contrast,
    ranked: Contrast,
    unknown: int,
    alone: int,
    controls: str,
    level: float,
) -> CrossedColumn:
    area, low, high = (float(each_K[k]) + 0.5 for each_K in (ranked[0], ranked[1], ranked[2]))
    numbers = {field: getattr(found, f"{field}_K")[k] for field in _NUMBERS}
    exemplars = int(found.chosen_K[k])
    return CrossedColumn(
        column=name,
        unit=words_of(name).unit,
        n_exemplars=exemplars,
        n_controls=int(found.others_K[k]),
        unknown=unknown,
        alone=alone,
        auroc=area,
        auroc_low=max(low, 0.0) if low == low else low,
        auroc_high=min(high, 1.0) if high == high else high,
        said=_said(name, numbers, exemplars, controls, level),
        **{field: float(number) for field, number in numbers.items()},
    )


_NUMBERS = ("effect", "low", "high", "p", "p_adjusted", "spread")


def words_of(name: str) -> Words:
    """How a difference in a column is said."""
    cards = all_cards()
    return cards[name].words if name in cards else PROBED.get(name, Words())


def title_of(name: str) -> str:
    """What people read: a card's title, or the column's own name."""
    titles = {card.name: card.title for card in all_cards().values()}
    return (titles | {score.card.name: score.card.title for score in SCORES}).get(name, name)


def _said(
    name: str, numbers: Mapping[str, float], exemplars: int, controls: str, level: float
) -> str:
    """The contrast as a sentence."""
    words, title, effect = words_of(name), title_of(name), float(numbers["effect"])
    unit = f" {words.unit}" if words.unit else ""
    if exemplars < FEWEST and math.isnan(effect):
        return (
            f"In {title} {_counted(exemplars)} a value and {controls} beside it; at least "
            f"{FEWEST} are needed to tell a difference."
        )
    if math.isnan(effect) or math.isnan(numbers["p_adjusted"]):
        return (
            f"In {title} nothing is told: exemplars are too few clusters, no value differs, or "
            "values are too large to be squared."
        )
    limits = float(numbers["low"]), float(numbers["high"])
    if numbers["p_adjusted"] > level:
        size, low, high = _digits((effect, *limits), "+")
        return (
            f"Exemplars are not shown to differ in {title} from {controls}: "
            f"{size}{unit} ({low} to {high})."
        )
    sign = 1 if effect > 0 else -1
    ends = [sign * limit for limit in limits]
    size, low, high = _digits((abs(effect), min(ends), max(ends)))
    more = words.more if sign > 0 else words.less
    more = more or f"{'higher' if sign > 0 else 'lower'} in {title}"
    return f"Exemplars are {more} by {size}{unit} ({low} to {high}) than {controls}."


def _counted(exemplars: int) -> str:
    return {0: "no exemplar has", 1: "1 exemplar has"}.get(exemplars, f"{exemplars} exemplars have")


def digits_of(effect: float, low: float, high: float) -> int:
    """As many decimals as the width of the interval makes worth reading."""
    half = (high - low) / 2
    least = 1 if not half > 0 else min(max(-math.floor(math.log10(half)), 0), 6)
    return decimals(effect, low, high, least=least)


def _digits(numbers: tuple[float, float, float], sign: str = "") -> tuple[str, ...]:
    """All three with one number of decimals and true minus signs; none where they round to 0."""
    digits = digits_of(*numbers)
    said = (f"{value:{sign},.{digits}f}" for value in numbers)
    return tuple(
        (one.lstrip("+-") if float(one.replace(",", "")) == 0 else one).replace("-", "−")
        for one in said
    )


def _correlations(exemplars: Exemplars, columns: Mapping[str, Floats]) -> Iterator[RankCorrelation]:
    """Of the columns with each other, and of each with the scores of the exemplars, over all
    classes. Where one member a side votes, a changed answer is all that either score says."""
    unvoted_N = ~exemplars.voted_N
    scores = {
        taxicab.card.name: np.where(unvoted_N, np.nan, exemplars.taxicab_N),
        modal_disagreement.card.name: np.where(
            unvoted_N | exemplars.tied_N, np.nan, exemplars.changed_N.astype(np.float64)
        ),
    }
    pairs = [
        *combinations(columns.items(), 2),
        *((c, s) for c in columns.items() for s in scores.items()),
    ]
    for (first, first_N), (second, second_N) in pairs:
        rho, n = spearman(first_N, second_N)
        yield RankCorrelation(first, second, rho, n)
