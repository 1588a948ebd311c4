"""What holds for every intervention on arithmetic; one that is exported but not in ``SMALL`` fails
here. That each survives a stop at every step: ``test_trainings.py``."""

import copy
import os
import pickle
import sys
from dataclasses import dataclass

import pytest
import torch
from torch import nn

import toys
from blobs import Blobs, BlobsKept
from contracts.test_trainings import assert_same_bytes, given, weights
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions import arithmetic
from undertow.lab.interventions.arithmetic import (
    ChannelPermutation,
    Deterministic,
    InstructionSet,
    MemoryFormat,
    MicroBatches,
    Threads,
    TorchCompile,
)
from undertow.lab.interventions.arithmetic.instruction_set import VARIABLES
from undertow.lab.interventions.during import During
from undertow.lab.interventions.weights import FlippedBit
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.threads import one_thread
from undertow.lab.trainings.supervised import Supervised

RECIPE = Recipe(epochs=2, batch=16, lr=0.05)


@dataclass(frozen=True)
class Plain:
    """Convolutions without batch norm."""

    def build(self, shape_CHW, classes):
        return nn.Sequential(
            nn.Conv2d(shape_CHW[0], 6, 3), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(128, classes),
        )  # fmt: skip


SMALL = [
    ChannelPermutation(),
    ChannelPermutation(3),
    Deterministic(),
    Deterministic(fill=False),
    InstructionSet(aten="avx2"),
    InstructionSet("default", onednn="sse41", mkl="compatible"),
    MemoryFormat("contiguous"),
    MemoryFormat("channels_last"),
    MicroBatches(3),
    MicroBatches(2, ghost=True),
    Threads(2),
    TorchCompile("eager"),
    TorchCompile(),
]
HERE = [i for i in SMALL if not i.environment and i != TorchCompile()]
"""Those that act in any process, and within a second or two."""
every = pytest.mark.parametrize("intervention", SMALL, ids=repr)
here = pytest.mark.parametrize(
    "intervention",
    [
        pytest.param(i, marks=pytest.mark.heavy) if isinstance(i, Threads | TorchCompile) else i
        for i in HERE
    ],
    ids=repr,
)


@pytest.fixture(scope="module")
def data():
    return resident(BlobsKept(train=40).load())


def process_state():
    """All that they touch of this process."""
    config = sys.modules.get("torch._dynamo.config")  # seconds to import
    inductor = sys.modules.get("torch._inductor.config")

    return {
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "fill": torch.utils.deterministic.fill_uninitialized_memory,
        "cudnn": (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark),
        "inductor": bool(inductor and (inductor.deterministic or inductor.fallback_random)),
        "dynamo": bool(config and config.fail_on_recompile_limit_hit),
        "modes": torch.overrides._get_current_function_mode_stack(),
        "environment": [os.environ.get(name) for name in VARIABLES.values()],
        "aten": torch.backends.cpu.get_cpu_capability(),
    }


def model_state(model):
    """All that they touch of a model, its weights apart."""
    hooks = [len(module._forward_pre_hooks) for module in model.modules()]
    last = [
        p.is_contiguous(memory_format=torch.channels_last) for p in model.parameters() if p.ndim > 3
    ]
    return hooks, last, "forward" in vars(model)


def test_every_exported_intervention_is_under_contract():
    assert {type(i).__name__ for i in SMALL} == set(arithmetic.__all__)


@every
def test_the_description_round_trips(intervention):
    names = {name: getattr(arithmetic, name) for name in arithmetic.__all__}
    assert eval(repr(intervention), names) == intervention
    assert pickle.loads(pickle.dumps(intervention)) == intervention
    assert hash(intervention) == hash(copy.deepcopy(intervention))
    assert intervention.site == "arithmetic"
    assert not intervention.derives


@pytest.mark.heavy
@here
def test_all_is_afterwards_as_it_was(intervention, data):
    whole = given(data, (intervention,), model=Plain())
    before, built = process_state(), model_state(whole.models[0])
    drive(Supervised(RECIPE), whole)
    assert process_state() == before
    assert model_state(whole.models[0]) == built


@dataclass(frozen=True)
class Breaks:
    """Fails in the second pass, in the middle of a step."""

    def build(self, shape_CHW, classes):
        return nn.Sequential(Plain().build(shape_CHW, classes), _Breaks())


class _Breaks(nn.Module):
    def __init__(self):
        super().__init__()
        self.passes = 0

    def forward(self, x):
        self.passes += 1
        if self.passes > 1:
            raise RuntimeError("broken in the middle")
        return x


@pytest.mark.heavy
@here
def test_all_is_as_it_was_also_after_a_member_that_failed(intervention, data):
    broken = given(data, (intervention,), model=Breaks())
    before, built = process_state(), model_state(broken.models[0])
    with pytest.raises(RuntimeError, match="broken in the middle"):
        drive(Supervised(RECIPE), broken)
    assert process_state() == before
    assert model_state(broken.models[0]) == built


@pytest.mark.heavy
def test_what_a_person_had_set_is_put_back(data):
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = True
    torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        before = process_state()
        drive(Supervised(RECIPE), given(data, (Deterministic(),), model=Plain()))
        assert process_state() == before
    finally:
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.benchmark = False
        torch.utils.deterministic.fill_uninitialized_memory = True


