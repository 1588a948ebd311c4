"""What a step, a phase and a stack do with unusual models, members and interventions."""

import math
import random
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import toys
from blobs import Blobs
from undertow.errors import NoEffectError, UndertowError, UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.during import During
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.site import AbstractWeights, Effect, WeightsRun
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.drive import DivergedError, drive
from undertow.lab.runner.member import build_member
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.noise import Noise, mixed
from undertow.lab.trainings.phases import Phases, _kept, _put_back
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, precision="float64")
TWO = Phases(("first", Supervised(RECIPE)), ("second", Supervised(RECIPE)))


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=40).load(), dtype=torch.float64)


def given(data, acting=(), members=1, model=None, vary=None):
    plan = SeedPlan() if vary is None else SeedPlan(vary=vary)
    population = Population("dense", Blobs(train=40), model or MLP((8,)), RECIPE, members)
    seeds_M = [plan.member("dense", m) for m in range(members)]
    models = [build_member(population, seeds, data, None) for seeds in seeds_M]
    return Given(data, models, seeds_M, acting, together=members > 1)


def alone(data, m, acting=(), members=3, model=None, vary=None):
    """Member ``m`` of those, by itself."""
    whole = given(data, acting, members, model, vary)
    return Given(data, [whole.models[m]], [whole.seeds_M[m]], acting)


@dataclass(frozen=True)
class Made:
    """A model from layers, for images of 8 × 8 and three classes."""

    kind: str

    def build(self, shape_CHW, classes):
        return KINDS[self.kind](classes)


class Half(nn.Flatten):
    """A flattening with a forward pass of its own."""

    def forward(self, input):
        return super().forward(input) / 2


class Replaced(nn.Module):
    """Keeps a running mean in a buffer that it replaces."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, x):
        self.mean = 0.9 * self.mean + 0.1 * x.mean().detach()
        return x - self.mean


def frozen(classes):
    first = nn.Linear(64, 8).requires_grad_(False)
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), nn.Linear(8, classes))


KINDS = {
    "frozen": frozen,
    "half": lambda classes: nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), Half(), nn.Linear(144, classes)
    ),
    "dropped pixels": lambda classes: nn.Sequential(
        nn.Dropout(0.3), nn.Flatten(), nn.Linear(64, classes)
    ),
    "replaced": lambda classes: nn.Sequential(nn.Flatten(), Replaced(), nn.Linear(64, classes)),
}


@pytest.mark.parametrize("kind", ["frozen", "half", "dropped pixels"])
def test_in_a_stack_a_model_is_what_it_is_alone(kind, data):
    vary = ("init", "dropout")  # so that all members see the same images
    together = given(data, (), 3, Made(kind), vary)
    ends = drive(Supervised(RECIPE), together)
    for m in range(3):
        one = alone(data, m, (), 3, Made(kind), vary)
        start = {name: value.clone() for name, value in one.models[0].state_dict().items()}
        (end,) = drive(Supervised(RECIPE), one)
        assert ends[m] == pytest.approx(end, abs=1e-10)
        for name, value in one.models[0].state_dict().items():
            found = together.models[m].state_dict()[name]
            torch.testing.assert_close(found, value, rtol=0, atol=1e-10)
            if kind == "frozen" and name.startswith("1."):
                assert torch.equal(value, start[name])


def test_a_buffer_that_is_replaced_is_refused_in_a_stack(data):
    with pytest.raises(UserError) as caught:
        drive(Supervised(RECIPE), given(data, (), 2, Made("replaced")))
    assert str(caught.value) == (
        "Sequential: the buffer '1.mean' is replaced in a forward pass, which a stack of members "
        "would lose; change it in place (1.mean.copy_(...)), or give --runner processes"
    )


def test_noise_is_another_at_each_step_and_for_each_member():
    noise = Noise([5, 6], torch.device("cpu"), together=True)
    drawn = []
    for step in (0, 1, 0):
        noise.at(step)
        drawn.append([torch.rand(4, generator=source) for source in noise.sources])
    assert torch.equal(drawn[0][0], drawn[2][0])
    assert not torch.equal(drawn[0][0], drawn[1][0])
    assert not torch.equal(drawn[0][0], drawn[0][1])
    assert len({mixed(seed, step) for seed in range(100) for step in range(100)}) == 10_000


def test_epochs_are_told_when_they_are_over(data):
    told = []
    drive(Supervised(replace(RECIPE, epochs=3)), given(data), lambda *said: told.append(said))
    assert told == [(1, 3), (2, 3), (3, 3)]
    told.clear()
    drive(TWO, given(data), lambda *said: told.append(said))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_inputs_act_in_their_order(data):
    ends = {
        acting: drive(Supervised(RECIPE), given(data, acting))[0]["loss"]
        for acting in (
            (toys.Brighter(5.0), toys.Times(0.1)),
            (toys.Times(0.1), toys.Brighter(0.5)),
            (toys.Times(0.1), toys.Brighter(5.0)),
        )
    }
    first, same, other = ends.values()
    assert first == pytest.approx(same, abs=1e-12)
    assert abs(first - other) > 1e-3


class Never(toys.HardestHalf):
    """Learns from nothing."""

    def start(self, given, batches):
        run = super().start(given, batches)
        run.choose = lambda t, candidates, score: None
        return run


def test_who_learned_from_nothing_has_no_loss(data):
    (facts,) = drive(Supervised(RECIPE), given(data, (Never(),)))
    assert math.isnan(facts["loss"])


def test_pruning_keeps_its_schedule_where_steps_learn_from_nothing(data):
    acting = (toys.HardestHalf(2), MagnitudePruning(0.5, begin=0.0, end=0.75, every=0.01))
    (facts,) = drive(Supervised(replace(RECIPE, epochs=4)), given(data, acting))
    assert facts["sparsity"] == pytest.approx(0.5, abs=0.01)


def test_label_smoothing_is_refused_beside_an_objective(data):
    smooth = Supervised(replace(RECIPE, label_smoothing=0.1))
    with pytest.raises(UserError, match="label_smoothing is of cross-entropy with labels"):
        drive(smooth, given(data, (toys.RunningWeights(),)))


# --- phases


@dataclass(frozen=True)
class FailsFor(AbstractWeights):
    """Ends with an error where a member's first weight is above a limit."""

    fatal: bool = False

    def start(self, model, horizon):
        return _FailsFor(model, self.fatal)


