"""What a population is called after the names of its members' files."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.records.formats.members.names import population_name


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (["fp32"], "fp32"),
        (["fp32", "fp32-again"], "fp32"),
        (["resnet50-a", "resnet50-b"], "resnet50"),
        (["model_seed_1", "model_seed_2"], "model_seed"),
        (["model_10", "model_11"], "model"),
        (["seed0", "seed1", "seed2"], "seed"),
        (["run09", "run10"], "run"),
        (["good", "good2"], "good"),
        (["int8", "int4"], "int8+int4"),
        (["int4", "int8", "int16"], "int4 and 2 more"),
        (["fp16", "fp32"], "fp16+fp32"),
        (["alpha_base", "alphabet"], "alpha_base+alphabet"),
        (["s1", "s2"], "s1+s2"),
        (["a", "b"], "a+b"),
        (["x/preds", "y/preds"], "preds"),
        (["old/a", "old/b"], "old"),
        (["old/int8", "old/int4"], "int8+int4"),
    ],
)
def test_a_population_is_called_by_whole_words(names: list[str], called: str):
    assert population_name([Path(f"{name}.csv") for name in names]) == called