@here
def test_probes_change_nothing_and_trainings_repeat(intervention, data):
    plain, again, probed = (given(data, (intervention,), model=Plain()) for _ in range(3))
    ends = [drive(Supervised(RECIPE), one) for one in (plain, again)]
    ends.append(drive(Supervised(RECIPE), probed, probing=Probing((Trace(clean=True),))))
    assert ends[0] == ends[1] == ends[2]
    assert_same_bytes(weights(again), weights(plain))
    assert_same_bytes(weights(probed), weights(plain))


@pytest.mark.parametrize(
    "intervention",
    [
        Deterministic(),
        MicroBatches(1),
        MemoryFormat("channels_last"),
        Threads(1),
        pytest.param(TorchCompile("aot_eager"), marks=pytest.mark.heavy),
    ],
    ids=repr,
)
def test_without_strength_it_is_the_baseline(intervention, data):
    baseline, under = (given(data, acting, model=Plain()) for acting in ((), (intervention,)))
    with one_thread():
        for one in (baseline, under):
            drive(Supervised(RECIPE), one)
    assert_same_bytes(weights(under), weights(baseline))


@pytest.mark.parametrize(
    "intervention",
    [
        ChannelPermutation(),
        MemoryFormat("contiguous"),
        MicroBatches(2),
        FlippedBit(),
        pytest.param(TorchCompile(), marks=pytest.mark.heavy),
    ],
    ids=repr,
)
def test_each_source_alone_moves_last_bits_and_no_more(intervention, data):
    """The same function in exact arithmetic: other bits, and after two epochs still the same
    network but for rounding."""
    baseline, under = (given(data, acting, model=Plain()) for acting in ((), (intervention,)))
    for one in (baseline, under):
        drive(Supervised(RECIPE), one)
    pairs = zip(weights(baseline)[0].values(), weights(under)[0].values(), strict=True)
    apart = [float((a - b).abs().max()) for a, b in pairs]
    assert 0 < max(apart) < 1e-5


@pytest.mark.heavy
def test_compiled_a_training_that_goes_on_has_the_bytes_of_one_never_stopped(data, tmp_path):
    """Under the compiler itself, which is too slow for the contract that stops at each step."""
    acting = (TorchCompile(),)
    whole, stopped, goes_on = (given(data, acting, model=SmallCNN(4)) for _ in range(3))
    facts = drive(Supervised(RECIPE), whole)
    shelf = FolderShelf(tmp_path)
    with pytest.raises(Stopped):
        drive(Supervised(RECIPE), stopped, saver=Saver(shelf, "000", asked=lambda: True))
    assert drive(Supervised(RECIPE), goes_on, saver=Saver(shelf, "000")) == facts
    assert_same_bytes(weights(goes_on), weights(whole))


def test_in_float64_the_function_is_the_same():
    """Value and gradient, against the layers as they are."""
    source = torch.Generator().manual_seed(0)
    x_BCHW = torch.randn(7, 1, 8, 8, generator=source, dtype=torch.float64)
    exact = resident(BlobsKept(train=40).load(), dtype=torch.float64)
    for intervention in (ChannelPermutation(5), MemoryFormat("contiguous"), MicroBatches(3)):
        gradients = []
        for acting in ((), (intervention,)):
            one = given(exact, acting, model=Plain())
            (model,) = one.models
            with intervention.around(one) if acting else torch.enable_grad():
                model(x_BCHW).square().sum().backward()
            gradients.append([p.grad for p in model.parameters()])
        for a, b in zip(*gradients, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@every
def test_a_training_without_the_site_refuses_it(intervention):
    declared = Population("own", Blobs(), MLP((8,)), toys.SignDescent(), 2)
    with pytest.raises(ValueError, match="acts at the site 'arithmetic'"):
        declared.under(intervention, name="other")


@every
def test_it_is_in_no_single_phase(intervention):
    with pytest.raises(ValueError, match="does not act in one phase of a training; put it beside"):
        During("pretrain", intervention)


def test_of_each_kind_a_training_has_one():
    declared = Population("own", Blobs(), SmallCNN(4), RECIPE, 2)
    declared.under(Threads(2), Deterministic(), name="both")
    with pytest.raises(ValueError, match="cannot join") as caught:
        declared.under(Threads(2), name="two").under(Threads(3), name="three")
    assert str(caught.value) == (
        "population 'three': Threads(n=3) cannot join Threads(n=2); a training has one Threads"
    )


@every
def test_what_cannot_be_stacked_says_why(intervention):
    assert bool(intervention.by_itself) == (type(intervention) not in (Deterministic, Threads))


def test_user_errors_come_before_a_step(data):
    with pytest.raises(UserError) as caught:
        drive(Supervised(RECIPE), given(data, (MicroBatches(2),), model=SmallCNN(4)))
    assert str(caught.value) == (
        "MicroBatches(k=2, ghost=False): Sequential has BatchNorm2d ('2'), which sees the parts of "
        "a batch, so this would be another training; choose a network without, or MicroBatches(2, "
        "ghost=True)"
    )
