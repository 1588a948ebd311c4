"""``example``: real logs for a first verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.options import folder
from undertow.cli.program import app
from undertow.cli.usage import epilog


@app.command(epilog=epilog("example"))
def example(
    name: Annotated[
        str | None, typer.Argument(help="smollm2 or fashion; without one, they are listed.")
    ] = None,
    *,
    out: Annotated[
        Path | None,
        folder("A new folder to write to; by default the example's name."),
    ] = None,
) -> None:
    """Write real logs that come with Undertow, to try an audit and a gate on. Needs no torch."""
    from undertow import first_minute

    if name is None:
        typer.echo(first_minute.listing())
        return
    logs = first_minute.find(name)
    typer.echo(first_minute.write(logs, out or Path(logs.name)))
