"""The probe against gradients by hand at the moments' own weights, masks included."""

import numpy as np
import pytest
import torch
from safetensors.torch import load

from blobs import Blobs
from undertow.lab.feeds.resident import resident
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP
from undertow.lab.probes import Snapshots, VoG
from undertow.lab.probes.vog import label_gradient
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given


@pytest.mark.parametrize("acting", [(), (MagnitudePruning(0.5, begin=0.3, end=0.8, every=0.1),)])
def test_it_is_of_the_weights_at_the_moments(acting):
    """The first moment comes before anything is masked."""
    data = resident(Blobs().load())
    torch.manual_seed(0)
    model = MLP((12,)).build(data.shape_CHW, data.classes)
    probing = Probing((VoG(moments=3), Snapshots((2, 4, 6))))
    given = Given(data, [model], [SeedPlan().member("dense", 0)], acting)
    drive(Supervised(Recipe(epochs=6, batch=16, lr=0.05)), given, probing=probing)
    (kept,) = probing.kept_M
    x = torch.cat(list(data.test_batches(512)))
    gradients = []
    for epoch in (2, 4, 6):
        plain = MLP((12,)).build(data.shape_CHW, data.classes)
        plain.load_state_dict(load(kept.snapshots[epoch]))
        gradients.append(by_hand(plain, x, data.test_y_N))
    expected = np.std(gradients, axis=0).mean(axis=(1, 2, 3))
    frame = kept.probed.per_example["vog-test"]
    np.testing.assert_allclose(frame["vog"].to_numpy()[:, 0], expected, rtol=1e-4)
    in_class = frame["vog_in_class"].to_numpy()[:, 0]
    for c in range(3):
        of_class = data.test_y_N.numpy() == c
        assert in_class[of_class].mean() == pytest.approx(0, abs=1e-3)
        assert in_class[of_class].std() == pytest.approx(1, abs=1e-3)


def by_hand(model, x, y):
    """W₂ᵀ e_y where the hidden feature is on, back through W₁."""
    first, last = model[1], model[3]
    on = (x.flatten(1) @ first.weight.T + first.bias > 0).float()
    return ((last.weight[y] * on) @ first.weight).reshape(x.shape).detach().numpy()


def test_gradients_are_of_each_examples_own_logit():
    model = MLP(()).build((1, 2, 2), 3)
    gradient = label_gradient(model, {}, torch.rand(2, 1, 2, 2), torch.tensor([2, 0]))
    torch.testing.assert_close(gradient.flatten(1), model[1].weight[[2, 0]].detach())


def test_moments_that_cannot_be_are_refused():
    with pytest.raises(ValueError) as caught:
        VoG(moments=0)
    assert str(caught.value) == (
        "VoG(moments=0, part='test'): moments is 1 or more, part is 'train' or 'test'"
    )
