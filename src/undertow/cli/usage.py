"""What to type: examples, exit codes, and what is said where a command cannot be run as typed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer

from undertow.cli.models_of_one import own_sides
from undertow.cli.typed import typed
from undertow.errors import UserError

FIRST = "undertow audit old.csv --against new.csv"
"""What a newcomer can type: two tables of predictions, nothing else."""
_GATE = "undertow gate logs/fp16 logs/fp16-again"
EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("undertow demo",),
    "run": ("undertow run compression_bias --scale demo",),
    "audit": (FIRST, "undertow audit logs/fp16 --against logs/int4 --by language"),
    "gate": (
        f"{_GATE} --suggest gate.toml",
        f"{_GATE} --against logs/int4 --policy gate.toml",
    ),
    "bless": ("undertow bless logs/fp16 --out blessed.json",),
    "convert": ("undertow convert old.csv --out population",),
    "lottery": ("undertow lottery model.py:build --inputs inputs.npz --by class",),
    "vary": ("undertow vary model.py:build --inputs inputs.npz --table examples.csv --by region",),
    "dynamics": ("undertow dynamics out/dense --out columns.csv",),
    "examine": ("undertow examine out/dense --out examined",),
    "plant": ("undertow plant labels.csv --share 0.05 --out planted",),
    "example": ("undertow example", "undertow example smollm2"),
    "list": ("undertow list formats",),
}
_ERROR = "2 usage or input error"
EXITS = {
    "demo": f"0 done, {_ERROR}, 130 stopped by Ctrl-C.",
    "run": f"0 done, whatever became of the claims, {_ERROR}, 130 stopped by Ctrl-C.",
    "audit": f"0 done, whatever was found, {_ERROR}, 3 not comparable.",
    "vary": f"0 done, whatever changed, 1 more flips than --max-flips, {_ERROR}.",
    "gate": f"0 pass, 1 fail, {_ERROR}, 3 cannot tell or not comparable.",
}

_CLICK = sys.modules[typer.BadParameter.__module__]
USAGE_ERROR: type[Exception] = _CLICK.UsageError
"""Click's error for what cannot be parsed; some versions of typer have a click of their own."""


def epilog(command: str) -> str:
    """What stands below a command's options: what to type, and what it exits with."""
    shown = "\n\n".join(EXAMPLES[command])
    return f"{shown}\n\nExit code {EXITS.get(command, f'0 done, {_ERROR}.')}"


class Incomplete(UserError):
    """A command was typed without something that it cannot do without."""

    def __init__(self, command: str, missing: str) -> None:
        given = typed().removeprefix("undertow ")
        super().__init__(f"{given}: {missing} is missing; type, for example:")
        self.command, self.missing = command, missing

    def shown(self) -> str:
        """The message with its examples, each on a line of its own to be copied."""
        own = own_sides() if self.missing == "--against" else ()
        examples = "\n".join(f"  {example}" for example in own or EXAMPLES[self.command])
        return f"{self}\n{examples}\nAll options: undertow {self.command} --help"


def in_our_words(error: Any, arguments: Sequence[str]) -> UserError:
    """Click's usage error as one of ours, which says what to type; ``arguments`` are what click was
    given."""
    command = _command(error, arguments)
    if isinstance(error, _CLICK.MissingParameter) and error.param and command in EXAMPLES:
        return Incomplete(command, _name(error.param))
    said, before = str(error.format_message()), f"{command}: " if command else ""
    if isinstance(error, typer.BadParameter) and error.param:
        value = _after(error.param.opts, arguments)
        said, before = str(error.message), f"{before}{_name(error.param)} {value}: "
    said = f"{before}{said[:1].lower()}{said[1:]}".rstrip(".")
    end = " See" if said.endswith("?") else "; see"
    return UserError(f"{said}{end} {' '.join(['undertow', *command.split()])} --help")


def _command(error: Any, arguments: Sequence[str]) -> str:
    """The command that an error is about; nothing where it is about what stands before any."""
    if error.ctx:
        return str(error.ctx.command_path).removeprefix("undertow").strip()
    return next((argument for argument in arguments if argument in EXAMPLES), "")


def _name(parameter: Any) -> str:
    """``--against``, or ``REFERENCE`` of what stands without a flag."""
    longest = str(max(parameter.opts, key=len))
    return longest if longest.startswith("-") else longest.upper()


def _after(names: Sequence[str], arguments: Sequence[str]) -> str:
    """What was typed after the first of these flags."""
    for flag, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = flag.partition("=")
        if name in names:
            return value if equals else following
    return ""
