"""Options of a dataclass are a command's own, and come back as the object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from undertow.cli.option_groups import with_groups


@dataclass(frozen=True, kw_only=True)
class Paint:
    colour: Annotated[str, typer.Option(help="Of the wall.")]
    coats: Annotated[int, typer.Option("--coats", "-c")] = 2


def test_a_group_is_spread_and_built_again() -> None:
    app, seen = typer.Typer(), []

    @app.command()
    @with_groups
    def paint(
        wall: Annotated[str, typer.Argument()], *, dry: bool = False, paint: Paint, hours: int = 3
    ) -> None:
        """Paint a wall."""
        seen.append((wall, dry, paint, hours))

    runner = CliRunner()
    assert runner.invoke(app, ["north", "--colour", "red", "-c", "3", "--dry"]).exit_code == 0
    assert runner.invoke(app, ["south", "--colour", "blue", "--hours", "9"]).exit_code == 0
    assert seen == [
        ("north", True, Paint(colour="red", coats=3), 3),
        ("south", False, Paint(colour="blue", coats=2), 9),
    ]
    assert runner.invoke(app, ["north"]).exit_code == 2
    shown = runner.invoke(app, ["--help"], env={"TERM": "dumb", "COLUMNS": "100"}).output
    assert "Paint a wall." in shown
    names = ["--dry", "--colour", "--coats", "--hours"]
    assert sorted(names, key=shown.index) == names
