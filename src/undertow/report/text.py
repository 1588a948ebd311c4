"""Parts lowered to plain text for a terminal, and for the log of a CI server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from undertow.audit.gate.result import GateResult, Inconclusive
from undertow.audit.result import Audit
from undertow.report.decisions import (
    GATE_SIGN,
    GATE_WORDS,
    ONE_SIDED,
    UNLIKE,
    DecisionRow,
    gate_part,
    more_open,
    passed_said,
    said_of,
    taken_for,
    without_verdict,
)
from undertow.report.effects import Effect, reason_of
from undertow.report.naming import told_apart
from undertow.report.parts import SIGN, WORDS, Page, page
from undertow.report.toplines import TopLine
from undertow.report.wording import NONE, both_ends, line, quoted_for_logs, short

NAME = 40
"""Letters of a variant's name in a terminal."""
PASSED = 3
"""Checks that pass up to which each has a line of its own."""
LINES = 30
"""Decisions that a terminal gets; the report has all."""


Spoken = Callable[[str], str]
"""How a sentence with flags is put where they are none, such as in Python."""


def summary_text(
    audit: Audit,
    gate: GateResult | None = None,
    spoken: Spoken = str,
    inconclusive: Inconclusive = "report",
) -> str:
    """The audit for a terminal: what must be known before, the verdict, a few lines per variant,
    which columns were not looked at; no colours and no control characters.

    With a gate its verdict comes first, then a line for each decision that does not pass.
    """
    parts = page(audit)
    said, doubts = _noted(parts.notices, spoken), _noted(parts.doubts, spoken)
    said += [] if gate is None else [*_gate(gate, inconclusive), *doubts, *_comparable(parts), ""]
    said += [_verdict(parts), *(doubts if gate is None else [])]
    if parts.stamp:
        said.append(parts.stamp)
    said += [line(one, 600) for one in parts.about]
    if gate is None and parts.differences:
        said += _comparable(parts)
    said.append("")
    names = told_apart((t.name for t in parts.top_lines), NAME)
    width = max(map(len, names.values()), default=0)
    for t in parts.top_lines:
        said += _plain(t, names[t.name].ljust(width), spoken)
    for part in parts.crossed:
        of = f"{names[part.variant]}, " if len(names) > 1 else ""
        said += [f"  {of}{both_ends(row.name, NAME)}: {line(row.said, 400)}" for row in part.rows]
    said += [line(spoken(parts.unasked))] if parts.unasked else []
    return _lines(said)


def gate_text(gate: GateResult, spoken: Spoken = str, inconclusive: Inconclusive = "report") -> str:
    """A gate for a terminal; the audit beneath it follows, where there is one."""
    if gate.audit is None:
        return _lines(_gate(gate, inconclusive))
    return summary_text(gate.audit, gate, spoken, inconclusive)


def verdict_line(audit: Audit) -> str:
    """The verdict and nothing else."""
    return quoted_for_logs(_verdict(page(audit)))


def warnings(audit: Audit | None, *more: str, but_for: str = "") -> str:
    """What has to be known beside a verdict that stands alone, a line for each, ``but_for`` what
    that says; empty where nothing is."""
    notices = [n for n in (() if audit is None else audit.notices) if n not in but_for]
    return "\n".join(map(quoted_for_logs, _noted([*notices, *filter(None, more)])))


def gate_line(gate: GateResult, inconclusive: Inconclusive = "report") -> str:
    """The same of a gate."""
    return quoted_for_logs(_gate(gate, inconclusive)[0])


def _noted(notices: Sequence[str], spoken: Spoken = str) -> list[str]:
    return [f"NOTE: {line(spoken(notice))}" for notice in notices]


def _verdict(parts: Page) -> str:
    return f"{WORDS[parts.verdict].upper()}: {parts.headline}"


def _lines(said: list[str]) -> str:
    return "\n".join(quoted_for_logs(s) for s in said) + "\n"


def _gate(gate: GateResult, inconclusive: Inconclusive) -> list[str]:
    part = gate_part(gate)
    verdict = f"{GATE_WORDS[part.verdict].upper()}{taken_for(gate, inconclusive)}"
    said = [f"{verdict}: {line(without_verdict(gate.reason))}"]
    names = told_apart((r.variant for r in (*part.open, *part.passed)), NAME)
    said += [_decision(r, names) for r in part.open[:LINES]]
    if len(part.open) > LINES:
        said.append(f"  … and {more_open(len(part.open) - LINES)}: all are in report.html")
    few = part.passed if len(part.passed) <= PASSED else ()
    said += [_decision(r, names) for r in few]
    if gate.decisions and not few:
        said.append(f"  {passed_said(len(part.passed))}")
    if gate.audit is not None and any(r.limits != NONE for r in (*part.open[:LINES], *few)):
        said.append(f"  {ONE_SIDED}{f' {UNLIKE}' if part.clustered else ''}")
    return [*said, *([f"  {part.beside}"] if part.beside else [])]


def _decision(r: DecisionRow, names: dict[str, str]) -> str:
    of = f" of {names[r.variant]}" if len(names) > 1 else ""
    return (
        f"  {GATE_SIGN[r.outcome]} {said_of(r)}: {r.rule} on {both_ends(r.where, 60)}{of}: "
        f"{line(r.reason, 400)}"
    )


def _comparable(parts: Page) -> list[str]:
    return [
        line(parts.checked.said, 1000),
        *(f"  - {line(d, 300)}" for d in parts.differences[:LINES]),
    ]


def _reason(e: Effect) -> str:
    reason = reason_of(e)
    return f"; {line(reason, 200)}" if reason else ""


def _plain(t: TopLine, name: str, spoken: Spoken) -> list[str]:
    interval = t.shift_interval if t.shift_interval != NONE else "no interval"
    shift = f" ({t.shift} points, {interval})" if interval else ""
    first = f"  {SIGN[t.verdict]} {name}  {line(t.outcome, 40)} {t.before} → {t.after}{shift}"
    pad = " " * (len(name) + 6)
    worst = [
        f"{pad}{short(e.slice)} {both_ends(e.value, 60)} {effect} {t.unit} ({interval}), n = "
        f"{e.n:,}{_reason(e)}"
        for e, effect, interval in t.worst
    ]
    how = f"{t.changed} {t.changed_of} {t.changed_how}".rstrip()
    changed = f"{pad}{how}; {t.floor}" if t.changed_of else ""
    beside = [f"{pad}{t.top_5}"] if t.top_5 else []
    return [first, *beside, f"{pad}{spoken(t.slices)}", *worst, *([changed] if changed else [])]
