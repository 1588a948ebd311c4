"""A population that an int8 engine runs: derived, recorded, compared with its parent."""

import pytest

from undertow.audit.compare import audit
from undertow.lab.data import Digits
from undertow.lab.interventions.runtime import OnnxStaticInt8
from undertow.lab.interventions.weights import OneShotPruning
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.read import read_population

pytestmark = pytest.mark.heavy

DENSE = Population(
    "dense", Digits(), MLP(hidden=(16,)), Recipe(epochs=3, batch=32, lr=0.05), members=2
)
INT8 = DENSE.under(OnnxStaticInt8(), name="int8")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    out = tmp_path_factory.mktemp("engines")
    train_population(INT8, out, runner="loop")
    return [read_population(out / name) for name in ("dense", "int8")]


def test_the_record_says_what_the_engine_did(records):
    dense, int8 = (r.manifest for r in records)
    assert (dense.dtype, int8.dtype, int8.parent) == ("float32", "int8", "dense")
    assert (int8.facts["int8.linear"], int8.facts["float.linear"]) == (2.0, 0.0)
    assert int8.facts["weights_changed"] == 64 * 16 + 16 * 10


def test_its_answers_are_near_the_parents_and_not_the_same(records):
    dense, int8 = records
    apart = abs(int8.proba_MNC - dense.proba_MNC)
    assert 0 < apart.mean() < 0.05


def test_the_audit_takes_the_pair(records):
    dense, int8 = records
    assert audit(dense, [int8]).variants[0].arm.name == "int8"


def test_an_engine_comes_last():
    with pytest.raises(
        ValueError, match="an engine runs the model as the others left it, so it comes last"
    ):
        DENSE.under(OnnxStaticInt8(), OneShotPruning(0.5), name="wrong")
    pruned = DENSE.under(OneShotPruning(0.5), OnnxStaticInt8(), name="right")
    assert pruned.parent is DENSE
