"""Finds which option a model chose. lighteval writes only log-probabilities and the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from undertow.records.formats.lighteval.files import DetailsFile
from undertow.records.formats.lighteval.rows import Columns
from undertow.records.formats.logs.outcome import Outcome

Rule = Callable[[Columns, int], "list[float] | None"]
"""Weighs the options of a row."""
Choices = list[int | None]


class _Tried(NamedTuple):
    """The choices by one rule, and how many scores they do not explain."""

    said: str
    chosen: Choices
    wrong: int


def choices_of(
    file: DetailsFile, columns: Columns, outcome: Outcome
) -> tuple[Choices | None, tuple[str, ...]]:
    """Returns the chosen options by the rule that explains most scores, the first of equals.

    ``None`` unless every document has several options and one right one. The second value is a note
    about scores that no rule explains.
    """
    if not _have_options(columns):
        return None, ()
    tried = [_tried(said, rule, columns, outcome) for said, rule in RULES.items()]
    best = min(tried, key=lambda each: each.wrong)
    if not best.wrong:
        return best.chosen, ()
    note = (
        f"{file.path}: {outcome.metric} is not that the likeliest option ({best.said}) is right in"
        f" {best.wrong} of {len(columns)} documents; that option counts as the answer all the same."
    )
    return best.chosen, (note,)


def log_probabilities(columns: Columns, k: int) -> list[float | None]:
    """Returns those of a row's options."""
    return columns.logprobs[k][: len(columns.choices[k])]


def largest(values: Sequence[float | None] | None) -> int | None:
    """Returns the place of the largest value, the first of equals; ``None`` if one is missing."""
    if not values or any(v is None or v != v for v in values):
        return None
    return max(range(len(values)), key=lambda k: (values[k], -k))


def _have_options(columns: Columns) -> bool:
    rows = zip(columns.choices, columns.golds, columns.logprobs, strict=True)
    return all(
        len(options) > 1
        and len(gold) == 1
        and 0 <= gold[0] < len(options)
        and len(logs) >= len(options)
        for options, gold, logs in rows
    )


def _tried(said: str, rule: Rule, columns: Columns, outcome: Outcome) -> _Tried:
    chosen = [largest(rule(columns, k)) for k in range(len(columns))]
    return _Tried(said, chosen, _contradicted(columns, outcome, chosen))


def _contradicted(columns: Columns, outcome: Outcome, chosen: Choices) -> int:
    """Counts scores of right and wrong that the choices do not explain."""
    rows = zip(outcome.score_N.tolist(), chosen, columns.golds, strict=False)
    return sum(
        score in (0.0, 1.0) and (choice is None or (choice == gold[0]) != (score == 1.0))
        for score, choice, gold in rows
    )


def _whole(columns: Columns, k: int) -> list[float] | None:
    raw = log_probabilities(columns, k)
    known = [v for v in raw if v is not None]
    return known if len(known) == len(raw) else None


def _divided(columns: Columns, k: int, lengths: Sequence[int]) -> list[float] | None:
    raw = _whole(columns, k)
    if raw is None or len(lengths) < len(raw) or 0 in lengths[: len(raw)]:
        return None
    return [v / n for v, n in zip(raw, lengths, strict=False)]


def _by_characters(columns: Columns, k: int) -> list[float] | None:
    return _divided(columns, k, [len(o) - o.startswith(" ") for o in columns.choices[k]])


def _by_all_characters(columns: Columns, k: int) -> list[float] | None:
    return _divided(columns, k, [len(o) for o in columns.choices[k]])


def _by_tokens(columns: Columns, k: int) -> list[float] | None:
    return _divided(columns, k, columns.tokens[k])


def _unconditioned(columns: Columns, k: int) -> list[float] | None:
    """Subtracts the log-probabilities without the question, which may follow the others."""
    raw = log_probabilities(columns, k)
    without = columns.unconditioned[k] or columns.logprobs[k][len(columns.choices[k]) :]
    pairs = [(a, b) for a, b in zip(raw, without, strict=False) if a is not None and b is not None]
    return [a - b for a, b in pairs] if len(pairs) == len(raw) else None


RULES: dict[str, Rule] = {
    "by log-probability": _whole,
    "by characters": _by_characters,
    "by all characters": _by_all_characters,
    "by tokens": _by_tokens,
    "against no context": _unconditioned,
}
"""lighteval's: none, ``LogProbCharNorm`` (two ages), ``LogProbTokenNorm``, ``LogProbPMINorm``."""
