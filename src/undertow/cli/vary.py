"""``vary``: whether a model's answers depend on how it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.option_groups import with_groups
from undertow.cli.options import ExamplesBy, ExamplesTable, folder
from undertow.cli.program import app
from undertow.cli.typed import typed
from undertow.cli.usage import epilog
from undertow.cli.vary_options import Answers, Ways
from undertow.cli.watched import note


@app.command(epilog=epilog("vary"))
@with_groups
def vary(
    model: Annotated[
        str,
        typer.Argument(
            help="FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION that returns a torch module in eval "
            "mode (its code is run), or an .onnx file."
        ),
    ],
    *,
    inputs: Annotated[
        Path,
        typer.Option(
            help="The model's inputs as npy or npz, examples along the first axis; several arrays "
            "are given by their names. ids and labels in it belong to the examples."
        ),
    ],
    table: ExamplesTable = None,
    by: ExamplesBy = None,
    out: Annotated[
        Path | None,
        folder("A new folder to write to. \\[default: varied]"),
    ] = None,
    ways: Ways,
    answers: Answers,
    max_flips: Annotated[
        int | None,
        typer.Option(min=0, help="Exit with 1 where more answers than this change in one way."),
    ] = None,
) -> None:
    """Ask your own model in other batches, paddings, threads, number formats and engines, and show
    whose answers change. Runs the code that MODEL names."""
    from undertow.cli.places import report_folder
    from undertow.varying.examples import read_examples
    from undertow.varying.said import told
    from undertow.varying.vary import vary_examples

    asked, examples = ways.asked(), read_examples(inputs, table)
    with report_folder(out, usual="varied", files=(), force=False) as folder:
        found = vary_examples(
            model, examples, out=folder, by=by or (), asked=asked, tell=_told, command=typed(),
            **answers.named(),
        )  # fmt: skip
    typer.echo(told(found))
    if max_flips is not None and found.flips > max_flips:
        typer.echo(
            f"FAIL: {found.flips:,} answers change in one way, and --max-flips allows {max_flips:,}"
        )
        raise typer.Exit(1)


def _told(name: str) -> None:
    """Which way is under way; apart from what was found."""
    note(name)
    typer.echo(f"asking: {name}" if name != "audit" else "auditing", err=True)
