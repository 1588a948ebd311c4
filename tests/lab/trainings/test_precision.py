"""Number formats: what they do to a training, what is said about them, and that they are part of
the identity."""

from dataclasses import replace

import pytest
import torch

from blobs import Blobs
from undertow.audit.compare import audit
from undertow.errors import NotComparableError, UserError
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.precision import check_precision, has_bfloat16, reason, shortened
from undertow.records.read import read_population

CPU = torch.device("cpu")
DENSE = Population(
    "dense", Blobs(), MLP(hidden=(8,)), Recipe(epochs=2, batch=16, lr=0.05), members=2
)


def test_bfloat16_is_autocast_and_the_others_are_not():
    weight, x = torch.ones(2, 2), torch.ones(1, 2)
    with shortened("bfloat16", CPU):
        assert (x @ weight).dtype == torch.bfloat16
    with shortened("float32", CPU):
        assert (x @ weight).dtype == torch.float32


def test_tf32_is_cudas():
    with pytest.raises(UserError) as caught:
        check_precision("tf32", CPU)
    assert (
        str(caught.value)
        == "precision 'tf32' exists on CUDA alone, and this runs on cpu; choose 'float32'"
    )
    with pytest.raises(UserError):
        reason("tf32", CPU)


def test_the_reason_says_whether_the_machine_has_it(monkeypatch):
    assert reason("float32", CPU) == "float32 throughout"
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    assert has_bfloat16(CPU)
    assert reason("bfloat16", CPU) == (
        "bfloat16 autocast over float32 weights, as the recipe asks: this CPU computes it natively"
    )
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx2": True}, raising=False)
    assert reason("bfloat16", CPU) == (
        "bfloat16 autocast over float32 weights, as the recipe asks: this CPU has no instructions "
        "for it, so float32 would be faster"
    )


def test_the_record_says_it_and_the_audit_refuses_across_it(tmp_path):
    short = replace(DENSE, name="short", recipe=replace(DENSE.recipe, precision="bfloat16"))
    first, second = (
        read_population(train_population(p, tmp_path, runner="loop")) for p in (DENSE, short)
    )
    assert (first.manifest.dtype, second.manifest.dtype) == ("float32", "bfloat16")
    with pytest.raises(NotComparableError, match="computed in float32 and 'short' in bfloat16"):
        audit(first, [second])


def test_float64_trains_in_float64_on_the_same_pixels(tmp_path):
    exact = replace(DENSE, name="exact", recipe=replace(DENSE.recipe, precision="float64"))
    first, second = (
        read_population(train_population(p, tmp_path, runner="loop")) for p in (DENSE, exact)
    )
    assert second.manifest.dtype == "float64"
    same = replace(exact, name="dense")  # with the seeds of the float32 members
    third = read_population(train_population(same, tmp_path / "other", runner="loop"))
    assert abs(third.proba_MNC - first.proba_MNC).max() < 1e-4
