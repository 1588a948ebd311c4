"""Write a population folder, member by member, so that a killed run goes on where it stopped.

    plan.json                  first: what this population is, to refuse another in this folder
    examples.parquet           before it
    probes/, series/           what probes measured on a member, before its predictions
    members/<id>.parquet       and then members/<id>.json (the member's entry): a member is done
                               once both are there
    timings.json, manifest.json  last; then plan and entries go, since the manifest holds them

Every file is written under a temporary name and renamed. Nothing written depends on the clock or on
the order in which members end, ``timings.json`` apart, so a resumed run's records equal an
uninterrupted run's byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError, harmless
from undertow.records._what_differs import listed
from undertow.records.answers import Answers, check_answers, derive, to_frame
from undertow.records.class_list import refuse_many_classes
from undertow.records.folder import (
    EXAMPLES,
    LARGEST_FILE,
    MANIFEST,
    MEMBERS,
    PLAN,
    PROBES,
    SERIES,
    TIMINGS,
    TRAIN,
    UNFINISHED,
    check_member_id,
    entry_file,
    make_folder,
    member_file,
    parquet_bytes,
    probe_file,
    series_file,
    sha256,
    write_whole,
)
from undertow.records.manifest import read_sealed, sealed_bytes
from undertow.records.opening import read_file
from undertow.records.probes import Probed, held_out, trained_on
from undertow.records.records import MISSING, Records
from undertow.records.schema import FORMAT, WITH_TRAINING, Manifest, MemberEntry
from undertow.records.taking_over import (
    SAME_POPULATION,
    SAME_RUN,
    changed_since,
    refuse_foreign,
    refuse_full_disk,
    refuse_other,
)
from undertow.records.timings import read_seconds, timings_bytes
from undertow.records.waiting import Waiting, checked_examples, natural
from undertow.undecoded import escaped


class PopulationWriter:
    """Writes one population folder; picklable, so that workers can write members while others
    train.

    ``plan`` is the manifest without members. ``train`` has ``example_id``, ``label`` and slices of
    the training part, and maybe ``held_out`` (yes or no), where a probe has values of it.
    ``examples`` has ``example_id`` (text, unique), ``label`` as class index (null for none), slice
    columns, and where wanted ``input`` (encoded image or text) and ``content_hash``. With
    ``members``, the number that will come, a full disk is refused before anything is trained;
    ``beside`` is how many bytes the caller will write beside the record. ``accept`` names what
    members may have been built from another version
    of (``built_from`` in the manifest).

    Raises ``UserError`` where the folder cannot be written, ``RecordError`` where it holds another
    population.
    """

    def __init__(
        self,
        folder: Path,
        plan: Manifest,
        examples: pl.DataFrame,
        *,
        train: pl.DataFrame | None = None,
        members: int = 0,
        beside: int = 0,
        accept: Collection[str] = (),
    ) -> None:
        self.folder, self.accept = Path(folder), frozenset(accept)
        self._looked_into: set[tuple[str, ...]] = set()
        refuse_many_classes(self.folder, len(plan.classes), RecordError)
        table = checked_examples(examples, len(plan.classes))
        data = parquet_bytes(table)
        files = {EXAMPLES: data}
        self._example_id_N = table["example_id"]
        self._label_N = table["label"].fill_null(MISSING).to_numpy()
        self._train_id_N: pl.Series | None = None
        self._held_out_id_N: pl.Series | None = None
        if train is not None:
            table = checked_examples(train, len(plan.classes))
            self._train_id_N = trained_on(table)["example_id"]
            self._held_out_id_N = held_out(table)["example_id"]
            files[TRAIN] = parquet_bytes(table)
        self.plan = plan.model_copy(
            update={
                "format": FORMAT if train is None and not plan.probes else WITH_TRAINING,
                "members": (),
                "examples_sha256": sha256(data),
                "train_sha256": sha256(files[TRAIN]) if TRAIN in files else None,
            }
        )
        self._open(files)
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
        version, or with other probes, and so takes no further members."""
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
        processor_seconds: float | None = None,
        probed: Probed | None = None,
    ) -> MemberEntry:
        """Write one member: class indices (-1 for no prediction) and probabilities, in the order of
        ``examples``.

        ``facts`` are measured on the member and repeatable; wall-clock ``seconds``, and those that
        its process worked, go to ``timings.json``. ``probed`` is what the plan's probes measured.
        """
        check_answers(member_id, pred_N, proba_NC, self._label_N.size, len(self.plan.classes))
        made = MemberEntry(
            id=check_member_id(member_id),
            seeds=dict(seeds or {}),
            facts=dict(facts or {}),
            parent=parent,
            teacher=teacher,
        )
        answers = derive(pred_N, proba_NC, self._label_N)
        waiting = Waiting(entry=made, seconds=seconds, processor_seconds=processor_seconds)
        return self._write(waiting, answers, probed or Probed())

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
        wall = {w.entry.id: w.seconds for w in waiting if w.seconds is not None}
        worked = {
            w.entry.id: w.processor_seconds for w in waiting if w.processor_seconds is not None
        }
        write_whole(self.folder / TIMINGS, timings_bytes({"members": wall, "processor": worked}))
        self._drop_unlisted(manifest)
        write_whole(self.folder / MANIFEST, sealed_bytes(manifest))
        self._clean()
        return manifest

    def _open(self, files: Mapping[str, bytes]) -> None:
        """Take up the folder as it is, or begin it."""
        for name, same in ((MANIFEST, SAME_POPULATION), (PLAN, SAME_POPULATION + SAME_RUN)):
            if os.path.exists(self.folder / name):
                found = _read_manifest(self.folder / name)
                refuse_other(self.folder, found, self.plan, same, self.accept)
                self._take_over(found)
                self._restore(files, found)
                if name == MANIFEST:
                    self._clean()
                return
        refuse_foreign(self.folder)
        make_folder(self.folder)
        for name, data in files.items():
            write_whole(self.folder / name, data)
        write_whole(self.folder / PLAN, sealed_bytes(self.plan))

    def _restore(self, files: Mapping[str, bytes], found: Manifest) -> None:
        """Write tables again that are lost or damaged, and are those that the record knows."""
        for name, known in ((EXAMPLES, found.examples_sha256), (TRAIN, found.train_sha256)):
            data = files.get(name)
            if data is not None and sha256(data) == known and not _is(self.folder / name, known):
                write_whole(self.folder / name, data)

    def _take_over(self, found: Manifest) -> None:
        """What its members were built from stays what it was, whatever is added; what was accepted
        is noted."""
        changed = changed_since(found, self.plan)
        note = f"{listed(changed)} changed while members were made, and that was accepted"
        notes = (*self.plan.notes, *((note,) if changed else ()))
        self.plan = self.plan.model_copy(update={"built_from": found.built_from, "notes": notes})

    def _write(self, made: Waiting, answers: Answers, probed: Probed) -> MemberEntry:
        self._reopen()
        entry = self._with_probed(made.entry, probed)
        data = parquet_bytes(to_frame(self._example_id_N, answers))
        entry = entry.model_copy(update={"sha256": sha256(data)})
        write_whole(member_file(self.folder, entry.id), data)
        waiting = made.model_copy(update={"entry": entry})
        write_whole(entry_file(self.folder, entry.id), waiting.sealed())
        return entry

    def _with_probed(self, entry: MemberEntry, probed: Probed) -> MemberEntry:
        """Write what was measured on a member, and the entry with its hashes. ``ValueError`` where
        that is not what the plan's probes measure."""
        wanted = {name for name, probe in self.plan.probes.items() if probe.part}
        if set(probed.per_example) != wanted:
            raise ValueError(
                f"member {entry.id}: has values of the probes {sorted(probed.per_example)}, the "
                f"plan has {sorted(wanted)}"
            )
        hashes: dict[str, str] = {}
        for name, frame in sorted(probed.per_example.items()):
            data = parquet_bytes(pl.DataFrame([self._ids(name)]).hstack(frame))
            write_whole(probe_file(self.folder, name, entry.id), data)
            hashes[name] = sha256(data)
        series = None if probed.series is None else parquet_bytes(probed.series)
        if series is not None:
            write_whole(series_file(self.folder, entry.id), series)
        return entry.model_copy(
            update={"probes": hashes, "series": None if series is None else sha256(series)}
        )

    def _ids(self, probe: str) -> pl.Series | None:
        """Of the examples that a probe has values of."""
        parts = {"train": self._train_id_N, "held_out": self._held_out_id_N}
        return parts.get(self.plan.probes[probe].part or "", self._example_id_N)

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
        write_whole(entry_file(self.folder, member_id), Waiting(entry=entry).sealed())
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
        wall, worked = read_seconds(self.folder), read_seconds(self.folder, "processor")
        for entry in manifest.members:
            if entry.status != "failed":
                name = entry.id
                waiting = Waiting(
                    entry=entry, seconds=wall.get(name), processor_seconds=worked.get(name)
                )
                write_whole(entry_file(self.folder, name), waiting.sealed())
        write_whole(self.folder / PLAN, sealed_bytes(self.plan))
        (self.folder / MANIFEST).unlink(missing_ok=True)

    def _waiting(self) -> list[Waiting]:
        """Entries on disk in natural order, so that the order in which members end does not
        show."""
        found = []
        for path in (self.folder / MEMBERS).glob("*.json"):
            try:
                found.append(Waiting.read(path))
            except FileNotFoundError:
                continue  # Another run finished the population just now.
        return sorted(found, key=lambda w: natural(w.entry.id))

    def _is_whole(self, entry: MemberEntry) -> bool:
        """What probes measured may be large, so it is looked into once."""
        if entry.status != "done" or not _is(member_file(self.folder, entry.id), entry.sha256):
            return False
        known = {name: (entry.id, *known) for name, *known in self._probed(entry)}
        for path, key in known.items():
            if key not in self._looked_into and not _is(path, key[-1]):
                return False
            self._looked_into.add(key)
        return all(path.is_file() for path in known)

    def _drop_unlisted(self, manifest: Manifest) -> None:
        """Remove predictions of members that are not done: left by a kill before their entry, or
        found to be of no use when they were made again."""
        done = [m for m in manifest.members if m.status == "done"]
        wanted = {
            path
            for m in done
            for path in (member_file(self.folder, m.id), *(path for path, _ in self._probed(m)))
        }
        there = {path for files in (MEMBERS, SERIES, f"{PROBES}/*") for path in self._files(files)}
        for path in there - wanted:
            path.unlink(missing_ok=True)

    def _files(self, folder: str) -> Iterator[Path]:
        return self.folder.glob(f"{folder}/*.parquet")

    def _probed(self, entry: MemberEntry) -> Iterator[tuple[Path, str]]:
        """The files of what probes measured on a member, with their SHA-256."""
        for name, known in entry.probes.items():
            yield probe_file(self.folder, name, entry.id), known
        if entry.series:
            yield series_file(self.folder, entry.id), entry.series

    def _clean(self) -> None:
        """Remove what only a run under way needs, and what a killed one left. ``write_whole`` bears
        that a file which is being written goes too."""
        leftovers = [
            path
            for place in ("", f"{MEMBERS}/", f"{SERIES}/", f"{PROBES}/*/")
            for path in self.folder.glob(f"{place}*{UNFINISHED}")
        ]
        for path in [*leftovers, *(self.folder / MEMBERS).glob("*.json"), self.folder / PLAN]:
            path.unlink(missing_ok=True)


