"""The facts table of torch's own pruning (measured on torch 2.13), turned into what ours must do
instead.

Where torch's behaviour is what a person would expect, it is shown beside ours.
"""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning
from undertow.lab.interventions.weights._masks import MaskedWeights, magnitude_mask

ONCE = Horizon(steps=0, seed=0)


class Tied(nn.Module):
    """An embedding whose matrix is also the output layer's."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 6)
        self.middle = nn.Linear(6, 6)
        self.head = nn.Linear(6, 12, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, token_B):
        return self.head(torch.relu(self.middle(self.embed(token_B))))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.out = nn.Linear(8, 3)

    def forward(self, x_BTD):
        return self.out(self.attend(x_BTD, x_BTD, x_BTD)[0].mean(1))


def zeros(weight):
    return (weight == 0).float().mean().item()


def halved(model):
    """Mask half of each layer and keep the masks on, as during training."""
    masked = MaskedWeights(model)
    masked.set([magnitude_mask(weight, 0.5) for weight in masked.masters.values()])
    return masked


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_tied_weights_torch_leaves_the_head_dense():
    model = Tied()
    prune.l1_unstructured(model.embed, "weight", 0.5)
    assert (zeros(model.embed.weight), zeros(model.head.weight)) == (0.5, 0.0)


def test_tied_weights_stay_tied_and_are_counted_once():
    model = Tied()
    masked = halved(model)
    assert list(masked.masters) == ["embed.weight", "middle.weight"]
    assert (zeros(model.embed.weight), zeros(model.head.weight)) == (0.5, 0.5)
    token_B = torch.arange(12)
    step(model, torch.optim.Adam(model.parameters(), lr=0.1), token_B, token_B)
    assert torch.equal(model.embed.weight, model.head.weight)
    effect = masked.bake("halved")
    assert model.embed.weight is model.head.weight
    assert effect.changed == 36 + 18
    assert effect.facts == {
        "sparsity": 0.5,
        "sparsity_all": 54 / (72 + 36 + 6),
        "sparsity_layer_max": 0.5,
    }


def test_repeated_amounts_torch_takes_of_what_remains_ours_is_absolute():
    layer = nn.Linear(10, 10)
    for _ in range(3):
        prune.l1_unstructured(layer, "weight", 0.2)
    assert zeros(layer.weight) == pytest.approx(0.49, abs=0.01)
    ours = nn.Linear(10, 10)
    masked = MaskedWeights(ours)
    for _ in range(3):
        masked.set([magnitude_mask(masked.masters["weight"], 0.2)])
    assert zeros(ours.weight) == pytest.approx(0.2)


@pytest.mark.parametrize("built", ["before", "after"])
def test_an_optimizer_may_be_built_before_or_after(built):
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1) if built == "before" else None
    masked = halved(model)
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=0.1)
    before = [weight.detach().clone() for weight in masked.masters.values()]
    step(model, optimizer, torch.randn(9, 6), torch.arange(9) % 3)
    kept = [mask.keep for mask in masked.masks.values()]
    for weight, old, keep in zip(masked.masters.values(), before, kept, strict=True):
        assert (weight[keep] != old[keep]).any()
    masked.bake("halved")
    assert [zeros(model[0].weight), zeros(model[2].weight)] == [0.5, 0.5]


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        lambda p: torch.optim.Adam(p, lr=0.1),
        lambda p: torch.optim.AdamW(p, lr=0.1),
    ],
)
def test_masked_weights_get_no_gradient_and_stay_zero_while_their_masters_drift(optimizer):
    layer = nn.Linear(6, 4)
    x, y = torch.randn(9, 6), torch.arange(9) % 4
    running = optimizer(layer.parameters())
    step(layer, running, x, y)
    masked = halved(layer)
    master, keep = masked.masters["weight"], masked.masks["weight"].keep
    before = master.detach().clone()
    step(layer, running, x, y)
    assert (master.grad[~keep] == 0).all()
    assert (master[~keep] != before[~keep]).any()
    assert (layer.weight[~keep] == 0).all()


def test_zeros_torch_loses_them_with_one_more_step_after_remove():
    layer = nn.Linear(6, 4)
    x, y = torch.randn(9, 6), torch.arange(9) % 4
    prune.l1_unstructured(layer, "weight", 0.5)
    prune.remove(layer, "weight")
    step(layer, torch.optim.Adam(layer.parameters(), lr=0.1), x, y)
    assert zeros(layer.weight) == 0.0


def test_zeros_hold_through_training_after_the_last_mask():
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3))
    run = MagnitudePruning(sparsity=0.5, every=0.1).start(model, Horizon(10, seed=0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for number in range(10):
        step(model, optimizer, torch.randn(9, 6), torch.arange(9) % 3)
        run.after_step(number)
        if number >= 5:
            assert [zeros(model[0].weight), zeros(model[2].weight)] == [0.5, 0.5]
    assert run.finish().facts["sparsity"] == 0.5
    assert [zeros(model[0].weight), zeros(model[2].weight)] == [0.5, 0.5]


def test_deepcopy_torch_refuses():
    layer = nn.Linear(6, 4)
    prune.l1_unstructured(layer, "weight", 0.5)
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(layer)


def test_deepcopy_gives_an_independent_masked_model():
    model = Tied()
    masked = halved(model)
    twin = copy.deepcopy(model)
    token_B = torch.arange(12)
    step(twin, torch.optim.Adam(twin.parameters(), lr=0.1), token_B, token_B)
    assert (zeros(twin.embed.weight), zeros(twin.head.weight)) == (0.5, 0.5)
    assert torch.equal(twin.embed.weight, twin.head.weight)
    assert not torch.equal(twin.embed.weight, model.embed.weight)
    masked.set([torch.ones_like(mask.keep) for mask in masked.masks.values()])
    assert zeros(twin.embed.weight) == 0.5


def test_attention_output_torch_dies_at_the_second_step():
    model = Attention()
    prune.l1_unstructured(model.attend.out_proj, "weight", 0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(6, 5, 8), torch.arange(6) % 3
    step(model, optimizer, x, y)
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        step(model, optimizer, x, y)


def test_attention_output_trains_and_keeps_its_zeros():
    model = Attention()
    masked = halved(model)
    assert list(masked.masters) == ["attend.in_proj_weight", "attend.out_proj.weight", "out.weight"]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    before = model.attend.out_proj.weight.detach().clone()
    x, y = torch.randn(6, 5, 8), torch.arange(6) % 3
    for _ in range(3):
        step(model, optimizer, x, y)
    assert not torch.equal(model.attend.out_proj.weight, before)
    assert zeros(model.attend.out_proj.weight) == 0.5
    trained = model.eval()(x)
    masked.bake("halved")
    assert torch.equal(model(x), trained)
    assert zeros(model.attend.in_proj_weight) == zeros(model.attend.out_proj.weight) == 0.5


def test_a_fused_encoder_layer_in_eval_sees_the_masks():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0).eval()
    x = torch.randn(2, 4, 8)
    dense = layer(x)
    masked = halved(layer)
    during = layer(x)
    masked.bake("halved")
    assert not torch.allclose(during, dense)
    torch.testing.assert_close(layer(x), during)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), during.detach())


def test_state_dict_names_torch_changes_them_ours_are_plain_again_after_finish():
    model = nn.Sequential(nn.Linear(6, 4))
    plain = set(model.state_dict())
    theirs = copy.deepcopy(model)
    prune.l1_unstructured(theirs[0], "weight", 0.5)
    assert set(theirs.state_dict()) == {"0.weight_orig", "0.weight_mask", "0.bias"}
    OneShotPruning(sparsity=0.5).start(model, ONCE).finish()
    assert set(model.state_dict()) == plain
    fresh = nn.Sequential(nn.Linear(6, 4))
    fresh.load_state_dict(model.state_dict())
    assert type(model[0]) is nn.Linear
    assert zeros(fresh[0].weight) == 0.5


def test_fraction_rounding_torch_gives_four_of_nine_ours_five():
    theirs, ours = nn.Linear(3, 3), nn.Linear(3, 3)
    prune.l1_unstructured(theirs, "weight", 0.5)
    OneShotPruning(sparsity=0.5).start(ours, ONCE).finish()
    assert int((theirs.weight == 0).sum()) == 4
    assert int((ours.weight == 0).sum()) == 5
