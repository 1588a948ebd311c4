"""Write a population folder, member by member, so that a killed run goes on where it stopped.

    plan.json                  first: what this population is, to refuse another in this folder
    examples.parquet           before it
    members/<id>.parquet       and then members/<id>.json (the member's entry): a member is done
                               once both are there
    timings.json, manifest.json  last; then plan and entries go, since the manifest holds them

Every file is written under a temporary name and renamed. Nothing written depends on the clock or on
the order in which members end, ``timings.json`` apart, so a resumed run's records equal an
uninterrupted run's byte for byte.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from undertow.errors import RecordError, UserError, harmless
from undertow.records._what_differs import listed
from undertow.records.answers import Answers, check_answers, derive, to_frame
from undertow.records.class_list import refuse_many_classes
from undertow.records.folder import (
    EXAMPLES,
    LARGEST_FILE,
    MANIFEST,
    MEMBERS,
    PLAN,
    TIMINGS,
    UNFINISHED,
    check_member_id,
    entry_file,
    json_bytes,
    make_folder,
    member_file,
    parquet_bytes,
    sha256,
    write_whole,
)
from undertow.records.manifest import digest, read_sealed, sealed_bytes
from undertow.records.opening import read_file
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry
from undertow.records.taking_over import (
    SAME_POPULATION,
    SAME_RUN,
    changed_since,
    refuse_foreign,
    refuse_full_disk,
    refuse_other,
)
from undertow.undecoded import escaped


class _Waiting(BaseModel):
    """``members/<id>.json``: an entry before the manifest holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    entry: MemberEntry
    seconds: float | None = None
    digest: str = ""
    """Of the rest, as a manifest has one: what is edited here must not get into a sealed
    manifest."""

    def sealed(self) -> bytes:
        """Its file."""
        said = digest(json.loads(self.model_dump_json()))
        return json_bytes(self.model_copy(update={"digest": said}))

    @classmethod
    def read(cls, path: Path) -> _Waiting:
        """``RecordError`` where the file is not an entry as it was written."""
        data = read_file(path, error=RecordError)
        try:
            found = cls.model_validate_json(data)
        except ValidationError as error:
            raise RecordError(
                f"{path}: is not a member's entry; delete it to make the member again"
            ) from error
        if digest(json.loads(data)) != found.digest:
            raise RecordError(
                f"{path}: was changed after it was written; delete it to make the member again"
            )
        return found


