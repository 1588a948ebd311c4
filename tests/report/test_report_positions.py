"""Where values stand in charts: each coordinate here was worked out by hand from the width of the
picture."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from undertow.audit.result import Flow
from undertow.report.crossed import CrossedRow
from undertow.report.effects import Effect, Panel
from undertow.report.figures import svg
from undertow.report.figures.contrast import AXIS as SAID
from undertow.report.figures.contrast import contrast_chart
from undertow.report.figures.floor import AgainstFloor, floor_chart
from undertow.report.figures.flow import flow_chart
from undertow.report.figures.forest import Axis, common_axis, forest
from undertow.report.wording import Scale

NAN = float("nan")
Element = ElementTree.Element


def number(element: Element, *names: str) -> tuple[float, ...]:
    return tuple(float(element.attrib[name]) for name in names)


def ends(element: Element) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of a line."""
    x1, y1, x2, y2 = number(element, "x1", "y1", "x2", "y2")
    return x1, y1, x2, y2


def of_class(chart: Element, tag: str, name: str) -> list[Element]:
    return [e for e in chart.iter(tag) if name in (e.get("class") or "").split()]


def the(chart: Element, tag: str, name: str) -> Element:
    (found,) = of_class(chart, tag, name)
    return found


def texts(chart: Element, name: str) -> dict[str, tuple[float, float]]:
    """What is written, and where."""
    return {
        e.text or "": (float(e.attrib["x"]), float(e.attrib["y"]))
        for e in of_class(chart, "text", name)
    }


# Of the floor chart, 0 stands at 138 and the largest value times 1.06 at 420 − 54 = 366, so 228
# pixels hold it.
COUNTS = (
    AgainstFloor("first", "90 % sparse", 100.0, 40.0, 20.0, 50.0, "worse", "100 of 900"),
    AgainstFloor("second", "", 30.0, NAN, NAN, NAN, "too small to tell", "30 of 900"),
)


def count_chart(rows: tuple[AgainstFloor, ...] = COUNTS) -> Element:
    return ElementTree.fromstring(floor_chart(rows, "k", "Counts", "examples"))


def at_count(value: float) -> float:
    return 138 + 228 * value / 106


def test_a_count_stands_where_its_number_is_and_its_band_behind_it() -> None:
    chart = count_chart()
    mark = of_class(chart, "path", "mark")[0]
    tip, *_ = mark.attrib["d"].removeprefix("M").split("L")
    assert [float(v) for v in tip.split()] == pytest.approx([at_count(100), 6 + 19 + 5], abs=0.01)
    x, y, width, height = number(the(chart, "rect", "band"), "x", "y", "width", "height")
    assert (x, x + width) == pytest.approx((at_count(20), at_count(50)), abs=0.011)
    assert (y, height) == (6 + 6, 38 - 12)
    mean = ends(the(chart, "line", "floor-mean"))
    assert mean == pytest.approx((at_count(40), 12, at_count(40), 6 + 38 - 6), abs=0.01)
    excess = ends(the(chart, "line", "interval"))
    assert excess == pytest.approx((at_count(40), 25, at_count(100), 25), abs=0.01)


def test_the_second_row_of_counts_stands_one_row_lower() -> None:
    diamond = of_class(count_chart(), "path", "mark")[1]
    top = diamond.attrib["d"].removeprefix("M").split("L")[0]
    assert [float(v) for v in top.split()] == pytest.approx(
        [at_count(30), 6 + 38 + 19 - 5], abs=0.01
    )


def test_the_axis_of_counts_has_upright_lines_at_round_numbers_and_its_words_below() -> None:
    chart = count_chart()
    bottom = 6 + 2 * 38
    assert ends(the(chart, "line", "zero")) == (138, 6, 138, bottom)
    lines = [ends(line) for line in of_class(chart, "line", "grid")]
    assert lines == [
        pytest.approx((at_count(v), 6, at_count(v), bottom), abs=0.01) for v in (50, 100)
    ]
    said = texts(chart, "tick")
    for tick in (0, 50, 100):
        assert said[str(tick)] == pytest.approx((at_count(tick), bottom + 16), abs=0.01)
    assert said["examples"] == ((138 + 366) / 2, bottom + 33)
    assert chart.attrib["viewBox"] == f"0 0 420 {bottom + 38}"
    assert number(chart, "width", "height") == (420, bottom + 38)


