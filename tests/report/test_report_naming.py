"""Names whole where they fit, told apart where they do not, broken where a person would."""

from __future__ import annotations

import re
from html import unescape
from itertools import pairwise

import pytest

import audits
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.effects import slice_effects
from undertow.report.figures.floor import AgainstFloor, floor_chart
from undertow.report.figures.forest import NARROW, WIDE, common_axis, forest
from undertow.report.naming import breakable, told_apart, whole
from undertow.report.terms import explained
from undertow.report.wording import Scale

LONG, NAMES = audits.LONG, list(audits.LONG_NAMES)
MIDDLE = [f"{LONG}_{n}_then_evaluated_on_the_release_candidate" for n in ("a", "b")]


@pytest.mark.parametrize("names", [NAMES, MIDDLE, ["x" * 90, "x" * 91, "x" * 92], ["a", "b"]])
@pytest.mark.parametrize("limit", [12, 20, 44])
def test_no_two_labels_are_alike_and_all_fit(names: list[str], limit: int):
    labels = told_apart(names, limit)
    assert len(set(labels.values())) == len(names)
    assert all(len(label) <= limit for label in labels.values())


def test_labels_keep_both_ends_or_begin_where_names_part():
    assert list(told_apart(NAMES, 20).values()) == [
        "xlm_roberta_l…s_int8",
        "xlm_roberta_l…s_int4",
        "xlm_roberta_l…_again",
    ]
    assert [label[:4] for label in told_apart(MIDDLE, 20).values()] == ["…a_t", "…b_t"]
    assert told_apart(["short", *NAMES], 20)["short"] == "short"


def test_names_of_files_stand_whole():
    assert whole("n" * 255) == "n" * 255
    assert len(whole("n" * 300)) == 255


def test_variants_that_differ_at_the_end_are_told_apart_everywhere():
    audit = audits.long_names()
    page = render_html(audit).replace("<wbr>", "")
    for section in ("top-line", "slices", "answers", "count", "gallery"):
        said = re.search(rf'<section id="{section}".*?(?=<section id=)', page, flags=re.S)
        assert said is not None
        heads = re.findall(r"<bdi>(xlm_[^<]*)</bdi>", said[0])
        assert set(NAMES) <= set(heads), section
    cut = re.findall(r"<text[^>]*>(xlm[^<]*…[^<]*)</text>", page)
    assert len(set(cut)) == 3
    for said in (summary_text(audit), summary_markdown(audit)):
        assert [said.count(ending) > 0 for ending in ("int8", "int4", "again")] == [True] * 3


@pytest.mark.parametrize("room", [NARROW, WIDE])
def test_slices_that_differ_at_the_end_are_told_apart_in_charts(room):
    shown = slice_effects(audits.long_names())
    assert shown is not None
    panel = shown.panels[0]
    chart = forest(panel, common_axis(shown.panels, room), Scale(True), "k", "t", 1)
    labels = re.findall(r'text-anchor="end" font-size="12.5"[^>]*class="label"[^>]*>([^<]*)', chart)
    assert len(labels) == len(set(labels)) == len(panel.effects)


def test_rows_of_the_floor_chart_are_told_apart_and_hover_with_their_whole_name():
    rows = [AgainstFloor(n, "", 3.0, 2.0, 1.0, 3.0, "worse", "3") for n in NAMES]
    chart = unescape(floor_chart(rows, "k", "t", "examples"))
    assert all(f"<title>{name}: 3</title>" in chart for name in NAMES)
    assert "xlm_roberta_l…s_int8" in chart


def test_words_break_after_their_separators_and_nothing_is_added():
    assert breakable("a short_name stays") == "a short_name stays"
    said = f"{NAMES[0]} loses <b> & more"
    shown = breakable(said)
    assert shown.startswith("xlm_<wbr>roberta_<wbr>large_<wbr>")
    assert unescape(shown.replace("<wbr>", "")) == said
    assert breakable("evil\u202e\x1b[31m") == "evil"
    pieces = breakable(NAMES[0]).split("<wbr>")
    assert all(piece.endswith("_") for piece, _ in pairwise(pieces))


def test_terms_are_explained_where_they_stand_first():
    said = explained("There is no floor, and no floor comes. The test: exact McNemar.")
    assert said.count('href="#term-floor"') == 1
    assert 'title="how much changes by chance alone, when nothing else does">floor</a>,' in said
    assert '<a class="term" href="#term-mcnemar"' in said
    assert explained("floor_plan and floors") == "floor_plan and floors"
    assert explained("<b> floor").startswith("&lt;b&gt; <a ")