class _FailsFor(WeightsRun):
    def __init__(self, model, fatal):
        self.model, self.fatal = model, fatal

    def after_step(self, step):
        """Nothing."""

    def finish(self):
        if self.model.marked:
            raise (NoEffectError if self.fatal else ValueError)("this one fails")
        return Effect(1, {"fine": 1.0})


def marked(data, acting, training=TWO, saver=None):
    three = given(data, acting, 3)
    for m, model in enumerate(three.models):
        model.marked = m == 1
    return drive(training, three, saver=saver)


@pytest.mark.heavy
@pytest.mark.parametrize("fatal", [False, True])
def test_a_member_that_fails_at_a_phases_end_leaves_the_others_as_they_are(fatal, data, tmp_path):
    acting = (During("first", FailsFor(fatal)),)
    first, failed, last = marked(data, acting)
    assert first["first.fine"] == last["first.fine"] == 1.0
    assert str(failed) == "this one fails"
    for _ in range(8):  # into the second phase, and on
        with pytest.raises(Stopped):
            marked(data, acting, saver=Saver(FolderShelf(tmp_path), "0", asked=lambda: True))
    again, still, other = marked(data, acting, saver=Saver(FolderShelf(tmp_path), "0"))
    assert (again, other) == (first, last)
    assert list(again) == list(first)
    assert (str(still), isinstance(still, NoEffectError)) == ("this one fails", fatal)


def test_a_member_that_diverges_in_a_phase_ends_there(data):
    acting = (During("second", MagnitudePruning(0.0)),)
    one = given(data, acting)
    next(one.models[0].parameters()).data[0] = math.inf
    (end,) = drive(TWO, one)
    assert isinstance(end, DivergedError)
    assert str(end) == "the loss was nan in epoch 1 of 4"


def test_a_later_phase_sees_another_order(data):
    seen = []

    class Watching(toys._Times):
        def changed(self, t, batch):
            seen.append(batch.index_B.tolist())
            return batch

    class Watches(toys.Times):
        def start(self, given):
            return Watching(1.0)

    drive(TWO, given(data, (During("first", Watches()), During("second", Watches()))))
    assert len(seen) == 12
    assert seen[:6] != seen[6:]


@pytest.mark.parametrize("site", ["sampling", "objective"])
def test_a_phase_has_one_of_each(site):
    toy = {"sampling": toys.HardestHalf(), "objective": toys.RunningWeights()}[site]
    two = (During("first", toy), During("first", toy))
    with pytest.raises(ValueError, match=f"a phase has one {site}"):
        Population("own", Blobs(), MLP((8,)), TWO, 2, interventions=two)
    both = (During("first", toy), During("second", toy))
    assert Population("own", Blobs(), MLP((8,)), TWO, 2, interventions=both).members == 2


