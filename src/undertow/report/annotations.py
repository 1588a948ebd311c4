"""GitHub annotations: what does not pass, as workflow commands on lines of their own.

The step summary that goes with them is ``summary.md``.
"""

from __future__ import annotations

from undertow.audit.gate.not_shown import not_shown_said
from undertow.audit.gate.result import GUARDS, Decision, GateResult
from undertow.report.decisions import GATE_WORDS, in_order, without_verdict
from undertow.report.wording import line, plural, quoted_for_logs

MOST = 10
"""What GitHub shows of one step and kind."""
_MESSAGE = 1000


def annotations_of(gate: GateResult, *, inconclusive_fails: bool = False) -> list[str]:
    """At most ten lines, errors first: ``::error title=…::message`` and ``::warning …``.

    A required rule that fails is an error, one that cannot tell a warning (with
    ``inconclusive_fails``, and a guard, an error), and an advisory one that does not pass a
    warning. More than ten end in a line that counts the rest. Slices too small to be decided are a
    notice after them.
    """
    if gate.audit is None:
        return [_command("error", "Undertow: not comparable", without_verdict(gate.reason))]
    told = [
        (_level(d, inconclusive_fails), d) for d in in_order(gate.decisions) if d.outcome != "pass"
    ]
    told.sort(key=lambda level_d: level_d[0] != "error")
    several = len({d.variant for d in gate.decisions}) > 1
    lines = [_annotation(level, d, several) for level, d in told]
    small = not_shown_said(gate.not_shown)
    notice = [_command("notice", "Undertow: too few examples", f"{small}.")] if small else []
    if len(lines) <= MOST:
        return [*lines, *notice]
    left = told[MOST - 1 :]
    more = f"{plural(len(left), 'more check')} do not pass; report.html and summary.md have all."
    return [*lines[: MOST - 1], _command(left[0][0], "Undertow", more), *notice]


def _level(d: Decision, inconclusive_fails: bool) -> str:
    fails = d.outcome == "fail" or inconclusive_fails or d.rule in GUARDS
    return "error" if fails and d.tier == "required" else "warning"


def _annotation(level: str, d: Decision, several: bool) -> str:
    advisory = ", advisory" if d.tier == "advisory" else ""
    title = f"Undertow: {d.rule} ({GATE_WORDS[d.outcome].lower()}{advisory})"
    where = f"{line(d.where, 120)} of {line(d.variant, 60)}" if several else line(d.where, 120)
    return _command(level, title, f"{where}: {without_verdict(d.reason)}")


def _command(level: str, title: str, message: str) -> str:
    """https://docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    named, said = (
        quoted_for_logs(line(text, most)) for text, most in ((title, 120), (message, _MESSAGE))
    )
    return f"::{level} title={_property(named)}::{_data(said)}"


def _data(said: str) -> str:
    return said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _data(said).replace(":", "%3A").replace(",", "%2C")
