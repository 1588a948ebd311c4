"""A blessed reference: the fingerprint of records that somebody approved, so that a baseline never
drifts by itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from undertow.audit.gate.policy import Policy
from undertow.audit.measures import accuracy
from undertow.audit.stats.slice_means import overall_means
from undertow.errors import NotComparableError, UserError
from undertow.records.conditions import SCALE, THRESHOLD
from undertow.records.opening import read_file
from undertow.records.records import Records

LARGEST = 1 << 20


class Blessing(BaseModel):
    """``blessed.json``, format ``undertow-blessed/1``: what was approved, in numbers a person can
    check."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["undertow-blessed/1"] = "undertow-blessed/1"
    name: str
    content: str
    """SHA-256 over examples, answers and outcomes; blind to row order, file format and names."""
    members: int
    examples: int
    accuracy: float | None
    metric: str | None
    conditions: dict[str, str]


def bless(records: Records) -> Blessing:
    """The blessing of these records."""
    mean = float(np.mean(overall_means(accuracy(records))))
    return Blessing(
        name=records.name,
        content=fingerprint(records),
        members=records.M,
        examples=records.N,
        accuracy=None if np.isnan(mean) else round(mean, 6),
        metric=records.manifest.metric,
        conditions=dict(records.manifest.conditions),
    )


def fingerprint(records: Records) -> str:
    """SHA-256 of what the records say, in the order of example ids; members count as a set."""
    order = records.example_id_N.arg_sort().to_numpy()
    truth = records.truths_of(order).fill_null("\0")
    shared = _digest([records.example_id_N[order], truth])
    members = []
    for m in range(records.M):
        answers = (
            records.take_members([m]).names_of(order, records.pred_MN[m][order]).fill_null("\0")
        )
        outcome = np.round(records.correct_MN[m][order], 6).astype("<f4").tobytes()
        members.append(hashlib.sha256(_digest([answers]).encode() + outcome).hexdigest())
    return hashlib.sha256("\n".join([shared, *sorted(members)]).encode()).hexdigest()


def read_blessing(path: Path) -> Blessing:
    """``UserError`` for anything that is no blessing."""
    try:
        return Blessing.model_validate_json(
            read_file(path, LARGEST, UserError, "make it with undertow bless")
        )
    except OSError as error:
        raise UserError(
            f"{path}: the blessing cannot be read ({error.strerror}); make it with undertow bless"
        ) from error
    except ValidationError as error:
        raise UserError(
            f"{path}: is no blessing (undertow-blessed/1); make it with undertow bless"
        ) from error


def refuse_unblessed(reference: Records, policy: Policy) -> None:
    """``NotComparableError`` where the policy names a blessing and the reference is not what was
    blessed."""
    if policy.blessed is None:
        return
    path = policy.folder / policy.blessed
    blessing = read_blessing(path)
    now = bless(reference)
    there, here = (b.conditions.get(THRESHOLD) for b in (blessing, now))
    elsewhere = None not in (there, here) and there != here
    if now.content == blessing.content and not elsewhere:
        return
    scales = [b.conditions.get(SCALE) for b in (blessing, now)]
    again = f"read it with --threshold {there}, " if elsewhere else ""
    if scales[0] != scales[1]:
        again = "its scores are on another scale: "
    raise NotComparableError(
        f"the reference {reference.name!r} is not the one that {path} blesses: {_told(blessing)} "
        f"there, {_told(now)} here; "
        f"{again}give the blessed one, or bless this one with undertow bless"
    )


def _told(blessing: Blessing) -> str:
    exact = "no accuracy" if blessing.accuracy is None else f"accuracy {blessing.accuracy:.4f}"
    known = blessing.conditions.get(THRESHOLD)
    cut = "" if known is None else f"threshold {known}, "
    return (
        f"{blessing.examples:,} example{'s' * (blessing.examples != 1)}, {blessing.members} "
        f"member{'s' * (blessing.members != 1)}, {exact}, {cut}content "
        f"{blessing.content[:12]}…"
    )


def _digest(columns: list[pl.Series]) -> str:
    """Text columns, each value with its length before it, so that no two tables give one stream of
    bytes."""
    digest = hashlib.sha256()
    for column in columns:
        for value in column.to_list():
            data = str(value).encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(4, "little") + data)
    return digest.hexdigest()
