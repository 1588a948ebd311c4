"""Builds ``Records`` from the logs of several members: the end of every reader of logs.

Repeats are averaged, and members are joined by ``example_id``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from undertow.errors import TableError
from undertow.records.conditions import merged
from undertow.records.formats.logs.answers import chosen_options, generated_words
from undertow.records.formats.logs.clusters import clustered
from undertow.records.formats.logs.log import PER_MEMBER, Log
from undertow.records.formats.logs.repeats import folded, is_binary
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.formats.members.join import join
from undertow.records.formats.members.names import file_name
from undertow.records.formats.members.stack import to_records
from undertow.records.reading import Reading
from undertow.records.records import Records
from undertow.records.schema import Manifest, MemberEntry


def assemble(logs: Sequence[Log], reading: Reading) -> Records:
    """Builds one population: a ``choice`` if all members have options, else a ``generation``.

    Raises ``TableError``, one line, where the logs do not fit together. With
    ``reading.allow_partial`` examples that do not fit are left out and counted in the notes.
    """
    logs = _told_apart(logs)
    exclusions = Exclusions(reading.allow_partial, [note for log in logs for note in log.notes])
    sheets = [folded(log, exclusions.notes) for log in logs]
    joined = join(sheets, exclusions, per_member=PER_MEMBER, wanted=reading.wanted)
    examples, clustering = clustered(joined.examples, reading, exclusions.notes)
    if all({"choice", "label"} <= set(log.frame.columns) for log in logs):
        answered = chosen_options(joined)
    else:
        answered = generated_words(joined, binary=all(is_binary(log.frame) for log in logs))
    metric = _one_metric(logs)
    manifest = Manifest(
        name=reading.name or logs[0].model or logs[0].member,
        task=answered.task,
        classes=answered.classes,
        classes_from="observed",
        members=tuple(MemberEntry(id=log.member, facts=_facts(log)) for log in logs),
        metric=metric,
        conditions=_conditions(logs, metric),
        clustering=clustering,
        notes=tuple(dict.fromkeys(exclusions.notes)),
    )
    return to_records(
        manifest, examples, answered.label_N, answered.answers, reading.inputs, joined.left_out
    )


def _told_apart(logs: Sequence[Log]) -> list[Log]:
    """Gives every member an id of its own that can name a file."""
    taken: dict[str, int] = {}
    named = []
    for log in logs:
        member = file_name(log.member)
        taken[member] = count = taken.get(member, 0) + 1
        named.append(replace(log, member=member if count == 1 else f"{member[:110]}-{count}"))
    return named


def _facts(log: Log) -> dict[str, float]:
    """Adds the mean seconds of an example to the facts, where the log times each."""
    facts = dict(log.facts)
    if "seconds" in log.frame.columns and log.frame["seconds"].count():
        seconds_N = log.frame["seconds"].cast(pl.Float64).drop_nulls().to_numpy()
        facts["seconds_per_example"] = float(seconds_N.mean())
    return facts


def _conditions(logs: Sequence[Log], metric: str | None) -> dict[str, str]:
    each: list[Mapping[str, str]] = [log.conditions for log in logs]
    return merged([*each, {} if metric is None else {"metric": metric}])


def _one_metric(logs: Sequence[Log]) -> str | None:
    metrics = dict.fromkeys(log.metric for log in logs if log.metric is not None)
    if len(metrics) > 1:
        raise TableError(
            f"{logs[0].source} and {logs[1].source}: are scored by {' and '.join(metrics)}; choose"
            " one with --metric"
        )
    return next(iter(metrics), None)