class PopulationWriter:
    """Writes one population folder; picklable, so that workers can write members while others
    train.

    ``plan`` is the manifest without members. ``examples`` has ``example_id`` (text, unique),
    ``label`` as class index (null for none), slice columns, and where wanted ``input`` (encoded
    image or text) and ``content_hash``. With ``members``, the number that will come, a full disk is
    refused before anything is trained; ``beside`` is how many bytes the caller will write beside
    the record. ``accept`` names what members may have been built from another version of
    (``built_from`` in the manifest).

    Raises ``UserError`` where the folder cannot be written, ``RecordError`` where it holds another
    population.
    """

    def __init__(
        self,
        folder: Path,
        plan: Manifest,
        examples: pl.DataFrame,
        *,
        members: int = 0,
        beside: int = 0,
        accept: Collection[str] = (),
    ) -> None:
        self.folder, self.accept = Path(folder), frozenset(accept)
        refuse_many_classes(self.folder, len(plan.classes), RecordError)
        table = _checked_examples(examples, len(plan.classes))
        data = parquet_bytes(table)
        self.plan = plan.model_copy(update={"members": (), "examples_sha256": sha256(data)})
        self._example_id_N = table["example_id"]
        self._label_N = table["label"].fill_null(MISSING).to_numpy()
        self._open(data)
        left = members - len(self.done_members()) - len(self.diverged_members())
        if left > 0:
            refuse_full_disk(
                self.folder, left, table.height, len(plan.classes), beside * left // members
            )

    @property
    def finished(self) -> bool:
        """Whether the folder is whole: ``finish`` ran."""
        return (self.folder / MANIFEST).exists()

    def done_members(self) -> dict[str, MemberEntry]:
        """Members whose files are whole on disk, in natural order of their ids. Failed ones are to
        be tried again."""
        return {entry.id: entry for entry in self._entries() if self._is_whole(entry)}

    def diverged_members(self) -> dict[str, MemberEntry]:
        """Members that are of no use and would be again: not to be tried again."""
        return {entry.id: entry for entry in self._entries() if entry.status == "diverged"}

    def check_can_add(self) -> None:
        """``RecordError`` where a finished population was made by another runner, device or
        version, and so takes no further members."""
        if self.finished:
            refuse_other(self.folder, _read_manifest(self.folder / MANIFEST), self.plan, SAME_RUN)

    def write_member(
        self,
        member_id: str,
        pred_N: NDArray[np.integer[Any]],
        proba_NC: NDArray[np.floating[Any]] | None = None,
        *,
        seeds: Mapping[str, int] | None = None,
        facts: Mapping[str, float] | None = None,
        parent: str | None = None,
        teacher: str | None = None,
        seconds: float | None = None,
    ) -> MemberEntry:
        """Write one member: class indices (-1 for no prediction) and probabilities, in the order of
        ``examples``.

        ``facts`` are measured on the member and repeatable; wall-clock ``seconds`` go to
        ``timings.json``.
        """
        check_answers(member_id, pred_N, proba_NC, self._label_N.size, len(self.plan.classes))
        made = MemberEntry(
            id=check_member_id(member_id),
            seeds=dict(seeds or {}),
            facts=dict(facts or {}),
            parent=parent,
            teacher=teacher,
        )
        return self._write(made, derive(pred_N, proba_NC, self._label_N), seconds)

    def fail_member(
        self,
        member_id: str,
        reason: str,
        *,
        seeds: Mapping[str, int] | None = None,
        parent: str | None = None,
        teacher: str | None = None,
    ) -> MemberEntry:
        """Record that a member could not be made, and why. A later run tries it again."""
        return self._write_unmade(member_id, "failed", reason, seeds, parent, teacher)

    def diverge_member(
        self,
        member_id: str,
        reason: str,
        *,
        seeds: Mapping[str, int] | None = None,
        parent: str | None = None,
        teacher: str | None = None,
    ) -> MemberEntry:
        """Record that a member's loss or predictions stopped being numbers. It is kept as such."""
        return self._write_unmade(member_id, "diverged", reason, seeds, parent, teacher)

    def finish(
        self,
        *,
        facts: Mapping[str, float] | None = None,
        notes: tuple[str, ...] = (),
        study_source: str | None = None,
    ) -> Manifest:
        """Write the manifest, which makes the folder whole. ``facts`` are added to the mean of the
        members' facts."""
        if self.finished:
            return _read_manifest(self.folder / MANIFEST)
        waiting = self._waiting()
        # By another run, just now: it may have tidied up before all entries were read.
        if self.finished:
            return _read_manifest(self.folder / MANIFEST)
        for one in waiting:
            if one.entry.status == "done" and not self._is_whole(one.entry):
                raise RecordError(
                    f"{member_file(self.folder, one.entry.id)}: was changed since it was written; "
                    "run again"
                )
        unmade = tuple(
            f"member {w.entry.id} {w.entry.status}: {w.entry.reason}"
            for w in waiting
            if w.entry.reason
        )
        manifest = self.plan.model_copy(
            update={
                "members": tuple(w.entry for w in waiting),
                "facts": {**_mean_facts([w.entry for w in waiting]), **(facts or {})},
                "notes": (*self.plan.notes, *notes, *unmade),
                "study_source": study_source or self.plan.study_source,
            }
        )
        seconds = {w.entry.id: w.seconds for w in waiting if w.seconds is not None}
        write_whole(
            self.folder / TIMINGS, (json.dumps({"members": seconds}, indent=1) + "\n").encode()
        )
        self._drop_unlisted(manifest)
        write_whole(self.folder / MANIFEST, sealed_bytes(manifest))
        self._clean()
        return manifest

    def _open(self, examples: bytes) -> None:
        """Take up the folder as it is, or begin it."""
        for name, same in ((MANIFEST, SAME_POPULATION), (PLAN, SAME_POPULATION + SAME_RUN)):
            if os.path.exists(self.folder / name):
                found = _read_manifest(self.folder / name)
                refuse_other(self.folder, found, self.plan, same, self.accept)
                self._take_over(found)
                if name == MANIFEST:
                    self._clean()
                return
        refuse_foreign(self.folder)
        make_folder(self.folder)
        write_whole(self.folder / EXAMPLES, examples)
        write_whole(self.folder / PLAN, sealed_bytes(self.plan))

    def _take_over(self, found: Manifest) -> None:
        """What its members were built from stays what it was, whatever is added; what was accepted
        is noted."""
        changed = changed_since(found, self.plan)
        note = f"{listed(changed)} changed while members were made, and that was accepted"
        notes = (*self.plan.notes, *((note,) if changed else ()))
        self.plan = self.plan.model_copy(update={"built_from": found.built_from, "notes": notes})

    def _write(self, entry: MemberEntry, answers: Answers, seconds: float | None) -> MemberEntry:
        self._reopen()
        data = parquet_bytes(to_frame(self._example_id_N, answers))
        entry = entry.model_copy(update={"sha256": sha256(data)})
        write_whole(member_file(self.folder, entry.id), data)
        write_whole(
            entry_file(self.folder, entry.id), _Waiting(entry=entry, seconds=seconds).sealed()
        )
        return entry

    def _write_unmade(
        self,
        member_id: str,
        status: Literal["failed", "diverged"],
        reason: str,
        seeds: Mapping[str, int] | None,
        parent: str | None,
        teacher: str | None,
    ) -> MemberEntry:
        self._reopen()
        said = " ".join(harmless(reason).split())
        entry = MemberEntry(
            id=check_member_id(member_id),
            status=status,
            reason=said,
            seeds=dict(seeds or {}),
            parent=parent,
            teacher=teacher,
        )
        write_whole(entry_file(self.folder, member_id), _Waiting(entry=entry).sealed())
        return entry

    def _entries(self) -> tuple[MemberEntry, ...]:
        if self.finished:
            return _read_manifest(self.folder / MANIFEST).members
        return tuple(waiting.entry for waiting in self._waiting())

    def _reopen(self) -> None:
        """A finished population takes further members: its manifest goes back to a plan and waiting
        entries."""
        if not self.finished:
            return
        self.check_can_add()
        manifest = _read_manifest(self.folder / MANIFEST)
        seconds = _read_seconds(self.folder / TIMINGS)
        for entry in manifest.members:
            if entry.status != "failed":
                waiting = _Waiting(entry=entry, seconds=seconds.get(entry.id))
                write_whole(entry_file(self.folder, entry.id), waiting.sealed())
        write_whole(self.folder / PLAN, sealed_bytes(self.plan))
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def _waiting(self) -> list[_Waiting]:
        """Entries on disk in natural order, so that the order in which members end does not
        show."""
        found = []
        for path in (self.folder / MEMBERS).glob("*.json"):
            try:
                found.append(_Waiting.read(path))
            except FileNotFoundError:
                continue  # Another run finished the population just now.
        return sorted(found, key=lambda w: _natural(w.entry.id))

    def _is_whole(self, entry: MemberEntry) -> bool:
        path = member_file(self.folder, entry.id)
        if entry.status != "done" or not path.is_file():
            return False
        return sha256(read_file(path, LARGEST_FILE, RecordError)) == entry.sha256

    def _drop_unlisted(self, manifest: Manifest) -> None:
        """Remove predictions of members that are not done: left by a kill before their entry, or
        found to be of no use when they were made again."""
        done = {member_file(self.folder, m.id) for m in manifest.members if m.status == "done"}
        for path in set((self.folder / MEMBERS).glob("*.parquet")) - done:
            path.unlink(missing_ok=True)

    def _clean(self) -> None:
        """Remove what only a run under way needs, and what a killed one left. ``write_whole`` bears
        that a file which is being written goes too."""
        leftovers = [
            *self.folder.glob("*" + UNFINISHED),
            *(self.folder / MEMBERS).glob("*" + UNFINISHED),
        ]
        for path in [*leftovers, *(self.folder / MEMBERS).glob("*.json"), self.folder / PLAN]:
            path.unlink(missing_ok=True)


