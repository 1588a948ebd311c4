"""Whether the held-out part is one of its own."""

from __future__ import annotations

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits


def check_apart(data: Dataset, splits: Splits) -> None:
    """``UserError`` where an example is held out and also learned from, or held out and also tested
    on: what looks at the held-out part while members train would then choose by what they learn, or
    by what they are judged on."""
    if splits.held_out is None:
        return
    held = set(splits.held_out.example_id_N)
    for part, verb, fix in (
        (splits.train, "learned from", "take it out of the training part, as HeldOut(data) does"),
        (splits.test, "tested on", "hold out training examples, as HeldOut(data) does"),
    ):
        if both := held & set(part.example_id_N):
            raise UserError(
                f"{data!r}: {len(both)} of {len(held)} held-out examples are {verb} too, such as "
                f"{min(both)!r}; {fix}, or give each part ids of its own"
            )
