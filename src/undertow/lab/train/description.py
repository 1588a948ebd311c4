"""What the record says about a population besides its members' predictions."""

from __future__ import annotations

import dataclasses
import hashlib
import platform

import numpy as np
import polars as pl
import torch

import undertow
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.png import encode_png
from undertow.lab.population import Population
from undertow.records.schema import Manifest, Scale


def plan_of(population: Population, splits: Splits, runner: str, device: str, scale: Scale) -> Manifest:
    """The manifest without members. ``recipe`` also holds what else makes two populations different ones: data, model
    and seed plan; for a derived population it is the recipe its parents were trained with."""
    described = {"data": repr(population.data), "model": repr(population.model), "seeds": repr(population.seeds)}
    return Manifest(
        name=population.name,
        classes=splits.classes,
        members=(),
        recipe=described | dataclasses.asdict(population.recipe),
        interventions=tuple(map(repr, population.interventions)),
        parent=population.parent.name if population.parent else None,
        runner=runner,
        device=device,
        dtype="float32",
        versions=versions(),
        scale=scale,
    )


def examples_table(part: Part) -> pl.DataFrame:
    """``examples.parquet`` of an image data set: ids, labels, slices, SHA-256 of the pixels, the picture as PNG."""
    columns = {
        "example_id": pl.Series(part.example_id_N, dtype=pl.String),
        "label": pl.Series(part.label_N, dtype=pl.Int32),
        "content_hash": pl.Series([hashlib.sha256(x.tobytes()).hexdigest() for x in part.x_NCHW]),
        "input": pl.Series(encode_png(part.x_NCHW), dtype=pl.Binary),
    }
    return pl.DataFrame(columns).with_columns(part.slices.get_columns())


def versions() -> dict[str, str]:
    """Packages whose version can change a prediction."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "undertow": undertow.__version__,
    }
