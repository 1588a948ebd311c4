"""Pairs of populations, setting by setting and size by size: which of a pair does better, and what
goes with it. For studies that compare two kinds of network many times over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import wilcoxon

from undertow.audit.stats.multiplicity import holm
from undertow.audit.stats.rank_correlation import CorrelationDifference, correlation_difference
from undertow.audit.stats.welch import welch
from undertow.study.claims import points
from undertow.study.declaration import Table
from undertow.study.figures import Line
from undertow.study.results import Results
from undertow.study.trained import Floats, mean_interval, percent


class Gain(NamedTuple):
    """A difference of two mean accuracies, as shares, with its 95 % interval; in points as text."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, better_M: Floats, than_M: Floats) -> Gain:
        """Of independent members, by Welch; NaN limits where neither side varies."""
        found = welch(than_M[None], better_M[None])
        return cls(*(float(value_G[0]) for value_G in (found.effect_G, found.low_G, found.high_G)))

    def __str__(self) -> str:
        return f"{points(self.mean)} [{points(self.low)}, {points(self.high)}]"


@dataclass(frozen=True)
class Pairs:
    """Populations called ``<setting>, <size> <kind>``, of two kinds, as a study declares them."""

    results: Results
    settings: Sequence[str]
    sizes: Sequence[int]
    kinds: tuple[str, str]

    def each(self, setting: str, size: int, kind: str, what: str = "accuracy") -> Floats:
        """Of every member (M): its accuracy or test ``loss``, or the mean of a series over its
        moments."""
        members = self.results.of(f"{setting}, {size} {kind}")
        if what == "loss":
            return members.test_loss
        return members.fact(what) if what == "accuracy" else members.series(what).mean(axis=1)

    def over_sizes(self, setting: str, kind: str, what: str = "accuracy") -> Floats:
        """The same of all sizes, one after the other."""
        return np.concatenate([self.each(setting, size, kind, what) for size in self.sizes])

    def p_greater(self, setting: str) -> float:
        """Wilcoxon's signed-rank test, one-sided: members of the second kind are more accurate than
        those of the first, over pairs of members with one number and size. NaN where all are
        equal."""
        difference = np.concatenate([self._differences(setting, size) for size in self.sizes])
        if not difference.any():
            return float("nan")
        return float(wilcoxon(difference, alternative="greater").pvalue)

    def p_adjusted(self, setting: str) -> float:
        """The same after Holm over all settings. ``KeyError`` for a setting that is not among them,
        as at a scale that leaves it out."""
        if setting not in self.settings:
            raise KeyError(f"this scale has no setting {setting!r}")
        p = holm([self.p_greater(other) for other in self.settings])
        return float(p[list(self.settings).index(setting)])

    def _differences(self, setting: str, size: int) -> Floats:
        """Second less first, of the numbers whose members are done on both sides."""
        first, second = (self.results.of(f"{setting}, {size} {kind}") for kind in self.kinds)
        ids = [name for name in first.ids if name in second.ids]
        chosen = (
            members.fact("accuracy")[[members.ids.index(name) for name in ids]]
            for members in (second, first)
        )
        return np.subtract(*chosen)

    def gain(self, better: str, than: str, kind: str) -> Gain:
        """How much more accurate one setting is than another, over all sizes: the mean of the
        differences at each size."""
        return self._mean_gain([((better, size, kind), (than, size, kind)) for size in self.sizes])

    def gap(self, setting: str) -> Gain:
        """How much more accurate the second kind is than the first, in the same way."""
        first, second = self.kinds
        return self._mean_gain(
            [((setting, size, second), (setting, size, first)) for size in self.sizes]
        )

    def _mean_gain(
        self, compared: Sequence[tuple[tuple[str, int, str], tuple[str, int, str]]]
    ) -> Gain:
        """Sizes are fixed and not drawn, so what spreads is the members at each of them."""
        gains = [Gain.of(self.each(*better), self.each(*than)) for better, than in compared]
        mean = float(np.mean([gain.mean for gain in gains]))
        half = float(np.sqrt(np.sum([(g.high - g.mean) ** 2 for g in gains]))) / len(gains)
        return Gain(mean, mean - half, mean + half)

    def table(self) -> Table:
        """Accuracy by setting, size and kind, with p as tested and after Holm over settings."""
        p = np.array([self.p_greater(setting) for setting in self.settings])
        rows = [
            [
                setting,
                *(self._accuracies(setting, kind) for kind in self.kinds),
                *(f"{self.over_sizes(setting, kind, 'egf2').mean():.3g}" for kind in self.kinds),
                p_text(raw),
                p_text(adjusted),
            ]
            for setting, raw, adjusted in zip(self.settings, p, holm(p), strict=True)
        ]
        first, second = self.kinds
        head = ["setting", *self.kinds, *(f"EGF₂ {k}" for k in self.kinds), "p", "p (Holm)"]
        note = (
            f"Accuracy in %, ± half the 95 % interval over members, at "
            f"{', '.join(map(str, self.sizes))}. p: {second} above {first}, one-sided, all sizes "
            "together."
        )
        return Table("Accuracy and gradient flow by setting", head, rows, note)

    def _accuracies(self, setting: str, kind: str) -> str:
        return ", ".join(percent(self.each(setting, size, kind)) for size in self.sizes)

    def correlation(
        self, kind: str, first: str, second: str, outcome: str = "loss"
    ) -> CorrelationDifference:
        """How closely two series go with the test ``loss`` or ``accuracy``, over all members of a
        kind; drawn anew are settings with their sizes."""
        groups = [(setting, size) for setting in self.settings for size in self.sizes]
        one, other, gone_with = (
            np.concatenate([self.each(*group, kind, what) for group in groups])
            for what in (first, second, outcome)
        )
        counts = [len(self.each(*group, kind)) for group in groups]
        group_X = np.repeat(np.arange(len(groups)), counts)
        return correlation_difference(one, other, gone_with, group_X)

    def correlations(self, compared: Sequence[tuple[str, str]]) -> Table:
        """The same for both kinds and both outcomes, as a table."""
        rows = []
        for kind, outcome in itertools.product(self.kinds, ("loss", "accuracy")):
            for first, second in compared:
                c = self.correlation(kind, first, second, outcome)
                said = f"{c.difference:+.3f} [{c.low:+.3f}, {c.high:+.3f}]"
                measures = f"{first}, {second}"
                rows.append([kind, outcome, measures, f"{c.first:.3f}", f"{c.second:.3f}", said])
        head = ["networks", "of the test part", "measures", "|τ| first", "|τ| second"]
        note = "Kendall's τ over all members; the interval by a bootstrap over settings × sizes."
        return Table("What goes with loss and accuracy", [*head, "difference [95 %]"], rows, note)

    def accuracy_lines(self, settings: Sequence[str]) -> list[Line]:
        """Accuracy over size, a colour per setting, the first kind dashed."""
        return [
            _line(
                f"{setting}, {kind}",
                self.sizes,
                [self.each(setting, size, kind) for size in self.sizes],
                pair,
                kind == self.kinds[0],
            )
            for pair, setting in enumerate(settings)
            for kind in self.kinds
        ]

    def series_lines(self, settings: Sequence[str], size: int, what: str) -> list[Line]:
        """A series over training, in the same manner."""
        lines = []
        for pair, setting in enumerate(settings):
            for kind in self.kinds:
                members = self.results.of(f"{setting}, {size} {kind}")
                values = list(members.series(what).T)
                label, first = f"{setting}, {kind}", kind == self.kinds[0]
                lines.append(_line(label, members.epochs, values, pair, first))
        return lines


def p_text(p: float) -> str:
    """Four decimals, never 0."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _line(label: str, x: Sequence[float], values: Sequence[Floats], pair: int, first: bool) -> Line:
    mean, low, high = zip(*(mean_interval(value_M) for value_M in values), strict=True)
    return Line(label, x, mean, low, high, pair, "dashed" if first else "solid")
