"""``SelectiveBackprop``: learns from an example the likelier, the larger its loss is among recent
losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.interventions.sampling._draws import Draws
from undertow.lab.interventions.sampling._held import Buffer, rows
from undertow.lab.interventions.site import AbstractSampling, Chosen, SamplingRun, Score
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class SelectiveBackprop(AbstractSampling):
    """Selective-Backprop (1910.00762, as 2107.07741 uses it): a candidate is kept with probability
    CDF(loss)^``beta``, so about 1 / (``beta`` + 1) of all are, and with a share q of examples above
    all others 1 − (1 − q)^(``beta`` + 1) of the kept are those.

    The CDF is over the last ``window`` losses, of which the candidates' own are the last. Losses
    are by the network in eval mode; the kept then go forward again in train mode. They wait until a
    whole batch of the recipe is there, which is one step down its mean loss, without weights. The
    first ``warm`` epochs learn from everything and score nothing. Steps, and so the learning rate,
    are counted by candidates. With ``stale`` (StaleSB) examples are scored every ``stale``-th epoch
    alone, and their last score serves in between.

    Departures from the authors' code: equal losses have the middle of their ranks, (lower + equal /
    2) / all, where the code counts the lower alone and never chooses a loss of 0; what waits at
    an epoch's end joins its last batch, which may so be longer; a score is not replaced by the loss
    of the step that learned from the example; a loss that is not a number is kept, so that
    divergence shows. ``beta=0`` keeps everything, and gives the bytes of a training without it.

    Raises ``ValueError`` for ``beta`` or ``warm`` below 0, ``window`` or ``stale`` below 1.
    """

    beta: float
    window: int = 1024
    warm: int = 1
    stale: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.beta < float("inf") or self.warm < 0 or min(self.window, self.stale) < 1:
            raise ValueError(f"{self!r}: beta and warm are 0 or more, window and stale 1 or more")

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin with an empty window."""
        return _Selecting(self, given, batches)


class _Selecting(SamplingRun):
    def __init__(self, what: SelectiveBackprop, given: Given, batches: Batches) -> None:
        self.what, self.per_epoch = what, batches.per_epoch
        self.draws, self.buffer = Draws(given), Buffer(batches)
        y_N, dtype = given.data.train_y_N, given.data.dtype
        self.recent_W = torch.empty(0, dtype=dtype, device=y_N.device)
        last = len(y_N) if what.stale > 1 else 0  # nobody asks for them else
        self.last_N = torch.full((last,), torch.nan, dtype=dtype, device=y_N.device)

    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """The kept wait for a whole batch."""
        epoch = t // self.per_epoch - self.what.warm
        if epoch >= 0:
            loss_B = self._losses(epoch, candidates, score)
            self.recent_W = torch.cat([self.recent_W, loss_B])[-self.what.window :]
            chance_B = chances(loss_B, self.recent_W, self.what.beta)
            kept_B = self.draws.of_examples(t, candidates.index_B) < chance_B
            candidates = rows(candidates, kept_B.nonzero()[:, 0])
        self.buffer.add(candidates)
        return self.buffer.batch(t)

    def _losses(self, epoch: int, candidates: Batch, score: Score) -> Tensor:
        """Scored now, or the last ones."""
        if epoch % self.what.stale:
            return self.last_N[candidates.index_B]
        loss_B = score(candidates)
        if self.what.stale > 1:
            self.last_N[candidates.index_B] = loss_B
        return loss_B

    def state_dict(self) -> dict[str, Tensor]:
        """The window, last scores where they are kept, and those that wait."""
        kept = {"recent": self.recent_W, "last": self.last_N}
        return kept | {f"waits {name}": part for name, part in self.buffer.state_dict().items()}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put them back."""
        self.recent_W = state_dict["recent"].to(self.recent_W.device)
        self.last_N.copy_(state_dict["last"])
        mark = "waits "
        self.buffer.load_state_dict(
            {n.removeprefix(mark): part for n, part in state_dict.items() if n.startswith(mark)}
        )


def chances(loss_B: Tensor, recent_W: Tensor, beta: float) -> Tensor:
    """(B,), float64: the share of recent losses that are lower, equal ones counting half, to the
    power ``beta``; 1 for a loss that is not a number."""
    rising_W = recent_W.masked_fill(recent_W.isnan(), torch.inf).sort().values
    lower_B = torch.searchsorted(rising_W, loss_B)
    up_to_B = torch.searchsorted(rising_W, loss_B, right=True)
    share_B = (lower_B + up_to_B).to(torch.float64) / (2 * len(rising_W))
    return (share_B**beta).masked_fill(loss_B.isnan(), 1.0)
