"""The same audit as a good data scientist writes it in an afternoon with pandas, for
``benchmarks/scale.py``.

One long table of answers, ``groupby`` for everything, and a loop over draws in which members are
dealt anew. Integer codes, sorted keys and vectorised columns throughout; pairs of members by the
product of vote shares and not one by one. What is left out is in its favour: the worst slice's
interval, cross-fitted accuracy, matched controls, charts.

    python benchmarks/scale_pandas.py REFERENCE VARIANT OUT.html --draws 200
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

VOTES = ("taxicab", "modal_disagreement", "newly_wrong", "newly_right")
PAIRS = ("churn", "newly_wrong_per_pair", "newly_right_per_pair")


def read_answers(reference: Path, variant: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All answers in one long table (example, member, variant, prediction, p_label, label); and the
    examples."""
    examples = pd.read_parquet(reference / "examples.parquet")
    parts: list[pd.DataFrame] = []
    for side, folder in enumerate((reference, variant)):
        manifest = json.loads((folder / "manifest.json").read_text())
        for entry in manifest["members"]:
            columns = ["example_id", "prediction", "p_label"]
            frame = pd.read_parquet(folder / "members" / f"{entry['id']}.parquet", columns=columns)
            parts.append(frame.assign(member=np.int16(len(parts)), variant=bool(side)))
    code = pd.Series(np.arange(len(examples), dtype=np.int32), index=examples["example_id"])
    for part in parts:
        part["example"] = part.pop("example_id").map(code).astype(np.int32)
    answers = pd.concat(parts, ignore_index=True)
    answers["label"] = examples["label"].to_numpy()[answers["example"]]
    return answers, examples


def rate_shifts(answers: pd.DataFrame, column: str, by: str, sides: np.ndarray) -> pd.DataFrame:
    """Welch-studentised permutation test of a per-member mean over slices, with max-T over the
    draws, on the scale of normal deviates, and degrees of freedom from the sides' mean shares of
    the variance."""
    value_GM = answers.groupby([by, "member"])[column].mean().unstack("member").to_numpy()
    n_G = answers.groupby(by)["example"].nunique().to_numpy()
    gaps = np.diff(np.unique(answers[column].dropna().to_numpy(np.float64)))
    step = gaps[gaps > 1e-9].min(initial=1.0)
    effects, sizes = [], []
    for variant_M in sides:
        ref, var = value_GM[:, ~variant_M], value_GM[:, variant_M]
        effect = var.mean(axis=1) - ref.mean(axis=1)
        square = ref.var(axis=1, ddof=1) / ref.shape[1] + var.var(axis=1, ddof=1) / var.shape[1]
        with np.errstate(invalid="ignore"):
            share = np.nanmean(ref.var(axis=1, ddof=1) / ref.shape[1] / square)
        df = 1 / (share**2 / (ref.shape[1] - 1) + (1 - share) ** 2 / (var.shape[1] - 1))
        least = (step / 2 / n_G) ** 2 * (1 / ref.shape[1] + 1 / var.shape[1])
        effects.append(effect)
        sizes.append(
            stats.norm.isf(stats.t.sf(np.abs(effect / np.sqrt(np.maximum(square, least))), df))
        )
    effect_DG, size_DG = np.array(effects), np.array(sizes)
    largest = np.nanmax(size_DG, axis=1)
    return pd.DataFrame(
        {
            "effect": effect_DG[0],
            "p": (size_DG >= size_DG[0] - 1e-7).mean(axis=0),
            "p_adjusted": (largest[:, None] >= size_DG[0] - 1e-7).mean(axis=0),
            "floor_low": np.quantile(effect_DG, 0.025, axis=0),
            "floor_high": np.quantile(effect_DG, 0.975, axis=0),
        }
    )


def vote_measures(
    answers: pd.DataFrame, variant_M: np.ndarray, label_N: np.ndarray
) -> pd.DataFrame:
    """Per example: how two populations' votes differ, when ``variant_M`` says who sits in the
    variant."""
    side = pd.Series(variant_M[answers["member"]], name="side")
    counts = answers.groupby(["example", "prediction", side]).size().unstack("side", fill_value=0)
    shares = (counts / np.array([(~variant_M).sum(), variant_M.sum()])).reset_index()
    shares.columns = pd.Index(["example", "prediction", "ref", "var"])
    shares["taxicab"] = (shares["ref"] - shares["var"]).abs()
    shares["agree"] = shares["ref"] * shares["var"]
    made = shares.groupby("example")[["taxicab", "agree"]].sum()
    ref_mode, var_mode = (_mode(shares, column) for column in ("ref", "var"))
    label = pd.Series(label_N[made.index], index=made.index)
    known = ref_mode.notna() & var_mode.notna()
    changed = ref_mode != var_mode
    made["modal_disagreement"] = changed.where(known)
    made["newly_wrong"] = (changed & (ref_mode == label)).where(known)
    made["newly_right"] = (changed & (var_mode == label)).where(known)
    right = shares[shares["prediction"].to_numpy() == label_N[shares["example"]]].set_index(
        "example"
    )[["ref", "var"]]
    right = right.reindex(made.index, fill_value=0.0)
    made["churn"] = 1 - made.pop("agree")
    made["newly_wrong_per_pair"] = right["ref"] * (1 - right["var"])
    made["newly_right_per_pair"] = (1 - right["ref"]) * right["var"]
    return made[[*VOTES, *PAIRS]].astype(float)


