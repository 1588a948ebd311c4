"""Slice columns that two sides fill in differently.

A slice has to say what an example is. What a model made of it, such as its confidence, is another
thing on each side, and slicing by the reference's picks the examples on which the reference did
well or badly: of two equal models each then seems to lose against the other.

Many differences show such a column, and so do a few that go with the answers. Differences that come
about by chance do so in at most one column of a thousand (``LEVEL``); those on hard examples, where
answers change more often, hardly more: they know nothing of which side is right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.slices.coding import MOST_TEXTS
from undertow.audit.slices.unknown import CROSS
from undertow.audit.stats.ballots import modes
from undertow.records.check import Aligned, followed
from undertow.records.disputes import Dispute
from undertow.records.records import Records

MOST = 0.1
"""Share of the examples on which the sides may differ in a column that describes the examples."""
FEWEST, NEARLY_ALL = 6, 0.9
"""Disputed examples, and the share of them whose answers differ, from which on a column goes with
the answers: fewer examples than that are no loss that a test could see."""
LEVEL = 0.001
"""Chance at most that a column is refused whose few differences have nothing to do with the
models."""
TESTS = 3
"""Among which it is divided: which answers differ, which are right, and who is right where."""


class _Kinds(NamedTuple):
    """Disputed examples to which the reference gives a value that the variant does not, and those
    the other way round; of how many ``tests``."""

    mine_K: NDArray[np.bool_]
    theirs_K: NDArray[np.bool_]
    tests: int


def columns_of(by: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """The columns that slices are made of: a crossing of several."""
    names = (
        part.strip() for name in by for part in ([name] if name in known else name.split(CROSS))
    )
    return tuple(dict.fromkeys(name for name in names if name in known))


def why_disputed(aligned: Aligned, name: str) -> str | None:
    """Why a column is another one on each side; ``None`` where it describes the examples."""
    found = aligned.disputed.get(name)
    if found is None:
        return None
    differ = (
        f"{aligned.reference.name!r} and {aligned.variant.name!r} differ in column {name!r} on "
        f"{found.count:,} of {aligned.reference.N:,} examples (first {found.example!r}: "
        f"{found.mine!r} and {found.theirs!r})"
    )
    if found.count > MOST * aligned.reference.N:
        return differ
    reason = _goes_with_the_models(aligned, found)
    return None if reason is None else f"{differ}, {reason}"


def said_of_disputed(aligned: Aligned, columns: Iterable[str]) -> tuple[str, ...]:
    """Whose values are followed in columns asked for on which the sides differ."""
    return tuple(
        followed(name, aligned.disputed[name].count, aligned.reference)
        for name in columns
        if name in aligned.disputed
    )


def _goes_with_the_models(aligned: Aligned, found: Dispute) -> str | None:
    """How differences in a column go with those of the answers; ``None`` where they do not."""
    at = found.places["at"].to_numpy()
    gain_N = share_right(aligned.variant) - share_right(aligned.reference)
    for what, differ_N in (
        ("their answers differ", modal_answer(aligned.reference) != modal_answer(aligned.variant)),
        ("one is right and one wrong", np.abs(np.nan_to_num(gain_N)) > 1 / 2),
    ):
        if _coincide(at, differ_N):
            return f"{what} on {int(differ_N[at].sum()):,} of these too"
    if any(_turns_with(kinds, gain_N[at]) for kinds in _kinds(found.places)):
        return "its values there go with which of the two is right"
    return None


def share_right(records: Records) -> NDArray[np.float64]:
    """The share of members that are right, NaN where some outcome is missing."""
    share_N: NDArray[np.float64] = records.correct_MN.mean(axis=0, dtype=np.float64)
    return share_N


def modal_answer(records: Records) -> NDArray[np.integer[Any]]:
    """The modal answer to each example."""
    if records.M == 1:
        return np.asarray(records.pred_MN[0])
    everyone_M1 = np.ones((records.M, 1), dtype=np.bool_)
    mode_N: NDArray[np.integer[Any]] = modes(records.pred_MN, everyone_M1)[:, 0]
    return mode_N


def _coincide(at: NDArray[np.integer[Any]], differ_N: NDArray[np.bool_]) -> bool:
    """Whether nearly all disputed examples are such on which models differ, and not by chance."""
    both = int(differ_N[at].sum())
    if len(at) < FEWEST or both < NEARLY_ALL * len(at):
        return False
    from scipy.stats import hypergeom  # Here, as it takes a third of the time to start.

    chance = hypergeom.sf(both - 1, len(differ_N), int(differ_N.sum()), len(at))
    return bool(chance <= LEVEL / TESTS)


def _kinds(places: pl.DataFrame) -> Iterator[_Kinds]:
    """By each value; numbers, which may be many, by which is the larger."""
    mine, theirs = places["mine"], places["theirs"]
    before, after = (side.cast(pl.Float64, strict=False) for side in (mine, theirs))
    if not before.null_count() + after.null_count():
        yield _Kinds((before > after).to_numpy(), (after > before).to_numpy(), 1)
        return
    values = pl.concat([mine, theirs]).unique().sort()
    for value in values if len(values) <= MOST_TEXTS else ():
        yield _Kinds((mine == value).to_numpy(), (theirs == value).to_numpy(), len(values))


def _turns_with(kinds: _Kinds, gain_K: NDArray[np.float64]) -> bool:
    """Whether the variant gains on one kind of disputed examples and loses on the other, more than
    by chance."""
    from scipy.stats import fisher_exact  # Here, as in _coincide.

    table = [
        [int((gain_K[kind_K] > 0).sum()), int((gain_K[kind_K] < 0).sum())]
        for kind_K in (kinds.mine_K, kinds.theirs_K)
    ]
    return bool(fisher_exact(table).pvalue <= LEVEL / TESTS / kinds.tests)
