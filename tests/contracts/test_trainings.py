"""What holds for every training, and for what acts at its sites: toys included, which touch no
file but their own."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

import toys
from blobs import Blobs, BlobsKept
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.views import Blur, Flip, Greyscale, Jitter, ResizedCrop
from undertow.lab.interventions.arithmetic import (
    ChannelPermutation,
    Deterministic,
    MemoryFormat,
    MicroBatches,
    Threads,
    TorchCompile,
)
from undertow.lab.interventions.during import During
from undertow.lab.interventions.inputs import TargetedAugmentation
from undertow.lab.interventions.objective import (
    DORO,
    Distillation,
    GroupDRO,
    LogitAdjustment,
    Robust,
    RobustDistillation,
)
from undertow.lab.interventions.sampling import (
    Balanced,
    Folds,
    RandomShare,
    Reducr,
    RhoLoss,
    SelectiveBackprop,
    Subset,
    VarianceReduction,
)
from undertow.lab.interventions.site import weight_layers
from undertow.lab.interventions.weights import (
    FineTuning,
    FixedMask,
    FlippedBit,
    MagnitudePruning,
    OneShotPruning,
)
from undertow.lab.models import MLP, Specialists
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.trainer import train_population
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.contrastive import Contrastive
from undertow.lab.trainings.linear_probe import LinearProbe
from undertow.lab.trainings.noise import mixed
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.teacher import stacked_teacher
from undertow.lab.trainings.training import Given
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, flip=True, crop=1, precision="float64")
ADAM = replace(RECIPE, optimizer="adam", lr=0.003)
PLAIN = replace(RECIPE, flip=False, crop=0)


@dataclass(frozen=True)
class Small:
    """Convolutions, batch norm and dropout, as little of each as there can be."""

    def build(self, shape_CHW, classes):
        return nn.Sequential(
            nn.Conv2d(shape_CHW[0], 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2),
            nn.Conv2d(4, 4, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(16, classes),
        )  # fmt: skip


MODEL = Small()
ACTIVE = tuple(w.numel() // 2 for w in weight_layers(MODEL.build((1, 8, 8), 3)).values())
CASES = {
    "supervised": (Supervised(RECIPE), ()),
    "adam": (Supervised(ADAM), ()),
    "adamw": (Supervised(replace(ADAM, optimizer="adamw", weight_decay=0.1)), ()),
    "adagrad": (Supervised(replace(ADAM, optimizer="adagrad")), ()),
    "rmsprop": (Supervised(replace(ADAM, optimizer="rmsprop")), ()),
    "pruned": (Supervised(RECIPE), (MagnitudePruning(0.5, begin=0.0, end=0.6, every=0.1),)),
    "masked": (Supervised(ADAM), (FixedMask(ACTIVE, scale="active"),)),
    "one shot": (Supervised(ADAM), (OneShotPruning(0.5, ADAM),)),
    "fine-tuned": (Supervised(ADAM), (FineTuning(ADAM),)),
    "sampled": (Supervised(RECIPE), (toys.HardestHalf(),)),
    "subset": (Supervised(RECIPE), (Subset(0.6),)),
    "folds": (Supervised(RECIPE), (Folds(3),)),
    "selected": (Supervised(RECIPE), (SelectiveBackprop(2.0, window=24),)),
    "selected, stale": (
        Supervised(replace(RECIPE, epochs=3)),
        (toys.Brighter(), SelectiveBackprop(1.0, warm=0, stale=2)),
    ),
    "random share": (Supervised(RECIPE), (RandomShare(0.4, warm=0),)),
    "drawn": (Supervised(RECIPE), (VarianceReduction(0.4),)),
    "drawn and weighted": (Supervised(RECIPE), (VarianceReduction(0.5, unbiased=True),)),
    "reduced": (Supervised(RECIPE), (RhoLoss(0.4),)),
    "reweighed": (Supervised(RECIPE), (Reducr(0.4, eta=0.5),)),
    "balanced": (Supervised(RECIPE), (Balanced("half", share=0.7),)),
    "brighter": (Supervised(RECIPE), (toys.Brighter(),)),
    "with state": (Supervised(ADAM), (toys.RunningWeights(),)),
    "all sites": (
        Supervised(RECIPE),
        (
            toys.Watched(),
            toys.Brighter(),
            toys.HardestHalf(),
            toys.RunningWeights(),
            MagnitudePruning(0.5),
        ),
    ),
    "grainy": (Supervised(RECIPE), (toys.Grainy(), toys.HardestHalf(1))),
    "targeted": (Supervised(PLAIN), (TargetedAugmentation(0.3, warm=1, crop=1),)),
    "targeted, clean": (
        Supervised(PLAIN),
        (TargetedAugmentation(0.3, warm=0, crop=1, score="clean"),),
    ),
    "targeted, random": (
        Supervised(PLAIN),
        (TargetedAugmentation(0.3, warm=0, crop=1, of="random"),),
    ),
    "targeted, sampled": (
        Supervised(PLAIN),
        (TargetedAugmentation(0.3, warm=1, crop=1), toys.HardestHalf()),
    ),
    "averaged": (Supervised(RECIPE), (toys.Averaged(),)),
    "taught": (Supervised(RECIPE), (Distillation(2.0),)),
    "taught, as they are": (Supervised(PLAIN), (Distillation(2.0, teacher_member=0),)),
    "robust": (Supervised(RECIPE), (Robust(update_every=2),)),
    "robust, taught": (Supervised(PLAIN), (RobustDistillation(update_every=2),)),
    "robust, of one": (
        Supervised(RECIPE),
        (RobustDistillation(0.5, 2.0, "labels", update_every=1, teacher_member=0),),
    ),
    "robust, by half": (
        Supervised(PLAIN),
        (RobustDistillation(update_every=4, groups="half"),),
    ),
    "robust, sampled": (Supervised(RECIPE), (toys.HardestHalf(), Robust(update_every=2))),
    "adjusted": (Supervised(RECIPE), (LogitAdjustment(),)),
    "group DRO": (Supervised(ADAM), (GroupDRO("half", step=0.5),)),
    "group DRO, held out": (
        Supervised(RECIPE),
        (GroupDRO(step=0.5, multipliers="held_out", update_every=2),),
    ),
    "DORO": (Supervised(RECIPE), (DORO(0.4, 0.1),)),
    "DORO, chi2": (Supervised(RECIPE), (DORO(0.4, 0.1, "chi2"),)),
    "phases, robust": (
        Phases(("first", Supervised(RECIPE)), ("second", Supervised(RECIPE))),
        (During("second", Robust(update_every=2)),),
    ),
    "another kind": (toys.SignDescent(), ()),
    "phases": (
        Phases(("first", Supervised(RECIPE)), ("second", Supervised(replace(ADAM, batch=20)))),
        (During("first", MagnitudePruning(0.5)), During("second", toys.RunningWeights())),
    ),
    "phases, anchored": (
        Phases(("first", Supervised(RECIPE)), ("second", Supervised(RECIPE))),
        (During("second", toys.Anchored()),),
    ),
    "contrastive": (Contrastive(PLAIN, projector=(8, 4)), (toys.Averaged(),)),
    "contrastive without labels": (
        Contrastive(PLAIN, labels=False, projector=(8, 4), views=(ResizedCrop(), Blur())),
        (MagnitudePruning(0.5, begin=0.0, end=0.6, every=0.1),),
    ),
    "linear probe": (LinearProbe(RECIPE), ()),
    "threads": (Supervised(RECIPE), (Threads(2),)),
    "deterministic": (Supervised(ADAM), (Deterministic(), MagnitudePruning(0.5))),
    "contiguous": (Supervised(RECIPE), (MemoryFormat("contiguous"),)),
    "micro-batches": (Supervised(RECIPE), (MicroBatches(2, ghost=True),)),
    "permuted": (Supervised(RECIPE), (ChannelPermutation(1), FixedMask(ACTIVE))),
    "traced": (Supervised(RECIPE), (TorchCompile("aot_eager"),)),
    "flipped bit": (Supervised(RECIPE), (FlippedBit(),)),
    "deterministic, contrastive": (Contrastive(PLAIN, projector=(8, 4)), (Deterministic(),)),
    "phases, permuted": (
        Phases(("first", Supervised(RECIPE)), ("second", LinearProbe(PLAIN))),
        (ChannelPermutation(), MemoryFormat("contiguous"), During("first", FlippedBit())),
    ),
    "pretrained": (
        Phases(
            ("pretrain", Contrastive(replace(ADAM, flip=False, crop=0), 0.5, 0.07)),
            ("probe", LinearProbe(PLAIN)),
        ),
        (During("pretrain", MagnitudePruning(0.5, begin=0.0, end=0.6, every=0.1)),),
    ),
}
TUNED = Phases(("finetune", Contrastive(PLAIN, projector=(8, 4))), ("probe", LinearProbe(PLAIN)))
CASES["one shot, pretrained"] = (TUNED, (OneShotPruning(0.5, TUNED, of="encoder"),))
ALONE = {"sampled", "subset", "folds", "all sites", "another kind", "grainy", "targeted, sampled"}
ALONE |= {"selected", "selected, stale", "random share", "drawn", "drawn and weighted"}
ALONE |= {"reduced", "reweighed", "balanced", "robust, sampled"}
ALONE |= {"contiguous", "micro-batches", "permuted", "traced", "flipped bit"}
ALONE |= {"phases, permuted"}
STACKED = [case for case in CASES if case not in ALONE]
# by these the fast suite knows a kind of training; the others are heavy
FEW = (
    "supervised",
    "pruned",
    "sampled",
    "selected",
    "targeted",
    "robust, taught",
    "phases",
    "contrastive",
    "pretrained",
)


def few(cases):
    """Parameters of which the fast suite has some."""
    return [case if case in FEW else pytest.param(case, marks=pytest.mark.heavy) for case in cases]


every = pytest.mark.parametrize("case", few(CASES))


@pytest.fixture(scope="module")
def data():
    return resident(BlobsKept(train=40).load(), dtype=torch.float64)


def population(members=3, model=MODEL):
    return Population("dense", Blobs(train=40), model, RECIPE, members)


def given(data, acting, members=1, model=MODEL):
    plan = SeedPlan()
    seeds_M = [plan.member("dense", m) for m in range(members)]
    models = [build_member(population(members, model), s, data, None) for s in seeds_M]
    teachers = [taught(data, acting, m, model) for m in range(members)]
    if any(i.teaches and i.teacher_member is not None for i in acting):
        teachers = teachers[:1]
    teacher = stacked_teacher(teachers, members) if teachers[0] and members > 1 else teachers[0]
    return Given(data, models, seeds_M, acting, teacher, together=members > 1)


def taught(data, acting, member, model=MODEL):
    """Who teaches this member, or whom a sampler asks; None where nobody does."""
    if not any(i.teaches for i in acting):
        return None
    one = next((i.teacher_member for i in acting if i.teaches), None)
    seeds = SeedPlan().member("teacher", member if one is None else one)
    asked = Specialists(model) if any(isinstance(i, Reducr) for i in acting) else model
    return build_member(population(1, asked), seeds, data, None).eval().requires_grad_(False)


def weights(given):
    return [copy.deepcopy(model.state_dict()) for model in given.models]


def assert_same_bytes(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert torch.equal(value, other[name]), name


@pytest.mark.parametrize(
    ("case", "members"),
    [
        *((case, 1) for case in FEW),
        *(pytest.param(case, 1, marks=pytest.mark.heavy) for case in CASES if case not in FEW),
        *(pytest.param(case, 2, marks=pytest.mark.heavy) for case in STACKED),
    ],
)
def test_stopped_at_each_of_its_steps_it_ends_in_the_bytes_of_one_never_stopped(
    case, members, data, tmp_path
):
    training, acting = CASES[case]
    whole = given(data, acting, members)
    facts = drive(training, whole)
    shelf = FolderShelf(tmp_path)
    for _ in range(1, training.steps(data)):
        saver = Saver(shelf, "000", asked=lambda: True)
        with pytest.raises(Stopped):
            drive(training, given(data, acting, members), saver=saver)
    broken = given(data, acting, members)
    assert drive(training, broken, saver=Saver(shelf, "000")) == facts
    assert_same_bytes(weights(broken), weights(whole))


@pytest.mark.heavy
@pytest.mark.parametrize("case", few(STACKED))
def test_stacked_members_are_each_as_alone(case, data):
    training, acting = CASES[case]
    together = given(data, acting, members=3)
    ends = drive(training, together)
    for m in range(3):
        alone = given(data, acting, members=3)
        teacher = taught(data, acting, m)
        alone = Given(data, [alone.models[m]], [alone.seeds_M[m]], acting, teacher)
        (end,) = drive(training, alone)
        assert ends[m] == pytest.approx(end, abs=1e-10)
        for name, value in weights(alone)[0].items():
            torch.testing.assert_close(
                together.models[m].state_dict()[name], value, rtol=0, atol=1e-10
            )


@pytest.mark.parametrize("toy", [toys.Brighter(), toys.RunningWeights()], ids=repr)
def test_an_intervention_without_strength_is_the_baseline(toy, data):
    plain, without, under = (given(data, acting) for acting in ((), (toys.without(toy),), (toy,)))
    for one in (plain, without, under):
        drive(Supervised(RECIPE), one)
    for name, value in weights(plain)[0].items():
        torch.testing.assert_close(weights(without)[0][name], value, rtol=0, atol=1e-12)
    assert any(
        not torch.equal(value, weights(under)[0][name]) for name, value in weights(plain)[0].items()
    )


def test_each_phase_begins_with_an_optimizer_of_its_own_on_what_the_last_one_left(data):
    """As two trainings by hand, one after the other."""
    training, acting = CASES["phases"]
    whole = given(data, acting)
    (facts,) = drive(training, whole)
    (_, first), (_, second) = training.phases
    by_hand = given(data, (acting[0].intervention,))
    (before,) = drive(first, by_hand)
    own = [{stream: mixed(seed, 1) for stream, seed in by_hand.seeds_M[0].items()}]
    second_given = replace(by_hand, interventions=(acting[1].intervention,), seeds_M=own)
    (after,) = drive(second, second_given)
    assert_same_bytes(weights(by_hand), weights(whole))
    assert facts["first.sparsity"] == before["sparsity"] > 0.4
    assert facts["loss"] == after["loss"]


@pytest.mark.parametrize("second", [Supervised(PLAIN), LinearProbe(PLAIN)], ids=["all", "probe"])
def test_what_made_a_derived_member_acts_in_the_first_phase_alone(second, data, monkeypatch):
    acting, start = [], type(second).start

    def watched(training, given):
        acting.append((training, given.interventions))
        return start(training, given)

    monkeypatch.setattr(type(second), "start", watched)
    pruning = OneShotPruning(0.5)
    training = Phases(("first", Supervised(RECIPE)), ("second", second))
    (facts,) = drive(training, given(data, (pruning,)))
    assert acting[-1] == (second, [])
    assert [name for name in facts if name.endswith(".sparsity")] == ["first.sparsity"]


def test_a_phase_that_is_not_there_or_is_not_named_is_refused(data):
    declared = Population("own", Blobs(), MLP((8,)), CASES["phases"][0], 2)
    for acting, site in (
        (During("third", MagnitudePruning(0.5)), "weights in third"),
        (MagnitudePruning(0.5), "weights"),
    ):
        with pytest.raises(ValueError, match="does not have") as caught:
            declared.under(acting, name="pruned")
        assert f"acts at the site {site!r}" in str(caught.value)
        assert "weights in first, weights in second)" in str(caught.value)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Phases(), "Phases(): at least one phase, and each with a name of its own"),
        (
            lambda: Phases(("a", toys.SignDescent()), ("a", toys.SignDescent())),
            "Phases(('a', SignDescent(epochs=2, rate=0.01, precision='float32')), ('a', "
            "SignDescent(epochs=2, rate=0.01, precision='float32'))): at least one phase, and each "
            "with a name of its own",
        ),
        (
            lambda: Phases(("a", toys.SignDescent()), ("b", toys.SignDescent(precision="float64"))),
            "Phases(('a', SignDescent(epochs=2, rate=0.01, precision='float32')), ('b', "
            "SignDescent(epochs=2, rate=0.01, precision='float64'))): its phases compute in "
            "different number formats",
        ),
        (
            lambda: During("a", OneShotPruning(0.5)),
            f"During('a', {OneShotPruning(0.5)!r}): this does not act in one phase of a training; "
            "put it beside",
        ),
    ],
)
def test_phases_that_cannot_be_are_refused(made, said):
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        made()


@every
def test_torchs_own_generator_is_left_alone(case, data):
    before = torch.random.get_rng_state()
    training, acting = CASES[case]
    drive(training, given(data, acting))
    assert torch.equal(torch.random.get_rng_state(), before)


@every
def test_the_description_round_trips(case):
    training, _ = CASES[case]
    names = {
        "Supervised": Supervised,
        "Recipe": Recipe,
        "SignDescent": toys.SignDescent,
        "Phases": Phases,
        "Contrastive": Contrastive,
        "LinearProbe": LinearProbe,
    } | {view.__name__: view for view in (ResizedCrop, Flip, Jitter, Greyscale, Blur)}
    assert eval(repr(training), names) == training
    assert pickle.loads(pickle.dumps(training)) == training


@pytest.mark.parametrize("case", ["supervised", "adam", "with state"])
def test_one_tiny_member_learns_eight_examples_by_heart(case):
    eight = resident(Blobs(train=8).load(), dtype=torch.float64)
    training, acting = CASES[case]
    longer = Supervised(replace(training.recipe, epochs=150, batch=8, flip=False, crop=0))
    (facts,) = drive(longer, given(eight, acting, model=MLP((32,))))
    assert facts["loss"] < 0.05


def test_arithmetic_is_around_the_whole_training(data):
    toys.Watched.inside.clear()
    drive(Supervised(RECIPE), given(data, (toys.Watched(),)))
    assert toys.Watched.inside == [True, False]


def test_a_sampler_pays_for_what_it_looks_at(data):
    (facts,) = drive(Supervised(RECIPE), given(data, (toys.HardestHalf(),)))
    # batches of 16, 16 and 8, twice; every other step looks at all and learns from half
    assert facts["forwards"] == 16 + 8 + 16 + (16 + 8 + 16) / 2
    assert facts["backprops"] == (16 + 8 + 16) / 2


def test_what_acts_at_a_site_that_a_training_lacks_is_refused_when_declared():
    declared = Population("own", Blobs(), MLP((8,)), toys.SignDescent(), 2)
    with pytest.raises(ValueError, match="does not have") as caught:
        declared.under(MagnitudePruning(0.5), name="pruned")
    assert str(caught.value) == (
        f"population 'pruned': {MagnitudePruning(0.5)!r} acts at the site 'weights', which "
        "SignDescent(epochs=2, rate=0.01, precision='float32') does not have (it has: none)"
    )


@pytest.mark.parametrize("sites", ["objective", "sampling"])
def test_a_training_has_one_objective_and_one_sampling(sites):
    two = {
        "objective": (Distillation(), toys.RunningWeights()),
        "sampling": (toys.HardestHalf(),) * 2,
    }
    with pytest.raises(ValueError, match=f"a training has one {sites}"):
        Population("dense", Blobs(), MLP((8,)), RECIPE, 2, interventions=two[sites])


def test_a_training_of_another_kind_makes_a_population(tmp_path):
    declared = Population("own", Blobs(), MLP((8,)), toys.SignDescent(), 2)
    folder = train_population(declared, tmp_path, runner="auto", workers=1)
    records = read_population(folder)
    assert records.M == 2
    assert records.manifest.recipe["training"] == repr(toys.SignDescent())
    assert [member.facts["rate"] for member in records.members] == [0.01, 0.01]


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        (
            Population("own", Blobs(), MLP((8,)), toys.SignDescent(), 2),
            "under SignDescent(epochs=2, rate=0.01, precision='float32') it is written for one "
            "member",
        ),
        (
            Population("own", Blobs(), MLP((8,)), RECIPE, 2, interventions=(toys.HardestHalf(),)),
            "under HardestHalf(every=2) each member chooses examples of its own, in numbers of its "
            "own",
        ),
    ],
    ids=["training", "sampling"],
)
def test_what_cannot_be_stacked_says_why(declared, why, tmp_path):
    with pytest.raises(UserError) as caught:
        train_population(declared, tmp_path, runner="stacked", workers=1)
    assert str(caught.value) == (
        f"population 'own' cannot be trained in stacks: {why}; leave --runner out, or give "
        "--runner processes"
    )
    said = []
    train_population(declared, tmp_path, runner="auto", workers=1, progress=said.append)
    assert f"runner loop: no stack, since {why}" in [event.reason for event in said]
