"""The same classes in the same order on both sides, and so the same task."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import NotComparableError
from undertow.records.answer_codes import RIGHT, answer_classes, code_answers
from undertow.records.class_list import order_classes
from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest


def same_classes(reference: Records, variant: Records, said: list[str]) -> tuple[Records, Records]:
    """Both over one class list; ``NotComparableError`` where they are about different classes or
    tasks.

    Classes only *observed* in a plain table may grow: a class that nobody predicted there is still
    a class. Declared ones may not: a network with another head answers another question.
    """
    if "generation" in (reference.manifest.task, variant.manifest.task):
        _one_task(reference.manifest, variant.manifest, said)
        return reference, variant
    classes = _class_list(reference, variant)
    for side in (reference, variant):
        if set(side.classes) != set(classes):
            said.append(_unused(side, classes))
    if set(reference.classes) == set(variant.classes) and reference.classes != variant.classes:
        said.append(f"Classes are in another order in {variant.name!r}; they are matched by name.")
    reference, variant = _over_classes(reference, classes), _over_classes(variant, classes)
    task, positive = _one_task(reference.manifest, variant.manifest, said)
    return _with_task(reference, task, positive), _with_task(variant, task, positive)


def coded_together(reference: Records, variant: Records) -> tuple[Records, Records]:
    """Answers in words over the same examples get codes that mean the same on both sides; classes
    stay as they are."""
    if (
        reference.manifest.task != "generation"
        or reference.answers is None
        or variant.answers is None
    ):
        return reference, variant
    graded = any(records.classes[:1] != (RIGHT,) for records in (reference, variant))
    right_MN = (
        None if graded else np.vstack([records.pred_MN == 0 for records in (reference, variant)])
    )
    code_MN = code_answers([*reference.answers, *variant.answers], right_MN)
    classes = answer_classes(code_MN, graded=graded)
    return (
        _with_codes(reference, code_MN[: reference.M], classes),
        _with_codes(variant, code_MN[reference.M :], classes),
    )


def _with_codes(records: Records, code_MN: NDArray[np.int32], classes: tuple[str, ...]) -> Records:
    manifest = records.manifest.model_copy(update={"classes": classes})
    return replace(records, manifest=manifest, pred_MN=code_MN)


def _unused(side: Records, classes: tuple[str, ...]) -> str:
    """Names them, because a class that is spelled differently on one side looks like an unused
    one."""
    there = set(side.classes)
    names = [name for name in classes if name not in there]
    shown = ", ".join(repr(name) for name in names[:3]) + (" …" if len(names) > 3 else "")
    return (
        f"{side.name!r} never shows {len(names)} of the {len(classes)} classes ({shown}); they are "
        "counted as unused. If they are spelled differently there, rename them and audit again."
    )


def _class_list(reference: Records, variant: Records) -> tuple[str, ...]:
    ref, var = set(reference.classes), set(variant.classes)
    if ref == var:
        return reference.classes
    seen = [r.manifest.classes_from == "observed" for r in (reference, variant)]
    if all(seen):
        return order_classes(ref | var)
    if seen[1] and var <= ref:
        return reference.classes
    if seen[0] and ref <= var:
        return variant.classes
    parts = [
        f"{len(names)} only in {side.name!r} (first {min(names)!r})"
        for side, names in ((reference, ref - var), (variant, var - ref))
        if names
    ]
    raise NotComparableError(
        f"{reference.name!r} and {variant.name!r} have different class sets: {' and '.join(parts)};"
        " compare models that answer the same question, or rename the classes"
    )


def _over_classes(records: Records, classes: tuple[str, ...]) -> Records:
    if records.classes == classes:
        return records
    place = {name: c for c, name in enumerate(classes)}
    to_new_C = np.array([place[name] for name in records.classes], dtype=np.int32)
    grown = len(classes) != records.C
    proba_MNC = (
        None
        if grown or records.proba_MNC is None
        else records.proba_MNC[:, :, np.argsort(to_new_C)]
    )
    label = pl.Series("label", _recoded(records.label_N, to_new_C)).replace(MISSING, None)
    return replace(
        records,
        manifest=records.manifest.model_copy(update={"classes": classes}),
        examples=records.examples.with_columns(label),
        pred_MN=_recoded(records.pred_MN, to_new_C),
        proba_MNC=proba_MNC,
    )


def _recoded(index: NDArray[np.int32], to_new_C: NDArray[np.int32]) -> NDArray[Any]:
    return np.where(index >= 0, to_new_C[np.maximum(index, 0)], np.int32(MISSING))


def _one_task(reference: Manifest, variant: Manifest, said: list[str]) -> tuple[str, str | None]:
    """The task both share. Two classes are a binary task where either side says so; more are a
    classification."""
    tasks = {reference.task, variant.task}
    if not tasks <= {"classification", "binary"}:
        if len(tasks) > 1:
            raise NotComparableError(
                f"{reference.name!r} is a {reference.task} task and {variant.name!r} a "
                f"{variant.task} task; compare populations of one task"
            )
        return reference.task, reference.positive
    if len(reference.classes) != 2 or "binary" not in tasks:
        return "classification", None
    sides = [m for m in (reference, variant) if m.positive is not None]
    firm = [m for m in sides if m.classes_from == "declared"] or sides
    if len({m.positive for m in firm}) > 1:
        raise NotComparableError(
            f"the positive class is {reference.positive!r} in {reference.name!r} and "
            f"{variant.positive!r} in {variant.name!r}; name it with --positive, or write both "
            "alike"
        )
    if len({reference.positive, variant.positive}) > 1:
        said.append(f"The positive class is {firm[0].positive!r}, as {firm[0].name!r} has it.")
    return "binary", firm[0].positive if firm else None


def _with_task(records: Records, task: str, positive: str | None) -> Records:
    if (records.manifest.task, records.manifest.positive) == (task, positive):
        return records
    return replace(
        records, manifest=records.manifest.model_copy(update={"task": task, "positive": positive})
    )
