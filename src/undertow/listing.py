"""``undertow list``: what there is, read from the code itself."""

from __future__ import annotations

import ast
import inspect
from importlib import resources
from pathlib import Path

from undertow.errors import UserError

KINDS = ("studies", "measures", "interventions", "formats")


def listing(what: str) -> str:
    """One line each, name first."""
    makers = {
        "studies": _studies,
        "measures": _measures,
        "interventions": _interventions,
        "formats": _formats,
    }
    if what not in makers:
        raise UserError(f"cannot list {what!r}: choose from {', '.join(KINDS)}")
    rows = makers[what]()
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"{name:<{width}}  {about}" for name, about in rows)


def study_files() -> dict[str, Path]:
    """Every study that comes with the package, by name."""
    folder = Path(str(resources.files("undertow") / "studies"))
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}


def _studies() -> list[tuple[str, str]]:
    """Read without importing: a study imports torch."""
    rows = []
    for name, path in study_files().items():
        method = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        rows.append((name, method.splitlines()[0].strip()))
    return rows


def _measures() -> list[tuple[str, str]]:
    from undertow.audit.measures import all_measures

    return [(m.card.name, f"{m.card.reads} [{m.card.paper}]") for m in all_measures()]


def _interventions() -> list[tuple[str, str]]:
    from undertow.lab.interventions import objective, runtime, weights

    found = [
        (name, getattr(place, name))
        for place in (objective, weights, runtime)
        for name in place.__all__
    ]
    return [(name, _first_sentence(kind)) for name, kind in found if inspect.isclass(kind)]


def _formats() -> list[tuple[str, str]]:
    from undertow.records.formats.detect import known_formats

    return [(f.NAME, f.ABOUT) for f in known_formats()]


def _first_sentence(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