def test_names_and_numbers_of_counts_stand_left_and_right_of_the_axis() -> None:
    said = texts(count_chart(), "label")
    assert said["first"] == (126, 25 - 2.5)  # A second line below it makes room.
    assert said["90 % sparse"] == (126, 25 + 11.5)
    assert said["second"] == (126, 63 + 4.3)
    assert said["100"] == (420, 25 + 4.3)
    assert said["30"] == (420, 63 + 4.3)


def test_shares_have_digits_and_a_narrow_band_can_be_seen() -> None:
    chart = count_chart(
        (replace(COUNTS[0], observed=0.5, floor=0.25, floor_low=0.25, floor_high=0.25),)
    )
    said = texts(chart, "tick")
    assert {text: x for text, (x, _) in said.items() if text[0] == "0"} == pytest.approx(
        {"0": 138, "0.20": 138 + 228 * 0.2 / 0.53, "0.40": 138 + 228 * 0.4 / 0.53}, abs=0.01
    )
    assert texts(chart, "num") == {"0.500": (420, 25 + 4.3)}
    assert number(the(chart, "rect", "band"), "x", "width") == pytest.approx(
        (138 + 228 * 0.25 / 0.53, 1.5), abs=0.01
    )


@pytest.mark.parametrize("missing", ["observed", "floor"])
def test_a_count_without_one_of_its_numbers_has_no_line_to_it(missing: str) -> None:
    chart = count_chart((replace(COUNTS[0], **{missing: NAN}),))
    assert of_class(chart, "line", "interval") == []
    assert len(of_class(chart, "path", "mark")) == (missing != "observed")
    assert len(of_class(chart, "line", "floor-mean")) == (missing != "floor")


def test_all_counts_zero_stand_at_zero() -> None:
    chart = count_chart(
        (replace(COUNTS[0], observed=0.0, floor=0.0, floor_low=0.0, floor_high=0.0),)
    )
    assert ends(the(chart, "line", "floor-mean"))[0] == 138
    assert of_class(chart, "rect", "band") == []


# Of the slice chart, an effect of −0.2 stands at 100 and one of 0.1 at 368: 0 is two thirds of the
# way.
AXIS = Axis(-0.2, 0.1, left=100)


def effect(
    value: str, shift: float, half: float = 0.03, band: float = 0.02, **given: object
) -> Effect:
    made = Effect(
        "class",
        value,
        50,
        0.9,
        0.9 + shift,
        shift,
        shift - half,
        shift + half,
        -band,
        band,
        "worse",
        "",
    )
    return replace(made, **given)


PANEL = Panel(
    "variant",
    (effect("cat", -0.1), effect("dog", 0.05, verdict="better")),
    2,
    {"worse": 1, "better": 1},
)


def at_effect(value: float) -> float:
    return 100 + 268 * (value + 0.2) / 0.3


def slice_chart(panel: Panel = PANEL, columns: int = 1, scale: Scale | None = None) -> Element:
    return ElementTree.fromstring(forest(panel, AXIS, scale or Scale(True), "k", "Title", columns))


def test_an_axis_maps_its_ends_to_the_frame_and_keeps_what_lies_beyond_inside() -> None:
    assert [AXIS(v) for v in (-0.2, -0.05, 0.0, 0.1)] == pytest.approx(
        [100, 234, 100 + 268 * 2 / 3, 368]
    )
    assert [AXIS(v) for v in (-5.0, 5.0)] == pytest.approx([100, 368])


def test_an_effect_stands_where_its_number_is_between_the_ends_of_its_interval() -> None:
    chart = slice_chart()
    for row, (shift, tip) in enumerate(((-0.1, 5), (0.05, -5))):
        middle = 8 + 23 * row + 11.5
        drawn = of_class(chart, "path", "mark")[row].attrib["d"].removeprefix("M").split("L")[0]
        assert [float(v) for v in drawn.split()] == pytest.approx(
            [at_effect(shift), middle + tip], abs=0.01
        )
        line = ends(of_class(chart, "line", "interval")[row])
        assert line == pytest.approx(
            (at_effect(shift - 0.03), middle, at_effect(shift + 0.03), middle), abs=0.01
        )
        x, y, width, height = number(
            of_class(chart, "rect", "band")[row], "x", "y", "width", "height"
        )
        assert (x, x + width) == pytest.approx((at_effect(-0.02), at_effect(0.02)), abs=0.011)
        assert (y, height) == (8 + 23 * row, 23)


