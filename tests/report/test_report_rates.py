"""The charts of a binary task's error rates."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import polars as pl

from undertow.audit.compare import audit
from undertow.audit.settings import Settings
from undertow.report.effects import error_rates
from undertow.report.html import render_html
from undertow.report.markdown import summary_markdown
from undertow.report.text import summary_text
from worlds import records_from


def accused(by=("region", "class", "region+class")):
    label_N = np.repeat([0, 1], 200)
    before_N = label_N.copy()
    after_N = before_N.copy()
    after_N[:30:2] = 1
    slices = {"region": np.tile(["north", "south"], 200).tolist()}
    made = [
        records_from(
            pred_N[None],
            label_N,
            ("clear", "accused"),
            name=name,
            slices=slices,
            task="binary",
            positive="accused",
        )
        for name, pred_N in (("old", before_N), ("new", after_N))
    ]
    return audit(made[0], [made[1]], Settings(by=by, draws=100))


def test_each_rate_has_the_whole_first_and_no_class():
    rates = error_rates(accused())
    assert [rate.measure for rate in rates] == ["false_positive_rate", "false_negative_rate"]
    drawn = [[(e.slice, e.value) for e in rate.panels[0].effects] for rate in rates]
    assert drawn[0] == [("all", "all examples"), ("region", "north"), ("region", "south")]
    assert set(drawn[1]) == set(drawn[0])
    assert drawn[1][0] == drawn[0][0]
    whole = rates[0].panels[0].effects[0]
    assert (whole.n, round(whole.effect, 6), whole.verdict) == (200, 0.075, "worse")


def test_the_page_draws_them_and_says_the_whole_beside_its_slices():
    page = render_html(accused())
    assert '<a href="#rates">Error rates</a>' in page
    section = page[page.index('id="rates"') : page.index("</section>", page.index('id="rates"'))]
    assert re.findall(r"<h3>(.*?)</h3>", section) == ["False positive rate", "False negative rate"]
    assert (
        "2 slices and the whole: 1 too small to tell, 2 worse. Most costly: all examples +7.5"
        in section
    )
    assert "<title>all examples: +7.5 points" in section
    assert "<title>region north: +15.0 points" in section


def test_the_summary_lists_those_that_rise():
    said = summary_markdown(accused())
    table = said[said.index("## Error rates that rise") :].split("\n\n")[1].splitlines()
    assert table[0] == "| Variant | Rate | Where | n | Points | Interval |"
    assert [row.split(" | ")[1:5] for row in table[2:]] == [
        ["False positive rate", "region north", "100", "+15.0"],
        ["False positive rate", "all examples", "200", "+7.5"],
    ]


def test_the_top_line_names_the_rate_that_rises_most():
    said = summary_text(accused(by=("region",)))
    assert "; the false positive rate of region north and 1 more rise\n" in said


def test_without_slices_the_whole_is_drawn_alone():
    (rate, _) = error_rates(accused(by=()))
    assert [e.value for e in rate.panels[0].effects] == ["all examples"]


def test_of_very_many_variants_those_that_lose_most_are_drawn_and_the_others_counted():
    found = accused()
    names = [f"v{n}" for n in range(14)]
    variants = tuple(
        replace(v, arm=replace(v.arm, name=name)) for name in names for v in found.variants
    )
    rows = pl.concat([found.findings.with_columns(variant=pl.lit(name)) for name in names])
    page = render_html(replace(found, variants=variants, findings=rows))
    assert page.count("Shown are the 12 variants that lose most; 2 more are in the findings.") == 2


def test_a_task_with_more_classes_has_none():
    label_N = np.arange(60) % 3
    made = [records_from(label_N[None], label_N, 3, name=name) for name in ("old", "new")]
    found = audit(made[0], [made[1]], Settings(draws=100))
    assert error_rates(found) == ()
    assert 'id="rates"' not in render_html(found)


def test_the_top_line_names_the_rate_that_rises_and_how_many_more_do():
    said = summary_text(accused(by=("region",)))
    assert "1 of 2 slices worse; the false positive rate of region north and 1 more rise\n" in said
    assert "beneath the whole; the false positive rate overall rises\n" in summary_text(
        accused(by=())
    )