def test_a_teacher_teaches_no_single_phase():
    with pytest.raises(ValueError, match="does not act in one phase"):
        During("first", Distillation())


# --- checkpoints


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-40] + b"\0" * 40),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: save_file({"next_step": torch.tensor(3)}, path),
        lambda path: save_file(
            {k: v for k, v in load_file(path).items() if "momentum" not in k}, path
        ),
    ],
    ids=["bytes", "cut", "bare", "less"],
)
def test_a_damaged_checkpoint_counts_as_none(damage, data, tmp_path):
    whole = given(data)
    facts = drive(Supervised(RECIPE), whole)
    saver = Saver(FolderShelf(tmp_path), "0", asked=lambda: True)
    for _ in range(3):
        with pytest.raises(Stopped):
            drive(Supervised(RECIPE), given(data), saver=saver)
    damage(tmp_path / "0.safetensors")
    again = given(data)
    assert drive(Supervised(RECIPE), again, saver=Saver(FolderShelf(tmp_path), "0")) == facts


def test_the_checkpoint_of_another_training_counts_as_none(data, tmp_path):
    with pytest.raises(Stopped):
        drive(
            Supervised(replace(RECIPE, lr=0.01)),
            given(data),
            saver=Saver(FolderShelf(tmp_path), "0", asked=lambda: True),
        )
    facts = drive(Supervised(RECIPE), given(data))
    assert drive(Supervised(RECIPE), given(data), saver=Saver(FolderShelf(tmp_path), "0")) == facts


class Wordy(nn.Linear):
    """Has state that is no number."""

    def get_extra_state(self):
        return "words"

    def set_extra_state(self, state):
        """Nothing."""


def test_state_that_cannot_be_saved_is_an_error_at_the_start(data, tmp_path):
    one = given(data)
    one.models[0].append(Wordy(3, 3).double())
    with pytest.raises(TypeError, match="a checkpoint holds tensors and numbers, not 'words'"):
        drive(Supervised(RECIPE), one, saver=Saver(FolderShelf(tmp_path), "0"))


def test_an_error_without_words_survives_a_checkpoint():
    found = _put_back(_kept(ValueError()))
    assert (str(found), isinstance(found, UndertowError)) == ("", True)


class Fading(nn.Module):
    """A buffer that is no part of the model's state, and changes with every pass."""

    def __init__(self):
        super().__init__()
        self.register_buffer("left", torch.ones((), dtype=torch.float64), persistent=False)

    def forward(self, x):
        if self.training:
            self.left.mul_(0.9)
        return x * self.left.clone()


@dataclass(frozen=True)
class Faded:
    def build(self, shape_CHW, classes):
        return nn.Sequential(nn.Flatten(), Fading(), nn.Linear(64, classes))


@pytest.mark.parametrize("members", [1, 2])
def test_a_buffer_outside_the_models_state_is_in_its_checkpoint(members, data, tmp_path):
    whole, once, broken = (given(data, (), members, Faded()) for _ in range(3))
    drive(Supervised(RECIPE), whole)
    with pytest.raises(Stopped):
        drive(Supervised(RECIPE), once, saver=Saver(FolderShelf(tmp_path), "0", asked=lambda: True))
    drive(Supervised(RECIPE), broken, saver=Saver(FolderShelf(tmp_path), "0"))
    for one, other in zip(broken.models, whole.models, strict=True):
        assert float(one[1].left) == float(other[1].left) == pytest.approx(0.9**6)
        assert torch.equal(one[2].weight, other[2].weight)


@dataclass(frozen=True)
class Elsewhere(toys.AbstractInputs, toys.InputsRun):
    """Draws from a generator that nobody saves."""

    by: str

    def start(self, given):
        return self

    def changed(self, t, batch):
        legacy = np.random.rand
        drawn = legacy() if self.by == "numpy.random" else random.random()
        return batch._replace(x_BCHW=batch.x_BCHW + drawn)


@pytest.mark.parametrize("by", ["numpy.random", "random"])
def test_numbers_from_a_generator_that_no_checkpoint_holds_are_refused(by, data):
    with pytest.raises(UserError) as caught:
        drive(Supervised(RECIPE), given(data, (Elsewhere(by),)))
    assert str(caught.value) == (
        f"a step draws from the generator of {by}, which no checkpoint holds and no seed stream "
        "starts; draw with torch, or from a generator seeded with trainings.noise.mixed(seed, t)"
    )
