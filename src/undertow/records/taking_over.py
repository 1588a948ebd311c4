"""Whether a folder may be written into: what lies there has to be the same population, or nothing.

``RecordError`` and ``UserError`` say what is there instead and how to go on.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Collection
from pathlib import Path

from undertow.errors import RecordError, UserError
from undertow.records._what_differs import listed, what_differs
from undertow.records.descent import DECLARATION
from undertow.records.folder import EXAMPLES, MEMBERS, PLAN, TRAIN, is_unfinished
from undertow.records.schema import FULL_PROBABILITIES_UP_TO, TOP_K, Manifest

SAME_POPULATION = (
    "name", "task", "classes", "positive", "recipe", "interventions", "parent", "teacher", "dtype",
    "scale", "examples_sha256", "built_from",
)  # fmt: skip
SAME_RUN = ("runner", "device", "versions")
"""What may differ between a finished population and the run that asks for it, but not between its
members."""


def refuse_other(
    folder: Path,
    found: Manifest,
    wanted: Manifest,
    fields: tuple[str, ...],
    accept: Collection[str] = (),
) -> None:
    """``RecordError`` naming what the population on disk has that the one to be written has not."""
    have, want = (
        json.loads(m.model_dump_json(include=set(fields) - {"built_from"})) for m in (found, wanted)
    )
    data = (
        ["test data"]
        if have.pop("examples_sha256", None) != want.pop("examples_sha256", None)
        else []
    )
    exactly = set(SAME_RUN) <= set(fields)
    # members are added under the settings of a run, so all of them must have been trained alike
    if found.train_sha256 != wanted.train_sha256 and (wanted.train_sha256 or exactly):
        data.append("the table of training examples")
    if said := what_differs(have, want):
        raise RecordError(
            f"{folder}: holds other members: {said}; choose another folder or delete this one"
        )
    _refuse_unprobed(folder, found, wanted, exactly=exactly)
    code = [name for name in changed_since(found, wanted) if not _accepted(name, accept)]
    if code or data:
        ways = [
            "choose another --out or name to keep them",
            "delete this folder to train them again",
        ]
        if not data and DECLARATION not in map(_bare, code):
            flags = " ".join(
                f"--accept {shlex.quote(name)}" for name in dict.fromkeys(map(_bare, code))
            )
            ways.append(f"or add {flags} to use them as they are")
        changed = listed([*code, *data])
        raise RecordError(
            f"{folder}: {changed} changed since these members were trained; {', '.join(ways)}"
        )


def _refuse_unprobed(folder: Path, found: Manifest, wanted: Manifest, *, exactly: bool) -> None:
    """``RecordError`` where members there lack a probe that is wanted, since it is measured while a
    member trains. With ``exactly``, because members are to be added, they must not have more
    either."""
    for name, entry in wanted.probes.items():
        if found.probes.get(name) != entry:
            has = found.probes.get(name)
            said = f"with {has.description}" if has else f"without the probe {name!r}"
            raise RecordError(
                f"{folder}: holds members that were trained {said}, and {entry.description} is "
                "measured while a member trains; choose another folder, or delete this one to "
                "train them again"
            )
    for name, entry in found.probes.items():
        if exactly and name not in wanted.probes:
            raise RecordError(
                f"{folder}: holds members with {entry.description}, which further members would "
                "lack; ask for it again, or choose another folder"
            )


def changed_since(found: Manifest, wanted: Manifest) -> list[str]:
    """Names of what members were built from and are not any more; empty where of one of both nobody
    looked."""
    then, now = found.built_from, wanted.built_from
    names = [name for name in now | then if not _is_probe(name) or (name in now and name in then)]
    return [name for name in names if now.get(name) != then.get(name)] if now and then else []


def _accepted(name: str, accept: Collection[str]) -> bool:
    """Code and training data may be accepted; another declaration of a teacher is another
    teacher."""
    return _bare(name) != DECLARATION and (name in accept or _bare(name) in accept)


def _is_probe(name: str) -> bool:
    """One that is wanted and was not there, or the reverse, is for ``_refuse_unprobed``."""
    return _bare(name).startswith("probe ")


def _bare(name: str) -> str:
    """``model MLP`` of ``parent's model MLP``: accepted once, it is accepted wherever it is
    used."""
    return name.rpartition("'s ")[2]


def refuse_foreign(folder: Path) -> None:
    """A folder that holds something else is left alone. Examples without a plan are our own, killed
    early."""
    # Not Path.exists, which fails for a name that no folder can have; making it says so.
    there = os.path.exists(folder)
    if there and not folder.is_dir():
        raise UserError(f"{folder}: is a file; give the name of a folder")
    names = sorted(p.name for p in folder.iterdir()) if there else []
    ours = (EXAMPLES, TRAIN, MEMBERS)
    other = [
        n
        for n in names
        if n not in ours and not any(is_unfinished(n, of) for of in (EXAMPLES, TRAIN, PLAN))
    ]
    if other:
        raise RecordError(
            f"{folder}: holds {other[0]!r} and no population; choose a new or an empty folder"
        )


def refuse_full_disk(folder: Path, members: int, examples: int, classes: int, beside: int) -> None:
    numbers = classes if classes <= FULL_PROBABILITIES_UP_TO else 2 * TOP_K
    needed = members * examples * (4 * (4 + numbers) + 16) + beside
    place = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < needed:
        raise UserError(
            f"{folder}: {members} members need about {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB "
            "are free; free some disk space or choose another folder"
        )
