"""Which runner ``auto`` takes, and what it says about it."""

import json
from dataclasses import replace

import pytest

from blobs import Blobs, Fragile, Unstackable
from undertow.errors import UserError
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import (
    MagnitudePruning,
    OneShotPruning,
    WeightQuantization,
)
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner import choose as choosing
from undertow.lab.runner.choose import Choice, Means, cheapest, choose, stack_size
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.memory import SHARE, member_memory
from undertow.lab.runner.places.chunk import resident_for
from undertow.lab.runner.trainer import Trainer, train_population
from undertow.lab.runner.trial import fresh_run, seconds_per_step
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.stack import Stack
from undertow.lab.trainings.supervised import Supervised
from undertow.records.read import read_population

DENSE = Population(
    "dense", Blobs(), MLP(hidden=(8,)), Recipe(epochs=2, batch=16, lr=0.05), members=4
)
TWO = Means("cpu", workers=2)


def chosen(steps=10_000, alone=0.01, stacked=0.01, members=8, size=4, means=TWO):
    choice = cheapest(members, steps, alone, stacked, size, means)
    return choice.how, choice.where, choice.chunk


def test_much_work_goes_to_processes_and_little_stays_here():
    assert chosen(steps=10_000) == ("single", "processes", 1)
    assert chosen(steps=100) == ("single", "here", 1)


def test_workers_that_are_there_cost_nothing():
    assert chosen(steps=100, means=Means("cpu", 2, running=True)) == ("single", "processes", 1)


def test_one_worker_and_a_gpu_have_no_processes_beside_them():
    assert chosen(means=Means("cpu", 1)) == ("single", "here", 1)
    assert chosen(means=Means("cuda", 8)) == ("single", "here", 1)
    assert chosen(stacked=0.001, means=Means("cuda", 8)) == ("stacked", "here", 4)


def test_stacks_must_win_by_a_tenth():
    assert chosen(stacked=0.0095) == ("single", "processes", 1)
    assert chosen(stacked=0.0085) == ("stacked", "processes", 4)


def test_one_stack_of_all_members_uses_one_core():
    assert chosen(alone=0.01, stacked=0.006, members=4) == ("single", "processes", 1)
    assert chosen(alone=0.01, stacked=0.003, members=4) == ("stacked", "here", 4)


def test_it_says_what_it_compared():
    assert cheapest(8, 10_000, 0.01, 0.01, 4, TWO).reason == (
        "100 steps a second alone, 100 in stacks of 4: about 52 s, 100 s one after the other"
    )
    assert cheapest(8, 10_000, 0.01, 0.002, 4, TWO).reason == (
        "100 steps a second alone, 500 in stacks of 4: about 12 s instead of 52 s"
    )


def test_what_trains_nothing_or_is_alone_stays_here(tmp_path):
    alone = Population("alone", Blobs(), MLP((8,)), DENSE.recipe, members=1)
    for population, why in (
        (DENSE.under(WeightQuantization(4), name="q"), "nothing is trained"),
        (alone, "one member"),
    ):
        assert choose(population, "auto", TWO, tmp_path / "x") == Choice("single", "here", 1, why)


def test_a_real_measurement_decides_for_one_of_them(tmp_path):
    choice = choose(DENSE, "auto", TWO, tmp_path / "dense")
    assert choice.name in ("loop", "processes", "stacked/2")
    assert "steps a second alone" in choice.reason


def test_a_population_goes_on_as_it_was_begun_and_its_neighbours_follow(tmp_path):
    with Trainer(tmp_path, Machine("stacked", workers=1, chunk=3)) as trainer:
        trainer.train(DENSE)
    again = DENSE.again("again")
    assert choose(DENSE, "auto", TWO, tmp_path / "dense").name == "stacked/3"
    choice = choose(again, "auto", TWO, tmp_path / "again")
    assert (choice.name, choice.reason) == ("stacked/3", "as 'dense' was trained")


@pytest.mark.heavy
def test_a_student_follows_students_and_not_those_who_learn_labels(tmp_path):
    with Trainer(tmp_path, Machine("stacked", workers=1, chunk=3)) as trainer:
        trainer.train(DENSE)
    student = DENSE.under(Distillation(), name="student", teacher=DENSE)
    assert "steps a second alone" in choose(student, "auto", TWO, tmp_path / "student").reason
    with Trainer(tmp_path, Machine("stacked", workers=1, chunk=2)) as trainer:
        trainer.train(student)
    again = choose(student.again("again"), "auto", TWO, tmp_path / "again")
    assert (again.name, again.reason) == ("stacked/2", "as 'student' was trained")
    assert choose(student, "auto", TWO, tmp_path / "student").name == "stacked/2"
    other = choose(DENSE.again("more"), "auto", TWO, tmp_path / "more")
    assert (other.name, other.reason) == ("stacked/3", "as 'dense' was trained")


