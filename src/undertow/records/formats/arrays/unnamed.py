"""Files of arrays whose classes are numbers, where labels or the other side have names: how the
names are saved with them. Where no labels and answers tell their order, a person has to: what is
typed then holds a word that Python does not know."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.classes_told import BY_ANSWERS, MARK
from undertow.records.formats.arrays.order_apart import orders_in, with_clue
from undertow.records.formats.columns.commands.python_typed import text_typed
from undertow.records.formats.decoding.new_files import MOST_TYPED, so_with, written_for
from undertow.records.formats.decoding.npz import MAGIC, array_names, stored_arrays
from undertow.records.formats.predictions.label_arrays import label_array
from undertow.records.formats.predictions.label_saving import loaded, named_anew
from undertow.records.opening import open_file
from undertow.records.order_told import CLASSES as TO_WRITE
from undertow.records.order_told import LONGEST_TYPED, WHERE, Names, typed

NAMES = "classes"
"""The array of names, in the order of their numbers."""


class UnnamedClasses(TableError):
    """The classes of a file are numbers, and labels have ``names``."""

    said: str
    names: Names
    paths: Sequence[Path]

    @classmethod
    def of(cls, said: str, paths: Sequence[Path], names: Names) -> UnnamedClasses:
        """With what to type for these files."""
        made = cls(f"{said}; {names_saved(paths, names)}")
        made.said, made.names, made.paths = said, names, paths
        return made

    def of_all(self, paths: Sequence[Path], others: Iterable[UnnamedClasses]) -> UnnamedClasses:
        """The same with what to type for all of these files that have no names; where their order
        is told, for those alone of which ``others``, refused of each, have the same."""
        if not self.names.told:
            return self.of(self.said, unnamed_among(paths), self.names)
        others = list(others)
        alike = [path for o in others if self.has_order_of(o.names) for path in o.paths]
        told = [(path, o.names.ordered) for o in others if o.names.told for path in o.paths]
        names = with_clue(self.names, [*told, *orders_in(paths, NAMES)])
        return self.of(self.said, [*dict.fromkeys([*self.paths, *alike])], names)

    def has_order_of(self, names: Names) -> bool:
        return bool(names.told) and [*names.ordered] == [*self.names.ordered]


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
    ordered = names.ordered
    if names.apart:
        return (
            "labels of the same examples do not go with one another, so rows are those of other "
            f"examples: save which they are, as an array ids, in {paths[0]}"
        )
    if not names.told or len(_typed(ordered)) > LONGEST_TYPED:
        return f"{to_write(names, '0, 1, 2 …')}: {_saved_as(paths, TO_WRITE)}"
    command = _saved_as(paths, _typed(ordered), told=names.by_answers)
    return f"{names.told}, so save the names too: {command}{names.unless}"


def to_write(names: Names, numbers: str) -> str:
    """That a person writes the names of these numbers in place of a word that stands for them."""
    known = f"{names.told}, as {typed(names.ordered)}" if names.told else names.hint
    return (
        f"{known}: write the {names.many:,} names of classes {numbers} in place of {TO_WRITE}, in "
        f"the order of the model's training {WHERE}"
    )


def shown(names: Sequence[str]) -> str:
    """The first two."""
    return ", ".join(repr(name[:40]) for name in names[:2]) + " …" * (len(names) > 2)


def _saved_as(paths: Sequence[Path], names: str, *, told: bool = False) -> str:
    """The command that saves these files with names, and what to give instead; only for the first
    of them where those of all would be too long. ``told``: with the mark that answers told them."""
    to = written_for(paths, "-named.npz")
    every = _command(to, names, told)
    if len(every) <= MOST_TYPED or len(to) == 1:
        return every
    first = next(iter(to))
    return f"{_command({first: to[first]}, names, told)}{so_with(len(to) - 1)}"


def _command(to: Mapping[Path, Path], names: str, told: bool) -> str:
    arrays = {NAMES: "c"} | ({MARK: text_typed(BY_ANSWERS)} if told else {})
    saved = [_saved(path, new, arrays) for path, new in to.items()]
    imports = "numpy" if all(map(_can_be_loaded, to)) else "numpy, shutil, zipfile"
    code = f"import {imports}; c = {names}; {'; '.join(saved)}"
    pairs = (f"{shlex.quote(str(new))} for {shlex.quote(str(path))}" for path, new in to.items())
    return f"python -c {shlex.quote(code)}, and give {', '.join(pairs)}"


def _saved(path: Path, new: Path, arrays: Mapping[str, str]) -> str:
    """With more ``arrays``, by name what is typed for each."""
    to, more = text_typed(str(new)), ", ".join(f"{name}={made}" for name, made in arrays.items())
    if _is_bare(path):
        return f"numpy.savez({to}, {loaded(path)}, {more})"
    if _can_be_loaded(path):
        return f"numpy.savez({to}, **{loaded(path)}, {more})"
    copied = f'zipfile.ZipFile(shutil.copy({text_typed(str(path))}, {to}), "a")'
    written = "".join(
        f'f = z.open("{name}.npy", "w"); numpy.save(f, {made}); f.close(); '
        for name, made in arrays.items()
    )
    return f"z = {copied}; {written}z.close()"


def _can_be_loaded(path: Path) -> bool:
    """Whether NumPy saves the arrays of a file anew: none is of objects, or called as the argument
    that is the new file."""
    if _is_bare(path):
        return True
    names = frozenset(array_names(path))
    try:
        return "file" not in stored_arrays(path, names)
    except TableError:  # One that nobody asked for is of objects.
        return False


def _typed(names: Sequence[str]) -> str:
    return json.dumps(list(names), ensure_ascii=False)


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
