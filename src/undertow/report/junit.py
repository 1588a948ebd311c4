"""``junit.xml``: a gate as the test results that every CI server shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from undertow.audit.gate.result import Decision, GateResult
from undertow.report.decisions import in_order, limit_of, limits_of, without_verdict
from undertow.report.wording import line

REASON = 2000
"""Characters of a reason."""


def junit_xml(gate: GateResult) -> bytes:
    """A suite for each variant, a case for each rule and slice. The same gate gives the same bytes.

    A required rule that fails is a failure. What is open, and an advisory rule that fails, is
    skipped with the reason, so that an advice turns no pipeline red. Sides that cannot be compared
    are one case in error.
    """
    root = ET.Element("testsuites", name="undertow")
    if gate.audit is None:
        root.append(_refused(gate))
    for variant in dict.fromkeys(d.variant for d in gate.decisions):
        root.append(_suite(variant, [d for d in gate.decisions if d.variant == variant]))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _suite(variant: str, decisions: Sequence[Decision]) -> ET.Element:
    suite = ET.Element("testsuite", name=line(variant, 200) or "variant")
    seen: Counter[tuple[str, str]] = Counter()
    for decision in in_order(tuple(decisions)):
        where = line(decision.where, 200)
        seen[decision.rule, where] += 1
        times = seen[decision.rule, where]
        suite.append(_case(decision, where if times == 1 else f"{where} ({times})"))
    return _counted(suite)


def _case(d: Decision, name: str) -> ET.Element:
    case = ET.Element("testcase", classname=f"undertow.{line(d.rule, 100)}", name=name, time="0")
    reason = line(without_verdict(d.reason), REASON)
    if d.outcome == "pass":
        return case
    if d.tier == "advisory":
        open_ = "" if d.outcome == "fail" else "cannot tell: "
        ET.SubElement(case, "skipped", message=f"advisory: {open_}{reason}")
    elif d.outcome == "fail":
        told = ET.SubElement(case, "failure", message=reason, type=line(d.rule, 100))
        told.text = f"limit {limit_of(d)}; observed limits {limits_of(d)}; n = {d.n_examples:,}"
    else:
        ET.SubElement(case, "skipped", message=f"cannot tell: {reason}")
    return case


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
