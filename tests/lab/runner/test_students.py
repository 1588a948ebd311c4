"""Populations with a teacher: trained after it, recorded with it, the same under every runner and
after any kill."""

import json
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from blobs import Blobs, Explosive, Fragile
from folders import as_the_loops, record, weights
from undertow.audit.compare import audit
from undertow.errors import RecordError, UserError
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import MagnitudePruning, OneShotPruning, WeightQuantization
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.checkpoint import BETWEEN, Saver, Stopped
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.member import build_teacher
from undertow.lab.runner.places import chunk
from undertow.lab.runner.trainer import Trainer, train_population
from undertow.lab.seeds import SeedPlan
from undertow.records.manifest import digest
from undertow.records.read import read_population
from undertow.run import loads_of

pytestmark = pytest.mark.heavy

RECIPE = Recipe(epochs=2, batch=16, lr=0.05, flip=True, crop=1)
TEACHER = Population("teacher", Blobs(), SmallCNN(4), RECIPE, members=3)
PUPILS = Population("dense", Blobs(), MLP(hidden=(8,)), RECIPE, members=3)
STUDENT = PUPILS.under(Distillation(temperature=2.0), name="student", teacher=TEACHER)
ONE = PUPILS.under(Distillation(teacher_member=2), name="of one", teacher=TEACHER)
PRUNED = STUDENT.under(MagnitudePruning(sparsity=0.5), name="pruned student")
CHAIN = replace(PUPILS, members=2).under(
    Distillation(),
    name="of pruned",
    teacher=TEACHER.under(OneShotPruning(0.5), name="pruned teacher"),
)
ARMS = [STUDENT, ONE, PRUNED, CHAIN.under(WeightQuantization(4), name="int4")]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    out, events = tmp_path_factory.mktemp("loop"), []
    with Trainer(out, Machine("loop"), progress=events.append, scale="smoke") as trainer:
        for arm in ARMS:
            trainer.train(arm)
    return out, events


def test_teachers_are_trained_first_and_parents_before_them(reference):
    _, events = reference
    began = dict.fromkeys(event.population for event in events if event.kind == "started")
    assert list(began) == [
        "teacher",
        "student",
        "of one",
        "pruned student",
        "pruned teacher",
        "of pruned",
        "int4",
    ]
    assert [e.member for e in events if (e.kind, e.population) == ("started", "teacher")] == [
        "000",
        "001",
        "002",
    ]


def test_progress_counts_the_teacher_too():
    loads = loads_of([CHAIN])
    assert list(loads) == ["teacher", "pruned teacher", "of pruned"]
    assert [load.members for load in loads.values()] == [3, 3, 2]


def test_the_record_names_the_teacher_and_who_taught_whom(reference):
    out, _ = reference
    found = {}
    for folder in ("student", "of-one", "of-pruned", "int4", "teacher"):
        manifest = read_population(out / folder).manifest
        found[manifest.name] = (
            manifest.teacher,
            manifest.parent,
            [(m.teacher, m.parent) for m in manifest.members],
        )
    assert found == {
        "student": ("teacher", None, [("000", None), ("001", None), ("002", None)]),
        "of one": ("teacher", None, [("002", None)] * 3),
        "of pruned": ("pruned teacher", None, [("000", None), ("001", None)]),
        "int4": (None, "of pruned", [(None, "000"), (None, "001")]),
        "teacher": (None, None, [(None, None)] * 3),
    }
    manifest = read_population(out / "student").manifest
    assert manifest.interventions == ("Distillation(temperature=2.0, teacher_member=None)",)


def test_students_learn_what_the_teacher_says_and_not_the_labels(reference, tmp_path):
    out, _ = reference
    teacher, student = (read_population(out / name) for name in ("teacher", "student"))
    assert student.correct_MN.mean() > 0.5
    dense = read_population(
        train_population(replace(PUPILS, name="student"), tmp_path, runner="loop")
    )
    assert [m.seeds for m in dense.members] == [m.seeds for m in student.members]
    assert all(
        not np.array_equal(a, b) for a, b in zip(dense.proba_MNC, student.proba_MNC, strict=True)
    )
    assert teacher.manifest.recipe["model"] != student.manifest.recipe["model"]


