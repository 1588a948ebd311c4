"""Counts, activations and shortcuts of the deep fully connected network."""

import math
import re

import pytest
import torch

from undertow.lab.interventions.site import Horizon, weight_layers
from undertow.lab.interventions.weights import FixedMask
from undertow.lab.models import DeepMLP
from undertow.lab.models.deep_mlp import SReLU

SHAPE = (1, 28, 28)


def counts(model):
    return [w.numel() for w in weight_layers(model).values()]


def test_its_weights_are_those_of_its_formula():
    model = DeepMLP(26, depth=4).build(SHAPE, 10)
    assert counts(model) == [784 * 26, 26**2, 26**2, 26**2, 260]


def test_a_pair_of_one_capacity_has_equal_active_weights_in_each_layer():
    """Dense widths 308, 923 … of 3,076 on 32 × 32 × 3 have the densities that the paper's figures
    imply; here 26, 77 and 154 of 256."""
    for width in (26, 77, 154):
        mask = FixedMask.like(DeepMLP(width), SHAPE, 10)
        wide = DeepMLP(256).build(SHAPE, 10)
        mask.start(wide, Horizon(1, seed=0))
        active = [int(m.keep.sum()) for m in wide.modules() if hasattr(m, "keep")]
        assert active == counts(DeepMLP(width).build(SHAPE, 10))
    wide = 3072 * 3076, 3076**2
    dense = FixedMask.like(DeepMLP(308), (3, 32, 32), 100).active
    assert dense[:2] == (946_176, 94_864)
    assert dense[-1] == 30_800
    assert [round(a / w, 3) for a, w in zip(dense, wide, strict=False)] == [0.1, 0.01]


def test_a_pair_does_not_draw_from_the_generator_of_its_caller():
    before = torch.random.get_rng_state()
    FixedMask.like(DeepMLP(8), SHAPE, 10)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_srelu_has_three_slopes():
    x = torch.tensor([[-1.4, -0.4, 0.0, 0.4, 1.4]])
    expected = [[-0.4 - 0.4 * 1.0, -0.4, 0.0, 0.4, 0.4 + 2.0 * 1.0]]
    torch.testing.assert_close(SReLU(5)(x), torch.tensor(expected))


@pytest.mark.parametrize(
    ("activation", "at_minus_one"),
    [
        ("relu", 0.0),
        ("prelu", -0.25),
        ("elu", math.exp(-1) - 1),
        ("swish", -1 / (1 + math.e)),
        ("srelu", -0.4 - 0.4 * 0.6),
        ("sigmoid", 1 / (1 + math.e)),
    ],
)
def test_each_activation_is_the_one_it_is_called(activation, at_minus_one):
    bend = DeepMLP(3, activation=activation)._bend()
    assert bend(torch.full((1, 3), -1.0)).flatten()[0].item() == pytest.approx(at_minus_one)


def test_with_shortcuts_a_layer_that_says_nothing_passes_its_input_on():
    model = DeepMLP(8, depth=3, skip=True).build(SHAPE, 2).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "inside" in name:
                parameter.zero_()
        x = torch.randn(4, *SHAPE)
        first = model[2](model[1](model[0](x)))
        torch.testing.assert_close(model(x), model[-1](first))


def test_an_activation_that_is_none_is_refused():
    with pytest.raises(ValueError) as caught:
        DeepMLP(8, activation="gelu")
    assert re.fullmatch(
        r"DeepMLP\(width=8, .*activation='gelu'.*\): there is no such activation; choose from "
        r"relu, prelu, elu, swish, srelu, sigmoid",
        str(caught.value),
    )


@pytest.mark.parametrize(("width", "left"), [(308, 1.07e-4), (1538, 6.5e-2), (2768, 0.63)])
@pytest.mark.heavy
def test_from_the_dense_distribution_a_sparse_signal_fades_by_its_widths_to_the_depth(width, left):
    """(W/N)⁴ of the dense variance after four layers; the fan-in of active weights keeps it."""
    wide, shape = 3076, (3, 32, 32)
    x = torch.randn(64, *shape)
    larger = (wide / width) ** 0.5
    variances = []
    for scale in ((1.0, larger, larger, larger, larger), "active"):
        torch.manual_seed(0)
        model = DeepMLP(wide).build(shape, 100)
        FixedMask.like(DeepMLP(width), shape, 100, scale).start(model, Horizon(1, seed=1))
        with torch.no_grad():
            variances.append(model[:-1](x).var().item())
    torch.manual_seed(0)
    with torch.no_grad():
        dense = DeepMLP(width).build(shape, 100)[:-1](x).var().item()
    assert variances[0] / dense == pytest.approx(left, rel=0.25)
    assert (width / wide) ** 4 == pytest.approx(left, rel=0.1)
    assert variances[1] / dense == pytest.approx(1, rel=0.35)
