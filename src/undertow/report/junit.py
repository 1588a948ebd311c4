"""``junit.xml``: a gate as the test results that every CI server shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from undertow.audit.gate.result import GUARDS, Decision, GateResult, Inconclusive, NotShown
from undertow.report.decisions import (
    confidence,
    in_order,
    limit_of,
    limits_of,
    small_said,
    without_verdict,
)
from undertow.report.wording import line

REASON = 2000
"""Characters of a reason."""
OPEN: dict[Inconclusive, str] = {"report": "error", "fail": "failure", "pass": "skipped"}
"""The element of a required rule that cannot tell."""


def junit_xml(gate: GateResult, inconclusive: Inconclusive = "report") -> bytes:
    """A suite for each variant, a case for each rule and slice. The same gate gives the same bytes.

    A required rule that fails is a failure, and one that cannot tell is what ``inconclusive`` says:
    an error (``report``), a failure, or skipped with the reason (``pass``), so that the cases are
    red where the exit code is; a guard is never skipped. An advisory rule that does not pass is
    skipped, as an advice turns no pipeline red. Slices too small to be decided are one skipped case
    of each rule. Sides that cannot be compared are one case in error.
    """
    root = ET.Element("testsuites", name="undertow")
    if gate.audit is None:
        root.append(_refused(gate))
    for variant in dict.fromkeys(d.variant for d in gate.decisions):
        decisions = [d for d in gate.decisions if d.variant == variant]
        small = [s for s in gate.not_shown if s.variant == variant]
        root.append(_suite(variant, decisions, small, gate.level, inconclusive))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _suite(
    variant: str,
    decisions: Sequence[Decision],
    small: Sequence[NotShown],
    level: float,
    inconclusive: Inconclusive,
) -> ET.Element:
    suite = ET.Element("testsuite", name=line(variant, 200) or "variant")
    seen: Counter[tuple[str, str]] = Counter()
    for decision in in_order(tuple(decisions)):
        where = line(decision.where, 200)
        seen[decision.rule, where] += 1
        times = seen[decision.rule, where]
        case = _case_of(decision.rule, where if times == 1 else f"{where} ({times})")
        _say(case, decision, level, inconclusive)
        suite.append(case)
    for one in small:
        suite.append(_skipped(one))
    return _counted(suite)


def _skipped(small: NotShown) -> ET.Element:
    """Slices too small to show anything are neither a pass nor a failure."""
    case = _case_of(small.rule, f"{line(small.slice, 200)}: too few examples")
    ET.SubElement(case, "skipped", message=line(small_said(small), REASON))
    return case


def _case_of(rule: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=f"undertow.{line(rule, 100)}", name=name, time="0")


def _say(case: ET.Element, d: Decision, level: float, inconclusive: Inconclusive) -> None:
    """What a case says that does not pass."""
    if d.outcome == "pass":
        return
    reason = line(without_verdict(d.reason), REASON)
    message = reason if d.outcome == "fail" else f"cannot tell: {reason}"
    if d.tier == "advisory":
        ET.SubElement(case, "skipped", message=f"advisory: {message}")
        return
    tag = "failure" if d.outcome == "fail" else OPEN[inconclusive]
    if tag == "skipped" and d.rule in GUARDS:
        tag = OPEN["report"]
    if tag == "skipped":
        ET.SubElement(case, tag, message=message)
        return
    told = ET.SubElement(case, tag, message=message, type=line(d.rule, 100))
    told.text = (
        f"limit {limit_of(d)}; one-sided {confidence(level)} limits {limits_of(d)}; "
        f"n = {d.n_examples:,}"
    )


def _refused(gate: GateResult) -> ET.Element:
    suite = ET.Element("testsuite", name="undertow")
    case = ET.SubElement(
        suite, "testcase", classname="undertow.comparability", name="all", time="0"
    )
    ET.SubElement(
        case, "error", message=line(without_verdict(gate.reason), REASON), type="not comparable"
    )
    return _counted(suite)


def _counted(suite: ET.Element) -> ET.Element:
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))
    suite.set("time", "0")
    return suite
