"""What corrupted test images cost the arms of a study beyond what clean ones do.

A study declares, beside its arms, what each says about a ``Corrupted`` test set; this reads those
populations and the clean ones by name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from undertow.audit.stats.ratio_of_means import Limits, excess_limits, relative_limits
from undertow.audit.wording import signed
from undertow.records.read import read_manifest
from undertow.study.claims import Outcome, decided, held
from undertow.study.declaration import Table
from undertow.study.results import Results
from undertow.study.trained import Floats, paired_rows

if TYPE_CHECKING:
    from undertow.lab.data.corrupted import Corrupted
    from undertow.lab.population import Population

ALL = "all of them"
SUFFIX = ", corrupted"


def put_to(data: Corrupted, populations: Sequence[Population]) -> tuple[Population, ...]:
    """What each population's members say about ``data``, under the names that ``Robustness``
    knows."""
    return tuple(population.on(data, f"{population.name}{SUFFIX}") for population in populations)


class Accuracies(NamedTuple):
    """One arm's accuracy by member: under each corruption, severities averaged, and last their mean
    (G, M); and on the clean images that were corrupted (M). Of the members that saw both."""

    corrupted_GM: Floats
    clean_M: Floats
    ids: Sequence[str]
    parents: Sequence[str | None]
    """The reference's members from which they derive."""

    def of(self, rows: Sequence[int]) -> Accuracies:
        """Those of some members, in this order."""
        return Accuracies(
            self.corrupted_GM[:, rows],
            self.clean_M[rows],
            [self.ids[row] for row in rows],
            [self.parents[row] for row in rows],
        )


class Brittle(NamedTuple):
    """Of one arm, by corruption and last over all of them: how accuracy changes relative to the
    reference's, and what that exceeds the change on clean images by."""

    clean: float
    relative: Limits
    excess: Limits