@pytest.mark.parametrize("size", [1, 3])
def test_what_is_measured_includes_all_that_acts_and_the_teacher(size):
    goals = (Distillation(), Distillation(teacher_member=0))
    students = [DENSE.under(goal, name="student", teacher=DENSE) for goal in goals]
    pruned = DENSE.under(MagnitudePruning(0.5), name="pruned")
    tuned = DENSE.under(OneShotPruning(0.5, replace(DENSE.recipe, epochs=1)), name="tuned")
    data = resident_for(DENSE, "cpu")
    for population in (DENSE, *students, pruned, tuned):
        assert seconds_per_step(population, data, size) > 0
        with fresh_run(population, data, size) as run:
            assert run.given.interventions == population.interventions
            assert len(run.given.models) == size
            assert isinstance(run.network(), Stack) == (size > 1)  # one trains as it will alone
            assert (run.given.teacher is not None) == (population in students)
    with fresh_run(tuned, data, size) as run:
        assert run.epochs == 1


def test_a_training_of_another_kind_is_measured_too(tmp_path):
    phases = Phases(("first", Supervised(DENSE.recipe)), ("second", Supervised(DENSE.recipe)))
    choice = choose(replace(DENSE, recipe=phases), "auto", TWO, tmp_path / "x")
    assert "steps a second alone" in choice.reason
    assert choose(replace(DENSE, recipe=phases), "stacked", TWO, tmp_path / "x").name == "stacked/2"


def test_a_stack_of_any_training_is_as_large_as_memory_allows(monkeypatch):
    phases = Phases(("first", Supervised(DENSE.recipe)), ("second", Supervised(DENSE.recipe)))
    for population in (DENSE, replace(DENSE, recipe=phases)):
        data = resident_for(DENSE, "cpu")
        one = member_memory(population, data).total
        monkeypatch.setattr(
            "undertow.lab.runner.memory.free_memory",
            lambda device, one=one: int(2 * one / SHARE + 1),
        )
        assert stack_size(population, Means("cpu", workers=1)) == 2


def test_the_memory_of_a_member_is_that_of_its_tensors():
    """A hidden layer of 8 over 64 pixels and 3 classes, SGD with momentum, batches of 16."""
    data = resident_for(DENSE, "cpu")
    weights = 64 * 8 + 8 + 8 * 3 + 3
    plain = member_memory(DENSE, data)
    assert plain.state == 4 * 3 * weights  # themselves, gradients, momentum
    # images, the hidden layer after its bend, and what cross-entropy keeps
    assert 4 * 16 * (64 + 8 + 3) <= plain.activations <= 4 * 16 * (64 + 8 + 8 + 4 * 3)
    assert plain.working == 4 * 16 * 64
    pruned = member_memory(DENSE.under(MagnitudePruning(0.5), name="p"), data)
    assert pruned.state == plain.state + 64 * 8 + 8 * 3  # a byte per mask entry
    traced = member_memory(replace(DENSE, probes=(Trace(),)), data)
    assert traced.state == plain.state + 60 * 7 * (2 + 1)


def test_a_stack_that_was_begun_keeps_its_size_whatever_is_free(tmp_path, monkeypatch):
    with Trainer(tmp_path, Machine("stacked", workers=1, chunk=3)) as trainer:
        trainer.train(DENSE)
    monkeypatch.setattr("undertow.lab.runner.memory.free_memory", lambda device: 1)
    assert choose(DENSE, "stacked", TWO, tmp_path / "dense").name == "stacked/3"
    assert choose(DENSE.again("again"), "stacked", TWO, tmp_path / "again").name == "stacked/1"


@pytest.mark.parametrize(
    ("step", "more", "asked", "taken", "tried"),
    [
        (0.004, 0.005, None, 200, [1, 64, 200]),  # small networks: more cost the GPU little
        (0.014, 0.050, None, 64, [1, 64, 200]),
        (0.030, 0.031, None, 64, [1, 64]),  # at work all the time, so a larger one saves nothing
        (0.004, 0.005, 16, 16, [1, 16]),
    ],
)
def test_short_steps_on_a_gpu_get_larger_stacks(
    step,
    more,
    asked,
    taken,
    tried,
    tmp_path,
    monkeypatch,
):
    seen = []

    def measured(population, data, size):
        seen.append(size)
        return 0.002 if size == 1 else more if size == 200 else step

    monkeypatch.setattr(choosing, "seconds_per_step", measured)
    monkeypatch.setattr(choosing, "resident_for", lambda asked, device: resident_for(asked, "cpu"))
    monkeypatch.setattr("undertow.lab.runner.memory.free_memory", lambda device: 1 << 40)
    many = replace(DENSE, members=200)
    choice = choose(many, "auto", Means("cuda", 16, chunk=asked), tmp_path / "dense")
    assert (choice.name, seen) == (f"stacked/{taken}", tried)


