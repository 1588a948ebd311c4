"""``must_not_flip``: examples that were right and must stay right, by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import field_validator, model_validator

from undertow.audit.gate.evidence import Evidence
from undertow.audit.gate.result import Decision, Outcome
from undertow.audit.gate.rules._rule import Rule
from undertow.errors import UserError
from undertow.records.opening import read_file

LARGEST = 1 << 28
"""Bytes of a list of ids."""


class MustNotFlip(Rule):
    """``ids`` in the policy, or ``file`` beside it with one id a line (``#`` begins a comment). An
    id that the reference itself gets wrong cannot flip. One that is not among the examples, or has
    no outcome, leaves the rule open, and so does a list of which the reference gets none right."""

    name: ClassVar[str] = "must_not_flip"
    ids: tuple[str, ...] = ()
    file: str | None = None

    @field_validator("ids", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> object:
        """Ids are text; whole numbers are taken as they are written."""
        if not isinstance(given, list | tuple):
            return given
        return [str(i) if isinstance(i, int) and not isinstance(i, bool) else i for i in given]

    @model_validator(mode="after")
    def _some(self) -> MustNotFlip:
        if not self.ids and self.file is None:
            raise ValueError("give ids or file")
        if any(not i.strip() for i in self.ids):
            raise ValueError("one of the ids is empty")
        return self

    def decide(self, evidence: Evidence, level: float, folder: Path) -> Iterator[Decision]:
        wanted = tuple(dict.fromkeys((*self.ids, *self._from_file(folder))))
        before_N, after_N = evidence.right
        ids = evidence.pair.reference.example_id_N
        listed_N = ids.is_in(list(wanted)).to_numpy()

        def those(which_N: NDArray[np.bool_]) -> list[str]:
            return ids.filter(pl.Series(listed_N & which_N)).to_list()

        known_N = ~(np.isnan(before_N) | np.isnan(after_N))
        flipped = those((before_N == 1) & (after_N == 0))
        silent = those(~known_N & (before_N != 0) & (after_N != 1))
        absent = sorted(set(wanted) - set(ids.filter(pl.Series(listed_N)).to_list()))
        wrong = those(before_N == 0)
        outcome, reason = _said(len(wanted), flipped, absent, silent, wrong)
        numbers = {
            "limit": 0.0,
            "observed": float(len(flipped)),
            "n": float((listed_N & known_N).sum()),
        }
        if absent or silent:
            numbers |= {
                "low": float(len(flipped)),
                "high": float(len(flipped) + len(absent) + len(silent)),
            }
        yield self.decision(evidence, None, outcome, reason, **numbers)

    def _from_file(self, folder: Path) -> list[str]:
        if self.file is None:
            return []
        path = folder / self.file
        try:
            text = read_file(path, LARGEST, UserError).decode("utf-8-sig")
            lines = [line.strip() for line in text.splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise UserError(
                f"{path}: the ids of must_not_flip cannot be read ({why}); one id a line"
            ) from error
        ids = [line for line in lines if line and not line.startswith("#")]
        if not ids:
            raise UserError(
                f"{path}: has no ids for must_not_flip; write one id a line, or take the rule out"
            )
        return ids


def _said(
    wanted: int, flipped: list[str], absent: list[str], silent: list[str], wrong: list[str]
) -> tuple[Outcome, str]:
    """The outcome and why: what flipped, else what leaves it open, else how many could have flipped
    at all."""
    if wanted == 1:
        return _said_of_one(flipped, absent, silent, wrong)
    of = f"of {wanted} listed examples"
    if flipped:
        return "fail", f"{len(flipped)} {of} became wrong: {_some_of(flipped)}."
    if absent:
        are = "is" if len(absent) == 1 else "are"
        said = f"{len(absent)} {of} {are} not among those compared: {_some_of(absent)}."
        return "cannot tell", said
    if silent:
        said = f"There is no outcome on both sides for {len(silent)} {of}: {_some_of(silent)}."
        return "cannot tell", said
    if len(wrong) == wanted:
        return "cannot tell", f"The reference gets none {of} right, so none can become wrong."
    already = f" The reference itself gets {len(wrong)} of them wrong." if wrong else ""
    return "pass", f"None {of} became wrong.{already}"


def _said_of_one(
    flipped: list[str], absent: list[str], silent: list[str], wrong: list[str]
) -> tuple[Outcome, str]:
    """The same where a single example is listed."""
    one = "the one listed example"
    if flipped:
        return "fail", f"The one listed example became wrong: {_some_of(flipped)}."
    if absent:
        said = f"The one listed example is not among those compared: {_some_of(absent)}."
    elif silent:
        said = f"There is no outcome on both sides for {one}: {_some_of(silent)}."
    elif wrong:
        said = f"The reference gets {one} wrong, so it cannot become wrong."
    else:
        return "pass", "The one listed example did not become wrong."
    return "cannot tell", said


def _some_of(ids: list[str]) -> str:
    return ", ".join(repr(i) for i in ids[:5]) + (" …" if len(ids) > 5 else "")
