"""Tables of arms that trade average accuracy for their worst classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from undertow.study.declaration import Table
from undertow.study.worst.arms import Arm, balanced, worst
from undertow.study.worst.choice import Choice
from undertow.study.worst.printed import Printed
from undertow.study.worst.true_lowest import true_worst
from undertow.study.worst.values import value
from undertow.study.worst.written import NONE, limits, share


def arms_table(
    arms: Mapping[str, Arm],
    k: int = 1,
    printed: Mapping[str, Printed] | None = None,
    title: str = "Average and worst-class accuracy",
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
        "where it printed them, not all by one protocol (see Published)."
    )
    columns = [*head, "true worst class %", "paper"]
    return Table(title, columns, rows, note)


def _arm(name: str, arm: Arm, k: int, theirs: Printed | None) -> list[str]:
    statistics = [arm.average(), balanced, worst(1), *([] if k == 1 else [worst(k)])]
    true = true_worst(arm)
    return [
        name,
        _count(arm),
        *(share(value(arm, statistic)) for statistic in statistics),
        limits(true.low, true.high) or NONE,
        NONE if theirs is None else str(theirs),
    ]


def _count(arm: Arm) -> str:
    """Members, with how many teachers they had."""
    members = str(len(arm.right_MN))
    return members if not arm.named else f"{members} ({len(arm.named)} taught)"


def choices_table(picked: Mapping[str, tuple[Choice[str], Arm]]) -> Table:
    """What was chosen by held-out examples, with what it is on test examples."""
    rows = []
    for what, (found, arm) in picked.items():
        test = [share(value(arm, statistic)) for statistic in (worst(1), arm.average())]
        held_out = [f"{100 * each:.1f}" for each in (found.worst, found.average)]
        rows.append([what, found.setting, f"{found.allowed} of {found.settings}", *held_out, *test])
    note = (
        "Chosen by all members and held-out examples alone, which flatter what they chose; the "
        "test part took no part, but the members are the same. Claims are judged by members that "
        "did not choose. *Allowed*: as accurate on average, held out, as "
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
