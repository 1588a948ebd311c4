"""Evaluation logs of several members to one population: repeats averaged, members joined by
``example_id``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import TableError
from undertow.records.answer_codes import answer_classes, code_answers
from undertow.records.answers import Answers, derive
from undertow.records.conditions import merged
from undertow.records.formats._clustering import unasked
from undertow.records.formats._log import PER_MEMBER, Log
from undertow.records.formats.members.exclusions import Exclusions
from undertow.records.formats.members.join import Joined, Sheet, join
from undertow.records.formats.members.names import file_name
from undertow.records.formats.members.stack import to_records
from undertow.records.reading import Reading
from undertow.records.records import MISSING, Records
from undertow.records.schema import Clustering, Manifest, MemberEntry

LONGEST_ANSWER = 300
"""Characters of an answer that are kept; of a longer one its beginning and a fingerprint, so that
it stays itself."""
CLUSTERS = (
    "passage",
    "passage_id",
    "story",
    "story_id",
    "article_id",
    "context_id",
    "template",
    "template_id",
)
"""Columns of a document that mean shared text; taken as ``cluster`` where values repeat and nothing
else is asked."""


def assemble(logs: Sequence[Log], reading: Reading) -> Records:
    """One population. With options everywhere it is a ``choice``, else a ``generation``.

    Raises ``TableError``, one line, where the logs do not fit together; with
    ``reading.allow_partial`` examples that do not fit are left out and counted in
    ``manifest.notes``.
    """
    logs = _told_apart(logs)
    exclusions = Exclusions(reading.allow_partial, [note for log in logs for note in log.notes])
    binary = all(_is_binary(log.frame) for log in logs)
    sheets = [_folded(log, exclusions.notes) for log in logs]
    joined = join(sheets, exclusions, per_member=PER_MEMBER)
    chooses = all({"choice", "label"} <= set(log.frame.columns) for log in logs)
    build = _choice if chooses else _generation
    examples, clustering = _clustered(joined.examples, reading, exclusions.notes)
    task, classes, label_N, answers = build(joined, binary)
    metric = _one_metric(logs)
    manifest = Manifest(
        name=reading.name or logs[0].model or logs[0].member,
        task=task,
        classes=classes,
        classes_from="observed",
        members=tuple(MemberEntry(id=log.member, facts=_facts(log)) for log in logs),
        metric=metric,
        conditions=merged(
            [*(log.conditions for log in logs), {} if metric is None else {"metric": metric}]
        ),
        clustering=clustering,
        notes=tuple(dict.fromkeys(exclusions.notes)),
    )
    return to_records(manifest, examples, label_N, answers, reading.inputs, joined.left_out)


def _told_apart(logs: Sequence[Log]) -> list[Log]:
    """Every member with an id of its own that can name a file."""
    taken: dict[str, int] = {}
    named = []
    for log in logs:
        member = file_name(log.member)
        taken[member] = taken.get(member, 0) + 1
        named.append(
            replace(log, member=member if taken[member] == 1 else f"{member[:110]}-{taken[member]}")
        )
    return named


def _facts(log: Log) -> dict[str, float]:
    """Numbers about the run, with the seconds of an example where the log times each."""
    facts = dict(log.facts)
    if "seconds" in log.frame.columns and log.frame["seconds"].null_count() < log.frame.height:
        facts["seconds_per_example"] = float(
            log.frame["seconds"].cast(pl.Float64).drop_nulls().to_numpy().mean()
        )
    return facts


def _one_metric(logs: Sequence[Log]) -> str | None:
    metrics = dict.fromkeys(log.metric for log in logs if log.metric is not None)
    if len(metrics) > 1:
        raise TableError(
            f"{logs[0].source} and {logs[1].source}: are scored by {' and '.join(metrics)}; choose"
            " one with --metric"
        )
    return next(iter(metrics), None)


def _is_binary(frame: pl.DataFrame) -> bool:
    """Right or wrong, before repeats are averaged."""
    return "score" not in frame.columns or bool(frame["score"].drop_nulls().is_in([0.0, 1.0]).all())


def _folded(log: Log, notes: list[str]) -> Sheet:
    """One row per example: scores of repeats averaged, the most frequent answer, the first of the
    rest.

    A mean over those repeats alone that have a score would be of the easy ones: where one has none,
    there is none.
    """
    frame = _checked(log)
    ids = frame["example_id"]
    if not ids.is_duplicated().any():
        return Sheet(log.member, log.source, frame)
    score = pl.when(pl.col("score").is_not_null().all()).then(pl.col("score").mean())
    means = {"score": score, "seconds": pl.col("seconds").mean()}
    modes = [c for c in ("answer", "choice") if c in frame.columns]
    others = [c for c in frame.columns if c not in {"example_id", *means, *modes}]
    folded = frame.group_by("example_id", maintain_order=True).agg(
        pl.len().alias("_repeats"),
        *(mean for c, mean in means.items() if c in frame.columns),
        *(pl.col(c).drop_nulls().mode(maintain_order=True).first() for c in modes),
        pl.col(others).first(),
    )
    most = int(folded["_repeats"].to_numpy().max())
    notes.append(
        f"{log.source}: up to {most} repeats of an example; scores are averaged within it, its"
        " answer is the most "
        "frequent one (the first of equals)."
    )
    return Sheet(log.member, log.source, folded.drop("_repeats"))


def _checked(log: Log) -> pl.DataFrame:
    """The log's frame with a score of one type, in range."""
    frame = log.frame
    if frame.height == 0:
        raise TableError(f"{log.source}: holds no example; check the file, or --tasks and --filter")
    if "score" not in frame.columns:
        return frame
    score = frame["score"].cast(pl.Float64).fill_nan(None)
    wrong = score.is_not_null() & ~score.is_between(0, 1)
    if wrong.any():
        first = float(score.filter(wrong)[0])
        raise TableError(
            f"{log.source}: {log.metric or 'score'} is {first:g} in {int(wrong.sum())} of"
            f" {len(score)} rows;"
            " want an outcome between 0 and 1 where more is better, choose one with --metric"
        )
    return frame.with_columns(score.alias("score"))


