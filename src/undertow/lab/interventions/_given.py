"""Whether what an intervention was given is of the kind that it computes with."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Sequence


def check_numbers(what: object, names: Sequence[str]) -> None:
    """``ValueError`` where one of these is no number; ``True`` is none."""
    for name in names:
        value = getattr(what, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{what!r}: {name} is a number, not {value!r}")


def check_update_every(what: object, steps: object) -> None:
    """``ValueError`` where it is no number of steps."""
    if not _whole(steps) or steps < 1:
        raise ValueError(f"{what!r}: update_every is a whole number of steps, 1 or more")


def check_groups(what: object, groups: object) -> None:
    """``ValueError`` where it names nothing."""
    if not isinstance(groups, str) or not groups:
        raise ValueError(f"{what!r}: groups is 'class' or the name of a slice")


def check_teacher_member(what: object, member: object) -> None:
    """``ValueError`` where it is neither None nor a member's number."""
    if member is not None and (not _whole(member) or member < 0):
        raise ValueError(
            f"{what!r}: teacher_member is a whole number, counted from 0, or None for a teacher of "
            "each student's own"
        )


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
