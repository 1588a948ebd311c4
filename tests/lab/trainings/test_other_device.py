"""An epoch of steps on a device that is not the CPU: torch's ``meta`` device, which computes shapes
and refuses to mix with the CPU, as a GPU would. It has no numbers, so the training ends where a
loss is first read; nothing before may."""

import pytest
import torch

from trainings import train_member, train_stacked
from undertow.lab.feeds.resident import Resident
from undertow.lab.feeds.views import Blur
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.models import MLP, ResNet, SmallCNN, WideResNet
from undertow.lab.probes import trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.memory import free_memory
from undertow.lab.runner.probing import Probing
from undertow.lab.trainings import contrastive, linear_probe, supervised
from undertow.lab.trainings.noise import torchs_own
from undertow.lab.trainings.teacher import stacked_teacher
from undertow.lab.trainings.training import Given

pytestmark = pytest.mark.heavy

META = torch.device("meta")
RECIPE = Recipe(epochs=1, batch=32, flip=True, crop=2)
PLAIN = Recipe(epochs=1, batch=32)
MODELS = (MLP((16,)), SmallCNN(4), ResNet(8), WideResNet(10, 1, dropout=0.3))


@pytest.fixture(autouse=True)
def as_on_a_device(monkeypatch):
    """What ``meta`` cannot do and CUDA can: fused optimizers, autocast, generators of its own."""

    def plain(recipe, parameters):
        return torch.optim.SGD(parameters, lr=recipe.lr, momentum=recipe.momentum)

    class Anywhere(torch.Generator):
        def __new__(cls, device="cpu"):
            return super().__new__(cls)

    for place in (supervised, contrastive, linear_probe):
        monkeypatch.setattr(place, "make_optimizer", plain)
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda *kind: False)
    monkeypatch.setattr(torch, "Generator", Anywhere)


def data():
    def images(count):
        return torch.empty(count, 3, 16, 16, device=META).to(memory_format=torch.channels_last)

    def labels(count):
        return torch.empty(count, dtype=torch.int64, device=META)

    return Resident(
        images(80),
        labels(80),
        images(8),
        labels(8),
        torch.zeros(3, device=META),
        torch.ones(3, device=META),
        classes=10,
        held_out_x_NCHW=images(0),
        held_out_y_N=labels(0),
    )


def built(model, members):
    with META:
        return [model.build((3, 16, 16), 10) for _ in range(members)]


def seeds(member):
    return dict.fromkeys(("order", "augment", "init", "dropout"), member)


def failing(caught):
    """The statement of the trainer at which it ended."""
    inside = [entry for entry in caught.traceback if entry.path.name == "drive.py"]
    return str(inside[-1].statement).strip()


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_loop_reads_nothing_before_its_epoch_is_over(model):
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
        train_member(built(model, 1)[0], data(), RECIPE, seeds(0))
    assert "total_M.cpu()" in failing(caught)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_stack_reads_nothing_before_its_epoch_is_over(model):
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
        train_stacked(built(model, 3), data(), RECIPE, [seeds(m) for m in range(3)])
    assert "total_M.cpu()" in failing(caught)


@pytest.mark.parametrize("teachers", [3, 1], ids=["own", "one for all"])
@pytest.mark.parametrize("model", MODELS[:2], ids=repr)
def test_teachers_are_asked_where_their_students_are(model, teachers):
    goal, taught_by = Distillation(temperature=2.0), [m.eval() for m in built(model, teachers)]
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
        train_member(
            built(model, 1)[0], data(), RECIPE, seeds(0), objective=goal, teacher=taught_by[0]
        )
    assert "total_M.cpu()" in failing(caught)
    together, seeds_M = stacked_teacher(taught_by, 3), [seeds(m) for m in range(3)]
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
        train_stacked(built(model, 3), data(), RECIPE, seeds_M, objective=goal, teacher=together)
    assert "total_M.cpu()" in failing(caught)


def test_a_mask_is_kept_where_the_weights_are():
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
        train_member(built(MLP((16,)), 1)[0], data(), RECIPE, seeds(0), (MagnitudePruning(0.5),))
    assert "total_M.cpu()" in failing(caught)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize(
    "training",
    [
        contrastive.Contrastive(PLAIN, views=(*contrastive.VIEWS, Blur())),
        contrastive.Contrastive(PLAIN, labels=False),
        linear_probe.LinearProbe(RECIPE),
        linear_probe.LinearProbe(PLAIN),
    ],
    ids=["labels", "none", "anew", "once"],
)
def test_other_trainings_read_nothing_before_their_epoch_is_over(training, members):
    seeds_M = [seeds(m) for m in range(members)]
    given = Given(data(), built(SmallCNN(4), members), seeds_M, together=members > 1)
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
        drive(training, given)
    assert "total_M.cpu()" in failing(caught)


def test_a_trace_reads_nothing_before_the_epoch_is_over(monkeypatch):
    """Though it looks at each step's logits at once."""
    monkeypatch.setattr(trace, "AT_ONCE", 1)
    for members in (1, 3):
        seeds_M = [seeds(m) for m in range(members)]
        given = Given(data(), built(MLP((16,)), members), seeds_M, together=members > 1)
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor") as caught:
            drive(supervised.Supervised(RECIPE), given, probing=Probing([trace.Trace()]))
        assert "total_M.cpu()" in failing(caught)


def test_memory_that_torch_keeps_for_later_is_free(monkeypatch):
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda device: (1_000, 9_000))
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda device: 500)
    monkeypatch.setattr("torch.cuda.memory_allocated", lambda device: 200)
    assert free_memory(torch.device("cuda")) == 1_300


def test_one_member_draws_from_the_generators_of_the_cpu_and_of_its_own_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "default_generators", ("the first", "the second"))
    cpu = torch.default_generator
    assert torchs_own(torch.device("cpu")) == [cpu]
    assert torchs_own(torch.device("cuda")) == torchs_own(torch.device("cuda:0"))
    assert torchs_own(torch.device("cuda")) == [cpu, "the first"]
    assert torchs_own(torch.device("cuda:1")) == [cpu, "the second"]
