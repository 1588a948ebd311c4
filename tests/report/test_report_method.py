"""The method note says what holds for this audit, and nothing of tests that were not made."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import audits
from undertow.audit.result import Audit
from undertow.audit.settings import Settings
from undertow.report import method as notes
from undertow.report.effects import slice_effects
from undertow.report.method import Method
from undertow.report.method import method as note_of


def method(audit: Audit) -> Method:
    """With what the page draws of it."""
    return note_of(audit, slice_effects(audit))


def both() -> Audit:
    """A variant of several members, and one of a single member."""
    several, single = audits.garments((0.9,)), audits.one_member()
    named = replace(single.variants[0], arm=replace(single.variants[0].arm, name="single"))
    findings = single.findings.with_columns(pl.lit("single").alias("variant"))
    return replace(
        several,
        variants=(*several.variants, named),
        findings=pl.concat([several.findings, findings]),
    )


AUDITS = {
    "several": (audits.garments, True, False),
    "single": (audits.one_member, False, True),
    "both": (both, True, True),
}


@pytest.mark.parametrize("name", AUDITS)
def test_the_tests_and_papers_are_those_of_the_designs_that_were_met(name: str):
    made, several, single = AUDITS[name]
    note = method(made())
    assert (
        set(notes.MEMBERS) <= set(note.tests)
        if several
        else not set(notes.MEMBERS) & set(note.tests)
    )
    assert (
        set(notes.SINGLE) <= set(note.tests) if single else not set(notes.SINGLE) & set(note.tests)
    )
    assert set(notes.ALWAYS) <= set(note.tests)
    assert (set(notes.MEMBER_PAPERS) <= set(note.papers)) == several
    assert (set(notes.SINGLE_PAPERS) <= set(note.papers)) == single
    assert note.papers[: len(notes.FOUNDING)] == notes.FOUNDING
    assert not (set(notes.MEMBER_PAPERS) & set(note.papers) and not several)
    assert not (set(notes.SINGLE_PAPERS) & set(note.papers) and not single)


def test_variants_that_share_a_design_are_named_together():
    audit = both()
    names = [v.arm.name for v in audit.variants]
    assert [shared for shared, _ in method(audit).designs] == [(name,) for name in names]
    alike = replace(audit, variants=tuple(replace(v, design=("one",)) for v in audit.variants))
    assert method(alike).designs == ((tuple(names), ("one",)),)


def test_measures_are_explained_once_and_by_the_name_of_the_outcome():
    note = method(audits.garments())
    assert [title for title, _, _ in note.measures] == [
        "Accuracy",
        "Modal disagreement",
        "Taxicab distance of votes",
    ]
    assert all(reads and paper for _, reads, paper in note.measures[1:])
    audit = audits.garments((0.9,))
    graded = replace(audit, reference=replace(audit.reference, outcome="mean chrf"))
    assert next(title for title, _, _ in method(graded).measures) == "Mean chrf"


def test_a_row_without_a_card_of_its_own_is_not_explained_by_another_card():
    audit = audits.garments((0.9,))
    renamed = audit.findings.with_columns(pl.lit("worst_slice_accuracy").alias("measure"))
    assert method(replace(audit, findings=renamed)).measures == ()


def settings_of(settings: Settings) -> Method:
    return method(replace(audits.garments((0.9,)), settings=settings))


def test_the_settings_are_said_in_the_units_of_the_flags():
    settings = Settings(("class", "age+gender"), 0.1, 0.2, 1234, 7, 0.055, 0.015, 1500)
    assert settings_of(settings).settings == (
        ("Slices by", "class, age+gender"),
        ("Level of the tests", "10.0 %"),
        ("False discovery rate of confirmed exemplars", "20.0 %"),
        ("Rearrangements drawn", "1,234"),
        ("Seed", "7"),
        ("Tolerance for a slice", "5.5 points"),
        ("Tolerance for the whole", "1.5 points"),
        ("Fewest examples in a crossing, and to be the worst slice", "1,500 examples"),
    )
    assert settings_of(Settings()).settings[0] == ("Slices by", "none")


def test_what_was_assumed_and_the_glossary_are_passed_on():
    audit = audits.garments((0.9,))
    note = method(audit)
    assert (note.assumptions, note.glossary) == (audit.assumptions, notes.GLOSSARY)


def test_only_what_is_on_the_page_is_explained():
    several, single = method(audits.garments()), method(audits.one_member())
    assert several.reading == (
        f"{notes.WORSE_OF_MEMBERS} {notes.WITHIN}",
        notes.BAND,
        notes.SIMULTANEOUS,
    )
    assert single.reading == (f"{notes.WORSE_OF_EXAMPLES} {notes.WITHIN}", notes.SIMULTANEOUS)
    mixed = replace(audits.one_member(), verdict="mixed")
    assert notes.MIXED in method(mixed).reading
    bare = audits.one_member()
    assert method(replace(bare, findings=bare.findings.clear())).reading == ()
    assert "Rearrangements drawn" not in dict(single.settings)
    assert {"q", "taxicab"} == {t.key for t in several.glossary} - {t.key for t in single.glossary}
