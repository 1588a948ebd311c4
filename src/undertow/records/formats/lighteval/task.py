"""One task's details to columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from undertow.records.formats.decoding.values import fingerprint, number
from undertow.records.formats.lighteval.files import DetailsFile
from undertow.records.formats.lighteval.results import Results, run_conditions, task_conditions
from undertow.records.formats.lighteval.rows import Columns
from undertow.records.formats.logs.member import Part
from undertow.records.formats.logs.outcome import Outcome, choose_outcome, values_of
from undertow.records.formats.logs.slices import with_metadata
from undertow.records.formats.logs.texts import kept_input, kept_output
from undertow.records.reading import Reading

LESS_IS_BETTER = ("ppl", "edit_distance")
"""Besides those that every harness has."""
Rule = Callable[[Columns, int], "list[float] | None"]


def to_part(file: DetailsFile, columns: Columns, results: Results, reading: Reading) -> Part:
    """Raises ``TableError`` where no metric can be the outcome."""
    outcome = choose_outcome(
        str(file.path),
        {n: values_of(column) for n, column in columns.metrics.items()},
        reading.metric,
        less_is_better=LESS_IS_BETTER,
    )
    kept = _scored_once(columns, outcome)
    if len(kept) < len(columns):
        columns, outcome = _taken(columns, outcome, kept)
    frame, said = _frame(file, columns, outcome, reading)
    took = _seconds(results.config.get("total_evaluation_time_secondes"))
    shared = run_conditions(results)
    return Part(
        file.task,
        frame,
        outcome.metric,
        task_conditions(results, file),
        shared,
        (*outcome.notes, *said),
        took,
    )


def _seconds(value: object) -> float | None:
    """lighteval writes it as text."""
    try:
        took = float(value) if isinstance(value, str) else number(value)
    except ValueError:
        return None
    return took if took is not None and 0 <= took < float("inf") else None


def _scored_once(columns: Columns, outcome: Outcome) -> list[int]:
    """A task with metrics on texts and on log-probabilities has two rows a document: those with the
    outcome."""
    if outcome.name is None:
        return list(range(len(columns)))
    scored = {
        columns.doc_id[k] for k, v in enumerate(columns.metrics[outcome.name]) if v is not None
    }
    given = columns.metrics[outcome.name]
    return [k for k, doc in enumerate(columns.doc_id) if given[k] is not None or doc not in scored]


def _taken(columns: Columns, outcome: Outcome, kept: list[int]) -> tuple[Columns, Outcome]:
    lists = {n: [v[k] for k in kept] for n, v in vars(columns).items() if isinstance(v, list)}
    metrics = {n: [v[k] for k in kept] for n, v in columns.metrics.items()}
    return replace(columns, metrics=metrics, **lists), outcome._replace(
        score_N=outcome.score_N[kept]
    )


def _frame(
    file: DetailsFile, columns: Columns, outcome: Outcome, reading: Reading
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    rows = range(len(columns))
    choices, said = _choices(file, columns, outcome)
    answers = [_answer(columns, choices, k) for k in rows]
    hashes = [fingerprint(columns.query[k], columns.choices[k], columns.targets[k]) for k in rows]
    prompts = [p or q for p, q in zip(columns.prompt, columns.query, strict=True)]
    made = [
        pl.Series("example_id", [f"{file.task}/{doc}" for doc in columns.doc_id], dtype=pl.String),
        pl.Series("task", [file.task] * len(columns), dtype=pl.String),
        pl.Series("answer", answers, dtype=pl.String),
        kept_output(
            pl.Series(
                "target",
                [" | ".join(o.strip() for o in t) or None for t in columns.targets],
                dtype=pl.String,
            )
        ),
        pl.Series("content_hash", hashes, dtype=pl.String),
        pl.Series(
            "prompt_hash",
            [None if p is None else fingerprint(p) for p in columns.prompt],
            dtype=pl.String,
        ),
    ]
    if outcome.metric is not None:
        made.append(outcome.column)
    if choices is not None:
        made.append(pl.Series("choice", choices, dtype=pl.Int32))
        made.append(pl.Series("label", [gold[0] for gold in columns.golds], dtype=pl.Int32))
        made.append(
            pl.Series("options", [_raw(columns, k) for k in rows], dtype=pl.List(pl.Float64))
        )
    if reading.inputs:
        made.append(kept_input(pl.Series("input", prompts, dtype=pl.String)))
        written = pl.Series("output", [t[0] if t else None for t in columns.texts], dtype=pl.String)
        made += [kept_output(written)] if choices is None else []
    frame, shared = with_metadata(pl.DataFrame(made), columns.specific, reading, file.task)
    return frame, (*said, *shared)


def _answer(columns: Columns, choices: list[int | None] | None, k: int) -> str | None:
    """The chosen option, else what was extracted, else the most frequent text (the first of
    equals)."""
    if choices is not None:
        chosen = choices[k]
        return None if chosen is None else columns.choices[k][chosen].strip()
    if columns.extracted[k] is not None:
        return columns.extracted[k]
    if columns.texts[k]:
        return Counter(columns.texts[k]).most_common(1)[0][0]
    best = _largest(_raw(columns, k) if columns.choices[k] else None)
    return columns.choices[k][best].strip() if best is not None else None


def _choices(
    file: DetailsFile, columns: Columns, outcome: Outcome
) -> tuple[list[int | None] | None, tuple[str, ...]]:
    """The chosen options where every document has several and one right one; by the rule that
    explains most scores."""
    rows = range(len(columns))
    asked = all(
        len(c) > 1 and len(g) == 1 and 0 <= g[0] < len(c) and len(p) >= len(c)
        for c, g, p in zip(columns.choices, columns.golds, columns.logprobs, strict=True)
    )
    if not asked:
        return None, ()
    best: tuple[int, list[int | None], str] | None = None
    for said, rule in RULES.items():
        chosen = [_largest(rule(columns, k)) for k in rows]
        wrong = _contradicted(columns, outcome, chosen)
        if best is None or wrong < best[0]:
            best = (wrong, chosen, said)
    assert best is not None
    wrong, chosen, said = best
    if not wrong:
        return chosen, ()
    note = (
        f"{file.path}: {outcome.metric} is not that the likeliest option ({said}) is right in"
        f" {wrong} of {len(rows)} documents; that option counts as the answer all the same."
    )
    return chosen, (note,)


def _contradicted(columns: Columns, outcome: Outcome, chosen: Sequence[int | None]) -> int:
    """How many scores of right and wrong the choices do not explain."""
    pairs = zip(outcome.score_N.tolist(), chosen, columns.golds, strict=False)
    return sum(s in (0.0, 1.0) and (c is None or (c == g[0]) != (s == 1.0)) for s, c, g in pairs)


def _largest(values: Sequence[float | None] | None) -> int | None:
    known = [(v, -k) for k, v in enumerate(values or ()) if v is not None and v == v]
    return -max(known)[1] if known and len(known) == len(values or ()) else None


def _raw(columns: Columns, k: int) -> list[float | None]:
    return columns.logprobs[k][: len(columns.choices[k])]


def _divided(columns: Columns, k: int, lengths: Sequence[int]) -> list[float] | None:
    raw = _raw(columns, k)
    if len(lengths) < len(raw) or any(v is None for v in raw) or 0 in lengths[: len(raw)]:
        return None
    return [v / n for v, n in zip(raw, lengths, strict=False) if v is not None]


def _unconditioned(columns: Columns, k: int) -> list[float] | None:
    raw, without = (
        _raw(columns, k),
        columns.unconditioned[k] or columns.logprobs[k][len(columns.choices[k]) :],
    )
    pairs = [(a, b) for a, b in zip(raw, without, strict=False) if a is not None and b is not None]
    return [a - b for a, b in pairs] if len(pairs) == len(raw) else None


def _whole(columns: Columns, k: int) -> list[float] | None:
    return [v for v in _raw(columns, k) if v is not None] if None not in _raw(columns, k) else None


RULES: dict[str, Rule] = {
    "by log-probability": _whole,
    "by characters": lambda c, k: _divided(
        c, k, [len(o) - o.startswith(" ") for o in c.choices[k]]
    ),
    "by all characters": lambda c, k: _divided(c, k, [len(o) for o in c.choices[k]]),
    "by tokens": lambda c, k: _divided(c, k, c.tokens[k]),
    "against no context": _unconditioned,
}
"""lighteval's normalisations: none, ``LogProbCharNorm``, ``LogProbTokenNorm``,
``LogProbPMINorm``."""
