"""The probe against the formulas on features by hand."""

import pytest
import torch

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.probes import QScore
from undertow.lab.probes.q_scores import active, discriminative, q_mid, q_v1, q_v6
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given


@pytest.fixture(scope="module")
def data():
    return resident(Blobs().load())


@pytest.mark.parametrize("part", ["train", "test"])
@torch.no_grad()
def test_it_is_of_the_last_layer_before_the_logits(part, data):
    torch.manual_seed(0)
    model = MLP((40, 30)).build(data.shape_CHW, data.classes)
    probing = Probing((QScore(part=part, over=1.5),))
    given = Given(data, [model], [SeedPlan().member("dense", 0)])
    with torch.enable_grad():
        drive(Supervised(Recipe(epochs=2, batch=16, lr=0.05)), given, probing=probing)
    train = model[:-1](data.train_batch(torch.arange(len(data.train_y_N))))
    h = train if part == "train" else model[:-1](torch.cat(list(data.test_batches(512))))
    counted = discriminative(active(train, 1.5).double().mean(0))
    frame = probing.kept_M[0].probed.per_example[QScore(part=part).name]
    for name, expected in (
        ("q_v1", q_v1(h)),
        ("q_v1_unit", q_v1(h / h.norm(dim=1, keepdim=True))),
        ("q_mid", q_mid(h)),
        ("q_v6", q_v6(h, counted, 1.5)),
    ):
        found = torch.from_numpy(frame[name].to_numpy()[:, 0].copy())
        torch.testing.assert_close(found, expected, equal_nan=True)
    assert 2 < counted.sum() < 30


def test_features_of_images_are_means_over_pixels(data):
    model = SmallCNN(4).build(data.shape_CHW, data.classes)
    run = QScore(site="0").start(Given(data, [model], [{}]), 1)
    h = model[0](torch.cat(list(data.test_batches(512)))).mean((2, 3)).detach()
    answers = run.ask(model, 0)
    torch.testing.assert_close(answers["q_v1"].detach(), q_v1(h), equal_nan=True)
    assert answers["q_v1"].shape == (30,)


def test_a_model_of_one_layer_is_refused(data):
    model = MLP(()).build(data.shape_CHW, data.classes)
    with pytest.raises(UserError) as caught:
        QScore().start(Given(data, [model], [{}]), 1)
    assert str(caught.value) == (
        "QScore(part='test', site='', over=4.0): the model has one layer, and no representation "
        "before it; leave QScore out"
    )
