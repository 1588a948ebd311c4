import pytest
import torch
from torch import nn

from undertow.errors import UserError
from undertow.lab.models import MLP, DeepMLP, ResNet, SmallCNN, ThreeBlockCNN, WideResNet
from undertow.lab.models.head import entering, head_of, is_of_head

MODELS = [MLP((8,)), DeepMLP(8), SmallCNN(4), ThreeBlockCNN(), ResNet(8, 4), WideResNet(10, 1)]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_last_layer_of_each_model_is_its_head(model):
    built = model.build((1, 8, 8), 3).eval()
    head = built.get_submodule(head_of(built))
    assert head is list(built.children())[-1]
    x_BCHW = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with entering(built, head_of(built)) as kept:
        logits_BC = built(x_BCHW)
    assert kept[0].shape == (5, head.in_features)
    assert torch.equal(head(kept[0]), logits_BC)
    assert not head._forward_pre_hooks


class Named(nn.Module):
    """A model whose last layer is another one than its head."""

    def __init__(self, head):
        super().__init__()
        if isinstance(head, str):
            self.head = head
        else:
            self.head = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3))
        self.classify, self.aside = nn.Linear(4, 3), nn.Linear(4, 2)


def test_a_model_says_which_of_its_layers_is_its_head():
    assert head_of(Named("classify")) == "classify"
    assert head_of(Named(None)) == "head.2"


def test_parameters_of_the_head_begin_with_its_name():
    assert is_of_head("1.weight", "1")
    assert is_of_head("1.parametrizations.weight.original", "1")
    assert not is_of_head("10.weight", "1")


@pytest.mark.parametrize(
    "model", [nn.Sequential(nn.Conv2d(1, 3, 8), nn.Flatten()), nn.Linear(4, 3)]
)
def test_a_model_without_a_head_is_refused(model):
    with pytest.raises(UserError) as caught:
        head_of(model)
    assert str(caught.value) == (
        f"{type(model).__name__}: has no linear layer inside, so nothing that could be its head; "
        "give it an attribute head with the layer that turns features into logits"
    )


class Twice(nn.Module):
    def __init__(self, calls):
        super().__init__()
        self.calls, self.last = calls, nn.Linear(4, 3)

    def forward(self, x):
        return sum((self.last(x) for _ in range(self.calls)), torch.zeros(()))


@pytest.mark.parametrize(
    ("calls", "shape", "said"),
    [(0, (5, 4), "nothing"), (2, (5, 4), "(5, 4) and (5, 4)"), (1, (5, 2, 4), "(5, 2, 4)")],
)
def test_features_that_are_not_one_row_for_each_image_are_refused(calls, shape, said):
    model = Twice(calls)
    with pytest.raises(UserError) as caught, entering(model, "last"):
        model(torch.zeros(shape))
    assert str(caught.value) == (
        f"Twice: {said} entered its head 'last' in a forward pass; features are one tensor with a "
        "row for each image. If another layer turns them into logits, give the model an attribute "
        "head with that layer"
    )
    assert not model.last._forward_pre_hooks