def write_records(records: Records, folder: Path) -> Manifest:
    """Save any population as a folder; ``read_population`` gives the same arrays back.

    The top five classes of a population of more than 64, and what probes measured, are not part of
    ``Records`` and are not written, nor are pictures that lie in files of their own.
    """
    label_N = pl.Series("label", records.label_N).replace(MISSING, None)
    others = [c for c in records.examples.columns if c not in ("example_id", "label", "input")]
    examples = records.examples.select("example_id", label_N, *others)
    if records.inputs is not None and records.pictures is None:
        examples = examples.with_columns(records.inputs.alias("input"))
    # Notes name files, whose names may be no text.
    notes = tuple(map(escaped, records.manifest.notes))
    plan = records.manifest.model_copy(update={"notes": notes, "probes": {}})
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
            in_top_N=_known_of(records.in_top_MN, m),
        )
        bare = entry.model_copy(update={"series": None, "probes": {}})
        writer._write(Waiting(entry=bare), answers, Probed())
    return writer.finish(facts=records.manifest.facts)


def _is(path: Path, known: str | None) -> bool:
    """Whether the file is there and the one that is known."""
    return path.is_file() and sha256(read_file(path, LARGEST_FILE, RecordError)) == known


def _known_of(values: NDArray[np.float32] | None, m: int) -> NDArray[np.float32] | None:
    """What one member has of these values; ``None`` where nothing is known."""
    return None if values is None or np.isnan(values[m]).all() else values[m]


def _mean_facts(entries: list[MemberEntry]) -> dict[str, float]:
    """Means over the members that are done, of the facts that each of them has."""
    done = [e.facts for e in entries if e.status == "done"]
    shared = [name for name in done[0] if all(name in facts for facts in done)] if done else []
    return {name: float(np.mean([facts[name] for facts in done])) for name in sorted(shared)}


def _read_manifest(path: Path) -> Manifest:
    return read_sealed(path, "choose another folder or delete this one")
