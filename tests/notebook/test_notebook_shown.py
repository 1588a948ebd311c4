"""What ``compare`` returns: it shows itself, its charts stand alone, and it writes the report."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

import audits
import undertow
from notebooks import LABELS, NEW, OLD, examples, frame
from undertow.errors import UserError
from undertow.notebook import Compared, Figure

SVG = "{http://www.w3.org/2000/svg}"
EVERY = ("garments", "texts", "one_member", "many_classes", "hostile")
MOST = 50_000


def shown(name: str) -> Compared:
    return Compared(getattr(audits, name)())


@pytest.fixture(scope="module")
def found() -> Compared:
    return undertow.compare(OLD, NEW, labels=examples(), by=["class", "age"])


def words(html: str) -> str:
    """The text of a well-formed piece of HTML."""
    tree = ElementTree.fromstring(html.strip().replace("<br>", " "))
    return " ".join(" ".join(tree.itertext()).split())


def test_a_notebook_shows_verdict_headline_top_line_and_the_slices_that_lose(found: Compared):
    said = words(found._repr_html_())
    assert said.startswith(
        "▼ Worse old against new new loses 10.0 points of accuracy overall (95 % interval −12.8 to −7.8). "
    ), said[:200]
    assert (
        "Accuracy Change in points Slices beneath it Changed answers 95.0 % → 85.0 % −10.0" in said
    )
    assert (
        "Slice that loses Change Interval Examples age old ▼ −20.0 points −26.7 to −14.6 300"
        in said
    ), said
    assert (
        "The whole report, with the examples: .report('audit') writes it to a folder reference old: "
        "array, joined by position: 1 member, 600 examples, 3 classes" in said
    )


def test_what_stands_before_every_number_stands_before_the_verdict():
    same = undertow.compare(OLD, OLD, labels=LABELS)
    assert words(same._repr_html_()).startswith(
        "'old' and 'new' are identical: they gave the same answers to all 600 examples."
    )


@pytest.mark.heavy
@pytest.mark.parametrize("name", EVERY)
def test_it_is_light_and_one_well_formed_piece(name: str):
    html = shown(name)._repr_html_()
    assert len(html.encode()) < MOST
    tree = ElementTree.fromstring(html.strip().replace("<br>", "<br/>"))
    assert {e.tag for e in tree.iter()} <= {
        "div", "p", "span", "bdi", "b", "br", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


@pytest.mark.heavy
def test_many_variants_and_long_names_keep_it_light():
    audit = audits.many_classes(2000)
    html = Compared(audit)._repr_html_()
    assert len(html.encode()) < MOST
    lost = audit.findings.filter(pl.col("verdict") == "worse")
    assert lost.height > 24
    assert html.count("▼ −") == 24


def test_nothing_that_others_wrote_is_obeyed():
    html = shown("hostile")._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;" in html
    figure = shown("hostile").plot("floor").svg
    assert "<script" not in figure


def test_findings_and_exemplars_are_polars_frames(found: Compared):
    assert isinstance(found.findings, pl.DataFrame)
    assert isinstance(found.exemplars, pl.DataFrame)
    assert found.verdict == "worse"
    assert found.headline == found.audit.headline
    assert found.findings is found.audit.findings


def test_in_a_terminal_it_is_the_summary(found: Compared):
    assert repr(found).startswith("WORSE: new loses 10.0 points of accuracy overall")
    assert repr(found).endswith(
        "\nThe whole report, with the examples: .report('audit') writes it to a folder"
    )


@pytest.mark.parametrize(
    ("kind", "name", "variant"),
    [("forest", "texts", None), ("floor", "garments", None), ("flow", "garments", "pruned 95 %")],
)
def test_a_chart_is_whole_in_itself(kind: str, name: str, variant: str | None, tmp_path: Path):
    figure = shown(name).plot(kind, variant)  # type: ignore[arg-type]
    tree = ElementTree.fromstring(figure._repr_svg_())
    width, height = float(tree.attrib["width"]), float(tree.attrib["height"])
    assert tree.attrib["viewBox"] == f"-14 -14 {width:g} {height:g}"
    assert tree.attrib["color"] == "#1c1b19"
    paper, drawn = tree
    assert paper.tag == f"{SVG}rect"
    assert (paper.attrib["x"], paper.attrib["width"], paper.attrib["fill"]) == (
        "-14", f"{width:g}", "#fdfcf9",
    )  # fmt: skip
    assert float(drawn.attrib["width"]) + 28 == width
    assert drawn.find(f"{SVG}desc") is not None
    assert str(figure) == figure.svg
    assert figure.save(tmp_path / "charts/one.svg").read_text("utf-8") == figure.svg
    assert repr(figure) == (
        f"Figure of {len(figure.svg):,} characters of SVG; .save('figure.svg') writes it"
    )


def test_charts_in_one_notebook_have_ids_of_their_own():
    of = shown("garments")
    charts = [of.plot("forest", v.arm.name).svg for v in of.audit.variants]
    charts += [of.plot("flow", "pruned 95 %").svg, of.plot("floor").svg]
    ids = [
        e.attrib["id"]
        for svg in charts
        for e in ElementTree.fromstring(svg).iter()
        if "id" in e.attrib
    ]
    assert len(ids) == 2 * len(charts)
    assert len(set(ids)) == len(ids)


def test_a_repeat_run_is_the_floor_where_there_is_one_new_model():
    again = (OLD + (LABELS == 2) * (OLD != LABELS)) % 3
    floored = undertow.compare([OLD, again], NEW, labels=LABELS)
    tree = ElementTree.fromstring(floored.plot("floor").svg)
    (title,) = (e.text for e in tree.iter(f"{SVG}title") if (e.text or "").startswith("Answers"))
    assert title == "Answers that changed, against their floor"


def test_a_chart_that_is_not_there_says_which_is(found: Compared, tmp_path: Path):
    several = shown("garments")
    cases = [
        (found, ("bars",), "plot('bars'): there is no such chart; choose forest, floor, flow"),
        (
            found,
            ("floor",),
            "plot('floor'): there is no floor, as the old model was run once; give repeat runs or "
            "members of it, compare([old, old_again], new)",
        ),
        (
            several,
            ("forest", "pruned"),
            "plot('forest'): there is no variant 'pruned'; choose variant= one of 'dense again', "
            "'pruned 50 %', 'pruned 70 %', 'pruned 90 %', 'pruned 95 %'",
        ),
        (
            several,
            ("flow",),
            "plot('flow'): there are several variants; choose variant= one of 'dense again', "
            "'pruned 50 %', 'pruned 70 %', 'pruned 90 %', 'pruned 95 %'",
        ),
        (
            undertow.compare(OLD, OLD, labels=LABELS),
            ("flow",),
            "plot('flow'): no answer went from one class to another, or answers have no classes; "
            "plot('forest') shows slices",
        ),
    ]
    for of, asked, said in cases:
        with pytest.raises(UserError) as caught:
            of.plot(*asked)
        assert str(caught.value) == said
    unlabelled = undertow.compare(frame(OLD).drop("label"), frame(NEW).drop("label"))
    with pytest.raises(UserError) as caught:
        unlabelled.plot("forest")
    assert str(caught.value) == (
        "plot('forest'): no finding is about a slice; name slices, by='class' or by= a column"
    )
    with pytest.raises(UserError) as caught:
        Figure("<svg/>").save(tmp_path / "chart.png")
    assert (
        str(caught.value) == f"{tmp_path}/chart.png: a figure is saved as SVG; end its name in .svg"
    )


def test_the_report_is_written_where_it_is_asked_and_the_next_showing_says_where(tmp_path: Path):
    found = undertow.compare(OLD, NEW, labels=LABELS)
    page = found.report(tmp_path / "audit")
    assert page == tmp_path / "audit/report.html"
    assert "Provenance" not in page.read_text("utf-8")
    assert f"The whole report, with the examples: {page}" in words(found._repr_html_())
    with pytest.raises(UserError) as caught:
        found.report(tmp_path / "audit")
    assert str(caught.value) == (
        f"{tmp_path}/audit: holds report.html and 5 more files, which the new report would "
        "replace; give another folder, or replace them with force=True"
    )
    assert found.report(tmp_path / "audit", force=True) == page
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(UserError) as caught:
        found.report(blocked)
    assert str(caught.value) == (
        f"{blocked}: the report cannot be written here (File exists). Give another folder."
    )


def test_the_report_of_files_names_them_with_their_digests(tmp_path: Path):
    for name, answers in (("old", OLD), ("new", NEW)):
        frame(answers).write_csv(tmp_path / f"{name}.csv")
    found = undertow.compare(f"{tmp_path}/old.csv", tmp_path / "new.csv", by="age")
    found.report(tmp_path / "audit")
    made = json.loads((tmp_path / "audit/report.json").read_text("utf-8"))
    assert [Path(f["path"]).name for f in made["provenance"]["inputs"]] == ["old.csv", "new.csv"]


@pytest.mark.heavy
def test_of_a_file_beside_a_table_in_memory_the_report_has_the_digest(tmp_path: Path):
    frame(OLD).write_csv(tmp_path / "old.csv")
    policy = tmp_path / "gate.toml"
    policy.write_text("[[max_drop]]\npoints = 50\n")
    mixed = undertow.compare(tmp_path / "old.csv", frame(NEW), by="age")
    for made, folder in ((mixed, "audit"), (mixed.gate(policy), "gate")):
        page = made.report(tmp_path / folder).read_text("utf-8")
        assert "In memory, so without a file: <bdi>new</bdi>." in page
        provenance = json.loads((tmp_path / folder / "report.json").read_text("utf-8"))[
            "provenance"
        ]
        assert "old.csv" in {Path(file["path"]).name for file in provenance["inputs"]}
        assert provenance["in_memory"] == ["new"]
    undertow.compare(frame(OLD), frame(NEW)).report(tmp_path / "frames")
    assert "provenance" not in json.loads((tmp_path / "frames/report.json").read_text("utf-8"))


def test_undertow_has_it_by_name_and_little_else():
    assert undertow.compare is undertow.notebook.compare
    assert dir(undertow) == ["Recorder", "__version__", "compare", "vary"]
    with pytest.raises(AttributeError, match="module 'undertow' has no attribute 'contrast'"):
        undertow.contrast  # noqa: B018
