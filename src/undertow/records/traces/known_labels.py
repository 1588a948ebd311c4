"""Which labels of a trace are known to be wrong, by the table that ``undertow plant`` wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from undertow.errors import UserError
from undertow.records.formats.decoding.tables import parse
from undertow.records.traces.trace import Trace

PLANTED = "planted.csv"
ID, LABEL, TRUE = "example_id", "label", "true_label"


def with_planted(trace: Trace, path: Path) -> Trace:
    """The trace with those labels known to be wrong that the table says are. ``UserError`` where
    its labels are not those of the trace: then members did not learn what was planted."""
    told = _read(path)
    ids = _as_told(trace.values.example_id_N.to_list(), told[ID])
    label, true = (_by_id(told, name) for name in (LABEL, TRUE))
    there = [
        n
        for n, each in enumerate(ids)
        if label.get(each) is not None and trace.values.label_N[n] >= 0
    ]
    if not there:
        raise UserError(
            f"--planted {path}: has none of the {len(ids):,} examples of the trace "
            f"({', '.join(map(repr, ids[:2]))} …), but {told[ID][0]!r}; give the same ids ({ID}), "
            "in an npz as ids"
        )
    given = [label[ids[n]] for n in there]
    index = _indices(given, trace.values.label_N[there].tolist(), trace.classes)
    _refuse_other_labels(trace, path, ids, there, label, true, index)
    wrong_N = np.zeros(len(ids), dtype=np.bool_)
    for n in there:
        right = true.get(ids[n])
        wrong_N[n] = right is not None and index.get(right, -1) != trace.values.label_N[n]
    if not wrong_N.any():
        raise UserError(
            f"--planted {path}: no label is planted: {LABEL} and {TRUE} are the same for all "
            f"{len(there):,} examples of the trace; give {PLANTED} as undertow plant wrote it"
        )
    unmatched = _unmatched(path, told, ids, there, [true[ids[n]] for n in there], index)
    return replace(
        trace,
        classes=_names(trace.classes, index),
        known_wrong_N=trace.known_wrong_N | wrong_N,
        notices=(*trace.notices, *unmatched),
        doubts=(*trace.doubts, *_other_ids(path, told, ids, len(there))),
    )


def _read(path: Path) -> pl.DataFrame:
    told = parse(path)
    for name in (ID, LABEL, TRUE):
        if name not in told.columns:
            raise UserError(
                f"--planted {path}: has no column {name!r}; give {PLANTED} as undertow plant "
                "wrote it"
            )
    told = told.select(pl.col(ID, LABEL, TRUE).cast(pl.String))
    twice = told[ID].filter(told[ID].is_duplicated())
    if len(twice):
        raise UserError(
            f"--planted {path}: the id {twice[0]!r} stands twice; give each example once"
        )
    return told


def _as_told(ids: list[str], told: pl.Series) -> list[str]:
    """Ids of the trace as the table has them: a CSV is read without blanks around its values."""
    known = set(told.to_list())
    return [each if each in known else each.strip() for each in ids]


def _by_id(told: pl.DataFrame, name: str) -> dict[str, str | None]:
    return dict(zip(told[ID].to_list(), told[name].to_list(), strict=True))


def _unmatched(
    path: Path,
    told: pl.DataFrame,
    ids: list[str],
    there: list[int],
    true: list[str | None],
    index: dict[str, int],
) -> list[str]:
    """What is said of examples that only one of the two has, and of true labels of no class."""
    said = []
    rest, beside = len(ids) - len(there), _beside(told, ids)
    if rest and not beside.height:
        said.append(
            f"{path.name} tells the labels of {len(there):,} of {len(ids):,} examples; whether any "
            f"of the other {rest:,} was planted is not known."
        )
    elif beside.height and not rest:
        said.append(
            f"{path.name} has {beside.height:,} of {told.height:,} ids that the trace lacks."
        )
    unknown = sum(right is None for right in true)
    if unknown:
        said.append(
            f"{path.name}: {unknown:,} of {len(there):,} examples have a {LABEL} and no {TRUE}; "
            "they do not count as known to be wrong."
        )
    none = [right for right in true if right is not None and right not in index]
    if none:
        said.append(
            f"{path.name}: {len(none):,} of {len(there):,} examples have a {TRUE} that is no label "
            f"of the trace, as {none[0]!r}; they count as wrong."
        )
    return said


def _beside(told: pl.DataFrame, ids: list[str]) -> pl.DataFrame:
    """Rows of examples that the trace lacks."""
    return told.filter(~pl.col(ID).is_in(ids))


def _other_ids(path: Path, told: pl.DataFrame, ids: list[str], there: int) -> tuple[str, ...]:
    """What is said first where both have examples that the other lacks: if these are the same ones
    by other ids, what was planted among them is hidden."""
    beside, rest = _beside(told, ids), len(ids) - there
    if not rest or not beside.height:
        return ()
    planted = beside.filter(pl.col(LABEL) != pl.col(TRUE)).height
    return (
        f"{path.name} matches only {there:,} of {len(ids):,} examples of the trace, and has "
        f"{beside.height:,} ids that the trace lacks, {planted:,} of them with a planted label. If "
        f"they are among the other {rest:,} by other ids ({ids[_first_other(told, ids)]!r}, and "
        f"there {beside[ID][0]!r}), these {planted:,} count as wrong labels that nobody planted, "
        f"and the share, the list and recall are not what is said. Give the same ids ({ID}) to "
        "both.",
    )


def _first_other(told: pl.DataFrame, ids: list[str]) -> int:
    known = set(told[ID].to_list())
    return next((n for n, each in enumerate(ids) if each not in known), 0)


def _indices(given: list[str | None], label: list[int], classes: tuple[str, ...]) -> dict[str, int]:
    """Label → the index that most examples with it have in the trace, whose classes may have no
    names. Where most have another one, the table is of other labels, and names are what they
    say."""
    counted = pl.DataFrame({LABEL: given, "index": label}).group_by(LABEL, "index").len()
    most = counted.sort("len", "index", descending=[True, False]).unique(LABEL, keep="first")
    named = {name: k for k, name in enumerate(classes)}
    if most["len"].sum() < len(given) / 2 and set(given) <= set(named):
        return named
    return dict(zip(most[LABEL].to_list(), most["index"].to_list(), strict=True))


def _names(classes: tuple[str, ...], index: dict[str, int]) -> tuple[str, ...]:
    """Of classes that are numbers in the trace, the labels of the table."""
    named = {k: label for label, k in index.items()}
    if classes != tuple(map(str, range(len(classes)))) or len(named) < len(index):
        return classes
    return tuple(named.get(k, name) for k, name in enumerate(classes))


def _refuse_other_labels(
    trace: Trace,
    path: Path,
    ids: list[str],
    there: list[int],
    label: dict[str, str | None],
    true: dict[str, str | None],
    index: dict[str, int],
) -> None:
    of = trace.values.label_N
    other = [n for n in there if index[str(label[ids[n]])] != of[n]]
    if not other:
        return
    first = ids[other[0]]
    as_true = sum(index.get(str(true[ids[n]])) == of[n] for n in other)
    why = (
        f"All of them have their {TRUE}, so members were trained on the labels from before: train "
        "on the labels that undertow plant wrote"
        if as_true == len(other)
        else "Check that ids and labels are those that members were trained on"
    )
    raise UserError(
        f"--planted {path}: {len(other):,} of {len(there):,} labels of the trace are other ones "
        f"than its column {LABEL!r}: {first!r} has {trace.name_of(int(of[other[0]]))!r}, and there "
        f"{label[first]!r}. {why}"
    )
