"""The result page of the SmolLM2 case: audits the logs that ``evaluate.py`` wrote and says who
pays.

python examples/smollm2/results.py out/smollm2 docs/results/smollm2.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from undertow.audit import Audit, Settings, audit
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.gate.suggest import suggested_policy
from undertow.audit.wording import signed
from undertow.records import Records, read_any
from undertow.report import write_report

REFERENCE, VARIANTS = ("reference", "reference-again"), ("int4", "pruned30")
BY = ("language", "script", "task")
CLUSTER = "article"
"""An article says the same in every language, and gives several rows: its rows are not
independent."""
SIGN = {
    "worse": "▼",
    "changed": "⇄",
    "better": "▲",
    "within tolerance": "●",
    "too small to tell": "◇",
    "undefined": "×",
}


def main() -> None:
    place, page = Path(sys.argv[1]), Path(sys.argv[2])
    reference, _ = read_any([place / name for name in REFERENCE], inputs=True, cluster=CLUSTER)
    variants = [read_any([place / name], inputs=True, cluster=CLUSTER)[0] for name in VARIANTS]
    found = audit(reference, variants, Settings(by=BY))
    write_report(found, place / "audit")
    page.write_text("\n".join(_page(reference, variants, found)), encoding="utf-8")


def _page(reference: Records, variants: list[Records], found: Audit) -> Iterator[str]:
    yield "# SmolLM2-135M, quantized and pruned: which languages pay\n"
    yield (
        "Made by `python examples/smollm2/results.py out/smollm2 docs/results/smollm2.md` from "
        "logs of "
        "lm-evaluation-harness; do not edit. "
        "How the logs are made is in [examples/smollm2](../../examples/smollm2/README.md).\n"
    )
    yield f"**{found.headline}**\n"
    yield f"{reference.N:,} examples, outcome `{reference.manifest.metric}`. {found.pooling}\n"
    yield from _conditions(found)
    for measure, title in (
        ("accuracy", "Accuracy"),
        ("churn", "Changed answers"),
        ("label_confidence", "Probability"),
    ):
        yield from _overall(found, measure, title)
    yield from _who_pays(found)
    yield from _slices(found)
    yield from _gate(reference, variants)


def _conditions(found: Audit) -> Iterator[str]:
    yield "## Before any delta\n"
    yield from (f"- {sentence}" for sentence in found.assumptions)
    yield ""


def _overall(found: Audit, measure: str, title: str) -> Iterator[str]:
    """The whole, by variant; a disagreement stands beside what the repeat run of the reference
    gives."""
    rows = found.findings.filter((pl.col("measure") == measure) & (pl.col("slice") == "all"))
    if rows.height == 0:
        return
    yield f"## {title}, all examples\n"
    yield "| variant | reference or floor | variant | effect, points (interval) | p | verdict |"
    yield "|---|---|---|---|---|---|"
    for row in rows.iter_rows(named=True):
        before, after = f"{100 * row['reference']:.1f} %", f"{100 * row['changed']:.1f} %"
        yield (
            f"| {row['variant']} | {before} | {after} | {_effect(row)} | {row['p']:.2g} | "
            f"{_verdict(row)} |"
        )
    yield ""


def _who_pays(found: Audit) -> Iterator[str]:
    """Every slice that a measure finds worse after correction, the probability of the right answer
    before churn."""
    yield "## Slices that pay, after correction over all slices of a measure\n"
    rows = found.findings.filter((pl.col("slice") != "all") & (pl.col("verdict") == "worse"))
    yield (
        f"{rows.height} findings on slices; those of the probability of the right answer and of "
        "accuracy:\n"
    )
    yield "| variant | measure | slice | n | reference | effect, points (interval) | p, corrected |"
    yield "|---|---|---|---|---|---|---|"
    named = rows.filter(pl.col("measure").is_in(["accuracy", "label_confidence"]))
    for row in named.sort("variant", "measure", "effect").iter_rows(named=True):
        yield (
            f"| {row['variant']} | {row['measure']} | {row['slice']} {row['value']} | "
            f"{row['n_examples']} "
            f"| {100 * row['reference']:.1f} % | {_effect(row)} | {row['p_adjusted']:.2g} |"
        )
    yield ""
    churned = found.findings.filter(
        (pl.col("measure") == "churn")
        & (pl.col("slice") == "language")
        & (pl.col("verdict") == "changed")
    ).sort("effect", descending=True)
    for variant in VARIANTS:
        each = churned.filter(pl.col("variant") == variant)
        said = ", ".join(
            f"{r['value']} {100 * r['changed']:.0f} %" for r in each.iter_rows(named=True)
        )
        yield f"- {variant}, changed answers beyond the repeat run, by language: {said or 'none'}."
    yield ""


def _slices(found: Audit) -> Iterator[str]:
    for column in BY:
        rows = found.findings.filter(
            (pl.col("measure") == "accuracy") & (pl.col("slice") == column)
        )
        yield f"## Accuracy by {column}\n"
        yield (
            f"| {column} | n | reference | "
            + " | ".join(f"{name} (interval) | verdict" for name in VARIANTS)
            + " |"
        )
        yield "|---|---|---|" + "---|---|" * len(VARIANTS)
        first = rows.filter(pl.col("variant") == VARIANTS[0]).sort("effect", "value")
        for value in first["value"].to_list():
            each = [
                rows.filter((pl.col("variant") == v) & (pl.col("value") == value)).row(
                    0, named=True
                )
                for v in VARIANTS
            ]
            cells = " | ".join(f"{_effect(row)} | {_verdict(row)}" for row in each)
            yield (
                f"| {value} | {each[0]['n_examples']} | {100 * each[0]['reference']:.1f} % | "
                f"{cells} |"
            )
        yield ""


def _gate(reference: Records, variants: list[Records]) -> Iterator[str]:
    """What a policy that the reference's own two runs suggest says of each variant."""
    text = suggested_policy(reference, ("language",))
    yield "## A gate with the suggested policy\n"
    yield f"```toml\n{text.strip()}\n```\n"
    for variant in variants:
        result = gate(reference, [variant], parse_policy(text))
        yield f"- **{variant.name}: {result.verdict}** (exit {result.exit_code}). {result.reason}"
    yield ""


def _effect(row: dict[str, Any]) -> str:
    return f"{signed(row['effect'])} ({signed(row['low'])} to {signed(row['high'])})"


def _verdict(row: dict[str, Any]) -> str:
    return f"{SIGN[row['verdict']]} {row['verdict']}"


if __name__ == "__main__":
    main()
