"""``TargetedAugmentation``: whom it augments, and what they then look like."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from blobs import Blobs
from contracts.test_trainings import MODEL
from undertow.errors import UserError
from undertow.lab.feeds.batches import Batches
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.streamed import streamed
from undertow.lab.interventions.during import During
from undertow.lab.interventions.inputs import TargetedAugmentation
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Augmented, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given
from undertow.records.probes import read_probe

PLAIN = Recipe(epochs=4, batch=16, lr=0.05)
STANDARD = replace(PLAIN, crop=2, flip=True)
NEVER = TargetedAugmentation(0, warm=0, crop=2)
N = 40


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=N).load())


def given(data, *acting, members=1, vary=None):
    plan = SeedPlan() if vary is None else SeedPlan(vary=vary)
    population = Population("dense", Blobs(train=N), MODEL, PLAIN, members)
    seeds_M = [plan.member("dense", m) for m in range(members)]
    models = [build_member(population, seeds, data, None) for seeds in seeds_M]
    return Given(data, models, seeds_M, acting, together=members > 1)


def trained(data, recipe, *acting, members=1):
    made = given(data, *acting, members=members)
    drive(Supervised(recipe), made)
    return [copy.deepcopy(model.state_dict()) for model in made.models]


def assert_same_bytes(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(value, other[name]) for name, value in one.items())


def watched(data, what, members=1, recipe=PLAIN):
    """Each member's (E, N) of who was augmented, and its traces' losses, (E, N) each."""
    probing = Probing((Augmented(), Trace(), Trace(clean=True)))
    drive(Supervised(recipe), given(data, what, members=members), probing=probing)
    return [
        (
            per_example["augmented"]["augmented"].to_numpy().T,
            per_example["trace"]["loss"].to_numpy().T,
            per_example["trace-clean"]["loss"].to_numpy().T,
        )
        for per_example in (kept.probed.per_example for kept in probing.kept_M)
    ]


def heavy(*values):
    return pytest.param(*values, marks=pytest.mark.heavy)


@pytest.mark.heavy
@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize(
    ("what", "recipe"),
    [
        (TargetedAugmentation(1, crop=2), STANDARD),
        (TargetedAugmentation(1, warm=1, crop=0), replace(PLAIN, flip=True)),
        heavy(TargetedAugmentation(1.0, warm=0, crop=2, of="random"), STANDARD),
        heavy(TargetedAugmentation(1, crop=2, flip=False), replace(PLAIN, crop=2)),
        heavy(TargetedAugmentation(0, warm=4, crop=2), STANDARD),
        (NEVER, PLAIN),
    ],
    ids=repr,
)
def test_everybody_is_the_recipes_own_augmentation_and_nobody_is_none(what, recipe, members, data):
    found = trained(data, PLAIN, what, members=members)
    assert_same_bytes(found, trained(data, recipe, members=members))
    other = STANDARD if recipe is PLAIN else PLAIN
    for name, value in trained(data, other, members=members)[0].items():
        assert name.endswith("num_batches_tracked") or not torch.equal(found[0][name], value)


def test_nobody_after_the_warm_up(data):
    ((mask_EN, _, _),) = watched(data, TargetedAugmentation(0, warm=3, crop=2))
    assert mask_EN.tolist() == [[1] * N] * 3 + [[0] * N]


@pytest.mark.parametrize(("score", "which"), [("seen", 1), ("clean", 2)])
@pytest.mark.parametrize("members", [1, 3])
def test_those_with_the_least_probable_labels_in_the_epoch_before(score, which, members, data):
    what = TargetedAugmentation(0.2, warm=1, crop=2, score=score)
    found = watched(data, what, members)
    for mask_EN, *losses in found:
        loss_EN = losses[which - 1]
        assert mask_EN[0].all()
        for e in range(1, 4):
            assert mask_EN[e].sum() == 8
            before_N, chosen_N = loss_EN[e - 1], mask_EN[e] == 1
            # halves of what chooses, so they can only be equal where they differ
            assert before_N[chosen_N].min() >= before_N[~chosen_N].max()
    assert len({row.tobytes() for mask_EN, _, _ in found for row in mask_EN[1:]}) > 1


def test_which_of_two_probabilities_chooses_matters(data):
    (seen,), (clean,) = (
        watched(data, TargetedAugmentation(0.2, warm=1, crop=2, score=score))
        for score in ("seen", "clean")
    )
    assert (seen[0] != clean[0]).any()


def test_a_random_share_is_drawn_anew_for_each_epoch_and_member(data):
    what = TargetedAugmentation(0.3, warm=0, crop=2, of="random")
    masks = [mask_EN for mask_EN, _, _ in watched(data, what, members=2)]
    assert all((mask_EN.sum(axis=1) == 12).all() for mask_EN in masks)
    assert len({row.tobytes() for mask_EN in masks for row in mask_EN}) == 8
    again = watched(data, what, members=2)
    assert all((mask_EN == of[0]).all() for mask_EN, of in zip(masks, again, strict=True))


@pytest.mark.heavy
def test_over_many_epochs_a_random_share_takes_each_as_often(data):
    run = TargetedAugmentation(0.25, warm=0, of="random").start(given(data))
    index_N, often_N = torch.arange(N), torch.zeros(N)
    for epoch in range(2000):
        run.before_epoch(epoch, None)
        often_N += run.augmented(index_N)
    np.testing.assert_allclose(often_N / 2000, 0.25, atol=5 * (0.25 * 0.75 / 2000) ** 0.5)


@pytest.mark.parametrize("vary", [None, ("init",)])
@pytest.mark.parametrize("members", [1, 3])
def test_chosen_pixels_are_the_recipes_and_all_others_raw(members, vary, data):
    made = given(data, members=members, vary=vary)
    run = TargetedAugmentation(0.5, warm=0, crop=2, of="random").start(made)
    cut, raw = (Batches(data, recipe, made.seeds_M, made.together) for recipe in (STANDARD, PLAIN))
    changed = 0
    for t in range(9):
        if t % 3 == 0:
            run.before_epoch(t // 3, None)
        batch, augmented = raw.batch(t), cut.batch(t)
        found = run.changed(t, batch)
        chosen_B = run.augmented(batch.index_B)[..., None, None, None]
        expected = torch.where(chosen_B, augmented.x_BCHW, batch.x_BCHW)
        assert torch.equal(found.x_BCHW, expected)
        assert torch.equal(found.index_B, batch.index_B)
        changed += int((found.x_BCHW != batch.x_BCHW).any())
    assert changed == 9


@pytest.mark.parametrize(
    ("share", "examples", "count"),
    [(0.29, 100, 29), (0.2, 14, 2), (0.57, 100, 57), (1e-5, 99_999, 0), (1, 7, 7), (0, 7, 0)],
)
def test_how_many_is_the_floor_of_the_share_as_it_is_written(share, examples, count):
    assert TargetedAugmentation(share).count(examples) == count
    assert count == Fraction(str(share)) * examples // 1


def test_equally_probable_labels_are_taken_in_the_order_of_the_data(data):
    run = TargetedAugmentation(0.1, warm=1).start(given(data))
    run.before_epoch(1, None)
    assert run.augmented(torch.arange(N)).nonzero().flatten().tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("what", "passes"),
    [
        (TargetedAugmentation(0.2, warm=1, score="clean"), 3),
        (TargetedAugmentation(0.2, warm=0, score="clean"), 4),
        (TargetedAugmentation(1, warm=0, score="clean"), 0),
        (TargetedAugmentation(0.2, warm=1), 0),
        (TargetedAugmentation(0.2, warm=0, of="random", score="clean"), 0),
    ],
    ids=repr,
)
def test_a_clean_pass_is_counted_where_it_chooses(what, passes, data):
    (facts,) = drive(Supervised(PLAIN), given(data, what))
    if passes:
        assert facts["forwards"] - facts["backprops"] == passes * N
    else:
        assert "forwards" not in facts


@pytest.mark.parametrize("score", ["seen", "clean"])
def test_streamed_images_are_augmented_as_those_in_memory(score, data):
    what = TargetedAugmentation(0.3, warm=1, crop=2, score=score)
    from_disk = streamed(Blobs(train=N).load())
    assert_same_bytes(trained(from_disk, PLAIN, what), trained(data, PLAIN, what))


@pytest.mark.heavy
def test_a_population_says_who_was_augmented(tmp_path):
    plain = Population("plain", Blobs(train=N), MLP((8,)), PLAIN, 2, probes=(Augmented(),))
    for population, shares in (
        (plain, [0, 0, 0, 0]),
        (replace(plain, name="standard", recipe=STANDARD), [1, 1, 1, 1]),
        (plain.under(TargetedAugmentation(0.2, warm=2), name="targeted"), [1, 1, 0.2, 0.2]),
    ):
        folder = train_population(population, tmp_path, runner="loop")
        (values_MNE,) = read_probe(folder, "augmented").values.values()
        assert values_MNE.mean(axis=1) == pytest.approx(np.array([shares, shares]))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TargetedAugmentation(1.2), "{}: share is from 0 to 1"),
        (lambda: TargetedAugmentation(warm=-1), "{}: warm is a whole number, 0 or more"),
        (lambda: TargetedAugmentation(crop=1.5), "{}: crop is a whole number, 0 or more"),
        (
            lambda: TargetedAugmentation(crop=0, flip=False),
            "{}: augments nothing; give crop=4, flip=True or both",
        ),
        (lambda: TargetedAugmentation(of="hard"), "{}: of is 'least certain' or 'random'"),
        (lambda: TargetedAugmentation(score="train"), "{}: score is 'seen' or 'clean'"),
        (
            lambda: TargetedAugmentation(warm=0),
            "{}: before the first epoch no step has seen an example; give warm=1 or more, or "
            "score='clean'",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, said, monkeypatch):
    with pytest.raises(ValueError, match="Targeted") as caught:
        make()
    with monkeypatch.context() as unchecked:
        unchecked.setattr(TargetedAugmentation, "__post_init__", lambda self: None)
        assert str(caught.value) == said.format(repr(make()))


def test_a_recipe_that_augments_by_itself_is_refused(data):
    what = TargetedAugmentation()
    twice = (
        f"{what!r} crops and mirrors by itself, and its recipe has crop=2, flip=True; set crop=0, "
        "flip=False in the recipe"
    )
    dense = Population("dense", Blobs(), MLP((8,)), STANDARD, 2)
    with pytest.raises(ValueError, match="^" + re.escape(f"population 'targeted': {twice}") + "$"):
        dense.under(what, name="targeted")
    phased = Phases(("first", Supervised(PLAIN)), ("second", Supervised(STANDARD)))
    Population("phased", Blobs(), MLP((8,)), phased, 2, interventions=(During("first", what),))
    drive(phased, given(data, During("first", what)))
    with pytest.raises(UserError) as caught:
        drive(phased, given(data, During("second", what)))
    assert str(caught.value) == twice


def test_two_that_augment_are_refused(data):
    plain = Population("plain", Blobs(), MLP((8,)), PLAIN, 2)
    said = f"{NEVER!r} cannot join {NEVER!r}; a training has one that crops and mirrors"
    with pytest.raises(ValueError, match="^" + re.escape(f"population 'two': {said}") + "$"):
        plain.under(NEVER, NEVER, name="two")
    with pytest.raises(UserError) as caught:
        drive(Supervised(PLAIN), given(data, NEVER, NEVER))
    assert str(caught.value) == said


def test_the_description_round_trips():
    what = TargetedAugmentation(0.1, warm=2, crop=3, flip=False, score="clean")
    assert eval(repr(what), {"TargetedAugmentation": TargetedAugmentation}) == what
    assert pickle.loads(pickle.dumps(what)) == what
