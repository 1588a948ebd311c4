"""Exemplars of which there is nothing to see are rows, and what most rows would repeat is said
once."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import audits
import gates
from undertow.audit.result import Audit, GalleryEntry, Votes
from undertow.report import render_html
from undertow.report.gallery import galleries
from undertow.report.markdown import _md
from undertow.report.tables import finding_table


def one_a_side(**given: object) -> Audit:
    """One model a side: each answer has all votes, and nothing else is known but what is given."""
    audit = audits.one_member()
    (variant,) = audit.variants
    gallery = tuple(bare(entry, **given) for entry in audits.garments((0.95,)).variants[0].gallery)
    arm = replace(variant.arm, members=1)
    return replace(
        audit,
        reference=replace(audit.reference, members=1),
        variants=(replace(variant, gallery=gallery, arm=arm),),
    )


def bare(entry: GalleryEntry, **given: object) -> GalleryEntry:
    votes = {"reference": Votes((("Shirt", 1.0),)), "variant": Votes((("Coat", 1.0),))}
    shown = replace(entry.exemplar, **({"image": None} | votes | given))  # type: ignore[arg-type]
    same = votes | {"variant": votes["reference"]}
    calm = None if entry.control is None else replace(entry.control, image=None, **same)
    return replace(entry, exemplar=shown, control=calm, q=float("nan"), confirmed=False)


def section(page: str) -> str:
    found = re.search(r'<section id="gallery".*?</section>\s*</section>', page, flags=re.S)
    assert found is not None
    return found[0]


def words(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", markup.replace("<wbr>", "")).split())


def test_without_picture_and_text_exemplars_are_rows_with_all_that_is_known():
    audit = one_a_side()
    first = audit.variants[0].gallery[0]
    said = section(render_html(audit))
    assert "no picture or text" not in said
    assert 'class="card"' not in said
    assert said.count("pictures or texts of these examples") == 1
    assert words(said).count("Not in the records") == 1
    row = re.search(r'<tr role="row"><th scope="row".*?</tr>', said, flags=re.S)
    assert row is not None
    assert first.control is not None
    change = "newly wrong" if first.newly_wrong else "changed"
    assert words(row[0]) == (
        f"{first.exemplar.example_id} {first.exemplar.label} Shirt Coat {change} "
        f"{first.control.example_id}"
    )


def test_votes_of_several_members_stand_in_the_rows_as_shares():
    audit = one_a_side(variant=Votes((("Coat", 0.75), ("Shirt", 0.25))))
    many = replace(audit, reference=replace(audit.reference, members=4))
    assert "Shirt (100 %)" in words(section(render_html(many)))
    assert "Coat (75 %), Shirt (25 %)" in re.sub(r"\s+,", ",", words(section(render_html(many))))


def test_with_one_run_a_side_answers_are_no_votes():
    said = section(render_html(one_a_side(text="A sentence to read.")))
    assert 'class="card"' in said
    assert "100 %" not in said
    assert '<table class="votes">' not in said
    assert "Answer: Shirt → Coat" in words(said)


def test_scores_alone_are_rows_and_the_columns_that_would_show_more_are_named_once():
    audit = one_a_side(label=None, reference_output="scored 0.71", variant_output="scored 0.35")
    said = words(section(render_html(replace(audit, task="generation"))))
    assert said.count("Not in the records") == 1
    assert (
        "Not in the records: the question, what the models wrote and the right answers; columns "
        "input, output and target would show that."
    ) in said
    assert "score −0.36" in said
    assert "Right answer" not in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "Why?", "reference_output": "a", "variant_output": "b"}, ""),
        (
            {"text": "Why?", "label": None, "reference_output": "a", "variant_output": "b"},
            "Not in the records: the right answers; a column target would show that.",
        ),
        (
            {"text": "Why?"},
            "Not in the records: what the models wrote; a column output would show that.",
        ),
    ],
)
def test_only_what_is_missing_is_named(given: dict[str, object], said: str):
    audit = replace(one_a_side(**given), task="generation")
    (gallery,) = galleries(audit)
    assert gallery.unseen == said


def test_answers_that_are_all_that_was_written_are_not_repeated():
    audit = gates.generation()
    (variant,) = audit.variants
    entry = gates.entry(0, "so it is 35 ", "so it is 42\n")
    shown = replace(
        entry.exemplar,
        reference=Votes((("so it is 35", 1.0),)),
        variant=Votes((("so it is 42", 1.0),)),
    )
    told = replace(variant, gallery=(replace(entry, exemplar=shown, control=None),))
    assert "Answer:" not in section(render_html(replace(audit, variants=(told,))))


def test_a_remark_of_most_rows_is_said_once_above_the_table():
    rows = [
        audits.finding("v", str(n), 0.0, audits.np.random.default_rng(n), note=note)
        for n, note in enumerate(
            ["no floor: one run; 3 newly wrong", "no floor: one run", "no floor: one run", "", "b"]
        )
    ]
    table = finding_table(audits.frame(rows))
    assert table.once == (("no floor: one run", 3),)
    assert sorted(r.note for r in table.rows) == ["", "", "", "3 newly wrong", "b"]
    few = finding_table(audits.frame(rows[:2]))
    assert few.once == ()
    assert {r.note for r in few.rows} == {"no floor: one run; 3 newly wrong", "no floor: one run"}


def test_the_floor_has_a_column_only_where_there_is_one():
    assert "Floor" in finding_table(audits.garments((0.9,)).findings).heads
    assert finding_table(audits.one_member().findings).heads == (
        "n", "Effect", "Adjusted p", "Reference", "Variant",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("digits_svm_int8.csv", None),
        ("a-b (c) {d} x! + y # z", None),
        ("gpt-4o:latest at 10:30, a < b & c, 80+ = 3", None),
        ("C:\\temp\\new", None),
        ("__init__ _x_", "\\_\\_init\\_\\_ \\_x\\_"),
        ("\\*a\\", "\\\\\\*a\\\\"),
        ("<img> &lt; &#60;", "\\<img> \\&lt; \\&\\#60;"),
        ("@me a@b.c #12 GH-12", "\\@me a\\@b.c \\#12 GH\\-12"),
        (":tada: http://x www.x mailto:a", "\\:tada: http\\://x www\\.x mailto\\:a"),
        ("a::b", "a\\:\\:b"),
        ("[a](b) `c` *d* ~e~ $f$ g|h", "\\[a\\](b) \\`c\\` \\*d\\* \\~e\\~ \\$f\\$ g\\|h"),
        ("- item", "\\- item"),
        ("# head", "\\# head"),
        ("12. of", "12\\. of"),
        ("> said", "\\> said"),
    ],
)
def test_markdown_escapes_what_it_would_act_on_and_nothing_else(name: str, said: str | None):
    assert _md(name) == (name if said is None else said)
