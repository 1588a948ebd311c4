"""``Reducr``: as ``RhoLoss``, with a held-out model for each class and more weight on classes that
are behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from undertow.errors import UserError
from undertow.lab.feeds.batches import Batch, Batches
from undertow.lab.feeds.feed import Feed
from undertow.lab.interventions._given import check_teacher_member
from undertow.lab.interventions.sampling._held import Presample, rows
from undertow.lab.interventions.site import AbstractSampling, Chosen, SamplingRun, Score
from undertow.lab.models.specialists import Panel
from undertow.lab.recipe import Precision
from undertow.lab.trainings.precision import shortened
from undertow.lab.trainings.training import Given

AT_ONCE = 512
"""Examples in a question to a network. Fixed, because the size of a batch can change the last
bit."""


@dataclass(frozen=True)
class Reducr(AbstractSampling):
    """REDUCR (2312.00486): of the gathered candidates the share ``keep`` with the largest Σ_c w_c ·
    max(0, loss − loss of the held-out model of class c), descended without weights.

    The weights w begin equal. After each choice w_c ← w_c · exp(−``eta`` · α_c) and all are divided
    by their sum, where α_c = Σ over the chosen of max(0, loss − loss of the held-out model of class
    c), less the mean loss of the network on held-out examples of class c: a class that is behind
    gains. That mean is taken ``once``, or ``each`` time for each of the chosen as in the authors'
    code; it is asked for at the beginning of each epoch, in the first one too, where the code has
    0. Asking costs a forward pass of what is held out.

    The held-out models are one member of the population's ``teacher``, a ``Specialists`` model that
    ``ClassWeighted`` trained on other rows of the same data; the data hold these out:
    ``Watching(Half(data, "even"), Half(data, "odd"))``. They are asked once about each training
    example, without augmentation and in eval mode; scores are in eval mode, where the code has
    train mode. Presamples and ``teacher_member`` are as of ``RhoLoss``. The probe ``Told`` keeps w
    and the held-out losses of each epoch.

    Raises ``ValueError`` for ``keep`` that is not above 0 and up to 1, ``eta`` below 0, another
    word for ``held_out``, or a negative member.
    """

    teaches: ClassVar[bool] = True

    keep: float = 0.1
    eta: float = 1e-4
    held_out: Literal["once", "each"] = "once"
    teacher_member: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise ValueError(f"{self!r}: keep is above 0 and up to 1")
        check_teacher_member(self, self.teacher_member)
        if not 0 <= self.eta < float("inf") or self.held_out not in ("once", "each"):
            raise ValueError(
                f"{self!r}: eta is a finite number of 0 or more, held_out is once or each"
            )

    def start(self, given: Given, batches: Batches) -> SamplingRun:
        """Begin by asking the held-out models about everything. ``ValueError`` without them,
        ``UserError`` for one model alone and where a class has no held-out example."""
        if given.teacher is None:
            raise ValueError(f"{self!r} needs held-out models")
        if not isinstance(given.teacher, Panel):
            raise UserError(
                f"{self!r} asks a held-out model for each class, and its teacher is a "
                f"{type(given.teacher).__name__}; give one with Specialists(model), trained by "
                "ClassWeighted(recipe)"
            )
        data = given.data
        lost = torch.bincount(data.held_out_y_N, minlength=data.classes).eq(0).nonzero().flatten()
        if len(lost):
            raise UserError(
                f"{self!r} looks at held-out examples of each class, and the data hold out none of "
                f"class {int(lost[0])}; train on Watching(half, other half) or HeldOut(data)"
            )
        held_NC = losses(given.teacher, data, batches.recipe.precision)
        return _Reweighing(self, Presample(batches, self.keep), held_NC, data)


class _Reweighing(SamplingRun):
    """Losses of the held-out models follow from what is given, so no checkpoint has them. Weights
    are kept as logarithms, in float64 on the CPU."""

    def __init__(self, what: Reducr, presample: Presample, held_NC: Tensor, data: Feed) -> None:
        self.what, self.presample, self.held_NC, self.data = what, presample, held_NC, data
        classes = held_NC.shape[1]
        self.log_w_C = torch.zeros(classes, dtype=torch.float64).log_softmax(0)
        self.held_out_C = torch.zeros(classes, dtype=torch.float64)

    def choose(self, t: int, candidates: Batch, score: Score) -> Chosen | None:
        """The first of the order, where the presample is complete."""
        if t % self.presample.per_epoch == 0:
            self.held_out_C = _by_class(self.data, score)
        self.presample.add(candidates, score(candidates))
        gathered = self.presample.gathered(t)
        if gathered is None:
            return None
        batch, loss_B, count = gathered
        left_BC = reducible(loss_B, self.held_NC[batch.index_B])
        value_B = left_BC @ self.log_w_C.exp().to(left_BC)
        first_K = value_B.argsort(descending=True, stable=True)[:count]
        left_KC = left_BC[first_K].cpu().to(torch.float64)
        times = 1 if self.what.held_out == "once" else count
        self.log_w_C = reweighed(self.log_w_C, left_KC, times * self.held_out_C, self.what.eta)
        return Chosen(rows(batch, first_K))

    def told(self) -> dict[str, Tensor]:
        """The weights, and what the network lost on held-out examples when the epoch began."""
        said = {"weight": self.log_w_C.exp(), "held_out_loss": self.held_out_C}
        return {f"{word} {c}": v_C[c, None] for word, v_C in said.items() for c in range(len(v_C))}

    def state_dict(self) -> dict[str, Tensor]:
        """The weights, what they were last compared with, and the presample so far."""
        waits = {f"waits {name}": part for name, part in self.presample.state_dict().items()}
        return {"log weights": self.log_w_C, "held out": self.held_out_C, **waits}

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Put them back."""
        self.log_w_C = state_dict["log weights"].cpu()
        self.held_out_C = state_dict["held out"].cpu()
        mark = "waits "
        self.presample.load_state_dict(
            {n.removeprefix(mark): part for n, part in state_dict.items() if n.startswith(mark)}
        )


