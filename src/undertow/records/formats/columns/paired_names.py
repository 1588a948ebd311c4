"""Finds a prediction by its name beside what it predicts: ``pred_stars`` beside ``stars``,
``species_hat`` beside ``true_species``; and columns of one name with numbers, ``run0`` to
``run4``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

import polars as pl

from undertow.records.formats.columns.values import is_nested, most_as_numbers, values_of
from undertow.records.usual_names import plain

PREDICTS = frozenset(
    {"pred", "preds", "predicted", "prediction", "predictions", "predict", "hat", "guess",
     "guessed", "estimate", "estimated", "est"}
)  # fmt: skip
RIGHT = frozenset({"true", "gold", "actual", "gt", "truth", "label", "target", "real"})


def named_in_pairs(frame: pl.DataFrame, rest: Sequence[str]) -> list[tuple[str, str]]:
    """Each prediction with its right answers, which have values in common or are numbers."""
    pairs = list[tuple[str, str]]()
    for name in rest:
        words = _words(name)
        base = [word for word in words if word not in PREDICTS]
        if not base or len(base) == len(words) or is_nested(frame[name]):
            continue
        named = (c for c in rest if c != name and _without(c, RIGHT) == base)
        pairs += [(name, other) for other in named if _alike(frame, name, other)][:1]
    return pairs


def class_names(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """What is left of the names of predictions without what all have: ``cat`` of
    ``y_pred_cat``."""
    words = [[w for w in _words(name) if w not in PREDICTS] for name, _ in pairs]
    shared = sum(1 for _ in takewhile(lambda alike: len({*alike}) == 1, zip(*words, strict=False)))
    return ["_".join(each[shared:]) for each in words]


def _words(name: str) -> list[str]:
    return plain(name).strip("_").split("_")


def _without(name: str, said: frozenset[str]) -> list[str]:
    words = _words(name)
    return [word for word in words if word not in said] or words


def _alike(frame: pl.DataFrame, name: str, other: str) -> bool:
    both = frame[name], frame[other]
    if not values_of(both[0]).isdisjoint(values_of(both[1])):
        return True
    return all(most_as_numbers(column) is not None for column in both)


def are_numbered(names: Sequence[str]) -> bool:
    """Whether several names differ in a number alone, as those of seeds do."""
    return len(names) > 1 and len({re.sub(r"\d+", "", name) for name in names}) == 1


def pattern_of(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    """``run*`` for three and more numbered columns, if no other is called so; else the names."""
    begin = re.sub(r"\d.*", "", names[0]) if len(names) > 2 and are_numbered(names) else ""
    if begin and re.fullmatch(r"[\w\-. ]+", begin):
        alike = [c for c in columns if c.startswith(begin)]
        return [f"{begin}*"] if alike == [*names] else [*names]
    return [*names]
