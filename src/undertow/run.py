"""A study from declaration to report: trains what is missing, audits, writes."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from json import dumps as json_line
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from undertow.audit.compare import audit
from undertow.audit.result import Audit
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.lab.own_code import told_as_their_own
from undertow.lab.own_file import run_file
from undertow.records.read import read_population
from undertow.report.text import summary_text
from undertow.report.write import write_report
from undertow.study import SCALES, Comparison, Results, Scale, Study
from undertow.study.measurement import measured_once
from undertow.study.trained import Trained

if TYPE_CHECKING:
    from undertow.lab.population import Population
    from undertow.lab.runner.machine import Machine
    from undertow.watch import Load

MEASURED = "measured"
"""Folder of what a study measures beside its records."""


def run_study_named(
    name: str,
    scale: str,
    out: Path | None,
    *,
    machine: Machine | None = None,
    results: Path | None = None,
    json: bool = False,
    debug: bool = False,
    accept: Collection[str] = (),
) -> Path:
    """Load a study by name or path, run it at a scale, and print where its report is. Returns the
    report's path.

    With ``json``, everything that is printed is JSON, one event a line; the last one names the
    report. ``debug`` shows the tracebacks of members that failed; ``accept`` names what may have
    changed since members were trained. Raises ``UserError`` with file and line for an error in the
    study's own code.
    """
    file = study_file(name)
    if scale not in SCALES:
        raise UserError(f"there is no scale {scale!r}: choose from {', '.join(SCALES)}")
    chosen: Scale = scale
    with told_as_their_own():
        study = declared_study(file, chosen)
        out = out or Path("out") / f"{study.name}-{scale}"
        source = file.read_text(encoding="utf-8")
        found = run_study(
            study,
            out,
            scale=chosen,
            machine=machine,
            source=source,
            json=json,
            debug=debug,
            accept=accept,
        )
        _write_results(study, found, file, scale, out, results)
    report = out / "report.html"
    print(
        json_line({"event": "report", "path": str(report)})
        if json
        else f"{summary_text(found.audit)}\n\nReport: {report}"
    )
    return report


def run_study(
    study: Study,
    out: Path,
    *,
    scale: Scale,
    machine: Machine | None = None,
    source: str | None = None,
    json: bool = False,
    debug: bool = False,
    accept: Collection[str] = (),
) -> Results:
    """Train what is missing under ``out``, audit every variant against the reference, write the
    report."""
    from undertow.lab.runner.stopping import Stopping
    from undertow.lab.runner.trainer import Trainer
    from undertow.watch import JsonWatch, Watch

    loads = loads_of(study.populations)
    with (JsonWatch if json else Watch)(loads, debug=debug) as watch:
        members = watch.progression.members
        watch.say(
            f"{study.name} at scale {scale}: {members} members in {len(loads)} populations, into "
            f"{out}"
        )
        with (
            Stopping(watch.say) as asked,
            Trainer(
                out / "populations",
                machine,
                progress=watch,
                scale=scale,
                study_source=source,
                asked=asked,
                accept=accept,
            ) as trainer,
        ):
            folders = {p.name: trainer.train(p) for p in study.populations}
        trained = {name: Trained(folder) for name, folder in folders.items()}
        measured = {
            name: measured_once(measurement, folders, out / MEASURED / f"{name}.json", watch.say)
            for name, measurement in study.measurements.items()
        }
        compared = study.comparisons
        watch.say(f"auditing {sum(len(c.populations) for c in compared)} populations")
        first, *others = (_audited(comparison, study.settings, trained) for comparison in compared)
        write_report(first, out)
        for comparison, found in zip(study.others, others, strict=True):
            write_report(found, out / comparison.folder)
    audits = dict(zip((o.name for o in study.others), others, strict=True))
    return Results(first, trained, audits, measured)


def _audited(comparison: Comparison, settings: Settings, trained: Mapping[str, Trained]) -> Audit:
    """A comparison's reference against its variants."""
    folders = [trained[population.name].folder for population in comparison.populations]
    reference, *variants = (read_population(folder, inputs=True) for folder in folders)
    told = None if comparison.told is None else comparison.told(trained)
    # The study's file says what it slices by; nobody can ask for more on its command line.
    return replace(audit(reference, variants, settings, told=told), not_looked_at=())


def loads_of(populations: Sequence[Population]) -> dict[str, Load]:
    """What these populations ask for, and the parents and teachers that they derive and learn
    from."""
    from undertow.watch import Load

    loads: dict[str, Load] = {}
    for population in populations:
        if population.source is not None:
            loads |= loads_of([population.source])
        epochs = sum(i.finetune.epochs for i in population.interventions if i.finetune)
        loads[population.name] = Load(
            population.members, epochs if population.parent else population.recipe.epochs
        )
    return loads


def _write_results(
    study: Study, found: Results, file: Path, scale: str, out: Path, results: Path | None
) -> None:
    """The page and its figure, into ``out`` and where they were asked for."""
    from undertow.study.figures import drawn
    from undertow.study.page import environment, results_page
    from undertow.study.published import published_beside

    page = results_page(
        study, found, scale=scale, published=published_beside(file), environment=environment()
    )
    (out / "results.md").write_text(page, encoding="utf-8")
    if results:
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{study.name}.md").write_text(page, encoding="utf-8")
    if study.figure:
        panels = study.figure(found)
        for folder in (out, *([results] if results else [])):
            (folder / f"{study.name}.svg").write_text(drawn(panels), encoding="utf-8")


def study_file(name: str) -> Path:
    """The file of a study given by name or by path."""
    from undertow.listing import study_files

    known = study_files()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix == ".py" and os.path.isfile(path):
        return path
    raise UserError(
        f"there is no study {name!r}: choose from {', '.join(known)}, or give the path "
        "of a study's file"
    )


def declared_study(file: Path, scale: Scale) -> Study:
    """What the file's ``study(scale)`` declares."""
    study = load_study(file).study(scale)
    if not isinstance(study, Study):
        raise UserError(
            f"{file}: study({scale!r}) returned {type(study).__name__}; it must return a Study"
        )
    return study


def load_study(file: Path) -> ModuleType:
    """Run a study's file and return it; it must have a function ``study(scale)``."""
    module = run_file(file, f"undertow_study_{file.stem}")
    if not callable(getattr(module, "study", None)):
        raise UserError(
            f"{file} has no function study(scale): see undertow/studies for the shape of a study"
        )
    return module
