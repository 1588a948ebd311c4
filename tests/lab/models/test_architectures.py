import math

import pytest
import torch

from undertow.lab.models import MLP, ResNet, SmallCNN, ThreeBlockCNN, WideResNet

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32)]
MODELS = [
    MLP(),
    MLP(hidden=()),
    MLP(hidden=(48, 48)),
    SmallCNN(width=4),
    ThreeBlockCNN((4, 6, 8), hidden=5),
    ResNet(depth=8, width=4),
    WideResNet(depth=10, widen=1),
    WideResNet(depth=10, widen=1, stem=4, stride=2),
]


def parameters(model, shape_CHW=(3, 32, 32), classes=10):
    return sum(parameter.numel() for parameter in model.build(shape_CHW, classes).parameters())


@pytest.mark.parametrize(
    ("depth", "count", "published"),
    # Published: He et al. 2016, table 6, in millions.
    [
        (20, 269_722, 0.27),
        (32, 464_154, 0.46),
        (44, 658_586, 0.66),
        (56, 853_018, 0.85),
        (110, 1_727_962, 1.7),
    ],
)
def test_resnet_has_the_published_size(depth, count, published):
    assert parameters(ResNet(depth)) == count
    assert abs(count / 1e6 - published) < 0.03


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("depth", "widen", "published"),
    # Published: Zagoruyko and Komodakis 2016, tables 4 and 5, in millions.
    [(16, 2, 0.7), (40, 4, 8.9), (16, 8, 11.0), (28, 10, 36.5)],
)
def test_wide_resnet_has_the_published_size(depth, widen, published):
    assert abs(parameters(WideResNet(depth, widen)) / 1e6 - published) < 0.05


def test_wide_resnet_16_2_has_the_stated_size():
    assert parameters(WideResNet()) == 691_674


def test_a_narrow_stem_makes_every_stage_narrower():
    # the stem; stages of 1, 2 and 4 times its filters, all but the first with a shortcut; norms
    stem, convolutions = 9 * 5, 9 * (2 * 25 + 50 + 100 + 200 + 400) + 50 + 200
    norms, head = 2 * (2 * 5 + 5 + 10 + 10 + 20 + 20), 20 * 10 + 10
    made = WideResNet(depth=10, widen=1, stem=5).build((1, 28, 28), 10)
    assert sum(p.numel() for p in made.parameters()) == stem + convolutions + norms + head


def test_a_stem_that_strides_halves_every_map():
    made = WideResNet(depth=10, widen=1, stem=4, stride=2).build((1, 28, 28), 10)
    assert [tuple(made[:n](torch.zeros(1, 1, 28, 28)).shape[2:]) for n in (1, 2, 3, 4)] == [
        (14, 14), (14, 14), (7, 7), (4, 4),
    ]  # fmt: skip


@pytest.mark.parametrize(("depth", "width"), [(8, 3), (14, 16), (20, 32)])
def test_resnet_size_by_formula(depth, width):
    n = (depth - 2) // 6
    stem = 3 * 9 * width + 2 * width
    stages = 0
    for stage in range(3):
        leaving = width * 2**stage
        entering = width if stage == 0 else leaving // 2
        stages += 9 * entering * leaving + (2 * n - 1) * 9 * leaving**2 + 2 * n * 2 * leaving
    assert parameters(ResNet(depth, width)) == stem + stages + (4 * width + 1) * 10


@pytest.mark.parametrize(("depth", "widen"), [(10, 1), (16, 4), (22, 3)])
def test_wide_resnet_size_by_formula(depth, widen):
    n, total, entering = (depth - 4) // 6, 3 * 9 * 16, 16
    for stage in range(3):
        leaving = 16 * 2**stage * widen
        total += (
            2 * entering + 9 * entering * leaving + (2 * n - 1) * (9 * leaving**2 + 2 * leaving)
        )
        total += entering * leaving if (stage > 0 or entering != leaving) else 0
        entering = leaving
    assert parameters(WideResNet(depth, widen)) == total + 2 * entering + (entering + 1) * 10


def test_mlp_and_small_cnn_size_by_formula():
    assert parameters(MLP(hidden=(128, 32)), (1, 28, 28)) == 785 * 128 + 129 * 32 + 33 * 10
    assert (
        parameters(SmallCNN(16), (1, 28, 28)) == 9 * 16 + 32 + 16 * 9 * 32 + 64 + (32 * 49 + 1) * 10
    )


@pytest.mark.parametrize(("norm", "each"), [(True, 2), (False, 1)])
def test_three_blocks_have_norms_or_biases(norm, each):
    filters = 9 * (16 + 16 * 32 + 32 * 32)
    head = 33 * 32 + 33 * 10
    counted = parameters(ThreeBlockCNN(norm=norm), (1, 28, 28))
    assert counted == filters + each * (16 + 32 + 32) + head


