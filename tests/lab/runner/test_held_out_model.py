"""``RhoLoss`` as a population: its held-out model is trained first, on other rows, and recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blobs import Blobs
from folders import record, weights
from undertow.lab.data import Half, WrongLabels
from undertow.lab.interventions.during import During
from undertow.lab.interventions.sampling import RhoLoss, SelectiveBackprop
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Choices
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.phases import Phases
from undertow.lab.trainings.supervised import Supervised
from undertow.records.probes import read_probe, read_series, read_train
from undertow.records.read import read_population

pytestmark = pytest.mark.heavy  # they train

DATA = WrongLabels(Blobs(train=400), share=0.25)
RECIPE = Recipe(epochs=4, batch=16, lr=0.02)
LONGER = replace(RECIPE, epochs=30)  # so that it is sure of what can be learned
HELD_OUT = Population("held out", Half(DATA, "odd"), MLP((8,)), LONGER, members=1)
HALF = Population("half", Half(DATA, "even"), MLP((8,)), RECIPE, members=2, probes=(Choices(),))
REDUCED = HALF.under(RhoLoss(0.2, teacher_member=0), name="reduced", teacher=HELD_OUT)


def test_the_held_out_model_is_trained_first_and_recorded(tmp_path):
    events = []
    folder = train_population(REDUCED, tmp_path, runner="loop", progress=events.append)
    began = [e.population for e in events if e.kind == "started"]
    assert began == ["held out", "reduced", "reduced"]
    manifest = read_population(folder).manifest
    assert manifest.teacher == "held out"
    assert [member.teacher for member in manifest.members] == ["000", "000"]
    assert manifest.interventions == ("RhoLoss(keep=0.2, teacher_member=0)",)
    apart = [{*read_train(tmp_path / name)["example_id"]} for name in ("held-out", "reduced")]
    assert [len(ids) for ids in apart] == [200, 200]
    assert not apart[0] & apart[1]


def test_wrong_labels_are_left_alone_by_what_can_be_reduced_and_sought_by_loss_alone(tmp_path):
    greedy = HALF.under(SelectiveBackprop(4.0), name="selected")
    reduced, selected = (
        read_series(train_population(population, tmp_path, runner="loop"))
        for population in (REDUCED, greedy)
    )
    assert reduced["share_mislabelled"].max() < 0.2
    assert selected.filter(selected["epoch"] > 1)["share_mislabelled"].min() > 0.4


@pytest.mark.heavy
def test_processes_and_one_loop_choose_the_same_to_the_last_byte(tmp_path):
    for runner in ("loop", "processes"):
        train_population(REDUCED, tmp_path / runner, runner=runner, workers=2)
    found = [read_probe(tmp_path / r / "reduced", "choices") for r in ("loop", "processes")]
    assert found[0].values["chosen"].tobytes() == found[1].values["chosen"].tobytes()
    assert weights(tmp_path / "loop") == weights(tmp_path / "processes")
    assert record(tmp_path / "loop").keys() == record(tmp_path / "processes").keys()


def test_a_phase_of_its_own_has_a_sampler_and_no_held_out_model():
    phases = Phases(("first", Supervised(RECIPE)), ("second", Supervised(RECIPE)))
    dense = replace(HALF, name="phases", recipe=phases)
    dense.under(During("second", SelectiveBackprop(2.0)), name="selected")
    with pytest.raises(ValueError) as caught:
        During("second", RhoLoss(0.1))
    assert str(caught.value) == (
        "During('second', RhoLoss(keep=0.1, teacher_member=None)): this does not act in one phase "
        "of a training; put it beside"
    )
