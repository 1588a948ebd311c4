"""Who tells what examples are like is no kin of the sides, over any number of generations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from blobs import Blobs
from undertow import compare
from undertow.errors import NotComparableError
from undertow.lab.interventions.objective import Distillation
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.machine import Machine
from undertow.lab.runner.trainer import Trainer

pytestmark = pytest.mark.heavy  # they train

A = Population("A", Blobs(), MLP((12,)), Recipe(epochs=1, batch=16, lr=0.03), 2)
B, C = A.again("B"), A.again("C")
LOW = A.under(WeightQuantization(bits=3), name="A low")
LOW_ON, LOW_OTHER = (LOW.on(Blobs(), name=name) for name in ("A low on", "A low elsewhere"))
LOWER = A.under(WeightQuantization(bits=2), name="A lower")
TAUGHT = A.under(Distillation(), name="taught", teacher=A)
TAUGHT_LOW = TAUGHT.under(WeightQuantization(bits=3), name="taught low")
TOGETHER = (A, B, C, LOW, LOW_ON, LOW_OTHER, LOWER, TAUGHT, TAUGHT_LOW)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with Trainer(tmp_path_factory.mktemp("descent"), Machine(runner="loop")) as trainer:
        return {one.name: trainer.train(one) for one in TOGETHER}


def crossed(folders: Mapping[str, Path], teller: Population, side: Population) -> str:
    """Why it is refused to compare B with ``side`` by what ``teller`` tells."""
    with pytest.raises(NotComparableError) as caught:
        compare(
            folders["B"],
            folders[side.name],
            cross="consensus_accuracy",
            columns_from=folders[teller.name],
        )
    said = str(caught.value)
    said = said.removeprefix(f"columns_from={str(folders[teller.name])!r}: ")
    return said.partition(", which is compared, and examples that it found hard by chance")[0]


@pytest.mark.parametrize(
    ("teller", "side", "why"),
    [
        (A, LOW, "has the name of the parent or teacher of 'A low'"),
        (A, LOW_ON, "is a parent or teacher, generations back, of 'A low on'"),
        (A, TAUGHT_LOW, "is a parent or teacher, generations back, of 'taught low'"),
        (LOW_ON, A, "has a parent or teacher, generations back, that is 'A'"),
        (TAUGHT_LOW, A, "has a parent or teacher, generations back, that is 'A'"),
        (LOWER, LOW_ON, "comes from the same population as 'A low on'"),
        (TAUGHT_LOW, LOW_ON, "comes from the same population as 'A low on'"),
        (LOW_ON, LOW_OTHER, "holds members of 'A low elsewhere'"),
    ],
    ids=lambda given: given.name if isinstance(given, Population) else "",
)
def test_kin_of_any_generation_is_refused(
    folders: Mapping[str, Path], teller: Population, side: Population, why: str
) -> None:
    assert crossed(folders, teller, side) == why


@pytest.mark.parametrize("side", [A, LOW, LOW_ON, TAUGHT_LOW], ids=lambda side: side.name)
def test_a_population_of_its_own_tells(folders: Mapping[str, Path], side: Population) -> None:
    found = compare(
        folders["B"], folders[side.name], cross="consensus_accuracy", columns_from=folders["C"]
    )
    assert found.audit.variants[0].crossed is not None
