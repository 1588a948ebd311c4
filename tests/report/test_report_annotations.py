"""GitHub annotations: at most ten lines that a runner reads as they are meant."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import gates
from undertow.audit.gate.result import NotShown
from undertow.report import annotations_of

COMMAND = re.compile(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")
"""What a runner takes a line for: a property ends at a comma or colon."""


def test_failures_are_errors_and_the_rest_warnings():
    assert annotations_of(gates.gated()) == [
        "::error title=Undertow%3A worst_slice_drop (fail)::language=ar: worst_slice_drop said why "
        "it is fail.",
        "::error title=Undertow%3A must_not_flip (fail)::all: must_not_flip said why it is fail.",
        "::warning title=Undertow%3A max_new_errors (fail%2C advisory)::all: max_new_errors said "
        "why it is fail.",
        "::warning title=Undertow%3A max_churn (cannot tell)::all: There is no floor.",
    ]


def test_what_is_open_is_an_error_where_that_fails():
    said = annotations_of(gates.gated(), inconclusive_fails=True)
    assert [s.split()[0] for s in said] == ["::error", "::error", "::error", "::warning"]
    assert said[2] == "::error title=Undertow%3A max_churn (cannot tell)::all: There is no floor."


def test_sides_that_cannot_be_compared_are_one_error():
    (said,) = annotations_of(gates.refused())
    assert said.startswith(
        "::error title=Undertow%3A not comparable::'dense' and 'int4' hold different examples: 850"
    )


def test_more_than_ten_end_in_a_count():
    failing = [gates.decision("worst_slice_drop", "fail", "class", f"c{i}") for i in range(14)]
    said = annotations_of(gates.gated((*gates.DECISIONS, *failing)))
    assert len(said) == 10
    assert (
        said[-1]
        == "::error title=Undertow::9 more checks do not pass; report.html and summary.md have all."
    )
    assert len(annotations_of(gates.gated(tuple(failing[:10])))) == 10


def test_a_gate_that_passes_says_nothing():
    assert (
        annotations_of(gates.gated(tuple(d for d in gates.DECISIONS if d.outcome == "pass"))) == []
    )


def test_slices_too_small_to_be_decided_are_a_notice():
    small = NotShown("worst_slice_drop", "new", "language", ("sv",), "required", 30, 29)
    passing = tuple(d for d in gates.DECISIONS if d.outcome == "pass")
    notice = (
        "::notice title=Undertow%3A too few examples::1 slice with fewer than 30 examples is not "
        "shown to keep its limit (language sv, 29)."
    )
    assert annotations_of(replace(gates.gated(passing), not_shown=(small,))) == [notice]
    failing = tuple(gates.decision("max_drop", "fail", "class", f"c{i}") for i in range(14))
    said = annotations_of(replace(gates.gated(failing), not_shown=(small,)))
    assert (len(said), said[-1]) == (11, notice)


def test_several_variants_are_named():
    other = gates.decision("max_drop", "fail", variant="int4, new: 50 %")
    assert annotations_of(gates.gated((gates.DECISIONS[0], other))) == [
        "::error title=Undertow%3A max_drop (fail)::all of int4, new: 50 %25: max_drop said why it "
        "is fail."
    ]


@pytest.mark.parametrize("attack", gates.ATTACKS)
def test_no_string_makes_another_command_or_property(attack: str):
    given = {
        "rule": f"max_drop,line=1::{attack}",
        "variant": attack,
        "reason": f"{attack}\r\n::error::{attack}",
    }
    (said,) = annotations_of(gates.gated((gates.decision("x", "fail", attack, attack, **given),)))
    assert COMMAND.fullmatch(said)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", said)
    assert not re.search(r"##\w*\[", said)
    assert "%0A" not in said.replace("%250A", "")