def write_records(records: Records, folder: Path) -> Manifest:
    """Save any population as a folder; ``read_population`` gives the same arrays back.

    The top five classes of a population of more than 64 are not part of ``Records`` and are not
    written, nor are pictures that lie in files of their own.
    """
    label_N = pl.Series("label", records.label_N).replace(MISSING, None)
    others = [c for c in records.examples.columns if c not in ("example_id", "label", "input")]
    examples = records.examples.select("example_id", label_N, *others)
    if records.inputs is not None and records.pictures is None:
        examples = examples.with_columns(records.inputs.alias("input"))
    # Notes name files, whose names may be no text.
    notes = tuple(map(escaped, records.manifest.notes))
    plan = records.manifest.model_copy(update={"notes": notes})
    writer = PopulationWriter(folder, plan, examples, members=records.M)
    for m, entry in enumerate(records.members):
        answers = Answers(
            pred_N=records.pred_MN[m],
            p_label_N=_known_of(records.p_label_MN, m),
            confidence_N=_known_of(records.confidence_MN, m),
            margin_N=_known_of(records.margin_MN, m),
            proba_NC=_known_of(records.proba_MNC, m),
            score_N=None if records.score_MN is None else records.score_MN[m],
            answer_N=None if records.answers is None else records.answers[m],
            output_N=None if records.outputs is None else records.outputs[m],
        )
        writer._write(entry, answers, None)
    return writer.finish(facts=records.manifest.facts)