def reducible(loss_B: Tensor, held_BC: Tensor) -> Tensor:
    """(B, C): max(0, loss − loss of the held-out model of each class)."""
    return (loss_B[:, None] - held_BC).clamp(min=0)


def reweighed(log_w_C: Tensor, left_KC: Tensor, held_out_C: Tensor, eta: float) -> Tensor:
    """(C,): logarithms of the weights after a choice, which add up to 1."""
    return (log_w_C - eta * (left_KC.sum(0) - held_out_C)).log_softmax(0)


def _by_class(data: Feed, score: Score) -> Tensor:
    """(C,), float64: what the network loses on held-out examples of each class, on average."""
    total_C = torch.zeros(data.classes, dtype=torch.float64)
    y_N, start = data.held_out_y_N, 0
    for x_BCHW in data.held_out_batches(AT_ONCE):
        index_B = torch.arange(start, start + len(x_BCHW), device=data.device)
        start += len(x_BCHW)
        logits_BC = score.logits(Batch(index_B, x_BCHW, y_N[index_B]))
        loss_B = F.cross_entropy(logits_BC, y_N[index_B], reduction="none")
        total_C.index_add_(0, y_N[index_B].cpu(), loss_B.cpu().to(torch.float64))
    return total_C / torch.bincount(y_N, minlength=data.classes).cpu()


@torch.no_grad()
def losses(panel: Panel, data: Feed, precision: Precision) -> Tensor:
    """(N, C): −log p of each training example's label by each held-out model, in nats, its image as
    it is."""
    found = []
    index_N = torch.arange(len(data.train_y_N), device=data.device)
    for index_B in torch.split(index_N, AT_ONCE):
        with shortened(precision, data.device):
            logits_BKC = panel.each(data.train_batch(index_B))
        log_p_BKC = logits_BKC.to(data.dtype).log_softmax(-1)
        label_BK1 = data.train_y_N[index_B][:, None, None].expand(-1, log_p_BKC.shape[1], 1)
        found.append(-log_p_BKC.gather(-1, label_BK1)[..., 0])
    return torch.cat(found)
