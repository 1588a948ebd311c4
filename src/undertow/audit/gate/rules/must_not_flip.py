"""``must_not_flip``: examples that were right and must stay right, by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import polars as pl
from pydantic import model_validator

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision
from undertow.audit.gate.rules._rule import Rule
from undertow.errors import UserError
from undertow.records.opening import read_file

LARGEST = 1 << 28
"""Bytes of a list of ids."""


class MustNotFlip(Rule):
    """``ids`` in the policy, or ``file`` beside it with one id a line (``#`` begins a comment). An id that the
    reference itself gets wrong cannot flip; one that is not among the examples leaves the rule open."""

    name: ClassVar[str] = "must_not_flip"
    ids: tuple[str, ...] = ()
    file: str | None = None

    @model_validator(mode="after")
    def _some(self) -> MustNotFlip:
        if not self.ids and self.file is None:
            raise ValueError("give ids or file")
        return self

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        wanted = tuple(dict.fromkeys((*self.ids, *self._from_file(folder))))
        before_N, after_N = evidence.right
        ids = evidence.pair.reference.example_id_N
        listed_N = ids.is_in(list(wanted)).to_numpy()
        flipped = ids.filter(pl.Series(listed_N & before_N & ~after_N)).to_list()
        absent = sorted(set(wanted) - set(ids.filter(pl.Series(listed_N)).to_list()))
        numbers = {"limit": 0.0, "observed": float(len(flipped)), "n": float(listed_N.sum())}
        if flipped:
            reason = f"{len(flipped)} of {len(wanted)} listed examples became wrong: {_some_of(flipped)}."
            yield self.decision(evidence, None, "fail", reason, **numbers)
        elif absent:
            reason = f"{len(absent)} of {len(wanted)} listed examples are not among those compared: {_some_of(absent)}."
            yield self.decision(evidence, None, "cannot tell", reason, **numbers)
        else:
            reason = f"None of {len(wanted)} listed examples became wrong."
            yield self.decision(evidence, None, "pass", reason, **numbers)

    def _from_file(self, folder: Path) -> list[str]:
        if self.file is None:
            return []
        path = folder / self.file
        try:
            lines = read_file(path, LARGEST, UserError).decode("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise UserError(f"{path}: the ids of must_not_flip cannot be read ({why}); one id a line") from error
        return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _some_of(ids: list[str]) -> str:
    return ", ".join(repr(i) for i in ids[:5]) + (" …" if len(ids) > 5 else "")