def _clustered(
    examples: pl.DataFrame, reading: Reading, notes: list[str]
) -> tuple[pl.DataFrame, Clustering | None]:
    """The column that tells which examples are not independent, where nobody chose one and it is
    plainly there."""
    kept = examples.drop("cluster_from", strict=False)
    if reading.cluster is not None:
        return kept, None
    if "cluster" in examples.columns:
        sources = (
            examples["cluster_from"].drop_nulls().unique().sort()
            if "cluster_from" in examples.columns
            else ()
        )
        clustering = Clustering(column=", ".join(sources), asked=False) if len(sources) else None
        return kept.with_columns(pl.col("cluster").cast(pl.String)), clustering
    found = next(
        (c for c in CLUSTERS if c in examples.columns and examples[c].is_duplicated().any()), None
    )
    if found is None:
        return kept, None
    notes.append(unasked(found))
    return kept.with_columns(pl.col(found).cast(pl.String).alias("cluster")), Clustering(
        column=found, asked=False
    )


_Built = tuple[Any, tuple[str, ...], NDArray[np.int32], list[Answers]]


def _choice(joined: Joined, binary: bool) -> _Built:
    """Options by letter; their probabilities are the softmax of the log-probabilities."""
    label_N = joined.examples["label"].cast(pl.Int32).fill_null(MISSING).to_numpy()
    choices = [
        s.frame["choice"].cast(pl.Int32).fill_null(MISSING).to_numpy() for s in joined.sheets
    ]
    options = [s.frame["options"] for s in joined.sheets if "options" in s.frame.columns]
    lengths = [int(o.list.len().fill_null(0).to_numpy().max(initial=0)) for o in options]
    most = max([1, *(int(c.max(initial=0)) + 1 for c in (label_N, *choices)), *lengths])
    answers = []
    for sheet, choice_N in zip(joined.sheets, choices, strict=True):
        proba_NC = (
            softmax(sheet.frame["options"], most) if "options" in sheet.frame.columns else None
        )
        answers.append(_graded(derive(choice_N, proba_NC, label_N), sheet))
    return "choice", option_names(most), label_N, answers


