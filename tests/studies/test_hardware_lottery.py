"""The study of the hardware lottery declares what its method says. Nothing is trained."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from undertow.lab.interventions.weights import MagnitudePruning
from undertow.lab.lottery.cells import engines
from undertow.lab.models import MLP
from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Results, judge

MODULE = load_study(study_files()["hardware_lottery"])
SCALES = ("smoke", "demo", "small", "paper")


def multiplications(model: MLP, inputs: int) -> int:
    sizes = (inputs, *model.hidden, 10)
    return sum(a * b for a, b in itertools.pairwise(sizes))


@pytest.mark.parametrize("scale", SCALES)
def test_narrow_networks_have_the_multiplications_that_pruned_ones_are_left(scale: str) -> None:
    inputs = 3072 if scale == "paper" else 784
    of = {p.name: p for p in MODULE.networks(scale)}
    dense = of["dense"]
    whole = multiplications(dense.model, inputs)
    for left in MODULE.LEFT[scale]:
        pruned, narrow = of[f"pruned to {100 * left:g} %"], of[f"narrow {100 * left:g} %"]
        assert pruned.interventions == (MagnitudePruning(1 - left),)
        assert pruned.model == dense.model
        assert multiplications(narrow.model, inputs) / whole == pytest.approx(left, rel=0.05)
        assert (narrow.recipe, narrow.data, narrow.members) == (
            dense.recipe, dense.data, dense.members,
        )  # fmt: skip


@pytest.mark.parametrize("scale", SCALES)
def test_every_network_is_asked_in_every_engine(scale: str) -> None:
    study = MODULE.study(scale)
    cells = {(c.network, c.engine) for c in study.measurements["engines"].cells}
    networks = [p.name for p in study.measurements["engines"].populations]
    float32 = ("eager", "compile", "onnxruntime", "openvino")
    assert cells >= {(name, engine) for name in networks for engine in float32}
    assert {name for name, engine in cells if engine in ("csr", "csr-linear")} == {
        name for name in networks if name.startswith("pruned")
    }
    assert {engine for _, engine in cells} <= {*engines()}
    density = {c.network: c.density for c in study.measurements["engines"].cells}
    assert {density[n] for n in networks if not n.startswith("pruned")} == {1.0}


def test_whoever_is_timed_in_int8_is_audited_by_the_same_kernels() -> None:
    study = MODULE.study("small")
    arms = {v.name: v.interventions for v in study.variants}
    for choice in MODULE.choices((0.1,)):
        if choice.kind == "int8":
            (engine,) = arms[choice.population]
            assert not getattr(engine, "exact_sums", False)  # as it is timed
            assert not getattr(engine, "alone", False)
            assert choice.cell.network == study.reference.name


def test_narrow_is_audited_in_the_place_of_pruned() -> None:
    (comparison,) = MODULE.study("small").others
    assert comparison.reference.name == "pruned to 10 %"
    assert [v.name for v in comparison.variants] == ["narrow 10 %"]


def test_without_populations_nothing_is_decided() -> None:
    nothing = Results(SimpleNamespace(variants=()))  # type: ignore[arg-type]
    assert {judge(c, nothing).status for c in MODULE.study("small").claims} == {"not testable"}
