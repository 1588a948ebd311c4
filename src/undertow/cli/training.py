"""``demo`` and ``run``: the commands that train. And ``list``, which says what there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undertow.cli.option_groups import with_groups
from undertow.cli.options import folder
from undertow.cli.program import Debug, app
from undertow.cli.typed import debugging
from undertow.cli.usage import epilog

if TYPE_CHECKING:
    from undertow.lab.runner.machine import Machine

Workers = Annotated[
    int | None, typer.Option(help="Processes that train side by side; by default one per core.")
]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Where and how members are trained."""

    runner: Annotated[
        str,
        typer.Option(
            help="loop, processes, stacked or ray; auto takes what the first steps show to be "
            "fastest."
        ),
    ] = "auto"
    workers: Workers = None
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; by default the GPU where there is one.")
    ] = None
    chunk: Annotated[
        int | None, typer.Option(help="Members in one stack; by default as many as pay and fit.")
    ] = None
    address: Annotated[
        str | None,
        typer.Option(
            help="A running Ray cluster, or auto; by default the runner ray starts one here."
        ),
    ] = None
    gpus_per_chunk: Annotated[
        float, typer.Option(help="GPUs that a chunk reserves on Ray; may be a fraction.")
    ] = 1.0

    def machine(self) -> Machine:
        """The same as the lab takes it."""
        from undertow.lab.runner.machine import Machine

        return Machine(**vars(self))


@app.command(epilog=epilog("demo"))
def demo(
    out: Annotated[Path, folder("Folder to write to.")] = Path("demo"),
    workers: Workers = None,
) -> None:
    """Train, compress, audit and report on embedded real images (two to three minutes on two
    cores)."""
    from undertow.demo import run_demo

    run_demo(out, workers=workers)


@app.command(epilog=epilog("run"))
@with_groups
def run(
    study: Annotated[
        str, typer.Argument(help="A study's name (undertow list studies) or the path of its file.")
    ],
    *,
    scale: Annotated[str, typer.Option(help="smoke, demo, small or paper.")] = "small",
    out: Annotated[
        Path | None,
        folder("Folder to write to; by default out/STUDY-SCALE."),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder for a copy of the result page.")
    ] = None,
    training: Training,
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
    machine = training.machine()  # First: without torch this says so, before anything is loaded.
    from undertow.run import run_study_named

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


@app.command(name="list", epilog=epilog("list"))
def list_(
    what: Annotated[
        str,
        typer.Argument(
            help="studies, measures, instruments, interventions, probes, formats or rules."
        ),
    ],
) -> None:
    """List what there is."""
    from undertow.listing import listing

    typer.echo(listing(what))
