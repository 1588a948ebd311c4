"""The study of randomness from tooling declares what its method says. Nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from undertow.lab.interventions import arithmetic as tool
from undertow.lab.interventions.weights import FlippedBit
from undertow.lab.models import ThreeBlockCNN
from undertow.lab.population import Population
from undertow.lab.seeds import STREAMS
from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Results, judge

MODULE = load_study(study_files()["tooling_randomness"])
SCALES = ("smoke", "demo", "small", "paper")
NETS = {"batch norm": ThreeBlockCNN(), "no norm": ThreeBlockCNN(norm=False)}


@cache
def populations(scale: str = "small") -> dict[str, Population]:
    return {p.name: p for p in MODULE.study(scale).populations}


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("scale", SCALES)
def test_members_differ_by_what_their_name_says_alone(net: str, scale: str) -> None:
    given = populations(scale)
    seeded = given[f"{net}: algorithm"]
    assert (seeded.model, seeded.interventions) == (NETS[net], ())
    assert {*seeded.seeds.vary} == {*STREAMS}
    streams = {"start": "init", "order": "order", "augmentation": "augment", "dropout": "dropout"}
    for source, stream in streams.items():
        alone = given[f"{net}: {source}"]
        assert (alone.seeds.vary, alone.interventions) == ((stream,), ())
        drops = 0.1 if source == "dropout" else 0.0
        assert alone.model == replace(NETS[net], dropout=drops)
    noise = {
        "implementation": tool.ChannelPermutation(),
        "one flipped bit": FlippedBit(),
        "control": tool.Deterministic(),
    }
    for source, intervention in noise.items():
        same = given[f"{net}: {source}"]
        assert (same.seeds.vary, same.interventions) == ((), (intervention,))
    both = given[f"{net}: algorithm and implementation"]
    assert both.interventions == (tool.ChannelPermutation(),)
    assert {*both.seeds.vary} == {*STREAMS}
    assert len({(p.data, p.recipe) for n, p in given.items() if n.startswith(net)}) == 1


@pytest.mark.parametrize("net", NETS)
def test_every_tool_trains_one_member_of_the_controls_seeds(net: str) -> None:
    control = populations()[f"{net}: control"]
    assert control.members == 2
    for name, how in MODULE.TOOLS.items():
        found = populations().get(f"{net}: {name}")
        if (net, name) == ("batch norm", "two micro-batches"):
            assert found is None
            continue
        assert found is not None
        assert (found.members, found.interventions, found.seeds) == (1, (how,), control.seeds)


@pytest.mark.parametrize("scale", SCALES)
def test_as_many_members_everywhere_but_where_all_are_equal(scale: str) -> None:
    members = {"smoke": 3, "demo": 6, "small": 16, "paper": 10}[scale]
    few = {f"{net}: {source}" for net in NETS for source in ("control", *MODULE.TOOLS)}
    assert {p.members for name, p in populations(scale).items() if name not in few} == {members}


def test_an_older_processor_and_noise_are_audited_beside_seeds_alone() -> None:
    study = MODULE.study("small")
    assert study.reference.name == "batch norm: algorithm"
    both, older = study.variants
    assert both.name == "batch norm: algorithm and implementation"
    assert older.interventions == (tool.InstructionSet("default", "sse41"),)
    assert older.seeds == study.reference.seeds


def test_the_papers_setting_is_its_released_code() -> None:
    recipe = populations("paper")["batch norm: algorithm"].recipe
    assert (recipe.epochs, recipe.batch, recipe.lr, recipe.optimizer) == (200, 128, 4e-4, "adam")  # type: ignore[union-attr]
    assert [200 * share for share in recipe.milestones] == [50, 100]  # type: ignore[union-attr]


def test_without_populations_nothing_is_decided() -> None:
    nothing = Results(None)  # type: ignore[arg-type]
    assert {judge(c, nothing).status for c in MODULE.study("small").claims} == {"not testable"}
