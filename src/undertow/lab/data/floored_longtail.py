"""``FlooredLongTail``: a long tail whose counts are those of the published data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.longtail import LongTail


@dataclass(frozen=True)
class FlooredLongTail(LongTail):
    """``LongTail`` with counts rounded down, as the code behind published tables does: CIFAR-10-LT
    at a ratio of 100 has 12,406 training images, where ``LongTail`` keeps 12,408, and CIFAR-100-LT
    10,847."""

    def counts(self, available_C: NDArray[np.integer]) -> NDArray[np.int64]:
        """As ``LongTail.counts``, rounded down. ``UserError`` where a class would keep none."""
        nearest_C = super().counts(available_C)
        rank_C = np.argsort(self.order or np.arange(len(nearest_C)))
        share_C = float(self.ratio) ** (-rank_C / max(len(nearest_C) - 1, 1))
        # a whole number may come out a hair under itself
        kept_C: NDArray[np.int64] = np.floor(nearest_C.max() * share_C + 1e-9).astype(np.int64)
        if kept_C.min() < 1:
            raise UserError(
                f"{self!r}: the rarest class would keep no example. Lower ratio to "
                f"{nearest_C.max()} or below."
            )
        return kept_C
