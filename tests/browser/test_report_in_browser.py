"""The report in a real browser: no errors, no overflow, keyboard, print, and what is left when it
is blocked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

NAMES = (
    "garments",
    "texts",
    "one_member",
    "many_classes",
    "hostile",
    "generation",
    "gated",
    "refused",
    "hostile_gate",
    "long_names",
    "crossed",
)
Report = Callable[[str], Path]


@contextmanager
def opened(
    chromium: Any, address: str, width: int = 1440, **given: Any
) -> Iterator[tuple[Any, list[str]]]:
    """A page in a fresh profile, with what it complained about and every address it asked for."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **given)
    page, heard = context.new_page(), []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: (
            heard.append(f"asked: {request.url}") if _outside(request.url, address) else None
        ),
    )
    page.goto(address)
    yield page, heard
    context.close()


def _outside(url: str, address: str) -> bool:
    return not url.startswith("data:") and url.split("#")[0] != address


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_opens_from_disk_without_a_complaint_or_a_request(
    chromium: Any, report: Report, name: str, scheme: str
):
    with opened(chromium, report(name).as_uri(), color_scheme=scheme) as (page, heard):
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(100)
        assert heard == []
        assert page.evaluate("[...document.images].every(i => i.naturalWidth > 0)")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [390, 1024, 1280, 1440])
def test_nothing_makes_the_page_scroll_sideways(
    chromium: Any, report: Report, name: str, width: int
):
    with opened(chromium, report(name).as_uri(), width) as (page, _):
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [390, 1440])
def test_texts_of_controls_have_the_whole_width_of_their_card(
    chromium: Any, report: Report, width: int
):
    shares = """
    [...document.querySelectorAll('.control blockquote')].filter((q) => q.offsetWidth).map(
      (q) => q.offsetWidth / q.closest('.control').offsetWidth)
    """
    with opened(chromium, report("texts").as_uri(), width) as (page, _):
        widths = page.evaluate(shares)
        assert widths
        assert min(widths) > 0.8


@pytest.mark.parametrize("width", [390, 1440])
def test_labels_of_charts_do_not_touch_their_marks_or_leave_the_page(
    chromium: Any, report: Report, width: int
):
    crossing = """
    [...document.querySelectorAll('svg.chart')].flatMap((chart) => {
      const edge = chart.getBoundingClientRect();
      const boxes = [...chart.querySelectorAll('text')].map((t) => t.getBoundingClientRect());
      const marks = [...chart.querySelectorAll('.mark')].map((m) => m.getBoundingClientRect());
      const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      return boxes.filter((b) => b.left < edge.left - 12 || b.right > edge.right + 2 || marks.some((m) => meets(b, m)));
    }).length"""
    for name in ("garments", "many_classes", "texts"):
        with opened(chromium, report(name).as_uri(), width) as (page, _):
            assert page.evaluate(crossing) == 0


@pytest.mark.parametrize(("name", "verdict"), [("hostile", "Worse: "), ("hostile_gate", "Fail: ")])
def test_attacks_do_not_run(chromium: Any, report: Report, name: str, verdict: str):
    with opened(chromium, report(name).as_uri()) as (page, heard):
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.wait_for_timeout(200)
        assert "owned" not in page.title().split("·")[-1]
        assert page.evaluate(f"document.title.startsWith('{verdict}')")
        assert heard == []
        assert page.locator("main script, main iframe, [onerror], [onload]").count() == 0


def test_an_injected_script_would_be_refused_by_the_page_itself(
    chromium: Any, report: Report, tmp_path: Path
):
    """Were the escaping to fail, the page's own policy still stops the script."""
    broken = tmp_path / "broken.html"
    text = report("garments").read_text("utf-8")
    broken.write_text(
        text.replace("<main>", "<main><script>document.title = 'owned'</script>"), "utf-8"
    )
    with opened(chromium, broken.as_uri()) as (page, heard):
        assert page.title() != "owned"
        assert any("Content Security Policy" in line for line in heard)


