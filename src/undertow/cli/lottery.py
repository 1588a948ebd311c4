"""``lottery``: what speed a compression buys on this machine, and who pays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.option_groups import with_groups
from undertow.cli.options import ExamplesBy, ExamplesTable, Force, folder
from undertow.cli.program import app
from undertow.cli.usage import epilog


@dataclass(frozen=True)
class Run:
    """Which variants are run, and how."""

    only: Annotated[
        list[str] | None, typer.Option(help="Run these variants alone; again, or with commas.")
    ] = None
    without: Annotated[
        list[str] | None, typer.Option(help="Leave these variants out; again, or with commas.")
    ] = None
    batch: Annotated[
        int | None,
        typer.Option(
            help="Examples of a call that is timed. \\[default: 64, or all if fewer; of an .onnx "
            "file for one size of batch that size]"
        ),
    ] = None
    processes: Annotated[
        int, typer.Option(help="Processes whose seconds give the limits, which need 5 or more.")
    ] = 5
    repeats: Annotated[int, typer.Option(help="Warm repeats in each process.")] = 30
    sparsity: Annotated[
        float | None,
        typer.Option(
            help="Share of weights that pruned variants of a torch module lack. \\[default: 0.9]"
        ),
    ] = None
    channels: Annotated[
        float | None,
        typer.Option(
            help="Share of channels of a torch module that narrow variants keep. \\[default: 0.5]"
        ),
    ] = None


@app.command(epilog=epilog("lottery"))
@with_groups
def lottery(
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
            help="The model's inputs as npy or npz, examples along the first axis. ids and labels "
            "in it belong to the examples."
        ),
    ],
    table: ExamplesTable = None,
    by: ExamplesBy = None,
    classes: Annotated[
        str, typer.Option(help="Names of the outputs, with commas between; by default 0,1,2 …")
    ] = "",
    out: Annotated[
        Path | None,
        folder("A new folder to write to. \\[default: lottery]"),
    ] = None,
    run: Run,
    calibration: Annotated[
        Path | None,
        typer.Option(help="calibration.json of an earlier run; by default it is measured anew."),
    ] = None,
    force: Force = False,
) -> None:
    """Predict what quantized, pruned and compiled variants of a model should gain on this machine,
    measure what they do, and show whose answers change. One thread; takes minutes."""
    from undertow.cli.places import report_folder
    from undertow.lottery.lottery import lottery_of
    from undertow.lottery.settings import Settings
    from undertow.lottery.written import FILES

    settings = Settings(
        batch=run.batch, processes=run.processes, repeats=run.repeats, sparsity=run.sparsity,
        channels=run.channels, only=_listed(run.only or ()), without=_listed(run.without or ()),
        classes=_listed((classes,)), by=tuple(by or ()),
    )  # fmt: skip
    with report_folder(out, usual="lottery", files=FILES, force=force) as folder:
        typer.echo(
            lottery_of(
                model,
                inputs,
                table,
                folder,
                settings,
                calibration,
                tell=lambda said: typer.echo(f"lottery: {said}", err=True),
                replace_old=force,
            )
        )


def _listed(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(each.strip() for one in given for each in one.split(",") if each.strip())
