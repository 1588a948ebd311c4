"""The gradient of ``Flatten``: torch's numbers, in the order of memory of what was flattened."""

import pytest
import torch
from torch import nn

from undertow.lab.models.flatten import Flatten

LAST, FIRST = torch.channels_last, torch.contiguous_format


def gradient(flatten, memory):
    x_BCHW = (
        torch.arange(2 * 3 * 4 * 4.0)
        .reshape(2, 3, 4, 4)
        .contiguous(memory_format=memory)
        .requires_grad_()
    )
    inner_BCHW = x_BCHW * 1.0
    flat = flatten(inner_BCHW)
    (gradient_BCHW,) = torch.autograd.grad((flat * torch.arange(48.0)).sum(), inner_BCHW)
    return flat, gradient_BCHW


@pytest.mark.parametrize("memory", [LAST, FIRST])
def test_it_has_torchs_numbers_in_the_order_of_its_input(memory):
    flat, got = gradient(Flatten(), memory)
    plain, expected = gradient(nn.Flatten(), memory)
    assert torch.equal(flat, plain)
    assert torch.equal(got, expected)
    assert got.is_contiguous(memory_format=memory)


def test_torchs_own_comes_back_channels_first():
    _, got = gradient(nn.Flatten(), LAST)
    assert not got.is_contiguous(memory_format=LAST)


def test_it_leaves_evaluation_alone():
    _, got = gradient(Flatten().eval(), LAST)
    assert not got.is_contiguous(memory_format=LAST)
