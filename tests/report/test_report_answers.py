"""What the answers are made of, in the page, the summary and the JSON."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from functools import cache

import numpy as np

import audits
from undertow.audit import Settings, audit
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.answers import answers
from undertow.report.figures.svg import badge_mark
from undertow.report.parts import SIGN, WORDS
from undertow.report.serial import report_json
from worlds import records_from

NAMES = ("bottle", "cup", "car", "dog")


@cache
def found(by: tuple[str, ...] = ("class",)):
    rng = np.random.default_rng(3)
    label_N = np.arange(1200) % 4
    before_N = np.where(
        rng.random(1200) < 0.4,
        0,
        np.where(rng.random(1200) < 0.8, label_N, rng.integers(0, 4, 1200)),
    )
    after_N = np.where(rng.random(1200) < 0.7, label_N, rng.integers(0, 4, 1200))
    sides = [
        records_from([p], label_N, NAMES, name=n) for n, p in (("old", before_N), ("new", after_N))
    ]
    return audit(sides[0], [sides[1]], Settings(by=by, draws=100))


def one_pair():
    """Two classes exchange answers with no other."""
    audit_ = audits.garments((0.9,))
    made = audits.composition(0.9)
    variant = replace(audit_.variants[0], composition=replace(made, flows=made.flows[:1], cells=1))
    return replace(audit_, variants=(variant,))


def body(html: str) -> str:
    section = re.search(r'<section id="answers".*?</section>', html, flags=re.S)
    assert section is not None
    said = section[0].replace("<wbr>", "")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", said))


def test_the_class_that_is_answered_less_comes_first_with_its_numbers():
    (part,) = answers(found())
    bottle, first = found().variants[0].composition.classes[0], part.rows[0]
    assert (first.value, first.less) == ("bottle", True)
    assert first.answers == f"{bottle.reference_answers:,.0f} → {bottle.variant_answers:,.0f}"
    assert (
        first.precision
        == f"{100 * bottle.reference_precision:.1f} % → {100 * bottle.variant_precision:.1f} %"
    )
    assert (
        first.recall
        == f"{100 * bottle.reference_recall:.1f} % → {100 * bottle.variant_recall:.1f} %"
    )
    assert re.fullmatch(r"−\d+\.\d to −\d+\.\d", first.interval)
    moved = [abs(r.after - r.before) for r in part.rows]
    assert moved == sorted(moved, reverse=True)


def test_page_summary_terminal_and_json_have_it():
    audit_, flow = found(), found().variants[0].composition.flows[0]
    said = body(render_html(audit_))
    assert "bottle answered less" in said
    assert (
        f"{flow.source} → {flow.target} {flow.moved:,.0f} {flow.back:,.0f} {flow.net:,.0f}" in said
    )
    assert "are simultaneous over all 6 pairs of classes" in said
    assert "over all 1 pairs" not in body(render_html(one_pair()))
    markdown = summary_markdown(audit_)
    assert "## What the answers are made of" in markdown
    assert f"| new | {flow.source} → {flow.target} | {flow.moved:,.0f} |" in markdown
    assert re.search(
        r"class bottle −\d+\.\d points \(.*\), n = 300; answered less often: 6\d\d → 3\d\d answers",
        summary_text(audit_),
    )
    kept = json.loads(report_json(audit_))["variants"][0]["composition"]
    assert kept["flows"][0]["source"] == "bottle"
    assert kept["classes"][0]["loses_by_answers"] is True


def test_without_class_slices_there_are_counts_and_flows_but_no_intervals():
    (part,) = answers(found(()))
    assert not part.intervals
    assert {r.interval for r in part.rows} == {"–"}
    assert "Add --by class for intervals." in body(render_html(found(())))


def test_many_classes_are_cut_and_counted():
    audit_ = audits.garments((0.9,))
    names = tuple(f"class {n}" for n in range(10)) * 5
    made = audits.composition(0.9)
    many = replace(
        made,
        classes=tuple(
            replace(made.classes[n % 10], value=f"{name} {n}") for n, name in enumerate(names)
        ),
    )
    variant = replace(audit_.variants[0], composition=many)
    (part,) = answers(replace(audit_, variants=(variant,)))
    assert (len(part.rows), part.classes) == (20, 50)
    assert "Answers by class, the 20 of 50 whose share changed most" in body(
        render_html(replace(audit_, variants=(variant,)))
    )


def test_mixed_has_a_word_a_sign_and_a_mark_of_two_halves():
    assert (WORDS["mixed"], SIGN["mixed"]) == ("Mixed", "◆")
    mark = str(badge_mark("mixed"))
    assert ("mark better" in mark, "mark worse" in mark) == (True, True)
    assert '<span class="badge mixed large">' in render_html(
        replace(audits.garments((0.9,)), verdict="mixed")
    )


def test_the_legend_of_slices_has_no_verdict_that_no_slice_can_have():
    html = render_html(audits.garments((0.9,)))
    legend = html[html.index('aria-label="Marks"') : html.index('<div class="panels')]
    assert "Too small to tell" in legend
    assert "Mixed" not in legend


def test_a_precision_of_one_side_alone_is_shown():
    (part,) = answers(found())
    audit_ = found()
    variant = audit_.variants[0]
    first, *rest = variant.composition.classes
    silent = replace(first, reference_precision=math.nan)
    spoiled = replace(variant, composition=replace(variant.composition, classes=(silent, *rest)))
    (part,) = answers(replace(audit_, variants=(spoiled,)))
    shown = {row.value: row.precision for row in part.rows}[first.value]
    assert shown == f"– → {100 * first.variant_precision:.1f} %"
