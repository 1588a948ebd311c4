"""Reads the statistics of a run of HELM: a row per instance, perturbation and train trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from undertow.records.formats.decoding.json import read_json
from undertow.records.formats.decoding.values import name, number, table, text

Key = tuple[str, str, int]
"""Instance id, perturbation (empty for none) and train trial."""


class _Name(msgspec.Struct):
    name: Any = None


class _Stat(msgspec.Struct):
    name: _Name | None = None
    count: Any = None
    sum: Any = None
    mean: Any = None


class _PerInstance(msgspec.Struct):
    instance_id: Any = None
    perturbation: Any = None
    train_trial_index: Any = None
    stats: list[_Stat] = []


def key_of(instance_id: Any, perturbation: Any, trial: Any) -> Key:
    """Names a perturbation by its name, and by its seed where it has one."""
    said = table(perturbation)
    seed = said.get("seed")
    called = (name(said.get("name")) or "perturbed") if said else ""
    index = number(trial) or 0
    return (
        text(instance_id) or "",
        called if seed is None else f"{called}-{text(seed)}",
        int(max(-1, min(index, 2**31))),
    )


def statistics_of(path: Path) -> tuple[list[Key], dict[str, list[float | None]]]:
    """Returns all instances, sorted, and for each statistic its mean of every instance.

    Every metric wrote a list of its own.
    """
    found: dict[Key, dict[str, float | None]] = {}
    for entry in read_json(path, list[_PerInstance]):
        into = found.setdefault(
            key_of(entry.instance_id, entry.perturbation, entry.train_trial_index), {}
        )
        for stat in entry.stats:
            called = None if stat.name is None else name(stat.name.name)
            if called is not None:
                into.setdefault(called, _mean(stat))
    keys = sorted(found)
    names = dict.fromkeys(n for values in found.values() for n in values)
    return keys, {n: [found[key].get(n) for key in keys] for n in names}


def _mean(stat: _Stat) -> float | None:
    """Returns the mean; older runs have only the sum and the count."""
    if stat.mean is not None:
        return number(stat.mean)
    total, count = number(stat.sum), number(stat.count)
    return None if total is None or not count else total / count
