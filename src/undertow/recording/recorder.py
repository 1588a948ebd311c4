"""``Recorder``: a population folder from a person's own training loop, without torch."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from undertow import __version__
from undertow.errors import UserError
from undertow.recording.example_rows import ExampleRows
from undertow.recording.example_table import class_names, example_table
from undertow.recording.gathered import Gathered
from undertow.recording.member import Member
from undertow.recording.opened_folder import OpenedFolder
from undertow.recording.trace_values import Part, TraceKept
from undertow.records.folder import check_member_id
from undertow.records.formats.predictions.classes import positive_of
from undertow.records.read import read_manifest
from undertow.records.schema import RECORDER, Manifest

LIBRARIES = ("torch", "jax", "tensorflow", "sklearn")
"""Their versions can change a prediction, where they are loaded."""


class Recorder:
    """Writes the members of one population into ``folder``, as ``undertow audit`` reads it.

    ``examples`` are the test examples, a frame or a dict: ``example_id``, ``label`` (class index or
    name), slice columns, and where wanted ``input`` (texts, or pixels as uint8), which a report
    shows. ``classes`` names the columns of logits in their order, or is their number. ``train`` has
    ``example_id`` and ``label`` of the training examples, for ``Member.saw``; ``epochs`` is the
    most that a member trains, needed only where some stop early. ``parent`` is the folder (or
    recorder) of the population that these members derive from, name by name, which makes an audit
    of the two a paired one. ``recipe`` and ``interventions`` say how the members were made, for the
    report. Of two classes ``positive`` names the positive one.

    As a context manager it makes the folder whole at the end. After an error, or a kill, the
    members that were done stay, and a second run goes on where ``done(name)`` is false. Raises
    ``UserError`` for whatever cannot be recorded, ``RecordError`` where the folder holds another
    population.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        examples: Any,
        *,
        classes: int | Sequence[Any],
        train: Any = None,
        epochs: int | None = None,
        parent: str | os.PathLike[str] | Recorder | None = None,
        name: str | None = None,
        recipe: Mapping[str, Any] | None = None,
        interventions: Sequence[str] = (),
        positive: str | None = None,
    ) -> None:
        self.folder, self.classes = Path(folder), class_names(classes)
        table = example_table("examples", examples, self.classes)
        self._examples = ExampleRows("examples", table)
        seen = None if train is None else example_table("train", train, self.classes)
        self._train = None if seen is None else ExampleRows("train", seen)
        if self._train is not None:
            self._train.refuse_unlabelled()
        if epochs is not None and (not isinstance(epochs, int) or epochs < 1):
            raise UserError(
                f"epochs: is {epochs!r}; give a whole number from 1 on, or leave it out"
            )
        self._parent = _parent(parent)
        made = recipe if recipe is not None else self._parent.recipe if self._parent else {}
        plan = Manifest(
            name=name or self.folder.resolve().name, members=(), classes=self.classes,
            recipe={"recorded by": RECORDER, **_writable(made)},
            interventions=_texts(interventions), runner=RECORDER, versions=_versions(),
            parent=self._parent.name if self._parent else None, **_task(self.classes, positive),
        )  # fmt: skip
        self._kept = OpenedFolder(self.folder, plan, table, seen, epochs)
        self._members: list[Member] = []

    def member(
        self,
        name: str | int,
        *,
        seeds: Mapping[str, int] | int | None = None,
        parent: str | int | None = None,
    ) -> Member:
        """Begin a member, under a name of its own.

        ``seeds`` are those that make it differ from the others, ``{"init": 3}`` or one: members
        whose seeds all differ are known to be trained apart. ``parent`` is the member that it
        derives from, of the recorder's ``parent``; without it that of the same name.
        """
        name = check_member_id(str(name))
        self._refuse_taken(name)
        for other in self._members:
            if other.begun:
                other.refuse_unanswered()
        origin = self._origin(name, None if parent is None else str(parent))
        if seeds is None and origin is not None and self._parent is not None:
            seeds = next(m.seeds for m in self._parent.members if m.id == origin)
        made = Member(
            self._kept, name, Gathered(self._examples, self.classes), self._traces(),
            _seeds(name, seeds), origin,
        )  # fmt: skip
        self._members.append(made)
        return made

    def _traces(self) -> dict[Part, TraceKept]:
        """Of each part that is known."""
        parts: dict[Part, ExampleRows | None] = {"train": self._train, "test": self._examples}
        return {
            part: TraceKept(examples, len(self.classes), part)
            for part, examples in parts.items()
            if examples is not None
        }

    def done(self, name: str | int) -> bool:
        """Whether this member needs no training any more: it is recorded, or it diverged."""
        return str(name) in self._settled()

    def finish(self) -> None:
        """Make the folder whole: what the end of a ``with`` block does. ``UserError`` that names a
        member without all its answers."""
        for member in self._members:
            member.refuse_unanswered()
        self._kept.finish()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()
            return
        kept = ", ".join(self._settled()) or "none yet"
        how = "is whole, as an earlier run left it" if self._kept.whole else "is unfinished"
        error.add_note(
            f"{self.folder}: {how}; members that are done and stay: {kept}. Run again to go on, "
            "with `if recorder.done(name): continue` before a member trains."
        )

    def _settled(self) -> list[str]:
        """Names of members from an earlier run and from this one."""
        return [*self._kept.settled, *(member.name for member in self._members if member.done)]

    def _refuse_taken(self, name: str) -> None:
        if any(name == other.name for other in self._members):
            raise UserError(
                f"member {name!r}: was begun before in this run; give each member a name of its "
                "own, such as its seed"
            )
        if self.done(name):
            raise UserError(
                f"member {name!r}: is done since an earlier run; skip it before it trains with `if "
                f"recorder.done({name!r}): continue`, or delete {self.folder} to record all anew"
            )

    def _origin(self, name: str, parent: str | None) -> str | None:
        if self._parent is None:
            if parent is not None:
                raise UserError(
                    f"member {name!r}: derives from {parent!r}, and nobody said of which "
                    "population; give Recorder(…, parent='runs/dense')"
                )
            return None
        wanted = name if parent is None else parent
        have = [m.id for m in self._parent.members if m.status == "done"]
        if wanted not in have:
            raise UserError(
                f"member {name!r}: {self._parent.name!r} has no member {wanted!r} to derive from; "
                f"it has {', '.join(have)}; give the right one, recorder.member({name!r}, "
                f"parent={have[0]!r})"
            )
        return wanted


