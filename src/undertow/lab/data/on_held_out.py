"""``OnHeldOut``: what is held out in place of the test part."""

from __future__ import annotations

from dataclasses import dataclass, replace

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits


@dataclass(frozen=True)
class OnHeldOut:
    """``data`` with its held-out part as the test part: ``population.on(OnHeldOut(data), name=…)``
    asks trained members about it, so that settings are chosen without a look at the test part.
    ``UserError`` where nothing is held out."""

    data: Dataset

    def load(self) -> Splits:
        """Read the data."""
        splits = self.data.load()
        if splits.held_out is None:
            raise UserError(
                f"{self!r}: nothing is held out in these data; give OnHeldOut(HeldOut(data, 0.1))"
            )
        return replace(splits, test=splits.held_out, held_out=None)
