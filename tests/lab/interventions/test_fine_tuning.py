"""``FineTuning``: trained members that are trained on, with other examples too."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from blobs import Blobs
from undertow.dynamics import dynamics_of
from undertow.errors import NoEffectError
from undertow.lab.data import Half, Watching
from undertow.lab.interventions.sampling import RandomShare
from undertow.lab.interventions.site import Horizon
from undertow.lab.interventions.weights import FineTuning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe, read_train
from undertow.records.read import read_population

DATA = Blobs(train=60)
EVEN, ODD = Half(DATA, "even"), Half(DATA, "odd")
RECIPE = Recipe(epochs=2, batch=16, lr=0.05)
FIRST = Population("first", EVEN, MLP((8,)), RECIPE, 2, probes=(Trace(clean=True),))
BACK = (Trace(clean=True, part="held_out"),)


def second(finetune=RECIPE, **changed):
    data = Watching(ODD, EVEN)
    return FIRST.under(FineTuning(finetune), name="second", data=data, probes=BACK, **changed)


def test_it_says_how_far_weights_moved():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 0.0]]))
        model[1].weight.copy_(torch.tensor([[0.0, 4.0]]))
    run = FineTuning(RECIPE).start(model, Horizon(1, 0))
    with torch.no_grad():
        model[0].weight[1, 1] += 1.0
        model[1].weight[0, 0] -= 2.0
        model[0].bias += 7.0  # biases are not counted
    effect = run.finish()
    assert effect.changed == 2
    assert effect.facts == {"moved": pytest.approx(math.sqrt(1 + 4) / 5)}


def test_one_that_trains_nothing_says_so():
    run = FineTuning(RECIPE).start(nn.Linear(2, 1), Horizon(0, 0))
    with pytest.raises(NoEffectError) as caught:
        run.finish()
    assert str(caught.value) == (
        f"{FineTuning(RECIPE)!r} changed no weight; train longer, or with a higher lr"
    )


def test_members_go_on_with_the_other_half_and_are_asked_about_the_first(tmp_path):
    folder = train_population(second(), tmp_path, runner="loop")
    back, learning = read_probe(folder, "trace-held-out"), read_probe(
        tmp_path / "first", "trace-clean"
    )  # fmt: skip
    assert back.entry.part == "held_out"
    assert (back.entry.mode, back.entry.view) == ("eval", "clean")
    assert back.example_id_N.to_list() == learning.example_id_N.to_list()
    assert back.label_N.tolist() == learning.label_N.tolist()
    assert back.values["loss"].shape == (2, 30, 2)
    train = read_train(folder)
    assert train.height == 60
    assert train.filter(train["held_out"] == "no")["example_id"].to_list() == [
        f"train/{n}" for n in range(1, 60, 2)
    ]
    record = read_population(folder)
    assert [m.parent for m in record.manifest.members] == ["000", "001"]
    assert record.manifest.format == "undertow-records/2"


def test_the_command_tells_which_were_forgotten_first(tmp_path):
    folder = train_population(second(), tmp_path, runner="loop")
    said = dynamics_of(folder, "trace-held-out", sort="wrong_for_good").splitlines()
    assert said[0] == (
        "trace-held-out: 2 members, 30 held-out examples, epochs 1 to 2 (early: 1), eval mode, "
        "clean view; means over members"
    )
    assert said[2] == "hardest by wrong_for_good, 10 of 30 examples"


def test_weights_that_are_not_moved_tell_what_the_first_training_ended_with(tmp_path):
    """An lr too small to change an answer: the trace that looks back is the parent's last epoch."""
    folder = train_population(second(replace(RECIPE, lr=1e-9)), tmp_path, runner="loop")
    back = read_probe(folder, "trace-held-out").values["loss"]
    last = read_probe(tmp_path / "first", "trace-clean").values["loss"][:, :, -1]
    assert abs(back - last[:, :, None]).max() < 1e-3


def test_streams_of_the_further_training_are_its_own(tmp_path):
    """Two populations that go on from the same members differ by their names' seeds."""
    one = train_population(second(), tmp_path, runner="loop")
    other = train_population(replace(second(), name="other"), tmp_path, runner="loop")
    weights = [(folder / "weights" / "000.safetensors").read_bytes() for folder in (one, other)]
    assert weights[0] != weights[1]


@pytest.mark.heavy
def test_a_stack_finds_what_members_find_alone(tmp_path):
    recipe = replace(RECIPE, precision="float64")
    first = replace(FIRST, recipe=recipe)
    both = []
    for runner in ("loop", "stacked"):
        data = Watching(ODD, EVEN)
        tuned = first.under(FineTuning(recipe), name="second", data=data, probes=BACK)
        folder = train_population(tuned, tmp_path / runner, runner=runner)
        both.append(read_probe(folder, "trace-held-out").values["loss"].astype(float))
    assert abs(both[0] - both[1]).max() < 1e-3


def test_data_of_another_whole_are_refused():
    for intervention in (FineTuning(RECIPE), RandomShare(0.5)):
        with pytest.raises(ValueError) as caught:
            FIRST.under(intervention, name="second", data=Blobs(train=30))
        assert str(caught.value) == (
            f"population 'second' has the data {Blobs(train=30)!r}, and 'first' has {EVEN!r}; the "
            "same under an intervention has other rows of one whole at most"
        )


def test_what_acts_during_training_takes_other_rows_too():
    assert FIRST.under(RandomShare(0.5), name="third", data=ODD).data == ODD
    assert FIRST.under(RandomShare(0.5), name="third").data == EVEN


def test_where_nothing_is_held_out_the_trace_says_so(tmp_path):
    declared = replace(FIRST, probes=BACK)
    with pytest.raises(Exception) as caught:
        train_population(declared, tmp_path, runner="loop")
    assert (
        f"{BACK[0]!r}: the data have no held-out part; wrap them in HeldOut or Watching, or look "
        "at another part" in str(caught.value)
    )
