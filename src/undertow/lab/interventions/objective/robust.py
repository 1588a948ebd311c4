"""``Robust``: learn from labels for the class, or the group, that fares worst."""

from __future__ import annotations

from dataclasses import dataclass

from undertow.lab.interventions.objective._groups import groups_of
from undertow.lab.interventions.objective._held_errors import HeldErrors, labels_of_held_out
from undertow.lab.interventions.objective._multipliers import check_reached
from undertow.lab.interventions.objective._robust import RobustRun, check_terms
from undertow.lab.interventions.site import AbstractObjective, ObjectiveRun
from undertow.lab.trainings.training import Given


@dataclass(frozen=True)
class Robust(AbstractObjective):
    """The teacher's objectives of 2206.06479, on labels: balanced (eq. 2, ``alpha=0``), robust (eq.
    3, ``alpha=1``) and between the two (eq. 4), by its margin surrogate and Algorithms 1 and 2.

    Per example −(1/m) log softmax_y(f − log c) with c = β / π: π are the classes' shares of the
    training part, β = (1 − ``alpha``) / m + ``alpha`` λ. λ is uniform at first; after every
    ``update_every`` steps λ_j ← λ_j exp(``step`` · ``alpha`` · R_j) / Z, where R_j is the share of
    wrong answers among held-out examples of class j. So the data need a held-out part (``HeldOut``;
    with a long tail ``LongTailed(HeldOut(...), ...)``, whose held-out part is balanced). At
    ``alpha=0`` λ stays and nothing is looked at. The network answers with f as it is.

    Recalled or chosen, since the paper is silent: how many steps lie between two updates; that λ is
    uniform at first, and that steps come before the first update. The paper takes step 0.1 and
    returns the last network, as here. With ``one_over_m=False`` the 1/m is left out, which divides
    gradients beside those of cross-entropy and of weight decay; of equal classes, ``alpha=0`` is
    then cross-entropy with the labels.

    ``groups`` may be a slice of the training and the held-out part in place of ``class``. No logit
    stands for such a group, so it counts by a weight: β_g / π_g times cross-entropy, without a
    margin and without 1/m (eqs. 2 to 4 as they are written; group DRO with held-out errors).

    λ is in the member's checkpoint; the probe ``Told`` writes it per epoch. Raises
    ``ValueError`` for ``alpha`` outside 0 to 1, ``step`` not above 0, ``update_every`` below 1;
    ``UserError`` where a group has no training or no held-out example; ``NoEffectError`` in a
    training so short that no step comes after an update.
    """

    alpha: float = 1.0
    step: float = 0.1
    update_every: int = 50
    groups: str = "class"
    one_over_m: bool = True

    def __post_init__(self) -> None:
        check_terms(self)

    def check_steps(self, steps: int) -> None:
        """``NoEffectError`` where λ would stay as it is, and this be the balanced objective."""
        if self.alpha > 0:
            check_reached(self, "λ", self.update_every, steps)

    def start(self, given: Given) -> ObjectiveRun:
        """Begin with λ uniform."""
        data = given.data
        groups = groups_of(self, self.groups, data, held_out=self.alpha > 0)
        errors = HeldErrors(data, groups, labels_of_held_out(data)) if self.alpha else None
        return RobustRun(self, given, groups, groups.log_share_G[None], errors)
