"""Files of arrays whose classes are numbers, where labels or the other side have names: how the
names are saved with them. Nothing in such a file tells their order, so a person has to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError
from undertow.records.class_list import order_classes
from undertow.records.formats.columns.scaling import text_typed
from undertow.records.formats.decoding.npz import MAGIC, array_names
from undertow.records.formats.predictions.label_arrays import label_array
from undertow.records.formats.predictions.label_saving import CLASSES as TO_WRITE
from undertow.records.formats.predictions.label_saving import loaded, named_anew
from undertow.records.opening import open_file

ALPHABET = "by the alphabet"
NAMES = "classes"
"""The array of names, in the order of their numbers."""
LONGEST_TYPED = 500
"""Letters of the names up to which they are typed for a person, who else writes them."""
TIMES = 2
"""Examples for each class from which on labels on both sides tell which is which."""
ALIKE = 0.8
"""Share of them that has to agree; the rest may be corrected or wrong."""


class Names(NamedTuple):
    """What the classes of a file, of which it has ``many``, may be called, and in what ``order``;
    ``None`` where labels tell it."""

    ordered: Sequence[str]
    many: int
    order: str | None = ALPHABET
    apart: bool = False
    """Labels of the same examples go with no names, so they are of other examples."""

    @property
    def guessed(self) -> str:
        """What goes before an order that nothing tells."""
        return "nothing tells their order, so this is a guess: " if self.order == ALPHABET else ""


def names_among(label: pl.Series, number: pl.Series, count: int) -> Names:
    """The names in ``label``, in the order that numbers of the same examples tell, if any do: all
    but a few of each number's have one name, and none has that of another."""
    both = pl.DataFrame({"number": number, "name": label}).drop_nulls()
    seen = both.group_by("number", "name").len().sort("len", "name", descending=[True, False])
    pairs = seen.unique("number", keep="first", maintain_order=True).sort("number")
    all_of_them = pairs["number"].to_list() == list(range(count))
    told = all_of_them and not pairs["name"].is_duplicated().any() and both.height >= TIMES * count
    if told and pairs["len"].sum() >= ALIKE * both.height:
        return Names(pairs["name"].to_list(), count, order=None)
    apart = both.height >= TIMES * count and pairs["len"].sum() < ALIKE * both.height
    return Names(order_classes(set(label.drop_nulls())), count, apart=apart)


class UnnamedClasses(TableError):
    """The classes of a file are numbers, and labels have ``names``."""

    said: str
    names: Names

    @classmethod
    def of(cls, said: str, paths: Sequence[Path], names: Names) -> UnnamedClasses:
        """With what to type for these files."""
        made = cls(f"{said}; {names_saved(paths, names)}")
        made.said, made.names = said, names
        return made

    def of_all(self, paths: Sequence[Path]) -> UnnamedClasses:
        """The same with what to type for all of these files that have no names."""
        return self.of(self.said, unnamed_among(paths), self.names)


def named_as_in(labels: Path, arrays: Path, label: pl.Series) -> str:
    """What to type to save numbers of classes in an array of labels under the names that a file of
    arrays gives them."""
    called = label_array(labels).names[1]
    made = named_anew(labels, called, some_missing=bool(label.null_count()))
    names = f"{loaded(arrays)}[{text_typed(NAMES)}]"
    listed = f"list({names})" if label.null_count() else names
    made = made.replace(TO_WRITE, listed)
    return f"if these are numbers of its classes, save them with names, {made}"


def unnamed_among(paths: Sequence[Path]) -> list[Path]:
    """The files of arrays that name no classes."""
    return [path for path in paths if _is_unnamed(path)]


def names_saved(paths: Sequence[Path], names: Names) -> str:
    """What to type to save names with these files."""
    ordered, count, order, apart = names
    if apart:
        return (
            "labels of the same examples do not go with one another, so rows are those of other "
            f"examples: save which they are, as an array ids, in {paths[0]}"
        )
    few = len(_typed(ordered)) <= LONGEST_TYPED
    if len(ordered) != count or not few:
        return (
            f"write the {count:,} names of classes 0, 1, 2 … in place of {TO_WRITE}, as in "
            f"{_typed(ordered[:2])}: {_saved_as(paths, TO_WRITE)}"
        )
    command = _saved_as(paths, _typed(ordered))
    if order is None:
        return f"the labels in both tell which is which, so save the names too: {command}"
    return (
        f"{names.guessed}if classes 0, 1, 2 … are {shown(ordered)} {order}, save the names too: "
        f"{command}; else bring the names after c = into their order first"
    )


def shown(names: Sequence[str]) -> str:
    """The first two."""
    return ", ".join(repr(name[:40]) for name in names[:2]) + " …" * (len(names) > 2)


def _saved_as(paths: Sequence[Path], names: str) -> str:
    """The command that saves these files with names, and what to give instead."""
    to = {path: path.with_name(f"{path.stem}-named.npz") for path in dict.fromkeys(paths)}
    saved = "; ".join(
        f"numpy.savez({text_typed(str(new))}, {_arrays(path)}, {NAMES}=c)"
        for path, new in to.items()
    )
    code = f"import numpy; c = {names}; {saved}"
    pairs = (f"{shlex.quote(str(new))} for {shlex.quote(str(path))}" for path, new in to.items())
    return f"python -c {shlex.quote(code)}, and give {', '.join(pairs)}"


def _typed(names: Sequence[str]) -> str:
    return json.dumps(list(names), ensure_ascii=False)


def _arrays(path: Path) -> str:
    return loaded(path) if _is_bare(path) else f"**{loaded(path)}"


def _is_bare(path: Path) -> bool:
    with open_file(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def _is_unnamed(path: Path) -> bool:
    if not str(path).endswith((".npz", ".npy")):
        return False
    try:
        return _is_bare(path) or NAMES not in array_names(path)
    except (OSError, TableError):
        return False
