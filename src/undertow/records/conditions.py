"""How the answers were got, as evaluation logs say it: what must be equal before two of them are
compared.

A condition's key is one of ``KNOWN``; where it belongs to one task of several, ``key:task``. Values
are short text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from undertow.errors import NotComparableError, UserError
from undertow.records.grade_scale import GRADES
from undertow.records.records import Records

Severity = Literal["refuse", "state"]

THRESHOLD, SCALE = "threshold", "scale"
"""Of a score that decides between two classes."""
AS_SCORE = "is no probability, and is read as a score of"
"""Stands in the note on scores on another scale than probabilities', after the reach of their
column."""

KNOWN: dict[str, tuple[str, Severity]] = {
    "metric": ("outcome", "refuse"),
    "task_version": ("version of the task", "refuse"),
    "template": ("prompt template", "refuse"),
    "fewshot": ("few-shot count", "refuse"),
    "decoding": ("decoding", "refuse"),
    "filter": ("filter on the output", "refuse"),
    "judge": ("judge", "refuse"),
    THRESHOLD: ("threshold", "refuse"),
    SCALE: ("scale of the score", "refuse"),
    GRADES: ("scale of the grades", "refuse"),
    "repeats": ("number of repeats", "state"),
    "harness": ("harness", "state"),
    "harness_version": ("version of the harness", "state"),
    "chat_template": ("chat template", "state"),
    "tokenizer": ("tokenizer", "state"),
    "model": ("model", "state"),
    "model_args": ("set of model arguments", "state"),
    "batch_size": ("batch size", "state"),
    "dtype": ("number type", "state"),
    "device": ("device", "state"),
    "seeds": ("set of seeds", "state"),
    "limit": ("limit on examples", "state"),
}
"""Key → how it is called in a sentence, and whether a difference refuses the comparison or is only
stated."""

SEVERAL = " | "
"""Between values of one condition under which members of one side were run."""
PROMPT = "prompt"
"""Accepted like a condition: the prompts themselves, which are compared example by example through
their hashes."""

EXPECTED = frozenset({"model", "model_args", "dtype"})
"""What a changed model is expected to differ in: said, but no reservation."""


class Compared(NamedTuple):
    """Sentences on conditions that differ: those that are a reservation, and those that are the
    change itself."""

    stated: list[str]
    expected: list[str]


def compare_conditions(reference: Records, variant: Records, accepted: Collection[str]) -> Compared:
    """What differs; ``NotComparableError`` for a difference that refuses and was not accepted."""
    found = Compared([], [])
    for key, values in _differing(
        reference.manifest.conditions, variant.manifest.conditions
    ).items():
        kind, _, task = key.partition(":")
        title, severity = KNOWN.get(kind, (kind, "state"))
        where = f" of {task}" if task else ""
        old, new = (value.replace(SEVERAL, " and ") for value in values)
        told = f"{old} for {reference.name!r}, {new} for {variant.name!r}"
        if kind == SCALE:
            _refuse_one_threshold(reference, variant, told)
        if severity == "refuse" and kind not in accepted:
            scales = [side.manifest.conditions.get(SCALE) for side in (reference, variant)]
            alike = "evaluate both alike"
            if kind in (THRESHOLD, SCALE) and scales[0] != scales[1]:
                alike = "give the scores of both on one scale"
            elif kind == THRESHOLD:
                alike = f"read both with --threshold {old}"
            raise NotComparableError(
                f"the {title}{where} differs: {told}; {alike}, or accept it with --accept {kind}"
            )
        sentences = found.expected if kind in EXPECTED else found.stated
        sentences.append(f"The {title}{where} differs: {told}.")
    return found


def _refuse_one_threshold(reference: Records, variant: Records, told: str) -> None:
    """Raises ``NotComparableError`` where one number decides on two scales, which no one can
    mean."""
    sides = reference, variant
    cut, other = (threshold_in(side.manifest.conditions) for side in sides)
    if cut is None or cut != other:
        return
    notes = [note for side in sides for note in side.manifest.notes if AS_SCORE in note]
    which = "".join(f"{note.partition(f', {AS_SCORE}')[0]}: " for note in notes[:1])
    raise NotComparableError(
        f"the scale of the score differs: {told}, and one threshold, {cut:.15g}, decides on both, "
        f"which cannot be accepted; {which}if it is per cent, divide it by 100 in the file, or "
        "convert each side with a threshold on its own scale and add --accept threshold scale"
    )


def refuse_unknown(accepted: Collection[str]) -> None:
    """``UserError`` for a name whose difference refuses nothing, so that accepting it would change
    nothing."""
    known = [PROMPT, *(key for key, (_, severity) in KNOWN.items() if severity == "refuse")]
    for name in sorted(accepted):
        if name not in known:
            raise UserError(
                f"--accept {name}: is not a difference that refuses; choose one of "
                f"{', '.join(known)}"
            )


def threshold_in(conditions: Mapping[str, str]) -> float | None:
    """The threshold that decided; ``None`` where none is told, or what a stranger wrote is none."""
    try:
        return float(conditions[THRESHOLD])
    except (KeyError, ValueError):
        return None


def merged(each: list[Mapping[str, str]]) -> dict[str, str]:
    """Conditions of several members as one: values that differ stand side by side."""
    keys = dict.fromkeys(key for conditions in each for key in conditions)
    return {key: SEVERAL.join(dict.fromkeys(c[key] for c in each if key in c)) for key in keys}


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Keys that both know and whose values differ; one told alike for all tasks is told once."""
    differ = {
        k: (_shown(before[k]), _shown(after[k]))
        for k in before
        if k in after and before[k] != after[k]
    }
    once: dict[str, tuple[str, str]] = {}
    for key, values in differ.items():
        kind = key.partition(":")[0]
        alike = [k for k in differ if k.partition(":")[0] == kind and differ[k] == values]
        everywhere = len(alike) == sum(k.partition(":")[0] == kind for k in before)
        once[kind if everywhere else key] = values
    return once


def _shown(value: str) -> str:
    flat = " ".join(value.split()) or "nothing"
    return flat if len(flat) <= 100 else flat[:100] + "…"
