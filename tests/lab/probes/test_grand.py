"""Each example's gradient against a loop over examples, in eval mode, of models vmap refuses."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import FixedMask
from undertow.lab.probes import GraNd
from undertow.lab.probes.grand import gradient_norms


def slow(model, x_BCHW, y_B):
    """One example at a time, every weight by itself."""
    found = []
    for x, y in zip(x_BCHW, y_B, strict=True):
        model.zero_grad()
        F.cross_entropy(model(x[None]), y[None]).backward()
        squares = [
            float(v) ** 2
            for p in model.parameters()
            if p.grad is not None
            for v in p.grad.flatten()
        ]
        found.append(math.sqrt(sum(squares)))
    model.zero_grad()
    return found


class Untold(nn.Module):
    """Looks at its numbers, for which ``vmap`` has no rule."""

    def forward(self, x):
        return x * 2 if float(x.detach().sum()) > 0 else x


def model(*more):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), *more, nn.Flatten(), nn.Linear(12, 3)
    ).double()  # fmt: skip


X = torch.randn(7, 2, 3, 3, generator=torch.Generator().manual_seed(1)).double()
Y = torch.tensor([0, 1, 2, 0, 1, 2, 0])


@pytest.mark.parametrize("more", [(), (nn.Dropout(0.5),), (Untold(),)])
def test_it_is_that_of_a_loop_over_examples(more):
    net = model(*more)
    net(X)  # running statistics that are not those of a fresh norm
    net.eval()
    assert gradient_norms(net, X, Y).tolist() == pytest.approx(slow(net, X, Y), rel=1e-10)


def test_what_does_not_learn_counts_for_nothing():
    net = model().eval()
    whole = gradient_norms(net, X, Y)
    net[0].requires_grad_(False)
    frozen = gradient_norms(net, X, Y)
    assert frozen.tolist() == pytest.approx(slow(net, X, Y), rel=1e-10)
    assert (frozen < whole).all()


def test_a_masked_weight_does_not_learn():
    net = model().eval()
    whole = gradient_norms(net, X, Y)
    run = FixedMask((5, 4)).start(net, Horizon(10, seed=3))
    masked = gradient_norms(net, X, Y)
    assert masked.tolist() == pytest.approx(slow(net, X, Y), rel=1e-10)
    assert not torch.allclose(masked, whole)
    run.finish()


def test_one_linear_layer_by_hand():
    """The gradient is (p − e_y) ⊗ (x, 1), so its length is EL2N times ‖(x, 1)‖."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double()
    nn.init.zeros_(net[1].weight)
    net[1].bias.data = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64).log()
    x = torch.tensor([1.0, 2.0, 2.0, 0.0]).double().reshape(1, 1, 2, 2).expand(2, 1, 2, 2)
    found = gradient_norms(net, x, torch.tensor([0, 2]))
    expected = [0.3741657387 * math.sqrt(10), 1.1575836903 * math.sqrt(10)]
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("at", [(2, 1), (0,), (1.5,)])
def test_epochs_that_cannot_be_are_refused(at):
    with pytest.raises(ValueError) as caught:
        GraNd(at=at)
    assert str(caught.value) == (
        f"GraNd(part='train', at={at}): part is 'train' or 'test', at are whole numbers that rise, "
        "from 1 on"
    )


def test_epochs_beyond_the_training_are_refused():
    with pytest.raises(ValueError) as caught:
        GraNd(at=(3,)).entry(2)
    assert str(caught.value) == (
        "GraNd(part='train', at=(3,)): the training has 2 epochs; give epochs up to that"
    )
