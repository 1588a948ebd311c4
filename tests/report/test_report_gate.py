"""A gate on the page, in the summary and in the terminal: its verdict first, then what does not
pass."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import polars as pl
import pytest

import audits
import gates
from undertow.audit.gate.decide import sentence
from undertow.audit.gate.not_shown import not_shown_said
from undertow.audit.gate.result import (
    Decision,
    GateResult,
    GateVerdict,
    Inconclusive,
    Loss,
    NotShown,
)
from undertow.report import gate_text, render_html, summary_markdown, summary_text
from undertow.report.decisions import gate_part, limit_of, small_said, unit_of
from undertow.report.text import gate_line


@cache
def words(name: str) -> str:
    page = re.sub(r"<(style|script)>.*?</\1>|<wbr>", "", render_html(*gates.made(name)), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def rows(page: str, key: str) -> list[str]:
    """The words of each row of one table of decisions."""
    table = re.search(rf'<caption id="{key}">.*?</table>', page, flags=re.S)
    assert table is not None
    return [
        re.sub(r"(\s|<[^>]*>)+", " ", row.replace("<wbr>", "")).strip()
        for row in re.findall(r"<tr role=.*?</tr>", table[0], flags=re.S)
    ]


def test_the_verdict_of_the_gate_comes_first_and_the_audit_follows():
    page = render_html(*gates.made("gated"))
    assert "<title>Fail: dense against pruned 90 % · Undertow</title>" in page
    assert re.search(
        r"Gate on dense against pruned 90 % Fail 2 of 7 required checks fail\. First worst",
        words("gated"),
    )
    assert page.index('id="gate"') < page.index('id="decisions"') < page.index('id="verdict"')
    assert re.findall(r"<h1>.*?</h1>", page) == ["<h1><bdi>2 of 7 required checks fail.</bdi></h1>"]
    assert '<a class="skip" href="#gate">' in page


def test_failures_stand_before_what_is_open_and_passes_are_folded():
    page = render_html(*gates.made("gated"))
    assert rows(page, "decisions-open") == [
        "Rule Where Variant Outcome Observed One-sided 95 % limits Allowed n Reason",
        "worst_slice_drop language ar pruned 90 % Fail 3.25 2.50 to 4.00 ≤ 5 points 212 "
        "worst_slice_drop said why it is fail.",
        "must_not_flip all examples pruned 90 % Fail 1 – none 2 must_not_flip said why it is fail.",
        "max_new_errors advisory all examples pruned 90 % Fail 89 – ≤ 40 examples 2,000 "
        "max_new_errors said why it is fail.",
        "max_churn all examples pruned 90 % Cannot tell 3.25 – ≤ 1 point 2,000 There is no floor.",
    ]
    folded = re.search(
        r"<details>\s*<summary>4 checks pass\.</summary>(.*?)</details>", page, flags=re.S
    )
    assert folded is not None
    assert rows(folded[1], "decisions-passed")[1:] == [
        "max_drop all examples pruned 90 % Pass −0.25 −0.90 to 0.40 ≤ 1 point 2,000 max_drop said "
        "why it is pass.",
        "worst_slice_drop language de pruned 90 % Pass 3.25 2.50 to 4.00 ≤ 5 points 2,000 "
        "worst_slice_drop said why it is pass.",
        "min_realised_speedup all examples pruned 90 % Pass 2.00 1.80 to 2.20 ≥ 1.5 × – "
        "min_realised_speedup said why it is pass.",
        "calibration_shift all examples pruned 90 % Pass −0.50 −1.00 to 0.10 within ± 2 points "
        "2,000 calibration_shift said why it is pass.",
    ]


def test_where_all_pass_the_passes_are_open():
    gate = gates.gated(tuple(d for d in gates.DECISIONS if d.outcome == "pass"))
    page = render_html(gate.audit, gate)
    assert "<details open>" in page
    assert "What does not pass" not in page
    assert gate_text(gate).splitlines()[:2] == [
        "PASS: All 4 required checks pass.",
        "  ✓ 4 checks pass.",
    ]
    assert "What does not pass" not in summary_markdown(gate.audit, gate)


def test_where_none_passes_no_sign_of_a_pass_stands_anywhere():
    gate = gates.gated(tuple(d for d in gates.DECISIONS if d.outcome != "pass"))
    assert gate_text(gate).splitlines()[5] == "  No check passes."
    assert "\n\nNo check passes.\n\n" in summary_markdown(gate.audit, gate)
    page = render_html(gate.audit, gate)
    for said in (gate_text(gate), summary_markdown(gate.audit, gate), page):
        assert "0 checks" not in said
    assert "What passes" not in page


def test_known_differences_and_pooling_stand_near_the_top():
    for name in ("generation", "gated"):
        said = words(name)
        place = said.index("Comparable with 2 stated differences : harness version: 0.4.8")
        assert place < said.index("The whole pools 3 tasks") < said.index("The top line, beside")
    assert "Comparable . What was assumed" in words("garments")


def test_a_graded_outcome_is_not_called_accuracy():
    said = words("generation")
    assert "mean chrf 77.1 % → 74.7 %" in said
    assert "Mean chrf: change against the reference, for each slice" in said
    assert "  ▼ pruned 90 %  mean chrf 77.1 % → 74.7 % (" in summary_text(gates.generation())
    assert "accuracy" not in summary_text(gates.generation())


def test_sides_that_cannot_be_compared_have_a_page_of_their_own():
    assert re.search(
        r"Gate Not comparable &#39;dense&#39; and &#39;int4&#39; hold different examples\. 850 examples in both, 50"
        r" only in &#39;dense&#39; \(first &#39;q850&#39;\); predict the same examples, or compare those in both with"
        r" --allow-partial\. Nothing was decided, and no number was compared\.",
        words("refused"),
    )
    assert "<title>Not comparable · Undertow</title>" in render_html(None, gates.refused())
    assert gate_text(gates.refused()) == (
        "NOT COMPARABLE: 'dense' and 'int4' hold different examples: 850 examples in both, 50 only "
        "in 'dense' (first"
        " 'q850'); predict the same examples, or compare those in both with --allow-partial.\n"
    )
    assert summary_markdown(None, gates.refused()) == (
        "**≠ Not comparable.** 'dense' and 'int4' hold different examples: 850 examples in both, "
        "50 only in 'dense'"
        " (first 'q850'); predict the same examples, or compare those in both with "
        "--allow-partial.\n"
    )


def test_the_terminal_gets_a_line_for_each_check_that_does_not_pass():
    said = gate_text(gates.gated()).splitlines()
    assert said[:10] == [
        "FAIL: 2 of 7 required checks fail; first worst_slice_drop on language=ar: "
        "worst_slice_drop said why it is fail. 1 advisory check does not pass.",
        "  ✗ Fail: worst_slice_drop on language=ar: worst_slice_drop said why it is fail.",
        "  ✗ Fail: must_not_flip on all: must_not_flip said why it is fail.",
        "  ✗ Fail (advisory): max_new_errors on all: max_new_errors said why it is fail.",
        "  ? Cannot tell: max_churn on all: There is no floor.",
        "  ✓ 4 checks pass.",
        "  Limits of the gate are one-sided; the audit's intervals are two-sided.",
        "Checked: the same 2,000 examples by id and content, the same prompts and the settings of "
        "the evaluation that both sides state. Comparable with 2 stated differences.",
        "  - harness version: 0.4.8 in 'dense', 0.4.9 in 'pruned 90 %'",
        "  - batch size: 8 against 16",
    ]
    assert said[11].startswith("WORSE: pruned 90 % loses mean chrf overall.")


def test_a_few_checks_that_pass_are_named_with_what_they_rule_out():
    def lines(n: int) -> list[str]:
        passing = tuple(gates.decision("max_drop", "pass", "class", f"c{i}") for i in range(n))
        return gate_text(gates.gated(passing, audits.garments((0.5,)))).splitlines()[1:5]

    assert lines(3)[:3] == [
        f"  ✓ Pass: max_drop on class=c{i}: max_drop said why it is pass." for i in range(3)
    ]
    assert lines(4)[0] == "  ✓ 4 checks pass."


def test_the_summary_has_the_verdict_in_its_first_line_and_the_table_second():
    said = summary_markdown(*gates.made("gated")).splitlines()
    assert said[0].startswith(
        "**✗ Fail.** 2 of 7 required checks fail; first worst_slice_drop on language=ar: "
    )
    assert said[2] == "## What does not pass"
    assert said[6] == (
        "| ✗ Fail | `worst_slice_drop` | language=ar | pruned 90 % | 3.25 | 2.50 to 4.00 | ≤ 5 "
        "points | 212 | worst_slice_drop said why it is fail. |"
    )
    assert said[11] == "✓ 4 checks pass."
    assert said[13] == (
        "Checked: the same 2,000 examples by id and content, the same prompts and the settings of "
        "the evaluation that both sides state. Comparable with 2 stated differences. The whole "
        "pools 3 tasks: every example counts the "
        "same, so a task counts by its number of examples."
    )
    assert "## The audit" in said


def test_very_many_decisions_are_cut_everywhere_and_counted():
    failing = tuple(
        gates.decision("worst_slice_drop", "fail", "class", f"c{i}") for i in range(3000)
    )
    gate = gates.gated(failing, audits.garments((0.5,)))
    page = render_html(gate.audit, gate)
    assert (
        "The first 200 of 3,000; all are in <code>report.json</code> and <code>junit.xml</code>."
        in page
    )
    assert len(page) < 1_000_000
    summary = summary_markdown(gate.audit, gate)
    assert "2,940 more checks that do not pass: all are in `report.html`." in summary
    assert len(summary.encode()) <= 60_000
    assert "  … and 2,970 more checks that do not pass: all are in report.html" in gate_text(gate)
    one_more = gates.gated(failing[:31], gate.audit)
    assert "  … and 1 more check that does not pass: all are in report.html\n" in gate_text(
        one_more
    )
    one_more = gates.gated(failing[:61], gate.audit)
    summary = summary_markdown(gate.audit, one_more)
    assert "1 more check that does not pass: all are in `report.html`." in summary


@pytest.mark.parametrize(
    ("given", "unit", "limit"),
    [
        ({"rule": "max_drop"}, "points", "≤ 1 point"),
        ({"rule": "max_new_errors"}, "points", "≤ 1 point"),
        (
            {"rule": "max_new_errors", "low": gates.NAN, "high": gates.NAN},
            "examples",
            "≤ 1 example",
        ),
        (
            {
                "rule": "max_new_errors",
                "low": gates.NAN,
                "high": gates.NAN,
                "outcome": "cannot tell",
            },
            "points",
            "≤ 1 point",
        ),
        ({"rule": "calibration_shift", "limit": 2.5}, "points", "within ± 2.5 points"),
        ({"rule": "min_realised_speedup"}, "×", "≥ 1 ×"),
        ({"rule": "must_not_flip", "limit": 0.0}, "examples", "none"),
    ],
)
def test_numbers_are_in_the_unit_of_their_rule(given: dict[str, object], unit: str, limit: str):
    d = replace(gates.decision("max_drop", "fail"), **given)
    assert (unit_of(d), limit_of(d)) == (unit, limit)


def test_over_clusters_the_page_says_why_limits_lie_further_out():
    audit, gate = gates.made("gated")
    said = (
        "even with clusters unlike those seen, so what decides that lies further out than the audit"
    )
    assert said not in render_html(audit, gate)
    assert "clusters unlike" not in gate_text(gate)
    over = "The test is over clusters of examples (column 'passage'): …"
    variants = tuple(replace(v, design=(v.design[0], over)) for v in audit.variants)
    clustered = replace(audit, variants=variants)
    assert said in render_html(clustered, replace(gate, audit=clustered))
    assert (
        "  Limits of the gate are one-sided; the audit's intervals are two-sided. To pass, a drop has "
        "to stay below the limit even with clusters unlike those seen, so what decides that lies "
        "further out than the audit's interval.\n"
    ) in gate_text(replace(gate, audit=clustered))


FREE = "Here somebody does, and no rule is about class Shirt."
BROKEN = "Here no loss is shown, and the policy is broken all the same."


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("outcome", "verdict", "beside"),
    [
        ("pass", "worse", FREE),
        ("pass", "mixed", FREE),
        ("pass", "within tolerance", ""),
        ("fail", "better", BROKEN),
        ("fail", "worse", ""),
        ("cannot tell", "worse", FREE),
        ("cannot tell", "within tolerance", ""),
    ],
)
def test_a_gate_and_its_audit_that_seem_to_disagree_are_reconciled(outcome, verdict, beside):
    audit, gate = gates.made("gated")
    beneath = replace(audit, verdict=verdict)
    passing = tuple(d for d in gate.decisions if d.outcome == "pass")
    decisions = passing if outcome == "pass" else gate.decisions
    said = replace(gate, verdict=outcome, audit=beneath, decisions=decisions)
    asked = f"The audit asks whether anybody loses more than chance can explain; the policy says what is allowed. {beside}"
    shown = render_html(beneath, said), gate_text(said), summary_markdown(beneath, said)
    assert [asked in one for one in shown] == [bool(beside)] * 3
    if not beside:
        assert not any("The audit asks whether" in one for one in shown)


def pays(slice: str, value: str, effect: float = -0.1, **given: object) -> dict[str, object]:
    return {"slice": slice, "value": value, "effect": effect, **given}


BAG, LANG = pays("class", "Bag"), pays("lang", "de", -0.2)
RATE = {"measure": "false_positive_rate", "p_adjusted": 0.001}


def reconciled(
    *decisions: Decision,
    paying: tuple[dict[str, object], ...] = (BAG,),
    small: NotShown | None = None,
    verdict: GateVerdict = "pass",
) -> str:
    """What stands beside a verdict over an audit in which these pay and nobody else."""
    audit = audits.garments((0.5,))
    name = audit.variants[0].arm.name
    calm = audit.findings.with_columns(verdict=pl.lit("too small to tell"))
    base = audit.findings.filter(measure="accuracy").row(0, named=True)
    rows = [{"variant": name, **base, "verdict": "worse", **row} for row in paying]
    found = pl.concat([calm, pl.DataFrame(rows, schema=calm.schema)])
    beneath = replace(audit, verdict="worse", findings=found)
    named = tuple(replace(d, variant=name) for d in decisions)
    left = () if small is None else (replace(small, variant=name),)
    gate = GateResult(verdict, "It passes.", named, beneath, 0.05, left)
    said = gate_text(gate).partition("the policy says what is allowed. Here somebody does, ")[2]
    return said.partition("\n")[0]


def left_out(value: str, slice: str = "class", rule: str = "worst_slice_drop") -> NotShown:
    return NotShown(rule, "new", slice, (value, "hat"), "required", 30, 29)


def drop(slice: str, value: str, outcome: str = "pass", rule: str = "worst_slice_drop") -> Decision:
    return gates.decision(
        rule, outcome, slice, value, tier="required" if outcome == "pass" else "advisory"
    )


OF_BAGS, OF_LANG = drop("class", "Bag"), drop("lang", "de")


@pytest.mark.parametrize(
    ("decisions", "small", "said"),
    [
        ((gates.decision("max_drop", "pass"),), None, "and no rule is about class Bag."),
        ((drop("class", "Bag", rule="max_churn"),), None, "and no rule is about class Bag."),
        ((OF_BAGS,), None, "and no more than the policy allows."),
        ((OF_BAGS,), left_out("cap"), "and no more than the policy allows."),
        ((drop("class", "Bag", "fail"),), None, "and only an advisory rule is against it."),
        (
            (OF_BAGS, drop("class", "Bag", "cannot tell")),
            None,
            "and an advisory rule cannot tell whether that is too much.",
        ),
        (
            (drop("class", "", "cannot tell"),),
            None,
            "and an advisory rule cannot tell whether that is too much.",
        ),
        (
            (drop("class", "Bag", "cannot tell"), drop("class", "Bag", "fail")),
            None,
            "and only an advisory rule is against it.",
        ),
        ((), left_out("Bag"), "and class Bag has too few examples for the policy to decide."),
        ((), left_out("Bag", rule="max_churn"), "and no rule is about class Bag."),
        ((), left_out("cap"), "and no rule is about class Bag."),
    ],
)
def test_a_pass_says_what_the_policy_has_to_do_with_who_pays(decisions, small, said: str):
    assert reconciled(*decisions, small=small) == said


@pytest.mark.parametrize(
    ("paying", "decisions", "small", "said"),
    [
        ((BAG, LANG), (OF_BAGS,), None, "and no rule is about lang de."),
        ((BAG, LANG), (OF_LANG,), None, "and no rule is about class Bag."),
        ((BAG, LANG), (), None, "and no rule is about lang de."),
        ((LANG, LANG | {"variant": "x"}), (OF_LANG,), None, "and no rule is about lang de."),
        ((BAG, LANG), (OF_LANG, OF_BAGS), None, "and no more than the policy allows."),
        ((LANG,), (OF_BAGS,), left_out("cap"), "and no rule is about lang de."),
        ((BAG, LANG), (), left_out("de", "lang"), "and no rule is about class Bag."),
        (
            (BAG, LANG),
            (OF_BAGS, drop("lang", "de", "cannot tell")),
            None,
            "and an advisory rule cannot tell whether that is too much.",
        ),
        (
            (BAG, LANG),
            (OF_BAGS,),
            left_out("de", "lang"),
            "and lang de has too few examples for the policy to decide.",
        ),
    ],
)
def test_one_payer_who_is_covered_hides_no_other(paying, decisions, small, said: str):
    assert reconciled(*decisions, paying=paying, small=small) == said


WHOLE = pays("all", "", -0.01)
IN_PART = "and where there are enough examples it is no more than the policy allows."


@pytest.mark.parametrize(
    ("paying", "decisions", "small", "said"),
    [
        ((WHOLE,), (drop("lang", "de", rule="max_drop"),), None, "and no rule is about the whole."),
        ((WHOLE,), (OF_LANG,), None, "and no more than the policy allows."),
        ((WHOLE,), (OF_LANG,), left_out("fr", "lang"), IN_PART),
        ((WHOLE,), (OF_LANG,), left_out("fr", "site"), "and no more than the policy allows."),
        (
            (WHOLE,),
            (OF_LANG, gates.decision("max_drop", "pass")),
            left_out("fr", "lang"),
            "and no more than the policy allows.",
        ),
        (
            (WHOLE,),
            (drop("lang", "de", "fail"), gates.decision("max_drop", "pass")),
            None,
            "and no more than the policy allows.",
        ),
        ((WHOLE,), (drop("lang", "de", "fail"),), None, "and only an advisory rule is against it."),
        ((WHOLE | RATE,), (OF_LANG,), None, "and no rule is about the whole."),
        ((LANG,), (drop("lang+site", "de+x"),), left_out("de+y", "lang+site"), IN_PART),
        ((LANG,), (drop("lang+site", "fr+x"),), None, "and no rule is about lang de."),
        ((LANG,), (drop("site+age", "de+x"),), None, "and no rule is about lang de."),
        (
            (LANG,),
            (drop("lang+site", "fr+x"),),
            left_out("de+y", "lang+site"),
            "and lang de has too few examples for the policy to decide.",
        ),
    ],
)
def test_a_rule_on_every_part_of_a_place_is_about_the_place(paying, decisions, small, said: str):
    assert reconciled(*decisions, paying=paying, small=small) == said


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        (LANG | RATE, ("class+lang", "ok+de"), "and no more than the policy allows."),
        (LANG, ("class+lang", "ok+de"), "and no rule is about lang de."),
        (LANG | RATE, ("site+lang", "x+de"), "and no rule is about lang de."),
        (LANG | RATE, ("class", "ok"), "and no rule is about lang de."),
        (WHOLE | RATE, ("class", "ok"), "and no more than the policy allows."),
        (WHOLE, ("class", "ok"), "and no rule is about the whole."),
    ],
)
def test_a_rule_on_a_class_is_about_the_error_rate_there_and_not_about_accuracy(row, place, said):
    rule = drop(*place, rule="max_drop")
    assert reconciled(rule, paying=(row,)) == said


@pytest.mark.parametrize(
    "calm", [{"measure": "modal_disagreement"}, RATE | {"p_adjusted": 0.2}, {"verdict": "better"}]
)
def test_what_makes_no_audit_worse_pays_nothing(calm: dict[str, object]):
    """Though it is the larger change, and no rule is about it."""
    paying = (LANG | calm, BAG)
    assert reconciled(OF_BAGS, paying=paying) == "and no more than the policy allows."


def test_beside_what_cannot_be_told_stands_who_pays_without_a_rule_and_nobody_else():
    open_ = gates.decision("max_drop", "cannot tell", "all", "")
    assert reconciled(open_, verdict="cannot tell") == "and no rule is about class Bag."
    assert reconciled(open_, OF_BAGS, verdict="cannot tell") == ""
    assert reconciled(small=left_out("Bag"), verdict="cannot tell") == ""


SMALL = "1 slice with fewer than 30 examples is not shown to keep its limit (class b; c, 29)"


def passing_but_for(value: str) -> GateResult:
    small = NotShown("worst_slice_drop", "pruned 90 %", "class", (value,), "required", 30, 29)
    passing = tuple(d for d in gates.DECISIONS if d.outcome == "pass")
    said = f"All 4 required checks pass, but {not_shown_said((small,))}."
    return replace(
        gates.gated(passing), reason=f"{said} Compared on 3 of 4 examples.", not_shown=(small,)
    )


def test_a_pass_says_in_its_verdict_what_is_not_shown():
    gate = passing_but_for("b; c")
    verdict = f"All 4 required checks pass, but {SMALL}."
    assert gate_line(gate) == f"PASS: {verdict} Compared on 3 of 4 examples."
    page = render_html(gate.audit, gate)
    assert f"<h1><bdi>{verdict}</bdi></h1>" in page.replace("<wbr>", "")
    assert (
        "class: 1 slice with fewer than 30 examples is not shown to keep its limit: b; c (n = 29)"
        in page.replace("<wbr>", "")
    )
    first = summary_markdown(gate.audit, gate).splitlines()[0]
    assert first == f"**✓ Pass.** {verdict} Compared on 3 of 4 examples."


def test_the_page_says_which_slice_that_is_not_shown_is_the_worst():
    small = NotShown(
        "worst_slice_drop", "new", "class", ("b", "a"), "required", 30, 29, Loss("a", 12.0, 20)
    )
    assert small_said(small) == (
        "class: 2 slices with fewer than 30 examples are not shown to keep their limit: b, a (the "
        "largest has 29; a is the worst and lost 12 of 20)"
    )
    assert small_said(replace(small, values=("a",), n_examples=20)) == (
        "class: 1 slice with fewer than 30 examples is not shown to keep its limit: a (lost 12 of 20)"
    )


def test_of_several_variants_the_page_says_whose_slices_are_not_shown():
    small = NotShown("worst_slice_drop", "int4", "class", ("a",), "required", 30, 20)
    gate = replace(passing_but_for("b; c"), not_shown=(small,))
    twice = tuple(replace(d, variant="int4") for d in gate.decisions)
    said = "class: 1 slice with fewer than 30 examples is not shown to keep its limit: a (n = 20)"
    assert gate_part(gate).small == (said,)
    both = replace(gate, decisions=(*gate.decisions, *twice))
    assert gate_part(both).small == (f"int4, {said}",)


def test_a_failure_says_what_is_not_shown_in_every_place_of_its_verdict():
    small = NotShown(
        "worst_slice_drop", "pruned 90 %", "class", ("c",), "required", 30, 29, Loss("c", 2.0, 29)
    )
    said = sentence(gates.DECISIONS, (small,))
    gate = replace(passing_but_for("c"), verdict="fail", reason=said, not_shown=(small,))
    tail = (
        "1 slice with fewer than 30 examples is not shown to keep its limit (class c lost 2 of 29)."
    )
    assert said.startswith("2 of 7 required checks fail")
    assert tail in gate_line(gate)
    assert tail in gate_text(gate).splitlines()[0]
    assert tail in summary_markdown(gate.audit, gate).splitlines()[0]


def test_of_many_slices_that_are_not_shown_the_page_names_ten():
    values = tuple(f"c{i}" for i in range(12))
    small = NotShown("worst_slice_drop", "new", "class", values, "required", 30, 29)
    assert small_said(small) == (
        "class: 12 slices with fewer than 30 examples are not shown to keep their limit: c0, c1, "
        "c2, c3, c4, c5, c6, c7, c8, c9 and 2 more (the largest has 29)"
    )


@pytest.mark.parametrize(
    ("inconclusive", "said"),
    [
        ("report", "CANNOT TELL: "),
        ("fail", "CANNOT TELL (counts as a failure: --inconclusive fail): "),
        ("pass", "CANNOT TELL (counts as a pass: --inconclusive pass): "),
    ],
)
def test_a_verdict_that_counts_as_another_says_so(inconclusive, said: str):
    gate = replace(gates.gated(), verdict="cannot tell", reason="It is open.")
    assert gate_line(gate, inconclusive) == f"{said}It is open."
    assert gate_text(gate, inconclusive=inconclusive).startswith(f"{said}It is open.\n")
    first = summary_markdown(gate.audit, gate, inconclusive).splitlines()[0]
    assert first == f"**? {said.removesuffix(': ').capitalize()}.** It is open."
    for other in ("pass", "fail", "not comparable"):
        assert "counts" not in gate_line(replace(gate, verdict=other), inconclusive)


@pytest.mark.parametrize(
    ("inconclusive", "said"),
    [
        (
            "report",
            "A required rule that cannot tell leaves the verdict open, unless one fails, and the "
            "command then exits with 3.",
        ),
        (
            "pass",
            "A required rule that cannot tell counts as a pass here, as --inconclusive pass says; what "
            "has to be looked into first does not.",
        ),
        (
            "fail",
            "A required rule that cannot tell counts as a failure here, as --inconclusive fail says.",
        ),
    ],
)
def test_the_page_says_how_a_rule_that_cannot_tell_counts(inconclusive: Inconclusive, said: str):
    page = render_html(*gates.made("gated"), inconclusive=inconclusive)
    intro = page[page.index('id="decisions-h"') :]
    assert f"advisory ones inform. {said} Observed is" in intro


def test_a_per_cent_of_the_decisions_stands_in_one_line():
    page = render_html(*gates.made("gated"))
    assert page.count("One-sided 95\u00a0% limits") > 1
    assert "One-sided 95 % limits" not in page
