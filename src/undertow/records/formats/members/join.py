"""Joins the tables of several members by ``example_id``, never by position."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.formats.columns.keys import member_meant
from undertow.records.formats.decoding.typed import typed, typed_all
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.usual_names import flag_of

IDENTITY = ("label", "content_hash", "prompt_hash", "target", "input")
"""Columns that say what the example is: two values for one id mean two examples."""
PROBABILITY = "p_"
"""The beginning of a column's name that makes it a member's probability of a class."""
TWICE = "appear more than once"
"""In a note: an example was left out for another reason than an empty answer."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """One member's rows; ``source`` names the file (and the member, where a file has several).
    ``names`` are what its owner calls columns, by our names. ``numbered``: it names no examples, so
    its ids are the numbers of its rows."""

    member: str
    source: str
    frame: pl.DataFrame
    names: Mapping[str, str] = field(default_factory=dict)
    numbered: bool = False

    def called(self, name: str) -> str:
        """What the owner of the file calls this column."""
        return self.names.get(name, name)


@dataclass(frozen=True, eq=False)
class Joined:
    """``examples`` and one frame per member with the same examples in each row, sorted by id.

    The label is still text.
    """

    examples: pl.DataFrame
    sheets: tuple[Sheet, ...]
    left_out: pl.Series | None = None
    """Ids of the examples that were left out, null for a row without one."""


def join(
    sheets: list[Sheet],
    exclusions: Exclusions,
    *,
    per_member: frozenset[str],
    required: Callable[[pl.DataFrame], Sequence[str]] | None = None,
    wanted: Collection[str] = (),
) -> Joined:
    """Brings all members to the same examples.

    ``per_member`` names the columns of a member's answers; every other column belongs to the
    example. Members must agree on one that says what the example is, and on one of ``wanted``; any
    other on which they do not agree is left out with a note. ``required`` names columns that must
    have a value: without one an example is left out, where partial data are allowed. Raises
    ``TableError`` with file, value, count and fix for what does not fit.
    """
    given = sheets
    sheets = [_unique(sheet, exclusions) for sheet in sheets]
    ids = _shared_ids(sheets, exclusions)
    aligned = [_in_order(sheet, ids) for sheet in sheets]
    examples, doubtful_N = _example_columns(aligned, ids, exclusions, per_member, wanted)
    keep_N = ~doubtful_N
    if required is not None and exclusions.allowed and exclusions.missing == "refuse":
        keep_N &= ~_unanswered(aligned, ids, exclusions, required)
    if not keep_N.any():
        raise TableError(
            f"{_sources(sheets)}: no example is left after leaving out what does not fit; check "
            "the ids"
        )
    mask = pl.Series(keep_N)
    kept = tuple(replace(s, frame=s.frame.filter(mask)) for s in aligned)
    examples = examples.filter(mask)
    left_out = _left_out(given, examples["example_id"]) if exclusions.allowed else None
    return Joined(examples, kept, left_out)


def probability_columns(frame: pl.DataFrame) -> list[str]:
    """Returns the ``p_<class>`` columns, in the order of the file."""
    return [c for c in frame.columns if c.startswith(PROBABILITY) and len(c) > len(PROBABILITY)]


def _left_out(given: list[Sheet], kept: pl.Series) -> pl.Series:
    """Ids in some sheet that are not kept, and as many nulls as a sheet has rows without an id."""
    ids = pl.concat([sheet.frame["example_id"] for sheet in given]).unique().drop_nulls()
    nameless = max(sheet.frame["example_id"].null_count() for sheet in given)
    none = pl.Series("example_id", [None] * nameless, dtype=ids.dtype)
    return pl.concat([ids.filter(~ids.is_in(kept.implode())), none])


def _unique(sheet: Sheet, exclusions: Exclusions) -> Sheet:
    ids = sheet.frame["example_id"]
    if ids.null_count():
        exclusions.leave_out(
            f"{sheet.source}: {ids.null_count()} of {len(ids)} rows have no"
            f" {sheet.called('example_id')}",
            "fill them in",
        )
    twice = ids.is_duplicated() & ids.is_not_null()
    if twice.any():
        again = ids.filter(twice)
        exclusions.leave_out(
            f"{sheet.source}: {again.n_unique()} example ids {TWICE}, first {again[0]!r}",
            f"remove the repeats (or name the members {_of_members(sheet.frame)})",
            "all rows of these ids",
        )
    good = ids.is_not_null() & ~twice
    return sheet if good.all() else replace(sheet, frame=sheet.frame.filter(good))


def _of_members(frame: pl.DataFrame) -> str:
    """How the members of a file are named: by a column that could be it, where there is one."""
    name = member_meant(frame)
    return "in a column 'member'" if name is None else f"with {flag_of('member', name)}"


def _shared_ids(sheets: list[Sheet], exclusions: Exclusions) -> pl.Series:
    """Ids that every member has, sorted, so that the order of rows and files does not show."""
    first = sheets[0].frame["example_id"]
    everywhere, anywhere = first, first
    for sheet in sheets[1:]:
        ids = sheet.frame["example_id"]
        if ids.equals(first):
            continue
        everywhere = everywhere.filter(everywhere.is_in(ids.implode()))
        anywhere = pl.concat([anywhere, ids.filter(~ids.is_in(anywhere.implode()))])
    if len(everywhere) < len(anywhere):
        _say_missing(sheets, everywhere, anywhere, exclusions)
    return everywhere.sort()


def _say_missing(
    sheets: list[Sheet], everywhere: pl.Series, anywhere: pl.Series, exclusions: Exclusions
) -> None:
    for sheet in sheets:
        absent = anywhere.filter(~anywhere.is_in(sheet.frame["example_id"].implode()))
        if len(absent):
            exclusions.leave_out(
                f"{sheet.source}: lacks {len(absent)} of {len(anywhere)} example ids that other"
                f" members have, first {absent.sort()[0]!r}",
                "predict the same examples with every member",
            )
    exclusions.notes.append(
        f"{len(everywhere)} of {len(anywhere)} examples are in every member's table and are kept"
    )


def _in_order(sheet: Sheet, ids: pl.Series) -> Sheet:
    if sheet.frame["example_id"].equals(ids):
        return sheet
    frame = ids.to_frame("example_id").join(
        sheet.frame, on="example_id", how="left", maintain_order="left"
    )
    return replace(sheet, frame=frame)


def _example_columns(
    sheets: list[Sheet],
    ids: pl.Series,
    exclusions: Exclusions,
    per_member: frozenset[str],
    wanted: Collection[str],
) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """What belongs to the example, with the examples whose identity the files dispute."""
    columns = [ids.alias("example_id")]
    doubtful_N = np.zeros(len(ids), dtype=bool)
    holding: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        for name in sheet.frame.columns:
            holding.setdefault(name, []).append(sheet)
    theirs = {
        "example_id",
        *per_member,
        *(c for sheet in sheets for c in probability_columns(sheet.frame)),
    }
    slices: list[pl.Series] = []
    for name, holders in holding.items():
        if name in theirs:
            continue
        disputed_N, sentence = _disputed(name, holders, ids)
        if sentence is not None and name in IDENTITY:
            exclusions.leave_out(
                sentence, "one id must mean one example: correct the ids or the values"
            )
            doubtful_N |= disputed_N
        elif sentence is not None and name not in wanted:
            exclusions.notes.append(f"left out: {sentence}; the column is no slice")
            continue
        elif sentence is not None:
            exclusions.leave_out(
                f"{sentence}; the column is no slice",
                "a slice belongs to the example: remove the column",
            )
            continue
        (columns if name in IDENTITY else slices).append(holders[0].frame[name])
    return pl.DataFrame([*columns, *typed_all(slices)]), doubtful_N


def _disputed(
    name: str, holders: list[Sheet], ids: pl.Series
) -> tuple[NDArray[np.bool_], str | None]:
    """Where the files disagree about a column, and a sentence about the first such example."""
    first = holders[0]
    different_N = np.zeros(len(ids), dtype=bool)
    sentence = None
    for sheet in holders[1:]:
        here_N = _differs(first.frame[name], sheet.frame[name])
        if here_N.any() and sentence is None:
            n = int(here_N.argmax())
            values = " and ".join(
                f"{_shown(s.frame[name][n])} in {s.source}" for s in (first, sheet)
            )
            sentence = f"{first.called(name)!r} of example {ids[n]!r} is {values}"
        different_N |= here_N
    if sentence is None:
        return different_N, None
    return different_N, f"{sentence} ({int(different_N.sum())} of {len(ids)} examples differ)"


def _differs(a: pl.Series, b: pl.Series) -> NDArray[np.bool_]:
    if a.dtype != b.dtype:
        a, b = a.cast(pl.String), b.cast(pl.String)
    if a.equals(b):
        return np.zeros(len(a), dtype=bool)
    as_a, as_b = (typed(side, spelling=False) for side in (a, b))
    if as_a.dtype == as_b.dtype and as_a.dtype.is_numeric():
        a, b = as_a, as_b
    return a.ne_missing(b).to_numpy()


def _unanswered(
    sheets: list[Sheet],
    ids: pl.Series,
    exclusions: Exclusions,
    required: Callable[[pl.DataFrame], Sequence[str]],
) -> NDArray[np.bool_]:
    """Marks the examples for which some member has no value in a required column."""
    missing_N = np.zeros(len(ids), dtype=bool)
    for sheet in sheets:
        for name in required(sheet.frame):
            if not sheet.frame[name].null_count():
                continue
            empty_N = sheet.frame[name].is_null().to_numpy()
            exclusions.leave_out(
                f"{sheet.source}: {sheet.called(name)!r} is empty for {int(empty_N.sum())} of"
                f" {len(ids)} examples, first {ids[int(empty_N.argmax())]!r}",
                "fill it in",
            )
            missing_N |= empty_N
    return missing_N


def _sources(sheets: list[Sheet]) -> str:
    return ", ".join(dict.fromkeys(s.source for s in sheets[:3]))


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