def _seeds(name: str, given: Mapping[str, int] | int | None) -> dict[str, int]:
    seeds = dict(given or {}) if isinstance(given, Mapping | None) else {"all": given}
    if not all(isinstance(seed, int) for seed in seeds.values()):
        raise UserError(
            f"member {name!r}: seeds are {given!r}; give a whole number, or several by name, "
            "{'init': 3, 'order': 4}"
        )
    return seeds


def _parent(given: str | os.PathLike[str] | Recorder | None) -> Manifest | None:
    if given is None:
        return None
    return read_manifest(given.folder if isinstance(given, Recorder) else Path(given))


def _task(classes: tuple[str, ...], asked: str | None) -> dict[str, Any]:
    if asked is not None and (len(classes) != 2 or asked not in classes):
        raise UserError(
            f"positive: is {asked!r}, and classes are {', '.join(classes)}; name one of two"
        )
    positive, notes = positive_of(classes, asked)
    if positive is None:
        return {}
    return {"task": "binary", "positive": positive, "notes": notes}


def _texts(interventions: Sequence[str]) -> tuple[str, ...]:
    return (interventions,) if isinstance(interventions, str) else tuple(interventions)


def _writable(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe as JSON gives it back; ``UserError`` where it does not."""
    found: dict[str, Any] = {}
    for key, value in recipe.items():
        try:
            found[str(key)] = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as problem:
            raise UserError(
                f"recipe[{key!r}]: is {value!r}, which JSON cannot say ({problem}); give text, a "
                "number, or lists and dicts of them"
            ) from None
    return found


def _versions() -> dict[str, str]:
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in LIBRARIES}
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "undertow": __version__,
        **{name: str(version) for name, version in loaded.items() if version},
    }
