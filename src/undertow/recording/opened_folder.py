"""The folder that a recorder writes into. Which traces its members have, and of which epochs, is
known once the first of them has trained; until then nothing but its checks is done."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError, UserError
from undertow.recording.member import Member
from undertow.recording.trace_values import CALLED, NAMES, entry_of
from undertow.records.class_list import refuse_many_classes
from undertow.records.folder import MANIFEST, PLAN, begun_file, make_folder, parquet_bytes, sha256
from undertow.records.manifest import read_sealed
from undertow.records.probes import Probed
from undertow.records.schema import Manifest, ProbeEntry
from undertow.records.taking_over import refuse_foreign
from undertow.records.waiting import checked_examples
from undertow.records.write import PopulationWriter


class OpenedFolder:
    """One population folder, new or taken up again."""

    def __init__(
        self,
        folder: Path,
        plan: Manifest,
        examples: pl.DataFrame,
        train: pl.DataFrame | None,
        epochs: int | None,
    ) -> None:
        self.folder, self._plan, self._examples, self._train = folder, plan, examples, train
        self._room = tuple(range(1, 1 + (epochs or 0)))
        self._writer: PopulationWriter | None = None
        self._diverged: list[tuple[Member, str]] = []
        refuse_many_classes(folder, len(plan.classes), RecordError)
        found = _there(folder)
        if found is not None:
            self._refuse_other_examples(found)
            self._refuse_untraced(found.probes.get(NAMES["train"]))
            self._refuse_other_train(found)
            self._begin({name: entry.epochs for name, entry in found.probes.items()})
        else:
            refuse_foreign(folder)
            make_folder(folder)
        self.settled = self._settled()
        """Names of members that are not to be made again: done, or diverged."""

    def begin(self, member: Member) -> None:
        """Mark that it trains: of one that is killed nothing else would be here. No record needs
        the mark, so a folder that takes none stops no training."""
        with suppress(OSError):
            begun_file(self.folder, member.name).touch()

    def _ended(self, member: Member) -> None:
        with suppress(OSError):
            begun_file(self.folder, member.name).unlink(missing_ok=True)

    def write(self, member: Member, pred_N: NDArray[Any], proba_NC: NDArray[Any] | None) -> None:
        """A member with every answer; ``UserError`` where its trace has epochs that the members
        before it have not, or it has none."""
        called, seen = f"member {member.name!r}", member.seen
        writer = self._writer or self._begin(self._with_room(seen))
        for name, epochs in seen.items():
            self.refuse_epochs(called, name, epochs)
        for name, entry in writer.plan.probes.items():
            if name not in seen:
                raise self._untraced(called, name, entry.epochs)
        per_example = {
            trace.name: trace.frame(f"{called}, saw", _epochs(writer.plan, trace.name))
            for trace in member.traces.values()
            if trace.epochs
        }
        writer.write_member(
            member.name, pred_N, proba_NC, seeds=member.seeds, facts=member.numbers,
            parent=member.parent, probed=Probed(per_example),
        )  # fmt: skip
        self._ended(member)

    def diverge(self, member: Member, reason: str) -> None:
        """A member of no use; it waits where no other has told yet what the record holds."""
        if self._writer is None:
            self._diverged.append((member, reason))
            return
        self._writer.diverge_member(member.name, reason, seeds=member.seeds, parent=member.parent)
        self._ended(member)

    def finish(self) -> Manifest:
        """Write the manifest, which makes the folder whole; ``UserError`` where no member is of
        use. If all diverged, that is recorded first."""
        if self._writer is None and not self._diverged:
            raise self._empty()
        writer = self._writer or self._begin(self._with_room(self._diverged[0][0].seen))
        diverged = writer.diverged_members()
        if not writer.done_members() and not diverged:
            raise self._empty()
        manifest = writer.finish()
        if diverged.keys() == {member.id for member in manifest.members}:
            name, entry = next(iter(diverged.items()))
            raise UserError(
                f"{self.folder}: all of its members ({len(diverged)}) diverged, which is recorded, "
                f"and none has answers to audit (the first, {name!r}: {entry.reason}); change how "
                "they train, and record into another folder"
            )
        return manifest

    @property
    def whole(self) -> bool:
        """Whether ``finish`` ran, now or in an earlier run."""
        return self._writer is not None and self._writer.finished

    def _empty(self) -> UserError:
        return UserError(
            f"{self.folder}: has no member; begin each with recorder.member(name) and give its "
            "answers before the with block ends"
        )

    def _untraced(self, called: str, name: str, epochs: tuple[int, ...]) -> UserError:
        """Of a member that lacks a trace which those before it have."""
        what, how = (
            ("was shown nothing by saw", "call saw in each training step")
            if name == NAMES["train"]
            else (
                "was shown no test examples by saw(…, part='test')",
                "call it after each of these epochs",
            )
        )
        return UserError(
            f"{called}: {what}, and {self.folder} has a {CALLED[name]} of {_listed(epochs)} of all "
            f"its members; {how}, or record into another folder"
        )

    def _with_room(self, seen: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """The epochs of each trace: those that the first member saw, and those asked for."""
        names = {*seen, *([NAMES["train"]] if self._train is not None and self._room else [])}
        return {name: tuple(sorted({*seen.get(name, ()), *self._room})) for name in sorted(names)}

    def _settled(self) -> tuple[str, ...]:
        if self._writer is None:
            return ()
        return (*self._writer.done_members(), *self._writer.diverged_members())

    def _begin(self, traces: Mapping[str, tuple[int, ...]]) -> PopulationWriter:
        probes = {name: entry_of(name, epochs) for name, epochs in traces.items() if epochs}
        plan = self._plan.model_copy(update={"probes": probes})
        train = self._train if NAMES["train"] in probes else None
        self._writer = PopulationWriter(self.folder, plan, self._examples, train=train)
        for member, reason in self._diverged:
            self.diverge(member, reason)
        return self._writer

    def refuse_epochs(self, called: str, name: str, seen: tuple[int, ...]) -> None:
        """``UserError`` for an epoch for which the trace has no room."""
        if self._writer is not None:
            epochs = _epochs(self._writer.plan, name)
        elif self._room:
            epochs = self._room
        else:
            return
        beyond = [epoch for epoch in seen if epoch not in epochs]
        if beyond:
            raise UserError(
                f"{called}: epoch {beyond[0] - 1} is none of the {CALLED[name]} in {self.folder}, "
                f"which has {_listed(epochs)}: those of its first member, or epochs= of Recorder; "
                "call saw in these alone, or begin another folder with epochs=, the most that a "
                "member trains"
            )

    def _refuse_other_examples(self, found: Manifest) -> None:
        """The writer's message is for the command line."""
        if found.classes == self._plan.classes and found.examples_sha256 != self._sha256(
            self._examples
        ):
            raise RecordError(
                f"{self.folder}: holds answers to other examples than those in examples= (other "
                "ids, labels, slices or inputs); choose another folder or delete this one"
            )

    def _refuse_other_train(self, found: Manifest) -> None:
        if self._train is None or found.train_sha256 is None:
            return
        if found.train_sha256 != self._sha256(self._train):
            raise RecordError(
                f"{self.folder}: holds members whose trace is of other training examples than "
                "those in train=; choose another folder or delete this one"
            )

    def _sha256(self, table: pl.DataFrame) -> str:
        return sha256(parquet_bytes(checked_examples(table, len(self._plan.classes))))

    def _refuse_untraced(self, trace: ProbeEntry | None) -> None:
        if trace is not None and self._train is None:
            raise RecordError(
                f"{self.folder}: holds members with a trace of {_listed(trace.epochs)}, which "
                "further members would lack; give train= and call saw, or choose another folder"
            )


def _epochs(plan: Manifest, name: str) -> tuple[int, ...]:
    """Those that the record has this trace of."""
    entry = plan.probes.get(name)
    return entry.epochs if entry else ()


def _there(folder: Path) -> Manifest | None:
    """What the folder already holds."""
    for name in (MANIFEST, PLAN):
        if (folder / name).exists():
            return read_sealed(folder / name, "choose another folder or delete this one")
    return None


def _listed(epochs: tuple[int, ...]) -> str:
    """Epochs as their owner counts them."""
    if not epochs:
        return "no epoch"
    first, last = epochs[0] - 1, epochs[-1] - 1
    if len(epochs) == 1:
        return f"epoch {first}"
    whole = len(epochs) == last - first + 1
    return f"epochs {first} to {last}" if whole else f"{len(epochs)} epochs from {first} to {last}"
