"""What differs between two populations besides the intervention, in sentences."""

from __future__ import annotations

import json
import re
from typing import Any

from undertow.errors import NotComparableError
from undertow.records.caveats import DOES_NOT_SAY
from undertow.records.conditions import SCALE, THRESHOLD
from undertow.records.records import Records

CHANGES_NUMBERS = re.compile(
    r"quant|precision|dtype|bits|int[248]|float16|bfloat16|half|cast", re.IGNORECASE
)
"""How the ``repr`` of an intervention that changes the number type shows it."""

PLACE = ("runner", "device", "dtype")

SAME_BYTES = frozenset({"loop", "processes", "ray"})
"""Runners of the lab that give the same bytes on a CPU, so that changing them changes nothing."""


def refuse_dtype(reference: Records, variant: Records) -> None:
    """``NotComparableError`` where the number types differ and no intervention is about that."""
    before, after = reference.manifest, variant.manifest
    if "unknown" in (before.dtype, after.dtype) or before.dtype == after.dtype:
        return
    between = set(before.interventions) ^ set(after.interventions)
    if not any(CHANGES_NUMBERS.search(text) for text in between):
        raise NotComparableError(
            f"{before.name!r} was computed in {before.dtype} and {after.name!r} in {after.dtype}, "
            "and no intervention between them changes the number type; make both in one, or "
            "declare the change as an intervention"
        )


def differences(reference: Records, variant: Records) -> list[str]:
    """Sentences: which members failed, and what differs."""
    before, after = reference.manifest, variant.manifest
    said = [sentence for records in (reference, variant) for sentence in _left_out(records)]
    for field in PLACE:
        old, new = getattr(before, field), getattr(after, field)
        alike = (
            field == "runner"
            and before.device == after.device == "cpu"
            and {old, new} <= SAME_BYTES
        )
        if old != new and not alike and "unknown" not in (old, new):
            said.append(
                f"The {field} differs: {old} for {before.name!r}, {new} for {after.name!r}."
            )
    if before.teacher != after.teacher and None not in (before.teacher, after.teacher):
        said.append(
            f"The teacher differs: {before.teacher!r} for {before.name!r}, {after.teacher!r} for "
            f"{after.name!r}."
        )
    for title, old, new in (
        ("Training", before.recipe, after.recipe),
        ("Software", before.versions, after.versions),
    ):
        changed = _changed(old, new)
        if changed and old and new:
            said.append(f"{title} differs besides the intervention: {changed}.")
    if before.scale != after.scale:
        said.append(
            f"The scale differs: {before.scale} for {before.name!r}, {after.scale} for "
            f"{after.name!r}."
        )
    return said


def unverified(reference: Records, variant: Records) -> list[str]:
    """Sentences: what nobody recorded, so that it may differ unseen."""
    missing = [(records.name, _unknown(records)) for records in (reference, variant)]
    return [f"{DOES_NOT_SAY}{name!r} does not say: {', '.join(w)}." for name, w in missing if w]


def _left_out(records: Records) -> list[str]:
    """Which members take no part, by the rule that is stated: failed ones have no predictions,
    diverged ones no use."""
    members = records.manifest.members
    said = []
    for status, rule in (
        ("failed", ""),
        ("diverged", ", since their loss or predictions stopped being numbers"),
    ):
        ids = [m.id for m in members if m.status == status]
        if ids:
            said.append(
                f"{len(ids)} of {len(members)} members of {records.name!r} {status} and are left "
                f"out{rule} ({', '.join(ids)})."
            )
    return said


def _unknown(records: Records) -> list[str]:
    """Of a model that was trained here; an evaluation log says other things, and ``conditions``
    compares those."""
    manifest = records.manifest
    if manifest.conditions.keys() - {THRESHOLD, SCALE}:
        return []
    unknown = [field for field in PLACE if getattr(manifest, field) == "unknown"]
    return unknown + [field for field in ("recipe", "versions") if not getattr(manifest, field)]


def _changed(old: dict[str, Any], new: dict[str, Any]) -> str:
    """``lr 0.1 → 0.05, epochs 10 → 12``."""
    keys = [k for k in dict.fromkeys([*old, *new]) if old.get(k) != new.get(k)]
    return ", ".join(f"{k} {_shown(old.get(k))} → {_shown(new.get(k))}" for k in keys)


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:60] + "…"
