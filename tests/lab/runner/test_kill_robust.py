"""SIGKILL at random moments of trainings that look at held-out examples: records, multipliers and
weights are those of a run that was never stopped."""

import signal
import time

import numpy as np
import pytest

from folders import record, weights
from lab.runner.test_kill import ends
from undertow.records.probes import read_series

SCRIPT = """
import sys
from pathlib import Path
from undertow.lab.data import Digits, HeldOut, LongTail, LongTailed
from undertow.lab.interventions.objective import GroupDRO, Robust, RobustDistillation
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import Told
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import Saver
from undertow.lab.runner.trainer import train_population

Saver.__init__.__kwdefaults__["every"] = 0.05  # a minute is longer than all of this

if __name__ == "__main__":
    data = LongTailed(HeldOut(Digits(), 0.2), LongTail(10.0))
    recipe = Recipe(epochs=5, batch=32, lr=0.05)
    dense = Population("dense", data, SmallCNN(4), recipe, 1, probes=(Told(),))
    teacher = dense.under(Robust(alpha=0.5, update_every=3), name="teacher")
    taught = RobustDistillation(temperature=3.0, held_out_temperature=0.5, update_every=3)
    print("ready", flush=True)
    for population in (
        dense.under(taught, name="student", teacher=teacher),
        dense.under(GroupDRO(step=0.1), name="group DRO"),
    ):
        train_population(population, Path(sys.argv[1]), runner=sys.argv[2])
"""


@pytest.mark.heavy
def test_three_kills_leave_no_trace(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    began = time.monotonic()
    assert ends(script, tmp_path / "whole", "loop") == 0
    moments = np.random.default_rng(0).uniform(0.1, 0.4, size=3) * (time.monotonic() - began)
    killed = [ends(script, tmp_path / "broken", "loop", m) == -signal.SIGKILL for m in moments]
    assert sum(killed) >= 2
    assert ends(script, tmp_path / "broken", "loop") == 0
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")
    for name in ("teacher", "student", "group-DRO"):
        broken, whole = (read_series(tmp_path / run / name) for run in ("broken", "whole"))
        assert broken.equals(whole)
        last = whole.row(-1, named=True)
        multiplier = [value for column, value in last.items() if column.startswith("lambda ")]
        assert len(multiplier) == 10
        assert max(multiplier) > 0.1001
