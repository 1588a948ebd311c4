"""Data that cannot be had on another machine are told with the line of the class that reads
them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from undertow.errors import UserError
from undertow.lab.data.dataset import Splits
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.places.cluster_worker import _data


@dataclass(frozen=True)
class Absent:
    error: type[Exception]

    def load(self) -> Splits:
        raise self.error("not here")


def test_a_person_reads_where_it_went_wrong() -> None:
    with pytest.raises(UserError) as caught:
        _data(Population("dense", Absent(ValueError), MLP(), Recipe(epochs=1), members=1), "cpu")
    assert str(caught.value) == (
        "a worker cannot load the data of 'dense' (ValueError: not here "
        "(test_worker_data.py, line 23, in load))"
    )
    with pytest.raises(UserError, match="put them where every node sees them under the same path"):
        _data(Population("dense", Absent(OSError), MLP(), Recipe(epochs=1), members=1), "cpu")
