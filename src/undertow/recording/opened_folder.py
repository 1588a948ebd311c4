"""The folder that a recorder writes into. Whether its members have a trace, and of which epochs, is
known once the first of them has trained; until then nothing but its checks is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from undertow.errors import RecordError, UserError
from undertow.recording.member import Member
from undertow.recording.trace_values import NAME, entry_of
from undertow.records.folder import MANIFEST, PLAN, make_folder, parquet_bytes, sha256
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
        self._writer: PopulationWriter | None = None
        self._diverged: list[tuple[Member, str]] = []
        found = _there(folder)
        if found is not None:
            self._refuse_other_examples(found)
            trace = found.probes.get(NAME)
            self._refuse_untraced(trace)
            self._refuse_other_train(found)
            self._begin(trace.epochs if trace else ())
        elif train is None or epochs is not None:
            self._begin(tuple(range(1, 1 + (epochs or 0))))
        else:
            refuse_foreign(folder)
            make_folder(folder)
        self.settled = self._settled()
        """Names of members that are not to be made again: done, or diverged."""

    def write(self, member: Member, pred_N: NDArray[Any], proba_NC: NDArray[Any] | None) -> None:
        """A member with every answer; ``UserError`` where its trace has epochs that the members
        before it have not, or it has none."""
        seen = member.trace.epochs if member.trace else ()
        writer = self._writer or self._begin(seen)
        epochs = _epochs(writer.plan)
        self.refuse_epochs(f"member {member.name!r}", seen)
        if epochs and not seen:
            raise UserError(
                f"member {member.name!r}: was shown nothing by saw, and {self.folder} has a trace "
                f"of {_listed(epochs)} of all its members; call saw in each training step, or "
                "record into another folder"
            )
        per_example = (
            {NAME: member.trace.frame(member.name, epochs)} if member.trace and seen else {}
        )
        writer.write_member(
            member.name, pred_N, proba_NC, seeds=member.seeds, facts=member.numbers,
            parent=member.parent, probed=Probed(per_example),
        )  # fmt: skip

    def diverge(self, member: Member, reason: str) -> None:
        """A member of no use; it waits where no other has told yet what the record holds."""
        if self._writer is None:
            self._diverged.append((member, reason))
            return
        self._writer.diverge_member(member.name, reason, seeds=member.seeds, parent=member.parent)

    def finish(self) -> Manifest:
        """Write the manifest, which makes the folder whole."""
        writer = self._writer or self._begin(())
        if not writer.done_members():
            raise UserError(
                f"{self.folder}: has no member; begin each with recorder.member(name) and give its "
                "answers before the with block ends"
            )
        return writer.finish()

    def _settled(self) -> tuple[str, ...]:
        if self._writer is None:
            return ()
        return (*self._writer.done_members(), *self._writer.diverged_members())

    def _begin(self, epochs: tuple[int, ...]) -> PopulationWriter:
        plan = self._plan
        if epochs:
            plan = plan.model_copy(update={"probes": {NAME: entry_of(epochs)}})
        train = self._train if epochs else None
        self._writer = PopulationWriter(self.folder, plan, self._examples, train=train)
        for member, reason in self._diverged:
            self.diverge(member, reason)
        return self._writer

    def refuse_epochs(self, called: str, seen: tuple[int, ...]) -> None:
        """``UserError`` for an epoch for which the trace has no room."""
        if self._writer is None:
            return
        epochs = _epochs(self._writer.plan)
        beyond = [epoch for epoch in seen if epoch not in epochs]
        if beyond:
            raise UserError(
                f"{called}: epoch {beyond[0] - 1} is none of the trace in {self.folder}, which has "
                f"{_listed(epochs)}: those of its first member, or epochs= of Recorder; call saw "
                "in these alone, or begin another folder with epochs=, the most that a member "
                "trains"
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


def _epochs(plan: Manifest) -> tuple[int, ...]:
    """Those that the record has a trace of."""
    entry = plan.probes.get(NAME)
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
