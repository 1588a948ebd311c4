"""Exemplars: the examples on which two populations answer differently, ranked, tested and matched
with controls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.controls import likeness, matched
from undertow.audit.id_order import in_order
from undertow.audit.measures.modal import modal_labels
from undertow.audit.measures.taxicab import taxicab_of_votes
from undertow.audit.pair import Pair
from undertow.audit.result import EXEMPLAR_COLUMNS, GalleryEntry
from undertow.audit.shown import Showing
from undertow.audit.stats.exemplar_test import ExactTest, confirmed, exact_exchange, exact_swap
from undertow.audit.stats.slice_means import example_means, ratio
from undertow.records.records import Records

Bools = NDArray[np.bool_]
Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.floating[Any]]

TIED = -1
"""Modal label of an example whose vote is tied."""


@dataclass(frozen=True, eq=False)
class Exemplars:
    """Per-example facts about one pair, in the order of the reference's examples.

    ``p_N`` is the exact p of the example's Taxicab distance under exchange of members (for paired
    members the exact sign test); NaN with one member on a side. ``q_N`` is its Benjamini–Hochberg
    value over non-unanimous examples: those with q ≤ the stated rate are *confirmed*.
    """

    pair: Pair

    @cached_property
    def reference_modal_N(self) -> Ints:
        return modal_labels(self.pair.reference.votes_NC, ties="undefined")

    @cached_property
    def variant_modal_N(self) -> Ints:
        return modal_labels(self.pair.variant.votes_NC, ties="undefined")

    @cached_property
    def tied_N(self) -> Bools:
        return np.asarray((self.reference_modal_N == TIED) | (self.variant_modal_N == TIED))

    @cached_property
    def voted_N(self) -> Bools:
        """Both populations have a vote."""
        return np.asarray(
            (self.shares[0].sum(axis=1) > 0) & (self.shares[1].sum(axis=1) > 0)
        ).ravel()

    @cached_property
    def changed_N(self) -> Bools:
        """Modal disagreement: PIE of 1911.05248, Modal CIE of 2010.03058. A tie is undefined and
        counts as no."""
        return np.asarray(~self.tied_N & (self.reference_modal_N != self.variant_modal_N))

    @cached_property
    def newly_wrong_N(self) -> Bools:
        return np.asarray(self.changed_N & (self.reference_modal_N == self.pair.reference.label_N))

    @cached_property
    def newly_right_N(self) -> Bools:
        return np.asarray(self.changed_N & (self.variant_modal_N == self.pair.reference.label_N))

    @cached_property
    def _loss_N(self) -> Floats:
        """How far the mean score of a graded task fell; 0 where there is none."""
        before, after = (side.score_MN for side in (self.pair.reference, self.pair.variant))
        if before is None or after is None:
            return np.zeros(self.pair.reference.N)
        return np.asarray(np.nan_to_num(before.mean(axis=0) - after.mean(axis=0)))

    @cached_property
    def _taken_N(self) -> Floats:
        """How much of the probability of the right answer the variant took away, mean over members;
        from confidences where there are no probabilities of the label. 0 where neither is known."""
        before_N, after_N = (
            _belief_in_truth(side) for side in (self.pair.reference, self.pair.variant)
        )
        if before_N is None or after_N is None:
            return np.zeros(self.pair.reference.N)
        return np.nan_to_num(before_N - after_N)

    @cached_property
    def _slice_loss_N(self) -> Floats:
        """How much the slice that lost most loses, of those that an example is in; slices below the
        minimum count aside."""
        slices, loss_N = self.pair.slices, np.full(self.pair.reference.N, -np.inf)
        changed_N = example_means(self.pair.reference.correct_MN) - example_means(
            self.pair.variant.correct_MN
        )
        known_N = ~np.isnan(changed_N)
        sums = (
            slices.membership_GN @ side_N
            for side_N in (np.where(known_N, changed_N, 0.0), known_N.astype(float))
        )
        loss_G = np.where(
            slices.count_G >= self.pair.settings.min_count, np.nan_to_num(ratio(*sums)), -np.inf
        )
        np.maximum.at(
            loss_N,
            slices.membership_GN.indices,
            np.repeat(loss_G, np.diff(slices.membership_GN.indptr)),
        )
        return loss_N

    @cached_property
    def shares(self) -> tuple[sp.csr_array, sp.csr_array]:
        """Vote proportions of both populations, (N, C) each; a population without a vote has an
        empty row."""
        return _proportions(self.pair.reference.votes_NC), _proportions(self.pair.variant.votes_NC)

    @cached_property
    def taxicab_N(self) -> Floats:
        """L1 distance of the two vote distributions, in [0, 2] (2010.03058, on proportions)."""
        return taxicab_of_votes(self.pair.reference.votes_NC, self.pair.variant.votes_NC)

    @cached_property
    def _test(self) -> ExactTest:
        if self.pair.paired:
            return exact_swap(self.pair.reference.pred_MN, self.pair.variant.pred_MN)
        return exact_exchange(self.pair.reference.votes_NC, self.pair.variant.votes_NC)

    @cached_property
    def p_N(self) -> Floats:
        if self.pair.design.mode == "examples":
            return np.full(self.pair.reference.N, np.nan)
        return self._test.p_N

    @cached_property
    def q_N(self) -> Floats:
        if self.pair.design.mode == "examples":
            return np.full(self.pair.reference.N, np.nan)
        return confirmed(
            self.p_N, self._unanimous_N, self._test.smallest_N, fdr=self.pair.settings.fdr
        )

    @cached_property
    def _unanimous_N(self) -> Bools:
        pooled_NC = self.pair.reference.votes_NC + self.pair.variant.votes_NC
        return np.asarray(np.diff(pooled_NC.indptr) <= 1)

    @cached_property
    def confirmed_N(self) -> Bools:
        confirmed_N: Bools = np.nan_to_num(self.q_N, nan=1.0) <= self.pair.settings.fdr
        return confirmed_N

    @cached_property
    def order_N(self) -> Ints:
        """Examples whose votes moved, ranked by Taxicab (the paper's queue), then p, then what a
        graded score lost, then reference certainty. With one model a side these are all ties; then
        the probability that the right answer lost decides, and where that is not known the slice
        that lost most; last, the ids."""
        moved = np.flatnonzero(self.taxicab_N > 0)
        p_N = np.nan_to_num(self.p_N[moved], nan=1.0)
        most_first = (
            self.taxicab_N,
            self._loss_N,
            self.reference_share_N,
            self._taken_N,
            self._slice_loss_N,
        )
        taxicab, loss, certain, taken, in_slice = (-value_N[moved] for value_N in most_first)
        keys = (in_slice, taken, certain, loss, p_N, taxicab)
        return moved[in_order(keys, self.pair.reference.example_id_N[moved])]

    @cached_property
    def _first_modal_N(self) -> Ints:
        """The reference's modal label with ties to the smallest, so that shares exist for tied
        examples too."""
        return modal_labels(self.pair.reference.votes_NC, ties="smallest")

    @cached_property
    def reference_share_N(self) -> Floats:
        return _share_of(self.shares[0], self._first_modal_N)

    @cached_property
    def variant_share_N(self) -> Floats:
        return _share_of(self.shares[1], self._first_modal_N)

    def frame(self) -> pl.DataFrame:
        """``exemplars.parquet``: one row per example whose votes moved, in rank order."""
        index = self.order_N
        return pl.DataFrame(
            {
                "variant": np.full(len(index), self.pair.variant.name, dtype=object).tolist(),
                "example_id": self.pair.reference.example_id_N[index],
                "label": self.pair.reference.truths_of(index),
                "reference_modal": self.pair.reference.names_of(
                    index, self.reference_modal_N[index]
                ),
                "variant_modal": self.pair.variant.names_of(index, self.variant_modal_N[index]),
                "reference_share": self.reference_share_N[index],
                "variant_share": self.variant_share_N[index],
                "reference_score": self._scores(self.pair.reference, index),
                "variant_score": self._scores(self.pair.variant, index),
                "taxicab": self.taxicab_N[index],
                "modal_disagreement": self.changed_N[index],
                "newly_wrong": self.newly_wrong_N[index],
                "newly_right": self.newly_right_N[index],
                "p": self.p_N[index],
                "q": self.q_N[index],
                "rank": np.arange(1, len(index) + 1),
            },
            schema=EXEMPLAR_COLUMNS,
        )

    def _scores(self, records: Records, index: Ints) -> Floats | None:
        if self.pair.design.binary or records.score_MN is None:
            return None
        return example_means(records.score_MN[:, index])

    def gallery(self) -> tuple[GalleryEntry, ...]:
        """The first exemplars in rank order, those that became wrong first, each beside its matched
        control."""
        changed = self.order_N[self.changed_N[self.order_N]]
        wrong_first = np.argsort(~self.newly_wrong_N[changed], kind="stable")
        chosen = changed[wrong_first][: self.pair.settings.gallery]
        controls = matched(
            chosen,
            ~self.changed_N & ~self.tied_N,
            likeness(self.pair.reference, self.reference_modal_N, self.reference_share_N),
            self.taxicab_N,
        )
        showing = Showing(self.pair, self.shares)
        return tuple(
            self._entry(int(n), control, showing)
            for n, control in zip(chosen, controls, strict=True)
        )

    def _entry(self, n: int, control: int | None, showing: Showing) -> GalleryEntry:
        return GalleryEntry(
            exemplar=showing.of(n),
            control=None if control is None else showing.of(control),
            taxicab=float(self.taxicab_N[n]),
            p=float(self.p_N[n]),
            q=float(self.q_N[n]),
            confirmed=bool(self.confirmed_N[n]),
            newly_wrong=bool(self.newly_wrong_N[n]),
        )


def _belief_in_truth(records: Records) -> Floats | None:
    """(N,): the probability given to the right answer. Of a model that states its confidence alone,
    that where it is right and what is left of it where it is wrong; without a right answer, what it
    leaves for other answers than its own."""
    if records.p_label_MN is not None and not np.isnan(records.p_label_MN).all():
        return example_means(records.p_label_MN)
    if records.confidence_MN is None:
        return None
    return example_means(
        np.where(records.correct_MN == 1, records.confidence_MN, 1 - records.confidence_MN)
    )


def _proportions(votes_NC: sp.csr_array) -> sp.csr_array:
    total_N = np.asarray(votes_NC.sum(axis=1)).ravel().astype(np.float64)
    scale_N = np.divide(1.0, total_N, out=np.zeros_like(total_N), where=total_N > 0)
    return sp.csr_array(sp.diags_array(scale_N) @ votes_NC)


def _share_of(share_NC: sp.csr_array, label_N: Ints) -> Floats:
    """Each example's share for one label; NaN where there is no label."""
    row_X = np.repeat(np.arange(len(label_N)), np.diff(share_NC.indptr))
    asked_X = share_NC.indices == label_N[row_X]
    picked = np.where(label_N >= 0, 0.0, np.nan)
    picked[row_X[asked_X]] = share_NC.data[asked_X]
    return picked