def _mode(shares: pd.DataFrame, column: str) -> pd.Series:
    """The most voted class of each example, missing where two tie."""
    top = shares[shares[column] > shares.groupby("example")[column].transform("max") - 1e-9]
    tied = top["example"].duplicated(keep=False)
    return top[~tied].set_index("example")["prediction"].reindex(shares["example"].unique())


def disagreements(
    answers: pd.DataFrame, sides: np.ndarray, label_N: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Every disagreement on the whole and by class against its draws; also its values per example,
    and their p."""
    draws, reached = [], 0
    for d, variant_M in enumerate(sides):
        values = vote_measures(answers, variant_M, label_N)
        if d == 0:
            observed = values
        reached = reached + (values["taxicab"] >= observed["taxicab"] - 1e-9)
        by_class = values.groupby(label_N[values.index]).mean()
        draws.append(pd.concat([values.mean().to_frame("all").T, by_class]))
    value_DGF = np.array([draw.to_numpy() for draw in draws])
    rows = [
        _above_floor(value_DGF[:, group, f]).assign(measure=name, slice=list(draws[0].index[group]))
        for f, name in enumerate(draws[0].columns)
        for group in (slice(0, 1), slice(1, None))
    ]
    return pd.concat(rows, ignore_index=True), observed, reached / len(sides)


def _above_floor(value_DG: np.ndarray) -> pd.DataFrame:
    floor, sd = np.nanmean(value_DG, axis=0), np.nanstd(value_DG, axis=0)
    z_DG = (value_DG - floor) / np.where(sd > 0, sd, 1)
    largest = np.nanmax(z_DG, axis=1)
    return pd.DataFrame(
        {
            "value": value_DG[0],
            "floor": floor,
            "floor_low": np.nanquantile(value_DG, 0.025, axis=0),
            "floor_high": np.nanquantile(value_DG, 0.975, axis=0),
            "p": (z_DG >= z_DG[0] - 1e-7).mean(axis=0),
            "p_adjusted": (largest[:, None] >= z_DG[0] - 1e-7).mean(axis=0),
        }
    )


def over_indexing(changed: pd.Series, label_N: np.ndarray) -> pd.Series:
    """Share of a class among exemplars over its share among all."""
    among = pd.Series(label_N[changed[changed == 1].index]).value_counts(normalize=True)
    return (among / pd.Series(label_N).value_counts(normalize=True)).fillna(0.0).sort_index()


def exemplars(
    observed: pd.DataFrame, p: pd.Series, answers: pd.DataFrame, ids: pd.Series
) -> pd.DataFrame:
    """Examples whose votes moved, by Taxicab, with p and Benjamini–Hochberg q over those that are
    not unanimous."""
    split = answers.groupby("example")["prediction"].nunique() > 1
    family = p[split].sort_values()
    q = (family * len(family) / np.arange(1, len(family) + 1))[::-1].cummin().clip(upper=1.0)
    table = observed.assign(
        p=p, q=q.reindex(p.index, fill_value=1.0), example_id=ids.to_numpy()[observed.index]
    )
    return table[table["taxicab"] > 0].sort_values(["taxicab", "p"], ascending=[False, True])


def deal(members: list[bool], draws: int, seed: int = 0) -> np.ndarray:
    """Who sits in the variant in each draw, the observed deal first."""
    rng = np.random.default_rng(seed)
    return np.array([members, *(rng.permutation(members) for _ in range(draws - 1))])


def audit_pandas(reference: Path, variant: Path, page: Path, draws: int) -> dict[str, float]:
    """The whole audit from population folders to one HTML page; returns seconds by stage."""
    watch = _Watch()
    answers, examples = read_answers(reference, variant)
    label_N = examples["label"].to_numpy()
    sides = deal(answers.groupby("member")["variant"].first().tolist(), draws)
    watch.stop("read")
    answers["correct"] = (answers["prediction"] == answers["label"]).astype(float)
    whole = answers.assign(whole=0)
    shifts = pd.concat(
        rate_shifts(whole, column, by, sides).assign(measure=column, by=by)
        for column in ("correct", "p_label")
        for by in ("whole", "label")
    )
    watch.stop("rates")
    findings, observed, p = disagreements(answers, sides, label_N)
    watch.stop("votes and pairs")
    table = exemplars(observed, p, answers, examples["example_id"])
    over = over_indexing(observed["modal_disagreement"], label_N)
    watch.stop("exemplars")
    parts = (
        shifts.sort_values("p_adjusted").head(300),
        findings.head(300),
        table.head(24),
        over.to_frame().head(60),
    )
    page.write_text("".join(part.to_html() for part in parts), encoding="utf-8")
    shifts.to_parquet(page.with_suffix(".shifts.parquet"))
    findings.astype({"slice": str}).to_parquet(page.with_suffix(".findings.parquet"))
    table.to_parquet(page.with_suffix(".exemplars.parquet"))
    watch.stop("report")
    return watch.seconds


class _Watch:
    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.began = time.perf_counter()

    def stop(self, stage: str) -> None:
        self.seconds[stage] = time.perf_counter() - self.began
        self.began = time.perf_counter()


def main() -> None:
    """Audit two folders and print the seconds by stage as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="*", metavar="REFERENCE VARIANT OUT.html")
    parser.add_argument("--draws", type=int, default=200)
    given: Any = parser.parse_args()
    if len(given.folders) == 3:
        print(json.dumps(audit_pandas(*given.folders, given.draws)))
    else:
        parser.print_help()


if __name__ == "__main__":
    main()
