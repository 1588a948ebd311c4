"""Exemplars against controls: the section of the page, the tables of the summary, the lines of the
terminal, and the JSON."""

from __future__ import annotations

import json
import re

import jsonschema

import audits
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.crossed import crossed_parts
from undertow.report.schema import report_schema
from undertow.report.serial import report_json


def test_rows_are_in_the_columns_unit_and_the_chart_in_standard_deviations():
    first, second = crossed_parts(audits.crossed())
    assert first.variant, second.variant == ("pruned 50 %", "pruned 90 %")
    depth, el2n, _, age = first.rows
    assert (depth.difference, depth.interval, depth.p) == ("+1.3 layers", "+0.9 to +1.7", "0.020")
    assert (depth.effect, depth.low, depth.high) == (1.0, 0.9 / 1.3, 1.7000000000000002 / 1.3)
    assert (depth.auroc, depth.auroc_interval) == ("0.51", "0.41 to 0.61")
    assert depth.counted == "57 and 1,900"
    assert depth.left_out == "4 without a value, 2 alone"
    assert (depth.shown, el2n.shown, age.shown) == (True, False, False)
    assert (el2n.name, el2n.difference, el2n.interval) == ("EL2N", "−0.02", "−0.11 to +0.07")
    assert (age.difference, age.interval, age.auroc_interval) == ("–", "–", "–")
    assert first.correlations[0] == ("depth", "EL2N", "0.25", "1,963")
    assert len(first.correlations) == 10


def test_the_page_has_the_section_and_its_contents():
    page = render_html(audits.crossed())
    assert '<a href="#crossed">Exemplars by column</a>' in page
    section = page[page.index('<section id="crossed"') :]
    section = section[: section.index("</section>")]
    assert "Exemplars are deeper by 1.3 layers." in section
    assert section.count("<svg") >= 2 + 2  # A chart for each variant, and two marks explained.
    assert "alert(1)</script>" not in page
    assert not re.search("[\u202e\x1b]", page)
    assert "Rank correlations" in section


def test_a_page_without_columns_has_no_section():
    page = render_html(audits.garments())
    assert 'id="crossed"' not in page
    assert "#crossed" not in page
    assert "Exemplars against" not in summary_markdown(audits.garments())


def test_the_summary_has_a_row_for_each_variant_and_column():
    said = summary_markdown(audits.crossed())
    assert "## Exemplars against controls of their class" in said
    assert (
        "| pruned 90 % | depth | +1.3 layers | +0.9 to +1.7 | 0.020 | 0.51 (0.41 to 0.61) | "
        "57 and 1,900 |"
    ) in said


def test_the_terminal_has_a_line_for_each():
    lines = summary_text(audits.crossed()).splitlines()
    assert "  pruned 90 %, depth: Exemplars are deeper by 1.3 layers." in lines
    assert not re.search("[\u202e\x1b]", "\n".join(lines))


def test_the_json_has_all_of_it_and_fits_the_schema():
    found = json.loads(report_json(audits.crossed()))
    jsonschema.validate(found, report_schema())
    crossed = found["variants"][0]["crossed"]
    assert crossed["columns"][0]["effect"] == 1.3
    assert crossed["columns"][3]["effect"] is None
    assert crossed["correlations"][0] == {
        "first": "depth", "second": "el2n", "rho": 0.25, "n": 1963,
    }  # fmt: skip
    assert json.loads(report_json(audits.garments()))["variants"][0]["crossed"] is None
