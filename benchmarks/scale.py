"""How long an audit of ImageNet's size takes, from two population folders to ``report.html``,
beside pandas.

    python benchmarks/scale.py                                    print the table
    python benchmarks/scale.py --out docs/scale.md                write it to the docs
    python benchmarks/scale.py --folder worlds --members 5 --examples 5000 --classes 100 --draws 500

The audit is the command line's, in a process of its own held to two cores: start, imports, reading,
every default measure on every class, exemplars, report. The pandas version (``scale_pandas.py``)
runs after it with a tenth of the draws. Peak memory is the operating system's figure for each
process. Bars: 15 s and 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

CORES = 2
SECONDS, MEMORY = 15.0, 2000.0
"""The bars, in seconds and in MB."""


@dataclass(frozen=True)
class Ran:
    """One process: seconds on the wall and of processor time, peak memory in MB, seconds by
    stage."""

    wall: float
    processor: float
    memory: float
    stages: dict[str, float]


def main() -> None:
    """Make the world if it is not there, audit it both ways, print the page and write it where
    asked."""
    given = _arguments()
    if given.role is not None:
        ROLES[given.role](given)
        return
    _hold_to_cores()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(given.folder or made)
        _run(given, "world", folder)
        load = os.getloadavg()[0]
        ours = _run(given, "audit", folder)
        report = (folder / "audit" / "report.html").stat().st_size / 1e6
        theirs = None if given.no_pandas else _run(given, "pandas", folder)
        found = _found(given, folder / "audit" / "findings.parquet")
    page = _page(
        given, ours, theirs, f"{load:.1f} other processes wanted a core", f"{report:.1f} MB", found
    )
    print(page)
    if given.out:
        given.out.write_text(page, encoding="utf-8")


def _arguments() -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keep the populations here and use them again")
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--examples", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=2_000)
    parser.add_argument("--no-pandas", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--role", choices=tuple(ROLES), help=argparse.SUPPRESS)
    return parser.parse_args()


def _hold_to_cores() -> None:
    """This process and those it starts see two cores, as a small machine would have."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def _run(given: Any, role: str, folder: Path) -> Ran:
    """One role in a process of its own. This one stays small: a child's peak includes what it was
    forked from."""
    sizes = [
        f"--{name}={getattr(given, name)}" for name in ("members", "examples", "classes", "draws")
    ]
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, __file__, f"--role={role}", f"--folder={folder}", *sizes],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    if status:
        raise SystemExit(f"{role} failed with status {status}:\n{said}")
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Ran(wall, used.ru_utime + used.ru_stime, peak, json.loads(said.splitlines()[-1]))


def _make_world(given: Any) -> None:
    from scale_world import World, make_world

    make_world(World(given.members, given.examples, given.classes), given.folder)
    print("{}")


def _audit(given: Any) -> None:
    """``undertow audit REFERENCE --against VARIANT --by class``, with a watch on its stages."""
    from undertow.cli.start import one_blas_thread

    one_blas_thread()
    from undertow import cli

    seconds: dict[str, float] = {}
    _watch_stages(seconds)
    folder, argv = given.folder, sys.argv
    sys.argv = [
        "undertow",
        "audit",
        f"{folder / 'reference'}",
        "--against",
        f"{folder / 'variant'}",
        "--by",
        "class",
    ]
    sys.argv += ["--draws", str(given.draws), "--out", f"{folder / 'audit'}"]
    try:
        cli.main()
    except SystemExit as done:
        if done.code:
            raise
    sys.argv = argv
    print(json.dumps(seconds))


def _watch_stages(seconds: dict[str, float]) -> None:
    """Put a stopwatch around the functions that an audit is made of."""
    import undertow.files as files
    from undertow.audit import by_members, compare, gather
    from undertow.audit.exemplars import Exemplars

    for stage, place, name in (
        ("reading", files, "read_any"),
        ("aligning", compare, "align"),
        ("rates by class", by_members, "rate_findings"),
        ("worst slice", gather, "worst_slice_findings"),
        ("votes", by_members, "vote_findings"),
        ("pairs of members", by_members, "pair_findings"),
        ("exemplar count", compare, "exemplar_count"),
        ("findings table", compare, "findings_frame"),
        ("exemplars", Exemplars, "gallery"),
        ("exemplars", Exemplars, "frame"),
        ("report", files, "write_report"),
    ):
        setattr(place, name, _timed(getattr(place, name), stage, seconds))


