"""Charts: well-formed, described, inside their frame, and readable by shape without colour or
style."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

import audits
from undertow.audit.verdicts import VERDICTS
from undertow.report.effects import SliceEffects, slice_effects
from undertow.report.figures import svg
from undertow.report.figures.floor import AgainstFloor, floor_chart
from undertow.report.figures.forest import common_axis, forest
from undertow.report.wording import Scale

NAN = float("nan")


def effects_of(name: str) -> SliceEffects:
    shown = slice_effects(getattr(audits, name)())
    assert shown is not None
    return shown


def charts(name: str) -> list[ElementTree.Element]:
    shown = effects_of(name)
    axis = common_axis(shown.panels)
    return [
        ElementTree.fromstring(forest(p, axis, Scale(True), f"c{i}", p.variant, len(shown.columns)))
        for i, p in enumerate(shown.panels)
    ]


@pytest.mark.parametrize("name", ["garments", "texts", "one_member", "many_classes", "hostile"])
def test_every_mark_lies_inside_the_frame(name: str):
    for chart in charts(name):
        width, height = (float(v) for v in chart.attrib["viewBox"].split()[2:])
        for element in chart.iter():
            for key in ("x", "x1", "x2", "cx"):
                assert 0 <= float(element.get(key, 0)) <= width, (element.tag, element.attrib)
            for key in ("y", "y1", "y2", "cy"):
                assert 0 <= float(element.get(key, 0)) <= height, (element.tag, element.attrib)


def test_a_chart_has_a_title_and_a_description_that_says_what_it_shows():
    chart = charts("garments")[-1]
    assert chart.attrib["role"] == "img"
    assert chart.attrib["aria-labelledby"] == "c4-title c4-desc"
    assert chart[0].attrib["id"] == "c4-title"
    assert chart[1].attrib["id"] == "c4-desc"
    assert re.fullmatch(
        r"10 slices: .*3 worse\. Most costly: class Shirt −\d+\.\d points; class Coat .*; class Pullover .*\.",
        chart[1].text or "",
    )


def test_colours_are_attributes_and_no_style_is_inline():
    for chart in charts("garments"):
        assert all("style" not in e.attrib for e in chart.iter())
        assert all(e.get("fill") for e in chart.iter() if e.tag in ("text", "rect"))
        assert all(e.get("stroke") for e in chart.iter("line"))


def test_a_chart_of_a_thousand_classes_stays_small():
    shown = effects_of("many_classes")
    assert (
        len(forest(shown.panels[-1], common_axis(shown.panels), Scale(True), "k", "t", 1)) < 40_000
    )


def test_each_verdict_has_its_own_shape():
    shapes = {
        v: re.sub(r' class="[^"]*"| (fill|stroke)="#[^"]*"', "", str(svg.mark(v, 10, 10)))
        for v in VERDICTS
    }
    assert len(set(shapes.values())) == len(VERDICTS)


def test_an_interval_beyond_the_axis_is_clipped_and_says_so_with_an_arrow():
    shown = effects_of("garments")
    wide = [
        type(p)(
            p.variant,
            tuple(type(e)(**{**e.__dict__, "low": -9.0, "high": 9.0}) for e in p.effects),
            p.total,
            {},
        )
        for p in shown.panels
    ]
    axis = common_axis(wide)
    assert axis.low > -1
    chart = str(forest(wide[0], axis, Scale(True), "k", "t", 1))
    assert chart.count('fill="none"') >= 2 * len(wide[0].effects)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (-22.0, 6.0, [-20.0, -10.0, 0.0]),
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-0.03, 0.02, [-0.03, -0.02, -0.01, 0.0, 0.01, 0.02]),
    ],
)
def test_ticks_are_round_and_inside(low: float, high: float, ticks: list[float]):
    assert svg.nice_ticks(low, high) == ticks


def test_ticks_and_numbers_of_a_fine_chart_are_told_apart():
    """A rate below a tenth of a point."""
    shown = effects_of("garments")
    panel = shown.panels[0]
    fine = replace(
        panel.effects[0], effect=0.0002, low=-0.0001, high=0.0005, band_low=0.0, band_high=0.0
    )
    panel = replace(panel, effects=(fine,))
    drawn = str(forest(panel, common_axis([panel]), Scale(True), "k", "t", 1))
    assert re.findall(r">([+−]?0\.?\d*)</text>", drawn) == ["0", "+0.02", "+0.04", "+0.02"]


def test_counts_are_drawn_over_their_floor_and_missing_floors_leave_no_band():
    rows = [
        AgainstFloor("a", "90 % sparse", 32.0, 7.0, 4.0, 12.0, "worse", "32 of 900"),
        AgainstFloor("b", "", 4.0, NAN, NAN, NAN, "too small to tell", "4 of 900"),
    ]
    chart = ElementTree.fromstring(floor_chart(rows, "k", "Counts", "examples"))
    bands = [e for e in chart.iter("rect") if e.get("class") == "band"]
    assert len(bands) == 1
    assert "a: 32 of 900; b: 4 of 900" in "".join(chart.itertext())


def test_a_chart_without_any_number_is_still_a_chart():
    row = AgainstFloor("a", "", NAN, NAN, NAN, NAN, "undefined", "nothing")
    ElementTree.fromstring(floor_chart([row], "k", "Counts", "examples"))


def test_names_in_charts_are_escaped_and_isolated():
    made = str(svg.text(0, 0, "</text><script>x</script>\u202e"))
    assert "<script" not in made
    assert "\u202e" not in made
    assert 'unicode-bidi="isolate"' in made