def test_weights_and_checkpoints_hold_the_student_alone(reference, tmp_path, monkeypatch):
    out, _ = reference
    names = set(MLP(hidden=(8,)).build((1, 8, 8), 3).state_dict())
    assert set(load_file(out / "student" / "weights" / "000.safetensors")) == names
    monkeypatch.setitem(Saver.__init__.__kwdefaults__, "every", 0.0)
    train_population(TEACHER, tmp_path, runner="loop")
    heard = []
    with (
        pytest.raises(Stopped),
        Trainer(
            tmp_path, Machine("loop"), progress=heard.append, asked=lambda: bool(began(heard))
        ) as trainer,
    ):
        trainer.train(STUDENT)
    (kept,) = (tmp_path / "student" / "unfinished").iterdir()
    tensors = load_file(kept)
    assert {name for name in tensors if name.startswith(f"network{BETWEEN}")} == {
        f"network{BETWEEN}{name}" for name in names
    }


def began(heard):
    return [event for event in heard if (event.kind, event.population) == ("epoch", "student")]


@pytest.mark.heavy
def test_processes_write_what_the_loop_writes(reference, tmp_path):
    out, _ = reference
    with Trainer(tmp_path, Machine("processes", workers=2), scale="smoke") as trainer:
        for arm in ARMS:
            trainer.train(arm)
    got = as_the_loops(tmp_path)
    assert got == record(out)
    assert weights(tmp_path) == weights(out)


def test_stacked_students_are_the_loops_in_float64(tmp_path):
    exact = replace(RECIPE, precision="float64")
    teacher, pupils = replace(TEACHER, recipe=exact), replace(PUPILS, recipe=exact)
    for goal in (Distillation(temperature=2.0), Distillation(teacher_member=1)):
        arm = pupils.under(goal, MagnitudePruning(sparsity=0.5), name="student", teacher=teacher)
        folder = tmp_path / repr(goal)
        one = read_population(train_population(arm, folder / "loop", runner="loop"))
        other = read_population(
            train_population(arm, folder / "stacked", runner="stacked", workers=1)
        )
        assert other.manifest.runner == "stacked/3"
        np.testing.assert_allclose(other.proba_MNC, one.proba_MNC, atol=1e-7)
        for a, b in zip(one.members, other.members, strict=True):
            assert (a.seeds, a.teacher) == (b.seeds, b.teacher)
            assert b.facts == pytest.approx(a.facts, abs=1e-10)