def test_without_script_everything_is_there(chromium: Any, report: Report):
    with opened(chromium, report("garments").as_uri(), java_script_enabled=False) as (page, _):
        assert page.locator("h1").is_visible()
        assert page.locator("svg.chart").count() == 7
        assert page.locator("#findings-table tbody tr").count() == 165
        assert not page.locator("form.filters").is_visible()
        assert not page.locator(".keys").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_under_a_policy_that_blocks_script_style_and_pictures_the_page_still_reads(
    chromium: Any, strict_url: Callable[[str], str], scheme: str
):
    with opened(chromium, strict_url("garments"), color_scheme=scheme) as (page, _):
        assert (
            page.locator("h1").inner_text() == "3 of 5 variants lose more than chance can explain."
        )
        assert "Worse" in page.locator(".verdict .badge").inner_text()
        assert page.locator("table.topline").bounding_box()["height"] > 100
        chart = page.locator("svg.chart").first
        assert chart.bounding_box()["width"] == 420
        styled = page.evaluate(
            "getComputedStyle(document.body).maxWidth + "
            "getComputedStyle(document.querySelector('h1')).letterSpacing"
        )
        assert styled == "nonenormal"
        label = page.evaluate("getComputedStyle(document.querySelector('svg.chart text')).fill")
        assert label == ("rgb(0, 0, 0)" if scheme == "light" else "rgb(255, 255, 255)")
        assert page.locator("img").first.get_attribute("alt").startswith("Exemplar: example test-")


