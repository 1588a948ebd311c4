"""Our numbers beside other software's, on the same inputs.

    python benchmarks/agreement.py --out docs/agreement.md

Exact McNemar and Holm with statsmodels, the t test on clusters with its regression; values by group and their bootstrap
with fairlearn's ``MetricFrame``; the paired bootstrap with sacrebleu's.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import sacrebleu.metrics
import scipy.sparse as sp
import statsmodels.api as sm
from fairlearn.metrics import MetricFrame
from sacrebleu.significance import PairedTest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from undertow.audit import Settings, audit
from undertow.audit.stats.mcnemar import mcnemar_exact, paired_interval
from undertow.audit.stats.multiplicity import holm
from undertow.audit.stats.paired_shift import paired_shift
from undertow.records.formats._assemble import assemble
from undertow.records.formats._log import Log
from undertow.records.reading import Reading


class Row(NamedTuple):
    """One comparison: what, on how many inputs, with which software, and the largest difference."""

    what: str
    inputs: str
    theirs: str
    largest: str


def mcnemar_row(rng: np.random.Generator) -> Row:
    pairs = [(0, 0), (1, 0), (0, 1), (41, 0), (61, 20), (100, 60), (60, 60)]
    pairs += rng.integers(0, 200, size=(500, 2)).tolist()
    theirs = [mcnemar([[5, lost], [gained, 5]], exact=True).pvalue for lost, gained in pairs]
    lost, gained = np.array(pairs).T
    gap = np.nanmax(np.abs(mcnemar_exact(lost, gained) - np.nan_to_num(theirs, nan=1.0)))
    return Row(
        "exact McNemar p", f"{len(pairs)} tables, 0 to 200 a cell", "statsmodels `mcnemar(exact=True)`", f"{gap:.1e}"
    )


def holm_row(rng: np.random.Generator) -> Row:
    gap, families = 0.0, 200
    for _ in range(families):
        p = rng.random(rng.integers(1, 60)) ** 3
        gap = max(gap, float(np.abs(holm(p) - multipletests(p, method="holm")[1]).max()))
    return Row("Holm's adjusted p", f"{families} families of 1 to 59", "statsmodels `multipletests`", f"{gap:.1e}")


def tango_row(rng: np.random.Generator) -> Row:
    """Tango's limits against the constrained likelihood, maximised by brute force over a grid of its nuisance."""
    gap, cases = 0.0, 40
    for _ in range(cases):
        n = int(rng.integers(20, 400))
        lost, gained = rng.integers(0, max(n // 4, 1), 2).tolist()
        low, high = paired_interval(lost, gained, n)
        gap = max(
            gap,
            abs(slow_score(lost, gained, n, float(low)) - 1.959964),
            abs(slow_score(lost, gained, n, float(high)) + 1.959964),
        )
    return Row("Tango's interval", f"{cases} tables", "score at its limits, nuisance by grid search", f"{gap:.1e} in z")


def slow_score(lost: int, gained: int, n: int, delta: float) -> float:
    """z of (gained − lost)/n against ``delta``, with the chance of losing that makes the counts likeliest."""
    from scipy.optimize import minimize_scalar

    def unlikely(q: float) -> float:
        chances = np.array([q, q + delta, 1 - 2 * q - delta])
        counts = np.array([lost, gained, n - lost - gained])
        if (chances < 0).any():
            return np.inf
        with np.errstate(divide="ignore", invalid="ignore"):
            return -float(np.where(counts > 0, counts * np.log(chances), 0.0).sum())

    bounds = (max(0.0, -delta), (1 - delta) / 2)
    q = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-13}).x
    variance = n * (2 * q + delta * (1 - delta))
    return float((gained - lost - n * delta) / np.sqrt(variance))


