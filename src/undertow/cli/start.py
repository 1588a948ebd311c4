"""The command line. Flags say where and how much, never what: the science is in the study file.

Exit codes: 0 done, 2 usage or input error, 3 not comparable; of a gate 0 pass, 1 fail, 3 cannot
tell or not comparable. Imports are inside the commands, so that ``--help`` is quick and an audit
never loads torch.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from undertow.errors import NotComparableError, UndertowError, UserError, install
from undertow.spreading import groups, spread_out

if TYPE_CHECKING:
    import click

    from undertow.audit.settings import Settings
    from undertow.records.reading import Missing, Reading

app = typer.Typer(
    name="undertow",
    help="Who pays when a model changes: example by example, slice by slice, and whether that is "
    "more than chance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

OUT_OF_MEMORY = (
    "there is not enough memory for all these predictions at once; give fewer examples, members, "
    "variants or columns, or use a machine with more memory"
)
LAB = ("torch", "safetensors", "cloudpickle", "PIL", "sklearn")
"""What only training needs, and an installation for audits does not have."""
INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C ended."""

Out = Annotated[Path, typer.Option(help="Folder to write to.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes that train side by side; by default one per core.")
]
AGAINST = (
    "The changed model: each folder is a variant, and so is each --against; loose files after one "
    "--against are the members of one variant."
)

