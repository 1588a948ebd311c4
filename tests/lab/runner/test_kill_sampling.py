"""SIGKILL at random moments of trainings that choose their examples: records, counts of what was
chosen and weights are those of a run that was never stopped."""

import signal
import time

import numpy as np
import pytest

from folders import record, weights
from lab.runner.test_kill import ends
from undertow.records.probes import read_probe

SCRIPT = """
import sys
from pathlib import Path
from undertow.lab.data import Digits, Half, Watching
from undertow.lab.interventions.sampling import Reducr, SelectiveBackprop, VarianceReduction
from undertow.lab.models import MLP, SmallCNN, Specialists
from undertow.lab.population import Population
from undertow.lab.probes import Choices, Told
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import Saver
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.class_weighted import ClassWeighted

Saver.__init__.__kwdefaults__["every"] = 0.05  # a minute is longer than all of this

if __name__ == "__main__":
    recipe = Recipe(epochs=5, batch=32, lr=0.05, flip=True, crop=1)
    dense = Population("dense", Digits(), SmallCNN(4), recipe, 1, probes=(Choices(),))
    print("ready", flush=True)
    for sampler, name in (
        (SelectiveBackprop(2.0, stale=2), "selected"), (VarianceReduction(0.3), "drawn")
    ):
        train_population(dense.under(sampler, name=name), Path(sys.argv[1]), runner=sys.argv[2])
    even, odd = Half(Digits(), "even"), Half(Digits(), "odd")
    panel = Population("held out", odd, Specialists(MLP((8,))), ClassWeighted(recipe), 1)
    watching = Population(
        "half", Watching(even, odd), SmallCNN(4), recipe, 1, probes=(Choices(), Told())
    )
    reweighed = watching.under(Reducr(0.3, eta=0.01), name="reweighed", teacher=panel)
    train_population(reweighed, Path(sys.argv[1]), runner=sys.argv[2])
"""


@pytest.mark.heavy
def test_three_kills_leave_no_trace(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    began = time.monotonic()
    assert ends(script, tmp_path / "whole", "loop") == 0
    moments = np.random.default_rng(0).uniform(0.2, 0.6, size=3) * (time.monotonic() - began)
    killed = [ends(script, tmp_path / "broken", "loop", m) == -signal.SIGKILL for m in moments]
    assert sum(killed) >= 2
    assert ends(script, tmp_path / "broken", "loop") == 0
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")
    for name in ("selected", "drawn", "reweighed"):
        chosen = [
            read_probe(tmp_path / run / name, "choices").values["chosen"]
            for run in ("broken", "whole")
        ]
        assert chosen[0].tobytes() == chosen[1].tobytes()
        assert 0 < chosen[0].sum() < chosen[0].size