@dataclass(frozen=True)
class Robustness:
    """The arms ``names`` against the reference, all ``put_to`` one corrupted test set.

    Normalised as in 1911.05248, as far as its notes tell (medium confidence): the change of mean
    accuracy relative to the dense networks' under the same corruption, beside that on clean images.
    """

    results: Results
    reference: str
    names: Sequence[str]

    @cached_property
    def corruptions(self) -> tuple[str, ...]:
        """In the order of the test set."""
        examples = self._records(self.reference)[1]
        return tuple(examples["corruption"].unique(maintain_order=True).to_list())

    def _records(self, arm: str) -> tuple[Floats, pl.DataFrame]:
        records = self.results.of(f"{arm}{SUFFIX}").answers
        return records.correct_MN.astype(np.float64), records.examples

    def accuracies(self, arm: str) -> Accuracies:
        """``KeyError`` for an arm that saw no corrupted images at this scale."""
        right_MN, examples = self._records(arm)
        corruption_N = examples["corruption"].to_numpy()
        by_corruption = [
            right_MN[:, corruption_N == name].mean(axis=1)
            for name in examples["corruption"].unique(maintain_order=True)
        ]
        saw_clean = self.results.of(arm)
        parents = saw_clean.parents(self.results.of(self.reference))
        rows, seen = paired_rows(
            self.results.of(f"{arm}{SUFFIX}").parents(saw_clean), saw_clean.ids
        )
        clean = saw_clean.answers
        ids = pl.Series(clean_ids(examples)).implode()
        shown_N = clean.examples["example_id"].is_in(ids).to_numpy()
        return Accuracies(
            np.stack([*by_corruption, np.mean(by_corruption, axis=0)])[:, seen],
            clean.correct_MN[:, shown_N].astype(np.float64).mean(axis=1)[rows],
            [saw_clean.ids[row] for row in rows],
            [parents[row] for row in rows],
        )

    @cached_property
    def _reference(self) -> Accuracies:
        return self.accuracies(self.reference)

    def of(self, arm: str, level: float = 0.05) -> Brittle:
        """One arm. Limits of the corruptions hold together (Bonferroni); the mean over all of them
        is a question of its own. Only members vary: the images are fixed. An arm that derives from
        the reference is compared over the pairs whose both members are there."""
        before, after = self._reference, self.accuracies(arm)
        paired = read_manifest(self.results.of(arm).folder).parent == self.reference
        if paired:
            rows, derived = paired_rows(after.parents, before.ids)
            before, after = before.of(rows), after.of(derived)
        parts = [
            excess_limits(
                before.corrupted_GM[rows],
                after.corrupted_GM[rows],
                before.clean_M,
                after.clean_M,
                paired=paired,
                level=share,
            )
            for rows, share in self._families(level)
        ]
        relative = [
            relative_limits(
                before.corrupted_GM[rows], after.corrupted_GM[rows], paired=paired, level=share
            )
            for rows, share in self._families(level)
        ]
        members = len(after.clean_M)
        clean = after.clean_M.mean() / before.clean_M.mean() - 1 if members else np.nan
        return Brittle(float(clean), _joined(relative), _joined(parts))

    def _families(self, level: float) -> tuple[tuple[slice, float], tuple[slice, float]]:
        count = len(self.corruptions)
        return (slice(0, count), level / count), (slice(count, None), level)

    def more_brittle(self, arm: str) -> Outcome:
        """Whether an arm loses relatively more under all corruptions together than on clean
        images."""
        _, low, high, _ = (float(x[-1]) for x in self.of(arm).excess)
        undecided = "; too small to tell" if low <= 0 <= high else ""
        return _told(high < 0, self._said(arm) + undecided, low)

    def as_brittle(self, arm: str) -> Outcome:
        """Whether nothing is shown of an arm under all corruptions together."""
        _, low, high, _ = (float(x[-1]) for x in self.of(arm).excess)
        return _told(low <= 0 <= high, self._said(arm), low)

    def _said(self, arm: str) -> str:
        found = self.of(arm)
        high_G = found.excess.high_G
        return (
            f"relative change {_percent(found.relative.value_G[-1])} under corruption, "
            f"{_percent(found.clean)} on clean images: {_cell(found.excess, -1)} beyond it; "
            f"{int((high_G[:-1] < 0).sum())} of {len(high_G) - 1} corruptions lose more by "
            "themselves"
        )

    def grows(self, arms: Sequence[str]) -> Outcome:
        """Whether what all corruptions together cost beyond clean images grows from arm to arm, at
        every step."""
        found = [self.of(arm).excess for arm in arms]
        said = [f"{arm} {_cell(excess, -1)}" for arm, excess in zip(arms, found, strict=True)]
        steps = [_fall(before, after) for before, after in pairwise(found)]
        return decided(steps, "; ".join(said))

    def table(self) -> Table:
        """Every corruption and arm."""
        found = {name: self.of(name) for name in self.names}
        before = self._reference
        head = ["test images", f"{self.reference} %", *found]
        clean = ["clean", f"{100 * before.clean_M.mean():.1f}"]
        rows = [[*clean, *(_percent(brittle.clean) for brittle in found.values())]]
        for row, name in enumerate((*self.corruptions, ALL)):
            cells = (
                f"{_percent(brittle.relative.value_G[row])}; {_cell(brittle.excess, row)}"
                for brittle in found.values()
            )
            accuracy = f"{100 * before.corrupted_GM[row].mean():.1f}"
            rows.append([name.replace("_", " "), accuracy, *cells])
        return Table("Accuracy under corruption", head, rows, self._note())

    @property
    def there(self) -> bool:
        """Whether this scale has corrupted images."""
        return f"{self.reference}{SUFFIX}" in self.results.populations

    def _note(self) -> str:
        return (
            "Change of accuracy relative to the reference's on the same images, in %, severities "
            "averaged; then what this exceeds the relative change on the same images when clean "
            "by, in points of that, with its 95 % interval over members (images are fixed). "
            f"Intervals of an arm's {len(self.corruptions)} corruptions hold together "
            f"(Bonferroni); *{ALL}*, the relative change of the mean accuracy over them, is a "
            "question of its own; arms are not corrected for one another."
        )


def clean_ids(examples: pl.DataFrame) -> list[str]:
    """Of the clean examples of which these are corrupted versions, each once."""
    ids = (example_id.rsplit("/", 2)[0] for example_id in examples["example_id"])
    return list(dict.fromkeys(ids))


def _fall(before: Limits, after: Limits) -> tuple[float, float]:
    """Limits of how much one arm lies below another, over all corruptions: the root of the sum of
    squares, which is wide where both share the reference's members."""
    value = float(before.value_G[-1] - after.value_G[-1])
    half = math.hypot(*(float(x.high_G[-1] - x.value_G[-1]) for x in (before, after)))
    return value - half, value + half


def _told(condition: bool, evidence: str, *numbers: float) -> Outcome:
    """Not testable where one of the numbers that decide is undefined."""
    undefined = any(math.isnan(number) for number in numbers)
    return Outcome("not testable", evidence) if undefined else held(condition, evidence)


def _joined(parts: Sequence[Limits]) -> Limits:
    return Limits(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _percent(change: float) -> str:
    return f"{signed(change)} %"


def _cell(limits: Limits, row: int) -> str:
    value, low, high, _ = (float(x[row]) for x in limits)
    if math.isnan(low):  # no member differs from another
        return "undefined"
    return f"{signed(value)} [{signed(low)}, {signed(high)}]"
