"""Examples that wait from step to step, with their images as they were seen.

Images are held and not made again: what an intervention on inputs did to them belongs to the step
that they came in, and a feed on disk would decode them twice. A buffer holds less than two batches,
a presample the batches that it is gathered of; both are in the checkpoint, to the byte.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.interventions.site import Chosen


def rows(batch: Batch, index_K: Tensor) -> Batch:
    """These of one member's examples, images in the order of memory that convolutions want."""
    x_BHWC = batch.x_BCHW.permute(0, 2, 3, 1)
    return Batch(
        batch.index_B.index_select(0, index_K),
        x_BHWC.index_select(0, index_K).permute(0, 3, 1, 2),
        batch.y_B.index_select(0, index_K),
    )


class Held:
    """Examples of one member, in the order in which they came. ``value`` is whatever is known of
    each besides."""

    def __init__(self, batches: Batches) -> None:
        self.device = batches.data.device
        self._parts: dict[str, Tensor] = {}

    def __len__(self) -> int:
        return len(self._parts["index"]) if self._parts else 0

    def add(self, batch: Batch, value_B: Tensor | None = None) -> None:
        """Behind those that wait."""
        if not len(batch.y_B):
            return
        # channels last in memory, in which a checkpoint brings them back too
        x_BHWC = batch.x_BCHW.permute(0, 2, 3, 1).contiguous()
        new = {"index": batch.index_B, "x": x_BHWC, "y": batch.y_B}
        if value_B is not None:
            new["value"] = value_B
        before = self._parts or {name: part[:0] for name, part in new.items()}
        self._parts = {name: torch.cat([before[name], part]) for name, part in new.items()}

    def take(self, count: int) -> tuple[Batch, Tensor | None]:
        """The first ``count``, which wait no longer."""
        first = {name: part[:count] for name, part in self._parts.items()}
        left = count < len(self)
        self._parts = {n: part[count:].clone() for n, part in self._parts.items()} if left else {}
        batch = Batch(first["index"], first["x"].permute(0, 3, 1, 2), first["y"])
        return batch, first.get("value")

    def state_dict(self) -> dict[str, Tensor]:
        """All of them; nothing where none waits."""
        return dict(self._parts)

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put them back."""
        self._parts = {name: part.to(self.device) for name, part in state_dict.items()}


class Buffer(Held):
    """Chosen examples on their way to a whole batch."""

    def __init__(self, batches: Batches) -> None:
        super().__init__(batches)
        self.batches = batches

    def batch(self, t: int) -> Chosen | None:
        """A whole batch where one is there. The epoch's last step takes all that wait, in one batch
        that may be short, or longer than the others by less than one."""
        ends = (t + 1) % self.batches.per_epoch == 0
        size = len(self) if ends else self.batches.recipe.batch
        return Chosen(self.take(size)[0]) if 0 < size <= len(self) else None


class Presample(Held):
    """Candidates that a share is chosen from: batches of one epoch, as many as make that share a
    whole batch. The network does not change while they come, so all scores are by the same."""

    def __init__(self, batches: Batches, keep: float) -> None:
        super().__init__(batches)
        self.per_epoch, self.keep = batches.per_epoch, keep
        self.of = math.ceil(1 / keep - 1e-9)

    def gathered(self, t: int) -> tuple[Batch, Tensor, int] | None:
        """After step ``t``'s candidates were added: all, their values and how many to choose, where
        they are complete or the epoch ends."""
        place = t % self.per_epoch + 1
        if place % self.of and place != self.per_epoch:
            return None
        batch, value_B = self.take(len(self))
        if value_B is None:
            raise ValueError("a presample has a value of each candidate")
        return batch, value_B, max(1, int(self.keep * len(value_B) + 0.5))
