"""Files of arrays whose names stand in another order than the one that answers told: a clue that
answers of one of them may really be exchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from undertow.errors import TableError
from undertow.records.formats.decoding.npz import stored_arrays
from undertow.records.order_told import Names, typed

Order = tuple[Path, Sequence[str]]


def with_clue(names: Names, orders: Iterable[Order]) -> Names:
    """These names, and where answers told them that the first of the orders of the same names which
    is another one differs."""
    apart = (
        (path, ordered)
        for path, ordered in orders
        if [*ordered] != [*names.ordered] and {*ordered} == {*names.ordered}
    )
    path, ordered = next(apart, (None, ())) if names.by_answers else (None, ())
    if path is None:
        return names
    clue = (
        f"; {path} has them in another order, {typed(ordered)}, so answers of one of the two may "
        "really be exchanged"
    )
    return names._replace(unless=f"{clue}{names.unless}")


def orders_in(paths: Iterable[Path], name: str) -> Iterator[Order]:
    """The order in the array ``name`` of each file that has one."""
    for path in paths:
        try:
            array = stored_arrays(path, frozenset([name])).get(name)
        except (OSError, TableError):  # No file of arrays, or a damaged one.
            continue
        if array is not None and array.dtype.kind == "U":
            yield path, [str(value) for value in array.whole().reshape(-1)]
