"""Ctrl-C once keeps what is trained and ends; twice ends at once. The next run goes on to the same
bytes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from undertow.lab.runner.stopping import Stopping

STUDY = """
from undertow.lab.data import Digits
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study import Study

def study(scale):
    dense = Population("dense", Digits(), MLP(hidden=(16,)), Recipe(epochs=EPOCHS, batch=32, lr=0.05), members=2)
    return Study("stopped", "Who is stopped?", dense, (dense.under(WeightQuantization(4), name="int4"),))
"""


def test_the_first_is_remembered_and_the_second_raises():
    said = []
    with Stopping(said.append) as asked:
        assert not asked()
        asked._hear(signal.SIGINT, None)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            asked._hear(signal.SIGINT, None)
    assert said == ["stopping: keeping what is trained so far; press Ctrl-C again to stop at once"]


def started(folder: Path, runner: str) -> subprocess.Popen[str]:
    """A training that would take minutes, as soon as it trains."""
    command = [
        str(Path(sys.executable).with_name("undertow")),
        "run",
        "study.py",
        "--out",
        "out",
        "--runner",
        runner,
        "--scale",
    ]
    process = subprocess.Popen(
        [*command, "smoke", "--workers", "2", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if '"epoch"' in line:
            return process
    raise AssertionError(process.stderr.read() if process.stderr else "")


@pytest.mark.heavy
@pytest.mark.parametrize("runner", ["loop", "processes"])
def test_once_keeps_checkpoints_and_exits_as_shells_expect(runner, tmp_path):
    (tmp_path / "study.py").write_text(STUDY.replace("EPOCHS", "100_000"))
    process = started(tmp_path, runner)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "stopping: keeping what is trained so far" in out
    assert "stopped; the same command goes on with the members it has" in out
    assert "Traceback" not in err
    kept = sorted(
        path.name for path in (tmp_path / "out" / "populations" / "dense" / "unfinished").iterdir()
    )
    assert (
        kept == ["000-0.safetensors"]
        if runner == "loop"
        else ["000-0.safetensors", "001-0.safetensors"]
    )


@pytest.mark.heavy
def test_twice_ends_at_once(tmp_path):
    (tmp_path / "study.py").write_text(STUDY.replace("EPOCHS", "100_000"))
    process = started(tmp_path, "loop")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


SCRIPT = """
import sys
from undertow.lab.data import Digits
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer

dense = Population("dense", Digits(), MLP(hidden=(16,)), Recipe(epochs=100_000, batch=32, lr=0.05), 2)
with Trainer("out", Machine("loop"), progress=lambda event: print(event.kind, flush=True)) as trainer:
    trainer.train(dense)
"""


@pytest.mark.heavy
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_script_of_ones_own_keeps_checkpoints_too(which, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert any(line == "epoch\n" for line in process.stdout)
    process.send_signal(which)
    _, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "stopping: keeping what is trained so far; press Ctrl-C again to stop at once" in err
    assert err.endswith("KeyboardInterrupt: stopped; run again to go on with the members it has\n")
    kept = sorted(path.name for path in (tmp_path / "out/dense/unfinished").iterdir())
    assert kept == ["000-0.safetensors"]


def test_what_the_program_handles_by_itself_is_left_to_it():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with Stopping(heard.append) as asked:
            signal.raise_signal(signal.SIGTERM)
            assert not asked()
            signal.raise_signal(signal.SIGINT)
            assert asked()
        with asked:  # Another training of the same program begins anew.
            assert not asked()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard[0] == signal.SIGTERM
