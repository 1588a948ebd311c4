"""``OneShotPruning``: take a trained member, remove its smallest weights at once, and train what is
left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from torch import nn

from undertow.lab.interventions.site import AbstractWeights, Effect, Horizon, WeightsRun
from undertow.lab.interventions.weights._gradual import check_of, check_scope, check_sparsity
from undertow.lab.interventions.weights._masks import MaskedWeights, Of, magnitude_masks
from undertow.lab.recipe import Recipe

if TYPE_CHECKING:
    from undertow.lab.trainings.training import Training


@dataclass(frozen=True)
class OneShotPruning(AbstractWeights):
    """One-shot magnitude pruning of a trained parent member, then ``finetune`` with the mask fixed
    (2207.00200).

    ``finetune`` is a recipe or any other training with the site ``weights``; in ``Phases`` the mask
    is fixed in the first phase, and a later one may only leave the pruned layers alone
    (``LinearProbe``). Raises ``ValueError`` for others. ``None`` leaves the pruned weights as they
    are. The paper ranks all weights together (``scope="global"``) and
    counts linear biases among them; here biases are never removed, and with ``of="encoder"`` the
    head is left whole.
    """

    derives: ClassVar[bool] = True

    sparsity: float
    finetune: Recipe | Training | None = None
    scope: Literal["layer", "global"] = "global"
    of: Of = "model"

    def __post_init__(self) -> None:
        check_of("OneShotPruning", self.of)
        check_sparsity("OneShotPruning", self.sparsity)
        check_scope("OneShotPruning", self.scope)
        if self.finetune is not None and not isinstance(self.finetune, Recipe):
            _check_holds(self.finetune)

    def start(self, model: nn.Module, horizon: Horizon) -> WeightsRun:
        masked = MaskedWeights(model, self.of)
        masked.set(magnitude_masks(list(masked.masters.values()), self.sparsity, self.scope))
        return _FixedMask(repr(self), masked)


def _check_holds(finetune: Training) -> None:
    """``ValueError`` for a training that would not prune, or whose later phases would undo it."""
    (name, first), *later = _phases_of("", finetune)
    if "weights" not in first.sites:
        who = f"its first phase {name!r}" if name else "it"
        raise ValueError(
            f"OneShotPruning(finetune={finetune!r}): {who} does not have the site 'weights', so no "
            "weight would be removed; begin with a phase that trains the pruned layers, as in "
            "Phases(('finetune', Supervised(...)), ('probe', LinearProbe(...)))"
        )
    for name, training in later:
        if "weights" in training.sites:
            raise ValueError(
                f"OneShotPruning(finetune={finetune!r}): its phase {name!r} trains the pruned "
                "layers after the mask of the first phase is gone, so removed weights would grow "
                "again; after the first phase train the head alone (LinearProbe), or train all "
                "in the first"
            )


def _phases_of(name: str, training: Training) -> list[tuple[str, Training]]:
    """In their order, each phase of a phase by itself."""
    # phases know interventions, so they are imported after them
    from undertow.lab.trainings.phases import Phases

    if not isinstance(training, Phases):
        return [(name, training)]
    return [one for inside in training.phases for one in _phases_of(*inside)]


class _FixedMask(WeightsRun):
    def __init__(self, owner: str, masked: MaskedWeights) -> None:
        self.owner, self.masked = owner, masked

    def after_step(self, step: int) -> None:
        """Nothing: the mask stays as it is."""

    def finish(self) -> Effect:
        return self.masked.bake(self.owner)
