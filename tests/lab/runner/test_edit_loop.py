"""A changed class or data set is noticed before old members are taken for new ones, and named."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blobs import Blobs
from folders import record
from undertow.errors import RecordError
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer, train_population
from undertow.run import load_study

RECIPE = Recipe(epochs=1, batch=30, lr=0.05)

OWN = '''
"""Mine."""
from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from undertow.lab.interventions.weights import WeightQuantization

WIDTH = 4


@dataclass(frozen=True)
class Mine:
    """My model."""

    layers: int = 1

    def build(self, shape_CHW, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, WIDTH), nn.ReLU(), nn.Linear(WIDTH, classes))


@dataclass(frozen=True)
class Rounding(WeightQuantization):
    def start(self, model, horizon):
        return super().start(model, horizon)


def study(scale): ...
'''


def own(folder: Path, before: str = "", after: str = "") -> Any:
    """A study file of this text with one change. It keeps its name, as an edited file does."""
    folder.mkdir(exist_ok=True)
    path = folder / "mine.py"
    assert before in OWN
    path.write_text(OWN.replace(before, after) if before else OWN)
    return load_study(path)


def population(module: Any) -> Population:
    return Population("dense", Blobs(), module.Mine(), RECIPE, members=2)


def refusal(folder: Path, what: str) -> str:
    ways = "choose another --out or name to keep them, delete this folder to train them again"
    accept = (
        ""
        if what in ("test data", "teacher's declaration")
        else f", or add --accept '{bare(what)}' to use them as they are"
    )
    return f"{folder}: {what} changed since these members were trained; {ways}{accept}"


def bare(what: str) -> str:
    return what.removeprefix("teacher's ")


@pytest.mark.parametrize("runner", ["loop", "stacked"])
def test_an_edited_model_is_refused_by_name_and_a_reworded_one_is_kept(
    tmp_path: Path, runner: str
) -> None:
    out = tmp_path / "out"
    train_population(population(own(tmp_path)), out, runner=runner, workers=1)
    before = record(out)
    for edit in (("My model.", "Our model."), ('"""Mine."""', '"""Ours."""\n# and a comment')):
        events: list[Any] = []
        train_population(
            population(own(tmp_path, *edit)), out, runner=runner, workers=1, progress=events.append
        )
        assert {event.kind for event in events} == {"kept"}
    for edit in (("WIDTH = 4", "WIDTH = 5"), ("nn.ReLU", "nn.Tanh")):
        with pytest.raises(RecordError) as caught:
            train_population(population(own(tmp_path, *edit)), out, runner=runner, workers=1)
        assert str(caught.value) == refusal(out / "dense", "model Mine")
    assert record(out) == before


def test_an_edited_intervention_is_refused_and_its_parent_kept(tmp_path: Path) -> None:
    def derived(module: Any) -> Population:
        return replace(population(module), model=MLP((4,))).under(
            module.Rounding(bits=3), name="rounded"
        )

    out = tmp_path / "out"
    train_population(derived(own(tmp_path)), out, runner="loop")
    edited = own(
        tmp_path,
        "return super().start(model, horizon)",
        "return super().start(model.eval(), horizon)",
    )
    events: list[Any] = []
    with pytest.raises(RecordError) as caught:
        train_population(derived(edited), out, runner="loop", progress=events.append)
    assert str(caught.value) == refusal(out / "rounded", "intervention Rounding")
    assert [event.kind for event in events] == ["kept", "kept"]


def test_an_unfinished_population_is_not_finished_by_other_code(tmp_path: Path) -> None:
    def stop(event: Any) -> None:
        if event.kind == "done":
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        train_population(population(own(tmp_path)), out, runner="loop", progress=stop)
    with pytest.raises(RecordError) as caught:
        train_population(population(own(tmp_path, "WIDTH = 4", "WIDTH = 5")), out, runner="loop")
    assert str(caught.value) == refusal(out / "dense", "model Mine")
    train_population(population(own(tmp_path)), out, runner="loop")
    train_population(population(own(tmp_path)), tmp_path / "whole", runner="loop")
    assert record(out) == record(tmp_path / "whole")


@dataclass(frozen=True)
class Saved:
    """Blobs whose pixels are in files."""

    folder: str

    def load(self) -> Splits:
        whole = Blobs().load()
        train, test = (
            replace(p, x_NCHW=np.load(f"{self.folder}/{n}.npy"))
            for n, p in self.parts(whole).items()
        )
        return replace(whole, train=train, test=test)

    @staticmethod
    def parts(whole: Splits) -> dict[str, Part]:
        return {"train": whole.train, "test": whole.test}


@pytest.mark.parametrize("changed", ["train", "test"])
def test_other_data_under_the_same_description_are_refused(tmp_path: Path, changed: str) -> None:
    for name, part in Saved.parts(Blobs().load()).items():
        np.save(tmp_path / f"{name}.npy", part.x_NCHW)
    dense = Population("dense", Saved(str(tmp_path)), MLP((4,)), RECIPE, members=1)
    train_population(dense, tmp_path / "out", runner="loop")
    pixels = np.load(tmp_path / f"{changed}.npy")
    pixels[5, 0, 0, 0] ^= 1
    np.save(tmp_path / f"{changed}.npy", pixels)
    with pytest.raises(RecordError) as caught:
        train_population(dense, tmp_path / "out", runner="loop")
    assert str(caught.value) == refusal(
        tmp_path / "out" / "dense", f"{changed.replace('train', 'training')} data"
    )


@pytest.mark.heavy
def test_a_derived_population_notices_a_parent_that_was_trained_again(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def student(module: Any, epochs: int = 1) -> Population:
        teacher = replace(population(module), name="teacher", recipe=replace(RECIPE, epochs=epochs))
        dense = Population("dense", Blobs(), MLP((4,)), RECIPE, members=2)
        return dense.under(Distillation(2.0), name="student", teacher=teacher)

    train_population(student(own(tmp_path)), out, runner="loop")
    shutil.rmtree(out / "teacher")
    edited = own(tmp_path, "WIDTH = 4", "WIDTH = 5")
    with pytest.raises(RecordError) as caught:
        train_population(student(edited), out, runner="loop")
    assert str(caught.value) == refusal(out / "student", "teacher's model Mine")
    shutil.rmtree(out / "teacher")
    with pytest.raises(RecordError) as caught:
        train_population(student(own(tmp_path), epochs=2), out, runner="loop")
    assert str(caught.value) == refusal(out / "student", "teacher's declaration")
    with (
        pytest.raises(RecordError, match="teacher's declaration changed"),
        Trainer(out, Machine("loop"), accept=("declaration", "teacher's declaration")) as trainer,
    ):
        trainer.train(student(own(tmp_path), epochs=2))


def test_a_record_that_does_not_say_goes_on_and_still_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = Population("dense", Blobs(), MLP((4,)), RECIPE, members=1)
    with monkeypatch.context() as before_there_were_digests:
        before_there_were_digests.setattr(
            "undertow.lab.runner.description.built_from", lambda *_: {}
        )
        folder = train_population(dense, tmp_path, runner="loop")
    train_population(replace(dense, members=2), tmp_path, runner="loop")
    written = json.loads((folder / "manifest.json").read_text())
    assert (len(written["members"]), written["built_from"]) == (2, {})


def test_a_change_that_was_accepted_is_noted_where_members_are_added(tmp_path: Path) -> None:
    out = tmp_path / "out"
    folder = train_population(population(own(tmp_path)), out, runner="loop")
    before = record(out)
    edited = population(own(tmp_path, "nn.ReLU", "nn.Tanh"))
    with Trainer(out, Machine("loop"), accept=("model Mine",)) as trainer:
        trainer.train(edited)
    assert record(out) == before
    int4 = replace(edited, members=3).under(WeightQuantization(4), name="int4")
    with Trainer(out, Machine("loop"), accept=("model Mine",)) as trainer:
        trainer.train(int4)
    was, now = (
        json.loads(before["dense/manifest.json"]),
        json.loads((folder / "manifest.json").read_text()),
    )
    assert now["built_from"] == was["built_from"]
    assert now["notes"] == ["model Mine changed while members were made, and that was accepted"]
    assert len(now["members"]) == 3
    with pytest.raises(RecordError, match="model Mine changed since"):
        train_population(edited, out, runner="loop")


def test_an_object_without_a_repr_is_the_same_in_the_next_run(tmp_path: Path) -> None:
    class Plain:
        def __init__(self, width: int) -> None:
            self.width = width

        def build(self, shape_CHW: tuple[int, int, int], classes: int) -> Any:
            return MLP((self.width,)).build(shape_CHW, classes)

    dense = Population("dense", Blobs(), Plain(4), RECIPE, members=1)
    train_population(dense, tmp_path, runner="loop")
    events: list[Any] = []
    train_population(
        replace(dense, model=Plain(4)), tmp_path, runner="loop", progress=events.append
    )
    assert [event.kind for event in events] == ["kept"]
    with pytest.raises(RecordError) as caught:
        train_population(replace(dense, model=Plain(5)), tmp_path, runner="loop")
    assert str(caught.value) == refusal(tmp_path / "dense", "model Plain")


def test_code_that_cannot_be_read_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("undertow.lab.built_from.digest_of", lambda things: "unknown")
    int4 = Population("dense", Blobs(), MLP((4,)), RECIPE, members=1).under(
        WeightQuantization(4), name="int4"
    )
    events: list[Any] = []
    train_population(int4, tmp_path, runner="loop", progress=events.append)
    assert [e.reason for e in events if e.kind == "note" and "code" in e.reason] == [
        "the code of data Blobs cannot be read, so a later change of it will not be noticed",
        "the code of model MLP cannot be read, so a later change of it will not be noticed",
        "the code of intervention WeightQuantization cannot be read, so a later change of it will "
        "not be noticed",
    ]