def test_zero_is_one_upright_line_from_the_first_row_to_the_last() -> None:
    assert ends(the(slice_chart(), "line", "zero")) == pytest.approx(
        (at_effect(0), 8, at_effect(0), 54), abs=0.01
    )


def test_the_axis_of_effects_has_upright_lines_at_round_points_and_its_words_below() -> None:
    chart = slice_chart()
    lines = [ends(line) for line in of_class(chart, "line", "grid")]
    ticks = (-0.2, -0.1, 0.0, 0.1)
    assert lines == [pytest.approx((at_effect(t), 8, at_effect(t), 54), abs=0.01) for t in ticks]
    said = texts(chart, "tick")
    for tick, label in zip(ticks, ("−20", "−10", "0", "+10"), strict=True):
        assert said[label] == pytest.approx((at_effect(tick), 54 + 16), abs=0.01)
    assert said["change against the reference, points"] == ((100 + 368) / 2, 54 + 33)
    assert chart.attrib["viewBox"] == f"0 0 420 {54 + 38}"


def test_names_and_numbers_of_slices_stand_left_and_right_of_the_axis() -> None:
    said = texts(slice_chart(), "label")
    assert said["cat"] == (90, 8 + 11.5 + 4.3)
    assert said["dog"] == (90, 8 + 23 + 11.5 + 4.3)
    assert said["−10.0"] == (420, 8 + 11.5 + 4.3)
    assert said["+5.0"] == (420, 8 + 23 + 11.5 + 4.3)


def test_values_that_are_no_percentages_stand_at_their_own_numbers() -> None:
    chart = slice_chart(scale=Scale(False, excess=True))
    said = texts(chart, "tick")
    for tick, label in ((-0.2, "−0.20"), (-0.1, "−0.10"), (0.1, "+0.10")):
        assert said[label] == pytest.approx((at_effect(tick), 54 + 16), abs=0.01)
    assert "excess over the floor" in said
    assert set(texts(chart, "num")) == {"−0.100", "+0.050"}


def test_each_of_two_columns_has_a_heading_above_its_rows() -> None:
    panel = replace(PANEL, effects=(PANEL.effects[0], replace(PANEL.effects[1], slice="region")))
    chart = slice_chart(panel, columns=2)
    assert texts(chart, "heading") == {"class": (0, 8 + 16), "region": (0, 8 + 24 + 23 + 16)}
    assert texts(chart, "label")["cat"][1] == 8 + 24 + 11.5 + 4.3
    assert texts(chart, "label")["dog"][1] == 8 + 24 + 23 + 24 + 11.5 + 4.3
    assert texts(slice_chart(panel, columns=1), "heading") == {}


def test_an_interval_beyond_the_axis_ends_at_it_with_an_arrow_that_points_outwards() -> None:
    row = effect("cat", -0.05, low=-0.5, high=0.3)
    chart = slice_chart(replace(PANEL, effects=(row,)))
    assert ends(the(chart, "line", "interval")) == (100, 19.5, 368, 19.5)
    arrows = [e.attrib["d"] for e in of_class(chart, "path", "interval")]
    assert arrows == [
        "M104.00 16.00L100.00 19.50L104.00 23.00",
        "M364.00 16.00L368.00 19.50L364.00 23.00",
    ]
    inside = slice_chart(replace(PANEL, effects=(effect("cat", -0.05, low=-0.2, high=0.1),)))
    assert of_class(inside, "path", "interval") == []


