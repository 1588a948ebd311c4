"""Who may import whom, and how big things may grow: docs/architecture.md as a test."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
FILES = sorted((SRC / "undertow").rglob("*.py"))

FOUNDATION = {
    "undertow.errors",
    "undertow.axes",
    "undertow.card",
    "undertow.undecoded",
    "undertow.source_date",
    "undertow.drawn",
    "undertow.ended",
    "undertow.no_numbers",
}
STUDY = FOUNDATION | {
    "undertow.study.claims",
    "undertow.study.declaration",
    "undertow.study.measurement",
    "undertow.study.results",
    "undertow.study.trained",
}
"""What the room of studies stands on. The package itself is not among it: it imports these, so a
module of the room that imported it would go round in a circle."""
MAY_IMPORT: dict[str, set[str]] = {
    "undertow.undecoded": set(),
    "undertow.errors": {"undertow.undecoded"},
    "undertow.source_date": {"undertow.errors"},
    "undertow.drawn": {"undertow.errors"},
    "undertow.ended": {"undertow.errors"},
    "undertow.no_numbers": {"undertow.errors"},
    "undertow.axes": set(),
    "undertow.card": set(),
    "undertow.records": FOUNDATION | {"undertow.records"},
    "undertow.audit.stats": FOUNDATION | {"undertow.audit.stats"},
    "undertow.audit": FOUNDATION | {"undertow.records", "undertow.audit"},
    "undertow.report": FOUNDATION
    | {"undertow", "undertow.records", "undertow.audit", "undertow.report"},
    "undertow.recording": FOUNDATION
    | {"undertow", "undertow.records", "undertow.recording", "undertow.notebook.tables"},
    "undertow.integrations": {"undertow.errors", "undertow.recording"},
    "undertow.lab": FOUNDATION | {"undertow", "undertow.records", "undertow.lab"},
    "undertow.study": STUDY | {"undertow.audit"},
    "undertow.study.claims": FOUNDATION | {"undertow.audit.wording", "undertow.study.results"},
    "undertow.study.declaration": STUDY
    | {"undertow.audit.settings", "undertow.lab.population", "undertow.study.figures"},
    "undertow.study.trained": FOUNDATION | {"undertow.records"},
    "undertow.study.measurement": FOUNDATION | {"undertow.records", "undertow.lab.population"},
    "undertow.study.lottery.outcomes": STUDY | {"undertow.lab.measurements.speedups"},
    "undertow.study.lottery.choices": STUDY | {"undertow.lab.lottery", "undertow.lab.measurements"},
    "undertow.study.lottery.engines": STUDY
    | {
        "undertow.lab.interventions.runtime",
        "undertow.lab.lottery",
        "undertow.lab.measurements.speedups",
        "undertow.study.lottery.choices",
    },
    "undertow.study.lottery.in_engines": STUDY
    | {
        "undertow.lab.lottery",
        "undertow.lab.measurements",
        "undertow.lab.population",
        "undertow.lab.runner",
        "undertow.lottery.measure",
        "undertow.records",
    },
    "undertow.study.lottery.beside_twins": STUDY
    | {
        "undertow.lab.measurements.speedups",
        "undertow.lab.population",
        "undertow.lottery",
        "undertow.study.figures",
        "undertow.study.lottery.outcomes",
    },
    "undertow.study.lottery.shown": STUDY
    | {
        "undertow.audit.wording",
        "undertow.lottery.said",
        "undertow.study.figures",
        "undertow.study.lottery",
        "undertow.study.pairs",
    },
    "undertow.study.figures": FOUNDATION,
    "undertow.study.pairs": STUDY | {"undertow.audit.stats", "undertow.study.figures"},
    "undertow.study.robustness": STUDY
    | {
        "undertow.audit.stats",
        "undertow.audit.wording",
        "undertow.records",
        "undertow.lab.data.corrupted",
        "undertow.lab.population",
    },
    "undertow.study.subgroups": STUDY | {"undertow.audit", "undertow.records"},
    "undertow.study.beside_chance": STUDY
    | {"undertow.audit", "undertow.records", "undertow.study.people.within_class"},
    "undertow.study.grid": STUDY
    | {
        "undertow.audit.measures",
        "undertow.audit.result",
        "undertow.records",
        "undertow.study.grid.drift",
        "undertow.study.grid.overlap",
        "undertow.study.grid.trainings",
        "undertow.study.pairs",
    },
    "undertow.study.grid.overlap": set(),
    "undertow.study.grid.halves": {
        "undertow.audit.stats",
        "undertow.study.grid.trainings",
        "undertow.study.people.within_class",
    },
    "undertow.study.grid.drift": FOUNDATION | {"undertow.study.trained"},
    "undertow.study.grid.shown": STUDY
    | {
        "undertow.audit.result",
        "undertow.study.figures",
        "undertow.study.grid.halves",
        "undertow.study.grid.trainings",
        "undertow.study.pairs",
    },
    "undertow.study.tails.separation": set(),
    "undertow.study.tails.curves": FOUNDATION
    | {
        "undertow.audit.dynamics",
        "undertow.records",
        "undertow.study.tails.separation",
        "undertow.study.trained",
    },
    "undertow.study.tails.held_out": FOUNDATION
    | {
        "undertow.audit.dynamics",
        "undertow.study.tails.curves",
        "undertow.study.trained",
    },
    "undertow.study.tails": STUDY
    | {
        "undertow.study.figures",
        "undertow.study.pairs",
        "undertow.study.tails.compared",
        "undertow.study.tails.curves",
    },
    "undertow.study.sampled": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.sampled.arms",
        "undertow.study.sampled.bounds",
        "undertow.study.sampled.chosen",
        "undertow.study.sampled.clocks",
    },
    "undertow.study.sampled.arms": STUDY | {"undertow.audit.stats"},
    "undertow.study.sampled.bounds": STUDY
    | {"undertow.study.pairs", "undertow.study.sampled.arms"},
    "undertow.study.sampled.shown": STUDY
    | {
        "undertow.study.figures",
        "undertow.study.sampled.arms",
        "undertow.study.sampled.chosen",
        "undertow.study.sampled.clocks",
    },
    "undertow.study.published": set(),
    "undertow.study.worst.recalls": set(),
    "undertow.study.worst.pareto": set(),
    "undertow.study.worst.scaled_gap": set(),
    "undertow.study.worst.limits": {"undertow.audit.stats"},
    "undertow.study.worst.arms": FOUNDATION
    | {"undertow.study.trained", "undertow.study.worst.recalls"},
    "undertow.study.worst.crossed": {"undertow.study.worst.arms"},
    "undertow.study.worst.pairings": STUDY
    | {"undertow.lab.interventions.site", "undertow.lab.population"},
    "undertow.study.worst.printed": {"undertow.study.published", "undertow.study.worst.pairings"},
    "undertow.study.worst": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.worst.areas",
        "undertow.study.worst.arms",
        "undertow.study.worst.front",
        "undertow.study.worst.limits",
        "undertow.study.worst.pareto",
        "undertow.study.worst.recalls",
        "undertow.study.worst.scaled_gap",
        "undertow.study.worst.values",
    },
    "undertow.study.worst.shown": STUDY
    | {
        "undertow.study.worst.arms",
        "undertow.study.worst.choice",
        "undertow.study.worst.printed",
        "undertow.study.worst.true_lowest",
        "undertow.study.worst.values",
        "undertow.study.worst.written",
    },
    "undertow.study.worst.shown_teachers": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.pairs",
        "undertow.study.worst.recalls",
        "undertow.study.worst.teachers",
        "undertow.study.worst.written",
    },
    "undertow.study.worst.panels": STUDY
    | {
        "undertow.study.figures",
        "undertow.study.worst.front",
        "undertow.study.worst.outcomes",
        "undertow.study.worst.teachers",
        "undertow.study.worst.written",
    },
    "undertow.study.worst.outcomes": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.worst.areas",
        "undertow.study.worst.arms",
        "undertow.study.worst.front",
        "undertow.study.worst.recalls",
        "undertow.study.worst.teachers",
        "undertow.study.worst.values",
        "undertow.study.worst.written",
    },
    "undertow.study.worst.asked": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.worst.arms",
        "undertow.study.worst.choice",
        "undertow.study.worst.crossed",
        "undertow.study.worst.front",
        "undertow.study.worst.outcomes",
        "undertow.study.worst.pairings",
        "undertow.study.worst.teachers",
        "undertow.study.worst.values",
        "undertow.study.worst.written",
    },
    "undertow.study.tooling.nulls": set(),
    "undertow.study.tooling.parts": {"undertow.study.tooling.nulls"},
    "undertow.study.tooling.weight_distance": FOUNDATION,
    "undertow.study.tooling.averaged": {"undertow.records"},
    "undertow.study.tooling.disagreement": {"undertow.audit.measures", "undertow.records"},
    "undertow.study.tooling": STUDY
    | {
        "undertow.audit.measures",
        "undertow.audit.slices",
        "undertow.audit.stats",
        "undertow.records",
        "undertow.study.tooling.averaged",
        "undertow.study.tooling.disagreement",
        "undertow.study.tooling.parts",
        "undertow.study.tooling.weight_distance",
    },
    "undertow.study.tooling.sources": STUDY
    | {
        "undertow.audit.slices",
        "undertow.audit.stats",
        "undertow.study.tooling.disagreement",
        "undertow.study.tooling.rows",
        "undertow.study.tooling.weight_distance",
    },
    "undertow.study.tooling.shown": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.figures",
        "undertow.study.pairs",
        "undertow.study.tooling.nulls",
        "undertow.study.tooling.sources",
    },
    "undertow.study.tooling.outcomes": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.pairs",
        "undertow.study.tooling.shown",
        "undertow.study.tooling.sources",
    },
    "undertow.study.people": STUDY
    | {
        "undertow.records",
        "undertow.study.people.beside",
        "undertow.study.people.scores",
        "undertow.study.people.within_class",
    },
    "undertow.study.people.within_class": set(),
    "undertow.study.people.beyond_classes": STUDY
    | {
        "undertow.audit.stats",
        "undertow.study.people.beside",
        "undertow.study.people.scores",
        "undertow.study.people.within_class",
    },
    "undertow.study.people.scores": FOUNDATION
    | {
        "undertow.audit.dynamics",
        "undertow.audit.measures",
        "undertow.records",
        "undertow.study.trained",
    },
    "undertow.study.people.shown": STUDY
    | {
        "undertow.study.figures",
        "undertow.study.people.beside",
        "undertow.study.people.scores",
        "undertow.study.people.within_class",
    },
}
"""The longest matching key holds; modules under none (run, cli, demo, studies …) may import
everything."""

TORCH_FREE = (
    "undertow.records",
    "undertow.audit",
    "undertow.report",
    "undertow.cli",
    "undertow.study",
    "undertow.recording",
    "undertow.integrations",
    "undertow.lottery",
    "undertow.varying",
)
FORMATS = "undertow.records.formats"
SIBLINGS = (
    "undertow.audit.measures",
    "undertow.audit.dynamics.instruments",
    "undertow.lab.interventions.inputs",
    "undertow.lab.interventions.objective",
    "undertow.lab.interventions.sampling",
    "undertow.lab.interventions.weights",
    "undertow.lab.interventions.runtime",
    FORMATS,
)
"""Folders whose files never import each other; a name with a leading underscore is theirs to
share."""
SHARED = {"undertow.records.formats.detect"}
ROOMS: dict[str, set[str]] = {
    "decoding": set(),
    "columns": {"decoding"},
    "members": {"decoding", "columns"},
    "predictions": {"decoding", "columns", "members"},
    "logs": {"decoding", "members"},
    "asked": {"members"},
}
"""Rooms in ``records/formats`` that its readers share, each with the rooms that it builds on."""
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "base", "config"}
FUNCTION_LIMIT, FILE_LIMIT, STUDY_LIMIT = 60, 500, 210


LAB_BETWEEN = {
    "undertow.lab.trainings": ("undertow.lab.runner", "undertow.lab.probes"),
    "undertow.lab.probes": ("undertow.lab.runner",),
    "undertow.lab.interventions": ("undertow.lab.runner",),
    "undertow.lab.feeds": ("undertow.lab.runner", "undertow.lab.trainings"),
}
"""Rooms of the lab, each with those that it does not know: a step knows nothing of where it
runs."""


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements inside, without the expressions in them, which are most of a tree."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for inner in getattr(node, part, ()):
            yield inner
            yield from statements(inner)


@dataclass(frozen=True)
class Outline:
    """What the rules ask of a file. Trees of all of them at once would be a million objects."""

    imports: frozenset[str]
    long_functions: tuple[str, ...]


@cache
def outline_of(path: Path) -> Outline:
    inside = list(statements(tree_of(path)))
    return Outline(frozenset(imported(inside)), tuple(long_functions(inside)))


def imports(path: Path) -> frozenset[str]:
    return outline_of(path).imports


def imported(inside: Iterable[ast.AST]) -> Iterator[str]:
    for node in inside:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def long_functions(inside: Iterable[ast.AST]) -> Iterator[str]:
    for node in inside:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            docstring = ast.get_docstring(node, clean=False) or ""
            length = node.end_lineno - node.lineno + 1 - len(docstring.splitlines())
            if length > FUNCTION_LIMIT:
                yield f"{node.name} has {length} lines"


def under(module: str, roots: set[str] | tuple[str, ...]) -> bool:
    return any(
        module == root or module.startswith(root + ".") for root in roots if root != "undertow"
    )


def rule_for(module: str) -> set[str] | None:
    keys = [key for key in MAY_IMPORT if under(module, {key})]
    return MAY_IMPORT[max(keys, key=len)] if keys else None


def offenders(
    judge: Callable[[Path], Iterable[str]], files: Iterable[Path] = FILES
) -> dict[str, list[str]]:
    """What breaks a rule, by module: one test holds a rule over all files, and names each that
    breaks it."""
    found = {module_name(path): sorted(judge(path)) for path in files}
    return {module: wrong for module, wrong in found.items() if wrong}


def beyond_its_layer(path: Path) -> set[str]:
    allowed = rule_for(module_name(path))
    if allowed is None:
        return set()
    inside = {name for name in imports(path) if name.startswith("undertow.")}
    return {name for name in inside if not under(name, allowed) and name != "undertow.__version__"}


def test_imports_follow_the_layers() -> None:
    assert offenders(beyond_its_layer) == {}


def test_the_audit_side_never_imports_torch() -> None:
    free = [path for path in FILES if under(module_name(path), TORCH_FREE)]
    assert (
        offenders(lambda path: {n for n in imports(path) if n.split(".")[0] == "torch"}, free) == {}
    )
    assert len(free) > 100


def test_nobody_imports_studies() -> None:
    assert [
        module_name(p) for p in FILES if any(under(n, ("undertow.studies",)) for n in imports(p))
    ] == []


@pytest.mark.parametrize("folder", SIBLINGS)
def test_siblings_never_import_each_other(folder: str) -> None:
    for path in FILES:
        module = module_name(path)
        if not under(module, (folder,)) or module == folder or module in SHARED:
            continue
        # A package is one sibling, whatever it holds.
        own = ".".join(module.split(".")[: folder.count(".") + 2])
        others = {
            n for n in imports(path) if under(n, (folder,)) and not under(n, (own,)) and n != folder
        }
        shared = tuple(f"{folder}.{room}" for room in ROOMS) if folder == FORMATS else ()
        others = {n for n in others if not under(n, shared)}
        assert {n for n in others if not n.removeprefix(folder + ".").startswith("_")} == set(), (
            module
        )


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_the_readers_build_on_each_other_in_one_direction(room: str) -> None:
    beyond = tuple(
        f"{FORMATS}.{other}" for other in ROOMS if other != room and other not in ROOMS[room]
    )
    files = [path for path in FILES if under(module_name(path), (f"{FORMATS}.{room}",))]
    assert files
    assert offenders(lambda path: {n for n in imports(path) if under(n, beyond)}, files) == {}


def test_no_grab_bags() -> None:
    assert [str(p) for p in FILES if p.stem.strip("_") in FORBIDDEN_NAMES] == []


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def too_long(path: Path) -> Iterator[str]:
    if lines_of(path) > FILE_LIMIT:
        yield f"the file has {lines_of(path)} lines"
    yield from outline_of(path).long_functions


def test_sizes() -> None:
    assert offenders(too_long) == {}


def test_a_study_is_short() -> None:
    studies = sorted((SRC / "undertow/studies").glob("[!_]*.py"))
    lines = {path.stem: lines_of(path) for path in studies}
    assert {name: n for name, n in lines.items() if n > STUDY_LIMIT} == {}


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(' '.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_import_undertow_is_light() -> None:
    loaded = loaded_after("import undertow")
    assert not loaded & {"torch", "numpy", "polars", "scipy", "pydantic", "jinja2"}


def test_the_audit_loads_no_torch() -> None:
    assert "torch" not in loaded_after(
        "import undertow.audit.compare, undertow.report.write, undertow.records"
    )


def test_a_study_is_declared_without_what_its_readings_need() -> None:
    assert not loaded_after("import undertow.study") & {"torch", "scipy.stats", "matplotlib"}


@pytest.mark.heavy
def test_an_audit_starts_without_the_distributions_of_scipy() -> None:
    """They take a third of the time that everything takes to start."""
    assert "scipy.stats" not in loaded_after("import undertow.files")


def test_the_command_line_starts_light() -> None:
    assert not loaded_after("import undertow.cli") & {
        "torch",
        "numpy",
        "polars",
        "scipy",
        "pydantic",
    }


def test_a_step_knows_nothing_of_where_it_runs() -> None:
    for room, unknown in LAB_BETWEEN.items():
        for path in SRC.rglob("*.py"):
            if module_name(path).startswith(f"{room}."):
                known = {n for n in imports(path) if n.startswith(unknown)}
                assert not known, f"{path.name} imports {sorted(known)}"


def test_the_labs_rooms_have_no_two_files_of_one_name() -> None:
    names = [path.name for path in (SRC / "undertow" / "lab").rglob("*.py")]
    twice = {name for name in names if names.count(name) > 1} - {"__init__.py"}
    assert twice == set()


def test_sites_are_told_apart_by_their_name() -> None:
    """``hasattr`` would take anything for anything that looks like it."""
    for name in ("population.py", "runner", "trainings", "interventions"):
        place = SRC / "undertow" / "lab" / name
        for path in [place] if place.is_file() else place.rglob("*.py"):
            found = [n for n in ast.walk(tree_of(path)) if _asks_for(n)]
            assert not found, f"{path}: hasattr in line {found[0].lineno}"


def _asks_for(node: ast.AST) -> bool:
    """Whether it asks an object of ours what it has; modules of Python differ by system."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "hasattr"
        and ast.unparse(node.args[0]) != "os"
    )
