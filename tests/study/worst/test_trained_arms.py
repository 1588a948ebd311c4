"""Arms read from tiny populations that were trained: students with their teachers, and a series."""

from __future__ import annotations

import re

import numpy as np
import pytest

from blobs import Blobs
from undertow.errors import RecordError
from undertow.lab.interventions.objective import Distillation, GroupDRO
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Told
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.study.trained import Trained, mean_interval
from undertow.study.worst import panels
from undertow.study.worst.arms import arm_of, worst
from undertow.study.worst.teachers import gaps, teachers
from undertow.study.worst.values import by_unit

pytestmark = pytest.mark.heavy  # they train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("worst")
    recipe = Recipe(epochs=2, batch=16, lr=0.1)
    dense = Population("dense", Blobs(), MLP((6,)), recipe, 3, probes=(Told(),))
    taught = dense.under(GroupDRO(step=0.5), name="teacher")
    students = dense.under(Distillation(), name="students", teacher=taught)
    return {p.name: Trained(train_population(p, out, runner="loop")) for p in (taught, students)}


def test_students_have_the_names_of_their_teachers(trained):
    arm, alone = arm_of(trained["students"]), arm_of(trained["teacher"])
    assert list(arm.teacher_M) == ["teacher/000", "teacher/001", "teacher/002"]
    assert (arm.units, alone.named) == ([[0], [1], [2]], {})
    records = trained["students"].records
    each = [min((m[records.label_N == c] == c).mean() for c in range(3)) for m in records.pred_MN]
    assert by_unit(arm, worst(), arm.units).each_U == pytest.approx(each)


def test_teachers_stand_beside_their_own_students(trained):
    arm = arm_of(trained["students"])
    found = teachers(trained["teacher"], arm)
    records = trained["teacher"].records
    expected = gaps(records.proba_MNC.astype(np.float64), records.label_N)
    assert found.gaps["others"] == pytest.approx(expected["others"])
    assert found.students_M == pytest.approx(arm.recall_MC.min(axis=1))
    said = "no member of 'students' taught these students"
    with pytest.raises(KeyError, match=re.escape(said)):
        teachers(trained["students"], arm)


def test_a_series_by_class_is_a_line_each(trained):
    members = trained["teacher"]
    panel = panels.weights_panel("λ", members)
    assert [line.label for line in panel.lines] == list(members.answers.classes)
    assert (panel.y_label, panel.lines[2].pair, panel.lines[0].x) == ("λ", 2, [1, 2])
    assert panel.lines[2].y[1] == mean_interval(members.series("lambda 2")[:, 1])[0]
    with pytest.raises(RecordError, match="has no series/; no probe of this population has values"):
        panels.weights_panel("λ", trained["students"])
