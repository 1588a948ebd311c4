"""What models, data sets and policies may contain: shown as text in every place, and obeyed in
none."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

import audits
import gates
from undertow.report import gate_text, render_html, summary_markdown, summary_text
from undertow.report.wording import both_ends, ending, quoted_for_logs

CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def carrying(attack: str):
    """A gate and an audit in which everything that others wrote is ``attack``."""
    decisions = tuple(
        gates.decision("max_drop", outcome, attack, attack, variant=attack, reason=attack)
        for outcome in ("fail", "cannot tell")
    )
    audit = gates.generation()
    (variant,) = audit.variants
    gallery = (
        gates.entry(0, attack, f"{attack} again", attack),
        gates.entry(1, None, attack, attack),
    )
    carried = {
        "arm": replace(variant.arm, name=attack, outcome=attack),
        "gallery": gallery,
        "composition": audits.composition(0.9, (attack,) * 10),
    }
    audit = replace(
        audit,
        headline=attack,
        variants=(replace(variant, **carried, headline=attack, design=(attack,)),),
        reference=replace(audit.reference, name=attack, outcome=attack),
        differences=(attack,),
        pooling=attack,
        assumptions=(attack,),
        notices=(attack,),
        ordered=(attack,),
    )
    return replace(gates.gated(decisions, audit), reason=attack)


@pytest.mark.heavy
@pytest.mark.parametrize("attack", gates.ATTACKS)
def test_the_page_shows_it_as_text(attack: str):
    gate = carrying(attack)
    page = render_html(gate.audit, gate)
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.S)
    assert len(re.findall(r"<script", page)) == 1
    assert not re.search(r"<[^>]*\s(onerror|onload)\s*=", body)
    assert not CONTROL.search(page.replace("\n", ""))
    shown = re.sub(r"\s", "", "".join(c for c in attack if not CONTROL.match(c)))[:30]
    assert (
        shown in re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", body)))
        or "\x1b" in attack
        or "\ufffe" in attack
    )


@pytest.mark.heavy
@pytest.mark.parametrize("attack", gates.ATTACKS)
def test_markdown_makes_nothing_of_it(attack: str):
    gate = carrying(attack)
    said = summary_markdown(gate.audit, gate)
    assert said.startswith("**Note:** ")
    assert "\n\n**✗ Fail.** " in said
    assert not CONTROL.search(said)
    bare = re.sub(r"\\.", "x", said)
    assert "<" not in bare
    assert not re.search(r"\]\(|(?<!\w)@\w|www\.|:error|^>|^\s*(```|~~~)", bare, flags=re.M)
    for row in [line for line in said.splitlines() if line.startswith("|")]:
        assert len(re.findall(r"(?<!\\)\|", row)) in (6, 7, 10)


@pytest.mark.heavy
@pytest.mark.parametrize("attack", gates.ATTACKS)
def test_no_line_of_the_terminal_is_a_command(attack: str):
    gate = carrying(attack)
    for said in (gate_text(gate), summary_text(gate.audit)):  # type: ignore[arg-type]
        assert not CONTROL.search(said)
        said.encode("utf-8")
        for line in said.splitlines():
            assert not line.lstrip().startswith("::")
            assert not re.search(r"##\w*\[", line)


def test_slices_named_like_commands_do_not_begin_a_line():
    """A slice stands first in its line, after white space that a runner skips."""
    audit = audits.garments((0.95,))
    rows = audit.findings.with_columns(
        slice=audits.pl.when(audits.pl.col("slice") == "all")
        .then("slice")
        .otherwise(audits.pl.lit("::error::owned"))
    )
    said = summary_text(replace(audit, findings=rows))
    assert re.search(r"^ +: :error::owned Shirt", said, flags=re.M)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("::error::x", ": :error::x"),
        ("   ::add-mask::x", "   : :add-mask::x"),
        ("a ::error::x", "a ::error::x"),
        ("a ##[error]x ##vso[x]", "a ## [error]x ## vso[x]"),
        ("C++ ## heading", "C++ ## heading"),
    ],
)
def test_commands_of_ci_servers_are_broken_and_nothing_else(given: str, said: str):
    assert quoted_for_logs(given) == said


@pytest.mark.heavy
def test_everything_at_once_is_small_and_cut():
    gate = gates.hostile_gate()
    page = render_html(gate.audit, gate)
    assert len(page.encode()) < 1_000_000
    assert "characters in all]" in page
    assert len(summary_markdown(gate.audit, gate).encode()) < 60_000
    assert len(gate_text(gate)) < 20_000


@pytest.mark.heavy
def test_texts_beyond_the_budget_are_cut_shorter_and_the_page_stays_small():
    audit = gates.generation()
    (variant,) = audit.variants
    prompt = "<&\"'> 語 " * 2000
    gallery = tuple(gates.entry(n, prompt + "a", prompt[::-1], prompt) for n in range(160))
    page = render_html(replace(audit, variants=(replace(variant, gallery=gallery),)))
    assert 1_500_000 < len(page.encode()) < 5_000_000
    assert page.count("From its beginning (18,000 characters)") < page.count('class="end"')


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (ending("short", 10), "short"),
        (ending("0123456789", 4), "…6789"),
        (ending("x" * 10_000_000 + "end", 5), "…xxend"),
        (ending("a\x1b[31m\u202eb", 30), "ab"),
        (both_ends("short", 10), "short"),
        (both_ends("the answer is the first of them (A)", 20), "the answer is…em (A)"),
        (both_ends("a" * 10_000_000 + "end", 12), "aaaaaaa…aend"),
    ],
)
def test_cuts_keep_the_end_where_the_end_matters(said: str, expected: str):
    assert said == expected


def test_prompts_and_outputs_have_their_own_direction_and_no_language():
    page = render_html(gates.generation())
    quotes = re.findall(r"<blockquote[^>]*>", page)
    assert len(quotes) > 10
    assert all('dir="auto" lang=""' in q for q in quotes)


def test_a_prompt_stands_with_its_end_and_opens_to_its_beginning():
    page = render_html(gates.generation())
    end = re.search(r'<blockquote class="end"[^>]*>(.*?)</blockquote>', page, flags=re.S)
    assert end is not None
    assert end[1].endswith("Q: Translate number 0.\nA:")
    assert end[1].startswith("…")
    length = len(gates.generation().variants[0].gallery[0].exemplar.text or "")
    assert f"<summary>From its beginning ({length:,} characters)</summary>" in page


def test_changed_words_are_marked_and_those_of_the_reference_are_not_struck():
    page = render_html(gates.generation())
    assert "The film is <u>slow</u> but" in page
    assert "The film is <ins>quick</ins> but" in page
    assert "<del>" not in page, "what the reference wrote may be right"
    assert "Both sides wrote the same." in page
    assert "[9,840 characters, the same on both sides] …" in page


def test_long_answers_without_outputs_are_compared_too():
    audit = gates.generation()
    (variant,) = audit.variants
    bare = gates.entry(
        0,
        "the answer that is long enough to be read " * 3 + "A",
        "the answer that is long enough to be read " * 3 + "B",
    )
    shown = replace(bare.exemplar, reference_output=None, variant_output=None)
    page = render_html(
        replace(
            audit,
            variants=(replace(variant, gallery=(replace(bare, exemplar=shown, control=None),)),),
        )
    )
    assert "The reference answered" in page
    assert "<u>A</u>" in page
    assert "<ins>B</ins>" in page
    assert '<table class="votes">' not in page


def test_answers_are_a_line_where_members_agree_and_votes_where_they_do_not():
    audit = gates.generation()
    (variant,) = audit.variants
    one = gates.entry(0, "so it is 35", "so it is 42")

    def page(before: tuple[tuple[str, float], ...]) -> str:
        shown = replace(
            one.exemplar, reference=audits.Votes(before), variant=audits.Votes((("42", 1.0),))
        )
        entry = replace(one, exemplar=shown, control=None)
        return render_html(replace(audit, variants=(replace(variant, gallery=(entry,)),)))

    agreed = page((("35", 1.0),))
    assert '<span lang=""><bdi>35</bdi></span> → <b lang=""><bdi>42</bdi></b>' in agreed
    assert '<table class="votes">' not in agreed
    assert '<table class="votes">' in page((("35", 0.6), ("36", 0.4)))


@pytest.mark.heavy
def test_outputs_of_several_members_say_whose_they_are():
    said = "Where outputs are shown, they are those of the first member of either side."
    audit = gates.generation()
    assert said not in render_html(audit)
    assert said in render_html(replace(audit, reference=replace(audit.reference, members=2)))
    assert "<kbd>Enter</kbd>" not in render_html(audit)
    assert "<kbd>Enter</kbd>" in render_html(audits.garments((0.95,)))
