"""``examine``: which training examples are typical, atypical or likely mislabelled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import Force, folder
from undertow.cli.program import app
from undertow.cli.usage import epilog


@app.command(epilog=epilog("examine"))
def examine(
    trace: Annotated[
        Path,
        typer.Argument(
            help="A population folder whose members have a trace, a folder with "
            "dynamics_epoch_0.jsonl …, or an npz with logits of each epoch and labels."
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        folder("Folder for the page and the tables. \\[default: examined]"),
    ] = None,
    probe: Annotated[
        str, typer.Option(help="Which trace of a population: trace or trace-clean.")
    ] = "trace",
    inputs: Annotated[
        Path | None,
        typer.Option(
            help="What to show of the examples: a table with example_id and input (texts, or paths "
            "of pictures), or an npz with ids and images."
        ),
    ] = None,
    planted: Annotated[
        Path | None,
        typer.Option(
            help="planted.csv of undertow plant: labels of the trace that are wrong on purpose, "
            "which calibrate the list."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="A column of the training part to count by; by default the label."),
    ] = None,
    force: Force = False,
) -> None:
    """Say of each training example whether it is typical, atypical or likely mislabelled, or that
    it cannot be told, and how far to trust that. Needs no torch and no model."""
    from undertow.cli.places import report_folder
    from undertow.examine import examine_training
    from undertow.report.examined.files import FILES

    with report_folder(out, usual="examined", files=FILES, force=force) as folder:
        said = examine_training(
            trace, probe, out=folder, inputs=inputs, planted=planted, by=by, replace=force
        )
        typer.echo(said)
