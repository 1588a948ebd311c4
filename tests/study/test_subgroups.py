"""Error rates of subgroups: from real records of tiny populations, against slow loops."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import ttest_rel

from blobs import Blobs
from lost import without
from undertow.audit import audit
from undertow.audit.settings import Settings
from undertow.audit.stats.ratio_of_means import relative_limits
from undertow.lab.interventions.weights import WeightQuantization
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.read import read_population
from undertow.study import Results
from undertow.study.subgroups import Rate, Subgroups, relative_text
from undertow.study.trained import Trained

pytestmark = pytest.mark.heavy

BY = ("half", "tone", "half+tone")


@dataclass(frozen=True)
class Two(Blobs):
    """Dark or not; where the tone is odd, pictures are noise and half of the labels wrong, so that
    members err, each in its own way."""

    def load(self):
        splits = super().load()
        train, test = (self._two(part, n) for n, part in enumerate((splits.train, splits.test)))
        classes = ("not dark", "dark")
        return replace(splits, classes=classes, train=train, test=test, positive="dark")

    @staticmethod
    def _two(part, seed):
        rng = np.random.default_rng(seed)
        odd_N = rng.random(len(part.label_N)) < 0.5
        flipped_N = odd_N & (rng.random(len(part.label_N)) < 0.5)
        noise_NCHW = rng.integers(0, 256, part.x_NCHW.shape, dtype=np.uint8)
        x_NCHW = np.where(odd_N[:, None, None, None], noise_NCHW, part.x_NCHW)
        tone = pl.Series("tone", np.where(odd_N, "odd", "even"))
        label_N = ((part.label_N == 0) ^ flipped_N).astype(np.int64)
        slices = pl.DataFrame([*part.slices, tone])
        return replace(part, x_NCHW=x_NCHW, label_N=label_N, slices=slices)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("subgroups")
    dense = Population("dense", Two(200, 160), MLP((6,)), Recipe(epochs=4, batch=16, lr=0.1), 4)
    arms = (dense, dense.again("again"), dense.under(WeightQuantization(2), name="int2"))
    folders = {p.name: train_population(p, out, runner="loop") for p in arms}
    sides = [read_population(folder) for folder in folders.values()]
    found = audit(sides[0], sides[1:], Settings(by=BY, draws=100))
    return Results(found, {name: Trained(folder) for name, folder in folders.items()})


def mistakes(results, name, positive, inside):
    """By member, one example after the other."""
    records = read_population(results.of(name).folder)
    frame = records.examples.rows(named=True)
    counted = [0] * records.M
    for n, row in enumerate(frame):
        if inside(row) and (row["label"] == 1) == positive:
            for m in range(records.M):
                counted[m] += int(records.pred_MN[m, n] != row["label"])
    return np.array(counted, dtype=float), sum(
        inside(row) and (row["label"] == 1) == positive for row in frame
    )


@pytest.mark.parametrize("arm", ["again", "int2"])
def test_mistakes_are_counted_in_every_slice_and_crossing(results, arm):
    groups = Subgroups(results, "dense", arm, BY)
    assert len(groups.keys) == 1 + 2 + 2 + 4
    for slice_, value in groups.keys:
        wanted = dict(zip(slice_.split("+"), value.split("+"), strict=True)) if value else {}

        def inside(row, wanted=wanted):
            return all(row[column] == value for column, value in wanted.items())

        for measure, positive in (("false_positive_rate", False), ("false_negative_rate", True)):
            rate = groups.rate(measure, slice_, value)
            before, count = mistakes(results, "dense", positive, inside)
            after, _ = mistakes(results, arm, positive, inside)
            assert rate.of == count
            assert (rate.before, rate.after) == pytest.approx((before.mean(), after.mean()))
            assert rate.finding["effect"] == pytest.approx((after - before).mean() / count)
            if np.isfinite(rate.low) and rate.low > -1 and arm == "int2":
                level = 0.05 if slice_ == "all" else 0.05 / 8
                assert ttest_rel(after, (1 + rate.low) * before).pvalue == pytest.approx(level)


def test_a_variant_that_lost_a_member_is_compared_pair_by_pair(results, tmp_path):
    lost = {"int2": without(results.of("int2"), "001", tmp_path)}
    sides = [read_population(results.of("dense").folder), read_population(lost["int2"].folder)]
    audited = audit(sides[0], sides[1:], Settings(by=BY, draws=100))
    found = Results(audited, {**results.populations, **lost})
    groups, kept = Subgroups(found, "dense", "int2", BY), [0, 2, 3]
    apart = set()
    for tone in ("odd", "even"):
        for measure, positive in (("false_positive_rate", False), ("false_negative_rate", True)):

            def inside(row, tone=tone):
                return row["tone"] == tone

            whole, count = mistakes(results, "dense", positive, inside)
            before, after = whole[kept], mistakes(results, "int2", positive, inside)[0][kept]
            apart.add(before.mean() == whole[:3].mean())
            rate = groups.rate(measure, "tone", tone)
            expected = relative_limits(before, after, paired=True, level=0.05 / 8)
            assert (rate.before, rate.after) == pytest.approx((before.mean(), after.mean()))
            assert rate.finding["effect"] == pytest.approx((after - before).mean() / count)
            said = [rate.relative, rate.low, rate.high]
            assert said == pytest.approx([x[0] for x in expected[:3]], nan_ok=True)
    assert False in apart  # which three are chosen matters


def test_the_table_has_counts_rates_changes_and_who_is_over_represented(results):
    groups = Subgroups(results, "dense", "again", BY)
    table = groups.table()
    assert table.title == "Subgroups: again against dense"
    assert [row[0] for row in table.rows][:4] == ["all", "half left", "half right", "tone even"]
    assert all(len(row) == len(table.head) == 12 for row in table.rows)
    row, rate = table.rows[4], groups.rate("false_negative_rate", "tone", "odd")
    assert row[:3] == [
        "tone odd",
        str(rate.of),
        str(groups.rate("false_positive_rate", "tone", "odd").of),
    ]
    assert row[7] == f"{rate.before:.1f} → {rate.after:.1f}"
    assert row[8] == f"{100 * rate.before / rate.of:.1f} → {100 * rate.after / rate.of:.1f}"
    assert row[10] == relative_text(rate)
    assert row[11] == f"{results.over_index('again', 'tone', 'odd'):.2f}"
    assert table.note == (
        "Mistakes are means over members. Changes of a rate are in points with the audit's 95 % "
        "interval, simultaneous over its slices, ▼ where the verdict is worse; relative changes "
        "have Fieller's 95 % limits over members (examples are fixed), Bonferroni over the 8 "
        "subgroups. *All* is a question of its own. The last column is how much more common a "
        "subgroup is among the examples whose modal answer changed than among all; chance alone "
        "does not make it 1, as hard examples change more often."
    )


def test_without_exemplars_nobody_is_over_represented(results, monkeypatch):
    monkeypatch.setattr(type(results), "over_index", lambda *_: float("nan"))
    rows = Subgroups(results, "dense", "again", BY).table().rows
    assert {row[11] for row in rows} == {"–", "undefined"}


def test_a_relative_change_is_told_with_its_limits():
    assert relative_text(_rate(0.495, 0.201, 0.83)) == "+49.5 [+20.1, +83.0]"
    assert relative_text(_rate(-0.1, -1.0, np.inf)) == "−10.0 [−100.0, ∞]"
    assert relative_text(_rate(np.nan, np.nan, np.nan)) == "undefined"


def _rate(relative, low, high):
    return Rate(10, 2.0, 3.0, relative, low, high, {})


def test_shares_of_exemplars_and_of_errors_are_counted(results):
    groups = Subgroups(results, "dense", "int2", BY)
    rows = results.audit.exemplars.filter(
        (pl.col("variant") == "int2") & pl.col("modal_disagreement")
    )
    changed = set(rows["example_id"])
    records = read_population(results.of("int2").folder)
    wrong_MN = records.pred_MN != records.label_N
    inside_N = np.array([i in changed for i in records.example_id_N])
    share, errors = groups.exemplars_share()
    assert share == pytest.approx(len(changed) / 160)
    assert errors == pytest.approx(wrong_MN[:, inside_N].sum() / wrong_MN.sum())


def test_a_subgroup_that_is_not_there_makes_a_claim_untestable(results):
    groups = Subgroups(results, "dense", "again", BY)
    with pytest.raises(KeyError) as caught:
        groups.rate("false_positive_rate", "tone", "none")
    assert caught.value.args[0] == "no slice tone = none"
