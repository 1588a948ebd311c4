"""What the record says about a population besides its members' predictions."""

from __future__ import annotations

import hashlib
import platform

import numpy as np
import polars as pl
import torch

import undertow
from undertow.errors import UserError
from undertow.lab.built_from import Digest, built_from, declaration
from undertow.lab.code_digest import digest_of
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.lazy import chunks
from undertow.lab.data.png import encode_png
from undertow.lab.held_values import without_address
from undertow.lab.interventions.site import AbstractRuntime
from undertow.lab.population import Population
from undertow.lab.runner.member import probed_epochs
from undertow.records.folder import HELD_OUT
from undertow.records.schema import Manifest, Scale


def plan_of(
    population: Population,
    splits: Splits,
    runner: str,
    device: str,
    scale: Scale,
    study_source: str | None = None,
    digest: Digest = digest_of,
) -> Manifest:
    """The manifest without members. ``recipe`` also holds what else makes two populations different
    ones: data, model and seed plan; for a derived population it is the recipe its parents were
    trained with."""
    return Manifest(
        name=population.name,
        classes=splits.classes,
        task="classification" if splits.positive is None else "binary",
        positive=splits.positive,
        members=(),
        recipe=declaration(population),
        interventions=tuple(map(without_address, population.interventions)),
        built_from=built_from(population, splits, study_source, digest),
        parent=population.parent.name if population.parent else None,
        teacher=population.teacher.name if population.teacher else None,
        runner=runner,
        device=device,
        dtype=number_type(population),
        versions=versions(),
        scale=scale,
        probes={p.name: p.entry(probed_epochs(population)) for p in population.probes},
    )


def train_table(splits: Splits) -> pl.DataFrame:
    """``train.parquet``: ids, labels and slices; where examples are held out, theirs too, and the
    column ``held_out``. ``UserError`` where a slice has that name."""
    if HELD_OUT in splits.train.slices.columns:
        raise UserError(
            f"{splits.name}: a slice of its training part is called {HELD_OUT!r}, which the record "
            "says itself; rename it"
        )
    train = _ids_and_slices(splits.train)
    if splits.held_out is None:
        return train
    held = _ids_and_slices(splits.held_out)
    return pl.concat(
        [
            frame.with_columns(pl.lit(said).alias(HELD_OUT))
            for frame, said in ((train, "no"), (held, "yes"))
        ]
    )


def _ids_and_slices(part: Part) -> pl.DataFrame:
    columns = {
        "example_id": pl.Series(part.example_id_N, dtype=pl.String),
        "label": pl.Series(part.label_N, dtype=pl.Int32),
    }
    return pl.DataFrame(columns).with_columns(part.slices.get_columns())


def number_type(population: Population) -> str:
    """The arithmetic of a population: of the engine that runs it, or else of its trainings, joined
    by ``+``."""
    engines = [i.dtype for i in population.interventions if isinstance(i, AbstractRuntime)]
    recipes = [population.recipe, *(i.finetune for i in population.interventions if i.finetune)]
    return (
        engines[0] if engines else "+".join(dict.fromkeys(recipe.precision for recipe in recipes))
    )


def examples_table(part: Part) -> pl.DataFrame:
    """``examples.parquet`` of an image data set: ids, labels, slices, SHA-256 of the pixels, the
    picture as PNG."""
    hashes: list[str] = []
    pictures: list[bytes] = []
    for x_BCHW in chunks(part.x_NCHW):  # a streamed part is never in memory as a whole
        hashes += [hashlib.sha256(x.tobytes()).hexdigest() for x in x_BCHW]
        pictures += encode_png(x_BCHW)
    columns = {
        "example_id": pl.Series(part.example_id_N, dtype=pl.String),
        "label": pl.Series(part.label_N, dtype=pl.Int32),
        "content_hash": pl.Series(hashes, dtype=pl.String),
        "input": pl.Series(pictures, dtype=pl.Binary),
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
