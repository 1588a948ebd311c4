import pytest
import torch
from torch import nn

from undertow.errors import NoEffectError, UserError
from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, RandomPruning
from undertow.lab.recipe import Recipe
from undertow.lab.trainings.contrastive import Contrastive
from undertow.lab.trainings.linear_probe import LinearProbe
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised

RECIPE = Recipe(epochs=1, lr=0.01)
WHOLE, PROBE = Supervised(RECIPE), LinearProbe(RECIPE)


def two_layers():
    model = nn.Sequential(nn.Linear(4, 5, bias=False), nn.Linear(5, 2, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.arange(1.0, 21.0).reshape(5, 4))
        model[1].weight.copy_(torch.arange(101.0, 111.0).reshape(2, 5))
    return model


def run_through(intervention, model, steps=20, seed=0, at_step=lambda step: None):
    run = intervention.start(model, Horizon(steps, seed))
    for step in range(steps):
        at_step(step)
        run.after_step(step)
    return run.finish()


def test_each_layer_loses_the_same_share():
    model = two_layers()
    effect = run_through(MagnitudePruning(sparsity=0.5), model)
    assert (effect.changed, effect.facts["sparsity"]) == (15, 0.5)
    assert [int((layer.weight == 0).sum()) for layer in model] == [10, 5]


def test_a_global_scope_empties_the_layer_with_small_weights():
    model = two_layers()
    effect = run_through(MagnitudePruning(sparsity=0.5, scope="global"), model)
    assert [int((layer.weight == 0).sum()) for layer in model] == [15, 0]
    assert effect.facts == {"sparsity": 0.5, "sparsity_all": 0.5, "sparsity_layer_max": 0.75}


@pytest.mark.parametrize(("regrow", "survives"), [(True, True), (False, False)])
def test_a_removed_weight_comes_back_only_where_masks_regrow(regrow, survives):
    model = two_layers()
    master = model[0].weight

    def grow(step):
        if step == 8:
            with torch.no_grad():
                master[0, 0] = 99.0

    run_through(MagnitudePruning(sparsity=0.5, regrow=regrow), model, at_step=grow)
    assert bool(model[0].weight[0, 0] == 99.0) is survives


def test_masks_follow_the_cubic_schedule():
    model = two_layers()
    run = MagnitudePruning(sparsity=0.8, begin=0.1, end=0.5, every=0.1).start(model, Horizon(20, 0))
    seen = []
    for step in range(20):
        run.after_step(step)
        seen.append(round(1 - sum(int(layer.weight.count_nonzero()) for layer in model) / 30, 3))
    # steps done 2, 4, 6, 8, 10 of the window 2 … 10: 0.8 · (1 - (1 - k/4)³)
    assert [seen[1], seen[3], seen[5], seen[7], seen[9], seen[19]] == [
        0.0,
        0.467,
        0.7,
        0.8,
        0.8,
        0.8,
    ]


def test_random_pruning_follows_its_seed_and_not_the_weights():
    def zeros(seed):
        model = two_layers()
        run_through(RandomPruning(sparsity=0.5), model, seed=seed)
        return torch.cat([(layer.weight == 0).flatten() for layer in model])

    assert torch.equal(zeros(1), zeros(1))
    assert not torch.equal(zeros(1), zeros(2))
    assert int(zeros(1).sum()) == 15


def test_one_shot_takes_the_smallest_at_once():
    model = two_layers()
    OneShotPruning(sparsity=0.5, scope="layer").start(model, Horizon(0, 0)).finish()
    assert model[0].weight.flatten().tolist() == [0.0] * 10 + list(range(11, 21))


ENCODERS = (
    MagnitudePruning(0.5, begin=0.0, end=0.5, scope="global", of="encoder"),
    RandomPruning(0.5, begin=0.0, end=0.5, of="encoder"),
    OneShotPruning(0.5, of="encoder"),
)


@pytest.mark.parametrize("pruning", ENCODERS, ids=lambda pruning: type(pruning).__name__)
def test_an_encoder_is_pruned_and_its_head_is_not(pruning):
    model = two_layers()
    head = model[1].weight.detach().clone()
    run = pruning.start(model, Horizon(0 if pruning.derives else 10, 0))
    for step in range(0 if pruning.derives else 10):
        run.after_step(step)
    facts = run.finish().facts
    assert torch.equal(model[1].weight, head)
    assert int((model[0].weight == 0).sum()) == model[0].weight.numel() / 2
    # over the encoder's weights; over all of them it would be less
    assert facts["sparsity"] == facts["sparsity_layer_max"] == 0.5


@pytest.mark.parametrize("pruning", ENCODERS, ids=lambda pruning: type(pruning).__name__)
def test_an_encoder_without_weights_cannot_be_pruned(pruning):
    with pytest.raises(UserError) as caught:
        pruning.start(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), Horizon(10, 0))
    assert str(caught.value) == (
        "Sequential: of='encoder' leaves no weight to prune, since all weights are those of its "
        "head '1'; choose of='model', or a model with layers before its head"
    )


