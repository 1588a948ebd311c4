"""``plant``: labels that are wrong on purpose, to calibrate ``examine``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import Force, folder
from undertow.cli.program import app
from undertow.cli.usage import epilog


@app.command(epilog=epilog("plant"))
def plant(
    labels: Annotated[
        Path, typer.Argument(help="A table with example_id and label, of all training examples.")
    ],
    *,
    out: Annotated[
        Path | None,
        folder("Folder for the table to train on and planted.csv. \\[default: planted]"),
    ] = None,
    share: Annotated[float, typer.Option(help="Of the labels of each class, made wrong.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Which labels, and what they become.")] = 0,
    id: Annotated[str, typer.Option(help="The column of ids.")] = "example_id",
    label: Annotated[str, typer.Option(help="The column of labels.")] = "label",
    force: Force = False,
) -> None:
    """Write labels to train on, some of them wrong on purpose, and which those are: undertow
    examine then tells how many wrong labels it finds. Needs no torch and no model."""
    from undertow.cli.places import report_folder
    from undertow.plant import FILES, WHAT
    from undertow.plant import plant as planted

    with report_folder(out, usual="planted", files=FILES, force=force, what=WHAT) as folder:
        said = planted(
            labels, out=folder, share=share, seed=seed, id=id, label=label, replace=force
        )
        typer.echo(said)
