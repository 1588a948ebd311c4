"""Exemplars of which there is nothing to see are rows, and what most rows would repeat is said
once."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import audits
import gates
from undertow.audit import Settings
from undertow.audit import audit as audited
from undertow.audit.result import Audit, GalleryEntry, Votes
from undertow.report import render_html
from undertow.report.gallery import galleries
from undertow.report.markdown import in_markdown
from undertow.report.tables import finding_table
from worlds import records_from


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
    same |= {"label": None} if shown.label is None else {}
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
    assert words(said).count("The records do not hold") == 1
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
    audit = one_a_side(
        label=None,
        reference_output="scored 0.71",
        variant_output="scored 0.35",
        reference_score=0.71,
        variant_score=0.35,
    )
    said = words(section(render_html(replace(audit, task="generation"))))
    assert said.count("The records do not hold") == 1
    assert (
        "The records do not hold the question, what the models wrote and the right answers; columns "
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
            "The records do not hold the right answers; a column target would show that.",
        ),
        (
            {"text": "Why?"},
            "The records do not hold what the models wrote; a column output would show that.",
        ),
    ],
)
def test_only_what_is_missing_is_named(given: dict[str, object], said: str):
    audit = replace(one_a_side(**given), task="generation")
    (gallery,) = galleries(audit)
    assert gallery.unseen == said


def test_what_a_control_shows_is_in_the_records():
    """Tasks with options beside one with written answers, of which no exemplar is."""
    audit = replace(one_a_side(text="Why?"), task="generation")
    (variant,) = audit.variants
    first, *others = variant.gallery
    assert first.control is not None
    written = replace(first.control, reference_output="a", variant_output="a")
    gallery = (replace(first, control=written), *others)
    mixed = replace(audit, variants=(replace(variant, gallery=gallery),))
    assert "do not hold" not in render_html(mixed)
    assert "do not hold what the models wrote" in render_html(audit)


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


def single(*, by: tuple[str, ...]) -> Audit:
    """Of 40 examples in two houses the second model loses the first ten, all in one house."""
    label_N, houses = np.zeros(40, dtype=int), {"house": ["A"] * 20 + ["B"] * 20}
    sides = [
        records_from([pred_N], label_N, 2, name=name, slices=houses)
        for name, pred_N in (("old", label_N), ("new", np.arange(40) < 10))
    ]
    return audited(sides[0], sides[1:], Settings(by=by, draws=100))


def test_what_a_repeat_run_would_tell_of_slices_is_one_sentence():
    """The whole stays, with what it comes to."""
    found = single(by=("house",))
    table = finding_table(found.findings)
    assert table.bare == (
        "6 more, of how answers changed on slices, are undefined for want of a repeat run of the "
        "reference, and stand in findings.parquet alone."
    )
    assert table.total == len(table.rows) == found.findings.height - 6
    assert [r.measure for r in table.rows if r.slice == "all"].count("Churn") == 1
    page = re.sub(r"<[^>]+>", "", render_html(found))
    assert f"the reference column is the floor. {table.bare}" in page
    whole = single(by=())
    assert finding_table(whole.findings).bare == ""
    assert len(finding_table(whole.findings).rows) == whole.findings.height


def test_slices_beneath_the_top_line_have_the_names_of_their_columns():
    page = render_html(single(by=("house",)))
    cell = page[page.index('data-head="Slices beneath it"') :]
    said = re.sub(r"<[^>]+>", "", cell[: cell.index("</li>")])
    assert " house A " in said.replace("\n", " ")


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
        ("0.10 MB (1.00 to 2.)", None),
        ("> said", "\\> said"),
    ],
)
def test_markdown_escapes_what_it_would_act_on_and_nothing_else(name: str, said: str | None):
    assert in_markdown(name) == (name if said is None else said)


SLICES = (("class", "Shirt"), ("site", "far <b>east</b>"), ("age", "above 38"))
SURE = {"label": "Shirt", "reference_confidence": 0.934, "variant_confidence": 0.61}


def test_rows_name_the_slices_and_the_confidences():
    said = section(render_html(one_a_side(slices=SLICES, **SURE)))
    assert "far <b>" not in said
    row = re.search(r'<tr role="row"><th scope="row".*?</tr>', said, flags=re.S)
    assert row is not None
    assert "Shirt site far &lt;b&gt;east&lt;/b&gt; age above 38 Shirt Coat 0.93 → 0.61" in words(
        row[0]
    )
    assert "Right answer Slices Reference Variant Confidence Picked as" in words(said)
    assert said.count("Confidence is the probability that a model gave to its own answer") == 1


def test_the_class_is_a_slice_of_its_own_only_where_it_is_not_the_label():
    shown = {"slices": SLICES[:1], "label": "Coat"}
    assert galleries(one_a_side(**shown))[0].sliced
    assert not galleries(one_a_side(**(shown | {"label": "Shirt"})))[0].sliced


def test_one_confidence_alone_leaves_the_other_open():
    (gallery,) = galleries(one_a_side(reference_confidence=0.5))
    assert {card.exemplar.confidence for card in gallery.first} == {"0.50 → –"}


def test_no_more_slices_are_named_than_a_person_reads():
    many = tuple((f"column {n}", "a" * 500) for n in range(30))
    said = words(section(render_html(one_a_side(slices=many))))
    assert "column 7" in said
    assert "and 22 more" in said
    assert "column 8" not in said
    assert "a" * 100 not in said


def test_cards_have_them_too_exemplar_and_control():
    audit = one_a_side(text="A sentence to read.", slices=SLICES, **SURE)
    (variant,) = audit.variants
    entry = variant.gallery[0]
    assert entry.control is not None
    control = replace(entry.control, slices=(("site", "south"),), variant_confidence=0.7)
    told = replace(variant, gallery=(replace(entry, control=control),))
    said = words(section(render_html(replace(audit, variants=(told,)))))
    assert "site far &lt;b&gt;east&lt;/b&gt; age above 38 confidence 0.93 → 0.61" in said
    assert "site south confidence – → 0.70" in said


def test_without_slices_and_confidences_nothing_speaks_of_them():
    said = section(render_html(one_a_side()))
    assert "Confidence" not in said
    assert "Slices" not in said


def test_where_no_example_is_left_unchanged_the_page_says_it_once():
    audit = replace(one_a_side(), control="similar score of the reference", answered="scores")
    (variant,) = audit.variants
    assert (
        "Examples whose score moved, however little, each beside a control: similar score of the "
        "reference, unchanged."
    ) in words(section(render_html(audit)))
    alone = tuple(replace(entry, control=None) for entry in variant.gallery)
    for text in (None, "A sentence to read."):
        seen = tuple(replace(e, exemplar=replace(e.exemplar, text=text)) for e in alone)
        told = replace(audit, variants=(replace(variant, gallery=seen),))
        said = words(section(render_html(told)))
        assert (
            "Examples whose score moved, however little. No unchanged example like them is left to "
            "set beside them as a control."
        ) in said
        assert "Control" not in said
        assert "none left" not in said


def test_another_wording_is_not_called_worse():
    said = words(section(render_html(replace(one_a_side(), answered="wordings"))))
    assert (
        "Examples whose answer differs in wording, each beside a control: same label, same answer "
        "of the reference, unchanged. Another wording need not be a worse answer."
    ) in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("0.71", "0.35", "−0.36"),
        ("0.555199", "0.552544", "−0.003"),
        ("0.5", "0.500002", "+0.000002"),
        ("0.5", "0.5", "0.00"),
    ],
)
def test_a_score_that_moved_a_little_is_told_with_digits_enough(before: str, after: str, said: str):
    scored = {"reference_score": float(before), "variant_score": float(after)}
    (gallery,) = galleries(one_a_side(label=None, **scored))
    assert {card.moved for card in gallery.first} == {said}
