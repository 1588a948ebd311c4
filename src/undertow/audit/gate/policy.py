"""``gate.toml``: what may change and by how much. Read with messages that name the line.

level = 0.05            # one-sided, of every rule
max_gain = 5.0          # a larger gain is looked into, not celebrated
below_chance = "allowed"  # a side may do worse than guessing; by default that is looked into
at_chance = "allowed"   # the reference need not do better than guessing
classes_told = "allowed"  # the order of class names that answers told has been checked
more_is_better = "allowed"  # of a column that is read as a grade, though its name leaves it open
contrary_scale = "allowed"  # --scale is right, though the column's name says the contrary
wide_scale = "allowed"  # grades may reach over less than a twentieth of --scale
other_reading = "allowed"  # a score is a grade, or a probability, as it was read
little_to_lose = "allowed"  # a limit may be most of what the reference has right
left_out = "allowed"    # the new model may have lost all that is not compared
identical = "allowed"   # both sides may hold the same, as where nothing was changed
blessed = "blessed.json"
missing = "wrong"       # what has no prediction or score; by default it is refused

[[max_drop]]
points = 1.0

[[worst_slice_drop]]
by = "language"
points = 5.0
tier = "advisory"
"""

from __future__ import annotations

import os
import re
import reprlib
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from undertow.audit.gate.rules import RULES, Rule
from undertow.errors import UserError
from undertow.records.opening import read_file
from undertow.records.reading import Missing

LARGEST = 1 << 20
MOST = 4
"""Problems that one message tells."""
WRITTEN = {"points": "points = 1.0", "by": 'by = "language"', "ratio": "ratio = 1.2"}
"""Keys that a rule must have, as they may be written."""
HEADER = re.compile(r"^\s*\[\[?\s*([\w.-]+)\s*\]\]?")
KEY = re.compile(r"^\s*([\w-]+)\s*=")


