"""The gate as a command, a function and a pytest fixture, which all give the same ``GateResult``.

    result = gate_paths("logs/fp16", "logs/int8", "gate.toml")
    assert result, result.reason

In a test suite the fixture ``undertow_gate`` is this function.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

from undertow.audit.gate.policy import Policy, policy_given
from undertow.audit.gate.result import EXIT, GateResult, Inconclusive
from undertow.audit.settings import Asked, Settings
from undertow.errors import UserError
from undertow.files import Request, gate_files, suggest_files, taken_said, warn
from undertow.records.reading import Missing, Reading
from undertow.report.annotations import annotations_of
from undertow.report.beside import whom_no_rule_is_about
from undertow.report.text import gate_line, gate_text
from undertow.report.write import PAGE
from undertow.undecoded import escaped

Paths = str | Path | Sequence[str | Path]
Groups = Paths | Sequence[Paths]


def gate_paths(
    reference: Paths,
    against: Groups,
    policy: str | Path | Policy,
    *,
    out: str | Path | None = None,
    by: Sequence[str] = (),
    format: str | None = None,
    accept: Sequence[str] = (),
    paired: bool = False,
    names: Sequence[str] = (),
    missing: Missing | None = None,
    generalise_to: Asked = "auto",
    members_apart: bool = False,
    columns_from: Path | str | None = None,
    cross: Sequence[str] = (),
    **reading: Any,
) -> GateResult:
    """Decide a policy on files.

    ``against`` is a variant: a folder, a file, or several files that are its members (of several
    folders each is a variant). A list that holds lists has a variant in each place: ``[["a1.csv",
    "a2.csv"], "b.csv"]``. With ``paired`` file i of the reference goes with file i of each variant;
    ``missing`` goes before the policy's. ``generalise_to`` is what the verdict is about:
    ``examples`` or ``both``. ``members_apart``: take no member for a repeat run of another.
    ``names`` are what the sides are called, the reference first. ``columns_from`` is a population
    that takes no part and tells which examples are hard; ``cross`` are columns of numbers in which
    exemplars are set against controls. ``reading`` are fields of ``Reading``: ``metric``,
    ``tasks``, ``allow_partial``, ``id`` …

    The result is true where every required rule passed. Raises ``UserError`` for what cannot be
    read; sides that cannot be compared are a verdict, not an error.
    """
    how = Reading(**reading)
    request = Request(
        _paths(reference),
        _groups(against),
        how,
        format=format,
        accepted=frozenset(accept),
        paired=paired,
        names=tuple(names),
        missing=missing,
        columns_from=None if columns_from is None else Path(columns_from),
        settings=Settings(
            by=tuple(by),
            cross=tuple(cross),
            generalise_to=generalise_to,
            members_apart=members_apart,
        ),
    )
    return gate_files(request, policy_given(policy), None if out is None else Path(out))


def usable(
    policy: Path | None, *, inconclusive: str, annotations: str
) -> tuple[Path, Inconclusive]:
    """What a person gave to the command, before any work; ``UserError`` where it cannot be used."""
    if inconclusive not in get_args(Inconclusive):
        raise UserError(f"--inconclusive {inconclusive}: choose report, pass or fail")
    if annotations not in ("auto", "github", "none"):
        raise UserError(f"--annotations {annotations}: choose github, none or auto")
    if policy is None:
        raise UserError(
            "there is no policy: give --policy gate.toml, or write a first one with "
            "--suggest gate.toml"
        )
    return policy, cast("Inconclusive", inconclusive)


def run_gate(
    request: Request,
    policy: Path,
    out: Path,
    *,
    inconclusive: Inconclusive = "report",
    annotations: str = "auto",
    quiet: bool = False,
    replace: bool = True,
) -> int:
    """The command: prints the verdict, with ``quiet`` nothing else but warnings, as errors; writes
    everything, over an earlier report only with ``replace``; returns the exit code."""
    result = gate_files(
        request, policy, out, inconclusive=inconclusive, quiet=quiet, replace=replace
    )
    shown = gate_line if quiet else gate_text
    print(shown(result, inconclusive=inconclusive))
    if quiet:
        more = [whom_no_rule_is_about(result), *taken_said(request, result.audit)]
        warn(result.audit, *more, but_for=result.reason)
    on_github = bool(os.environ.get("GITHUB_ACTIONS")) and not quiet
    if annotations == "github" or (annotations == "auto" and on_github):
        print("\n".join(annotations_of(result, inconclusive_fails=inconclusive != "pass")))
    if not quiet:
        print(f"\nReport: {escaped(str(out / PAGE))}")
    return exit_code(result, inconclusive)


def exit_code(result: GateResult, inconclusive: Inconclusive) -> int:
    """0 pass, 1 fail, 3 cannot tell or not comparable; ``inconclusive`` changes what *cannot tell*
    exits with.

    Sides that cannot be compared always exit 3: nothing was decided that could be waved through.
    Nor is what has to be looked into first, such as a side below chance: it is no lack of
    evidence.
    """
    if result.verdict == "cannot tell" and inconclusive == "fail":
        return EXIT["fail"]
    if result.verdict == "cannot tell" and inconclusive == "pass" and not result.guarded:
        return EXIT["pass"]
    return EXIT[result.verdict]


def write_suggestion(request: Request, path: Path) -> None:
    """Write a first policy, and print it; what makes it doubtful goes where errors go."""
    text, doubts = suggest_files(request)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UserError(
            f"{path}: the policy cannot be written ({problem.strerror}); give another name "
            "after --suggest"
        ) from problem
    print(f"{text}\nwritten to {escaped(str(path))}")
    warn(None, *doubts)


def _paths(given: Paths) -> list[Path]:
    return [Path(given)] if isinstance(given, str | Path) else [Path(p) for p in given]


def _groups(given: Groups) -> list[list[Path]]:
    """What is flat belongs together; in a list that holds lists each place is a group of its
    own."""
    if isinstance(given, str | Path) or all(isinstance(part, str | Path) for part in given):
        return [_paths(given)]  # type: ignore[arg-type]
    return [_paths(part) for part in given]
