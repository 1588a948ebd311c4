"""``undertow list``: what there is, read from the code itself."""

from __future__ import annotations

import ast
import inspect
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from undertow.errors import UserError

if TYPE_CHECKING:
    from undertow.audit.gate.rules import Rule

KINDS = (
    "studies",
    "measures",
    "instruments",
    "interventions",
    "probes",
    "formats",
    "rules",
)


def listing(what: str) -> str:
    """One line each, name first."""
    makers = {
        "studies": _studies,
        "measures": _measures,
        "instruments": _instruments,
        "interventions": _interventions,
        "probes": _probes,
        "formats": _formats,
        "rules": _rules,
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


def _instruments() -> list[tuple[str, str]]:
    from undertow.audit.dynamics.confident_learning import all_confident
    from undertow.audit.dynamics.over_members import all_cards
    from undertow.audit.dynamics.threshold_class import all_thresholded

    of_labels = {each.card.name: each.card for each in (*all_confident(), *all_thresholded())}
    return [
        (name, f"{card.title}. High: {card.high}. [{card.paper}]")
        for name, card in sorted((all_cards() | of_labels).items())
    ]


def _interventions() -> list[tuple[str, str]]:
    from undertow.lab.interventions import objective, runtime, sampling, weights

    found = [
        (name, getattr(place, name))
        for place in (sampling, objective, weights, runtime)
        for name in place.__all__
    ]
    return [(name, _first_sentence(kind)) for name, kind in found if inspect.isclass(kind)]


def _probes() -> list[tuple[str, str]]:
    from undertow.lab import probes

    return [(name, _first_sentence(getattr(probes, name))) for name in probes.__all__]


def _formats() -> list[tuple[str, str]]:
    from undertow.records.formats.detect import known_formats

    return [(f.NAME, f.ABOUT) for f in known_formats()]


def _rules() -> list[tuple[str, str]]:
    from undertow.audit.gate.rules import RULES

    return [(name, f"{rule_limits(rule)} [{_fields(rule)}]") for name, rule in RULES.items()]


def rule_limits(rule: type[Rule]) -> str:
    """What a rule of the gate limits: the first line of its module, after the name."""
    about = inspect.cleandoc(sys.modules[rule.__module__].__doc__ or "").partition(": ")[2]
    return about[0].upper() + " ".join(about[1:].split())


def _fields(rule: type[Rule]) -> str:
    """The keys of a rule's table in ``gate.toml``: its own before those that rules share."""
    fields = sorted(rule.model_fields.items(), key=lambda named: named[0] == "tier")
    needed = [key for key, field in fields if field.is_required()]
    others = [key for key, _ in fields if key not in needed]
    needs = [f"needs {', '.join(needed)}"] if needed else []
    return "; ".join([*needs, f"takes {', '.join(others)}"])


def _first_sentence(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
