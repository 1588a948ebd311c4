"""Which product a sparse layer calls: with its matrix on the left, or torch's own linear layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from undertow.lab.lottery.cells import CSR, CSR_LINEAR, engines
from undertow.lab.lottery.sparse import in_csr


class Called(Exception):
    """torch's own linear layer was called."""


def refuse(*given: object) -> None:
    raise Called


@pytest.fixture(params=[True, False], ids=["bias", "no bias"])
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5, bias=request.param), nn.ReLU())


def test_a_matrix_on_the_left_is_no_linear_layer(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.randn(3, 6)
    left, as_linear = in_csr(network, 0.0), in_csr(network, 0.0, as_linear=True)
    with torch.no_grad():
        answer = network(x)
    torch.testing.assert_close(left.logits(x), answer)
    torch.testing.assert_close(as_linear.logits(x), answer)
    monkeypatch.setattr(torch.nn.functional, "linear", refuse)
    torch.testing.assert_close(left.logits(x), answer)
    with pytest.raises(Called):
        as_linear.logits(x)


def test_of_a_studys_engines_one_puts_it_on_the_left_and_one_does_not(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.randn(3, 6)
    left, as_linear = (engines()[name].build(network, x, x) for name in (CSR, CSR_LINEAR))
    monkeypatch.setattr(torch.nn.functional, "linear", refuse)
    assert left.logits(x).shape == (3, 5)
    with pytest.raises(Called):
        as_linear.logits(x)
