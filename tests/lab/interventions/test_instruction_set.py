"""Hardware as an arm: what a process must be started with, and what it really computes with."""

import os
import re
import subprocess
import sys

import pytest
import torch

from blobs import Blobs, BlobsKept
from contracts.test_trainings import given
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.arithmetic import InstructionSet
from undertow.lab.interventions.arithmetic._read_back import READ
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer, train_population
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05)
DENSE = Population("dense", Blobs(train=40), SmallCNN(8), RECIPE, 1, SeedPlan(vary=()))
SSE = InstructionSet("default", "sse41")
x86 = pytest.mark.skipif(
    not torch.cpu.get_capabilities().get("avx2"), reason="a processor with AVX2"
)


@pytest.fixture(scope="module")
def data():
    return resident(BlobsKept(train=40).load())


def test_it_says_what_a_process_must_be_started_with():
    assert InstructionSet("avx2", "avx512_core", "compatible").environment == {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "MKL_CBWR": "COMPATIBLE",
    }
    assert InstructionSet(mkl="auto").environment == {"MKL_CBWR": "AUTO"}
    under = DENSE.under(SSE, name="sse")
    assert under.environment == SSE.environment
    assert DENSE.environment == {}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: InstructionSet(),
            "InstructionSet(aten=None, onednn=None, mkl=None): name a library: aten, onednn or mkl",
        ),
        (
            lambda: InstructionSet("AVX2"),
            "InstructionSet(aten='AVX2', onednn=None, mkl=None): aten is one of default, avx2, "
            "avx512, or None",
        ),
        (
            lambda: InstructionSet(onednn="avx512"),
            "InstructionSet(aten=None, onednn='avx512', mkl=None): onednn is one of sse41, avx2, "
            "avx512_core, or None",
        ),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        made()


@x86
def test_a_process_that_was_started_otherwise_refuses(data):
    said = (
        "InstructionSet(aten='avx2', onednn=None, mkl=None): this process has "
        "ATEN_CPU_CAPABILITY=, and it has to be started with ATEN_CPU_CAPABILITY=avx2; train by "
        "--runner processes, or start Python so"
    )
    with pytest.raises(UserError, match="^" + re.escape(said) + "$"):
        drive(Supervised(RECIPE), given(data, (InstructionSet("avx2"),)))


@x86
def test_a_variable_that_comes_too_late_is_an_error(data, monkeypatch):
    torch.backends.cpu.get_cpu_capability()  # torch has looked by now
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    monkeypatch.setitem(READ, "aten", lambda: "avx512")
    said = (
        "InstructionSet(aten='default', onednn=None, mkl=None): aten computes with avx512 here, "
        "though ATEN_CPU_CAPABILITY is set; this processor or this build does not offer it, or the "
        "variable was set after the library was loaded"
    )
    with pytest.raises(UserError, match="^" + re.escape(said) + "$"):
        drive(Supervised(RECIPE), given(data, (InstructionSet("default"),)))


def test_instructions_that_the_processor_lacks_are_refused_before_anything_starts(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    with pytest.raises(UserError) as caught:
        train_population(DENSE.under(InstructionSet("avx512"), name="new"), tmp_path)
    assert str(caught.value) == (
        "population 'new': InstructionSet(aten='avx512', onednn=None, mkl=None): this processor "
        "has no AVX512 instructions"
    )


@x86
@pytest.mark.parametrize(
    ("runner", "said"),
    [
        (
            "loop",
            "population 'sse': its members train in processes that are started with "
            "ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41, and --runner loop trains in "
            "this one; leave --runner out, or give --runner processes",
        ),
        (
            "stacked",
            "population 'sse' cannot be trained in stacks: under InstructionSet(aten='default', "
            "onednn='sse41', mkl=None) a member needs a process that is started with its "
            "environment; leave --runner out, or give --runner processes",
        ),
    ],
)
def test_a_runner_that_cannot_refuses(runner, said, tmp_path):
    with pytest.raises(UserError, match="^" + re.escape(said) + "$"):
        train_population(DENSE.under(SSE, name="sse"), tmp_path, runner=runner)


@x86
@pytest.mark.heavy
def test_members_train_with_what_is_asked_and_others_beside_them_without(tmp_path):
    """One trainer, whose workers change from one environment to the other and back."""
    told, before = [], dict(os.environ)
    arms = [
        DENSE,
        DENSE.under(SSE, name="sse"),
        DENSE.under(InstructionSet("avx2", "avx2"), name="avx2"),
        DENSE.again("again"),
    ]
    with Trainer(tmp_path, Machine("processes", workers=1), progress=told.append) as trainer:
        folders = {arm.name: trainer.train(arm) for arm in arms}
    assert dict(os.environ) == before
    facts = {name: read_population(folder).members[0].facts for name, folder in folders.items()}
    bits = {
        name: (one.get("aten_vector_bits"), one.get("onednn_vector_bits"))
        for name, one in facts.items()
    }
    assert bits == {
        "dense": (None, None),
        "sse": (128.0, 128.0),
        "avx2": (256.0, 256.0),
        "again": (None, None),
    }
    weights = [(f / "weights" / "000.safetensors").read_bytes() for f in folders.values()]
    assert weights[0] == weights[3]
    assert len(set(weights)) == 3
    sse = train_population(
        DENSE.under(SSE, name="sse"), tmp_path / "alone", runner="auto", workers=1,
        progress=told.append,
    )  # fmt: skip
    assert (sse / "weights" / "000.safetensors").read_bytes() == weights[1]
    assert (
        "runner processes: processes of their own, started with ATEN_CPU_CAPABILITY=default "
        "ONEDNN_MAX_CPU_ISA=SSE41"
    ) in [event.reason for event in told]


@x86
@pytest.mark.heavy
def test_on_ray_they_give_the_same_bytes(tmp_path):
    pytest.importorskip("ray")
    arm = DENSE.under(SSE, name="sse")
    one, other = (
        train_population(arm, tmp_path / runner, runner=runner, workers=1)
        for runner in ("processes", "ray")
    )
    name = "weights/000.safetensors"
    assert (one / name).read_bytes() == (other / name).read_bytes()
    assert read_population(other).members[0].facts["aten_vector_bits"] == 128.0


READ_BACK = """
from undertow.lab.interventions.arithmetic import _read_back as i
print(i.aten_capability(), i.onednn_kernel(), i.mkl_branch(), i.onednn_kernel())
"""


@x86
@pytest.mark.heavy
@pytest.mark.parametrize(
    ("aten", "onednn", "mkl"), [("avx2", "avx2", "compatible"), ("default", "sse41", None)]
)
def test_what_is_read_back_is_what_the_process_was_started_with(aten, onednn, mkl):
    asked = InstructionSet(aten, onednn, mkl)
    said = subprocess.run(
        [sys.executable, "-c", READ_BACK],
        env=os.environ | dict(asked.environment),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    if said[2] == "no":  # a build without MKL
        pytest.skip("no MKL")
    assert said == [aten, onednn, mkl or "off", onednn]
