"""Workers beside a script that one just writes: its classes in the script itself, no ``if __name__
== "__main__"``."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from undertow.lab.data import Digits
from undertow.lab.population import Population
from undertow.lab.runner.trainer import train_population
from undertow.lab.recipe import Recipe

print("the script runs", flush=True)


@dataclass(frozen=True)
class Linear:
    def build(self, shape_CHW, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))


recipe = Recipe(epochs=1, batch=64, lr=0.05)
for name in ("first", "second"):
    population = Population(name, Digits(), Linear(), recipe, members=2)
    train_population(population, Path(sys.argv[1]), runner=sys.argv[2], workers=2)
"""


def run(path, out, runner):
    return subprocess.run(
        [sys.executable, path, out, runner], capture_output=True, text=True, timeout=120
    )


@pytest.mark.heavy
def test_a_script_needs_no_guard_and_its_classes_travel(tmp_path):
    path = tmp_path / "study.py"
    path.write_text(SCRIPT)
    for runner in ("loop", "processes"):
        done = run(path, tmp_path / runner, runner)
        assert (done.returncode, done.stdout, done.stderr) == (0, "the script runs\n", "")
    for name in ("first", "second"):
        manifest = json.loads((tmp_path / "processes" / name / "manifest.json").read_text())
        assert manifest["recipe"]["model"] == "Linear()"
        assert not manifest["built_from"]["model Linear"].startswith(("bytecode", "unknown"))
        for member in ("000", "001"):
            files = [
                next((tmp_path / runner / name).rglob(f"{member}.safetensors"))
                for runner in ("loop", "processes")
            ]
            assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.heavy
def test_a_script_that_was_edited_is_refused_and_one_that_was_reworded_is_not(tmp_path):
    path = tmp_path / "study.py"
    for text, code in (
        (SCRIPT, 0),
        (SCRIPT.replace("print(", "# only words\nprint('and', ") + "print('done')\n", 0),
        (SCRIPT.replace("nn.Linear(64", "nn.Dropout(0.1), nn.Linear(64"), 1),
    ):
        path.write_text(text)
        done = run(path, tmp_path / "out", "loop")
        assert done.returncode == code, done.stderr
    assert "model Linear changed since these members were trained" in done.stderr.splitlines()[-1]


@pytest.mark.heavy
def test_what_cannot_be_imported_in_a_worker_is_named(tmp_path):
    path = tmp_path / "study.py"
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "elsewhere.py").write_text(
        "from undertow.lab.data import Digits\n\n\nclass Own(Digits): pass\n"
    )
    path.write_text(
        SCRIPT.replace(
            "from torch",
            "sys.path.insert(0, 'hidden')\nfrom elsewhere import Own\nsys.path.pop(0)\nfrom torch",
        ).replace("Digits(), Linear", "Own(), Linear")
    )
    done = subprocess.run(
        [sys.executable, path, tmp_path / "out", "processes"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "undertow.errors.UserError: a worker cannot make the population that it was sent "
        "(ModuleNotFoundError: No module named 'elsewhere'); put the modules of its data, model "
        "and interventions where Python finds them, or choose --runner loop"
    )
