"""What a study's claims read of members: from real records of tiny populations."""

import math

import numpy as np
import pytest
from scipy.stats import t, ttest_ind, wilcoxon

from blobs import Blobs
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import GradientFlow
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_series
from undertow.records.read import read_population
from undertow.study import Results
from undertow.study.figures import Line, Panel, drawn
from undertow.study.pairs import Gain, Pairs, p_text
from undertow.study.trained import Trained, mean_interval

SIZES = (4, 8)


pytestmark = pytest.mark.heavy  # they train


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("pairs")
    found = {}
    for setting, rate in (("slow", 0.02), ("fast", 0.1)):
        for size in SIZES:
            for kind, hidden in (("one", (size,)), ("two", (size, size))):
                name = f"{setting}, {size} {kind}"
                recipe = Recipe(epochs=2, batch=16, lr=rate)
                population = Population(
                    name, Blobs(), MLP(hidden), recipe, 3, probes=(GradientFlow(),)
                )
                found[name] = Trained(train_population(population, out, runner="loop"))
    return Results(None, found)


@pytest.fixture(scope="module")
def pairs(results):
    return Pairs(results, ("slow", "fast"), SIZES, ("one", "two"))


def test_it_reads_facts_losses_and_series_by_member(results):
    one = results.of("slow, 4 one")
    records = read_population(one.folder)
    np.testing.assert_allclose(one.fact("accuracy"), records.correct_MN.mean(1))
    np.testing.assert_allclose(one.test_loss, -np.log(records.p_label_MN).mean(1), rtol=1e-6)
    assert one.epochs == [1, 2]
    rows = read_series(one.folder)
    assert one.series("egf2").tolist() == rows["egf2"].to_numpy().reshape(3, 2).tolist()
    assert (one.ids, one.diverged) == (["000", "001", "002"], 0)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda r: r.of("dense"), "this scale has no population 'dense'"),
        (
            lambda r: r.of("slow, 4 one").fact("sparsity"),
            "member 000 of 'slow-4-one' has no fact 'sparsity'",
        ),
        (lambda r: r.of("slow, 4 one").series("egf3"), "'slow-4-one' has no series 'egf3'"),
    ],
)
def test_what_is_not_there_makes_a_claim_untestable(read, said, results):
    with pytest.raises(KeyError) as caught:
        read(results)
    assert caught.value.args[0] == said


def test_intervals_are_students_and_welchs():
    a, b = np.array([0.5, 0.6, 0.8, 0.7]), np.array([0.4, 0.3, 0.5])
    mean, low, high = mean_interval(a)
    half = t.ppf(0.975, 3) * a.std(ddof=1) / 2
    assert (mean, low, high) == pytest.approx((0.65, 0.65 - half, 0.65 + half))
    welch = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert Gain.of(a, b) == pytest.approx((0.25, welch.low, welch.high))
    assert all(map(math.isnan, mean_interval(a[:1])[1:]))
    assert all(map(math.isnan, Gain.of(np.ones(3), np.zeros(3))[1:]))


def test_p_is_wilcoxons_over_pairs_of_all_sizes(pairs):
    differences = np.concatenate(
        [pairs.each("slow", s, "two") - pairs.each("slow", s, "one") for s in SIZES]
    )
    expected = wilcoxon(differences, alternative="greater").pvalue
    assert pairs.p_greater("slow") == pytest.approx(expected)


def test_only_members_done_on_both_sides_are_paired(pairs, results):
    from dataclasses import replace

    first = results.of("slow, 4 one")
    lacking = Trained(first.folder)
    lacking.__dict__["members"] = first.members[:2]
    fewer = replace(results, populations={**results.populations, "slow, 4 one": lacking})
    found = replace(pairs, results=fewer)._differences("slow", 4)
    assert found.tolist() == pairs._differences("slow", 4)[:2].tolist()


def test_a_gain_is_the_mean_of_the_differences_at_each_size(pairs):
    by_size = [Gain.of(pairs.each("fast", s, "two"), pairs.each("slow", s, "two")) for s in SIZES]
    found = pairs.gain("fast", "slow", "two")
    assert found.mean == pytest.approx(np.mean([m for m, _, _ in by_size]))
    half = math.hypot(*(high - mean for mean, _, high in by_size)) / 2
    assert found.high - found.mean == pytest.approx(half)
    assert pairs.gap("fast").mean == pytest.approx(
        np.mean(
            [
                pairs.each("fast", s, "two").mean() - pairs.each("fast", s, "one").mean()
                for s in SIZES
            ]
        )
    )
    assert str(Gain(0.1, -0.02, 0.22)) == "+10.0 [−2.0, +22.0]"


@pytest.mark.heavy
def test_its_tables_have_a_row_for_each_setting_and_comparison(pairs):
    table = pairs.table()
    assert [row[0] for row in table.rows] == ["slow", "fast"]
    assert all(len(row) == len(table.head) for row in table.rows)
    assert table.rows[0][1].count("±") == 2
    assert [float(row[-2]) for row in table.rows] == pytest.approx(
        [pairs.p_greater(setting) for setting in pairs.settings], abs=1e-4
    )
    adjusted = [min(1, 2 * min(pairs.p_greater(s) for s in pairs.settings))]
    assert min(pairs.p_adjusted(s) for s in pairs.settings) == pytest.approx(adjusted[0])
    other = pairs.correlations((("egf1", "norm1"),))
    assert [row[:2] for row in other.rows] == [
        ["one", "loss"], ["one", "accuracy"], ["two", "loss"], ["two", "accuracy"]
    ]  # fmt: skip
    # of a dense network the two are one another's multiple, so they go equally with the loss
    assert [row[-1] for row in other.rows] == ["+0.000 [+0.000, +0.000]"] * 4


def test_a_p_is_never_shown_as_nothing():
    assert (p_text(0.00004), p_text(0.0001), p_text(0.5)) == ("< 0.0001", "0.0001", "0.5000")


@pytest.mark.heavy
def test_a_figure_is_the_same_text_each_time_and_holds_its_words(pairs):
    panels = [
        Panel("Over training", "epoch", "EGF", pairs.series_lines(["slow"], 4, "egf2"), log=True),
        Panel("Over size", "width", "accuracy", pairs.accuracy_lines(["slow", "fast"])),
        Panel("Bare", "x", "y", [Line("alone", [1, 2], [3, 4])]),
    ]
    svg = drawn(panels)
    assert svg == drawn(panels)
    for word in ("Over training", "EGF", "slow, one", "fast, two", "alone"):
        assert word in svg
    assert pairs.series_lines(["slow"], 4, "egf2")[0].x == [1, 2]
    assert [line.stroke for line in pairs.accuracy_lines(["slow"])] == ["dashed", "solid"]


@pytest.mark.heavy
def test_points_alone_are_not_joined():
    joined, apart = (
        drawn([Panel("", "x", "y", [Line("a", [1, 2, 3], [3, 5, 4], stroke=stroke)])])
        for stroke in ("solid", "none")
    )
    lines = [svg.count("stroke-linecap: square") for svg in (joined, apart)]
    assert lines[0] > lines[1]
    assert joined.count("<use") == apart.count("<use") > 3
