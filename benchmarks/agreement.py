"""Our numbers beside other software's, on the same inputs.

    python benchmarks/agreement.py --out docs/agreement.md

Exact McNemar and Benjamini–Hochberg beside statsmodels; Tango's interval, with and without
the half example that we correct by, beside its definition; values by group and their bootstrap
beside fairlearn's ``MetricFrame``; paired tests and the bootstrap of sentence scores beside
sacrebleu's ``PairedTest``. What is not meant to agree, score limits beside Student's and CR1 and
the worst slice beside fairlearn's worst group, is in ``agreement_widths.py``.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import agreement_widths
import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq
from scipy.signal import fftconvolve

from undertow.audit import Settings, audit
from undertow.audit.stats.bootstrap import bootstrap_mean
from undertow.audit.stats.mcnemar import HALF, mcnemar_exact, paired_interval
from undertow.audit.stats.multiplicity import benjamini_hochberg
from undertow.audit.stats.paired_shift import RowShift, paired_shift
from undertow.audit.stats.saddlepoint import deviate
from undertow.records.formats.logs.build import assemble
from undertow.records.formats.logs.log import Log
from undertow.records.reading import Reading

Floats = NDArray[np.floating[Any]]

OURS, FAIRLEARN, SACREBLEU = 20_000, 1000, 10_000
"""Resamples: ours, and theirs (fairlearn's take 25 milliseconds each)."""
TAIL = 0.025
SENTENCES, LENGTH = 400, 8


class Row(NamedTuple):
    """One comparison: which quantity, on which inputs, by what of ours and of theirs, and the
    largest difference."""

    what: str
    inputs: str
    ours: str
    theirs: str
    gap: str


def module(name: str) -> Any:
    """Other software, most of it without types, imported where it is used: two of the three are
    optional here."""
    return import_module(name)


def mcnemar_row(rng: np.random.Generator) -> Iterator[Row]:
    edges = [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (41, 0),
        (61, 20),
        (100, 60),
        (60, 60),
        (0, 900),
        (5000, 5200),
    ]
    tables = np.array(edges + rng.integers(0, 200, size=(500, 2)).tolist())
    mcnemar = module("statsmodels.stats.contingency_tables").mcnemar
    theirs = np.array(
        [mcnemar([[5, lost], [gained, 5]], exact=True).pvalue for lost, gained in tables]
    )
    gap = np.abs(mcnemar_exact(*tables.T) / theirs - 1).max()
    inputs = (
        f"{len(tables)} tables: 500 random with 0 to 199 lost and gained, {len(edges)} edges up to "
        "5,200"
    )
    yield Row(
        "exact McNemar p",
        inputs,
        "`mcnemar_exact`",
        "statsmodels `mcnemar(exact=True)`",
        f"{gap:.1e} of p",
    )


def families(rng: np.random.Generator) -> list[Floats]:
    """Families of p values: random ones, and one p, ties, zeros and ones."""
    edges = [
        [0.03],
        [0.02] * 7,
        [0.0, 0.0, 1.0],
        [1.0] * 4,
        [0.01, 0.04, 0.01, 0.04],
        [1e-300, 0.05],
    ]
    return [np.array(p) for p in edges] + [rng.random(rng.integers(1, 60)) ** 3 for _ in range(200)]


def corrections_row(rng: np.random.Generator) -> Iterator[Row]:
    multipletests = module("statsmodels.stats.multitest").multipletests
    asked = families(rng)
    gap = max(
        float(np.abs(benjamini_hochberg(p) - multipletests(p, method="fdr_bh")[1]).max())
        for p in asked
    )
    inputs = f"{len(asked)} families of 1 to 59, with ties, zeros and ones"
    theirs = 'statsmodels `multipletests("fdr_bh")`'
    yield Row("Benjamini–Hochberg's q", inputs, "`benjamini_hochberg`", theirs, f"{gap:.1e}")


def tango_cases(
    rng: np.random.Generator, least: int
) -> tuple[list[tuple[int, int, int, float]], str]:
    """Lost, gained, n and level, of ``least`` examples or more, and in words."""
    cases = [
        (0, 0, 100),
        (0, 0, 1),
        (0, 7, 50),
        (7, 0, 50),
        (20, 0, 20),
        (0, 20, 20),
        (27, 23, 10_000),
    ]
    cases = [case for case in cases if case[2] >= least]
    edges = len(cases)
    for n in rng.integers(least, 3000, 300).tolist():
        lost, gained, _ = rng.multinomial(n, rng.dirichlet([1, 1, 8])).tolist()
        cases.append((lost, gained, n))
    said = (
        f"{len(cases)} tables: 300 random of {least} to 2,999 examples, {edges} edges; coverage 95 "
        "and 90%"
    )
    return [(*case, level) for case in cases for level in (0.05, 0.10)], said


def tango_rows(rng: np.random.Generator) -> Iterator[Row]:
    """Tango's limits against roots of the score whose nuisance parameter is the root of the
    likelihood's slope."""
    cases, inputs = tango_cases(rng, 1)
    for correction, ours, said in (
        (0.0, "`paired_interval`", ""),
        (HALF, "`paired_interval(correction=HALF)`", ", half an example corrected"),
    ):
        off = [
            np.subtract(paired_interval(*a, correction=correction), slow_tango(*a, correction))
            for a in cases
        ]
        theirs = f"Tango's definition{said}, roots found"
        yield Row(
            f"limits of a paired difference{said}", inputs, ours, theirs, f"{np.abs(off).max():.1e}"
        )


def tail_row(rng: np.random.Generator) -> Iterator[Row]:
    """The tail of a mean, which limits of a bounded mean go by, against sums of draws told
    exactly."""
    off = [gap for n in rng.integers(30, 1000, 200).tolist() for gap in tail_gaps(rng, int(n))]
    inputs = (
        "200 random distributions on 41 values in [−1, 1], mean 0; 30 to 999 draws; tails of .0005 "
        "to .1"
    )
    theirs = "exact, by convolution (scipy `fftconvolve`)"
    gap = f"{np.abs(off).max():.1e} standard errors"
    yield Row("tail of a mean, an approximation", inputs, "`deviate`", theirs, gap)


def tail_gaps(rng: np.random.Generator, n: int) -> Floats:
    """Ours less the exact normal deviate, at every sum of ``n`` draws that is that rare."""
    step = 0.05
    value_V = step * np.arange(-20, 21)
    weight_V = rng.dirichlet(np.full(41, 0.2))
    # Mixed with the end on the other side the mean is 0, as in the likeliest distribution under a
    # mean not seen.
    mean, end = float(weight_V @ value_V), 0 if weight_V @ value_V > 0 else 40
    share = mean / (mean - value_V[end])
    weight_V = (1 - share) * weight_V + share * (np.arange(41) == end)
    chance_S, power = np.array([1.0]), weight_V
    for bit in reversed(f"{n:b}"):
        chance_S = np.maximum(fftconvolve(chance_S, power), 0.0) if bit == "1" else chance_S
        power = np.maximum(fftconvolve(power, power), 0.0)
    tail_S = np.cumsum(chance_S[::-1])[::-1]
    mean_S = (step * (np.arange(len(tail_S)) - 20 * n) - step / 2) / n
    asked_S = np.flatnonzero((tail_S > 5e-4) & (tail_S < 0.1))
    asked_S = asked_S[:: max(1, len(asked_S) // 20)]
    rows = np.ones((len(asked_S), 1))
    ours_S = deviate(
        rows * weight_V, rows * value_V, mean_S[asked_S], np.full(len(asked_S), float(n))
    )
    return np.asarray(ours_S - stats.norm.isf(tail_S[asked_S]))


def slow_tango(
    lost: int, gained: int, n: int, level: float, correction: float
) -> tuple[float, float]:
    """Both limits: where the score is the normal quantile, or the end of the range where it never
    is."""
    z, effect = float(stats.norm.isf(level / 2)), (gained - lost) / n

    def root(target: float, end: float) -> float:
        start = end - np.sign(end) * 1e-14

        def off(delta: float) -> float:
            return slow_score(lost, gained, n, delta, correction) - target

        if effect == end or off(start) * np.sign(target) <= 0:
            return end
        return float(brentq(off, start, effect, xtol=1e-15, rtol=1e-14))

    return root(z, -1.0), root(-z, 1.0)


def slow_score(lost: int, gained: int, n: int, delta: float, correction: float) -> float:
    """z of (gained − lost)/n against ``delta``, with the chance of losing that makes the counts
    likeliest; the counts moved towards ``delta`` by the correction, but not past it."""
    variance = n * (2 * likeliest(lost, gained, n, delta) + delta * (1 - delta))
    distance = gained - lost - n * delta
    distance -= min(max(distance, -correction), correction)
    return float(distance / sqrt(variance)) if variance > 0 else float(np.sign(distance) * 1e300)


def likeliest(lost: int, gained: int, n: int, delta: float) -> float:
    """The chance of losing: ``start + t · width`` with the t in [0, 1] where the likelihood's
    falling slope is 0."""
    start = max(0.0, -delta)
    width = (1 - delta) / 2 - start
    if width <= 0:
        return start

    def slope(t: float) -> float:
        chances = t * width + max(0.0, -delta), t * width + max(0.0, delta)
        return lost / chances[0] + gained / chances[1] - (n - lost - gained) / (width * (1 - t))

    ends = 1e-16, 1 - 1e-16
    if slope(ends[0]) <= 0 or slope(ends[1]) >= 0:
        return start if slope(ends[0]) <= 0 else start + width
    return float(start + width * brentq(slope, *ends, xtol=1e-16, rtol=1e-15))


def graded(rng: np.random.Generator, n: int = 2000) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two graded logs: three languages, one with a single example, and one of which every answer is
    right."""
    language = rng.choice(["de", "en", "yo"], n)
    language[0], language[1:40] = "eo", "la"
    before = (rng.random(n) < 0.7) | (language == "la")
    after = np.where((rng.random(n) < 0.1) & (language != "la"), rng.random(n) < 0.5, before)
    shared = {"example_id": [f"e{i:04}" for i in range(n)], "language": language.tolist()}
    old, new = (pl.DataFrame({**shared, "score": side.astype(float)}) for side in (before, after))
    return old, new


def frame_of(log: pl.DataFrame, **resampling: Any) -> Any:
    """fairlearn's ``MetricFrame`` of the mean score by language."""
    score, language = log["score"].to_numpy(), log["language"].to_numpy()
    return module("fairlearn.metrics").MetricFrame(
        metrics=lambda true, given: float(np.mean(given)),
        y_true=score,
        y_pred=score,
        sensitive_features=language,
        **resampling,
    )


def group_row(rng: np.random.Generator) -> Iterator[Row]:
    """A whole audit's accuracies."""
    logs = dict(zip(("old", "new"), graded(rng), strict=True))
    records = [assemble([Log(name, name, log)], Reading(name=name)) for name, log in logs.items()]
    found = audit(records[0], [records[1]], Settings(by=("language",))).findings
    ours = found.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "language")).sort(
        "value"
    )
    old_G, new_G = (frame_of(log).by_group.sort_index().to_numpy() for log in logs.values())
    gap = max(
        float(np.abs(ours[column].to_numpy() - there_G).max())
        for column, there_G in (("reference", old_G), ("changed", new_G), ("effect", new_G - old_G))
    )
    inputs = (
        f"2,000 examples, {len(old_G)} slices (one of 1 example, one all right), 2 models and "
        "their difference"
    )
    yield Row(
        "accuracy by slice",
        inputs,
        "`audit`, findings",
        "fairlearn `MetricFrame.by_group`",
        f"{gap:.1e}",
    )


def group_bootstrap_row(rng: np.random.Generator) -> Iterator[Row]:
    """Each slice's mean resampled."""
    log = graded(rng)[1].filter(pl.col("language").is_in(["de", "en", "yo"]))
    frame = frame_of(log, n_boot=FAIRLEARN, ci_quantiles=[TAIL, 1 - TAIL], random_state=0)
    inputs = (
        f"{len(log):,} examples, 3 slices, one model; {OURS:,} resamples here, {FAIRLEARN:,} there"
    )
    gaps, errors = [], []
    for language, low, high in zip(frame.by_group.index, *frame.by_group_ci, strict=True):
        score_N = log.filter(pl.col("language") == language)["score"].to_numpy()
        ours = bootstrap_mean(score_N, draws=OURS, level=plain_level(len(score_N)), rng=rng)
        gaps += np.abs(np.subtract(ours, (low, high))).tolist()
        errors += [quantile_error(float(score_N.std() / sqrt(len(score_N))), OURS, FAIRLEARN)] * 2
    yield Row(
        "percentiles of a slice's accuracy",
        inputs,
        "`bootstrap_mean`",
        "fairlearn `by_group_ci`",
        worst_of(gaps, errors),
    )


def plain_level(n: int) -> float:
    """The level at which ``bootstrap_mean``, which widens for few members, reads the plain
    percentiles at ``TAIL``."""
    return float(2 * stats.t.sf(stats.norm.isf(TAIL) * sqrt((n - 1) / n), n - 1))


def quantile_error(spread: float, *draws: int) -> float:
    """Standard error of the difference of two resampled percentiles at ``TAIL``, for a normal
    statistic."""
    density = stats.norm.pdf(stats.norm.isf(TAIL)) / spread
    return float(sqrt(TAIL * (1 - TAIL) * sum(1 / d for d in draws)) / density)


def worst_of(gaps: list[float], errors: list[float]) -> str:
    """The largest difference in units of its Monte-Carlo standard error."""
    at = int(np.argmax(np.divide(gaps, errors)))
    return f"{gaps[at]:.4f}, {gaps[at] / errors[at]:.1f} standard errors of resampling"


def sentences(
    rng: np.random.Generator, wrong: tuple[float, ...]
) -> tuple[list[str], list[list[str]]]:
    """References of ``LENGTH`` random words, and a system for each share of words that it gets
    wrong."""
    words = ["".join(rng.choice(list("abcdefghij"), rng.integers(2, 8))) for _ in range(500)]
    references = [" ".join(rng.choice(words, LENGTH)) for _ in range(SENTENCES)]

    def system(share: float) -> list[str]:
        return [
            " ".join(w if rng.random() > share else str(rng.choice(words)) for w in r.split())
            for r in references
        ]

    return references, [system(share) for share in wrong]


def shift_of(
    metric: Any, references: list[str], old: list[str], new: list[str]
) -> tuple[RowShift, Floats, Floats]:
    """Our test of the mean sentence score, as a fraction, and both systems' scores in the metric's
    unit, 0 to 100."""
    before_N, after_N = (
        np.array(
            [metric.sentence_score(h, [r]).score for h, r in zip(side, references, strict=True)]
        )
        for side in (old, new)
    )
    every_GN = sp.csr_array(np.ones((1, len(references))))
    return paired_shift(every_GN, before_N / 100, after_N / 100, 0.05).row(0), before_N, after_N


def paired_test(
    metric: Any, references: list[str], old: list[str], new: list[str], kind: str, draws: int
) -> list[Any]:
    """sacrebleu's results of the first and of the second system."""
    systems = [("old", old), ("new", new)]
    test = module("sacrebleu.significance").PairedTest(
        systems, {"metric": metric}, [references], test_type=kind, n_samples=draws
    )
    (results,) = (found for name, found in test()[1].items() if name != "System")
    return list(results)


def sentence_row(rng: np.random.Generator) -> Iterator[Row]:
    """TER with references of one length: the corpus score is the mean of sentence scores, so the
    statistics are one."""
    metric = module("sacrebleu.metrics").TER()
    references, (old, *others) = sentences(rng, (0.30, 0.30, 0.31, 0.32, 0.33, 0.34, 0.35))
    deltas, swaps, halves, widths, errors = [], [], [], [], []
    for new in others:
        ours, old_N, score_N = shift_of(metric, references, old, new)
        first, second = paired_test(metric, references, old, new, "bs", SACREBLEU)
        deltas.append(abs(100 * ours.effect - (second.score - first.score)))
        low, high = bootstrap_mean(score_N, draws=OURS, level=plain_level(len(score_N)), rng=rng)
        widths.append(abs((high - low) / 2 - second.ci))
        errors.append(
            quantile_error(float(score_N.std() / sqrt(len(score_N))), OURS, SACREBLEU) / sqrt(2)
        )
        if ours.p < 0.05:
            halves.append((ours.p / 2, second.p_value))
        exchanged = paired_test(metric, references, old, new, "ar", SACREBLEU)[1].p_value
        swaps.append(
            (ours.p, exchanged + as_extreme(np.rint((score_N - old_N) * LENGTH / 100).astype(int)))
        )
    inputs = f"TER of {len(others)} systems beside one, {SENTENCES} sentences of {LENGTH} words"
    yield Row(
        "difference",
        inputs,
        "mean of sentence scores",
        "sacrebleu, corpus score",
        f"{max(deltas):.1e} of 100",
    )
    inputs += f"; {SACREBLEU:,} resamples there"
    yield Row(
        "half width of a system's interval",
        inputs,
        "`bootstrap_mean`",
        "sacrebleu `PairedTest` (bs), `ci`",
        worst_of(widths, errors),
    )
    yield Row(
        "p of the difference",
        inputs,
        "`paired_shift`",
        "sacrebleu `PairedTest` (ar), plus what is as extreme",
        furthest(swaps),
    )
    clear = f"the {len(halves)} of them with p < .05"
    yield Row(
        "one tail of it",
        clear,
        "half of `paired_shift`'s p",
        "sacrebleu `PairedTest` (bs)",
        furthest(halves),
    )


def as_extreme(change_N: NDArray[np.integer[Any]]) -> float:
    """Share of all exchanges between two systems that move the total exactly as far as observed,
    either way.

    ``change_N``: how many words more the second system gets wrong in each sentence. Exact, by
    convolution.
    """
    mass = np.ones(1)
    for change in np.abs(change_N[change_N != 0]).tolist():
        kernel = np.zeros(2 * change + 1)
        kernel[[0, -1]] = 0.5
        mass = np.convolve(mass, kernel)
    middle, total = len(mass) // 2, abs(int(change_N.sum()))
    return float(mass[middle + total] + mass[middle - total]) if total else float(mass[middle])


def furthest(pairs: list[tuple[float, float]]) -> str:
    """The two p values that are most standard errors of resampling apart."""

    def error(pair: tuple[float, float]) -> float:
        return sqrt(max(pair[0] * (1 - pair[0]), 1 / SACREBLEU) / SACREBLEU)

    ours, theirs = max(pairs, key=lambda pair: abs(pair[0] - pair[1]) / error(pair))
    apart = abs(ours - theirs) / error((ours, theirs))
    return f"{ours:.4f} and {theirs:.4f}, {apart:.1f} standard errors of resampling"


def flip_row(rng: np.random.Generator) -> Iterator[Row]:
    """Sentences of one word are right or wrong, and exchanging them at random is McNemar's test."""
    metric = module("sacrebleu.metrics").TER()
    tables, n = [(6, 1), (14, 6), (20, 11), (30, 12), (34, 20), (60, 60)], 200
    strict, whole = [], []
    for lost, gained in tables:
        old = ["yes"] * lost + ["no"] * gained + ["yes"] * (n - lost - gained)
        new = ["no"] * lost + ["yes"] * (n - lost)
        theirs = paired_test(metric, ["yes"] * n, old, new, "ar", SACREBLEU)[1].p_value
        beyond = lost + 1, gained - 1
        strict.append(
            (
                float(mcnemar_exact(*beyond))
                if lost > gained
                else 1 - float(stats.binom.pmf(lost, 2 * lost, 0.5)),
                theirs,
            )
        )
        whole.append((float(mcnemar_exact(lost, gained)), theirs))
    inputs = (
        f"{len(tables)} tables of right and wrong, {n} sentences of one word; {SACREBLEU:,} "
        "exchanges there"
    )
    yield Row(
        "exact McNemar p, next table",
        inputs,
        "`mcnemar_exact(lost + 1, gained − 1)`",
        "sacrebleu `PairedTest` (ar) on TER",
        furthest(strict),
    )
    ours, theirs = max(whole, key=lambda pair: pair[0] - pair[1])
    yield Row(
        "exact McNemar p",
        inputs,
        "`mcnemar_exact`",
        "the same",
        f"{ours:.4f} and {theirs:.4f}: see below",
    )


def chrf_row(rng: np.random.Generator) -> Iterator[Row]:
    """A metric whose corpus score is not the mean of its sentence scores."""
    metric = module("sacrebleu.metrics").CHRF()
    references, (old, new) = sentences(rng, (0.30, 0.33))
    ours, *_ = shift_of(metric, references, old, new)
    first, second = paired_test(metric, references, old, new, "ar", SACREBLEU)
    inputs = (
        f"chrF of 2 systems, {SENTENCES} sentences; a mean of sentences here, of the corpus there"
    )
    moved = (
        f"{100 * ours.effect:+.2f} and {second.score - first.score:+.2f}; p {ours.p:.4f} and "
        f"{second.p_value:.4f}"
    )
    yield Row(
        "difference and its p", inputs, "`paired_shift`", "sacrebleu `PairedTest` (ar)", moved
    )


COMPARISONS: dict[Callable[[np.random.Generator], Iterator[Row]], str] = {
    mcnemar_row: "statsmodels",
    corrections_row: "statsmodels",
    tango_rows: "scipy",
    tail_row: "scipy",
    group_row: "fairlearn",
    group_bootstrap_row: "fairlearn",
    sentence_row: "sacrebleu",
    flip_row: "sacrebleu",
    chrf_row: "sacrebleu",
}
"""What is compared, and what has to be installed for it."""


def page(
    rows: list[Row], widths: list[list[str]], worst: list[list[str]], others: list[str]
) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in (*others, "numpy"))
    return f"""# Agreement with other software

Generated by `{shlex.join(["python", "benchmarks/agreement.py", *sys.argv[1:]])}`. Do not edit. {versions}.

Numbers that both sides compute should differ by rounding only. Where a side resamples, the difference is given in
standard errors of resampling; each row shows the worst of its cases, so two or three of them are no surprise.

{table(["quantity", "inputs", "ours", "theirs", "largest difference"], rows)}

- statsmodels has no interval for a paired difference of proportions. Tango's is held against its definition: the limits
  are roots of the score, and its nuisance parameter is the root of the likelihood's slope, both found by bracketing.
  Audit and gate move the counts half an example towards the value tested (`HALF`), as the definition then does too.
- The limits of a bounded mean (`stats/bounded.py`), used for everything but right and wrong of one model a side, go by
  a saddlepoint approximation (`stats/saddlepoint.py`), the only row here that is one.
- fairlearn resamples the whole data set, `bootstrap_mean` each slice by itself; a slice's size then varies there, which
  matters to no digit shown. `bootstrap_mean` widens for few members; here it is asked for plain percentiles.
- sacrebleu resamples corpus scores. TER on references of one length is a corpus score that equals the mean of sentence
  scores, so there both test one statistic. In chrF they do not, and the two p values answer nearly the same question.
- sacrebleu's bootstrap p is one-sided in effect: it counts resamples whose absolute difference exceeds its mean by more
  than the observed one. Where the systems clearly differ it is half of a two-sided p.
- sacrebleu's exchange test counts only exchanges that are more extreme than what was observed, not those as extreme.
  With right and wrong answers that leaves the observed table out, so its p is smaller than exact McNemar's. TER moves
  in whole words; what is as extreme is added here, as an exact test counts it, and our half step of correction stands
  for the same.

## Limits that differ on purpose

Until November 2026 ours were Student's for graded outcomes and CR1 (Student's over clusters) for clusters, equal to
statsmodels' to the last digit. Graded outcomes have limits of a bounded mean now (`stats/bounded.py`). Over clusters
there are two pairs (`stats/mean_shift.py`): the interval is by exchange of the two models, cluster by cluster; what
allows for clusters unlike any seen are limits of a bounded mean again, by which a gate passes. Each row below is of
{agreement_widths.SAMPLES} samples, the same on both sides, with intervals of coverage {1 - agreement_widths.LEVEL:.0%}:
the ratio of widths, ours over theirs, as its median with the middle nine tenths, and the share of samples whose
interval holds the true mean.

{table(agreement_widths.WIDTH_COLUMNS, widths)}

Limits of a bounded mean are wider where units are few, because a difference of two outcomes in [0, 1] can be as low as
−1: units that all moved a little do not show that none would lose everything, and Student's limits take what was seen
for all there is. So those hold the truth too seldom where losses are rare and large, and have no width at all where
nothing varies. The price is plain in the first world, whose differences are spread evenly: there Student's limits are
right and ours three to four times as wide as need be up to 30 examples. With many units one more could not move the
mean, and the two become the same.

## The worst slice

fairlearn resamples the data and takes percentiles of the lowest accuracy. `worst_slice` gives the change of the lowest
accuracy; beside a reference that is right everywhere that is the lowest accuracy of one model, less 1. The limits are
of one sample, fairlearn's from {agreement_widths.RESAMPLES:,} resamples; the shares that hold the truth are of
{agreement_widths.WORST_SAMPLES:,} samples, where the same percentiles are resampled here, slice by slice.

{table(agreement_widths.WORST_COLUMNS, worst)}

The lowest of several slices seen lies below the lowest there is, by chance, and a resample takes the lowest again, so
it lies lower still: where slices are alike the percentiles miss the truth, and more slices make it worse. Ours reaches
over every slice that may be the worst, which is why it is wider; where one slice is clearly the worst the bootstrap is
right and ours is wider than need be."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/agreement.md"))
    given = parser.parse_args()
    others = list(dict.fromkeys(COMPARISONS.values()))
    missing = [name for name in others if find_spec(name) is None]
    rows: list[Row] = []
    for seed, (compare, needs) in enumerate(COMPARISONS.items()):
        if needs not in missing:
            rows += compare(np.random.default_rng(seed))
            print(rows[-1], file=sys.stderr, flush=True)
    if missing:
        print(table(Row._fields, rows))
        print(
            f"{' and '.join(missing)} not installed: those rows are left out and {given.out} is "
            f"not written. Fix: pip install -c constraints.txt {' '.join(missing)}",
            file=sys.stderr,
        )
        return
    text = page(
        rows, list(agreement_widths.width_rows()), list(agreement_widths.worst_rows()), others
    )
    given.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
