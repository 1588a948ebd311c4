"""Numbers that a person has as a frame, such as what a probe told that was asked after training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from undertow import compare
from undertow.errors import UndertowError, UserError
from undertow.notebook.compared import Compared

N = 60
IDS = [f"e{n}" for n in range(N)]
DEPTH = pl.DataFrame({"example_id": IDS, "depth": np.arange(N) % 7, "tied": 0.0})
MADE = {
    "polars": DEPTH,
    "lazy": DEPTH.lazy(),
    "pandas": pd.DataFrame({"example_id": IDS, "depth": np.arange(N) % 7, "tied": 0.0}),
    "index": pd.DataFrame(
        {"depth": np.arange(N) % 7, "tied": 0.0}, index=pd.Index(IDS, name="example_id")
    ),
}


def side(wrong: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "example_id": IDS,
            "label": [n % 2 for n in range(N)],
            "prediction": [n % 2 if n % wrong else 1 - n % 2 for n in range(N)],
            "weight": np.arange(N),
        }
    )


def crossed(cross: Any = (), **given: Any) -> Compared:
    return compare(side(7), side(5), draws=200, cross=cross, **given)


@pytest.mark.heavy
@pytest.mark.parametrize("made", MADE)
def test_a_frame_of_any_library_is_crossed(made: str) -> None:
    found = crossed("depth", told=MADE[made])
    assert [c.column for c in found.audit.variants[0].crossed.columns] == ["depth"]
    expected = crossed("depth", told=DEPTH).audit.variants[0].crossed
    assert found.audit.variants[0].crossed.columns == expected.columns
    assert found.audit.assumptions.count(
        "Columns to cross were given as a frame, which does not say whose answers it holds: "
        "whether those take no part in the comparison is not checked."
    ) == 1  # fmt: skip


def test_without_names_all_of_its_columns_and_with_names_those_of_the_examples_too() -> None:
    whole = crossed(told=DEPTH).audit.variants[0].crossed
    assert [c.column for c in whole.columns] == ["depth", "tied"]
    some = crossed(("weight", "tied"), told=DEPTH).audit.variants[0].crossed
    assert [c.column for c in some.columns] == ["weight", "tied"]


def test_a_gate_on_the_same_sides_crosses_it_too(tmp_path: Path) -> None:
    policy = tmp_path / "gate.toml"
    policy.write_text("[[max_drop]]\npoints = 50\n")
    gated = crossed("depth", told=DEPTH).gate(policy)
    assert gated.result.audit.variants[0].crossed.columns[0].column == "depth"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"told": DEPTH, "columns_from": "third"},
            "told, columns_from='third': both tell columns to cross; give one of them",
        ),
        (
            {"told": DEPTH.rename({"example_id": "id"})},
            "the frame of columns to cross has no column 'example_id' (it has id, depth, tied); "
            "name the column of ids so",
        ),
        (
            {"told": {"depth": [1]}},
            "columns to cross came as builtins.dict; give a polars frame: "
            "pl.DataFrame({'example_id': ..., 'NAME OF A COLUMN': ...})",
        ),
    ],
)
def test_what_cannot_be_crossed(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UndertowError) as caught:
        crossed("depth", **given)
    assert str(caught.value) == said
    assert isinstance(caught.value, UserError)
