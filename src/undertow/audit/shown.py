"""Examples as a person sees them: what was asked, what either side answered, how sure it was, and
the slices that the example is in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.pair import Pair
from undertow.audit.result import Shown, Votes
from undertow.audit.stats.slice_means import example_means
from undertow.records.records import Records


@dataclass(frozen=True, eq=False)
class Showing:
    """``shares``: vote proportions of both populations, (N, C) each."""

    pair: Pair
    shares: tuple[sp.csr_array, sp.csr_array]

    def of(self, n: int) -> Shown:
        before, after = self.pair.reference, self.pair.variant
        content = before.shown(n)
        return Shown(
            example_id=str(before.example_id_N[n]),
            label=before.truths_of(np.array([n]))[0],
            reference=_votes(self.shares[0], n, before),
            variant=_votes(self.shares[1], n, after),
            image=content if isinstance(content, bytes) else None,
            text=content if isinstance(content, str) else None,
            reference_output=_output(before, n),
            variant_output=_output(after, n),
            slices=self._slices(n),
            reference_confidence=_confidence(before, n),
            variant_confidence=_confidence(after, n),
            reference_score=None if self.pair.design.binary else _score(before, n),
            variant_score=None if self.pair.design.binary else _score(after, n),
        )

    @cached_property
    def _slices_NG(self) -> sp.csr_array:
        return sp.csr_array(self.pair.slices.membership_GN.T)

    def _slices(self, n: int) -> tuple[tuple[str, str], ...]:
        """Column and value of each slice that the example is in, in the order of the audit."""
        table, pointer = self.pair.slices, self._slices_NG.indptr
        inside = sorted(self._slices_NG.indices[pointer[n] : pointer[n + 1]].tolist())
        return tuple((table.column_G[g], table.value_G[g]) for g in inside)


def _votes(share_NC: sp.csr_array, n: int, records: Records) -> Votes:
    start, stop = share_NC.indptr[n], share_NC.indptr[n + 1]
    pairs = sorted(zip(-share_NC.data[start:stop], share_NC.indices[start:stop], strict=True))
    cast = [(int(c), float(-share)) for share, c in pairs if share < 0]
    names = records.names_of(np.full(len(cast), n), np.array([c for c, _ in cast], dtype=np.intp))
    return Votes(tuple(zip(names.to_list(), (share for _, share in cast), strict=True)))


def _output(records: Records, n: int) -> str | None:
    """All that the first member wrote, where that was kept."""
    texts = records.outputs or (records.answers if records.manifest.task == "generation" else None)
    return None if texts is None or texts[0][n] is None else str(texts[0][n])


def _confidence(records: Records, n: int) -> float | None:
    """Mean over the members that say how sure they were of their own answer."""
    return None if records.confidence_MN is None else _mean(records.confidence_MN, n)


def _score(records: Records, n: int) -> float | None:
    return None if records.score_MN is None else _mean(records.score_MN, n)


def _mean(value_MN: NDArray[np.floating[Any]], n: int) -> float | None:
    mean = float(example_means(value_MN[:, [n]])[0])
    return None if np.isnan(mean) else mean
