"""Tables and panels of arms that trade average accuracy for their worst classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from undertow.audit.stats.components import Components, Estimate
from undertow.audit.stats.rank_limits import rank_correlation
from undertow.study.claims import points
from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel
from undertow.study.pairs import p_text
from undertow.study.trained import Trained, mean_interval
from undertow.study.worst.arms import Arm, Statistic, Value, balanced, difference, value, worst
from undertow.study.worst.choice import Choice
from undertow.study.worst.front import Front
from undertow.study.worst.recalls import Floats
from undertow.study.worst.teachers import Teachers
from undertow.study.worst.true_lowest import true_worst

NONE = "–"


class Printed(NamedTuple):
    """A paper's worst-class (or worst-k) and average accuracy in %, with the standard error that it
    prints of the first, None where it prints none."""

    worst: float
    average: float
    error: float | None = None

    def __str__(self) -> str:
        error = "" if self.error is None else f" ± {self.error:.2f}"
        return f"{self.worst:.2f}{error} ({self.average:.2f})"


def arms_table(
    arms: Mapping[str, Arm], k: int = 1, printed: Mapping[str, Printed] | None = None
) -> Table:
    """Average, balanced, worst-class and worst-k accuracy of every arm with limits, the limits of
    its true worst class, and what the paper printed."""
    rows = [_arm(name, arm, k, (printed or {}).get(name)) for name, arm in arms.items()]
    more = [] if k == 1 else [f"worst-{k} %"]
    head = ["arm", "members", "average %", "balanced %", "worst class %", *more]
    note = (
        "With 95 % limits over members (teachers, where several taught) and test examples, of the "
        "value as measured: of new members on a new test part of this size. The lowest of noisy "
        "recalls is too low; *true worst class* has limits of what endless test examples would "
        "show, from below the measured value to above that of a class that one half of the "
        "examples chose and the other measured. *Paper*: worst class ± standard error (average), "
        "where it printed them."
    )
    columns = [*head, "true worst class %", "paper"]
    return Table("Average and worst-class accuracy", columns, rows, note)


def _arm(name: str, arm: Arm, k: int, theirs: Printed | None) -> list[str]:
    statistics = [arm.average(), balanced, worst(1), *([] if k == 1 else [worst(k)])]
    true = true_worst(arm)
    return [
        name,
        _count(arm),
        *(share(value(arm, statistic)) for statistic in statistics),
        _limits(true.low, true.high) or NONE,
        NONE if theirs is None else str(theirs),
    ]


def _count(arm: Arm) -> str:
    """Members, with how many teachers they had."""
    members = str(len(arm.right_MN))
    return members if not arm.named else f"{members} ({len(arm.named)} taught)"


def differences(arms: Mapping[str, Arm], base: str, k: int = 1) -> Table:
    """Every arm less one of them, which answered the same examples."""
    statistics: list[tuple[str, Statistic]] = [
        ("average", arms[base].average()),
        ("balanced", balanced),
        ("worst class", worst(1)),
    ]
    statistics += [] if k == 1 else [(f"worst-{k}", worst(k))]
    rows = [
        [name, *(gain(difference(arm, arms[base], f)) for _, f in statistics)]
        for name, arm in arms.items()
        if name != base
    ]
    note = (
        f"In points, less {base}, with 95 % limits over members and test examples, of the "
        "difference as measured. Of two arms with one lowest true recall the one with the more "
        "even classes is measured lower."
    )
    return Table(f"Beside {base}", ["arm", *(name for name, _ in statistics)], rows, note)


def choices_table(picked: Mapping[str, Choice[str]], tested: Mapping[str, Arm]) -> Table:
    """What was chosen by held-out examples, and what it is on test examples."""
    rows = []
    for what, found in picked.items():
        arm = tested[what]
        test = [share(value(arm, statistic)) for statistic in (worst(1), arm.average())]
        held_out = [f"{100 * each:.1f}" for each in (found.worst, found.average)]
        rows.append([what, found.setting, f"{found.allowed} of {found.settings}", *held_out, *test])
    note = (
        "Chosen by held-out examples alone, which flatter what they chose; the test part took no "
        "part, but the members are the same. *Allowed*: as accurate on average, held out, as "
        "standard distillation within its standard error, where that was asked."
    )
    held = ["worst class held out %", "average held out %"]
    head = ["choice", "setting", "allowed", *held, "worst class %", "average %"]
    return Table("Chosen on held-out examples", head, rows, note)


def lowest_table(arms: Mapping[str, Arm], classes: Sequence[str]) -> Table:
    """Which class is the worst of how many members, and its recall over all of them."""
    rows = []
    for name, arm in arms.items():
        lowest_M = arm.recall_MC.argmin(axis=1)
        members = "member" if len(lowest_M) == 1 else "members"
        count_C = np.bincount(lowest_M, minlength=len(classes))
        order = [int(c) for c in np.argsort(-count_C, kind="stable") if count_C[c]]
        said = [
            f"{classes[c]}: {count_C[c]} of {len(lowest_M)} {members}, "
            f"{100 * arm.recall_MC[:, c].mean():.1f} %"
            for c in order
        ]
        rows.append([name, "; ".join(said)])
    note = (
        "The class with the lowest recall of each member, the first of equal ones, and the recall "
        "of that class, the mean over all members."
    )
    return Table("Who is worst", ["arm", "lowest class"], rows, note)


def split_table(found: Mapping[str, Components]) -> Table:
    """How much of the variance is the teacher's."""
    rows = [
        [name, str(c.number), str(c.df), _root(c.members), _root(c.origins), _estimate(c.share)]
        for name, c in found.items()
    ]
    head = ["arm", "teachers", "df of students", "students, SD", "teachers, SD"]
    note = (
        "Standard deviations in points of students of one teacher, and of teachers, of the worst "
        "class on these test examples, with 95 % limits; exact where values are normal and "
        "teachers have equally many students, but for those of teachers, which are at least as "
        "wide. Few teachers leave all shares possible."
    )
    return Table("Students and teachers", [*head, "the teachers' share"], rows, note)


