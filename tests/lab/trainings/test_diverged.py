"""A member whose loss stops being a number is kept as such, never tried again, and left out by a
rule that is said."""

import json

import numpy as np
import pytest

from blobs import Blobs, Explosive
from undertow.audit.compare import audit
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.lab.seeds import SeedPlan
from undertow.records.read import read_population

RECIPE = Recipe(epochs=2, batch=16, lr=0.05)
BAD = SeedPlan().member("wild", 1)["init"]
WILD = Population("wild", Blobs(), Explosive(BAD), RECIPE, members=3)
CHILD = WILD.under(WeightQuantization(4), name="child")
REASON = "the loss was nan in epoch 1 of 2"


@pytest.fixture(scope="module", params=["loop", "stacked"])
def trained(request, tmp_path_factory):
    out, events = tmp_path_factory.mktemp(request.param), []
    train_population(CHILD, out, runner=request.param, workers=1, progress=events.append)
    return out, events, request.param


def test_it_is_recorded_with_its_reason(trained):
    out, events, _ = trained
    manifest = read_population(out / "wild").manifest
    assert [(m.status, m.reason) for m in manifest.members] == [
        ("done", None),
        ("diverged", REASON),
        ("done", None),
    ]
    assert manifest.notes == (f"member 001 diverged: {REASON}",)
    assert [
        (e.member, e.reason) for e in events if e.kind == "diverged" and e.population == "wild"
    ] == [("001", REASON)]


def test_it_has_no_predictions_and_no_weights(trained):
    out, _, _ = trained
    for folder in ("members", "weights"):
        assert not list((out / "wild" / folder).glob("001*"))


def test_a_member_that_derives_from_it_has_diverged_with_it(trained):
    out, _, _ = trained
    entry = read_population(out / "child").manifest.members[1]
    assert (entry.status, entry.reason) == ("diverged", "its parent member in 'wild' diverged")


def test_it_is_not_tried_again(trained):
    out, _, runner = trained
    before = (out / "wild" / "manifest.json").read_bytes()
    events = []
    train_population(CHILD, out, runner=runner, workers=1, progress=events.append)
    train_population(WILD, out, runner=runner, workers=1, progress=events.append)
    assert {e.kind for e in events} == {"kept"}
    assert (out / "wild" / "manifest.json").read_bytes() == before


def test_it_survives_when_another_member_has_to_be_made_again(trained):
    out, _, runner = trained
    before = json.loads((out / "wild" / "manifest.json").read_bytes())
    (out / "wild" / "members" / "002.parquet").unlink()
    train_population(WILD, out, runner=runner, workers=1)
    assert json.loads((out / "wild" / "manifest.json").read_bytes()) == before


def test_the_audit_states_the_rule(trained):
    out, _, _ = trained
    reference, variant = read_population(out / "wild"), read_population(out / "child")
    assert np.isfinite(reference.proba_MNC).all()
    rule = "diverged and are left out, since their loss or predictions stopped being numbers (001)."
    assert f"1 of 3 members of 'wild' {rule}" in " ".join(audit(reference, [variant]).assumptions)
