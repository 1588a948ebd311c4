"""The trainings of the other tests on a GPU: ``make gpu``."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from blobs import Blobs
from trainings import train_member, train_stacked
from undertow.lab.data import FashionMNIST
from undertow.lab.feeds.resident import resident
from undertow.lab.feeds.streamed import streamed
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, WeightQuantization
from undertow.lab.models import MLP, ResNet, SmallCNN, WideResNet
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner import memory
from undertow.lab.runner.checkpoint import FolderShelf, Saver, Stopped
from undertow.lab.runner.choose import Means, choose, stack_size
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.member import build_member
from undertow.lab.runner.trainer import Trainer
from undertow.lab.runner.trial import seconds_per_step
from undertow.lab.trainings.teacher import stacked_teacher
from undertow.records.read import read_population

GPU = "cuda"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU"),
]

RECIPE = Recipe(epochs=2, batch=32, lr=0.05, flip=True, crop=1, weight_decay=1e-3)
EXACT = replace(RECIPE, precision="float64", label_smoothing=0.1)
PRUNED = (MagnitudePruning(0.5),)
MODELS = (MLP((16,)), SmallCNN(4), ResNet(8, 4), WideResNet(10, 1))
NOISY = WideResNet(10, 1, dropout=0.3)
every_model = pytest.mark.parametrize("model", MODELS, ids=repr)


@pytest.fixture(scope="module", params=["blobs", "pictures"])
def splits(request):
    """Small images, and those of real size, for which cuDNN takes other ways."""
    if request.param == "blobs":
        return Blobs(train=81).load()
    whole = FashionMNIST().load()

    def few(part, count):
        return replace(
            part,
            x_NCHW=part.x_NCHW[:count],
            label_N=part.label_N[:count],
            example_id_N=part.example_id_N[:count],
            slices=part.slices[:count],
        )

    return replace(whole, train=few(whole.train, 300), test=few(whole.test, 40))


@pytest.fixture(scope="module")
def blobs():
    return resident(Blobs(train=81).load(), GPU)


def population(model, recipe, members=3):
    return Population("dense", Blobs(train=81), model, recipe, members)


def built(model, recipe, data, members=3):
    asked = population(model, recipe, members)
    seeds_M = [asked.seeds.member("dense", m) for m in range(members)]
    return seeds_M, [build_member(asked, seeds, data, None) for seeds in seeds_M]


def alone(model, recipe, data, acting=(), members=3, **more):
    seeds_M, models = built(model, recipe, data, members)
    return models, [
        train_member(m, data, recipe, s, acting, **more)
        for m, s in zip(models, seeds_M, strict=True)
    ]


def together(model, recipe, data, acting=(), members=3, **more):
    seeds_M, models = built(model, recipe, data, members)
    return models, train_stacked(models, data, recipe, seeds_M, acting, **more)


def distance(models, others):
    """The largest difference between two weights or buffers."""
    worst = 0.0
    for one, other in zip(models, others, strict=True):
        for name, value in one.state_dict().items():
            there = other.state_dict()[name]
            worst = max(worst, float((value.double().cpu() - there.double().cpu()).abs().max()))
    print(f"largest difference {worst:.1e}")
    return worst


@every_model
@pytest.mark.parametrize("acting", [(), PRUNED], ids=["dense", "pruned"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_in_float64_gpu_and_cpu_and_loop_and_stack_agree(model, acting, optimizer, splits):
    recipe = replace(EXACT, optimizer=optimizer, lr=0.05 if optimizer == "sgd" else 0.003)
    here, there = resident(splits, "cpu", torch.float64), resident(splits, GPU, torch.float64)
    reference, facts = alone(model, recipe, here, acting)
    models, facts_there = alone(model, recipe, there, acting)
    stacked, facts_stacked = together(model, recipe, there, acting)
    assert distance(reference, models) < 1e-10
    assert distance(models, stacked) < 1e-10
    for one, two, three in zip(facts, facts_there, facts_stacked, strict=True):
        assert two == pytest.approx(one, abs=1e-10)
        assert three == pytest.approx(one, abs=1e-10)


@pytest.mark.parametrize("model", [MLP((16,)), SmallCNN(4), ResNet(8, 4)], ids=repr)
@pytest.mark.parametrize("how", [alone, together])
def test_every_precision_trains_and_leaves_torchs_settings(model, how, splits):
    data, facts = resident(splits, GPU), {}
    places = (torch.backends.cuda.matmul, torch.backends.cudnn.conv)
    before = [place.fp32_precision for place in places]
    for precision in ("float32", "tf32", "bfloat16"):
        models, facts[precision] = how(model, replace(RECIPE, precision=precision), data)
        assert {p.dtype for m in models for p in m.parameters()} == {torch.float32}
        assert all(p.isfinite().all() for m in models for p in m.parameters())
    assert [place.fp32_precision for place in places] == before
    for full, tf32, short in zip(*facts.values(), strict=True):
        print(full["loss"], tf32["loss"], short["loss"])
        assert tf32["loss"] == pytest.approx(full["loss"], rel=0.05)
        assert short["loss"] == pytest.approx(full["loss"], rel=0.1)
        assert short["loss"] != full["loss"]


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
@pytest.mark.parametrize("model", [*MODELS, NOISY], ids=repr)
@pytest.mark.parametrize("how", [alone, together])
def test_two_equal_runs_give_the_same_bytes(how, model, precision, splits):
    data, recipe = resident(splits, GPU), replace(RECIPE, epochs=4, precision=precision)
    first, second = how(model, recipe, data)[0], how(model, recipe, data)[0]
    assert distance(first, second) == 0


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("model", [*MODELS, NOISY], ids=repr)
@pytest.mark.parametrize("how", [alone, together])
def test_stopped_at_any_step_it_goes_on_to_the_same_bytes(how, model, optimizer, blobs, tmp_path):
    recipe = replace(RECIPE, epochs=3, lr=0.01, optimizer=optimizer)
    members = 1 if how is alone else 2
    whole, facts = how(model, recipe, blobs, PRUNED, members)
    for steps in (2, 1, 4):
        looks = itertools.count(1)
        saver = Saver(FolderShelf(tmp_path), "000", asked=lambda: next(looks) >= steps)  # noqa: B023
        with pytest.raises(Stopped):
            how(model, recipe, blobs, PRUNED, members, saver=saver)
    again, facts_again = how(
        model, recipe, blobs, PRUNED, members, saver=Saver(FolderShelf(tmp_path), "000")
    )
    assert distance(whole, again) == 0
    assert facts_again == facts


@pytest.mark.parametrize("teachers", [3, 1], ids=["own", "one for all"])
@every_model
def test_students_of_the_loop_and_of_a_stack_agree(model, teachers):
    data, goal = resident(Blobs(train=81).load(), GPU, torch.float64), Distillation(temperature=2.0)
    recipe = replace(EXACT, label_smoothing=0.0)
    taught_by, _ = alone(model, replace(recipe, epochs=1), data, members=teachers)
    for teacher in taught_by:
        teacher.eval().requires_grad_(False)
    seeds_M, students = built(model, recipe, data)
    for m, (student, seeds) in enumerate(zip(students, seeds_M, strict=True)):
        train_member(student, data, recipe, seeds, objective=goal, teacher=taught_by[m % teachers])
    stacked, _ = together(
        model, recipe, data, objective=goal, teacher=stacked_teacher(taught_by, 3)
    )
    assert distance(students, stacked) < 1e-10


def test_images_from_disk_are_those_in_memory(splits):
    here, there = resident(splits, GPU), streamed(splits, GPU)
    index_B = torch.arange(40, device=GPU).flip(0)
    there.plan_epoch(index_B, 16)
    for few_B in index_B.split(16):
        assert torch.equal(here.train_batch(few_B), there.train_batch(few_B))
    pairs = zip(here.test_batches(16), there.test_batches(16), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("model", [MLP((16,)), SmallCNN(4)], ids=repr)
def test_all_runners_train_whole_populations(model, tmp_path):
    dense = population(model, RECIPE, members=4)
    pruned = dense.under(MagnitudePruning(0.5), name="pruned")
    tuned = dense.under(OneShotPruning(0.5, RECIPE), name="tuned")
    rounded = dense.under(WeightQuantization(4), name="rounded")
    student = dense.under(Distillation(2.0), name="student", teacher=dense)
    found = {}
    for runner in ("loop", "stacked", "processes", "auto"):
        with Trainer(tmp_path / runner, Machine(runner, workers=2, device=GPU)) as trainer:
            for each in (pruned, tuned, rounded, student, dense):
                record = read_population(trainer.train(each))
                assert record.manifest.device == GPU
                assert {entry.status for entry in record.members} == {"done"}
                found[runner, each.name] = record.proba_MNC
    for name in ("dense", "pruned", "tuned", "rounded", "student"):
        np.testing.assert_array_equal(found["processes", name], found["loop", name])
        np.testing.assert_allclose(found["stacked", name], found["loop", name], atol=0.05)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", [MLP((128,)), SmallCNN(16), ResNet(20)], ids=repr)
def test_a_stack_takes_the_memory_that_was_counted(model, precision):
    recipe = Recipe(epochs=1, batch=128, precision=precision)
    asked, data = (
        Population("m", FashionMNIST(), model, recipe, 24),
        resident(FashionMNIST().load(), GPU),
    )
    stated = memory.member_memory(asked, data).total
    peaks = []
    for members in (8, 24):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        seconds_per_step(asked, data, members)
        peaks.append((torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()))
    allocated, reserved = ((after - before) / 16 for before, after in zip(*peaks, strict=True))
    print(
        f"stated {stated / 1e6:.1f} MB, allocated {allocated / 1e6:.1f} MB, reserved "
        f"{reserved / 1e6:.1f} MB"
    )
    assert 0.7 * stated < allocated < 1.1 * stated
    assert reserved < stated / memory.SHARE


def test_a_stack_as_large_as_fits_fits(monkeypatch):
    recipe = Recipe(epochs=1, batch=128)
    asked, data = (
        Population("m", FashionMNIST(), SmallCNN(16), recipe, 64),
        resident(FashionMNIST().load(), GPU),
    )
    torch.cuda.empty_cache()
    torch.cuda.synchronize()
    room, whole = 1 << 30, torch.cuda.mem_get_info()[1]
    monkeypatch.setattr(memory, "free_memory", lambda device: room)
    size = stack_size(asked, Means(GPU, 1))
    assert 4 < size < 64
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + room) / whole)
    try:
        seconds_per_step(asked, data, size)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_memory_that_torch_keeps_for_later_is_free():
    before = memory.free_memory(torch.device(GPU))
    kept = torch.empty(1 << 30, device=GPU, dtype=torch.uint8)
    del kept
    assert memory.free_memory(torch.device(GPU)) > before - (1 << 29)


def test_auto_measures_and_says_what_it_took(tmp_path):
    asked = Population("many", FashionMNIST(), MLP((128,)), Recipe(epochs=5), 64)
    choice = choose(asked, "auto", Means(GPU, 16), tmp_path / "many")
    print(choice)
    assert choice.name.startswith("stacked/")


def test_nothing_is_left_on_the_gpus_own_generator(blobs):
    before = torch.cuda.get_rng_state()
    alone(NOISY, RECIPE, blobs, members=1)
    together(NOISY, RECIPE, blobs)
    assert torch.equal(torch.cuda.get_rng_state(), before)
