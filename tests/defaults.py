"""Every default and limit that a person meets without giving it, one a line: a change of one is
seen in a diff.

    audit.result.Settings.level = 0.05        a field of a dataclass or a rule
    report.wording.clean(limit) = 2000        an argument of a public function or method
    report.pictures.SIDE = 112                a number with a name
    undertow audit --tolerance = 5.0          a flag of the command line

A default that is nothing (None, empty) has no line until it is something. The lab's are left out:
``lab/test_left_out.py`` has them as its records say them. So are sizes of blocks in
``audit.stats``, which change no number.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import undertow

FILE = Path(__file__).with_name("golden") / "defaults.txt"
PACKAGES = ("undertow.audit", "undertow.records", "undertow.report")
MODULES = (
    "undertow.card",
    "undertow.files",
    "undertow.gating",
    "undertow.run",
    "undertow.study.claims",
    "undertow.study.declaration",
    "undertow.study.page",
    "undertow.study.results",
)
NOTHING = ("None", "()", "[]", "{}", "''", "frozenset()")


@cache
def defaults() -> list[str]:
    """All lines, sorted."""
    found = {line for module in _modules() for line in _of_module(module)} | set(_of_commands())
    return sorted(line for line in found if line.partition(" = ")[2] not in NOTHING)


def _modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for inside in pkgutil.walk_packages(package.__path__, f"{name}."):
            yield importlib.import_module(inside.name)
    yield from map(importlib.import_module, MODULES)


def _of_module(module: ModuleType) -> Iterator[str]:
    place = module.__name__.removeprefix(f"{undertow.__name__}.")
    assigned = set() if place.startswith("audit.stats") else _assigned(module)
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", module.__name__) != module.__name__:
            continue
        if name.isupper() and name in assigned and _is_number(value):
            yield f"{place}.{name} = {value!r}"
        elif inspect.isfunction(value):
            yield from _of_function(f"{place}.{name}", value)
        elif inspect.isclass(value):
            yield from _of_class(f"{place}.{name}", value)


def _assigned(module: ModuleType) -> set[str]:
    """Names that the module itself gives a value, rather than imports."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    targets = (
        target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets
    )
    return {
        name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
    }


def _is_number(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_number(v) for v in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_function(place: str, function: Any) -> Iterator[str]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty and not parameter.name.startswith("_"):
            yield f"{place}({parameter.name}) = {parameter.default!r}"


def _of_class(place: str, kind: type) -> Iterator[str]:
    if dataclasses.is_dataclass(kind):
        yield from (
            f"{place}.{f.name} = {_shown(f.default, f.default_factory)}"
            for f in dataclasses.fields(kind)
            if _given(f)
        )
    for name, field in getattr(kind, "model_fields", {}).items():
        if not field.is_required():
            yield f"{place}.{name} = {_shown(field.default, field.default_factory)}"
    for name, method in vars(kind).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            yield from _of_function(f"{place}.{name}", method)


def _given(field: dataclasses.Field[Any]) -> bool:
    return (
        field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    )


def _shown(default: Any, factory: Any) -> str:
    return repr(factory() if callable(factory) else default)


def _of_commands() -> Iterator[str]:
    from typer.main import get_command

    from undertow.cli import app

    whole = get_command(app)
    commands = {"undertow": whole} | {f"undertow {name}": c for name, c in whole.commands.items()}  # type: ignore[attr-defined]
    for name, command in commands.items():
        for parameter in command.params:
            if not parameter.required and parameter.name != "help":
                flag = max(parameter.opts, key=len)
                yield f"{name} {flag} = {_plain(parameter.default)}"


def _plain(default: Any) -> str:
    return repr(str(default)) if isinstance(default, Path) else repr(default)


def write_defaults() -> None:
    FILE.write_text("\n".join(defaults()) + "\n", encoding="utf-8")
