"""SIGKILL at ten random moments of a training in two phases with probes, checkpoints every few
steps: records, probes, series and snapshots are those of a run that was never stopped."""

import signal
import time

import numpy as np
import pytest

from folders import record, weights
from lab.runner.test_kill import ends
from undertow.records.probes import read_probe, read_series

SCRIPT = """
import sys
from pathlib import Path
from undertow.lab.data import Digits
from undertow.lab.interventions.during import During
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import GradientFlow, Snapshots, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import Saver
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised

Saver.__init__.__kwdefaults__["every"] = 0.05  # a minute is longer than all of this

if __name__ == "__main__":
    first, second = Recipe(epochs=12, batch=32, lr=0.05), Recipe(epochs=12, optimizer="adam", lr=0.001)
    training = Phases(("first", Supervised(first)), ("second", Supervised(second)))
    probes = (Trace(), Trace(clean=True, part="test", every=5), GradientFlow(), Snapshots((3, 20)))
    dense = Population("dense", Digits(), MLP(hidden=(64,)), training, members=3, probes=probes)
    print("ready", flush=True)
    for population in (dense, dense.under(During("second", MagnitudePruning(0.9)), name="pruned")):
        train_population(population, Path(sys.argv[1]), runner=sys.argv[2], workers=2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["loop", "stacked"])
def test_ten_kills_in_two_phases_with_probes_leave_no_trace(runner, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    began = time.monotonic()
    assert ends(script, tmp_path / "whole", runner) == 0
    moments = np.random.default_rng(1).uniform(0.05, 0.4, size=10) * (time.monotonic() - began)
    killed = [
        ends(script, tmp_path / "broken", runner, moment) == -signal.SIGKILL for moment in moments
    ]
    assert sum(killed) >= 3
    assert ends(script, tmp_path / "broken", runner) == 0
    whole, broken = (record(tmp_path / name) for name in ("whole", "broken"))
    assert broken == whole
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")
    folder = tmp_path / "broken" / "pruned"
    assert read_probe(folder, "trace").values["loss"].shape == (3, 897, 24)
    assert read_probe(folder, "trace-test").entry.epochs == (5, 10, 15, 20, 24)
    assert read_series(folder).height == 3 * 11
    # of two populations: examples, train and manifest; of each member predictions, two traces, series
    assert len(whole) == 2 * (3 + 3 * 4)
