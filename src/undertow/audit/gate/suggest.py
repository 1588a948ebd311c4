"""A first policy from the measured floor: the tightest limits that an unchanged model would pass.

A limit below what two runs of one model show is noise; far above it, it lets damage through. So
each limit here is what the reference's own runs differ by, plus what this number of examples needs
to decide with 80 % power.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from undertow.audit.answered import WORDS, answered
from undertow.audit.notices import runs_alike
from undertow.audit.slices import slice_table
from undertow.audit.stats.mcnemar import HALF
from undertow.audit.stats.slice_means import slice_means
from undertow.errors import UserError
from undertow.records.records import Records

LEVEL, POWER = 0.05, 0.8
SMALLEST_SLICE = 30
LONGEST = 60
"""Letters of a slice that is named."""
UNSEEN = 3.7
"""Examples that may change for all that a rule's limits tell where none did."""
STRICTER = "less is stricter, and takes more examples"


class _Floor(NamedTuple):
    """What runs of one model differ by, as shares of examples, the largest of all pairs of the
    first with another."""

    shift: float
    moved: float
    churn: float
    newly_wrong: float


def suggested_policy(records: Records, by: Sequence[str]) -> str:
    """A policy as TOML. Raises ``UserError`` with a single run, which has no floor, or where
    nothing says right or wrong."""
    if records.M < 2:
        raise UserError(
            f"{records.name!r} is one run, so it has no floor to suggest limits from; give a "
            "repeat run beside it (the same model again, other batch size, backend or seed), or "
            "write a policy by hand: the smallest is two lines, [[max_drop]] and points = 1.0"
        )
    if not records.outcome_known:
        raise UserError(
            f"{records.name!r} has neither labels nor scores; there is no accuracy to "
            "write a policy about"
        )
    floor, words = _floor(records), WORDS[answered(records)]
    which, up_to = (
        ("both runs", "") if records.M == 2 else ("the first run and each other", "up to ")
    )
    churned = f"{up_to}{100 * floor.churn:.2f} % {words.of} {words.moved}"
    lines = [
        "# Suggested by undertow gate --suggest from what the reference's own runs differ by; edit "
        "it.",
        f"# {records.M} runs of {_comment(records.name)}, {records.N:,} examples. Between {which} "
        "the score moved by",
        f"# {up_to}{100 * floor.shift:.2f} points and {churned}. "
        "Lower limits would be decided by noise.",
        *(f"# {_comment(said)}" for said in runs_alike(records)),
        f"level = {LEVEL}",
        "",
        *_rules(records, floor, by),
    ]
    return "\n".join(lines) + "\n"


def _floor(records: Records) -> _Floor:
    correct_MN, pred_MN = records.correct_MN, records.pred_MN
    right_MN = np.nan_to_num(correct_MN, nan=0.0) >= 0.5
    change_MN = correct_MN[1:] - correct_MN[0]
    return _Floor(
        shift=float(np.abs(np.nanmean(change_MN, axis=1)).max()),
        moved=float(np.nanmean(change_MN**2, axis=1).max()),
        churn=float((pred_MN[1:] != pred_MN[0]).mean(axis=1).max()),
        newly_wrong=float((right_MN[0] & ~right_MN[1:]).mean(axis=1).max()),
    )


def _rules(records: Records, floor: _Floor, by: Sequence[str]) -> Iterator[str]:
    n = records.N
    drop = floor.shift + decidable(floor.moved, n)
    yield from _table("max_drop", drop, f"lets through {_loss(records, drop, n)}; {STRICTER}")
    yield from _table(
        "max_churn", decidable(2 * floor.churn * (1 - floor.churn), n), "above the floor"
    )
    if (records.label_N >= 0).any():  # A graded score alone is neither right nor wrong.
        limit = decidable(2 * floor.newly_wrong * (1 - floor.newly_wrong), n)
        yield from _table("max_new_errors", limit, "above the floor")
    for column in by:
        yield from _worst_slice(records, floor, column)
    if records.confidence_MN is not None:
        gap_MN: NDArray[Any] = records.confidence_MN - records.correct_MN
        change_MN = gap_MN[1:] - gap_MN[0]
        moved = float(np.abs(np.nanmean(change_MN, axis=1)).max())
        yield from _table(
            "calibration_shift",
            moved + decidable(float(np.nanmean(change_MN**2)), n),
            tier="advisory",
        )


def _worst_slice(records: Records, floor: _Floor, column: str) -> Iterator[str]:
    """The limit that all slices of a column, each as its own answers move, rule out together."""
    slices = slice_table(records, [column])
    large = np.flatnonzero(slices.count_G >= SMALLEST_SLICE)
    if not len(large):
        return
    change_MN = records.correct_MN[1:] - records.correct_MN[0]
    moved_G = slice_means(slices.membership_GN[large], change_MN**2).max(axis=1)
    limits = [
        decidable(max(moved, floor.moved), n, slices=len(large))
        for moved, n in zip(moved_G.tolist(), slices.count_G[large].tolist(), strict=True)
    ]
    worst = int(np.nanargmax(limits))
    which, n = _comment(slices.value_G[large[worst]])[:LONGEST], int(slices.count_G[large[worst]])
    # One limit for all: a lower one than the smallest needs an unchanged model would not pass.
    limit = floor.shift + limits[worst]
    said = f"of {len(large)} slices {which} needs most, with {n} examples"
    if len(large) == 1:
        said = f"the one slice has {n} examples"
    said += f", where it lets through {_loss(records, limit, n)}"
    if n < int(slices.count_G[large].max()):
        said += "; a larger min_count lets the others have a lower limit"
    yield from _table("worst_slice_drop", limit, said, by=column, min_count=SMALLEST_SLICE)


def decidable(variance: float, n: int, *, slices: int = 1) -> float:
    """The smallest limit that ``n`` examples rule out with 80 % power where nothing changed,
    one-sided at 5 %; as a share. ``variance`` is of one example's difference. At least what
    equal answers rule out. With that power each of ``slices`` does at once."""
    z = -float(ndtri(LEVEL) + ndtri((1 - POWER) / slices))
    return max(z * math.sqrt(variance / n) + HALF / n, UNSEEN / n)


def _loss(records: Records, share: float, n: int) -> str:
    """The largest loss on ``n`` examples that such a limit does not rule out."""
    points = _points(share)
    if records.score_MN is not None:
        unit = "point" if points == 1 else "points"
        return f"a loss of up to {points:g} {unit} of the {records.outcome}"
    lost = round(10 * points) * n // 1000
    return f"a loss of up to {lost:,} right {'answer' if lost == 1 else 'answers'} in {n:,}"


def _points(share: float) -> float:
    """Rounded up to a tenth of a point."""
    return min(max(math.ceil(1000 * share) / 10, 0.1), 99.0)


def _table(name: str, share: float, said: str = "", **more: str | int) -> Iterator[str]:
    yield f"[[{name}]]"
    for key, value in more.items():
        yield f"{key} = {value}" if isinstance(value, int) else f"{key} = {_quoted(value)}"
    yield f"points = {_points(share):g}" + (f"  # {said}" if said else "")
    yield ""


def _quoted(value: str) -> str:
    """A TOML basic string."""
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04X}" for c in safe) + '"'


def _comment(value: str) -> str:
    return "".join(c if c.isprintable() else " " for c in value)
