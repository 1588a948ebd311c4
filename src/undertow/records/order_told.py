"""In which order names go with the numbers of classes, as labels of the same examples tell it; and
whether that is certain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import lgamma, log
from typing import NamedTuple

import polars as pl

from undertow.records.class_list import order_classes

CLASSES = "CLASSES"
"""Stands in what is typed where a person writes the names of the classes."""
WHERE = '(model.classes_, config.id2label), as in ["name of 0", "name of 1"]'
"""Where their order is found, and how they are typed."""
NOTHING = "nothing tells their order"
LABELS = "the labels in both tell which is which"
LONGEST_TYPED, LONGEST_SHOWN = 20_000, 500
"""Letters of the names up to which they are typed in a command for a person, who else writes them;
and up to which all are shown beside it."""
LEAST = 3
"""Examples of each class from which on labels on both sides tell which is which."""
ALIKE, ALIKE_EACH = 0.8, 0.9
"""Share of all of them that has to agree, and of those of each class; the rest may be corrected or
wrong."""
CHANCE = 1e-6
"""Above this chance that labels which have nothing to do with one another agree so in any order,
the order is not told."""
ROWS = 100
"""Examples from which on rows that only their place matches tell anything; of two classes none do,
as one mistake turns the order around."""


class Names(NamedTuple):
    """What the classes of a file, of which it has ``many``, are called, in their order where
    something has ``told`` it, which then is a clause; else ``hint`` says what is known of it."""

    ordered: Sequence[str]
    many: int
    told: str = ""
    hint: str = NOTHING
    apart: bool = False
    """Labels of the same examples go with no names, so they are of other examples."""
    unless: str = ""
    """What to do where that is not so, to say last."""
    by_answers: bool = False
    """Told by answers, which then fit the labels in any case."""


def names_among(label: pl.Series, number: pl.Series, count: int, *, by_row: bool = False) -> Names:
    """The names in ``label``, in the order that numbers of the same examples suggest, if any do:
    all but a few have one name for each. ``by_row`` where only their place says which examples are
    the same."""
    both = pl.DataFrame({"number": number, "name": label}).drop_nulls()
    seen = both.group_by("number", "name").len().sort("len", "name", descending=[True, False])
    pairs = seen.unique("number", keep="first", maintain_order=True).sort("number")
    alike = pairs["len"].sum() >= ALIKE * both.height
    one_each = not pairs["name"].is_duplicated().any()
    if alike and one_each and pairs["number"].to_list() == list(range(count)):
        doubt = _doubt(both, pairs, by_row=by_row)
        ordered = pairs["name"].to_list()
        if doubt is None:
            return Names(ordered, count, told=LABELS)
        return Names(ordered, count, hint=f"most labels in both have {typed(ordered)}, but {doubt}")
    apart = both.height >= LEAST * count and not alike
    return Names(order_classes(set(label.drop_nulls())), count, apart=apart)


def typed(names: Sequence[str]) -> str:
    """As Python has them; of many the first two."""
    listed = json.dumps(list(names), ensure_ascii=False)
    if len(listed) <= LONGEST_SHOWN:
        return listed
    return f"{json.dumps(list(names[:2]), ensure_ascii=False)[:-1]}, …]"


def are_places(ids: pl.Series) -> bool:
    """Whether ids are the numbers of the rows, so that only its place says which example one is; a
    reader may have sorted them."""
    numbers = ids.cast(pl.Int64, strict=False).sort()
    return numbers.equals(pl.Series(range(len(ids)), dtype=pl.Int64))


def _doubt(both: pl.DataFrame, pairs: pl.DataFrame, *, by_row: bool) -> str | None:
    """Why the order of the pairs is not certain; ``None`` where it is."""
    sizes = _sizes(both, pairs)
    few = sizes.filter(pl.min_horizontal("of_number", "of_name") < LEAST).rows(named=True)
    if few:
        least = min(few[0]["of_number"], few[0]["of_name"])
        return f"of {few[0]['name'][:40]!r} there {'is' if least == 1 else 'are'} only {least}"
    apart = sizes.filter(pl.col("len") < ALIKE_EACH * pl.max_horizontal("of_number", "of_name"))
    if apart.height:
        one = apart.row(0, named=True)
        most = max(one["of_number"], one["of_name"])
        return f"of {most} of {one['name'][:40]!r} only {one['len']} agree"
    if by_row and (sizes.height == 2 or both.height < ROWS or _is_sorted(both, sizes)):
        return "rows are matched by their place alone"
    return "so few agree by chance too" if _by_chance(both.height, sizes) > log(CHANCE) else None


def _sizes(both: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs with how many examples have the number, and how many the name."""
    for key in ("number", "name"):
        size = both.group_by(key).agg(pl.len().alias(f"of_{key}"))
        pairs = pairs.join(size, on=key)
    return pairs.sort("number")


def _unlike(rows: int, sizes: pl.DataFrame) -> float:
    """How likely two examples drawn apart, one on each side, are of no pair."""
    return 1 - float((sizes["of_number"] / rows * sizes["of_name"] / rows).sum())


def _is_sorted(both: pl.DataFrame, sizes: pl.DataFrame) -> bool:
    """Whether classes stand together: blocks of one size agree in any order of the classes."""
    blocks = both["number"].rle_id().n_unique()
    return blocks < _unlike(both.height, sizes) * both.height / 2


def _by_chance(rows: int, sizes: pl.DataFrame) -> float:
    """The logarithm of what the chance is at most (Chernoff's bound) that as many agree in any of
    the orders there are."""
    unlike = _unlike(rows, sizes)
    apart = 1 - int(sizes["len"].sum()) / rows
    if apart >= unlike:
        return 0.0
    bound = (1 - apart) * log((1 - apart) / (1 - unlike))
    bound += apart * log(apart / unlike) if apart else 0.0
    return lgamma(sizes.height + 1) - rows * bound
