"""The command line. Flags say where and how much, never what: the science is in the study file.

Exit codes: 0 done, 2 usage or input error, 3 not comparable. Imports are inside the commands, so that ``--help`` is
quick and an audit never loads torch.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="undertow",
    help="Who pays when a model changes: example by example, slice by slice, and whether that is more than chance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

SPREAD = ("--against", "--by")
"""Options that take several values after one flag: ``--against c.csv d.csv``."""

Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Workers = Annotated[int | None, typer.Option(help="Processes that train side by side; by default one per core.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.callback()
def options(debug: Debug = False, version: Annotated[bool, typer.Option("--version")] = False) -> None:
    """Who pays when a model changes: example by example, slice by slice, and whether that is more than chance."""
    if version:
        from undertow import __version__

        typer.echo(f"undertow {__version__}")
        raise typer.Exit


@app.command()
def demo(out: Out = Path("demo"), workers: Workers = None) -> None:
    """Train, compress, audit and report on embedded real images (two to three minutes on two cores)."""
    from undertow.demo import run_demo

    run_demo(out, workers=workers)


@app.command()
def run(
    study: Annotated[str, typer.Argument(help="A study's name (undertow list studies) or the path of its file.")],
    scale: Annotated[str, typer.Option(help="smoke, demo, small or paper.")] = "small",
    runner: Annotated[str, typer.Option(help="auto, loop or processes.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder to write to; by default out/STUDY-SCALE.")] = None,
    results: Annotated[Path | None, typer.Option(help="Folder for a copy of the result page.")] = None,
    workers: Workers = None,
) -> None:
    """Train a study's populations, audit them and judge the paper's claims. A stopped run goes on where it was."""
    from undertow.run import run_study_named

    run_study_named(study, scale, out, runner=runner, workers=workers, results=results)


@app.command()
def audit(
    reference: Annotated[list[Path], typer.Argument(help="A population folder, or tables of predictions.")],
    against: Annotated[
        list[Path],
        typer.Option(help="The changed model: each folder is a variant; loose files are the members of one variant."),
    ],
    by: Annotated[
        list[str] | None, typer.Option(help="Slice by class (the default), by a column, or by a crossing: age+gender.")
    ] = None,
    out: Out = Path("audit"),
    tolerance: Annotated[float, typer.Option(help="Points on a slice that are too few to matter.")] = 5.0,
    tolerance_overall: Annotated[float, typer.Option(help="The same for the whole.")] = 1.0,
    level: Annotated[float, typer.Option(help="Level of the tests, over all slices together.")] = 0.05,
    draws: Annotated[int, typer.Option(help="Rearrangements of members.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of everything random in the audit.")] = 0,
    positive: Annotated[
        str | None, typer.Option(help="The positive class of a binary task; otherwise it is guessed, and said.")
    ] = None,
    min_count: Annotated[int, typer.Option(help="Fewest examples in a crossing.")] = 20,
    allow_partial: Annotated[bool, typer.Option(help="Go on with the examples both sides have, and count.")] = False,
) -> None:
    """Compare predictions on disk and write report.html, findings and exemplars. Needs no torch and no model."""
    from undertow.audit.result import Settings
    from undertow.run import audit_files

    settings = Settings(
        by=tuple(by or ()),
        level=level,
        draws=draws,
        seed=seed,
        tolerance=tolerance / 100,
        tolerance_overall=tolerance_overall / 100,
        min_count=min_count,
    )
    audit_files(reference, against, out, settings, positive=positive, allow_partial=allow_partial)


@app.command()
def convert(
    paths: Annotated[list[Path], typer.Argument(help="Tables of predictions, one member a file or in a column.")],
    out: Out,
    allow_partial: Annotated[bool, typer.Option(help="Go on with the examples all files have, and count.")] = False,
) -> None:
    """Write tables of predictions as a population folder (undertow-records/1)."""
    from undertow.run import convert_files

    convert_files(paths, out, allow_partial=allow_partial)


@app.command(name="list")
def list_(what: Annotated[str, typer.Argument(help="studies, measures, interventions or formats.")]) -> None:
    """List what there is."""
    from undertow.listing import listing

    typer.echo(listing(what))


def spread(arguments: list[str]) -> list[str]:
    """``--against a b`` becomes ``--against a --against b``: click gives an option one value at a time."""
    spreading, done = "", []
    for argument in arguments:
        if argument.startswith("-"):
            spreading = argument if argument in SPREAD else ""
            if not spreading:
                done.append(argument)
        elif spreading:
            done += [spreading, argument]
        else:
            done.append(argument)
    return done


def one_blas_thread() -> None:
    """Before numpy is loaded: the last bit of a matrix product depends on how many threads share it, a report must not.

    Nor is anything lost: an audit's products are small, and on busy cores threads wait for each other.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> None:
    """Entry point: errors meant for a person come without a traceback."""
    from undertow.errors import NotComparableError, UserError

    one_blas_thread()
    arguments = sys.argv[1:]
    try:
        app(args=spread(arguments))
    except (UserError, NotComparableError) as error:
        if "--debug" in arguments:
            raise
        typer.echo(f"undertow: {error}", err=True)
        sys.exit(3 if isinstance(error, NotComparableError) else 2)