class _Settings(BaseModel):
    """The top of a policy; the rules follow as tables named after them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Annotated[float, Field(gt=0, lt=0.5, strict=True)] = 0.05
    """One-sided error rate of every rule: how often a model that lost exactly the limit would
    pass."""
    max_gain: Annotated[float, Field(gt=0, le=100, strict=True)] = 5.0
    """Points of accuracy on the whole beyond which a gain is implausible and must be explained
    first."""
    below_chance: Literal["refused", "allowed"] = "refused"
    """Whether a side may be right less often than guessing: ``allowed`` of questions made to
    mislead a model, such as TruthfulQA or HANS."""
    at_chance: Literal["refused", "allowed"] = "refused"
    """Whether the reference may not be shown to be right more often than guessing."""
    classes_told: Literal["refused", "allowed"] = "refused"
    """Whether classes may stand in an order that a side's own answers told: ``allowed`` once it was
    checked."""
    more_is_better: Literal["refused", "allowed"] = "refused"
    """Whether a column may be read as a grade whose name leaves open which way is better:
    ``allowed`` once it is known that more is."""
    contrary_scale: Literal["refused", "allowed"] = "refused"
    """Whether grades may be on a scale that is the contrary of what the name of their column says:
    ``allowed`` once it is known that the scale is right."""
    wide_scale: Literal["refused", "allowed"] = "refused"
    """Whether grades may reach over less than a twentieth of the scale that was told: ``allowed``
    once it is known that a point of it is what is meant."""
    other_reading: Literal["refused", "allowed"] = "refused"
    """Whether a score that may be a grade or a probability may get worse by the reading that was
    not chosen: ``allowed`` once it is known which it is."""
    little_to_lose: Literal["refused", "allowed"] = "refused"
    """Whether ``max_drop`` on the whole may let more than a quarter go of what a reference that is
    seldom right has right."""
    left_out: Literal["refused", "allowed"] = "refused"
    """Whether a limit may be broken if the new model is wrong on all that is not compared."""
    identical: Literal["refused", "allowed"] = "refused"
    """Whether both sides may hold the same in every answer and column: ``allowed`` where a model is
    gated against itself, as by a change that should change nothing."""
    blessed: str | None = None
    """A file of ``undertow bless`` beside the policy: the reference must be the one that was
    approved."""
    missing: Missing = "refuse"
    """What becomes of predictions and scores that are not there: ``wrong`` counts them as wrong."""


_FIELDS: dict[str, Any] = {
    name: (tuple[rule, ...], ())  # type: ignore[valid-type]
    for name, rule in RULES.items()
}
_Tables = create_model("_Tables", __base__=_Settings, **_FIELDS)


class Policy(_Settings):
    """A policy as rules in the order of the file's kinds. ``folder`` is where files that it names
    are looked for."""

    rules: tuple[Rule, ...]
    folder: Path = Path()

    def columns(self) -> tuple[str, ...]:
        """Every column that a rule slices by."""
        return tuple(dict.fromkeys(column for rule in self.rules for column in rule.columns()))

    def named(self, called: Mapping[str, str]) -> Policy:
        """The same with columns under other names, as the column of right answers is the class."""
        return self.model_copy(update={"rules": tuple(_named(r, called) for r in self.rules)})


def _named(rule: Rule, called: Mapping[str, str]) -> Rule:
    changed = {}
    for field in {"by", "on"} & set(type(rule).model_fields):
        column, equals, pattern = getattr(rule, field).partition("=")
        if column in called:
            changed[field] = f"{called[column]}{equals}{pattern}"
    return rule.model_copy(update=changed) if changed else rule


def policy_given(given: object) -> Policy | Path:
    """A policy, or the path of one, as Python code gave it; ``UserError`` for anything else."""
    if isinstance(given, Policy):
        return given
    if isinstance(given, str | os.PathLike):
        return Path(given)
    kind = type(given).__name__
    raise UserError(
        f"gate: {reprlib.repr(given)} was given, of type {kind}; a policy is the path of a TOML "
        "file, such as 'gate.toml', or a Policy of undertow.audit.gate"
    )


def read_policy(path: Path) -> Policy:
    """The policy in a TOML file. Raises ``UserError``, one line, that names the file, the line, and
    the fix."""
    try:
        text = read_file(path, LARGEST, UserError, "see undertow gate --help").decode("utf-8")
    except OSError as error:
        raise UserError(
            f"{path}: the policy cannot be read ({error.strerror}); check the name"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: is not UTF-8 text, so it is not a policy; save it as UTF-8"
        ) from error
    return parse_policy(text, path)


def parse_policy(text: str, path: Path = Path("gate.toml")) -> Policy:
    """The same from text; ``path`` is for messages and for files that the policy names."""
    try:
        tables = _Tables.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: is not TOML: {said}; correct it there") from error
    except ValidationError as error:
        raise UserError(_problems(path, text, error)) from error
    rules = tuple(rule for name in RULES for rule in getattr(tables, name))
    if not rules:
        raise UserError(
            f"{path}: has no rule; write one of {', '.join(f'[[{name}]]' for name in RULES)}"
        )
    if all(rule.tier == "advisory" for rule in rules):
        raise UserError(
            f"{path}: every rule is advisory, so nothing would be decided; take tier out of one, "
            "or write"
            ' tier = "required"'
        )
    shared = {name: getattr(tables, name) for name in _Settings.model_fields}
    return Policy(rules=rules, folder=path.parent, **shared)


def _problems(path: Path, text: str, error: ValidationError) -> str:
    """A sentence on everything that is wrong: file, line, key, value, fix."""
    found = [one for one in error.errors() if not _is_misspelt(one, error.errors())]
    first, *others = (f"{_at(text, one)}{_problem(one)}" for one in found[:MOST])
    left = len(found) - 1 - len(others)
    said = [f"{path}, {first}" if first.startswith("line ") else f"{path}: {first}"]
    said += [f"also {other}" for other in others] + ([f"and {left} more"] if left else [])
    return "; ".join(said)


def _is_misspelt(problem: Any, problems: list[Any]) -> bool:
    """Whether a key is only missing because another, in the same place, was meant for it."""
    *place, key = problem["loc"]
    return problem["type"] == "missing" and any(
        other["type"] == "extra_forbidden"
        and list(other["loc"][:-1]) == place
        and _meant(other["loc"]) == key
        for other in problems
    )


def _at(text: str, problem: Any) -> str:
    line = _line_of(text, problem["loc"])
    return f"line {line}: " if line else ""


def _problem(problem: Any) -> str:
    """What is wrong in one place."""
    place = problem["loc"]
    where = ".".join(str(part) for part in place if not isinstance(part, int)) or "the policy"
    if problem["type"] == "extra_forbidden":
        meant = _meant(place)
        if len(place) > 1 and place[-1] in _Settings.model_fields:
            return (
                f"{where} is no key of a rule: write {place[-1]} at the top, before the first rule"
            )
        if meant is not None:
            return f"{where} is unknown, did you mean {meant}?"
        return f"{where} is unknown, write one of {', '.join(_known_keys(place))}"
    if problem["type"] == "missing":
        return f"{where} is missing, write {WRITTEN.get(str(place[-1]), f'{place[-1]} = …')}"
    if problem["type"] == "tuple_type" and place[0] in RULES:
        return f"{where} needs two brackets, as there may be several: write [[{where}]]"
    said = problem["msg"].removeprefix("Value error, ")
    return f"{where} = {_shown(problem['input'])}: {said[0].lower() + said[1:]}"


def _meant(place: tuple[int | str, ...]) -> str | None:
    """The key that somebody may have meant with one that is unknown."""
    known = {key.strip("[]"): key for key in _known_keys(place)}
    near = get_close_matches(str(place[-1]), known, n=1)
    return known[near[0]] if near else None


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    """What may be written where an unknown key stands."""
    rule = RULES.get(str(place[0]))
    if rule is None or len(place) < 2:
        return [*_Settings.model_fields, *(f"[[{name}]]" for name in RULES)]
    return list(rule.model_fields)


def _line_of(text: str, place: tuple[int | str, ...]) -> int | None:
    """The line of a key, or of the table that should have it; ``None`` where the text is laid out
    in another way."""
    table = str(place[0])
    index = next((part for part in place[1:] if isinstance(part, int)), 0)
    key = next((part for part in place[1:] if isinstance(part, str)), None)
    current, seen, header = "", -1, None
    for number, line in enumerate(text.splitlines(), start=1):
        opened = HEADER.match(line)
        if opened:
            current = opened.group(1)
            seen += current == table
            if current == table and seen == index:
                header = number
            continue
        named = KEY.match(line)
        if named is None:
            continue
        if (current == "" and named.group(1) == table) or (
            current == table and seen == index and named.group(1) == key
        ):
            return number
    return header


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
