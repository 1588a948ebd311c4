"""Interventions on weights at work on one member or on several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from undertow.lab.interventions.site import AbstractWeights, Horizon, WeightsRun
from undertow.lab.trainings.training import Facts, Given


class WeightsOf:
    """All interventions on weights, started on each of the models."""

    def __init__(self, given: Given, steps: int) -> None:
        acting = given.at(AbstractWeights)
        self.runs_M = [
            [i.start(model, Horizon(steps, seeds["init"], given.number)) for i in acting]
            for model, seeds in zip(given.models, given.seeds_M, strict=True)
        ]

    def after_step(self, t: int) -> None:
        """Called after optimizer step ``t``."""
        for runs in self.runs_M:
            for run in runs:
                run.after_step(t)

    def state_dict(self) -> dict[str, Any]:
        """What each keeps from step to step, beside the masks and weights that the model holds."""
        return {
            str(m): {str(i): run.state_dict() for i, run in enumerate(runs)}
            for m, runs in enumerate(self.runs_M)
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Put it back."""
        for m, runs in enumerate(self.runs_M):
            for i, run in enumerate(runs):
                run.load_state_dict(state_dict.get(str(m), {}).get(str(i), {}))

    def finish(self) -> list[Facts | Exception]:
        """End them; what they measured on each member, or what went wrong with it."""
        return [_finished(runs) for runs in self.runs_M]


def _finished(runs: Sequence[WeightsRun]) -> Facts | Exception:
    facts = Facts()
    try:
        for run in runs:
            effect = run.finish()
            facts |= {"weights_changed": float(effect.changed)} | effect.facts
    except Exception as error:
        return error
    return facts