def _timed(
    function: Callable[..., Any], stage: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        found = function(*args, **kwargs)
        if isinstance(found, Iterator):
            found = list(found)
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - began
        return found

    return timed


def _pandas(given: Any) -> None:
    from scale_pandas import audit_pandas

    folder = given.folder
    page = folder / "pandas.html"
    print(
        json.dumps(
            audit_pandas(folder / "reference", folder / "variant", page, _fewer(given.draws))
        )
    )


def _fewer(draws: int) -> int:
    return max(draws // 10, 2)


ROLES: dict[str, Callable[[Any], None]] = {"world": _make_world, "audit": _audit, "pandas": _pandas}


def _found(given: Any, findings: Path) -> str:
    """Whether the audit that was timed says what was planted."""
    import polars as pl
    from scale_world import World

    worse = pl.read_parquet(findings).filter(
        (pl.col("measure") == "accuracy")
        & (pl.col("slice") == "class")
        & (pl.col("verdict") == "worse")
    )
    damaged = {f"class {c:04d}" for c in World(classes=given.classes).damaged}
    hit = len(damaged & set(worse["value"]))
    return (
        f"Its answer: {hit} of the {len(damaged)} classes that were damaged lose accuracy by more "
        f"than chance, and {worse.height - hit} of the other {given.classes - len(damaged):,}."
    )


def _page(given: Any, ours: Ran, theirs: Ran | None, load: str, report: str, found: str) -> str:
    sizes = {name: getattr(given, name) for name in ("members", "examples", "classes", "draws")}
    default = sizes == {"members": 30, "examples": 50_000, "classes": 1_000, "draws": 2_000}
    flags = "" if default else "".join(f" --{name} {value}" for name, value in sizes.items())
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "scipy", "polars", "pandas")
    )
    parts = [
        "# Scale",
        f"Made by `python benchmarks/scale.py{flags} --out docs/scale.md`; do not edit.",
        f"{given.members} + {given.members} members, {given.examples:,} examples, "
        f"{given.classes:,} classes, {given.draws:,} draws: `undertow audit REFERENCE --against "
        f"VARIANT --by class`, from two folders on disk to a report of {report}, in a process of "
        f"its own on {CORES} cores. Python {platform.python_version()}, {packages}, "
        f"{platform.machine()}. When it began, {load}.",
        _compared(given, ours, theirs),
        _verdict(given, ours, theirs),
        found,
        "Seconds by stage:",
        _stages(ours),
    ]
    if theirs:
        parts += [
            "Seconds by stage of the pandas version (`benchmarks/scale_pandas.py`, "
            f"{_fewer(given.draws)} draws):",
            _stages(theirs),
            "It computes the same accuracies, disagreements, floors and p values "
            "(`tests/benchmarks`), and leaves out the worst slice's interval, cross-fitted "
            "accuracy, matched controls and charts.",
        ]
    return "\n\n".join(parts) + "\n"


def _compared(given: Any, ours: Ran, theirs: Ran | None) -> str:
    rows = [
        ("undertow", given.draws, ours),
        *([("pandas", _fewer(given.draws), theirs)] if theirs else []),
    ]
    cells = [
        [name, f"{n:,}", f"{ran.wall:.1f}", f"{ran.processor:.1f}", f"{ran.memory:,.0f}"]
        for name, n, ran in rows
    ]
    return _table(["", "draws", "wall s", "processor s", "peak MB"], cells)


def _verdict(given: Any, ours: Ran, theirs: Ran | None) -> str:
    kept = ours.wall <= SECONDS and ours.memory <= MEMORY
    said = f"Bar: {SECONDS:g} s and {MEMORY:,.0f} MB: **{'held' if kept else 'not held'}**."
    if theirs is None:
        return said
    loop = theirs.stages["votes and pairs"]
    as_many = theirs.wall + loop * (given.draws / _fewer(given.draws) - 1)
    return (
        f"{said} With a tenth of the draws the pandas version takes "
        f"**{theirs.wall / ours.wall:.1f} times** as long and {theirs.memory / ours.memory:.1f} "
        "times the memory. Its loop grows with the draws: with as many it would take about "
        f"{as_many:,.0f} s, {as_many / ours.wall:.0f} times as long."
    )


def _stages(ran: Ran) -> str:
    rest = ran.wall - sum(ran.stages.values())
    stages = {**ran.stages, "start, imports and the rest": rest}
    return _table(["stage", "wall s"], [[name, f"{value:.2f}"] for name, value in stages.items()])


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]
    )


if __name__ == "__main__":
    main()
