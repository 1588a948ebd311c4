"""``dynamics``: what members' training tells of each example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import Force
from undertow.cli.program import app
from undertow.cli.usage import epilog


@app.command(epilog=epilog("dynamics"))
def dynamics(
    population: Annotated[
        Path, typer.Argument(help="A population folder whose members were trained with a Trace.")
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="File for the columns of all examples, .csv or .parquet.")
    ] = None,
    probe: Annotated[
        str,
        typer.Option(
            help="Which trace: trace, trace-clean or trace-test; or learned-from, for what members "
            "know that never learned from an example."
        ),
    ] = "trace",
    early: Annotated[
        int | None,
        typer.Option(
            help="The epoch of el2n; by default the first one after a tenth of the training."
        ),
    ] = None,
    window: Annotated[
        tuple[int, int] | None,
        typer.Option(
            help="The first and the last epoch of rate_of_learning; by default all of the trace."
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="The column whose hardest examples are shown; by default el2n, or "
            "held_out_correctness of learned-from."
        ),
    ] = None,
    per_member: Annotated[
        bool,
        typer.Option(
            "--per-member", help="Write a row for each member and example, instead of the means."
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Show which examples were hard to learn, and write EL2N, forgetting events, AUM and others for
    each example (undertow list instruments). Needs no torch and no model."""
    from undertow.cli.places import refuse_present
    from undertow.dynamics import dynamics_of

    if out is not None:
        refuse_present(out, flag="--out", force=force)
    typer.echo(
        dynamics_of(
            population,
            probe,
            out=out,
            early=early,
            window=window,
            sort=sort,
            per_member=per_member,
        )
    )