def _known_of(values: NDArray[np.float32] | None, m: int) -> NDArray[np.float32] | None:
    """What one member has of these values; ``None`` where nothing is known."""
    return None if values is None or np.isnan(values[m]).all() else values[m]


def _checked_examples(examples: pl.DataFrame, classes: int) -> pl.DataFrame:
    """``examples`` with the types of the format; ``RecordError`` where ids or labels cannot be."""
    if "example_id" not in examples.columns:
        raise RecordError(
            "examples have no column 'example_id'; they have "
            f"{', '.join(examples.columns) or 'none'}"
        )
    ids = examples["example_id"].cast(pl.String)
    if ids.null_count() or ids.n_unique() < len(ids):
        raise RecordError(
            f"example ids must be unique and present: {ids.n_unique()} differ among {len(ids)}"
        )
    label = (
        examples["label"].cast(pl.Int32)
        if "label" in examples.columns
        else pl.Series([None] * len(ids), dtype=pl.Int32)
    )
    if not label.drop_nulls().is_between(0, classes - 1).all():
        low_high = f"{label.min()!r} to {label.max()!r}"
        raise RecordError(f"labels run from {low_high}; {classes} classes want 0 to {classes - 1}")
    others = [c for c in examples.columns if c not in ("example_id", "label")]
    return examples.select(ids.alias("example_id"), label.alias("label"), *others)


def _mean_facts(entries: list[MemberEntry]) -> dict[str, float]:
    """Means over the members that are done, of the facts that each of them has."""
    done = [e.facts for e in entries if e.status == "done"]
    shared = [name for name in done[0] if all(name in facts for facts in done)] if done else []
    return {name: float(np.mean([facts[name] for facts in done])) for name in sorted(shared)}


def _read_manifest(path: Path) -> Manifest:
    return read_sealed(path, "choose another folder or delete this one")


def _read_seconds(path: Path) -> dict[str, float]:
    """Seconds are a log: losing them is no harm."""
    try:
        return dict(json.loads(read_file(path))["members"])
    except (OSError, UserError, ValueError, KeyError, TypeError):
        return {}


def _natural(member_id: str) -> list[tuple[int, str]]:
    """``m2`` before ``m10``."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", member_id)
    ]
