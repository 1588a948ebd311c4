"""All measures of one population as a table: from records that are written and read."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from safetensors.numpy import save_file
from scipy import stats

from undertow.audit.stats.member_pairs import pair_mean
from undertow.audit.stats.member_spread import spread
from undertow.audit.stats.true_spread import true_spread
from undertow.records.write import write_records
from undertow.study.tooling import rows as tooling
from undertow.study.tooling.averaged import pair_gains, whole_gain
from undertow.study.tooling.disagreement import pair_churn
from undertow.study.tooling.parts import largest, part_spreads
from undertow.study.tooling.rows import ALIKE, NOBODY, ONE, READS, TWO
from undertow.study.tooling.weight_distance import weight_distances
from undertow.study.trained import Trained
from worlds import records_from


def rows(trained, source, by):
    return tooling.rows(trained, source, by, draws=39)


def population(
    tmp_path, members=5, classes=("a", "b", "c"), n=90, proba=True, weights=True, **given
):
    rng = np.random.default_rng(0)
    label_N = np.arange(n) % 3 % len(classes)
    logits = (
        rng.normal(size=(members, n, len(classes)))
        + 2 * rng.random((n, 1)) * np.eye(len(classes))[label_N]
    )
    proba_MNC = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    tone = ["dark" if i % 5 == 0 else "light" for i in range(n)]
    records = records_from(
        proba_MNC.argmax(axis=2),
        label_N,
        classes,
        proba=proba_MNC if proba else None,
        slices={"tone": tone},
        name="dense",
        **given,
    )
    folder = tmp_path / "dense"
    write_records(records, folder)
    if weights:
        (folder / "weights").mkdir()
        for member in records.members:
            weight = {"w": rng.normal(size=4).astype(np.float32)}
            save_file(weight, folder / "weights" / f"{member.id}.safetensors")
    return Trained(folder)


def row(found, measure, **where):
    kept = found.filter(
        pl.col("measure") == measure, *(pl.col(name) == value for name, value in where.items())
    )
    assert kept.height == 1, kept
    return kept.row(0, named=True)


def limits(each):
    return each["measured"], each["low"], each["high"]


def test_the_whole_is_what_each_measure_gives(tmp_path):
    trained = population(tmp_path)
    records, found = trained.records, rows(trained, "init", ["class"])
    assert set(found.select("population", "source", "members").rows()) == {("dense", "init", 5)}
    mean_M = records.correct_MN.mean(axis=1, dtype=np.float64)
    whole = {"of": "accuracy", "slice": "all"}
    half = stats.t.ppf(0.975, 4) * stats.sem(mean_M)
    mean = mean_M.mean()
    assert limits(row(found, "mean", **whole)) == pytest.approx((mean, mean - half, mean + half))
    assert limits(row(found, "spread", **whole)) == pytest.approx(spread(mean_M))
    assert limits(row(found, "true_spread", **whole)) == pytest.approx(
        true_spread(records.correct_MN)
    )
    assert limits(row(found, "churn")) == pytest.approx(pair_mean(pair_churn(records)).limits())
    paths = [trained.folder / "weights" / f"{m}.safetensors" for m in trained.ids]
    distance = pair_mean(weight_distances(paths)).limits()
    assert limits(row(found, "weight_distance")) == pytest.approx(distance)
    assert limits(row(found, "pair_gain")) == pytest.approx(pair_mean(pair_gains(records)).limits())
    gain, gain_N = row(found, "whole_gain"), whole_gain(records)
    assert gain["measured"] == pytest.approx(gain_N.mean())
    assert gain["low"] < gain["measured"] < gain["high"]
    assert gain["high"] - gain["low"] == pytest.approx(2 * 1.96 * stats.sem(gain_N), rel=0.3)
    assert set(found["reason"]) == {""}
    assert set(found["measure"]) == set(READS)


def test_parts_stand_beside_both_nulls(tmp_path):
    trained = population(tmp_path)
    records, found = trained.records, rows(trained, "init", ["class", "tone"])
    inside_GN = (records.label_N == np.arange(3)[:, None]).astype(float)
    membership_GN = sp.csr_array(inside_GN)
    own = part_spreads(records.correct_MN, membership_GN)
    for g, name in enumerate("abc"):
        each = row(found, "spread", slice="class", value=name)
        assert each["measured"] == pytest.approx(own.spread_G[g])
        assert each["low"] == pytest.approx(
            own.spread_G[g] * math.sqrt(4 / stats.chi2.isf(0.025, 4))
        )
        assert each["examples"] == 30
    for null, families in largest(records.correct_MN, membership_GN, [""] * 3, draws=39).items():
        most, by_null = families[""], {"slice": "class", "null": null}
        each = row(found, "largest_ratio", **by_null)
        assert each["value"] == "abc"[int(own.ratio_G.argmax())]
        # slices are asked of the same draws, so more of them change nothing
        null_limits = each["null_low"], each["null_middle"], each["null_high"]
        assert (each["measured"], *null_limits, each["p"]) == pytest.approx(most.ratio)
        for g, name in enumerate("abc"):
            part = row(found, "scaled_ratio", value=name, **by_null)
            assert (part["measured"], part["p"]) == pytest.approx((own.scaled_G[g], most.p_G[g]))
    assert row(found, "spread", slice="tone", value="dark")["examples"] == 18


def test_a_binary_task_has_error_rates_with_their_own_denominators(tmp_path):
    trained = population(tmp_path, classes=("no", "yes"), positive="yes")
    records, found = trained.records, rows(trained, "init", ["class", "tone"])
    dark_N = (records.examples["tone"] == "dark").to_numpy()
    for name, label in (("false_positive_rate", 0), ("false_negative_rate", 1)):
        asked_N = records.label_N == label
        wrong_M = (records.pred_MN[:, asked_N] != label).mean(axis=1)
        whole = row(found, "spread", of=name, slice="all")
        assert limits(whole) == pytest.approx(spread(wrong_M))
        assert whole["examples"] == asked_N.sum()
        part_N = asked_N & dark_N
        part_M = (records.pred_MN[:, part_N] != label).mean(axis=1)
        part = row(found, "spread", of=name, slice="tone", value="dark")
        assert part["measured"] == pytest.approx(part_M.std(ddof=1))
        assert part["examples"] == part_N.sum()
        assert found.filter((pl.col("of") == name) & (pl.col("slice") == "class")).is_empty()


@pytest.mark.parametrize("members", [1, 2])
def test_few_members_are_reason_enough(tmp_path, members):
    found = rows(population(tmp_path, members=members), "init", ["class"])
    for measure in ("churn", "weight_distance", "pair_gain"):
        each = row(found, measure)
        assert each["reason"] == (ONE if members == 1 else TWO)
        assert math.isnan(each["low"])
        assert math.isnan(each["measured"]) == (members == 1)
    whole = row(found, "spread", slice="all")
    assert whole["reason"] == (ONE if members == 1 else "")
    assert math.isnan(whole["measured"]) == (members == 1)
    for null in ("independent", "same_accuracies"):
        most = row(found, "largest_ratio", slice="class", null=null)
        assert most["reason"] == (ONE if members == 1 else "")


def test_members_that_are_equal_differ_by_exactly_nothing(tmp_path):
    label_N = np.arange(30) % 3
    pred_N = np.where(np.arange(30) < 6, 0, label_N)
    proba = np.eye(3)[pred_N] * 0.8 + 0.2 / 3
    records = records_from([pred_N] * 4, label_N, "abc", proba=[proba] * 4, name="dense")
    folder = tmp_path / "control"
    write_records(records, folder)
    (folder / "weights").mkdir()
    for member in records.members:
        save_file({"w": np.float32([1, 2, 3])}, folder / "weights" / f"{member.id}.safetensors")
    found = rows(Trained(folder), "none", ["class"])
    for measure in ("spread", "true_spread", "churn", "weight_distance", "pair_gain"):
        assert limits(row(found, measure, slice="all")) == (0, 0, 0)
    assert row(found, "whole_gain")["measured"] == 0
    for each in found.filter(pl.col("measure").str.contains("ratio")).iter_rows(named=True):
        assert math.isnan(each["measured"])
        assert each["reason"] == ALIKE


def test_what_is_not_there_is_a_row_with_its_reason(tmp_path):
    trained = population(tmp_path, classes=("a", "b", "c", "d"), proba=False, weights=False)
    found = rows(trained, "init", ["class"])
    assert row(found, "weight_distance")["reason"] == "no weights, as of m00.safetensors"
    for measure in ("pair_gain", "whole_gain"):
        assert row(found, measure)["reason"] == "no probabilities of all 4 classes"
    lost = row(found, "spread", slice="class", value="")
    assert lost["reason"] == "1 of its values has no example"


def test_without_a_label_only_answers_are_compared(tmp_path):
    write_records(records_from([[0, 1], [1, 1], [0, 1]], classes=2), tmp_path / "bare")
    found = rows(Trained(tmp_path / "bare"), "init", [])
    assert row(found, "mean")["reason"] == row(found, "spread")["reason"] == NOBODY
    assert row(found, "churn")["measured"] == pytest.approx(1 / 3)
