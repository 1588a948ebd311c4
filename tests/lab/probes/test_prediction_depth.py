"""The probe against scikit-learn's neighbours at each layer, and what it refuses."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.models import MLP, ResNet, SmallCNN
from undertow.lab.probes import PredictionDepth
from undertow.lab.probes.representations import layers_of_a_sequence, representation
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given

RECIPE = Recipe(epochs=2, batch=16, lr=0.05)


@pytest.fixture(scope="module")
def data():
    return resident(Blobs().load())


def network(data, model=MLP((12, 8))):
    torch.manual_seed(0)
    return model.build(data.shape_CHW, data.classes)


def found_of(probe, data, model):
    probing = Probing((probe,))
    given = Given(data, [model], [SeedPlan().member("dense", 0)])
    drive(Supervised(RECIPE), given, probing=probing)
    return probing.kept_M[0].probed.per_example[probe.name]


@torch.no_grad()
def by_scikit(data, model, part, k, sites):
    """Classes by the neighbours at the input, after each site and at the softmax."""
    x = {p: torch.cat(list(b)) for p, b in (
        ("train", [data.train_batch(torch.arange(len(data.train_y_N)))]),
        ("test", data.test_batches(512)),
    )}  # fmt: skip
    classes = []
    for site in ("input", *sites, "softmax"):
        bank, query = (
            representation(model.eval(), site, x[p]).flatten(1).double().numpy()
            for p in ("train", part)
        )
        known = data.train_y_N.numpy()
        if part == "test":
            classes.append(KNeighborsClassifier(k).fit(bank, known).predict(query))
            continue
        one_out = []
        for n in range(len(bank)):
            rest = np.arange(len(bank)) != n
            knn = KNeighborsClassifier(k).fit(bank[rest], known[rest])
            one_out.append(knn.predict(query[n : n + 1])[0])
        classes.append(np.array(one_out))
    return np.stack(classes), model(x[part]).argmax(1).numpy()


@pytest.mark.parametrize("part", ["train", "test"])
def test_it_is_that_of_scikit_learns_neighbours(part, data):
    model = network(data)
    frame = found_of(PredictionDepth(k=7, part=part, smallest_of_tied=True), data, model)
    class_PN, final_N = by_scikit(data, model, part, 7, ("2", "4"))
    label_N = (data.train_y_N if part == "train" else data.test_y_N).numpy()
    depth, by_label = [], []
    for n, final in enumerate(final_N):
        depth.append(next(d for d in range(5) if (class_PN[d:, n] == final).all()))
        layers = class_PN[1:-1, n]
        by_label.append(next(d for d in range(1, 4) if (layers[d - 1 :] == label_N[n]).all()))
    assert frame["depth"].to_numpy()[:, 0].tolist() == depth
    assert frame["depth_by_label"].to_numpy()[:, 0].tolist() == by_label
    assert len({*depth}) > 1


@pytest.mark.heavy
@pytest.mark.parametrize("part", ["train", "test"])
def test_by_label_it_asks_neither_the_input_nor_the_softmax(part):
    """Of labels at random all layers are wrong about some examples, the softmax too."""
    data = resident(Blobs().load())
    rng = torch.Generator().manual_seed(0)
    data.train_y_N.copy_(torch.randint(0, 3, data.train_y_N.shape, generator=rng))
    data.test_y_N.copy_(torch.randint(0, 3, data.test_y_N.shape, generator=rng))
    model = network(data)
    frame = found_of(PredictionDepth(k=7, part=part, smallest_of_tied=True), data, model)
    class_PN, final_N = by_scikit(data, model, part, 7, ("2", "4"))
    label_N = (data.train_y_N if part == "train" else data.test_y_N).numpy()
    wrong_PN = class_PN != label_N
    by_label = np.where(wrong_PN[2], 3, np.where(wrong_PN[1], 2, 1))
    depth = [4 - int(np.cumprod(says[::-1]).sum()) for says in (class_PN == final_N).T]
    assert frame["depth_by_label"].to_numpy()[:, 0].tolist() == by_label.tolist()
    assert frame["depth"].to_numpy()[:, 0].tolist() == depth
    # the softmax alone is right about some, and alone wrong about others
    assert {(a, b) for a, b in wrong_PN[2:].T} == {(a, b) for a in (0, 1) for b in (0, 1)}


def test_layers_of_the_models_that_come_with_it(data):
    shape = (3, 16, 16)
    assert layers_of_a_sequence(MLP((12, 8)).build(shape, 3), "") == ("2", "4")
    assert layers_of_a_sequence(MLP(()).build(shape, 3), "") == ()
    resnet = ResNet(8, 4).build(shape, 3)
    blocks = layers_of_a_sequence(resnet, "")
    assert [type(resnet.get_submodule(name)).__name__ for name in blocks] == [
        "ReLU", "_Block", "_Block", "Flatten",
    ]  # fmt: skip
    assert len(layers_of_a_sequence(SmallCNN(4).build(shape, 3), "")) > 1


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(64, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)).relu_())


def test_named_layers_of_any_model_before_they_are_changed_in_place(data):
    model = Own()
    found_of(PredictionDepth(k=3, sites=("first",)), data, model)
    x = data.train_batch(torch.arange(5))
    with torch.no_grad():
        first = representation(model, "first", x)
        torch.testing.assert_close(first, model.first(x.flatten(1)))
    assert (first < 0).any()


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (
            PredictionDepth(k=60),
            "PredictionDepth(k=60, part='train', sites=(), pooled=False, smallest_of_tied=False): "
            "k=60, and only 59 training examples can vote; choose a smaller k",
        ),
        (
            PredictionDepth(),
            "PredictionDepth(k=30, part='train', sites=(), pooled=False, smallest_of_tied=False): "
            "the model is no Sequential but Own, whose layers nobody listed; name them (first, "
            "last)",
        ),
        (
            PredictionDepth(sites=("second",)),
            "PredictionDepth(k=30, part='train', sites=('second',), pooled=False, "
            "smallest_of_tied=False): Own has no layer 'second'; it has first, last",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_training(probe, said, data):
    with pytest.raises(UserError) as caught:
        probe.start(Given(data, [Own()], [{}]), 2)
    assert str(caught.value) == said


def test_a_layer_without_a_tensor_is_refused(data):
    model = Own()
    model.unused = nn.Linear(2, 2)
    with pytest.raises(UserError) as caught:
        representation(model, "unused", data.train_batch(torch.arange(2)))
    assert str(caught.value) == (
        "Own: its layer 'unused' gave no tensor in a forward pass; name another (first, last, "
        "unused)"
    )
