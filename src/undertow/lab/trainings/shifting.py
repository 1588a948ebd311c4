"""``Shifting``: no weight learns but the bias of the head, which is shifted class by class for the
worst class of the held-out part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from undertow.errors import UserError
from undertow.lab.feeds.feed import Feed
from undertow.lab.models.head import head_of
from undertow.lab.recipe import Precision
from undertow.lab.trainings.training import Cost, Done, Facts, Given, Network, Stateful
from undertow.lab.trainings.weights import WeightsOf

AT_ONCE = 512
"""Held-out examples in a question. Fixed, because the size of a batch can change the last bit."""


@dataclass(frozen=True)
class Shifting:
    """``PostShift``'s: without steps, since a trained network is asked once."""

    sites: ClassVar[frozenset[str]] = frozenset({"weights"})
    by_itself: ClassVar[str] = "no step is taken that members could share"
    epochs: ClassVar[int] = 0

    rounds: int
    rate: float
    precision: Precision = "float32"

    def steps(self, data: Feed) -> int:
        """None."""
        return 0

    def start(self, given: Given) -> ShiftingRun:
        """Begin, and be at the end."""
        return ShiftingRun(self, given)


class ShiftingRun:
    """Has no steps."""

    steps = 0
    epochs = 0

    def __init__(self, what: Shifting, given: Given) -> None:
        self.what, self.given, self.weights = what, given, WeightsOf(given, 0)

    def step(self, t: int) -> Done:
        """There is none to do."""
        return Done(Cost(0, 0))

    def ends_epoch(self, t: int) -> bool:
        """There is none to end."""
        return False

    def state(self) -> dict[str, Stateful]:
        """Nothing changes from step to step."""
        return {}

    def network(self) -> Network:
        """The model."""
        return self.given.models[0]

    @torch.no_grad()
    def finish(self) -> list[Facts | Exception]:
        """Shift the bias, then end the intervention."""
        try:
            facts = self._shift(self.given.models[0])
        except UserError as error:
            return [error]
        (ended,) = self.weights.finish()
        return [ended if isinstance(ended, Exception) else facts | ended]

    def _shift(self, model: nn.Module) -> Facts:
        data = self.given.data
        if not len(data.held_out_y_N):
            raise UserError(
                "PostShift: it looks at held-out examples, and the data have none; train on "
                "HeldOut(data, share=0.1)"
            )
        before_NC = _logits(model, data)
        shift_C = fitted(before_NC, data, self.what.rounds, self.what.rate)
        bias = head_bias(model)
        bias.add_(shift_C.to(bias.dtype))
        after_NC = _logits(model, data)
        if not torch.allclose(after_NC, before_NC + shift_C, rtol=1e-4, atol=1e-3):
            raise UserError(
                f"{type(model).__name__}: a bias added to its head {head_of(model)!r} does not add "
                "to its logits; give it an attribute head with the layer that gives them"
            )
        worst = [float(recalls(z, data.held_out_y_N).min()) for z in (before_NC, after_NC)]
        return {"held_out_worst_before": worst[0], "held_out_worst": worst[1]}


def head_bias(model: nn.Module) -> nn.Parameter:
    """The bias of the head; ``UserError`` where it has none."""
    name = head_of(model)
    bias = model.get_submodule(name).bias
    if not isinstance(bias, nn.Parameter):
        raise UserError(
            f"{type(model).__name__}: its head {name!r} has no bias that could be shifted; give "
            "that layer one"
        )
    return bias


def _logits(model: nn.Module, data: Feed) -> Tensor:
    """(N, C), float64, of the held-out part in eval mode."""
    model.eval()
    return torch.cat([model(x_BCHW) for x_BCHW in data.held_out_batches(AT_ONCE)]).double()


def recalls(logits_NC: Tensor, y_N: Tensor) -> Tensor:
    """(C,), float64: the share of each class's examples that are answered rightly."""
    classes = logits_NC.shape[-1]
    right_C = torch.bincount(y_N[logits_NC.argmax(-1) == y_N], minlength=classes)
    return right_C.double() / torch.bincount(y_N, minlength=classes)


def fitted(logits_NC: Tensor, data: Feed, rounds: int, rate: float) -> Tensor:
    """(C,), float64, of mean 0: what to add to logits.

    log λ − log π with the classes' shares π of the training part, where λ is uniform at first and
    grows by ``rate`` times each class's held-out error, ``rounds`` times. Of these shifts and none
    at all, the one with the highest worst recall, then the highest mean, then the earliest.
    ``UserError`` where a class has no training or no held-out example.
    """
    y_N, classes = data.held_out_y_N, logits_NC.shape[-1]
    train_C, held_C = (
        torch.bincount(part_N, minlength=classes).double() for part_N in (data.train_y_N, y_N)
    )
    for what, count_C in (("training", train_C), ("held-out", held_C)):
        if not bool((count_C > 0).all()):
            raise UserError(
                f"PostShift: no {what} example of class {int(count_C.argmin())}, counted from 0; "
                "each class needs one. Cut the data in another way, such as HeldOut(data, "
                "share=0.1), which draws by class"
            )
    log_prior_C = (train_C / train_C.sum()).log()
    log_lambda_C, best_C = torch.zeros_like(train_C), torch.zeros_like(train_C)
    best, _ = _reached(logits_NC, y_N)
    for _ in range(rounds):
        shift_C = log_lambda_C - log_prior_C
        shift_C = shift_C - shift_C.mean()
        reached, recall_C = _reached(logits_NC + shift_C, y_N)
        if reached > best:
            best, best_C = reached, shift_C
        log_lambda_C = log_lambda_C + rate * (1 - recall_C)
    return best_C


def _reached(logits_NC: Tensor, y_N: Tensor) -> tuple[tuple[float, float], Tensor]:
    """What is compared: the worst recall and the mean; and all recalls."""
    recall_C = recalls(logits_NC, y_N)
    return (float(recall_C.min()), float(recall_C.mean())), recall_C
