"""Panels of the figure: fronts, how the objective's weights move, and teachers as the theory judges
them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from undertow.study.figures import COLOURS, Line, Panel
from undertow.study.trained import Floats, Trained, mean_interval
from undertow.study.worst.front import Front
from undertow.study.worst.outcomes import of_one_kind
from undertow.study.worst.teachers import Teachers
from undertow.study.worst.written import with_limits

STUDENTS = "worst class of students, %"


def front_panel(title: str, fronts: Mapping[str, Front]) -> Panel:
    """Average over worst-k in %: every arm a dot, those that no other of its front beats joined; a
    colour per front."""
    lines = []
    for pair, (name, front) in enumerate(fronts.items()):
        place = {arm: p for p, arm in enumerate(front.arms)}
        on_K2 = 100 * front.points_P2[[place[arm] for arm in front.best]]
        others = [p for arm, p in place.items() if arm not in front.best]
        lines.append(Line(name, on_K2[:, 0].tolist(), on_K2[:, 1].tolist(), pair=pair))
        if others:
            x, y = (100 * front.points_P2[others]).T.tolist()
            lines.append(Line("", x, y, pair=pair, stroke="none"))
    worst_k = {f.k for f in fronts.values()}
    name = "worst class" if worst_k == {1} else f"worst-{max(worst_k)}"
    return Panel(title, "average accuracy, %", f"{name}, %", lines)


def weights_panel(title: str, members: Trained) -> Panel:
    """The objective's weight of each class (λ) over epochs, as the probe ``Told`` recorded it, mean
    over members with limits. ``RecordError`` where it did not."""
    lines = [
        _over_epochs(name, members.epochs, members.series(f"lambda {c}"), c)
        for c, name in enumerate(members.answers.classes)
    ]
    return Panel(title, "epoch", "λ", lines)


def teachers_panel(title: str, kinds: Mapping[str, Teachers], gap: str = "bins") -> Panel:
    """A dot for each teacher: its gap, and the worst class of its students in %; a colour per kind,
    the rank correlation within kinds with its limits in the title."""
    lines = [
        Line(name, kind.gaps[gap].tolist(), (100 * kind.students_M).tolist(), pair=k, stroke="none")
        for k, (name, kind) in enumerate(kinds.items())
    ]
    rank = of_one_kind([(kind.gaps[gap], kind.students_M) for kind in kinds.values()])
    said = f"{title}: ρ {with_limits(rank, '+.2f')} within kinds"
    return Panel(said, f"gap to calibration up to a scale per class ({gap})", STUDENTS, lines)


def _over_epochs(label: str, epochs: Sequence[int], value_ME: Floats, pair: int) -> Line:
    """Of more lines than there are colours, the others are dashed."""
    mean, low, high = zip(*(mean_interval(value_M) for value_M in value_ME.T), strict=True)
    return Line(label, epochs, mean, low, high, pair, "solid" if pair < len(COLOURS) else "dashed")
