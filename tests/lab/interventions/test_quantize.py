import pytest
import torch
from torch import nn

from undertow.errors import NoEffectError
from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.interventions.weights.quantize import quantize_symmetric, symmetric_codes

NO_TRAINING = Horizon(0, 0)


def random_weight(*shape):
    generator = torch.Generator().manual_seed(0)
    spread = 10 ** torch.randn(shape[0], generator=generator)
    return torch.randn(shape, generator=generator) * spread.reshape(-1, *[1] * (len(shape) - 1))


def test_each_row_has_its_own_levels():
    weight = torch.tensor([[1.0, 0.6, -0.2], [8.0, -4.1, 0.0]])
    codes, scale = symmetric_codes(weight, bits=3)
    assert codes.tolist() == [[3, 2, -1], [3, -2, 0]]
    assert scale.flatten().tolist() == pytest.approx([1 / 3, 8 / 3], rel=2**-16)
    codes, _ = symmetric_codes(weight, bits=3, per_channel=False)
    assert codes.tolist() == [[0, 0, 0], [3, -2, 0]]


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("shape", [(64, 48), (6, 3, 3, 3)])
def test_levels_are_few_near_and_stable(bits, per_channel, shape):
    weight = random_weight(*shape)
    codes, scale = symmetric_codes(weight, bits, per_channel)
    once = quantize_symmetric(weight, bits, per_channel)
    assert codes.abs().max() == 2 ** (bits - 1) - 1
    # half a step, and the 2**-17 by which a shortened scale may move the outermost level
    bound = scale * (0.5 + (2 ** (bits - 1)) * 2.0**-16)
    assert ((once - weight).reshape(scale.shape[0], -1).abs() <= bound).all()
    assert torch.equal(quantize_symmetric(once, bits, per_channel), once)


def test_zeros_of_a_pruned_weight_stay_and_an_empty_row_is_no_division_by_zero():
    weight = torch.tensor([[0.0, 0.0], [0.0, 7.0]])
    assert torch.equal(quantize_symmetric(weight, 4), weight)


def test_what_was_done_is_measured():
    model = nn.Sequential(nn.Linear(40, 30), nn.Linear(30, 20))
    with torch.no_grad():
        model[0].weight.copy_(random_weight(30, 40))
    bias = model[0].bias.clone()
    before = model[0].weight.clone()
    effect = WeightQuantization(bits=4).start(model, NO_TRAINING).finish()
    assert (effect.facts["bits"], effect.facts["levels"]) == (4, 15)
    assert 0.02 < effect.facts["relative_error"] < 0.2
    assert effect.changed > 1700
    assert torch.equal(model[0].bias, bias)
    assert torch.equal(model[0].weight, quantize_symmetric(before, 4))


def test_fewer_bits_move_weights_further():
    def error(bits):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = nn.Linear(40, 30)
        return (
            WeightQuantization(bits=bits).start(model, NO_TRAINING).finish().facts["relative_error"]
        )

    errors = [error(bits) for bits in (2, 3, 4, 8)]
    assert errors == sorted(errors, reverse=True)


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))
    model[1].weight = model[0].weight
    WeightQuantization(bits=3).start(model, NO_TRAINING).finish()
    assert model[1].weight is model[0].weight


def test_quantizing_twice_or_to_32_bits_has_no_effect():
    model = nn.Linear(5, 5)
    WeightQuantization(bits=8).start(model, NO_TRAINING).finish()
    for bits in (8, 32):
        with pytest.raises(NoEffectError) as caught:
            WeightQuantization(bits=bits).start(model, NO_TRAINING).finish()
        assert str(caught.value) == (
            f"WeightQuantization(bits={bits}, per_channel=True) moved no weight: all lie on its "
            "levels already; use fewer bits"
        )


def test_other_widths_are_refused():
    with pytest.raises(ValueError) as caught:
        WeightQuantization(bits=12)
    assert str(caught.value) == "WeightQuantization(bits=12): choose 2 to 8"
