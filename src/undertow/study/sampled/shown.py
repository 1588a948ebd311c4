"""Tables and lines of a result page over arms that choose their examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel
from undertow.study.sampled.arms import Sampled
from undertow.study.sampled.chosen import base_rate, if_sorted, share_of
from undertow.study.sampled.clocks import BACK, CLOCKS, COST, WITHIN, curve, speed_up, spent_by
from undertow.study.trained import Floats, mean_interval, percent

NONE = "–"
Published = Mapping[str, Sequence[tuple[float | None, float]]]
"""Of arms, column by column: the paper's speed-up, if the target was reached, and its error in
%."""


def as_printed(s: Sampled, arms: Sequence[str], published: Published) -> Table:
    """Speed-up and final error of every arm and column, ours above the paper's own."""
    rows = []
    for arm in arms:
        rows.append([arm, "ours", *(_printed(s, arm, column) for column in s.columns)])
        if arm in published:
            rows.append(["", "paper", *map(_theirs, published[arm])])
    note = (
        f"Speed-up × to {WITHIN} times the final error of the same column's {s.base} (of "
        f"{s.half_base or s.base} for arms on half of the data), by {', by '.join(CLOCKS)}; in "
        "brackets the final test error in %, ± half the 95 % interval over members. *– n of M*: so "
        "many members reached it, and a speed-up takes all. The paper's are by its one clock, and "
        "the target is our reading of them. *Not run*: left to a larger scale."
    )
    return Table("Speed-up and final error", ["arm", "", *s.columns], rows, note)


def _theirs(cell: tuple[float | None, float]) -> str:
    faster, error = cell
    return f"{NONE if faster is None else f'{faster:.1f}×'} ({error:.2f})"


def _printed(s: Sampled, arm: str, column: str) -> str:
    if not s.there(arm, column):
        return "not run"
    error = f"({percent(s.error(arm, column))})"
    if arm == s.base_of(arm):
        return f"1× {error}"
    found = speed_up(s, arm, column)
    if not found.by_clock:
        return f"{NONE} {found.reached} of {found.members} {error}"
    clocks = (found.by_clock.get(clock) for clock in CLOCKS)
    each = " / ".join(NONE if r is None else f"{r.value:.1f}" for r in clocks)
    return f"{each}× {error}"


def speed_ups(s: Sampled, arms: Sequence[str]) -> Table:
    """The same speed-ups with their limits, and what whole trainings cost."""
    rows = [
        _speed_up(s, arm, column)
        for column in s.columns
        for arm in arms
        if arm != s.base_of(arm) and s.there(arm, column)
    ]
    head = ["column", "arm", "reached", *CLOCKS, "back-props in all", "seconds in all"]
    note = (
        "Speed-ups with Fieller's 95 % limits over members. The last two are shares of what the "
        "base spent on its whole training. Seconds were measured beside other work on the machine "
        "and have the pass over the test part in them, which weighs more the less an arm learns "
        "from; of a held-out model nothing is counted."
    )
    return Table("Time to the target on three clocks", head, rows, note)


def _speed_up(s: Sampled, arm: str, column: str) -> list[str]:
    found = speed_up(s, arm, column)
    own, base = (spent_by(s.of(name, column)) for name in (arm, s.base_of(arm)))
    shares = [
        f"{own[clock][:, -1].mean() / base[clock][:, -1].mean():.2f}"
        if clock in own and clock in base
        else NONE
        for clock in (BACK, CLOCKS[-1])
    ]
    each = (found.by_clock.get(clock) for clock in CLOCKS)
    ups = [NONE if ratio is None else str(ratio) for ratio in each]
    return [column, arm, f"{found.reached} of {found.members}", *ups, *shares]


def ratios(s: Sampled, arms: Sequence[str], bases: Sequence[str]) -> Table:
    """Final errors of arms over those of each base."""
    rows = [
        [arm, base, *(_ratio(s, arm, base, column) for column in s.columns)]
        for arm in arms
        for base in bases
        if arm != base
    ]
    note = "Ratios of final test errors, with Fieller's 95 % limits over members."
    return Table("Errors beside a base's", ["arm", "over", *s.columns], rows, note)


def _ratio(s: Sampled, arm: str, base: str, column: str) -> str:
    both = s.there(arm, column) and s.there(base, column)
    return str(s.ratio(arm, base, column)) if both else NONE


def chosen(s: Sampled, arms: Mapping[str, float | None], warm: int = 1) -> Table:
    """The damaged among what arms learned from; arms of a beta beside the share of sorted
    losses."""
    rows = []
    for column in s.columns[1:]:
        for arm, beta in arms.items():
            if s.there(arm, column):
                base, share_ME = base_rate(s, arm, column), share_of(s.of(arm, column))
                shown = (share_ME[:, min(warm, share_ME.shape[1] - 1)], share_ME[:, -1])
                whole = NONE if beta is None else f"{100 * if_sorted(base, beta):.1f}"
                cells = [f"{100 * base:.1f}", *(percent(share_M) for share_M in shown), whole]
                rows.append([column, arm, *cells])
    head = ["column", "arm", "of all %", "first choosing epoch %", "last epoch %", "if sorted %"]
    note = "± half the 95 % interval over members. *If sorted*: 1 − (1 − q)^(β + 1)."
    return Table("Damaged examples among those learned from", head, rows, note)


def chosen_panels(
    s: Sampled, arms: Mapping[str, float | None], columns: Sequence[str]
) -> list[Panel]:
    """The damaged among what arms learned from, in %, over epochs, of the columns that are there;
    dashed, if losses were sorted."""
    return [
        Panel(f"Corrupted among chosen: {column}", "epoch", "%", _share_lines(s, arms, column))
        for column in columns
        if s.there(s.base, column)
    ]


def _share_lines(s: Sampled, arms: Mapping[str, float | None], column: str) -> list[Line]:
    lines = []
    for pair, (arm, beta) in enumerate(arms.items()):
        if s.there(arm, column):
            epochs = s.of(arm, column).epochs
            lines.append(_line(arm, epochs, share_of(s.of(arm, column)), pair))
            if beta is not None:
                whole = 100 * if_sorted(base_rate(s, arm, column), beta)
                ends, name = (epochs[0], epochs[-1]), f"{arm} if sorted"
                lines.append(Line(name, ends, (whole, whole), pair=pair, stroke="dashed"))
    return lines


def error_panels(s: Sampled, arms: Sequence[str], columns: Sequence[str]) -> list[Panel]:
    """Test error in % over what was spent by the second clock, in epochs of the base."""
    cost = f"cost, epochs of {s.base}"
    return [
        Panel(f"Test error: {column}", cost, "%", _error_lines(s, arms, column))
        for column in columns
        if s.there(s.base, column)
    ]


def _error_lines(s: Sampled, arms: Sequence[str], column: str) -> list[Line]:
    lines, base = [], spent_by(s.of(s.base, column))[COST]
    for pair, arm in enumerate(arms):
        if s.there(arm, column):
            found = curve(s.of(arm, column))
            cost_E = found.spent[COST].mean(axis=0) / (base[:, -1].mean() / base.shape[1])
            lines.append(_line(arm, cost_E.tolist(), found.error_ME, pair))
    return lines


def _line(label: str, x: Sequence[float], share_ME: Floats, pair: int) -> Line:
    each_E3 = 100 * np.array([mean_interval(share_M) for share_M in share_ME.T])
    mean, low, high = each_E3.clip(0, 100).T.tolist()
    return Line(label, x, mean, low, high, pair)
