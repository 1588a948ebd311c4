"""Refuses files of arrays whose rows are matched by place, where an array that was not read names
the same examples in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from undertow.errors import NotComparableError, TableError
from undertow.records.formats.arrays.files import CLASSES, IDS, INPUTS, LABELS, SCORES, texts_of
from undertow.records.formats.arrays.other_keys import renamed
from undertow.records.formats.columns.values import names_rows, numbers_in
from undertow.records.formats.decoding.npz import array_names, stored_arrays

OTHERS = frozenset({*SCORES, *IDS, *CLASSES, *LABELS, *INPUTS})


def refuse_unread_ids(files: Sequence[Sequence[Path]]) -> None:
    """Raises ``NotComparableError`` for the first two files, of these of each side, that have no
    ids and an array of names each, all of them different: the same names, and in another order."""
    paths = [path for path in dict.fromkeys(p for side in files for p in side) if _has_no_ids(path)]
    if len(paths) < 2:
        return
    first, *others = paths
    ours = dict(_naming(first))
    for other in others if ours else ():
        for theirs, named in _naming(other):
            for name, ids in ours.items():
                if not ids.equals(named) and ids.sort().equals(named.sort()):
                    raise NotComparableError(_said((first, name, ids), (other, theirs, named)))


def _said(one: tuple[Path, str, pl.Series], other: tuple[Path, str, pl.Series]) -> str:
    (first, name, ids), (second, theirs, named) = one, other
    differs = int((ids != named).sum())
    saved = "; and ".join(renamed(path, key, "ids") for path, key, _ in (one, other))
    arrays = f"array {name!r} of {first} and {theirs!r} of {second}"
    return (
        f"{arrays} name the same examples, and {differs:,} of {len(ids):,} rows have another name; "
        f"neither file has ids, so rows would be matched by their place: save these as ids, {saved}"
    )


def _has_no_ids(path: Path) -> bool:
    if path.suffix != ".npz" or not path.is_file():
        return False
    return {*IDS}.isdisjoint(array_names(path))


def _naming(path: Path) -> Iterator[tuple[str, pl.Series]]:
    """The arrays of texts, each once, that are read as nothing else."""
    for name in array_names(path):
        if name in OTHERS:
            continue
        try:
            array = stored_arrays(path, frozenset([name]))[name]
            if array.dtype.kind not in "US" or len(array.shape) != 1:
                continue
            texts = pl.Series(texts_of(path, array.whole()), dtype=pl.String)
        except TableError:  # Nobody asked for it, so nothing is wrong with the file.
            continue
        if names_rows(texts) and numbers_in(texts) is None:
            yield name, texts