@pytest.mark.parametrize(
    "runner", ["loop", pytest.param("processes", marks=pytest.mark.heavy), "stacked"]
)
def test_an_interrupted_run_resumes_to_the_same_bytes(runner, tmp_path):
    def interrupt(event):
        if (event.kind, event.population) == ("done", "student"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_population(STUDENT, tmp_path / "broken", runner=runner, workers=1, progress=interrupt)
    assert multiprocessing.active_children() == []
    events = []
    train_population(STUDENT, tmp_path / "broken", runner=runner, workers=1, progress=events.append)
    kept = [(e.population, e.member) for e in events if e.kind == "kept"]
    assert kept == [("teacher", "000"), ("teacher", "001"), ("teacher", "002"), ("student", "000")]
    train_population(STUDENT, tmp_path / "whole", runner=runner, workers=1)
    assert record(tmp_path / "broken") == record(tmp_path / "whole")
    assert weights(tmp_path / "broken") == weights(tmp_path / "whole")


def test_a_training_stopped_in_the_middle_goes_on_to_the_same_bytes(
    reference, tmp_path, monkeypatch
):
    out, _ = reference
    monkeypatch.setitem(Saver.__init__.__kwdefaults__, "every", 0.0)
    heard = []
    with (
        pytest.raises(Stopped),
        Trainer(
            tmp_path,
            Machine("loop"),
            progress=heard.append,
            scale="smoke",
            asked=lambda: bool(began(heard)),
        ) as t,
    ):
        t.train(STUDENT)
    assert list((tmp_path / "student" / "unfinished").iterdir())
    train_population(STUDENT, tmp_path, runner="loop", scale="smoke")
    assert record(tmp_path / "student") == record(out / "student")


@pytest.mark.parametrize("runner", ["loop", "stacked"])
def test_a_student_whose_teacher_failed_or_diverged_has_done_so_with_it(runner, tmp_path):
    for name, model, status in (("fragile", Fragile, "failed"), ("wild", Explosive, "diverged")):
        bad = SeedPlan().member(name, 2)["init"]
        teacher = replace(TEACHER, name=name, model=model(bad))
        student = PUPILS.under(Distillation(), name=f"of {name}", teacher=teacher)
        events = []
        folder = train_population(
            student, tmp_path, runner=runner, workers=1, progress=events.append
        )
        manifest = read_population(folder).manifest
        assert [m.status for m in manifest.members] == ["done", "done", status]
        assert manifest.notes == (f"member 002 {status}: its teacher member in '{name}' {status}",)
        assert [m.teacher for m in manifest.members] == ["000", "001", "002"]
        assert [e.member for e in events if (e.kind, e.population) == (status, f"of {name}")] == [
            "002"
        ]
        assert manifest.runner in ("loop", "stacked/3")


def test_a_stack_has_a_teacher_of_all_members_once(tmp_path, monkeypatch):
    had = []

    def counted(population, index, data, weights):
        had.append(weights.name)
        return build_teacher(population, index, data, weights)

    monkeypatch.setattr(chunk, "build_teacher", counted)
    for arm, teachers in ((ONE, ["002"]), (STUDENT, ["000", "001", "002"])):
        had.clear()
        train_population(arm, tmp_path, runner="stacked", workers=1)
        assert had == [f"{name}.safetensors" for name in teachers]


def test_a_damaged_teacher_costs_its_own_student_alone(tmp_path):
    for runner in ("loop", "stacked"):
        out = tmp_path / runner
        train_population(TEACHER, out, runner=runner, workers=1)
        (out / "teacher" / "weights" / "001.safetensors").write_bytes(b"no weights")
        members = read_population(
            train_population(STUDENT, out, runner=runner, workers=1)
        ).manifest.members
        assert [m.status for m in members] == ["done", "failed", "done"]
        assert members[1].reason == (
            "the weights of its teacher member in 'teacher' are not the ones that were written; "
            "put them back or train it again"
        )


def test_missing_weights_of_a_teacher_are_named(tmp_path):
    train_population(TEACHER, tmp_path, runner="loop")
    gone = tmp_path / "teacher" / "weights" / "002.safetensors"
    gone.unlink()
    for arm in (STUDENT, ONE):
        with pytest.raises(UserError) as caught:
            train_population(arm, tmp_path, runner="loop")
        assert str(caught.value) == (
            f"{gone}: these weights are gone, and '{arm.name}' learns from them; delete "
            f"{tmp_path / 'teacher'} and {tmp_path / arm.folder} to train both again"
        )


def test_another_teacher_in_the_same_folder_is_refused(tmp_path):
    train_population(STUDENT, tmp_path, runner="loop")
    other = replace(STUDENT, teacher=TEACHER.again("other teacher"))
    with pytest.raises(RecordError) as caught:
        train_population(other, tmp_path, runner="loop")
    assert str(caught.value) == (
        f"{tmp_path / 'student'}: holds other members: teacher: 'teacher' there, 'other teacher' "
        "wanted; choose another folder or delete this one"
    )
    fixed = replace(STUDENT, interventions=(Distillation(2.0, teacher_member=0),))
    with pytest.raises(
        RecordError, match=r"interventions\.Distillation\.teacher_member: None there, 0 wanted"
    ):
        train_population(fixed, tmp_path, runner="loop")


def test_a_population_that_was_written_before_there_were_teachers_goes_on(tmp_path):
    two = replace(PUPILS, members=2)
    train_population(two, tmp_path, runner="loop")
    path = tmp_path / "dense" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    for part in (manifest, *manifest["members"]):
        assert part.pop("teacher") is None
    path.write_text(json.dumps(manifest | {"digest": digest(manifest)}))
    assert read_population(tmp_path / "dense").manifest.teacher is None
    train_population(PUPILS, tmp_path, runner="loop")
    assert read_population(tmp_path / "dense").M == 3


def test_the_audit_says_whose_chance_is_not_counted(reference, tmp_path):
    out, _ = reference
    student, one = read_population(out / "student"), read_population(out / "of-one")
    said = audit(student, [one]).assumptions
    assert (
        "All members of 'of one' learned from one teacher, member 002 of 'teacher': chance in the "
        "teacher is not counted."
    ) in said


def test_torch_generators_are_as_they_were(reference, tmp_path):
    before = torch.random.get_rng_state()
    train_population(replace(ONE, members=1), tmp_path, runner="loop")
    assert torch.equal(torch.random.get_rng_state(), before)
