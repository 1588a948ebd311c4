"""Weights on the way are those that the network answered with then."""

import torch
from safetensors.torch import load

from blobs import Blobs
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.site import weight_layers
from undertow.lab.interventions.weights import FixedMask
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Snapshots, Trace
from undertow.lab.probes.probe import Size
from undertow.lab.probes.trace import values_of
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.member import build_member
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

MODEL = MLP((8,))
RECIPE = Recipe(epochs=3, batch=16, lr=0.05)


def test_a_masked_snapshot_loads_into_the_plain_model_and_answers_as_then():
    data = resident(Blobs(train=40).load())
    population = Population("dense", Blobs(train=40), MODEL, RECIPE, 1)
    seeds = population.seeds.member("dense", 0)
    model = build_member(population, seeds, data, None)
    active = tuple(w.numel() // 4 for w in weight_layers(model).values())
    probing = Probing([Snapshots((1, 3)), Trace(clean=True)])
    given = Given(data, [model], [seeds], (FixedMask(active),))
    drive(Supervised(RECIPE), given, probing=probing)
    (kept,) = probing.kept_M
    loss_NE = kept.probed.per_example["trace-clean"]["loss"].to_numpy()
    for epoch in (1, 3):
        plain = MODEL.build((1, 8, 8), 3)
        plain.load_state_dict(load(kept.snapshots[epoch]))
        assert [int(w.count_nonzero()) for w in weight_layers(plain).values()] == list(active)
        with torch.no_grad():
            loss_N = values_of(plain.eval()(data.train_x_NCHW), data.train_y_N).loss
        torch.testing.assert_close(
            torch.tensor(loss_NE[:, epoch - 1]).float(), loss_N, rtol=2e-3, atol=1e-4
        )


def test_it_says_what_it_keeps():
    assert Snapshots((1, 2)).kept_bytes(Size(9, 9, 3, 1000), 5) == 2000
