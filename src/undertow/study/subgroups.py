"""Error rates of slices and of their intersections, one variant at a time: counts, points, relative
changes, and who is over-represented among the exemplars. For studies of a binary task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.measures import false_negative_rate, false_positive_rate
from undertow.audit.slices.table import ALL, slice_table
from undertow.audit.stats.ratio_of_means import Limits, relative_limits
from undertow.audit.wording import signed
from undertow.records.read import read_manifest
from undertow.records.records import Records
from undertow.study.declaration import Table
from undertow.study.results import Results
from undertow.study.trained import Floats, paired_rows

RATES = {"false_positive_rate": false_positive_rate, "false_negative_rate": false_negative_rate}


class Rate(NamedTuple):
    """One error rate of one subgroup."""

    of: int
    """Examples that can be mistaken so: negatives, or positives."""
    before: float
    after: float
    """Mistakes, means over the members of either side."""
    relative: float
    low: float
    high: float
    """The relative change with its limits, as a share; NaN where there was no mistake before."""
    finding: dict[str, Any]
    """The change in points with its interval and verdict, as the audit found it."""


@dataclass(frozen=True)
class Subgroups:
    """The slices ``by`` (crossings such as ``male+young`` too) of one variant against the
    reference, all of which the study's audit has."""

    results: Results
    reference: str
    variant: str
    by: Sequence[str]

    @cached_property
    def _sides(self) -> tuple[Records, Records]:
        return self.results.of(self.reference).answers, self.results.of(self.variant).answers

    @cached_property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The whole, then every slice value and crossing."""
        return ((ALL, ""), *zip(self._slices.column_G, self._slices.value_G, strict=True))

    @cached_property
    def _slices(self) -> Any:
        least = self.results.audit.settings.min_count
        return slice_table(self._sides[0], self.by, min_count=least)

    @cached_property
    def _member_GN(self) -> NDArray[np.float64]:
        inside = self._slices.membership_GN.toarray().astype(np.float64)
        return np.concatenate([np.ones((1, inside.shape[1])), inside])

    @cached_property
    def _paired(self) -> bool:
        folder = self.results.of(self.variant).folder
        return read_manifest(folder).parent == self.reference

    @cached_property
    def _pairs(self) -> tuple[list[int], list[int]]:
        """Rows of either side, of the pairs whose both members are there."""
        before, after = self.results.of(self.reference), self.results.of(self.variant)
        return paired_rows(after.parents(before), before.ids)

    def rate(self, measure: str, slice: str = ALL, value: str = "") -> Rate:
        """One rate of one subgroup. ``KeyError`` for a subgroup that there is not."""
        if (slice, value) not in self.keys:
            raise KeyError(f"no slice {slice} = {value}")
        return self._rates[measure][self.keys.index((slice, value))]

    @cached_property
    def _rates(self) -> dict[str, list[Rate]]:
        return {measure: self._of(measure) for measure in RATES}

    def _of(self, measure: str) -> list[Rate]:
        """Limits of relative changes hold together over all subgroups (Bonferroni); the whole is a
        question of its own. A variant that derives from the reference is compared over
        the pairs whose both members are there."""
        sides = [self._counted(RATES[measure](records)) for records in self._sides]
        (wrong_GM, of_G), (after_GM, _) = sides
        if self._paired:
            rows, derived = self._pairs
            wrong_GM, after_GM = wrong_GM[:, rows], after_GM[:, derived]
        level, groups = self.results.audit.settings.level, max(len(self.keys) - 1, 1)
        parts = [
            relative_limits(wrong_GM[some], after_GM[some], paired=self._paired, level=share)
            for some, share in ((slice(0, 1), level), (slice(1, None), level / groups))
        ]
        limits = Limits(*(np.concatenate(values) for values in zip(*parts, strict=True)))
        found = self.results.findings(self.variant, measure)
        by_key = {(row["slice"], row["value"]): row for row in found.iter_rows(named=True)}
        return [
            Rate(
                int(of_G[g]),
                float(wrong_GM[g].mean()),
                float(after_GM[g].mean()),
                float(limits.value_G[g]),
                float(limits.low_G[g]),
                float(limits.high_G[g]),
                by_key.get(key, {}),
            )
            for g, key in enumerate(self.keys)
        ]

    def _counted(self, wrong_MN: NDArray[np.floating[Any]]) -> tuple[Floats, NDArray[np.int64]]:
        """Mistakes of each subgroup and member (G, M), and how many there could be (G). Every
        member answers every example, so counts compare as rates do."""
        asked_N = ~np.isnan(wrong_MN).all(axis=0)
        counted_GM = self._member_GN @ np.nan_to_num(wrong_MN.astype(np.float64)).T
        return counted_GM, (self._member_GN @ asked_N).astype(np.int64)

    def exemplars_share(self) -> tuple[float, float]:
        """The share of examples whose modal answer changed, and the share of the variant's errors
        that are made on them."""
        rows = self.results.audit.exemplars.filter(
            (pl.col("variant") == self.variant) & pl.col("modal_disagreement")
        )
        variant = self._sides[1]
        changed_N = variant.example_id_N.is_in(rows["example_id"].implode()).to_numpy()
        wrong_N = 1 - variant.correct_MN.astype(np.float64).mean(axis=0)
        errors = wrong_N[changed_N].sum() / wrong_N.sum() if wrong_N.any() else np.nan
        return float(changed_N.mean()), float(errors)

    def table(self) -> Table:
        """Every subgroup with both rates."""
        head = ["subgroup", "positives", "negatives"]
        for name in ("false positives", "false negatives"):
            head += [name, "rate %", "change", "relative change %"]
        rows = [
            [
                "all" if slice_ == ALL else f"{slice_} {value}",
                str(self.rate("false_negative_rate", slice_, value).of),
                str(self.rate("false_positive_rate", slice_, value).of),
                *(cell for m in RATES for cell in _cells(self.rate(m, slice_, value))),
                self._over_index(slice_, value),
            ]
            for slice_, value in self.keys
        ]
        title = f"Subgroups: {self.variant} against {self.reference}"
        return Table(title, [*head, "× among exemplars"], rows, self._note())

    def _over_index(self, slice: str, value: str) -> str:
        if slice == ALL:
            return "–"
        ratio = self.results.over_index(self.variant, slice, value)
        return "undefined" if np.isnan(ratio) else f"{ratio:.2f}"

    def _note(self) -> str:
        level = 100 * (1 - self.results.audit.settings.level)
        return (
            "Mistakes are means over members. Changes of a rate are in points with the audit's "
            f"{level:g} % interval, simultaneous over its slices, ▼ where the verdict is worse; "
            f"relative changes have Fieller's {level:g} % limits over members (examples are "
            f"fixed), Bonferroni over the {len(self.keys) - 1} subgroups. *All* is a question of "
            "its own. The last column is how much more common a subgroup is among the examples "
            "whose modal answer changed than among all; chance alone does not make it 1, as hard "
            "examples change more often."
        )


def _cells(rate: Rate) -> list[str]:
    if rate.of == 0:
        return ["–"] * 4
    counts = f"{rate.before:.1f} → {rate.after:.1f}"
    share = f"{100 * rate.before / rate.of:.1f} → {100 * rate.after / rate.of:.1f}"
    return [counts, share, _points(rate.finding), relative_text(rate)]


def _points(finding: dict[str, Any]) -> str:
    if not finding or np.isnan(finding["effect"]):
        return "undefined"
    effect, low, high = (signed(finding[name]) for name in ("effect", "low", "high"))
    return f"{effect} [{low}, {high}]{' ▼' if finding['verdict'] == 'worse' else ''}"


def relative_text(rate: Rate) -> str:
    """``+49.5 [+20.1, +83.0]`` in percent; ``∞`` where a rate cannot be told from none before."""
    if np.isnan(rate.relative):
        return "undefined"
    high = "∞" if np.isinf(rate.high) else signed(rate.high)
    return f"{signed(rate.relative)} [{signed(rate.low)}, {high}]"
