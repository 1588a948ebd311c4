"""The result page of a study: the paper beside ours, claims with their numbers, and the command
that makes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from undertow.audit.result import Audit, VariantAudit
from undertow.audit.slices.table import ALL
from undertow.study.claims import judge, points
from undertow.study.declaration import Study, Table
from undertow.study.results import Results


def results_page(
    study: Study, results: Results, *, scale: str, published: str, environment: str
) -> str:
    """Markdown. Every number is read from the records; ``published`` is the paper's own table, if
    there is one."""
    audit = results.audit
    title = study.method.strip().splitlines()[0].strip()
    stamp = (
        "\n> **Smoke run.** It proves that the study runs and nothing else.\n"
        if scale == "smoke"
        else ""
    )
    parts = [
        f"# {title}",
        f"Made by `undertow run {study.name} --scale {scale}`; do not edit. {environment}",
        stamp,
        *_headlines(results),
        "## Method",
        "```text\n" + study.method.strip() + "\n```",
        "## Claims",
        _claims(study, results),
        *([f"![{study.name}]({study.name}.svg)"] if study.figure else []),
        *(
            part
            for table in (study.tables(results) if study.tables else ())
            for part in _own(table)
        ),
        "## Arms",
        *_each(results, _arms),
        "The floor is what exchanged members give: 95 % of rearrangements lie in the range shown. "
        f"*Confirmed* exemplars hold at a false discovery rate of {audit.settings.fdr:.0%}. "
        "Accuracy on exemplars is cross-fitted: measured on members that did not choose them. "
        "Slices are *worse* after correction over all slices.",
        "## Accuracy by slice",
        *_each(results, _slices),
        LEGEND,
        *(["## Published", published.strip()] if published else []),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def _headlines(results: Results) -> list[str]:
    """Of every comparison, the first one's without its name where it is the only one."""
    if not results.others:
        return [f"**{results.audit.headline}**"]
    audits = (results.audit, *results.others.values())
    return [f"**{found.reference.name}: {found.headline}**" for found in audits]


def _each(results: Results, table: Callable[[Audit], str]) -> Iterator[str]:
    """The table of every comparison."""
    for found in (results.audit, *results.others.values()):
        yield table(found)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _own(table: Table) -> list[str]:
    head, rows = list(table.head), [list(row) for row in table.rows]
    return [f"## {table.title}", _table(head, rows), *([table.note] if table.note else [])]


def _claims(study: Study, results: Results) -> str:
    outcomes = [(claim, judge(claim, results)) for claim in study.claims]
    return _table(
        ["claim", "source", "outcome", "evidence"],
        [
            [claim.text, claim.source, f"**{outcome.status}**", outcome.evidence]
            for claim, outcome in outcomes
        ],
    )


def _arms(audit: Audit) -> str:
    reference = audit.reference
    first = [reference.name, str(reference.members), f"{100 * reference.accuracy:.1f}", *["–"] * 7]
    return _table(
        [
            "arm",
            "members",
            "accuracy %",
            "change [95 %]",
            "exemplars",
            "floor",
            "confirmed",
            "mean Taxicab (floor), p",
            "dense / variant accuracy on exemplars",
            "slices worse",
        ],
        [first, *(_arm(audit, v) for v in audit.variants)],
    )


def _arm(audit: Audit, variant: VariantAudit) -> list[str]:
    arm, count, results = variant.arm, variant.count, Results(audit)
    whole = results.overall(arm.name, "accuracy")
    worse = [v for v in results.verdicts(arm.name, "accuracy")[1:] if v == "worse"]
    row = [
        f"{arm.name} (paired)" if arm.paired else arm.name,
        str(arm.members),
        f"{100 * arm.accuracy:.1f}",
        f"{points(whole['effect'])} [{points(whole['low'])}, {points(whole['high'])}]",
    ]
    if count is None:
        return [*row, *["–"] * 5, str(len(worse))]
    return [
        *row,
        str(count.observed),
        f"{count.floor_low:.0f}–{count.floor_high:.0f}",
        str(count.confirmed),
        f"{count.mean_taxicab:.4f} ({count.mean_taxicab_floor:.4f}), {count.mean_taxicab_p:.4f}",
        f"{_number(count.reference_accuracy_on_exemplars)} / "
        f"{_number(count.variant_accuracy_on_exemplars)}",
        str(len(worse)),
    ]


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.2f}"


def _slices(audit: Audit) -> str:
    rows = audit.findings.filter(audit.findings["measure"] == "accuracy")
    keys = rows.select("slice", "value").unique(maintain_order=True).rows()
    names = [v.arm.name for v in audit.variants]
    found = {(r["variant"], r["slice"], r["value"]): r for r in rows.iter_rows(named=True)}
    body = []
    for slice_, value in keys:
        cells = [found.get((name, slice_, value)) for name in names]
        first = next(c for c in cells if c)
        label = slice_ if slice_ == ALL else f"{slice_} {value}"
        body.append(
            [
                label,
                str(first["n_examples"]),
                f"{100 * first['reference']:.1f}",
                *(_cell(c) for c in cells),
            ]
        )
    return _table(["slice", "n", f"{audit.reference.name} %", *names], body)


LEGEND = (
    "Change in points, simultaneous 95 % interval; ▼ worse, ▲ better, · within tolerance, ? too "
    "small to tell."
)
MARKS = {
    "worse": "▼",
    "changed": "⇄",
    "better": "▲",
    "within tolerance": "·",
    "too small to tell": "?",
    "undefined": "undefined",
}


def _cell(row: dict[str, float] | None) -> str:
    if row is None:
        return "–"
    return (
        f"{points(row['effect'])} [{points(row['low'])}, {points(row['high'])}] "
        f"{MARKS[str(row['verdict'])]}"
    )


def environment() -> str:
    """Versions that a result depends on, in one sentence."""
    import platform
    from importlib.metadata import version

    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy", "polars"))
    return (
        f"Undertow {version('undertow')}, Python {platform.python_version()}, {packages}, "
        f"{platform.machine()} CPU."
    )
