"""The tables of an audit that are kept: numbers to nine digits, words whole.

After a change that is meant: ``python tests/golden_tables.py`` writes all files anew; say why in
the commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import polars as pl

from undertow.audit.result import Audit, GalleryEntry, Shown, VariantAudit, Votes

FOLDER = Path(__file__).with_name("golden")
TABLES = ("findings", "exemplars", "counts", "gallery", "over_indexed", "said")


def table(audit: Audit, name: str) -> pl.DataFrame:
    """One of ``TABLES``; those of variants are put below each other, each row with its variant's
    name."""
    if name in ("findings", "exemplars"):
        return getattr(audit, name)
    rows = {"counts": _count, "gallery": _gallery, "over_indexed": _over_indexed, "said": _said}[
        name
    ]
    found = [
        {"variant": variant.arm.name} | row for variant in audit.variants for row in rows(variant)
    ]
    made = pl.DataFrame(found, infer_schema_length=None)
    return made.cast({column: pl.String for column, kind in made.schema.items() if kind == pl.Null})


def _count(variant: VariantAudit) -> Iterator[dict[str, object]]:
    if variant.count is not None:
        yield asdict(variant.count)


def _gallery(variant: VariantAudit) -> Iterator[dict[str, object]]:
    for entry in variant.gallery:
        yield {
            **_flags(entry),
            **_shown("exemplar", entry.exemplar),
            **(_shown("control", entry.control) if entry.control else {"control": None}),
        }


def _flags(entry: GalleryEntry) -> dict[str, object]:
    return {
        name: getattr(entry, name) for name in ("taxicab", "p", "q", "confirmed", "newly_wrong")
    }


def _shown(side: str, shown: Shown) -> dict[str, object]:
    return {
        side: shown.example_id,
        f"{side}_label": shown.label,
        f"{side}_before": _votes(shown.reference),
        f"{side}_after": _votes(shown.variant),
        f"{side}_text": shown.text,
        f"{side}_wrote": None
        if shown.reference_output is None
        else f"{shown.reference_output} | {shown.variant_output}",
        f"{side}_slices": "; ".join(f"{column} {value}" for column, value in shown.slices),
        f"{side}_sure_before": shown.reference_confidence,
        f"{side}_sure_after": shown.variant_confidence,
    }


def _votes(votes: Votes) -> str:
    return "; ".join(f"{name} {share:.9g}" for name, share in votes.shares)


def _over_indexed(variant: VariantAudit) -> Iterator[dict[str, object]]:
    yield from variant.over_indexed.iter_rows(named=True)


def _said(variant: VariantAudit) -> Iterator[dict[str, object]]:
    arm = variant.arm
    numbers = {
        "accuracy": arm.accuracy,
        "accuracy_low": arm.accuracy_low,
        "accuracy_high": arm.accuracy_high,
    }
    yield {
        "verdict": variant.verdict,
        "scope": variant.scope,
        "outcome": arm.outcome,
        **numbers,
        "headline": variant.headline,
        "design": " ".join(variant.design),
    }


def file_of(world: str, name: str) -> Path:
    return FOLDER / world / f"{name}.csv"


def write_all() -> None:
    """Every table and text of every world; a table without a column leaves no file. And the
    defaults."""
    from defaults import write_defaults
    from golden_texts import TEXTS
    from golden_worlds import WORLDS, audit_of

    write_defaults()

    for world in WORLDS:
        audit = audit_of(world)
        for name in TABLES:
            found, file = table(audit, name), file_of(world, name)
            file.parent.mkdir(exist_ok=True)
            file.unlink(missing_ok=True)
            if found.width:
                found.write_csv(file, null_value="null")
        for text, said in TEXTS.items():
            (FOLDER / world / text).write_text(said(audit), encoding="utf-8")


if __name__ == "__main__":
    write_all()