def test_pruning_a_model_that_is_sparse_already_has_no_effect():
    model = two_layers()
    once = OneShotPruning(sparsity=0.5)
    once.start(model, Horizon(0, 0)).finish()
    with pytest.raises(NoEffectError) as caught:
        once.start(model, Horizon(0, 0)).finish()
    assert str(caught.value) == (
        "OneShotPruning(sparsity=0.5, finetune=None, scope='global', of='model') set no weight to "
        "zero; ask for a higher sparsity or train for longer"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MagnitudePruning(sparsity=1.0),
            "MagnitudePruning(sparsity=1.0): the share of weights to remove, at least 0 and below "
            "1",
        ),
        (
            lambda: OneShotPruning(sparsity=0.5, scope="row"),
            "OneShotPruning(scope='row'): choose 'layer' (the same share of each) or 'global'",
        ),
        *(
            (
                lambda pruning=pruning: pruning(sparsity=0.5, of="head"),
                f"{pruning.__name__}(of='head'): choose 'model' (all weights) or 'encoder' (all "
                "but the head's)",
            )
            for pruning in (MagnitudePruning, RandomPruning, OneShotPruning)
        ),
        (
            lambda: MagnitudePruning(sparsity=0.5, begin=0.7),
            "MagnitudePruning(begin=0.7, end=0.6): both are fractions of training, begin before "
            "end",
        ),
        (
            lambda: RandomPruning(sparsity=0.5, every=0),
            "RandomPruning(every=0): the time between two masks is a fraction of training",
        ),
        (
            lambda: MagnitudePruning(sparsity=0.5, end=0.9),
            "MagnitudePruning(end=0.9): after the last mask at least 20% of training must be left, "
            "or high sparsities collapse (the reference sweep of 2110.03036); set end=0.8 or "
            "lower, or recovery=0 to repeat a published schedule",
        ),
    ],
)
def test_descriptions_that_cannot_be_meant_are_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("finetune", "who"),
    [
        (PROBE, "it"),
        (Phases(("probe", PROBE)), "its first phase 'probe'"),
        (Phases(("probe", PROBE), ("more", WHOLE)), "its first phase 'probe'"),
        (Phases(("out", Phases(("in", PROBE))), ("more", WHOLE)), "its first phase 'in'"),
    ],
)
def test_a_finetuning_that_would_prune_nothing_is_refused(finetune, who):
    with pytest.raises(ValueError) as caught:
        OneShotPruning(0.9, finetune)
    assert str(caught.value) == (
        f"OneShotPruning(finetune={finetune!r}): {who} does not have the site 'weights', so no "
        "weight would be removed; begin with a phase that trains the pruned layers, as in "
        "Phases(('finetune', Supervised(...)), ('probe', LinearProbe(...)))"
    )


@pytest.mark.parametrize(
    "finetune",
    [
        Phases(("first", WHOLE), ("more", WHOLE)),
        Phases(("first", WHOLE), ("probe", PROBE), ("more", Contrastive(RECIPE))),
        Phases(("out", Phases(("first", WHOLE), ("more", WHOLE))), ("probe", PROBE)),
    ],
)
def test_a_finetuning_that_would_let_removed_weights_grow_again_is_refused(finetune):
    with pytest.raises(ValueError) as caught:
        OneShotPruning(0.9, finetune)
    assert str(caught.value) == (
        f"OneShotPruning(finetune={finetune!r}): its phase 'more' trains the pruned layers after "
        "the mask of the first phase is gone, so removed weights would grow again; after the first "
        "phase train the head alone (LinearProbe), or train all in the first"
    )


@pytest.mark.parametrize(
    "finetune",
    [
        None,
        RECIPE,
        WHOLE,
        Phases(("first", Contrastive(RECIPE)), ("probe", PROBE)),
        Phases(("out", Phases(("first", WHOLE), ("probe", PROBE))), ("probe", PROBE)),
    ],
)
def test_a_finetuning_that_keeps_the_mask_is_allowed(finetune):
    assert OneShotPruning(0.9, finetune).finetune == finetune


def test_a_published_schedule_without_recovery_can_be_asked_for():
    assert (
        run_through(MagnitudePruning(sparsity=0.5, end=1.0, recovery=0), two_layers()).facts[
            "sparsity"
        ]
        == 0.5
    )