def _generation(joined: Joined, binary: bool) -> _Built:
    """Answers coded within this population; coded anew beside another one."""
    graded = [_graded(Answers(np.empty(0, np.int32)), sheet) for sheet in joined.sheets]
    answers = [_answer_text(sheet) for sheet in joined.sheets]
    scores = [a.score_N for a in graded]
    scored = all(score_N is not None for score_N in scores)
    if scored:  # Where nothing says right or wrong, the answer is no vote either.
        answers = [
            a.zip_with(pl.Series(~np.isnan(s)), _none(a))
            for a, s in zip(answers, scores, strict=True)
        ]  # type: ignore[arg-type]
    right_MN = np.stack(scores) > 0.5 if scored and binary else None  # type: ignore[arg-type]
    code_MN = code_answers(answers, right_MN)
    made = [
        replace(a, pred_N=code_N, answer_N=answer_N)
        for a, code_N, answer_N in zip(graded, code_MN, answers, strict=True)
    ]
    label_N = np.full(joined.examples.height, MISSING if right_MN is None else 0, dtype=np.int32)
    return "generation", answer_classes(code_MN, graded=right_MN is None), label_N, made


def option_names(count: int) -> tuple[str, ...]:
    """A, B, C …, or numbers where there are more options than letters."""
    return (
        tuple(chr(65 + k) for k in range(count))
        if count <= 26
        else tuple(str(k + 1) for k in range(count))
    )


def softmax(options: pl.Series, classes: int) -> NDArray[np.float32]:
    """(N, C) probabilities from a list of log-probabilities an example: 0 beyond its options, NaN
    where one is NaN."""
    length_N = options.list.len().fill_null(0).to_numpy().astype(np.int64)
    flat = (
        options.explode(empty_as_null=False, keep_nulls=False)
        .cast(pl.Float64)
        .fill_null(np.nan)
        .to_numpy()
    )
    logit_NC = np.full((len(options), classes), -np.inf)
    logit_NC[np.arange(classes) < length_N[:, None]] = flat
    with np.errstate(
        invalid="ignore"
    ):  # In place: of a million examples each copy is tens of megabytes.
        logit_NC -= logit_NC.max(axis=1, keepdims=True)
        proba_NC = np.exp(logit_NC, out=logit_NC)
        proba_NC /= proba_NC.sum(axis=1, keepdims=True)
    proba_NC[~np.isfinite(proba_NC).all(axis=1)] = np.nan
    return np.asarray(proba_NC, dtype=np.float32)


def _graded(answers: Answers, sheet: Sheet) -> Answers:
    """With the log's score and words."""
    frame = sheet.frame
    score = (
        frame["score"].fill_null(np.nan).to_numpy().astype(np.float32)
        if "score" in frame.columns
        else None
    )
    output = frame["output"].cast(pl.String) if "output" in frame.columns else None
    answer = shortened(frame["answer"].cast(pl.String)) if "answer" in frame.columns else None
    return replace(answers, score_N=score, answer_N=answer, output_N=output)


def _answer_text(sheet: Sheet) -> pl.Series:
    """The answer, else the output, else nothing but right or wrong."""
    for name in ("answer", "output"):
        if name in sheet.frame.columns:
            return shortened(sheet.frame[name].cast(pl.String).str.strip_chars()).alias("answer")
    if "score" not in sheet.frame.columns:
        raise TableError(
            f"{sheet.source}: has no answer, output or score, so there is nothing to compare"
        )
    return pl.Series(
        "answer", [f"scored {v:g}" if v is not None else None for v in sheet.frame["score"]]
    )


def _none(column: pl.Series) -> pl.Series:
    return pl.Series(column.name, [None], dtype=pl.String).new_from_index(0, len(column))


def shortened(column: pl.Series) -> pl.Series:
    """Long answers by their beginning and a fingerprint of the whole."""
    long_N = column.str.len_chars().fill_null(0) > LONGEST_ANSWER
    if not long_N.any():
        return column
    cut = column.str.head(LONGEST_ANSWER - 20) + " … #" + column.hash().cast(pl.String)
    return column.zip_with(~long_N, cut)
