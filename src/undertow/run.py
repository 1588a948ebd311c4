"""The only module that knows all the others: a study from declaration to report, files from paths to report."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from undertow.audit.compare import audit
from undertow.audit.result import Audit, Settings
from undertow.errors import UserError
from undertow.records.formats.detect import read_any
from undertow.records.read import read_population
from undertow.records.records import Records
from undertow.records.write import write_records
from undertow.report.text import summary_text
from undertow.report.write import write_report
from undertow.study import SCALES, Scale, Study


def run_study_named(
    name: str,
    scale: str,
    out: Path | None,
    *,
    runner: str = "auto",
    workers: int | None = None,
    results: Path | None = None,
) -> Path:
    """Load a study by name or path, run it at a scale, and print where its report is. Returns the report's path."""
    file = study_file(name)
    if scale not in SCALES:
        raise UserError(f"there is no scale {scale!r}: choose from {', '.join(SCALES)}")
    chosen: Scale = scale
    study: Study = load_study(file).study(chosen)
    out = out or Path("out") / f"{study.name}-{scale}"
    found = run_study(study, out, scale=chosen, runner=runner, workers=workers, source=file.read_text(encoding="utf-8"))
    page = _write_results(study, found, file, scale, out)
    if results:
        results.mkdir(parents=True, exist_ok=True)
        (results / f"{study.name}.md").write_text(page, encoding="utf-8")
    print(summary_text(found))
    report = out / "report.html"
    print(f"\nReport: {report}")
    return report


def run_study(
    study: Study,
    out: Path,
    *,
    scale: Scale,
    runner: str = "auto",
    workers: int | None = None,
    source: str | None = None,
) -> Audit:
    """Train what is missing under ``out``, audit every variant against the reference, write the report."""
    from undertow.lab.train.population import train_population
    from undertow.watch import Watch

    populations = (study.reference, *study.variants)
    with Watch({p.name: p.members for p in populations}) as watch:
        watch.say(f"{study.name} at scale {scale}: {watch.total} members in {len(populations)} populations, into {out}")
        folders = [
            train_population(
                population,
                out / "populations",
                runner=runner,
                workers=workers,
                progress=watch,
                scale=scale,
                study_source=source,
            )
            for population in populations
        ]
        watch.say(f"auditing {len(folders)} populations")
        reference, *variants = (read_population(folder, inputs=True) for folder in folders)
        found = audit(reference, variants, study.settings)
        write_report(found, out)
    return found


def _write_results(study: Study, found: Audit, file: Path, scale: str, out: Path) -> str:
    from undertow.results import environment, published_beside, results_page

    page = results_page(study, found, scale=scale, published=published_beside(file), environment=environment())
    (out / "results.md").write_text(page, encoding="utf-8")
    return page


def study_file(name: str) -> Path:
    """The file of a study given by name or by path."""
    from undertow.listing import study_files

    known = study_files()
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix == ".py" and path.is_file():
        return path
    raise UserError(f"there is no study {name!r}: choose from {', '.join(known)}, or give the path of a study's file")


def load_study(file: Path) -> ModuleType:
    """Run a study's file and return it; it must have a function ``study(scale)``."""
    spec = importlib.util.spec_from_file_location(f"undertow_study_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "study", None)):
        raise UserError(f"{file} has no function study(scale): see undertow/studies for the shape of a study")
    return module


def audit_files(
    reference: Sequence[Path],
    against: Sequence[Path],
    out: Path,
    settings: Settings,
    *,
    positive: str | None = None,
    allow_partial: bool = False,
) -> Audit:
    """Read both sides, audit, write the report and print the summary and where everything is.

    Without ``settings.by`` the classes are the slices, where there are labels. ``positive`` names the positive class
    of a binary task, which the files themselves do not say.
    """
    _writable(out)
    before, about = read_any(reference, allow_partial=allow_partial, inputs=True)
    before = _with_positive(before, positive)
    if not settings.by and (before.label_N >= 0).any():
        settings = replace(settings, by=("class",))
    print(f"reference  {about}")
    variants: list[Records] = []
    for paths in variant_groups(against):
        after, about = read_any(paths, allow_partial=allow_partial, inputs=True)
        after = _with_positive(_told_apart(after, paths[0], {before.name, *(v.name for v in variants)}), positive)
        print(f"variant    {about}")
        variants.append(after)
    found = audit(before, variants, settings, allow_partial=allow_partial)
    write_report(found, out)
    print(f"\n{summary_text(found)}\n\nReport: {out / 'report.html'}")
    return found


def _writable(out: Path) -> None:
    """Fail before the work, not after it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(
            f"{out}: the report cannot be written here ({problem.strerror}). Give another --out."
        ) from problem


def _told_apart(records: Records, path: Path, taken: set[str]) -> Records:
    """Two files are often called the same (old/eval.csv, new/eval.csv): then the folders' names tell them apart."""
    name, parents = records.name, [p.name for p in path.resolve().parents if p.name]
    if name in parents[:1]:  # Several loose files are called after their folder, which then tells nothing apart.
        name = "variant" if name in taken else name
    while name in taken and parents:
        name = f"{parents.pop(0)}/{name}"
    return replace(records, manifest=records.manifest.model_copy(update={"name": name}))


def _with_positive(records: Records, positive: str | None) -> Records:
    if positive is None:
        return records
    if positive not in records.classes or records.C != 2:
        raise UserError(
            f"--positive {positive}: {records.name!r} has the classes {', '.join(records.classes)}; "
            "name one of the two classes of a binary task"
        )
    return replace(records, manifest=records.manifest.model_copy(update={"positive": positive}))


def variant_groups(paths: Sequence[Path]) -> list[list[Path]]:
    """Each folder is a variant of its own; loose files together are the members of one."""
    folders = [[path] for path in paths if path.is_dir()]
    files = [path for path in paths if not path.is_dir()]
    return [*folders, *([files] if files else [])]


def convert_files(paths: Sequence[Path], out: Path, *, allow_partial: bool = False) -> None:
    """Write what ``paths`` hold as a population folder."""
    records, about = read_any(paths, allow_partial=allow_partial, inputs=True)
    write_records(records, out)
    print(f"{about}\nwritten to {out}: {records.M} members, {records.N:,} examples, {records.C} classes")
