"""Who teaches whom: the populations of teachers and of their students, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from undertow.study.declaration import Comparison

if TYPE_CHECKING:
    from undertow.lab.interventions.site import Intervention
    from undertow.lab.population import Population

Learning = TypeVar("Learning")
"""What some kind of member learns for; None for labels."""

PACE = 1
"""``update_every`` of objectives that look at what is held out as often as the study's scale says,
until that is known."""

Pairings = dict[str, tuple[str, str]]
"""Names of student populations, with the kind of their teacher and their own."""


def teacher(kind: str, prefix: str = "") -> str:
    """What a population of teachers is called."""
    return f"{prefix}teacher {kind}"


def pair(teacher: str, student: str, prefix: str = "") -> str:
    """What a population of students is called."""
    return f"{prefix}{teacher} → {student}"


def pairings(teachers: Iterable[str], students: Iterable[str], prefix: str = "") -> Pairings:
    """Every kind of teacher with every kind of student, teacher by teacher."""
    own = tuple(students)
    return {pair(of, name, prefix): (of, name) for of in teachers for name in own}


def taught(
    labels: Population,
    teachers: Mapping[str, Intervention | None],
    students: Mapping[str, Intervention],
    pairs: Pairings,
    prefix: str = "",
) -> Iterator[Population]:
    """The teachers of ``pairs``, each with its students behind it; kinds are told by what they
    learn for. ``labels`` are the teachers that learn for nothing but labels (None), and say what
    all others share with them. The m-th member of a teacher teaches the m-th student."""
    for of, objective in teachers.items():
        own = {name: student for name, (teaches, student) in pairs.items() if teaches == of}
        if own:
            teaching = labels
            if objective is not None:
                teaching = labels.under(objective, name=teacher(of, prefix))
            yield teaching
            for name, student in own.items():
                yield labels.under(students[student], name=name, teacher=teaching)


def paced(objectives: Mapping[str, Learning], steps: int) -> dict[str, Learning]:
    """The same of which those at the study's ``PACE`` look every so many steps."""
    return {name: _paced(objective, steps) for name, objective in objectives.items()}


def _paced(objective: Any, steps: int) -> Any:
    waits = getattr(objective, "update_every", None) == PACE
    return replace(objective, update_every=steps) if waits else objective


def compressed(kind: str, students: Population, changes: Mapping[str, Intervention]) -> Comparison:
    """Students of a kind beside the same under each change, whose name follows theirs."""
    each = [students.under(change, name=students.name + how) for how, change in changes.items()]
    return Comparison(f"{kind} students compressed", students, tuple(each))
