"""What a population is built from, as its record keeps it: digests of the code and the data that
made its members.

    data Blobs, model MLP, intervention …, probe …    their classes and all that these use
                                                       (``code_digest``)
    training data                            images, labels and ids
    study file                               what the study's file does when it is loaded
    parent's …, teacher's …                  the same of what it derives or learns from
    parent's declaration, teacher's …        its recipe, seeds and interventions

A declaration counts by its values, which the manifest has in plain, so adding an arm or a claim
changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from undertow.lab.code_digest import digest_of, digest_of_effects
from undertow.lab.data.dataset import Part, Splits
from undertow.lab.data.lazy import CHUNK_BYTES
from undertow.lab.held_values import without_address
from undertow.lab.interventions.during import During
from undertow.lab.interventions.site import Intervention
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.records.descent import DECLARATION, declared, short

Digest = Callable[[Iterable[object]], str]


class FirstSeen:
    """Digests of objects as they were when they were first asked for, since building and loading
    may fill them."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, ...], tuple[list[object], str]] = {}

    def __call__(self, things: Iterable[object]) -> str:
        """``digest_of``, once."""
        kept = list(things)
        key = tuple(map(id, kept))
        if key not in self._seen:
            # they are kept, so that their ids stay their own
            self._seen[key] = kept, digest_of(kept)
        return self._seen[key][1]

    def see(self, population: Population) -> None:
        """Look at what a population, its parents and its teachers are made of."""
        _code(population, self)
        if population.source is not None:
            self.see(population.source)


def built_from(
    population: Population,
    splits: Splits,
    study_source: str | None = None,
    digest: Digest = digest_of,
) -> dict[str, str]:
    """Digests by name. Two runs give the same ones if and only if their members would be made
    alike, as far as code and data say so; the trainer itself is not looked at."""
    own = _code(population, digest) | {"training data": _data_digest(splits.train, splits)}
    effects = digest_of_effects(study_source) if study_source else None
    return own | ({"study file": effects} if effects else {}) | _origins(population, own, digest)


def declaration(population: Population) -> dict[str, object]:
    """What makes two populations of the same interventions different ones: data, model, seed plan
    and recipe."""
    described = {"data": population.data, "model": population.model, "seeds": population.seeds}
    recipe = population.recipe
    trained: dict[str, object] = (
        dataclasses.asdict(recipe)
        if isinstance(recipe, Recipe)
        else {"training": without_address(recipe)}
    )
    return {name: without_address(thing) for name, thing in described.items()} | trained


def _code(population: Population, digest: Digest) -> dict[str, str]:
    together: dict[str, list[object]] = {}
    for name, thing in _named(population):
        together.setdefault(name, []).append(thing)
    return {name: digest(things) for name, things in together.items()}


def _named(population: Population) -> Iterator[tuple[str, object]]:
    yield f"data {type(population.data).__name__}", population.data
    yield f"model {type(population.model).__name__}", population.model
    if not isinstance(population.recipe, Recipe):
        yield f"training {type(population.recipe).__name__}", population.recipe
    for intervention in population.interventions:
        yield f"intervention {_called(intervention)}", intervention
    for probe in population.probes:
        yield f"probe {type(probe).__name__}", probe


def _called(intervention: Intervention) -> str:
    """Its class, and in which phase it acts."""
    if isinstance(intervention, During):
        return f"{_called(intervention.intervention)} in {intervention.phase}"
    return type(intervention).__name__


def _origins(population: Population, known: dict[str, str], digest: Digest) -> dict[str, str]:
    """The same of parents and teachers, as far as it is not the population's own."""
    source = population.source
    if source is None:
        return {}
    code = _code(source, digest)
    acting = [without_address(i) for i in source.interventions]
    theirs = (
        code
        | {DECLARATION: declared(declaration(source), acting, source.name)}
        | _origins(source, code, digest)
    )
    role = "teacher" if population.parent is None else "parent"
    return {f"{role}'s {name}": found for name, found in theirs.items() if known.get(name) != found}


def _data_digest(part: Part, splits: Splits) -> str:
    """Of ids, labels, classes, pixel statistics and pixels. Beyond 16 MB the pixels are those of
    images at even distances: a data set that stays on disk is not decoded as a whole, and gives
    what the same one in memory gives."""
    count, size = len(part.label_N), int(np.prod(part.x_NCHW.shape[1:]))
    chosen = min(count, max(1, CHUNK_BYTES // max(1, size)))
    index_K = np.arange(chosen) * count // max(1, chosen)
    return short(
        json.dumps(
            [part.example_id_N, splits.classes, [float(v) for v in (*splits.mean, *splits.std)]],
            default=str,
        ),
        np.asarray(part.label_N, np.int64).tobytes(),
        np.ascontiguousarray(part.x_NCHW[index_K]).tobytes(),
    )
