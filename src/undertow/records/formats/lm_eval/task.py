"""Turns one task's sample file into columns."""

from __future__ import annotations

import polars as pl

from undertow.records.formats.asked.options import OTHER_FILTERS
from undertow.records.formats.lm_eval.choice import Rule
from undertow.records.formats.lm_eval.collect import Collected, settle
from undertow.records.formats.lm_eval.conditions import (
    Results,
    less_is_better,
    run_conditions,
    task_conditions,
)
from undertow.records.formats.lm_eval.document import doc_series
from undertow.records.formats.lm_eval.layout import Layout
from undertow.records.formats.lm_eval.rows import Source, collector_paused
from undertow.records.formats.logs.clusters import unasked
from undertow.records.formats.logs.log import OPTIONS
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome
from undertow.records.formats.logs.runs import Found
from undertow.records.formats.logs.slices import sliced
from undertow.records.reading import Reading


def to_part(file: Found, results: Results, reading: Reading) -> Part:
    """Reads one task.

    Raises ``TableError``, one line, for what cannot be read and for a metric or filter that is not
    there, and ``NoOutcomeError`` where nothing is about single examples.
    """
    with collector_paused():
        source = Source.of(file.path, reading)
        found, outcome = settle(source, reading, less_is_better(results, file.task))
        notes = [*found.notes, *_of_filters(file, found), *outcome.notes]
        frame = _frame(file, source.layout, found, outcome, reading, notes)
    decoding = source.layout.decoding
    return Part(
        file.task,
        frame,
        outcome.metric,
        task_conditions(results, file.task, filter=found.filter, decoding=decoding),
        run_conditions(results),
        (*notes, *([] if results.missing is None else [results.missing])),
    )


def _frame(
    file: Found,
    layout: Layout,
    found: Collected,
    outcome: Outcome,
    reading: Reading,
    notes: list[str],
) -> pl.DataFrame:
    """Returns the blocks as one frame, with the score and everything that needs all rows."""
    frame = pl.concat(found.frames)
    found.frames.clear()  # A million rows need not be in memory twice.
    where = f"{file.path}:"
    if outcome.name is not None:
        frame = frame.with_columns(outcome.column)
    if layout.kind == "choice":
        frame = _settled(frame, layout, found.rule, where, notes)
    frame = frame.with_columns(
        example_id=file.task + "/" + pl.col("example_id"), task=pl.lit(file.task)
    )
    names = [series.name for series in doc_series([], layout.columns)]
    frame, shared = sliced(frame, names, reading, file.task)
    notes += [] if shared is None else [unasked(shared)]
    frame = _without_copies(frame, where, notes)
    unknown = ("content_hash", "prompt_hash", "target")
    return frame.drop([name for name in unknown if not frame[name].count()])


def _of_filters(file: Found, found: Collected) -> list[str]:
    if not found.other_filters:
        return []
    others = ", ".join(" ".join(name.split()) for name in found.other_filters)
    return [f"{file.path}: filter {found.filter}; {OTHER_FILTERS} {others}, choose with --filter."]


def _settled(
    frame: pl.DataFrame, layout: Layout, rule: Rule, where: str, said: list[str]
) -> pl.DataFrame:
    """Keeps choice and label where they fit the score; else the answers are only texts."""
    reason = _no_choice(frame, rule)
    if reason is not None:
        said.append(f"{where} {reason}, so the options' texts are compared, not their places.")
        return frame.drop(OPTIONS)
    if layout.several_contexts:
        said.append(
            f"{where} its options stand in the prompt; which was right follows from the score."
        )
    unknown = frame["choice"].null_count()
    if unknown:
        said.append(
            f"{where} {unknown} of {frame.height} rows have log-probabilities that are no numbers: "
            "no choice."
        )
    if "score" in frame.columns:
        agrees = (frame["choice"] == frame["label"]) == (frame["score"] == 1)
        count = int((~agrees).sum())
        if count:
            said.append(
                f"{where} in {count} of {frame.height} rows the score is not whether the choice is "
                "the label (several right options, or a rule of the task's own); the score is "
                "followed."
            )
    return frame


def _no_choice(frame: pl.DataFrame, rule: Rule) -> str | None:
    known = frame["label"].count()
    if known == 0:
        return "the target names none of its options"
    if rule.gold == "score" and known < frame.height:
        return "the log does not say which option was right"
    if "score" in frame.columns and not frame["score"].drop_nulls().is_in([0.0, 1.0]).all():
        return "the score is more than right or wrong"
    return None


def _without_copies(frame: pl.DataFrame, where: str, said: list[str]) -> pl.DataFrame:
    """Drops copies of rows. If rows of one example differ, they all stay, and are repeats."""
    again = frame.height - frame["example_id"].n_unique()
    if not again:
        return frame
    unique = frame.unique(maintain_order=True)
    if frame.height - unique.height < again:
        said.append(
            f"{where} {again} rows are of examples already there, with other answers: they count "
            "as repeats."
        )
        return frame
    said.append(
        f"{where} {again} rows are copies of others and are dropped; the file was written to twice."
    )
    return unique