def test_three_blocks_halve_the_map_three_times_and_drop_features_in_training_alone():
    network = ThreeBlockCNN((2, 3, 4), dropout=0.5).build((1, 28, 28), 3)
    x_BCHW = torch.randn(2, 1, 28, 28)
    maps = [tuple(network[: 4 * n](x_BCHW).shape[1:]) for n in (1, 2, 3)]
    assert maps == [(2, 14, 14), (3, 7, 7), (4, 3, 3)]
    assert not torch.equal(network(x_BCHW), network(x_BCHW))
    network.eval()
    assert torch.equal(network(x_BCHW), network(x_BCHW))


@pytest.mark.heavy
@pytest.mark.parametrize("shape_CHW", SHAPES, ids=str)
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_every_model_takes_every_input_size_and_learns(model, shape_CHW):
    torch.manual_seed(0)
    network = model.build(shape_CHW, 3)
    x_BCHW, label_B = torch.randn(12, *shape_CHW), torch.arange(12) % 3
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    losses = []
    for _ in range(8):
        loss = torch.nn.functional.cross_entropy(network(x_BCHW), label_B)
        optimizer.zero_grad()
        loss.backward()
        assert all(
            parameter.grad is not None and parameter.grad.any()
            for parameter in network.parameters()
        )
        optimizer.step()
        losses.append(loss.item())
    assert network(x_BCHW).shape == (12, 3)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_current_generator_decides_the_weights(model):
    def weights(seed):
        torch.manual_seed(seed)
        return torch.cat(
            [parameter.detach().flatten() for parameter in model.build((1, 8, 8), 10).parameters()]
        )

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_repr_evaluates_to_an_equal_object(model):
    assert eval(repr(model)) == model


def test_weights_have_the_spread_of_he_and_biases_are_zero():
    torch.manual_seed(0)
    first, last = (
        layer for layer in MLP(hidden=(400,)).build((1, 28, 28), 500) if hasattr(layer, "weight")
    )
    assert first.weight.std().item() == pytest.approx(math.sqrt(2 / 784), rel=0.02)
    assert last.weight.std().item() == pytest.approx(math.sqrt(1 / 400), rel=0.02)
    assert not first.bias.any()


def test_option_a_shortcut_subsamples_and_pads_with_zeros():
    network = ResNet(depth=8, width=2).build((1, 8, 8), 3)
    block = next(
        module
        for module in network
        if getattr(module, "stride", 1) == 2 and hasattr(module, "shortcut")
    )
    x_BCHW = torch.arange(32.0).reshape(1, 2, 4, 4)
    passed = block.shortcut(x_BCHW)
    assert torch.equal(passed[:, :2], x_BCHW[:, :, ::2, ::2])
    assert passed.shape == (1, 4, 2, 2)
    assert not passed[:, 2:].any()


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    network = WideResNet(depth=10, widen=1, dropout=0.5).build((1, 8, 8), 3)
    x_BCHW = torch.randn(4, 1, 8, 8)
    assert not torch.equal(network(x_BCHW), network(x_BCHW))
    network.eval()
    assert torch.equal(network(x_BCHW), network(x_BCHW))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ThreeBlockCNN(dropout=1),
            "ThreeBlockCNN(widths=(16, 32, 32), norm=True, hidden=32, dropout=1): dropout is a "
            "share, from 0 to below 1",
        ),
        (
            lambda: ThreeBlockCNN().build((1, 28, 7), 10),
            "ThreeBlockCNN halves the image three times; 28 × 7 pixels are too few, 8 × 8 the "
            "least",
        ),
        (
            lambda: ResNet(depth=18),
            "ResNet(depth=18): depth is 6n + 2, such as 8, 14, 20, 32, 44, 56 or 110",
        ),
        (
            lambda: WideResNet(depth=20),
            "WideResNet(depth=20): depth is 6n + 4, such as 10, 16, 22, 28 or 40",
        ),
        (
            lambda: WideResNet(dropout=1.0),
            "WideResNet(depth=16, widen=2, dropout=1.0, stem=16, stride=1): widen, stem and stride "
            "are at least 1, dropout at least 0 and below 1",
        ),
        *(
            (
                lambda size=size: WideResNet(10, 1, **{size: 0}),
                f"WideResNet(depth=10, widen=1, dropout=0.0, stem={0 if size == 'stem' else 16}, "
                f"stride={0 if size == 'stride' else 1}): widen, stem and stride are at least 1, "
                "dropout at least 0 and below 1",
            )
            for size in ("stem", "stride")
        ),
        (
            lambda: SmallCNN().build((1, 3, 8), 2),
            "SmallCNN halves the image twice; 3 × 8 pixels are too few, 4 × 4 the least",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
