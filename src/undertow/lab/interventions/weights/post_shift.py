"""``PostShift``: a trained member's answers, shifted class by class for the worst class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import AbstractWeights, Effect, Horizon, WeightsRun
from undertow.lab.recipe import Precision

if TYPE_CHECKING:
    from undertow.lab.trainings.shifting import Shifting


@dataclass(frozen=True)
class PostShift(AbstractWeights):
    """A trained parent member answers by the largest f_y + s_y, with s chosen on the held-out part
    for the recall of the worst class: the post-shift baseline of 2206.06479 (Narasimhan and Menon
    2021, their Algorithm 3, as recalled). It fits the held-out part well and transfers less well.

    s = log λ − log π with the classes' shares π of the training part; λ is uniform at first, and
    ``rounds`` times λ_j ← λ_j exp(``step`` R_j) / Z with the held-out error R_j of class j under
    the shift so far. Of all these shifts and of none, the one with the highest worst recall is
    taken, then the highest mean, then the earliest: a choice of ours. s is added to the bias of the
    head, so the member stays a plain model; where none is better it stays as it was. Facts:
    ``held_out_worst_before``, ``held_out_worst`` (recall of the worst held-out class) and
    ``shift_range``. ``precision`` is that of the parents, if it is not float32.

    ``NoEffectError`` for no rounds. Raises ``ValueError`` for ``rounds`` below 0 or ``step`` not
    above 0; ``UserError`` where a class has no held-out example, or the head has no bias.
    """

    derives: ClassVar[bool] = True

    rounds: int = 200
    step: float = 0.1
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if self.rounds < 0 or not 0 < self.step < float("inf"):
            raise ValueError(f"{self!r}: rounds are 0 or more, step is a finite number above 0")

    @property
    def finetune(self) -> Shifting | None:
        """What looks at the held-out part."""
        # trainings know interventions, so they are imported after them
        from undertow.lab.trainings.shifting import Shifting

        return Shifting(self.rounds, self.step, self.precision) if self.rounds else None

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        """Note the bias as it is."""
        return _Shifted(self, model)


class _Shifted(WeightsRun):
    def __init__(self, what: PostShift, model: nn.Module) -> None:
        from undertow.lab.trainings.shifting import head_bias

        self.what, self.bias = what, head_bias(model)
        self.before_C = self.bias.detach().clone()

    def after_step(self, step: int) -> None:
        """Nothing: the shift comes at the end."""

    def finish(self) -> Effect:
        """How far the bias moved."""
        if not self.what.rounds:
            raise NoEffectError(f"{self.what!r} changed no weight; give it rounds")
        moved_C = self.bias.detach() - self.before_C
        facts = {"shift_range": float(moved_C.max() - moved_C.min())}
        return Effect(int((moved_C != 0).sum()), facts)
