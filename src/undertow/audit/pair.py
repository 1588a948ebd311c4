"""``Pair``: one reference and one variant, aligned, with everything that every test on them
shares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.design import Design, scope_of
from undertow.audit.findings import Finding
from undertow.audit.settings import Scope, Settings
from undertow.audit.slices import SliceTable, slice_table
from undertow.audit.slices.table import ALL
from undertow.audit.stats.arrangements import Arrangements
from undertow.audit.stats.paired_shift import is_binary
from undertow.audit.verdicts import Verdict
from undertow.card import Card
from undertow.records.clusters import Clusters, clusters_of
from undertow.records.records import Records


@dataclass(frozen=True, eq=False)
class Row:
    """Where a finding stands: the whole (``slice="all"``) or one value of one slice."""

    slice: str
    value: str
    count: int


@dataclass(frozen=True, eq=False)
class Pair:
    """Aligned records of two populations: same examples in the same order, paired members at the
    same row.

    ``asked`` is to what a verdict generalises; by itself it follows from the settings and the
    numbers of members. ``whole`` is the same with every member, where repeat runs of one model were
    left out (``copies``).
    """

    reference: Records
    variant: Records
    paired: bool
    settings: Settings
    asked: Scope | None = None
    whole: Pair | None = None

    @cached_property
    def design(self) -> Design:
        return Design(
            self.reference.M,
            self.variant.M,
            self.paired,
            self.settings.level,
            self.asked or scope_of(self.settings, self.reference.M, self.variant.M),
            None if self.clusters is None else self.clusters.said,
            binary=self.reference.score_MN is None or is_binary(self.reference.score_MN),
            scored=self.reference.score_MN is not None or bool((self.reference.label_N >= 0).any()),
        )

    @cached_property
    def slices(self) -> SliceTable:
        return slice_table(self.reference, self.settings.by, min_count=self.settings.min_count)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The whole first, then every slice value: the order of every array with a G axis here."""
        return rows_of(self.slices, self.reference.N)

    @cached_property
    def labelled_rows(self) -> tuple[Row, ...]:
        """The same rows, counting only examples that have a label."""
        count_G = np.asarray(self.membership_GN @ (self.reference.label_N >= 0).astype(np.float64))
        return tuple(replace(row, count=int(n)) for row, n in zip(self.rows, count_G, strict=True))

    @cached_property
    def membership_GN(self) -> sp.csr_array:
        """Which examples each row holds, 0/1, the whole first."""
        return whole_and(self.slices)

    @cached_property
    def clusters(self) -> Clusters | None:
        """Which examples are not independent; ``None`` where each is alone. Members that were left
        out change nothing about that."""
        return clusters_of(self.reference) if self.whole is None else self.whole.clusters

    @cached_property
    def cluster_N(self) -> NDArray[np.int64] | None:
        """The number of each example's cluster; ``None`` without any."""
        return None if self.clusters is None else self.clusters.number_N

    @cached_property
    def families(self) -> tuple[slice, ...]:
        """Rows that are corrected for together: the top line is a question of its own, all slices
        are another."""
        return (slice(0, 1), slice(1, len(self.rows))) if len(self.rows) > 1 else (slice(0, 1),)

    @cached_property
    def membership_by_family(self) -> tuple[sp.csr_array, ...]:
        """Which examples the rows of each family hold."""
        return tuple(self.membership_GN[family] for family in self.families)

    @cached_property
    def pred_MN(self) -> NDArray[np.int32]:
        """Predictions of both populations, reference members first."""
        return np.vstack([self.reference.pred_MN, self.variant.pred_MN])

    @cached_property
    def arrangements(self) -> Arrangements:
        """One set of rearrangements for all measures, so that their findings refer to the same
        draws."""
        return self.design.arrangements(self.settings.draws, self.rng("arrangements"))

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator of its own for each purpose, so that adding one test never changes another's
        numbers."""
        return np.random.default_rng([self.settings.seed, *purpose.encode()])

    def tolerance(self, row: Row) -> float:
        """The change that would matter on this row, as a fraction."""
        return self.settings.tolerance_overall if row.slice == ALL else self.settings.tolerance

    def finding(
        self,
        name: str,
        card: Card,
        row: Row,
        *,
        verdict: Verdict,
        note: str,
        n: int | None = None,
        **numbers: float,
    ) -> Finding:
        """One row of the findings table; a number that was not measured is NaN."""
        return Finding(
            variant=self.variant.name,
            measure=name,
            unit=card.unit,
            slice=row.slice,
            value=row.value,
            n_examples=row.count if n is None else n,
            members_reference=self.reference.M,
            members_variant=self.variant.M,
            verdict=verdict,
            note=note,
            **{key: float(number) for key, number in numbers.items()},
        )


def rows_of(slices: SliceTable, examples: int) -> tuple[Row, ...]:
    """The whole, then every slice value."""
    cells = zip(slices.column_G, slices.value_G, slices.count_G, strict=True)
    return Row(ALL, "", examples), *(Row(c, value, int(count)) for c, value, count in cells)


def whole_and(slices: SliceTable) -> sp.csr_array:
    """Which examples the same rows hold."""
    whole = sp.csr_array(np.ones((1, slices.N), dtype=np.float32))
    return sp.vstack([whole, slices.membership_GN], format="csr")
