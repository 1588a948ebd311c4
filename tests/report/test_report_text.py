"""The summary for a terminal and for a pull request."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import audits
import gates
import worlds
from undertow.audit import audit as run_audit
from undertow.audit.headline import with_notices
from undertow.audit.settings import Settings
from undertow.audit.told_by import IF_MADE
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.glance import glance
from undertow.report.parts import page
from undertow.report.text import warnings

NAMES = ("garments", "texts", "one_member", "many_classes", "hostile")


def test_the_terminal_gets_the_verdict_first():
    said = summary_text(audits.garments((0.0, 0.95))).splitlines()
    assert said[0].startswith(
        "WORSE: 1 of 2 variants loses more than chance can explain. pruned 95 %"
    )
    assert said[1].startswith("10 + 10 members: members are exchanged between the two populations;")
    assert re.match(r"  ● dense again  accuracy \d\d\.\d+ % → \d\d\.\d+ % \(", said[3])
    assert re.match(r"  ▼ pruned 95 %  accuracy \d\d\.\d % → \d\d\.\d % \(", said[6])
    assert re.match(r" +class Shirt −\d+\.\d points \(−\d+\.\d to −\d+\.\d\), n = 200$", said[8])


def test_a_disagreement_is_set_against_its_floor_and_not_called_points():
    audit = audits.garments((0.95,))
    made = [audits.disagreement("pruned 95 %", "taxicab", "Coat", 0.4, 0.1)]
    said = summary_text(replace(audit, findings=audits.frame(made)))
    assert re.search(r"class Coat \+0\.300 Taxicab distance of votes above the floor \(", said)


@pytest.mark.parametrize(
    ("gone", "shown"),
    [
        (("effect", "low", "high"), "accuracy 85.0 % → 83.0 %"),
        (("low", "high"), "accuracy 85.0 % → 83.0 % (−2.0 points, no interval)"),
    ],
)
def test_a_change_without_a_number_is_no_dash_of_points(gone: tuple[str, ...], shown: str):
    audit = audits.garments((0.95,))
    rows = audit.findings.filter(pl.col("slice") == "all").with_columns(
        pl.lit(0.85).alias("reference"),
        pl.lit(0.83).alias("changed"),
        pl.lit(-0.02).alias("effect"),
    )
    made = rows.with_columns(pl.lit(float("nan")).alias(name) for name in gone)
    lines = summary_text(replace(audit, findings=made)).splitlines()
    assert lines[3].endswith(f"  {shown}")


@pytest.mark.parametrize(
    ("verdict", "said"),
    {
        "worse": "The one slice is worse",
        "too small to tell": "The one slice is too small to tell",
        "within tolerance": "The one slice is not worse",
        "better": "The one slice is not worse",
        "undefined": "The one slice could not be measured",
    }.items(),
)
def test_one_slice_is_not_counted(verdict: str, said: str):
    audit = audits.garments((0.95,))
    rows = audit.findings.filter(pl.col("value").is_in(["", "Shirt"]))
    made = rows.with_columns(pl.lit(verdict).alias("verdict"))
    lines = summary_text(replace(audit, findings=made)).splitlines()
    assert lines[4].strip() == said


def test_slices_of_which_only_confidence_is_known_are_not_said_to_be_no_worse():
    label_N = np.arange(40) % 2
    lang = {"lang": ["a", "b", "b", "a"] * 10}
    sides = [
        worlds.records_from(
            [pred_N], label_N, 2, name=name, slices=lang, proba=np.eye(2)[[pred_N]] * 0.5 + 0.25
        )
        for name, pred_N in (("old", label_N), ("new", label_N[::-1]))
    ]
    bare = [
        replace(side, examples=side.examples.with_columns(label=pl.lit(None, pl.Int32)))
        for side in sides
    ]
    found = run_audit(bare[0], [bare[1]], Settings(by=("lang",)))
    for said in (summary_text(found), summary_markdown(found), render_html(found)):
        assert "No slice can be set against anything: there are no labels, and no floor" in said
        assert "None of 2 slices worse" not in said


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_nothing_a_terminal_would_obey(name: str):
    audit = getattr(audits, name)()
    for said in (summary_text(audit), summary_markdown(audit)):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said)
        said.encode("utf-8")


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_markdown_has_the_verdict_in_its_first_line_and_stays_small(name: str):
    audit = getattr(audits, name)()
    said = summary_markdown(replace(audit, notices=()))
    assert said.startswith("**▼ Worse.** ")
    assert len(summary_markdown(audit).encode()) <= 60_000
    assert len(said.encode()) <= 60_000


KNOWN = "'old' and 'new' are identical."
DOUBT = f"Column 'ward' tells the right answers of 'new' from the wrong ones: {IF_MADE}"


def header(page: str) -> str:
    return page[page.index("<header") : page.index("</header>")]


def test_what_a_column_tells_follows_the_verdict_that_may_be_its_finding():
    """Everything else that has to be known stands before it."""
    audit = audits.one_member()
    alone = page(audit).headline
    notices = (KNOWN, DOUBT)
    noted = replace(audit, notices=notices, headline=with_notices(audit.headline, notices))
    assert noted.headline == f"{KNOWN} {audit.headline} {DOUBT}"
    assert page(noted).headline == alone
    gated = gates.made("gated")[1]
    audited, decided = [KNOWN, page(noted).sentence, DOUBT], [KNOWN, "checks fail", DOUBT]
    for text, said in (
        (summary_text(noted), audited),
        (summary_markdown(noted), audited),
        (glance(noted, ""), audited),
        (summary_text(noted, gated), decided),
        (summary_markdown(noted, gated), decided),
        (header(render_html(noted)), audited),
        (header(render_html(noted, gated)), decided),
    ):
        plain = text.replace("<wbr>", "").replace("&#39;", "'")
        places = [plain.index(one) for one in said]
        assert places == sorted(places)
        assert [plain.count(one) for one in said] == [1, 1, 1]
    assert warnings(noted) == f"NOTE: {KNOWN}\nNOTE: {DOUBT}"
    assert warnings(None) == warnings(replace(audit, notices=())) == ""


def test_a_smoke_audit_is_stamped_in_both():
    audit = replace(audits.garments((0.5,)), scale="smoke")
    stamp = "Smoke scale: this audit only proves that it runs. Its numbers are not a result."
    assert stamp in summary_text(audit)
    assert stamp in summary_markdown(audit)


def test_names_make_no_markup_in_markdown():
    said = summary_markdown(audits.hostile())
    assert "<script" not in said.replace("\\<script", "")
    assert "](javascript" not in said.replace("\\](", "")
    assert not re.search(r"(?<!\\)@everyone", said)
    tables = [line for line in said.splitlines() if line.startswith("|")]
    for row in tables:
        assert len(re.findall(r"(?<!\\)\|", row)) in (6, 7, 8)


@pytest.mark.heavy
def test_a_hundred_thousand_assumptions_do_not_break_the_limit():
    audit = replace(
        audits.garments((0.5,)), assumptions=tuple(f"assumption {i} — ✓" for i in range(100_000))
    )
    said = summary_markdown(audit)
    assert len(said.encode()) <= 60_000
    assert said.endswith("\n\nCut at 60 kB; `report.html` has the rest.\n")