def _root(found: Estimate) -> str:
    """A variance as a standard deviation in points."""
    each = [f"{100 * np.sqrt(max(v, 0.0)):.1f}" for v in found]
    return NONE if np.isnan(found.value) else f"{each[0]} [{each[1]}, {each[2]}]"


def _estimate(found: Estimate) -> str:
    each = [f"{v:.2f}" for v in found]
    return NONE if np.isnan(found.value) else f"{each[0]} [{each[1]}, {each[2]}]"


def teachers_table(found: Mapping[str, Teachers]) -> Table:
    """What the theory says of teachers beside what their students did; each kind of gap with its
    rank correlation."""
    rows = [
        [name, kind, _range(gap_M), *_rank(gap_M, teachers.students_M)]
        for name, teachers in found.items()
        for kind, gap_M in teachers.gaps.items()
    ]
    head = ["teachers", "gap", "from … to", "number", "ρ with students' worst class", "p"]
    note = (
        "Gap: max over classes of E |τ p / π − η / π| at the best τ (0 to 1); what stands for η is "
        "*labels* (large also for a perfect teacher, small for one too sure of its answers), "
        "*bins* (beyond what labels drawn from the teacher give), *others* (the mean of all other "
        "teachers; what they share is not seen). ρ: Spearman's, over teachers, with 95 % limits; "
        "the theory says below 0. p by exchange, two-sided."
    )
    return Table("Teachers up to a scale per class", head, rows, note)


def _range(gap_M: Floats) -> str:
    return f"{np.min(gap_M):.3f} … {np.max(gap_M):.3f}"


def _rank(gap_M: Floats, students_M: Floats) -> list[str]:
    found = rank_correlation(gap_M, students_M)
    if np.isnan(found.rho):
        return [str(found.units), NONE, NONE]
    limits = "" if np.isnan(found.low) else f" [{found.low:+.2f}, {found.high:+.2f}]"
    return [str(found.units), f"{found.rho:+.2f}{limits}", p_text(found.p)]


def share(found: Value) -> str:
    """In %."""
    return f"{100 * found.mean:.1f} {_limits(found.low, found.high)}".rstrip()


def _limits(low: float, high: float) -> str:
    if np.isnan(low) or np.isnan(high):
        return ""
    return f"[{100 * max(low, 0.0):.1f}, {100 * min(high, 1.0):.1f}]"


def gain(found: Value) -> str:
    """In points, with its sign."""
    if np.isnan(found.low):
        return points(found.mean)
    return f"{points(found.mean)} [{points(found.low)}, {points(found.high)}]"


def front_panel(title: str, fronts: Mapping[str, Front]) -> Panel:
    """Average over worst-k in %: every arm a dot, those that no other beats joined; a colour per
    front."""
    lines = []
    for pair, (name, front) in enumerate(fronts.items()):
        place = {arm: p for p, arm in enumerate(front.arms)}
        on_K2 = 100 * front.points_P2[[place[arm] for arm in front.best]]
        others = [p for arm, p in place.items() if arm not in front.best]
        lines.append(Line(name, on_K2[:, 0].tolist(), on_K2[:, 1].tolist(), pair=pair))
        if others:
            x, y = (100 * front.points_P2[others]).T.tolist()
            lines.append(Line(f"{name}, beaten", x, y, pair=pair, stroke="none"))
    worst_k = {f.k for f in fronts.values()}
    name = "worst class" if worst_k == {1} else f"worst-{max(worst_k)}"
    return Panel(title, "average accuracy, %", f"{name}, %", lines)


def weights_panel(title: str, members: Trained, columns: Mapping[str, str]) -> Panel:
    """The objective's weight of each class (λ) over epochs, mean over members with limits;
    ``columns`` are series of the probe ``Told`` by name: ``{"ship": "lambda 8"}``. ``KeyError`` for
    one that was not recorded."""
    lines = [
        _over_epochs(name, members.epochs, members.series(column), pair)
        for pair, (name, column) in enumerate(columns.items())
    ]
    return Panel(title, "epoch", "λ", lines)


def _over_epochs(label: str, epochs: Sequence[int], value_ME: Floats, pair: int) -> Line:
    mean, low, high = zip(*(mean_interval(value_M) for value_M in value_ME.T), strict=True)
    return Line(label, epochs, mean, low, high, pair)