def test_what_is_not_known_is_not_drawn() -> None:
    bare = effect("cat", -0.05, low=NAN, high=NAN, band_low=NAN, band_high=NAN)
    chart = slice_chart(replace(PANEL, effects=(bare,)))
    assert of_class(chart, "line", "interval") == of_class(chart, "rect", "band") == []
    assert len(of_class(chart, "path", "mark")) == 1
    undefined = slice_chart(
        replace(PANEL, effects=(replace(bare, effect=NAN, verdict="undefined"),))
    )
    cross = the(undefined, "path", "mark").attrib["d"]
    assert cross.startswith(f"M{svg._value(at_effect(0) - 3.5)} {svg._value(19.5 - 3.5)}l7 7")
    half_known = slice_chart(replace(PANEL, effects=(effect("cat", -0.05, low=NAN),)))
    assert of_class(half_known, "line", "interval") == []
    assert (
        of_class(
            slice_chart(replace(PANEL, effects=(effect("cat", 0.0, band_low=NAN),))), "rect", "band"
        )
        == []
    )


def test_the_common_axis_holds_every_panel_with_a_margin_and_room_for_the_longest_name() -> None:
    wide = replace(PANEL, effects=(effect("a longer name", -0.2), effect("x", 0.1)))
    axis = common_axis([PANEL, wide])
    assert (axis.low, axis.high) == pytest.approx((-0.23 - 0.05 * 0.36, 0.13 + 0.05 * 0.36))
    assert axis.left == pytest.approx(7.4 * len("a longer name") + 14)
    assert axis.right == 368
    short = common_axis([replace(PANEL, effects=(effect("x", -0.2),))])
    assert short.left == 40 + 14
    assert (short.low, short.high) == pytest.approx((-0.23 - 0.05 * 0.25, 0.02 + 0.05 * 0.25))


def test_an_interval_far_wider_than_any_effect_does_not_flatten_the_rest() -> None:
    axis = common_axis([replace(PANEL, effects=(effect("x", -0.04, half=3.0),))])
    assert (axis.low, axis.high) == pytest.approx((-0.1 - 0.05 * 0.2, 0.1 + 0.05 * 0.2))


def test_an_axis_without_a_number_still_has_a_width() -> None:
    nothing = effect("x", NAN, low=NAN, high=NAN, band_low=NAN, band_high=NAN)
    axis = common_axis([replace(PANEL, effects=(nothing,))])
    assert (axis.low, axis.high) == pytest.approx((-5e-5, 5e-5))


@pytest.mark.parametrize(
    ("verdict", "drawn"),
    [
        ("worse", '<path d="M10 25L5 16L15 16Z"'),
        ("better", '<path d="M10 15L5 24L15 24Z"'),
        ("within tolerance", '<circle cx="10" cy="20" r="3.6"'),
        ("too small to tell", '<path d="M10 15L15 20L10 25L5 20Z"'),
        ("undefined", '<path d="M6.5 16.5l7 7M13.5 16.5l-7 7"'),
    ],
)
def test_marks_stand_around_their_point(verdict: str, drawn: str) -> None:
    assert str(svg.mark(verdict, 10.0, 20.0)).startswith(drawn)


def test_the_text_of_a_chart_says_what_a_mark_says() -> None:
    chart = slice_chart()
    titles = [e.text for e in chart.iter("title")]
    assert titles == [
        "Title",
        "class cat: −10.0 points (−13.0 to −7.0); chance alone −2.0 to +2.0; n = 50; worse",
        "class dog: +5.0 points (+2.0 to +8.0); chance alone −2.0 to +2.0; n = 50; better",
    ]
    assert chart[1].text == "2 slices: 1 better, 1 worse. Most costly: class cat −10.0 points."


def test_nothing_is_drawn_without_ink_or_size() -> None:
    drawn = [e for chart in (count_chart(), slice_chart(columns=2)) for e in chart.iter()]
    for name in ("opacity", "fill-opacity"):
        shades = [float(e.attrib[name]) for e in drawn if name in e.attrib]
        assert shades
        assert all(0.1 < shade <= 1 for shade in shades), name
    for name in ("stroke-width", "font-size", "width", "height", "r"):
        sizes = [float(e.attrib[name]) for e in drawn if name in e.attrib]
        assert all(size > 0.3 for size in sizes), name
        assert sizes or name == "r"
    assert all(8 < float(e.attrib["font-size"]) < 20 for e in drawn if e.tag == "text")
    assert {
        e.attrib["text-anchor"] for e in drawn if e.tag == "text" and "tick" in e.attrib["class"]
    } == {
        "middle",
        "end",
    }


