"""Options that several commands share stand in one dataclass each, and a command takes the whole
object:

    @app.command()
    @with_groups
    def convert(paths: Paths, *, out: Out, files: Files) -> None: ...

Typer sees the fields of ``Files`` among the command's own options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with a parameter for each field of the dataclasses among its own, from which
    those are built again."""
    given = signature(command, eval_str=True).parameters
    groups: dict[str, Any] = {
        p.name: p.annotation for p in given.values() if is_dataclass(p.annotation)
    }

    @wraps(command)
    def called(**values: Any) -> None:
        for name, kind in groups.items():
            values[name] = kind(**{field.name: values.pop(field.name) for field in fields(kind)})
        command(**values)

    flat = [q for p in given.values() for q in (_each(p.annotation) if p.name in groups else [p])]
    # Typer reads both. It gives every argument by name, so their order is that of the help alone.
    shown = Signature([p.replace(kind=Parameter.KEYWORD_ONLY) for p in flat])
    called.__signature__ = shown  # type: ignore[attr-defined]
    called.__annotations__ = {p.name: p.annotation for p in flat}
    return called


def _each(group: Any) -> Iterator[Parameter]:
    """A dataclass's fields as parameters."""
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = Parameter.empty if field.default is MISSING else field.default
        yield Parameter(
            field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name]
        )
