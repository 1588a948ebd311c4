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
from undertow.records.folder import MANIFEST, PLAN, make_folder
from undertow.records.manifest import read_sealed
from undertow.records.probes import Probed
from undertow.records.schema import Manifest, ProbeEntry
from undertow.records.taking_over import refuse_foreign
from undertow.records.write import PopulationWriter


class OpenedFolder:
    """One population folder, new or taken up again."""

    def __init__(
        self, folder: Path, plan: Manifest, examples: pl.DataFrame, train: pl.DataFrame | None
    ) -> None:
        self.folder, self._plan, self._examples, self._train = folder, plan, examples, train
        self._writer: PopulationWriter | None = None
        self._diverged: list[tuple[Member, str]] = []
        found = _there(folder)
        if found is not None:
            trace = found.probes.get(NAME)
            self._refuse_untraced(trace)
            self._begin(trace.epochs if trace else ())
            self._refuse_other_train(found)
        elif train is None:
            self._begin(())
        else:
            refuse_foreign(folder)
            make_folder(folder)
        self.settled = self._settled()
        """Names of members that are not to be made again: done, or diverged."""

    def write(self, member: Member, pred_N: NDArray[Any], proba_NC: NDArray[Any] | None) -> None:
        """A member with every answer; ``UserError`` where its trace is of other epochs than
        those of the members before it."""
        epochs = member.trace.epochs if member.trace else ()
        writer = self._writer or self._begin(epochs)
        self._refuse_other_epochs(member, epochs, writer)
        per_example = {NAME: member.trace.frame(member.name)} if member.trace and epochs else {}
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

    def _refuse_other_epochs(
        self, member: Member, epochs: tuple[int, ...], writer: PopulationWriter
    ) -> None:
        entry = writer.plan.probes.get(NAME)
        others = entry.epochs if entry else ()
        if epochs != others:
            raise UserError(
                f"member {member.name!r}: was shown to saw in {_listed(epochs)}, and the members "
                f"before it in {_listed(others)}, and all members of a population have the same; "
                f"call saw in the same epochs, or record into another folder than {self.folder}"
            )

    def _refuse_untraced(self, trace: ProbeEntry | None) -> None:
        if trace is not None and self._train is None:
            raise RecordError(
                f"{self.folder}: holds members with a trace of {_listed(trace.epochs)}, which "
                "further members would lack; give train= and call saw, or choose another folder"
            )

    def _refuse_other_train(self, found: Manifest) -> None:
        """The writer looks at test examples alone."""
        wanted = self._writer.plan.train_sha256 if self._writer else None
        if found.train_sha256 is not None and wanted is not None and wanted != found.train_sha256:
            raise RecordError(
                f"{self.folder}: holds members whose trace is of other training examples than "
                "those in train=; choose another folder or delete this one"
            )


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