# Of the flow chart, 0 to 104 (the longest limit times 1.04) stand between 172 and 420 − 46 = 374.
FLOWS = (
    Flow("cat", "dog", 80.0, 10.0, 70.0, 40.0, 100.0),
    Flow("owl", "cat", 20.0, 18.0, 2.0, -0.0, 6.0),
)


def at_flow(value: float) -> float:
    return 172 + 202 * value / 104


def test_a_flow_stands_at_what_went_net_of_what_came_back():
    chart = ElementTree.fromstring(flow_chart(FLOWS, "k", "Flows"))
    bars, marks = of_class(chart, "rect", "band"), of_class(chart, "circle", "mark")
    assert [number(b, "x", "width") for b in bars] == [
        pytest.approx((172, at_flow(v) - 172), abs=0.01) for v in (80, 20)
    ]
    assert [number(m, "cx", "cy") for m in marks] == [
        pytest.approx((at_flow(v), 6 + 25 * i + 12.5), abs=0.01) for i, v in enumerate((70, 2))
    ]
    assert [ends(e)[0:3:2] for e in of_class(chart, "line", "interval")] == [
        pytest.approx((at_flow(low), at_flow(high)), abs=0.01) for low, high in ((40, 100), (0, 6))
    ]
    assert [m.attrib["fill"] for m in marks] == ["currentColor", "none"]


def test_a_limit_below_zero_moves_zero_to_the_right():
    flow = Flow("owl", "cat", 20.0, 18.0, 2.0, -10.0, 14.0)
    chart = ElementTree.fromstring(flow_chart([flow], "k", "Flows"))
    assert ends(the(chart, "line", "zero"))[0] == pytest.approx(172 + 202 * 10 / 30.8, abs=0.01)


# Of the chart of contrasts, 0 stands in the middle of 150 to 420 − 52 = 368, and the farthest end
# times 1.08 at either end of it.
CONTRASTS = (
    CrossedRow("depth", "deep", True, 0.5, 0.25, 1.0, "", "", "", "", "", "", ""),
    CrossedRow("age", "old", False, NAN, NAN, NAN, "", "", "", "", "", "", ""),
    CrossedRow("EL2N", "far", False, -0.5, -0.75, 0.125, "", "", "", "", "", "", ""),
)


def at_contrast(value: float) -> float:
    return 259 + 109 * value / 1.08


def test_contrasts_stand_where_their_numbers_are() -> None:
    chart = ElementTree.fromstring(contrast_chart(CONTRASTS, "k", "Contrasts"))
    lines = [ends(line) for line in of_class(chart, "line", "interval")]
    assert lines == [
        pytest.approx((at_contrast(0.25), 19, at_contrast(1.0), 19), abs=0.011),
        pytest.approx((at_contrast(-0.75), 71, at_contrast(0.125), 71), abs=0.011),
    ]
    changed, open_ = of_class(chart, "path", "mark")
    tip = [float(v) for v in changed.attrib["d"].removeprefix("M").split("L")[0].split()]
    assert tip == pytest.approx([at_contrast(0.5) - 5, 19], abs=0.011)
    top = [float(v) for v in open_.attrib["d"].removeprefix("M").split("L")[0].split()]
    assert top == pytest.approx([at_contrast(-0.5), 71 - 5], abs=0.011)
    said = texts(chart, "label")
    assert said["depth"] == (140, pytest.approx(19 + 4.3))
    assert said["–"] == (420, pytest.approx(45 + 4.3))
    assert said["−0.50"] == (420, pytest.approx(71 + 4.3))
    bottom = 6 + 3 * 26
    assert ends(the(chart, "line", "zero")) == (259, 6, 259, bottom)
    assert said[SAID] == (259, bottom + 33)
    assert said["1"] == pytest.approx((at_contrast(1.0), bottom + 16), abs=0.011)


def test_a_contrast_beyond_the_axis_is_drawn_at_its_end() -> None:
    far = replace(CONTRASTS[0], effect=40.0, low=-40.0, high=90.0)
    chart = ElementTree.fromstring(contrast_chart((far,), "k", "Contrasts"))
    assert ends(the(chart, "line", "interval")) == (150, 19, 368, 19)
