"""Which group each example is in: its class, or its value of a slice of the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import torch
from torch import Tensor

from undertow.errors import UserError
from undertow.lab.feeds.feed import Feed

CLASS = "class"
EMPTY = "(empty)"
"""The group of examples without a value."""


@dataclass(frozen=True, eq=False)
class Groups:
    """G groups, each with a training example. ``by_class`` says that group g is class g."""

    names: tuple[str, ...]
    train_N: Tensor
    """The group of each training example, int64,"""
    held_N: Tensor
    """and of each held-out one."""
    by_class: bool

    @property
    def count_G(self) -> Tensor:
        """Training examples of each, float64."""
        return torch.bincount(self.train_N, minlength=len(self.names)).double()

    @property
    def log_share_G(self) -> Tensor:
        """The logarithm of each one's share of the training examples, float64."""
        return (self.count_G / len(self.train_N)).log()


def groups_of(owner: object, by: str, data: Feed, *, held_out: bool) -> Groups:
    """The groups that ``owner`` asks for: ``class``, or a slice of the training part, where an
    empty value counts as a value.

    ``UserError`` where there is no such slice, where a group has no training example, and, if
    ``held_out`` is needed, where a group has no held-out example.
    """
    groups = _classes(data) if by == CLASS else _slices(owner, by, data)
    _check_all(owner, by, groups.names, groups.train_N, "training example")
    if held_out:
        if not len(data.held_out_y_N):
            raise UserError(
                f"{owner!r}: it looks at held-out examples, and the data have none; train on "
                "HeldOut(data, share=0.1)"
            )
        _check_all(owner, by, groups.names, groups.held_N, "held-out example")
    return groups


def _classes(data: Feed) -> Groups:
    names = tuple(str(label) for label in range(data.classes))
    return Groups(names, data.train_y_N, data.held_out_y_N, by_class=True)


def _slices(owner: object, by: str, data: Feed) -> Groups:
    if by not in data.train_slices.columns:
        has = ", ".join((CLASS, *data.train_slices.columns))
        raise UserError(f"{owner!r}: the training part has no slice {by!r}; it has {has}")
    train, held = (_values(slices, by) for slices in (data.train_slices, data.held_out_slices))
    names = sorted({*train, *held})
    place = {name: group for group, name in enumerate(names)}
    train_N, held_N = (
        torch.tensor([place[value] for value in values], dtype=torch.int64, device=data.device)
        for values in (train, held)
    )
    return Groups(tuple(names), train_N, held_N, by_class=False)


def _values(slices: pl.DataFrame, by: str) -> list[str]:
    """Of each example; none where the part is not there."""
    if by not in slices.columns:
        return []
    return slices[by].cast(pl.String).fill_null(EMPTY).to_list()


def _check_all(owner: object, by: str, names: Sequence[str], group_N: Tensor, what: str) -> None:
    count_G = torch.bincount(group_N, minlength=len(names))
    for name, count in zip(names, count_G.tolist(), strict=True):
        if not count:
            raise UserError(
                f"{owner!r}: no {what} has {by} {name!r}; each group needs one. Cut the data in "
                "another way, or take other groups"
            )
