"""What a study reads of people beside populations: from real records of tiny populations, on images
made in the published layout."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from cifar_folder import written
from undertow.lab.data import CIFAR10
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import PredictionDepth, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe
from undertow.study import Results
from undertow.study.people import beyond_classes
from undertow.study.people.beside import BesidePeople, tenths
from undertow.study.people.scores import ENTROPY, LOSS, MODAL, OF_MEMBERS, TAXICAB, score_of
from undertow.study.people.shown import exemplars_table, interval_text, panels
from undertow.study.people.within_class import Interval, Null
from undertow.study.trained import Trained

pytestmark = pytest.mark.heavy

PROBES = (Trace(clean=True, part="test"), PredictionDepth(k=5, part="test"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def votes_NC(folder):
    return written(folder, per_class=6)


@pytest.fixture(scope="module")
def beside(votes_NC, folder):
    data, out, found = CIFAR10(str(folder), people=True), folder / "populations", {}
    for name in ("dense", "other"):
        recipe = Recipe(epochs=3, batch=50, lr=0.003)
        population = Population(name, data, MLP((8,)), recipe, members=3, probes=PROBES)
        found[name] = Trained(train_population(population, out, runner="loop"))
    return BesidePeople(Results(None, found), "dense", ("other",))  # type: ignore[arg-type]


def test_people_are_read_from_the_records(beside, votes_NC):
    share_NC = votes_NC / votes_NC.sum(axis=1, keepdims=True)
    entropy = [-sum(p * math.log(p) for p in row if p) for row in share_NC]
    assert beside.entropy_N.tolist() == pytest.approx(entropy)
    assert beside.mislabelled_N.tolist() == (share_NC.argmax(axis=1) != beside.class_N).tolist()
    quartile = np.quantile(entropy, 0.75)
    assert beside.disputed_N.tolist() == [e > quartile for e in entropy]


def shares(records):
    return np.array([[(of_N == c).mean() for c in range(10)] for of_N in records.pred_MN.T])


def test_scores_of_a_pair_are_those_of_the_papers(beside):
    one, other = (shares(beside.results.of(name).records) for name in ("dense", "other"))
    assert beside.score("other", TAXICAB).tolist() == pytest.approx(
        np.abs(one - other).sum(axis=1).tolist()
    )
    single = [(np.sort(s)[:, -1] > np.sort(s)[:, -2]) for s in (one, other)]
    expected = np.where(single[0] & single[1], one.argmax(1) != other.argmax(1), np.nan)
    np.testing.assert_array_equal(beside.score("other", MODAL), expected)
    assert beside.exemplar_N("other").tolist() == (expected == 1).tolist()
    assert 0 < beside.exemplar_N("other").sum() < len(expected)


def test_scores_of_members_are_means_and_larger_is_harder(beside):
    other = beside.results.of("other")
    depth = read_probe(other.folder, "prediction-depth-test").values["depth"]
    trace = read_probe(other.folder, "trace-test").values
    found = {name: beside.score("other", name) for name in OF_MEMBERS}
    assert found["prediction depth"].tolist() == depth[:, :, 0].mean(axis=0).tolist()
    assert found["AUM, negated"] == pytest.approx(-trace["margin"].astype(float).mean((0, 2)))
    assert found["EL2N"] == pytest.approx(trace["error"][:, :, 0].astype(float).mean(0))
    assert (found["forgetting events"] >= 0).all()


def test_uncertainty_is_of_each_member_and_then_the_mean(beside):
    records = beside.results.of("dense").records
    p_MNC = records.proba_MNC.astype(float)
    entropy = [-sum(p * math.log(p) for p in p_C if p) for p_C in p_MNC.reshape(-1, 10)]
    expected = np.reshape(entropy, (3, -1)).mean(axis=0)
    assert beside.score("dense", ENTROPY) == pytest.approx(expected, rel=1e-5)
    loss = -np.log(p_MNC[:, np.arange(len(expected)), beside.class_N])
    assert beside.score("dense", LOSS) == pytest.approx(loss.mean(axis=0), rel=1e-5)


def test_a_score_goes_with_people_over_the_examples_that_have_one(beside):
    score_N = beside.score("other", MODAL)
    known_N = np.isfinite(score_N)
    assert 0 < known_N.sum() < len(known_N)
    found = beside.goes("other", MODAL)
    assert found.rank.value == pytest.approx(
        spearmanr(score_N[known_N], beside.entropy_N[known_N]).statistic
    )
    assert found.rank.low < found.rank.value < found.rank.high
    high, low = (score_N[known_N & (beside.disputed_N == d)] for d in (True, False))
    wins = (high[:, None] > low).mean() + (high[:, None] == low).mean() / 2
    assert found.area.value == pytest.approx(wins)


def test_a_score_that_is_uncertainty_is_set_against_the_other_kind(beside):
    assert abs(beside.beyond("dense", ENTROPY).value) < 1
    # of another population nothing is given that it is
    assert abs(beside.beyond("other", ENTROPY).value) < 1
    same = beside.closer(("dense", ENTROPY), ("dense", ENTROPY))
    assert same == (0, 0, 0)


def by_loops(chosen_N, outcome_N, groups):
    gaps = []
    for i in np.flatnonzero(chosen_N):
        others = [outcome_N[j] for j, g in enumerate(groups) if g == groups[i] and not chosen_N[j]]
        gaps += [outcome_N[i] - np.mean(others)] if others else []
    return np.mean(gaps) if gaps else np.nan


def test_exemplars_are_set_beside_others_of_their_class_and_tenth(beside):
    chosen_N, outcome_N = beside.exemplar_N("other"), beside.entropy_N
    by_class = by_loops(chosen_N, outcome_N, beside.class_N.tolist())
    assert beside.exemplars_above("other", outcome_N).value == pytest.approx(by_class)
    tenth_N = tenths(beside.score("dense", ENTROPY))
    both = list(zip(beside.class_N.tolist(), tenth_N.tolist(), strict=True))
    matched = beside.exemplars_above("other", outcome_N, matched=True).value
    assert matched == pytest.approx(by_loops(chosen_N, outcome_N, both), nan_ok=True)
    dealt = beside.exemplars_null("other", outcome_N)
    assert dealt.low < 0 < dealt.high


def test_tenths_are_by_rank_and_equal_values_stay_together():
    assert tenths(np.arange(20.0)).tolist() == [i // 2 for i in range(20)]
    found = tenths(np.array([0.0] * 12 + [1, 2, 3, 4, 5, 6, 7, 8]))
    assert found.tolist() == [3] * 12 + [6, 6, 7, 7, 8, 8, 9, 9]
    assert tenths(np.array([5.0])).tolist() == [5]


def test_panels_have_the_mean_of_what_people_said_in_each_tenth(beside):
    by_score, by_tenth = panels(beside, (("dense", ENTROPY),))
    (line,) = by_score.lines
    tenth_N = tenths(beside.score("dense", ENTROPY))
    means = [beside.entropy_N[tenth_N == t].mean() for t in range(10)]
    assert line.y == pytest.approx(means)
    assert line.label == "entropy, dense"
    assert [each.label for each in by_tenth.lines] == ["exemplars, other", "others, other"]


def test_a_population_without_probabilities_is_not_testable(beside):
    from dataclasses import replace

    one = Trained(beside.results.of("dense").folder)
    one.__dict__["records"] = replace(beside.results.of("dense").records, proba_MNC=None)
    with pytest.raises(KeyError) as caught:
        score_of(ENTROPY, one, one)
    assert caught.value.args[0] == "'dense' has no probabilities"


def test_intervals_are_shown_with_their_signs():
    assert interval_text(Interval(0.12345, -0.1, 0.2)) == "+0.123 [-0.100, +0.200]"


@pytest.mark.heavy
def test_what_no_example_tells_is_undefined_in_a_table(beside):
    from dataclasses import replace

    none = replace(beside, arms=("dense",), _scores={})
    (row,) = exemplars_table(none).rows
    assert row == ["dense", "0", *["undefined"] * 6]


def test_beyond_classes_p_of_the_dealt_decides_after_holm(beside, monkeypatch):
    made = {
        ("other", "Taxicab distance"): (Interval(0.06, 0.02, 0.1), Null(0.0, -0.05, 0.05, 0.016)),
        ("other", "entropy of exemplars"): (Interval(0.1, 0.0, 0.2), Null(0.0, -0.1, 0.1, 0.02)),
        ("other", "mislabelled exemplars"): (
            Interval(-0.4, -0.5, -0.3),
            Null(0.0, -0.1, 0.1, 0.99),
        ),
    }
    again = (Interval(0.07, 0.03, 0.11), Null(0.0, -0.05, 0.05, 0.001))
    monkeypatch.setattr(
        beyond_classes,
        "found",
        lambda _, arm, kind: beyond_classes.Found(*made.get((arm, kind), again)),
    )
    told = {kind: beyond_classes.outcome(beside, "other", kind, "null") for _, kind in made}
    assert [each.status for each in told.values()] == ["held", "held", "not held"]
    assert told["Taxicab distance"].evidence == (
        "ρ +0.060 [+0.020, +0.100], null −0.050 to +0.050, p 0.048 (Holm over 3); null ρ +0.070 "
        "[+0.030, +0.110], null −0.050 to +0.050, p 0.001 alone"
    )
    made["other", "Taxicab distance"] = (Interval(0.06, 0.02, 0.1), Null(0.0, -0.05, 0.05, 0.017))
    found = beyond_classes.outcome(beside, "other", "Taxicab distance", "null")
    assert found.status == "not testable"
    assert found.evidence.endswith("p 0.001 alone; too small to tell")
    nothing = Interval(*[math.nan] * 3), Null(*[math.nan] * 4)
    made["other", "Taxicab distance"] = nothing
    undefined = beyond_classes.outcome(beside, "other", "Taxicab distance", "null")
    assert undefined.status == "not testable"
    assert undefined.evidence.endswith("; undefined")


def test_beyond_classes_reads_what_the_tables_show(beside):
    ranks = beside.goes("other", TAXICAB)
    found = beyond_classes.found(beside, "other", "Taxicab distance")
    assert (found.own, found.null) == (ranks.rank, ranks.rank_null)
    wrong_N = beside.mislabelled_N
    found = beyond_classes.found(beside, "other", "mislabelled exemplars")
    assert found.own.value == pytest.approx(beside.exemplars_above("other", wrong_N).value)
    assert found.null.low <= found.null.mean <= found.null.high