Reference = Annotated[
    list[Path],
    typer.Argument(
        help="A population folder, evaluation logs, or tables of predictions; repeat runs too."
    ),
]
Against = Annotated[list[str], typer.Option(help=AGAINST, metavar="<path>...")]
By = Annotated[
    list[str] | None,
    typer.Option(
        help="Slice by class (or label) or task (the default), by a column, or by a "
        "crossing: age+gender."
    ),
]
Tolerance = Annotated[float, typer.Option(help="Points on a slice that are too few to matter.")]
ToleranceOverall = Annotated[float, typer.Option(help="The same for the whole.")]
Draws = Annotated[int, typer.Option(help="Rearrangements of members.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random in the audit.")]
MinCount = Annotated[int, typer.Option(help="Fewest examples in a crossing.")]
Positive = Annotated[
    str | None,
    typer.Option(help="The positive class of a binary task; otherwise it is guessed, and said."),
]
Format = Annotated[
    str | None, typer.Option(help="Read files as this format (undertow list formats).")
]
Metric = Annotated[str | None, typer.Option(help="The outcome to take where a log has several.")]
Filter = Annotated[
    str | None, typer.Option(help="The output filter to take where a log has several.")
]
Labels = Annotated[
    Path | None,
    typer.Option(
        help="Right answers for predictions that come without: a table, or labels as npy or npz."
    ),
]
Id = Annotated[
    str | None,
    typer.Option(help="The column of a plain table that names the example; image,img: either."),
]
Prediction = Annotated[
    list[str] | None,
    typer.Option(
        help="The column of predictions; several, with commas between or as a pattern, "
        "are several members."
    ),
]
Label = Annotated[str | None, typer.Option(help="The column of right answers.")]
Score = Annotated[
    str | None,
    typer.Option(
        help="The column of scores: of two classes the probability, else how good the answer is."
    ),
]
Member = Annotated[
    str | None, typer.Option(help="The column that says which model or seed a row is of.")
]
Names = Annotated[
    list[str] | None,
    typer.Option(
        "--name", help="What the sides are called: the reference first, then each variant."
    ),
]
Name = Annotated[list[str] | None, typer.Option("--name", help="What the population is called.")]
Tasks = Annotated[list[str] | None, typer.Option(help="Only these tasks, as shell patterns.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Column whose equal values mean examples that are not independent; none: all "
        "are independent."
    ),
]
MissingOutcomes = Annotated[
    str | None,
    typer.Option(
        "--missing",
        help="Predictions and scores that are not there: refuse (the default) or wrong, which "
        "counts them as wrong.",
    ),
]
Paired = Annotated[
    bool,
    typer.Option(
        "--paired",
        help="File i of the reference goes with file i of each variant: pairs of members.",
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(help="Differences to accept: prompt, fewshot, decoding, filter, template, …"),
]
Partial = Annotated[bool, typer.Option(help="Go on with the examples both sides have, and count.")]
GeneraliseTo = Annotated[
    str,
    typer.Option(
        help="What the verdict is about: examples (these models on new examples), members (new "
        "members of these recipes), both; auto takes members, or in a gate both, where both sides "
        "have several models."
    ),
]
MembersApart = Annotated[
    bool,
    typer.Option(
        "--members-apart", help="Members were trained apart: take none for a repeat run of another."
    ),
]
Suggest = Annotated[
    Path | None,
    typer.Option(
        help="Write a policy here from what the reference's own runs differ by, and stop."
    ),
]
Inconclusive = Annotated[
    str,
    typer.Option(
        help="What to exit with where a required rule cannot tell: report (3), pass "
        "(0) or fail (1)."
    ),
]
Annotations = Annotated[
    str,
    typer.Option(
        help="Print workflow annotations: github, none, or auto (where GITHUB_ACTIONS is set)."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def _say_version(asked: bool) -> None:
    """Eager, so that no command need follow."""
    if asked:
        from undertow import __version__

        typer.echo(f"undertow {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True)]


@app.callback()
def options(debug: Debug = False, version: Version = False) -> None:
    """Who pays when a model changes: example by example, slice by slice, and whether that is more
    than chance."""


@app.command()
def demo(out: Out = Path("demo"), workers: Workers = None) -> None:
    """Train, compress, audit and report on embedded real images (two to three minutes on two
    cores)."""
    from undertow.demo import run_demo

    run_demo(out, workers=workers)


@app.command()
def run(
    study: Annotated[
        str, typer.Argument(help="A study's name (undertow list studies) or the path of its file.")
    ],
    scale: Annotated[str, typer.Option(help="smoke, demo, small or paper.")] = "small",
    runner: Annotated[
        str,
        typer.Option(
            help="loop, processes, stacked or ray; auto takes what the first steps "
            "show to be fastest."
        ),
    ] = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; by default out/STUDY-SCALE.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder for a copy of the result page.")
    ] = None,
    workers: Workers = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; by default the GPU where there is one.")
    ] = None,
    chunk: Annotated[
        int | None, typer.Option(help="Members in one stack; by default as many as pay and fit.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="A running Ray cluster, or auto; by default the runner ray starts one here."
        ),
    ] = None,
    gpus_per_chunk: Annotated[
        float, typer.Option(help="GPUs that a chunk reserves on Ray; may be a fraction.")
    ] = 1.0,
    json: Annotated[
        bool, typer.Option("--json", help="Print progress as JSON lines, for machines.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            help="Use members that were trained before this changed, named as in the "
            "refusal: 'model Mine'."
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Train a study's populations, audit them and judge the paper's claims. An interrupted run
    resumes."""
    from undertow.lab.train.machine import Machine
    from undertow.run import run_study_named

    machine = Machine(runner, workers, device, chunk, address, gpus_per_chunk)
    try:
        run_study_named(
            study,
            scale,
            out,
            machine=machine,
            results=results,
            json=json,
            debug=debugging(),
            accept=accept or (),
        )
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


@app.command()
def audit(
    reference: Reference,
    against: Against,
    by: By = None,
    out: Out = Path("audit"),
    tolerance: Tolerance = 5.0,
    tolerance_overall: ToleranceOverall = 1.0,
    level: Annotated[
        float, typer.Option(help="Level of the tests, over all slices together.")
    ] = 0.05,
    draws: Draws = 2000,
    seed: Seed = 0,
    min_count: MinCount = 20,
    positive: Positive = None,
    format: Format = None,
    metric: Metric = None,
    filter: Filter = None,
    labels: Labels = None,
    id: Id = None,
    prediction: Prediction = None,
    label: Label = None,
    score: Score = None,
    member: Member = None,
    tasks: Tasks = None,
    cluster: Cluster = None,
    accept: Accept = None,
    allow_partial: Partial = False,
    missing: MissingOutcomes = None,
    paired: Paired = False,
    name: Names = None,
    generalise_to: GeneraliseTo = "auto",
    members_apart: MembersApart = False,
) -> None:
    """Compare predictions on disk and write report.html, findings and exemplars. Needs no torch and
    no model."""
    from undertow.files import Request, audit_files

    settings = _settings(
        by,
        draws,
        seed,
        tolerance,
        tolerance_overall,
        min_count,
        generalise_to,
        members_apart,
        level,
    )
    columns = _columns(id, prediction, label, score, member)
    reading = _reading(allow_partial, metric, filter, labels, tasks, columns, cluster)
    request = Request(
        reference,
        groups(against),
        reading,
        format=format,
        positive=positive,
        accepted=frozenset(accept or ()),
        paired=paired,
        names=tuple(name or ()),
        missing=_missing(missing),
        settings=settings,
        command=_typed(),
    )
    audit_files(request, out)


@app.command()
def gate(
    reference: Reference,
    against: Annotated[list[str] | None, typer.Option(help=AGAINST, metavar="<path>...")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="The policy, a TOML file; --suggest writes a first one.")
    ] = None,
    suggest: Suggest = None,
    by: By = None,
    out: Out = Path("gate"),
    inconclusive: Inconclusive = "report",
    annotations: Annotations = "auto",
    tolerance: Tolerance = 5.0,
    tolerance_overall: ToleranceOverall = 1.0,
    draws: Draws = 2000,
    seed: Seed = 0,
    min_count: MinCount = 20,
    positive: Positive = None,
    format: Format = None,
    metric: Metric = None,
    filter: Filter = None,
    labels: Labels = None,
    id: Id = None,
    prediction: Prediction = None,
    label: Label = None,
    score: Score = None,
    member: Member = None,
    tasks: Tasks = None,
    cluster: Cluster = None,
    accept: Accept = None,
    allow_partial: Partial = False,
    missing: MissingOutcomes = None,
    paired: Paired = False,
    name: Names = None,
    generalise_to: GeneraliseTo = "auto",
    members_apart: MembersApart = False,
) -> None:
    """Decide a release by a written policy. Exit code 0 pass, 1 fail, 2 usage or input error, 3
    cannot tell or not comparable."""
    from undertow.files import Request
    from undertow.gating import run_gate, write_suggestion

    settings = _settings(
        by, draws, seed, tolerance, tolerance_overall, min_count, generalise_to, members_apart
    )
    columns = _columns(id, prediction, label, score, member)
    reading = _reading(allow_partial, metric, filter, labels, tasks, columns, cluster)
    request = Request(
        reference,
        groups(against or ()),
        reading,
        format=format,
        positive=positive,
        accepted=frozenset(accept or ()),
        paired=paired,
        names=tuple(name or ()),
        missing=_missing(missing),
        settings=settings,
        command=_typed(),
    )
    if suggest is not None:
        write_suggestion(request, suggest)
        return
    raise typer.Exit(
        run_gate(request, policy, out, inconclusive=inconclusive, annotations=annotations)
    )


@app.command()
def bless(
    reference: Reference,
    out: Annotated[Path, typer.Option(help="File to write the blessing to.")] = Path(
        "blessed.json"
    ),
    format: Format = None,
    metric: Metric = None,
    filter: Filter = None,
    labels: Labels = None,
    id: Id = None,
    prediction: Prediction = None,
    label: Label = None,
    score: Score = None,
    member: Member = None,
    tasks: Tasks = None,
    allow_partial: Partial = False,
) -> None:
    """Record an approved reference by the hash of its content, for a policy's line blessed =
    "blessed.json"."""
    from undertow.files import bless_files

    columns = _columns(id, prediction, label, score, member)
    reading = _reading(allow_partial, metric, filter, labels, tasks, columns, inputs=False)
    typer.echo(bless_files(reference, out, reading, format))


@app.command()
def convert(
    paths: Annotated[
        list[Path], typer.Argument(help="Files of any known format; several are several members.")
    ],
    out: Out,
    format: Format = None,
    metric: Metric = None,
    filter: Filter = None,
    labels: Labels = None,
    id: Id = None,
    prediction: Prediction = None,
    label: Label = None,
    score: Score = None,
    member: Member = None,
    tasks: Tasks = None,
    cluster: Cluster = None,
    name: Name = None,
    allow_partial: Partial = False,
) -> None:
    """Write files of any known format as a population folder (undertow-records/1)."""
    from undertow.files import convert_files

    columns = _columns(id, prediction, label, score, member)
    reading = _reading(allow_partial, metric, filter, labels, tasks, columns, cluster)
    convert_files(paths, out, reading.named(_one_name(name)), format)


@app.command(name="list")
def list_(
    what: Annotated[str, typer.Argument(help="studies, measures, interventions or formats.")],
) -> None:
    """List what there is."""
    from undertow.listing import listing

    typer.echo(listing(what))


def _settings(
    by: list[str] | None,
    draws: int,
    seed: int,
    tolerance: float,
    tolerance_overall: float,
    min_count: int,
    generalise_to: str,
    members_apart: bool,
    level: float = 0.05,
) -> Settings:
    """Flags are in points, settings in fractions."""
    from undertow.audit.settings import Asked, Settings

    return Settings(
        by=tuple(by or ()),
        level=level,
        draws=draws,
        seed=seed,
        tolerance=tolerance / 100,
        tolerance_overall=tolerance_overall / 100,
        min_count=min_count,
        generalise_to=cast("Asked", generalise_to),  # Settings refuses any other word.
        members_apart=members_apart,
    )


def _columns(
    id: str | None,
    prediction: list[str] | None,
    label: str | None,
    score: str | None,
    member: str | None,
) -> dict[str, Any]:
    """Fields of ``Reading``: what the columns of a plain table are called."""
    return {
        "id": id,
        "prediction": tuple(prediction or ()),
        "label": label,
        "score": score,
        "member": member,
    }


def _reading(
    allow_partial: bool,
    metric: str | None,
    filter: str | None,
    labels: Path | None,
    tasks: list[str] | None,
    columns: dict[str, Any],
    cluster: str | None = None,
    *,
    inputs: bool = True,
) -> Reading:
    from undertow.records.reading import Reading

    return Reading(
        None, allow_partial, inputs, metric, filter, labels, tuple(tasks or ()), cluster, **columns
    )


def _one_name(names: list[str] | None) -> str | None:
    """What stands after ``--name`` is read as names to the next flag, as an audit has several."""
    if names and len(names) > 1:
        raise UserError(
            f"--name {' '.join(names)}: one population has one name; write the files before "
            "--name, and one name after it"
        )
    return names[0] if names else None


def _missing(asked: str | None) -> Missing | None:
    from undertow.records.reading import Reading

    # Reading refuses other words.
    return None if asked is None else Reading(missing=cast("Missing", asked)).missing


def spread(arguments: list[str]) -> list[str]:
    """The arguments as click takes them (``spreading.spread_out``)."""
    return spread_out(arguments, _options_without_value())


def _options_without_value() -> frozenset[str]:
    """Such as ``--paired``: of any command, as no name means two things."""
    commands = cast("click.Group", typer.main.get_command(app)).commands.values()
    flags = (p for command in commands for p in command.params if getattr(p, "is_flag", False))
    return frozenset(
        {
            "--help",
            "--version",
            *(name for flag in flags for name in (*flag.opts, *flag.secondary_opts)),
        }
    )


def one_blas_thread() -> None:
    """Before numpy is loaded: the last bit of a matrix product depends on how many threads share
    it, a report must not.

    Nor is anything lost: an audit's products are small, and on busy cores threads wait for each
    other.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def debugging() -> bool:
    """Whether tracebacks are wanted, before the command or after it."""
    return "--debug" in sys.argv[1:]


def _typed() -> str:
    """The command as it was typed, to be typed again."""
    return shlex.join(["undertow", *sys.argv[1:]])


def main() -> None:
    """Entry point: errors meant for a person come without a traceback."""
    one_blas_thread()
    arguments = sys.argv[1:]
    try:
        app(args=spread(arguments))
    except UndertowError as error:
        if debugging():
            raise
        typer.echo(f"undertow: {error}", err=True)
        sys.exit(3 if isinstance(error, NotComparableError) else 2)
    except ModuleNotFoundError as error:
        if debugging() or error.name not in LAB:
            raise
        typer.echo(
            f"undertow: this command needs {error.name}, which is not installed; run "
            f"{install('lab')}",
            err=True,
        )
        sys.exit(2)
    except MemoryError:
        if debugging():
            raise
        typer.echo(f"undertow: {OUT_OF_MEMORY}", err=True)
        sys.exit(2)
