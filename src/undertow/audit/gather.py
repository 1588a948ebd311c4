"""Every finding about one pair: each measure is asked by the question that its kind has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit import by_examples, by_members
from undertow.audit.findings import Finding, findings_frame
from undertow.audit.measures import accuracy
from undertow.audit.needs import supported
from undertow.audit.pair import Pair
from undertow.audit.slices.table import CLASS
from undertow.audit.worst_slices import worst_slice_findings
from undertow.card import Measure

Floats = NDArray[np.floating[Any]]


class Gathered(NamedTuple):
    """``draws``: of each measure of votes what exchanged members give, (D, G); none over
    examples."""

    findings: list[Finding]
    draws: dict[str, Floats]


def gather(pair: Pair, measures: Sequence[Measure]) -> Gathered:
    """The measures have to be those that both sides support (``needs``)."""
    if pair.design.mode == "members":
        return _by_members(pair, measures)
    return Gathered(_by_examples(pair, measures), {})


def bare_findings(pair: Pair, measures: Sequence[Measure]) -> pl.DataFrame:
    """The findings of an audit and nothing that is said of them: for simulations, which ask many
    thousand times."""
    usable, _ = supported(measures, pair.reference, pair.variant)
    return findings_frame(gather(pair, usable).findings)


def _by_members(pair: Pair, measures: Sequence[Measure]) -> Gathered:
    votes = _of_kind(measures, "votes")
    vote_findings, draws = by_members.vote_findings(pair, votes) if votes else ([], {})
    findings = [
        *by_members.rate_findings(pair, _of_kind(measures, "rate")),
        *by_members.answer_findings(pair, _answers(pair, measures)),
        *(worst_slice_findings(pair) if accuracy in measures else ()),
        *vote_findings,
        *by_members.pair_findings(pair, _of_kind(measures, "pair")),
        *by_members.mixture_findings(pair, _of_kind(measures, "mixture")),
    ]
    return Gathered(findings, draws)


def _by_examples(pair: Pair, measures: Sequence[Measure]) -> list[Finding]:
    return [
        *by_examples.rate_findings(pair, _of_kind(measures, "rate")),
        *by_examples.answer_findings(pair, _answers(pair, measures)),
        *(worst_slice_findings(pair) if accuracy in measures else ()),
        *by_examples.pair_findings(pair, _of_kind(measures, "pair")),
        *by_examples.mixture_findings(pair, _of_kind(measures, "mixture")),
    ]


def _of_kind(measures: Sequence[Measure], kind: str) -> list[Measure]:
    return [m for m in measures if m.card.kind == kind]


def _answers(pair: Pair, measures: Sequence[Measure]) -> list[Measure]:
    """Measures of answers are by class, so they are asked where the classes are."""
    return _of_kind(measures, "answers") if CLASS in pair.settings.by else []
