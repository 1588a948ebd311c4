"""``undertow vary``: exit codes, and what is said of flags that cannot be used."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from test_cli import run, start
from undertow.cli.watched import is_watched

pytest.importorskip("torch")
MODELS = Path(__file__).parents[1] / "asked_models.py"
FEW = ("--batch-sizes", "1", "--threads", "1", "--without", "precision,neighbours,threads")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(MODELS, tmp_path / "model.py")
    np.save(tmp_path / "x.npy", np.eye(3, dtype=np.float32).repeat(4, axis=0))
    return tmp_path


def test_flips_are_no_failure_unless_a_limit_is_given(place: Path):
    done = run("vary", "model.py:build", "--inputs", "x.npy", *FEW)
    assert (done.returncode, done.stderr) == (
        0, "asking: reference\nasking: the same again\nasking: batch-1\nauditing\n",
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == (
        "FLIPS: 1 of 1 other way changes answers: batch size (batch-1: 8 of 12)."
    )
    assert done.stdout.endswith("written to varied: report.html (whom it hits), vary.json\n")
    done = run("vary", "model.py:build", "--inputs", "x.npy", *FEW, "--max-flips", "7")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == [
        "written to varied-2: report.html (whom it hits), vary.json",
        "FAIL: 8 answers change in one way, and --max-flips allows 7",
    ]


def test_no_flips(place: Path):
    done = run("vary", "model.py:separated", "--inputs", "x.npy", *FEW, "--max-flips", "0")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == (
        "NO FLIPS: 1 other way gives the reference's answer to all 12 examples; all outputs are "
        "equal to the bit."
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--pad-axis", "x"], "--pad-axis x: is not NAME:AXIS or NAME:AXIS:VALUE; give, for example, --pad-axis input_ids:1:0"),
        (["--pad-axis", "x:one"], "--pad-axis x:one: is not NAME:AXIS or NAME:AXIS:VALUE; give, for example, --pad-axis input_ids:1:0"),
        (["--pad-axis", "x:1", "--pad-side", "up"], "--pad-side up: is right or left"),
        (["--pad-side", "left"], "--pad-side left: nothing is padded without --pad-axis; give, for example, --pad-axis input_ids:1:0"),
        (["--batch-sizes", "1,many"], "--batch-sizes 1,many: holds what is no whole number; give --batch-sizes 1,2"),
        (["--without", "speed", "--batch-sizes", "1", "--threads", "1"], "--without speed: is not known; choose from batch size, neighbours, padding, threads, precision, memory format, compiler, engine, instructions, batch-1, shuffled-12, filled-12, float64, bfloat16"),
        (["--by", "ward"], "--by ward: the examples have no column ward; it has none; give --table FILE"),
        (["--batch", "0"], "--batch 0: a batch has at least one example; give --batch 32"),
    ],
)  # fmt: skip
def test_flags_that_cannot_be_used(place: Path, flags: list[str], said: str, monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    done = run("vary", "model.py:build", "--inputs", "x.npy", *flags)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"undertow: {said}")
    assert not (place / "varied").exists()


DYING = """
import os
import signal
import sys
import torch
from asked import Separated

class Dying(Separated):
    def forward(self, x):
        if len(x) == 1:
            print("reached far", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().forward(x)

class Leaving(Separated):
    def forward(self, x):
        print("going")
        os._exit(7)

def dying():
    return Dying().eval()

def leaving():
    return Leaving().eval()

def none():
    os._exit(0)
"""
OWN = (
    "That is the model's own code: call it in a script with python -X faulthandler, which shows the "
    "line; where memory ran out, give fewer examples or a smaller --batch"
)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "dying",
            "at batch-1 its process ended by signal 11 (segmentation fault: its code reached into "
            "memory that is not its own); the last line that it wrote is 'reached far'. Leave it "
            "out with --without batch-1",
        ),
        (
            "leaving",
            "as the model was asked by itself its process ended with exit code 7; the last line "
            f"that it wrote is 'going'. {OWN}",
        ),
        (
            "none",
            f"as the model was made its process ended with exit code 0; it wrote nothing. {OWN}",
        ),
    ],
)
def test_a_model_that_ends_its_process_is_told_with_the_way_and_what_to_type(
    place: Path, name: str, said: str
):
    (place / "model.py").rename(place / "asked.py")
    (place / "model.py").write_text(DYING)
    done = start("vary", f"model.py:{name}", "--inputs", "x.npy", *FEW, cwd=place)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, f"undertow: vary: {said}")


@pytest.mark.heavy
def test_what_is_watched_has_the_output_and_the_exit_code_of_its_own(place: Path):
    done = start("vary", "model.py:build", "--inputs", "x.npy", *FEW, "--max-flips", "7", cwd=place)
    assert done.returncode == 1
    assert done.stdout.startswith("FLIPS: 1 of 1 other way changes answers: batch size ")
    assert done.stdout.endswith("FAIL: 8 answers change in one way, and --max-flips allows 7\n")
    assert done.stderr == "asking: reference\nasking: the same again\nasking: batch-1\nauditing\n"
    assert json.loads((place / "varied/report.json").read_text())["provenance"]["command"] == (
        "undertow vary model.py:build --inputs x.npy --batch-sizes 1 --threads 1 --without "
        "precision,neighbours,threads --max-flips 7"
    )
    done = start("vary", "model.py:none_such", "--inputs", "x.npy", cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("undertow: model.py:none_such: there is no function none_such ")


def test_who_has_put_other_streams_in_place_is_not_passed_by(monkeypatch: pytest.MonkeyPatch):
    assert not is_watched(["vary"])
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    assert is_watched(["--debug", "vary", "m.py:f"])
    assert not is_watched(["vary", "--help"])
    assert not is_watched(["audit", "vary"])
    monkeypatch.setenv("UNDERTOW_DOING", "x")
    assert not is_watched(["vary"])