@pytest.mark.parametrize(
    ("device", "chunk", "begun", "members", "name"),
    [
        ("cuda", None, None, 200, "ray/16"),
        ("cuda", None, None, 3, "ray/3"),
        ("cuda", None, "ray/7", 200, "ray/7"),
        ("cuda", None, "stacked/7", 200, "ray/16"),
        ("cuda", 5, "ray/7", 200, "ray/5"),
        ("cpu", 5, None, 200, "ray"),
    ],
)
def test_chunks_on_a_cluster_are_as_asked_or_as_begun(
    device, chunk, begun, members, name, tmp_path
):
    (tmp_path / "manifest.json").write_text(json.dumps({"runner": begun}))
    means = Means(device, 1, chunk=chunk)
    choice = choose(replace(DENSE, members=members), "ray", means, tmp_path)
    assert (choice.name, choice.reason) == (name, "asked for")


@pytest.mark.heavy
def test_an_arm_that_trained_nothing_is_no_example(tmp_path):
    train_population(DENSE.under(WeightQuantization(4), name="a first"), tmp_path, runner="loop")
    (tmp_path / "dense" / "manifest.json").unlink()
    assert (
        "steps a second alone"
        in choose(DENSE.again("again"), "auto", TWO, tmp_path / "again").reason
    )


def test_workers_begin_to_start_while_much_work_is_measured(tmp_path):
    for epochs, expected in ((1, []), (200, ["started"])):
        said = []
        means = Means("cpu", 2, warm_up=lambda said=said: said.append("started"))
        long = replace(DENSE, recipe=replace(DENSE.recipe, epochs=epochs))
        choose(long, "auto", means, tmp_path / "dense")
        assert said == expected


@pytest.mark.parametrize(
    ("alone", "expected"),
    [
        # 4 members of 2 epochs of 4 batches: 32 steps
        (0.1, ("loop", "a step takes 0.10 s")),  # 3.2 s, or 1.6 s after workers took 2.5 s to start
        (0.2, ("processes", "a step takes 0.20 s")),  # 6.4 s, or 3.2 s likewise
    ],
)
def test_stacks_are_not_tried_where_a_step_is_all_arithmetic(
    alone, expected, tmp_path, monkeypatch
):
    tried = []

    def measured(population, data, size):
        tried.append(size)
        return alone

    monkeypatch.setattr(choosing, "seconds_per_step", measured)
    choice = choose(DENSE, "auto", TWO, tmp_path / "dense")
    name, said = expected
    assert (choice.name, choice.reason) == (
        name,
        f"{said} of arithmetic, which stacks cannot save; no stack was tried",
    )
    assert tried == [1]


def test_a_member_that_cannot_be_built_costs_no_other_member_its_stack(tmp_path):
    seed = DENSE.seeds.member("fragile", 0)["init"]
    fragile = Population("fragile", Blobs(), Fragile(bad=seed), DENSE.recipe, members=4)
    folder = train_population(fragile, tmp_path, runner="stacked", workers=1)
    record = read_population(folder)
    assert [member.id for member in record.members] == ["001", "002", "003"]
    assert record.manifest.runner == "stacked/4"


def test_a_model_that_cannot_be_stacked_is_trained_without(tmp_path):
    odd = Population("odd", Blobs(), Unstackable(), DENSE.recipe, members=4)
    choice = choose(odd, "auto", TWO, tmp_path / "odd")
    assert choice.name == "processes"
    assert choice.reason.startswith("stacks cannot be tried (RuntimeError: ")


def test_other_data_or_models_are_no_neighbours(tmp_path):
    train_population(DENSE, tmp_path, runner="loop")
    other = Population("other", Blobs(), SmallCNN(4), DENSE.recipe, members=1)
    assert choose(other, "auto", TWO, tmp_path / "other").reason == "one member"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"runner": "threads"},
            "there is no runner 'threads': choose from auto, loop, processes, stacked, ray",
        ),
        ({"device": "tpu"}, "there is no device 'tpu': choose cpu or cuda"),
        (
            {"device": "cuda"},
            "device 'cuda': torch finds no GPU here; choose cpu, or install torch's CUDA build",
        ),
        ({"workers": 0}, "workers is 0: at least 1 is needed"),
        ({"chunk": -1}, "chunk is -1: at least 1 is needed"),
        ({"gpus_per_chunk": 0.0}, "gpus-per-chunk is 0.0: a share of a GPU above 0 is needed"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError) as caught:
        Machine(**settings)
    assert str(caught.value) == message
