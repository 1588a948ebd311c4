"""Each way as a population folder, which ``undertow audit`` reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from undertow.recording import Recorder
from undertow.varying.decided import Decided
from undertow.varying.differences import Difference
from undertow.varying.examples import Examples

if TYPE_CHECKING:
    from undertow.lab.ways.run import AllWays

REFERENCE = "reference"


def record(
    folder: Path,
    model: str,
    examples: Examples,
    decided: Decided,
    ways: AllWays,
    differences: tuple[Difference, ...],
) -> list[Path]:
    """The reference, with the same asked again as its second member, and each way that has an
    answer to every example; returns their folders, the reference's first."""
    first = folder / REFERENCE
    members = {"run": ways.reference.answer_NC, "again": ways.again_NC}
    _write(first, model, examples, decided, (), members, {})
    found = [first]
    for (way, answer_NC), gap in zip(ways.others, differences, strict=True):
        if gap.no_numbers:
            continue
        facts = {"largest logit difference": gap.largest, "near ties among flips": gap.near_ties}
        where = folder / way.name
        _write(where, model, examples, decided, (way.about,), {"run": answer_NC}, facts)
        found.append(where)
    return found


def _write(
    folder: Path,
    model: str,
    examples: Examples,
    decided: Decided,
    interventions: tuple[str, ...],
    members: dict[str, NDArray[Any]],
    facts: dict[str, float],
) -> None:
    table = {name: examples.table[name].to_list() for name in examples.table.columns}
    with Recorder(
        folder,
        table,
        classes=decided.classes,
        recipe={"model": model},
        interventions=interventions,
    ) as recorder:
        for name, out_NC in members.items():
            member = recorder.member(name)
            member.facts(**facts)
            member.answers(examples.ids, logits=decided.logits(out_NC))
