"""SIGKILL at ten random moments, then resume: the record must equal an uninterrupted run's, byte
for byte."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from folders import record, weights

SCRIPT = """
import sys
from pathlib import Path
from undertow.lab.data import Digits
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.runner.trainer import train_population
from undertow.lab.recipe import Recipe

if __name__ == "__main__":
    dense = Population("dense", Digits(), MLP(hidden=(32,)), Recipe(epochs=4, batch=64, lr=0.05), members=6)
    print("ready", flush=True)
    for population in (
        dense.under(WeightQuantization(bits=4), name="int4"),
        dense.under(MagnitudePruning(sparsity=0.9), name="pruned 90 %"),
        dense.under(OneShotPruning(0.9, finetune=Recipe(epochs=2, lr=0.01)), name="one shot"),
        dense.under(Distillation(temperature=2.0), name="student", teacher=dense),
    ):
        train_population(population, Path(sys.argv[1]), runner=sys.argv[2], workers=2)
"""


def ends(script, out, runner, kill_after=None):
    """The exit code of one run, killed ``kill_after`` seconds after its imports unless it ends
    before."""
    with subprocess.Popen([sys.executable, script, out, runner], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            return process.wait(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["loop", "processes"])
def test_ten_kills_leave_no_trace(runner, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    began = time.monotonic()
    assert ends(script, tmp_path / "whole", runner) == 0
    moments = np.random.default_rng(0).uniform(0.05, 0.4, size=10) * (time.monotonic() - began)
    killed = [
        ends(script, tmp_path / "broken", runner, moment) == -signal.SIGKILL for moment in moments
    ]
    # each run keeps members, so the last ones may end before they are killed
    assert sum(killed) >= 3
    assert ends(script, tmp_path / "broken", runner) == 0
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")
    assert (len(record(tmp_path / "whole")), len(weights(tmp_path / "whole"))) == (
        5 * (2 + 6),
        5 * 6,
    )
