"""Teachers and students of the worst group, under every runner: of one teacher and of varied ones,
by classes and by a person's own slices."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from folders import as_the_loops, weights
from undertow.lab.data import HeldOut, LongTail, LongTailed
from undertow.lab.interventions.objective import Robust, RobustDistillation
from undertow.lab.interventions.weights import PostShift
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import Told
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_series, read_train
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05)


@dataclass(frozen=True)
class Wards:
    """Blobs from two hospitals, of which one is rare."""

    def load(self):
        def told(part):
            names = ["north" if i % 5 else "south" for i in range(len(part.label_N))]
            return replace(part, slices=pl.DataFrame({"hospital": names}))

        splits = Blobs(train=150).load()
        return replace(splits, train=told(splits.train), test=told(splits.test))


TAIL = LongTailed(HeldOut(Wards(), 0.3), LongTail(5.0))
DENSE = Population("dense", TAIL, MLP((8,)), RECIPE, members=3, probes=(Told(),))
TEACHER = DENSE.under(Robust(alpha=0.5, update_every=2), name="teacher")
VARIED = DENSE.under(RobustDistillation(update_every=2), name="varied", teacher=TEACHER)
FIXED = DENSE.under(
    RobustDistillation(update_every=2, teacher_member=0), name="fixed", teacher=TEACHER
)
WARDS = DENSE.under(
    RobustDistillation(update_every=2, groups="hospital"), name="wards", teacher=TEACHER
)


def trained(out, runner):
    for population in (VARIED, FIXED, WARDS):
        train_population(population, out, runner=runner, workers=2)
    return out


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("loop"), "loop")


@pytest.mark.heavy
def test_the_record_says_who_taught_and_what_was_held_out(reference):
    taught = {
        name: [m.teacher for m in read_population(reference / name).manifest.members]
        for name in ("varied", "fixed")
    }
    assert taught == {"varied": ["000", "001", "002"], "fixed": ["000", "000", "000"]}
    train = read_train(reference / "wards")
    assert set(train["held_out"]) == {"yes", "no"}
    assert {"hospital", "frequency", "train_count"} <= set(train.columns)


@pytest.mark.heavy
def test_groups_are_the_values_of_the_slice(reference):
    series = read_series(reference / "wards")
    assert series.columns == [
        "member",
        "epoch",
        *(f"{word} {ward}" for word in ("beta", "held_out_error", "lambda") for ward in ("north", "south")),
    ]  # fmt: skip
    total = series["lambda north"] + series["lambda south"]
    np.testing.assert_allclose(total, 1, atol=1e-12)


@pytest.mark.heavy
def test_students_of_one_teacher_and_of_varied_ones_differ_where_their_teachers_do(reference):
    varied, fixed = (read_population(reference / name).proba_MNC for name in ("varied", "fixed"))
    assert (varied[1] != fixed[1]).any()


@pytest.mark.heavy
def test_processes_give_the_same_bytes(reference, tmp_path):
    trained(tmp_path, "processes")
    assert as_the_loops(tmp_path) == as_the_loops(reference)
    assert weights(tmp_path) == weights(reference)


@pytest.mark.heavy
def test_a_stack_gives_the_same_to_rounding(reference, tmp_path):
    trained(tmp_path, "stacked")
    for name in ("teacher", "varied", "fixed", "wards"):
        found, expected = (read_population(out / name).proba_MNC for out in (tmp_path, reference))
        np.testing.assert_allclose(found, expected, atol=1e-4)
        stacked, alone = (read_series(out / name) for out in (tmp_path, reference))
        assert stacked.columns == alone.columns


@pytest.mark.heavy
def test_the_example_of_the_documentation_runs_as_it_stands(tmp_path):
    """With a person's own data, which have a slice of their own."""
    page = (Path(__file__).parents[3] / "docs/populations.md").read_text("utf-8")
    section = page.split("## The worst class, or the worst group")[1]
    names = {
        kind.__name__: kind
        for kind in (HeldOut, LongTail, LongTailed, Population, PostShift, Robust, Told)
    } | {"MyScans": Wards, "RobustDistillation": RobustDistillation, "SmallCNN": SmallCNN}
    recipe = replace(RECIPE, epochs=18)  # 54 steps, as it looks at what is held out after 50
    exec(
        re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0], names | {"recipe": recipe}, names
    )
    for name in ("student", "balanced", "of_one", "by_hospital", "shifted"):
        population = replace(names[name], members=1)
        assert train_population(population, tmp_path, runner="loop").is_dir()
    assert "lambda south" in read_series(tmp_path / "by-hospital").columns
