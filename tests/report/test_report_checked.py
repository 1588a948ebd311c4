"""What was checked stands before the word, and what nobody recorded beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import audits
import gates
from undertow.audit.result import Audit
from undertow.records.caveats import DOES_NOT_SAY, LABELS_OF_ONE, NOT_BY_CONTENT, NOT_BY_PROMPT
from undertow.report import render_html, summary_text
from undertow.report.checked import checked

SILENT = tuple(f"{DOES_NOT_SAY}{n!r} does not say: runner, dtype, recipe." for n in ("old", "new"))
LOGS = "logs: has no results.json, so few-shot count and versions cannot be checked."
TASK = "the settings of the evaluation that both sides state"


def of(*assumptions: str, task: str = "classification", differences: tuple[str, ...] = ()) -> Audit:
    return replace(
        audits.garments((0.9,)), assumptions=assumptions, task=task, differences=differences
    )


@pytest.mark.parametrize(
    ("audit", "said"),
    [
        (
            of(),
            "Checked: the same 2,000 examples by id and content and the same right answers. "
            "Comparable.",
        ),
        (
            of(NOT_BY_CONTENT, *SILENT),
            "Checked: the same 2,000 examples by id and the same right answers. Not recorded, so "
            "not checked: what each example holds, runner, number type and training recipe. "
            "Comparable as far as the files say.",
        ),
        (
            of(f"{LABELS_OF_ONE}'old'; the other population has none."),
            "Checked: the same 2,000 examples by id and content. Not recorded, so not checked: the "
            "right answers, which one side alone gives. Comparable as far as the files say.",
        ),
        (
            of("Only examples in both populations are compared: 2000 in both, 3 only in 'old'."),
            "Checked: the 2,000 examples that both sides have, by id and content and the same "
            "right answers. Comparable.",
        ),
        (
            of(task="generation"),
            f"Checked: the same 2,000 examples by id and content, the same prompts and {TASK}. "
            "Comparable.",
        ),
        (
            of(NOT_BY_PROMPT, LOGS, task="generation", differences=("The seeds differ.",)),
            "Checked: the same 2,000 examples by id and content. Not recorded, so not checked: the "
            "prompts and few-shot count and versions. Comparable as far as the files say, with 1 "
            "stated difference.",
        ),
        (
            of("The prompts differ (by prompt_hash): 3 of 9.", task="choice", differences=("x",)),
            "Checked: the same 2,000 examples by id and content, the same right answers and "
            f"{TASK}. Comparable with 1 stated difference.",
        ),
    ],
)
def test_the_line_says_what_was_checked_and_what_was_not(audit: Audit, said: str):
    assert checked(audit).said == said


def test_names_in_the_sentences_add_nothing_to_the_line():
    hostile = f"{DOES_NOT_SAY}'x: prompts, dtype' does not say: <script>, versions."
    assert checked(of(hostile)).unknown == "Not recorded, so not checked: software versions."


def test_the_word_stands_after_it_on_the_page_and_in_the_terminal():
    page = render_html(of(NOT_BY_CONTENT))
    line = "Not recorded, so not checked: what each example holds. <strong>Comparable as far as the files say</strong>."
    assert line in page
    gate = gates.gated()
    assert checked(gate.audit).said in summary_text(gate.audit, gate)  # type: ignore[arg-type]