def test_the_keyboard_reaches_the_verdict_and_its_focus_shows(chromium: Any, report: Report):
    with opened(chromium, report("garments").as_uri()) as (page, _):
        page.keyboard.press("Tab")
        skip = page.locator(".skip")
        assert skip.evaluate("e => e === document.activeElement")
        assert skip.bounding_box()["y"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "verdict"
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_j_and_k_walk_the_gallery_and_enter_enlarges(chromium: Any, report: Report):
    def focused(page: Any) -> str:
        return page.evaluate("document.activeElement.querySelector?.('.id')?.textContent ?? ''")

    with opened(chromium, report("garments").as_uri()) as (page, heard):
        first, second = page.locator(".exemplar .id").all_text_contents()[:2]
        page.keyboard.press("j")
        assert focused(page) == first
        page.keyboard.press("j")
        assert focused(page) == second
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        dialog = page.locator("dialog")
        assert dialog.is_visible()
        assert (
            dialog.locator("img").first.evaluate("e => getComputedStyle(e).imageRendering")
            == "pixelated"
        )
        page.keyboard.press("j")
        assert second in dialog.inner_text()
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert focused(page) == second
        assert heard == []


def test_filters_and_sorting_change_what_is_shown(chromium: Any, report: Report):
    with opened(chromium, report("garments").as_uri()) as (page, _):
        rows = page.locator("#findings-table tbody tr:visible")
        assert rows.count() == 165
        page.locator("select[name=variant]").select_option(label="pruned 95 %")
        page.locator("select[name=measure]").select_option(label="Accuracy")
        assert rows.count() == 11
        page.locator("select[name=verdict]").select_option(label="Worse")
        page.locator("input[name=text]").fill("shirt")
        assert page.locator("form.filters output").inner_text() == f"{rows.count()} of 165 rows"
        assert rows.count() == 1
        page.locator("input[name=text]").fill("")
        effect = page.locator("#findings-table thead button", has_text="Effect")
        effect.click()
        assert "Shirt" in rows.first.inner_text()
        assert (
            page.locator("#findings-table th[aria-sort=ascending]")
            .inner_text()
            .startswith("Effect")
        )
        effect.click()
        assert "Shirt" in rows.last.inner_text()


def test_undefined_numbers_sort_last_both_ways(chromium: Any, report: Report):
    with opened(chromium, report("one_member").as_uri()) as (page, _):
        table = page.locator("#findings-table")
        page.evaluate("""() => { const c = document.querySelector('#findings-table tbody tr').cells[3];
          c.removeAttribute('data-v'); c.textContent = '–'; }""")
        for _ in range(2):
            table.locator("thead button", has_text="Effect").click()
            assert table.locator("tbody tr").last.locator("td").nth(2).inner_text() == "–"


def test_on_paper_everything_is_open_and_buttons_are_gone(chromium: Any, report: Report):
    with opened(chromium, report("garments").as_uri()) as (page, _):
        page.emulate_media(media="print")
        assert page.locator("nav.contents a").first.is_visible()
        assert not page.locator("form.filters").is_visible()
        hidden = (
            "[...document.querySelectorAll('details .card')].filter((c) => "
            "!c.checkVisibility()).length"
        )
        assert page.evaluate(hidden) == 0
        assert page.evaluate(
            "document.querySelector('.tall').scrollHeight <= "
            "document.querySelector('.tall').clientHeight"
        )
        assert (
            page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        )
        assert page.pdf()[:5] == b"%PDF-"


CUT = """
[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1).map(
  (box) => box.getAttribute('aria-labelledby') ?? box.getAttribute('aria-label'))"""


@pytest.mark.parametrize("name", ["garments", "one_member", "texts", "generation", "gated"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_table_is_cut_or_scrolls_sideways(chromium: Any, report: Report, name: str, width: int):
    with opened(chromium, report(name).as_uri(), width) as (page, _):
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate(CUT) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_each_finding_begins_with_its_verdict_and_shows_what_would_settle_it(
    chromium: Any, report: Report, width: int
):
    with opened(chromium, report("garments").as_uri(), width) as (page, _):
        row = page.locator("#findings-table tbody tr", has_text="members a side").first
        verdict = row.locator(".is").bounding_box()
        others = [row.locator(part).first.bounding_box() for part in ("th", "td.num", "td.note")]
        assert all(verdict["y"] <= box["y"] + 1 and verdict["x"] <= box["x"] + 1 for box in others)
        assert all(box["x"] + box["width"] <= width for box in others)


@pytest.mark.parametrize("width", [390, 700, 1280])
def test_a_chart_that_stands_alone_has_the_width_and_letters_that_can_be_read(
    chromium: Any, report: Report, width: int
):
    with opened(chromium, report("one_member").as_uri(), width) as (page, _):
        charts = page.locator("#slices svg.chart:visible")
        assert charts.count() == 1
        box, section = charts.bounding_box(), page.locator("#slices").bounding_box()
        assert box["width"] > (0.98 if width != 700 else 0.8) * section["width"]
        size = "e => e.getBoundingClientRect().height"
        assert charts.locator("text").first.evaluate(size) > 9


def test_what_a_number_is_wraps_beside_it_on_a_phone(chromium: Any, report: Report):
    """``One-sided 95 % limits`` is wider than its column, and must not run into the number."""
    wraps = """
    [...document.querySelectorAll('.decisions td')].every(
      (cell) => getComputedStyle(cell, '::before').whiteSpace === 'normal')"""
    with opened(chromium, report("gated").as_uri(), 390) as (page, _):
        assert page.evaluate(wraps)


NAME = "document.querySelector('.topline .variant')"


def test_long_names_wrap_after_their_separators(chromium: Any, report: Report):
    """Each line of a name that is longer than its column ends where a word of it ends."""
    lines = f"""
    () => {{ const range = document.createRange(), tops = new Map(), walk =
        document.createTreeWalker({NAME}, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) for (let i = 0; i < walk.currentNode.length; i++) {{
        range.setStart(walk.currentNode, i); range.setEnd(walk.currentNode, i + 1);
        const top = Math.round(range.getBoundingClientRect().top);
        tops.set(top, (tops.get(top) ?? '') + walk.currentNode.data[i]);
      }}
      return [...tops.values()]; }}"""
    address = report("long_names").as_uri()
    for width in (390, 1280):
        with opened(chromium, address, width) as (page, _):
            said = page.evaluate(lines)
            assert len(said) > 1
            assert all(line.rstrip().endswith("_") for line in said[:-1])


def test_the_contents_print_numbered_like_the_sections(chromium: Any, report: Report):
    with opened(chromium, report("gated").as_uri()) as (page, _):
        page.emulate_media(media="print")
        listed = page.locator("nav.contents li").all_inner_texts()
        sections = page.evaluate("[...document.querySelectorAll('main > *')].map((e) => e.id)")
        hrefs = page.evaluate(
            "[...document.querySelectorAll('nav.contents a')].map((a) => a.hash.slice(1))"
        )
        assert hrefs == sections
        assert len(listed) == len(sections)
        numbered = "getComputedStyle(document.querySelector('#findings > h2'), '::before').content"
        assert "counter(part)" in page.evaluate(numbered)


@pytest.mark.parametrize(("width", "side_by_side"), [(390, False), (1280, True)])
def test_outputs_stand_side_by_side_where_there_is_room(
    chromium: Any, report: Report, width: int, side_by_side: bool
):
    with opened(chromium, report("generation").as_uri(), width) as (page, heard):
        first, second = (
            page.locator(".written").first.locator(".side-text").nth(n).bounding_box()
            for n in (0, 1)
        )
        assert (first["y"] == second["y"]) is side_by_side
        assert (second["x"] > first["x"] + first["width"]) is side_by_side
        assert heard == []


def test_arabic_and_hebrew_are_set_from_the_right_and_the_rest_is_not(
    chromium: Any, report: Report
):
    sides = (
        "[...document.querySelectorAll('.exemplar .written blockquote')].map((q) => "
        "getComputedStyle(q).direction)"
    )
    with opened(chromium, report("generation").as_uri(), 1280) as (page, _):
        assert page.evaluate(sides)[::2] == ["ltr", "rtl", "ltr", "ltr", "rtl"]


def test_changed_words_show_without_colour_and_without_styles(
    chromium: Any, report: Report, strict_url: Callable[[str], str]
):
    drawn = "e => getComputedStyle(e).textDecorationLine"
    for address in (report("gated").as_uri(), strict_url("gated")):
        with opened(chromium, address) as (page, _):
            assert page.locator("blockquote u").first.evaluate(drawn) == "underline"
            assert page.locator("ins").first.evaluate(drawn) == "underline"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_gate_comes_first_on_the_screen_and_its_passes_are_folded(
    chromium: Any, report: Report, width: int
):
    with opened(chromium, report("gated").as_uri(), width) as (page, _):
        badge = page.locator(".badge").first
        assert badge.inner_text() == "Fail"
        assert badge.bounding_box()["y"] < 300
        assert page.locator("h1").inner_text() == "2 of 7 required checks fail."
        assert page.locator(".decisions tbody tr:visible").count() == 4
        page.locator("#decisions summary").click()
        assert page.locator(".decisions tbody tr:visible").count() == 8
        reason = page.locator(".decisions .reason").nth(1).bounding_box()
        assert reason["x"] >= 0
        assert reason["x"] + reason["width"] <= width


def test_a_phone_reads_each_decision_as_a_list(chromium: Any, report: Report):
    with opened(chromium, report("gated").as_uri(), 390) as (page, _):
        row = page.locator(".decisions tbody tr").first
        assert (
            row.locator("td").nth(3).evaluate("e => getComputedStyle(e, '::before').content")
            == '"Observed"'
        )
        tops = [row.locator("td").nth(n).bounding_box()["y"] for n in range(8)]
        assert tops == sorted(tops)
        assert len(set(tops)) == 8


def test_under_a_strict_policy_a_gate_still_reads(chromium: Any, strict_url: Callable[[str], str]):
    with opened(chromium, strict_url("gated")) as (page, _):
        assert page.locator("h1").inner_text() == "2 of 7 required checks fail."
        assert page.locator(".decisions tbody tr").count() == 8
        assert "Comparable with 2 stated differences" in page.locator("#gate").inner_text()
        assert page.locator(".exemplar blockquote.end").first.is_visible()


def test_on_paper_prompts_outputs_and_passes_are_all_there(chromium: Any, report: Report):
    with opened(chromium, report("gated").as_uri()) as (page, _):
        page.emulate_media(media="print")
        cut = (
            "[...document.querySelectorAll('blockquote')].filter((q) => q.scrollHeight > "
            "q.clientHeight + 1).length"
        )
        assert page.evaluate(cut) == 0
        parts = "[...document.querySelectorAll('.decisions tr, .control .written')]"
        assert page.evaluate(f"{parts}.filter((e) => !e.checkVisibility()).length") == 0
