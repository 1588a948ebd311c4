"""The worlds whose numbers are kept: one small audit for each way in which an audit decides.

A world here is drawn, not read from disk, so a change of a reader changes none of these numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

import worlds
from undertow.audit import Audit, Settings, audit
from undertow.records.answer_codes import answer_classes, code_answers
from undertow.records.records import Records
from undertow.records.schema import Manifest, MemberEntry

LANGUAGES = ("de", "en", "fi")


class World(NamedTuple):
    """What is audited, and how."""

    reference: Records
    variants: list[Records]
    settings: Settings


def members() -> World:
    """Several members a side, with labels missing and two columns of slices."""
    reference, variant = worlds.planted_world(
        {1: 0.3}, m_ref=5, m_var=6, n=300, classes=4, seed=5, missing_labels=0.05
    )
    return World(reference, [variant], Settings(by=("class", "region"), draws=300, gallery=8))


def paired() -> World:
    """Each variant member derives from a reference member."""
    reference, variant = worlds.planted_world(
        {2: 0.7}, m_ref=8, m_var=8, n=160, classes=3, seed=11, paired=True
    )
    return World(reference, [variant], Settings(by=("class",), draws=200, gallery=24, fdr=0.1))


def probabilities() -> World:
    """A binary task with full probabilities: error rates, confidences and distances of
    distributions."""
    planted = {
        "m_ref": 4,
        "m_var": 5,
        "n": 120,
        "classes": 2,
        "proba": True,
        "positive": "class 1",
        "seed": 3,
    }
    reference, variant = worlds.planted_world({1: 0.4}, **planted)
    return World(reference, [variant], Settings(by=("tone",), draws=200, gallery=6))


def repeat_runs() -> World:
    """Three runs of one model against one changed model."""
    planted = {"m_ref": 3, "m_var": 1, "n": 240, "classes": 3, "proba": True, "seed": 7}
    reference, variant = worlds.planted_world({0: 0.5}, **planted)
    return World(reference, [variant], Settings(by=("class",), draws=200, gallery=8))


def one_member() -> World:
    """One model a side, and a second variant that is the reference again."""
    reference, variant = worlds.flipped_world(
        200, 30, 4, slices={"site": ["north", "south"] * 80 + ["east"] * 40}
    )
    same = replace(reference, manifest=reference.manifest.model_copy(update={"name": "same"}))
    return World(reference, [variant, same], Settings(by=("site",), draws=200, gallery=6))


def graded() -> World:
    """Generated text with a graded score, one model a side."""
    before, after = _written(0.0, "old"), _written(0.3, "new")
    return World(before, [after], Settings(by=("language",), draws=200, gallery=6))


def clustered() -> World:
    """Examples in clusters of four that fail together; two runs of the reference."""
    rng = np.random.default_rng(13)
    cluster_N = np.arange(160) // 4
    slices = {
        "cluster": [f"passage {c}" for c in cluster_N],
        "half": ["first"] * 80 + ["second"] * 80,
    }
    right_RN = rng.random((3, 40))[:, cluster_N] < np.array([[0.9], [0.9], [0.7]])
    shaken_RN = np.where(rng.random((3, 160)) < 0.05, ~right_RN, right_RN)
    runs = [np.where(right_N, 0, 1) for right_N in shaken_RN]
    reference = worlds.records_from(runs[:2], np.zeros(160, int), 2, slices=slices, name="old")
    variant = worlds.records_from(runs[2:], np.zeros(160, int), 2, slices=slices, name="new")
    return World(reference, [variant], Settings(by=("half",), draws=200, gallery=6))


def models_at_hand() -> World:
    """Several members a side, asked about these very models on new examples."""
    reference, variant = worlds.planted_world(
        {0: 0.4}, m_ref=4, m_var=3, n=150, classes=3, seed=19, proba=True
    )
    return World(
        reference,
        [variant],
        Settings(by=("class",), draws=200, gallery=6, generalise_to="examples"),
    )


def members_and_examples() -> World:
    """Several members a side, asked about new members on new examples."""
    reference, variant = worlds.planted_world({0: 0.4}, m_ref=4, m_var=6, n=150, classes=3, seed=23)
    return World(
        reference, [variant], Settings(by=("class",), draws=200, gallery=6, generalise_to="both")
    )


def pairs_and_examples() -> World:
    """The same of members that derive from reference members, where nothing changes but on one
    class."""
    planted = {
        "m_ref": 5,
        "m_var": 5,
        "n": 150,
        "classes": 3,
        "seed": 29,
        "paired": True,
        "churn": 0.0,
    }
    reference, variant = worlds.planted_world({0: 0.4}, **planted)
    return World(
        reference, [variant], Settings(by=("class",), draws=200, gallery=6, generalise_to="both")
    )


def one_reference() -> World:
    """One reference member, asked about its recipe: nothing shows how much members differ."""
    reference, variant = worlds.planted_world({0: 0.4}, m_ref=1, m_var=4, n=120, classes=3, seed=31)
    return World(
        reference, [variant], Settings(by=("class",), draws=200, gallery=6, generalise_to="members")
    )


def one_variant() -> World:
    """One changed model, asked about its recipe; the reference's members say how much members
    differ."""
    reference, variant = worlds.planted_world({0: 0.6}, m_ref=6, m_var=1, n=150, classes=3, seed=37)
    return World(
        reference, [variant], Settings(by=("class",), draws=200, gallery=6, generalise_to="members")
    )


MADE = (members, paired, probabilities, repeat_runs, one_member, graded, clustered)
SCOPED = (models_at_hand, members_and_examples, pairs_and_examples, one_reference, one_variant)
WORLDS: dict[str, Callable[[], World]] = {world.__name__: world for world in (*MADE, *SCOPED)}


@cache
def audit_of(world: str) -> Audit:
    """The audit of a world that is named."""
    return audit(*WORLDS[world]())


def _written(loss: float, name: str, n: int = 90) -> Records:
    """One model's texts and scores. Both models of a world draw from one stream, so many of their
    answers agree."""
    rng = np.random.default_rng(17)
    language = [LANGUAGES[i % 3] for i in range(n)]
    score_N = rng.beta(5, 2, n).round(2)
    hit_N = (rng.random(n) < 2 * loss) & (np.array(language) == "fi")
    score_N = np.where(hit_N, (score_N - loss).clip(0), score_N).astype(np.float32)
    answers = pl.Series([f"answer {i}{' lost' if hit else ''}" for i, hit in enumerate(hit_N)])
    code_MN = code_answers([answers], None)
    manifest = Manifest(
        name=name,
        task="generation",
        classes=answer_classes(code_MN, graded=True),
        members=(MemberEntry(id="m00"),),
        metric="chrf",
    )
    examples = pl.DataFrame(
        {
            "example_id": [f"q{i:03d}" for i in range(n)],
            "label": pl.Series([None] * n, dtype=pl.Int32),
            "target": [f"target {i}" for i in range(n)],
            "language": language,
        }
    )
    prompts = pl.Series("input", [f"Translate sentence {i}." for i in range(n)])
    written = (pl.Series([f"I would say {answer}." for answer in answers]),)
    return Records(
        manifest,
        examples,
        code_MN,
        inputs=prompts,
        score_MN=score_N[None],
        answers=(answers,),
        outputs=written,
    )
