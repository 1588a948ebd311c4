"""The page: all parts in order, nothing from outside, names escaped, readable without script and
style."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest

import audits
import gates
from undertow.report import render_html
from undertow.report.gallery import galleries
from undertow.report.parts import page

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
)
SECTIONS = [
    "verdict",
    "top-line",
    "slices",
    "answers",
    "count",
    "gallery",
    "over-indexed",
    "findings",
    "method",
]
UNCOUNTED = [part for part in SECTIONS if part != "count"]
PARTS = {
    "one_member": UNCOUNTED,
    "generation": UNCOUNTED,
    "gated": ["gate", "decisions", *UNCOUNTED],
    "hostile_gate": ["gate", "decisions", *SECTIONS],
    "refused": ["gate"],
}
VOID = {"meta", "img", "br", "hr", "input", "link", "wbr"}


class Tree(HTMLParser):
    """Collects elements with their attributes and text; fails on a tag that is not closed in
    order."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if self.open:
            self.words.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@cache
def html_of(name: str) -> str:
    return render_html(*gates.made(name))


@cache
def tree_of(name: str) -> Tree:
    return Tree(html_of(name))


def words(name: str) -> str:
    return re.sub(
        r"\s+",
        " ",
        re.sub(
            r"<[^>]*>",
            " ",
            re.sub(r"<(style|script)>.*?</\1>|<wbr>", "", html_of(name), flags=re.S),
        ),
    )


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_the_parts_stand_in_the_promised_order_and_the_contents_list_them(name: str):
    ids = [a["id"] for t, a in tree_of(name).elements if a.get("id") and t in ("section", "header")]
    assert ids == PARTS.get(name, SECTIONS)
    listed = re.search(r"<ol>(.*?)</ol>", html_of(name), flags=re.S)
    assert listed is not None
    assert re.findall(r'href="#([\w-]+)"', listed[1]) == ids


