"""``vary.json``: what was found, for programs."""

from __future__ import annotations

import json
import math
from typing import Any

import polars as pl

import undertow
from undertow.report.publish import publish
from undertow.report.write import unwritable
from undertow.varying.differences import STEPS, Difference
from undertow.varying.said import answers_after, churn_of, headline
from undertow.varying.varied import Varied

FORMAT = "undertow-vary/1"
JSON = "vary.json"


def write_json(found: Varied) -> None:
    """Into the folder of what was found. ``UserError`` where it cannot be written."""
    text = json.dumps(_finite(contents(found)), indent=1, allow_nan=False) + "\n"
    try:
        publish({JSON: text.encode("ascii")}, found.folder, {})
    except OSError as problem:
        raise unwritable(found.folder, problem) from problem


def contents(found: Varied) -> dict[str, Any]:
    """Numbers that are not known are null."""
    ways, decided = found.ways, found.decided
    return {
        "format": FORMAT,
        "undertow": undertow.__version__,
        "machine": ways.machine,
        "model": found.model,
        "headline": headline(found),
        "examples": len(found.ids),
        "answer": decided.kind,
        "classes": list(decided.classes),
        "threshold": decided.threshold if decided.kind == "threshold" else None,
        "reference": {"batch": ways.reference.way.batch, "threads": ways.threads},
        "repeats": found.repeats,
        "first_operator_apart": ways.first_apart or None,
        "notices": list(ways.notices),
        "near_tie_steps_of_float32": STEPS,
        "again": _difference(found, found.again),
        "ways": [
            {"name": way.name, "about": way.about, "family": way.family, **_difference(found, gap),
             "slices": _slices(found, way.name)}
            for (way, _), gap in zip(ways.others, found.differences, strict=True)
        ],
        "no_effect": [{"name": each.name, "why": each.why} for each in ways.no_effect],
        "not_tried": [{"name": each.name, "why": each.why} for each in ways.skipped],
    }  # fmt: skip


def _difference(found: Varied, gap: Difference) -> dict[str, Any]:
    columns = (gap.row_K, gap.before_K, answers_after(found, gap), gap.margin_K)
    flipped = [
        {
            "example_id": found.ids[row],
            "reference": found.decided.classes[before],
            "answer": after,
            "margin": float(margin),
        }
        for row, before, after, margin in zip(*columns, strict=True)
    ]
    return {
        "flips": None if found.decided.kind == "numbers" else gap.flips,
        "near_ties": gap.near_ties,
        "no_numbers": gap.no_numbers,
        "largest_difference": gap.largest,
        "largest_difference_at": found.ids[gap.at],
        "flipped": flipped,
    }


def _slices(found: Varied, way: str) -> list[dict[str, Any]]:
    """By slice, as the audit tests them."""
    if found.audit is None:
        return []
    columns = ("slice", "value", "n_examples", "changed", "floor", "low", "high", "p_adjusted",
               "verdict")  # fmt: skip
    table = churn_of(found.audit.findings).filter(pl.col("variant") == way)
    return table.select(columns).to_dicts()


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
