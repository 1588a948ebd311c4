"""Who teaches whom: names, order, and what each population learns for."""

from __future__ import annotations

from blobs import Blobs
from undertow.lab.interventions.objective import (
    Distillation,
    GroupDRO,
    LogitAdjustment,
    Robust,
    RobustDistillation,
)
from undertow.lab.interventions.weights import MagnitudePruning, WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.study.worst.pairings import PACE, compressed, paced, pair, pairings, taught, teacher

LABELS = Population("few: teacher plain", Blobs(), MLP((4,)), Recipe(1), members=2)
TEACHERS = {"plain": None, "idle": Robust(0.5), "robust": Robust()}
STUDENTS = {"plain": Distillation(), "robust": RobustDistillation()}


def test_pairings_are_named_teacher_by_teacher():
    assert (teacher("plain"), pair("plain", "robust")) == ("teacher plain", "plain → robust")
    assert pairings(("a", "b"), iter(("x", "y")), "few: ") == {
        "few: a → x": ("a", "x"),
        "few: a → y": ("a", "y"),
        "few: b → x": ("b", "x"),
        "few: b → y": ("b", "y"),
    }


def test_each_teacher_that_teaches_comes_before_its_students():
    pairs = pairings(("robust", "plain"), ("robust", "plain"), "few: ")
    found = [*taught(LABELS, TEACHERS, STUDENTS, pairs, "few: ")]
    assert [p.name for p in found] == [
        "few: teacher plain",
        "few: plain → robust",
        "few: plain → plain",
        "few: teacher robust",
        "few: robust → robust",
        "few: robust → plain",
    ]
    assert found[0] is LABELS
    assert found[3].interventions == (Robust(),)
    assert [p.teacher for p in found] == [None, LABELS, LABELS, None, found[3], found[3]]
    assert [p.interventions for p in found[1:3]] == [(RobustDistillation(),), (Distillation(),)]


def test_what_looks_once_an_epoch_does_so_every_so_many_steps_and_nothing_else_does():
    once = {
        "none": None,
        "never": LogitAdjustment(),
        "each 50": GroupDRO(),
        "epoch": Robust(0.5, update_every=PACE, one_over_m=False),
    }
    found = paced(once, 40)
    assert found["epoch"] == Robust(0.5, update_every=40, one_over_m=False)
    assert found == once | {"epoch": found["epoch"]}


def test_students_stand_beside_themselves_under_each_change():
    changes = {", pruned": MagnitudePruning(0.9), ", int8": WeightQuantization(8)}
    found = compressed("plain", LABELS, changes)
    assert found.name == "plain students compressed"
    assert found.reference is LABELS
    pruned, rounded = found.variants
    assert (pruned.name, rounded.name) == ("few: teacher plain, pruned", "few: teacher plain, int8")
    assert (pruned.interventions, pruned.parent) == ((MagnitudePruning(0.9),), None)
    assert (rounded.interventions, rounded.parent) == ((WeightQuantization(8),), LABELS)