@pytest.mark.parametrize("name", NAMES)
def test_headings_never_skip_a_level_and_there_is_one_h1(name: str):
    levels = [int(t[1]) for t, _ in tree_of(name).elements if re.fullmatch(r"h[1-6]", t)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_every_reference_within_the_page_exists(name: str):
    tree = tree_of(name)
    ids = [a["id"] for _, a in tree.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in tree.elements:
        wanted = (attributes.get("aria-labelledby") or "").split()
        href = attributes.get("href") or ""
        wanted += [href[1:]] if href.startswith("#") else []
        assert set(wanted) <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_from_anywhere(name: str):
    tree = tree_of(name)
    assert not {t for t, _ in tree.elements} & {
        "link",
        "iframe",
        "object",
        "embed",
        "video",
        "audio",
        "source",
        "use",
    }
    for tag, attributes in tree.elements:
        assert not {"srcset", "style", "background", "action", "xlink:href"} & set(attributes), (
            tag,
            attributes,
        )
        assert not [key for key in attributes if key.startswith("on")]
        if "src" in attributes:
            assert tag == "img"
            assert re.match(
                r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$", attributes["src"] or ""
            )
        if "href" in attributes:
            assert tag == "a"
            assert re.match(r"#|https://arxiv\.org/abs/\d", attributes["href"] or "")
    css = "".join(tree.words["style"])
    assert not re.search(r"url\(|@import|expression\(|https?:", css)
    assert not re.search(
        r"https?:|fetch\(|XMLHttp|import\s*\(|localStorage|eval|innerHTML",
        "".join(tree.words["script"]),
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_page_allows_only_its_own_script_and_style(name: str):
    tree = tree_of(name)
    policy = (
        next(
            a["content"]
            for a in tree.all("meta")
            if a.get("http-equiv") == "Content-Security-Policy"
        )
        or ""
    )
    for kind in ("script", "style"):
        (content,) = ["".join(tree.words[kind])]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert len(tree.all(kind)) == 1
    assert policy.startswith("default-src 'none';")


@pytest.mark.parametrize("name", NAMES)
def test_the_file_stays_under_five_megabytes(name: str):
    assert len(html_of(name).encode()) < 5_000_000


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_same_audit_same_characters(name: str):
    assert render_html(*gates.made(name)) == html_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_captions_and_headers_have_scopes(name: str):
    tree = tree_of(name)
    assert len(tree.all("caption")) == len(tree.all("table"))
    assert all(a.get("scope") in ("col", "row") for a in tree.all("th"))


def test_every_picture_has_words_and_a_size():
    pictures = tree_of("garments").all("img")
    shown = sum(1 + (e.control is not None) for v in audits.garments().variants for e in v.gallery)
    assert len(pictures) == shown
    for picture in pictures:
        assert re.match(
            r"(Exemplar|Control): example test-\d{5}, labelled \S", picture["alt"] or ""
        )
        assert (picture["width"], picture["height"], picture["class"]) == ("112", "112", "crisp")


def test_every_number_that_decides_is_on_the_page():
    audit = audits.garments()
    said = words("garments")
    for variant in audit.variants:
        assert variant.count is not None
        assert f"{variant.count.observed:,} of {variant.count.with_modes:,}" in said
        assert variant.arm.name in said
    for effect, low, high in (
        audit.findings.select("effect", "low", "high").filter(pl.col("low") < -0.1).iter_rows()
    ):
        assert f"{100 * effect:.1f}".replace("-", "−") in said
        assert f"{100 * low:+.1f} to {100 * high:+.1f}".replace("-", "−") in said


def test_the_verdict_is_said_in_words_beside_its_colour():
    assert '<span class="badge worse large"><svg' in html_of("garments")
    assert re.search(
        r"Worse 3 of 5 variants lose more than chance can explain\.", words("garments")
    )


def test_a_smoke_audit_is_stamped_and_a_small_one_is_not():
    stamp = "Smoke scale: this audit only proves that it runs. Its numbers are not a result."
    assert stamp in render_html(replace(audits.garments((0.9,)), scale="smoke"))
    assert stamp not in html_of("garments")


def test_a_thousand_classes_say_what_is_left_out():
    said = words("many_classes")
    assert "Only the 30 most affected slices of each variant are drawn" in said
    assert "30 of 1,000 slices drawn" in said
    assert "The 300 most important of 18,006 findings" in said
    rows = re.search(
        r'<table class="[^"]*" id="findings-table".*?</table>',
        html_of("many_classes"),
        flags=re.S,
    )
    assert rows is not None
    assert rows[0].count('<tr role="row" data-variant') == 300


@pytest.mark.heavy
def test_a_thousand_classes_render_in_time():
    audit = audits.many_classes(1000)
    start = time.process_time()
    render_html(audit)
    assert time.process_time() - start < 2


def test_one_member_says_that_there_is_no_floor():
    said = words("one_member")
    assert "no floor: one reference run" in said
    assert "exact McNemar" in said
    assert "Westfall" not in said
    assert "grey band" not in said.split("Exemplars: look")[0]
    assert "Bars are shares of members" not in said


def without_floor(audit):
    """The same audit where rearranged members, or repeat runs, show nothing at all."""
    zero = dict.fromkeys(("floor", "floor_low", "floor_high"), 0.0)
    findings = audit.findings.with_columns(**{name: pl.lit(0.0) for name in zero})
    counted = [replace(v, count=v.count and replace(v.count, **zero)) for v in audit.variants]
    return replace(audit, findings=findings, variants=tuple(counted))


@pytest.mark.heavy
@pytest.mark.parametrize("made", [audits.garments, audits.one_member])
def test_a_floor_of_nothing_has_no_band_and_none_is_explained(made):
    said = render_html(without_floor(made())).split("Exemplars: look")[0]
    assert "grey band" not in said
    assert "</svg> Floor</li>" not in said
    assert 'class="band"' not in said
    assert "the grey band is what chance alone gives" in render_html(audits.garments())
    assert "</svg> Floor</li>" in render_html(audits.garments())


def test_slices_without_labels_and_floor_are_not_asked_for_again():
    audit = audits.one_member()
    bare = replace(
        audit, findings=audit.findings.clear(), settings=replace(audit.settings, by=("light",))
    )
    page = render_html(bare)
    assert "No slice can be set against anything: there are no labels" in page
    assert "name a column with" not in page


def test_without_labels_slices_or_exemplars_the_page_still_stands():
    audit = audits.garments((0.9,))
    nan = float("nan")
    variant = replace(
        audit.variants[0],
        arm=replace(audit.variants[0].arm, accuracy=nan, accuracy_low=nan, accuracy_high=nan),
        gallery=(),
        over_indexed=audit.variants[0].over_indexed.clear(),
        composition=None,
        count=None,
    )
    bare = replace(
        audit,
        variants=(variant,),
        findings=audit.findings.clear(),
        exemplars=audit.exemplars.clear(),
        classes=(),
    )
    page = render_html(bare)
    Tree(page)
    assert re.findall(r'<section id="([\w-]+)"', page) == ["top-line", "method"]
    assert "No slice was asked for: add --by COLUMN to look beneath the whole" in page
    assert ">nan" not in page


@pytest.mark.parametrize("name", ["hostile", "hostile_gate"])
@pytest.mark.parametrize("attack", [a for a in audits.ATTACKS[:6] if "{{" not in a])
def test_names_that_attack_are_shown_as_text(name: str, attack: str):
    page = html_of(name)
    assert attack not in page
    tags = {t for t, _ in tree_of(name).elements}
    assert tags <= tree_tags()
    assert len(tree_of(name).all("script")) == 1


def tree_tags() -> set[str]:
    """Elements that pages with harmless names are made of."""
    harmless = ("garments", "texts", "one_member", "many_classes", "gated")
    return {t for name in harmless for t, _ in tree_of(name).elements}


@pytest.mark.parametrize("name", ["hostile", "hostile_gate"])
def test_no_control_character_or_direction_override_reaches_the_page(name: str):
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html_of(name)
    )


def test_ten_megabytes_of_text_are_cut_and_their_length_is_said():
    assert "[10,000,000 characters in all]" in html_of("hostile")


def test_a_picture_that_could_run_scripts_is_not_embedded():
    assert re.search(r"picture of a format that is not shown \(\d+ bytes\)", html_of("hostile"))
    assert "image/svg" not in html_of("hostile")


def test_templates_in_names_are_not_evaluated():
    assert "{{ 7 * 7 }}" in html_of("hostile")


def test_pictures_beyond_the_budget_are_left_out_and_said():
    audit = audits.garments((0.9, 0.95))
    size = len(audit.variants[0].gallery[0].exemplar.image or b"")
    made = galleries(audit, budget=4 * size)
    firsts = [g.first[0].exemplar.picture for g in made]
    assert all(p is not None and p.data for p in firsts)
    last = made[0].more[-1].exemplar.picture
    assert last is not None
    assert last.data == ""
    assert re.fullmatch(r"picture left out to keep this file small \([\d,]+ bytes\)", last.missing)


def test_large_pictures_keep_the_page_under_its_size():
    audit = audits.garments((0.9,))
    noise = bytes(range(256)) * 600
    heavy = tuple(
        replace(
            e, exemplar=replace(e.exemplar, image=(e.exemplar.image or b"") + noise + bytes([i]))
        )
        for i, e in enumerate(audit.variants[0].gallery)
    )
    page = render_html(replace(audit, variants=(replace(audit.variants[0], gallery=heavy * 5),)))
    assert 3_000_000 < len(page.encode()) < 5_000_000


@pytest.mark.heavy
def test_very_many_variants_share_the_room_for_exemplars():
    audit = audits.garments((0.95,))
    one = audit.variants[0]
    many = tuple(replace(one, arm=replace(one.arm, name=f"variant {i}")) for i in range(40))
    made = galleries(replace(audit, variants=many))
    assert {len(g.first) + len(g.more) for g in made} == {4}
    assert len(render_html(replace(audit, variants=many)).encode()) < 5_000_000


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_enough_contrast(scheme: int):
    css = "".join(tree_of("garments").words["style"])
    block = re.findall(r":root \{(.*?)\}", css, flags=re.S)[scheme]
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    pairs = [
        (front, back)
        for front in ("ink", "quiet", "accent", "other")
        for back in ("paper", "raised")
    ]
    for front, back in [*pairs, ("ink", "accent-wash")]:
        light, dark = sorted((luminance(colour[front]), luminance(colour[back])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (front, back)


def test_variants_of_one_design_share_its_sentence():
    """Seven members of one design would otherwise say the same seven times before anything else."""
    audit = audits.garments()
    one, two = ("It is about these.", "Tested so."), ("It is about those.", "Tested otherwise.")
    designs = [one, one, two, one, one]
    named = replace(
        audit,
        variants=tuple(replace(v, design=d) for v, d in zip(audit.variants, designs, strict=True)),
    )
    names = [v.arm.name for v in audit.variants]
    assert page(named).about == (
        f"{names[0]}, {names[1]}, {names[3]}, {names[4]}: It is about these. Tested so.",
        f"{names[2]}: It is about those. Tested otherwise.",
    )
    many = replace(audit, variants=(*named.variants, *(named.variants[0],) * 4))
    assert (
        page(many)
        .about[0]
        .startswith(f"{names[0]}, {names[1]}, {names[3]}, {names[4]}, {names[0]} and 3 more: ")
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fp16", "The reference is <bdi>fp16</bdi>. On the left what a leaderboard would show;"),
        ("reference", "On the left what a leaderboard would show;"),
        ("Reference", "On the left what a leaderboard would show;"),
    ],
)
def test_a_reference_called_so_is_not_introduced(name: str, said: str):
    audit = audits.garments((0.5,))
    shown = render_html(replace(audit, reference=replace(audit.reference, name=name)))
    (intro,) = re.findall(r'id="top-line-h".*?<p class="intro">(.*? show;)', shown, flags=re.S)
    assert intro == said
