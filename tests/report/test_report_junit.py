"""``junit.xml`` as CI servers read it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

import gates
from undertow.audit.gate.result import NotShown
from undertow.report import junit_xml

TOTALS = ("tests", "failures", "errors", "skipped")


def parsed(gate) -> ET.Element:
    return ET.fromstring(junit_xml(gate))


def test_one_suite_per_variant_and_one_case_per_rule_and_slice():
    twice = gates.gated((*gates.DECISIONS, replace(gates.DECISIONS[0], variant="int4")))
    root = parsed(twice)
    assert [(s.get("name"), *(s.get(t) for t in TOTALS)) for s in root] == [
        ("pruned 90 %", "8", "2", "1", "1"),
        ("int4", "1", "0", "0", "0"),
    ]
    assert [root.get(t) for t in TOTALS] == ["9", "2", "1", "1"]
    cases = [(c.get("classname"), c.get("name"), [child.tag for child in c]) for c in root[0]]
    assert cases == [
        ("undertow.worst_slice_drop", "language=ar", ["failure"]),
        ("undertow.must_not_flip", "all", ["failure"]),
        ("undertow.max_new_errors", "all", ["skipped"]),
        ("undertow.max_churn", "all", ["error"]),
        ("undertow.max_drop", "all", []),
        ("undertow.worst_slice_drop", "language=de", []),
        ("undertow.min_realised_speedup", "all", []),
        ("undertow.calibration_shift", "all", []),
    ]


def test_an_advice_turns_nothing_red_and_says_why():
    said = {c.get("classname"): c[0] for c in parsed(gates.gated()).iter("testcase") if len(c)}
    assert (
        said["undertow.max_new_errors"].get("message")
        == "advisory: max_new_errors said why it is fail."
    )
    failure = said["undertow.worst_slice_drop"]
    assert failure.attrib == {
        "message": "worst_slice_drop said why it is fail.",
        "type": "worst_slice_drop",
    }
    assert failure.text == "limit ≤ 5 points; one-sided 95 % limits 2.50 to 4.00; n = 212"


@pytest.mark.parametrize(
    ("inconclusive", "tag"), [("report", "error"), ("fail", "failure"), ("pass", "skipped")]
)
def test_what_cannot_be_told_is_red_where_the_exit_code_is(inconclusive, tag: str):
    gate = gates.gated(tuple(d for d in gates.DECISIONS if d.outcome != "fail"))
    root = ET.fromstring(junit_xml(gate, inconclusive))
    (said,) = (c[0] for c in root.iter("testcase") if len(c))
    assert (said.tag, said.get("message")) == (tag, "cannot tell: There is no floor.")
    assert said.text == (
        None if tag == "skipped" else "limit ≤ 1 point; one-sided 95 % limits –; n = 2,000"
    )


def test_an_advice_that_cannot_be_told_is_skipped():
    open_ = gates.decision("max_churn", "cannot tell", tier="advisory", reason="There is no floor.")
    (said,) = (c[0] for c in parsed(gates.gated((open_,))).iter("testcase") if len(c))
    assert (said.tag, said.get("message")) == (
        "skipped",
        "advisory: cannot tell: There is no floor.",
    )


def test_sides_that_cannot_be_compared_are_one_case_in_error():
    root = parsed(gates.refused())
    assert [root.get(t) for t in TOTALS] == ["1", "0", "1", "0"]
    (case,) = root.iter("testcase")
    assert (case.get("classname"), case.get("name")) == ("undertow.comparability", "all")
    assert (case[0].tag, case[0].get("type")) == ("error", "not comparable")
    assert (case[0].get("message") or "").startswith(
        "'dense' and 'int4' hold different examples: 850 examples"
    )


def test_two_rules_of_one_kind_on_one_place_are_told_apart():
    root = parsed(gates.gated((gates.DECISIONS[0], gates.DECISIONS[0])))
    assert [c.get("name") for c in root.iter("testcase")] == ["all", "all (2)"]


@pytest.mark.parametrize("attack", gates.ATTACKS)
def test_any_string_gives_valid_xml(attack: str):
    given = {
        "rule": attack,
        "variant": attack,
        "reason": f"{attack}\x00\x0b\ud800\ufffe\uffff{attack}",
    }
    for outcome in ("fail", "cannot tell", "pass"):
        root = parsed(gates.gated((gates.decision("x", outcome, attack, attack, **given),)))
        assert [e.tag for e in root.iter()][:3] == ["testsuites", "testsuite", "testcase"]
        assert root.get("tests") == "1"


def test_the_same_gate_gives_the_same_bytes():
    assert junit_xml(gates.hostile_gate()) == junit_xml(gates.hostile_gate())


def test_slices_too_small_to_be_decided_are_one_skipped_case_of_each_rule():
    passing = tuple(d for d in gates.DECISIONS if d.outcome == "pass")
    small = NotShown("worst_slice_drop", "pruned 90 %", "language", ("sv",), "required", 30, 29)
    (suite,) = parsed(replace(gates.gated(passing), not_shown=(small,)))
    assert [suite.get(t) for t in TOTALS] == ["5", "0", "0", "1"]
    assert (
        ET.tostring(suite[-1], encoding="unicode").split()
        == ET.tostring(
            ET.fromstring(
                '<testcase classname="undertow.worst_slice_drop" name="language: too few examples" '
                'time="0"><skipped message="language: 1 slice with fewer than 30 examples is not '
                'shown to keep its limit: sv (n = 29)" /></testcase>'
            ),
            encoding="unicode",
        )
        .replace("><", "> <")
        .split()
    )
