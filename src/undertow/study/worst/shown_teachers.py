"""Tables of teachers, and of how much of their students' differences they make."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from undertow.audit.stats.components import Components, Estimate
from undertow.audit.stats.rank_limits import rank_correlation
from undertow.study.declaration import Table
from undertow.study.pairs import p_text
from undertow.study.worst.recalls import Floats
from undertow.study.worst.teachers import Teachers
from undertow.study.worst.written import NONE


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
    """Of the teachers that are counted, whose gap is known."""
    known_M = gap_M[~np.isnan(gap_M)]
    return f"{known_M.min():.3f} … {known_M.max():.3f}" if len(known_M) else NONE


def _rank(gap_M: Floats, students_M: Floats) -> list[str]:
    found = rank_correlation(gap_M, students_M)
    if np.isnan(found.rho):
        return [str(found.units), NONE, NONE]
    limits = "" if np.isnan(found.low) else f" [{found.low:+.2f}, {found.high:+.2f}]"
    return [str(found.units), f"{found.rho:+.2f}{limits}", p_text(found.p)]
