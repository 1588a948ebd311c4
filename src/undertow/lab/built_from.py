"""What a population is built from, as its record keeps it: digests of the code and the data that made its members.

    data Blobs, model MLP, intervention MagnitudePruning    their classes and all that these use (``code_digest``)
    training data                                           images, labels and ids
    study file                                              what the study's file does when it is loaded
    parent's …, teacher's …                                 the same of what it derives or learns from
    parent's declaration, teacher's declaration             its recipe, seeds and interventions

A declaration counts by its values, which the manifest has in plain, so adding an arm or a claim changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator

import numpy as np

from undertow.lab.code_digest import digest_of, digest_of_effects, short
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.lazy import CHUNK_BYTES
from undertow.lab.population import Population
from undertow.records.write import DECLARATION


def built_from(population: Population, splits: Splits, study_source: str | None = None) -> dict[str, str]:
    """Digests by name. Two runs give the same ones if and only if their members would be made alike, as far as code
    and data say so; the trainer itself is not looked at."""
    own = _code(population) | {"training data": _data_digest(splits.train, splits)}
    effects = digest_of_effects(study_source) if study_source else None
    return own | ({"study file": effects} if effects else {}) | _origins(population, own)


def declared(thing: object) -> str:
    """``repr`` without addresses, which no two runs have in common."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))


def declaration(population: Population) -> dict[str, object]:
    """What makes two populations of the same interventions different ones: data, model, seed plan and recipe."""
    described = {"data": population.data, "model": population.model, "seeds": population.seeds}
    return {name: declared(thing) for name, thing in described.items()} | dataclasses.asdict(population.recipe)


def _code(population: Population) -> dict[str, str]:
    together: dict[str, list[object]] = {}
    for name, thing in _named(population):
        together.setdefault(name, []).append(thing)
    return {name: digest_of(things) for name, things in together.items()}


def _named(population: Population) -> Iterator[tuple[str, object]]:
    yield f"data {type(population.data).__name__}", population.data
    yield f"model {type(population.model).__name__}", population.model
    for intervention in population.interventions:
        yield f"intervention {type(intervention).__name__}", intervention


def _origins(population: Population, known: dict[str, str]) -> dict[str, str]:
    """The same of parents and teachers, as far as it is not the population's own."""
    source = population.source
    if source is None:
        return {}
    code = _code(source)
    made = declaration(source) | {"interventions": [declared(i) for i in source.interventions], "name": source.name}
    theirs = code | {DECLARATION: short(json.dumps(made, sort_keys=True))} | _origins(source, code)
    role = "teacher" if population.parent is None else "parent"
    return {f"{role}'s {name}": digest for name, digest in theirs.items() if known.get(name) != digest}


def _data_digest(part: Part, splits: Splits) -> str:
    """Of ids, labels, classes, pixel statistics and pixels. Beyond 16 MB the pixels are those of images at even
    distances: a data set that stays on disk is not decoded as a whole, and gives what the same one in memory gives."""
    count, size = len(part.label_N), int(np.prod(part.x_NCHW.shape[1:]))
    chosen = min(count, max(1, CHUNK_BYTES // max(1, size)))
    index_K = np.arange(chosen) * count // max(1, chosen)
    return short(
        json.dumps([part.example_id_N, splits.classes, [float(v) for v in (*splits.mean, *splits.std)]], default=str),
        np.asarray(part.label_N, np.int64).tobytes(),
        np.ascontiguousarray(part.x_NCHW[index_K]).tobytes(),
    )
