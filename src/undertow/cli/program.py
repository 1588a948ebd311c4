"""The program itself: what stands before a command, and the list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from undertow.cli.usage import FIRST

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

app = typer.Typer(
    name="undertow",
    help="Who pays when a model changes: example by example, slice by slice, and whether that is "
    "more than chance.",
    epilog=f"To begin: {FIRST}",
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    """Eager, so that no command need follow."""
    if asked:
        from undertow import __version__

        typer.echo(f"undertow {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", help="Show the version.", callback=_say_version, is_eager=True),
]


@app.callback()
def options(debug: Debug = False, version: Version = False) -> None:
    """Who pays when a model changes: example by example, slice by slice, and whether that is more
    than chance."""