def cluster_row(rng: np.random.Generator) -> Row:
    gap, cases = 0.0, 100
    for _ in range(cases):
        n = int(rng.integers(30, 400))
        before, after, cluster = rng.random(n), rng.random(n), rng.integers(0, n // 4, n)
        ours = paired_shift(sp.csr_array(np.ones((1, n))), before, after, 0.05, cluster).row(0)
        fit = sm.OLS(after - before, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True)
        gap = max(gap, *np.abs(np.array([ours.low, ours.high]) - fit.conf_int()[0]))
    return Row(
        "interval of a mean over clusters", f"{cases} samples", "statsmodels OLS, clustered errors", f"{gap:.1e}"
    )


def world(rng: np.random.Generator, n: int = 2000) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two graded logs over three languages."""
    language = rng.choice(["de", "en", "yo"], n)
    shared = {"example_id": [f"e{i}" for i in range(n)], "language": language.tolist()}
    before = rng.random(n) < 0.7
    after = np.where(rng.random(n) < 0.1, rng.random(n) < 0.5, before)
    return tuple(pl.DataFrame({**shared, "score": side.astype(float)}) for side in (before, after))  # type: ignore[return-value]


def group_rows(rng: np.random.Generator) -> Iterator[Row]:
    old, new = world(rng)
    records = [assemble([Log(n, n, frame)], Reading(name=n)) for n, frame in (("old", old), ("new", new))]
    found = audit(records[0], [records[1]], Settings(by=("language",))).findings
    ours = found.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "language")).sort("value")
    features = old["language"].to_numpy()
    frames = [
        MetricFrame(
            metrics=lambda t, s: float(np.mean(s)), y_true=f["score"].to_numpy(), y_pred=f["score"].to_numpy(),
            sensitive_features=features, n_boot=1000, ci_quantiles=[0.025, 0.975], random_state=0,
        )
        for f in (old, new)
    ]  # fmt: skip
    gap = max(
        float(np.abs(ours[side].to_numpy() - frame.by_group.to_numpy()).max())
        for side, frame in zip(("reference", "changed"), frames, strict=True)
    )
    yield Row(
        "accuracy by slice", "2,000 examples, 3 slices, 2 models", "fairlearn `MetricFrame.by_group`", f"{gap:.1e}"
    )
    half = [np.asarray(q) for q in frames[1].by_group_ci]
    theirs = (half[1] - half[0]) / 2
    n_G, p_G = ours["n_examples"].to_numpy(), ours["changed"].to_numpy()
    exact = 1.96 * np.sqrt(p_G * (1 - p_G) / n_G)
    yield Row(
        "half width of one model's accuracy by slice",
        "1,000 resamples",
        "fairlearn `by_group_ci`, beside √(p(1−p)/n)",
        f"{float(np.abs(theirs / exact - 1).max()):.1%} of the width (ours is of the paired difference)",
    )


def bootstrap_row(rng: np.random.Generator) -> Row:
    """The paired difference of sentence scores: sacrebleu resamples, we use Student's t; p should agree."""
    references, systems = sentences(rng)
    metric = sacrebleu.metrics.CHRF()
    test = PairedTest(list(systems.items()), {"chrF": metric}, [references], test_type="bs", n_samples=1000)
    (theirs,) = [results[1].p_value for name, results in test()[1].items() if name.startswith("chrF")]
    scores = [
        np.array([metric.sentence_score(h, [r]).score for h, r in zip(s, references, strict=True)]) / 100
        for s in systems.values()
    ]
    ours = paired_shift(sp.csr_array(np.ones((1, len(references)))), *scores, 0.05).row(0)
    return Row(
        "p of a difference in chrF",
        f"{len(references)} sentences, corpus chrF there and mean sentence chrF here",
        "sacrebleu `PairedTest`, 1,000 resamples",
        f"{theirs:.3f} there, {ours.p:.3f} here",
    )


def sentences(rng: np.random.Generator, n: int = 400) -> tuple[list[str], dict[str, list[str]]]:
    """References of random words; two systems that each get some words wrong, the second a few more."""
    words = ["".join(rng.choice(list("abcdefghij"), rng.integers(2, 8))) for _ in range(500)]
    references = [" ".join(rng.choice(words, rng.integers(4, 12))) for _ in range(n)]

    def system(wrong: float) -> list[str]:
        return [" ".join(w if rng.random() > wrong else str(rng.choice(words)) for w in r.split()) for r in references]

    return references, {"old": system(0.30), "new": system(0.32)}


def page(rows: list[Row]) -> str:
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("statsmodels", "fairlearn", "sacrebleu", "scipy", "numpy")
    )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"""# Agreement with other software

Generated by `{shlex.join(["python", "benchmarks/agreement.py", *sys.argv[1:]])}`. Do not edit. {versions}.

| ours | inputs | beside | largest difference |
|---|---|---|---|
{table}

statsmodels has no interval for a paired difference of proportions, so Tango's is held against its definition: at each
limit the score statistic, its nuisance parameter found by search, is the normal quantile. fairlearn resamples examples
of one model, and the audit's interval is of the paired difference of two, which is narrower; what can be compared is
the width for one model. sacrebleu resamples the corpus score of two systems; the audit takes a score per example, so
the two p values are of nearly, not exactly, the same question.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/agreement.md"))
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = [mcnemar_row(rng), holm_row(rng), tango_row(rng), cluster_row(rng), *group_rows(rng), bootstrap_row(rng)]
    text = page(rows)
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
