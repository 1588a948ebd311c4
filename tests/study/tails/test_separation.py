"""How well numbers tell one kind from another, against scikit-learn and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from undertow.study.tails.separation import area, average_precision, held_out_area

pairs = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: len({wanted for _, wanted in rows}) == 2
)


@pytest.mark.heavy
@given(pairs)
def test_ties_count_as_scikit_learn_counts_them(rows):
    score_N, wanted_N = (np.array(column) for column in zip(*rows, strict=True))
    expected = average_precision_score(wanted_N, score_N)
    assert average_precision(score_N.astype(float), wanted_N) == pytest.approx(expected)
    assert area(score_N.astype(float), wanted_N) == pytest.approx(roc_auc_score(wanted_N, score_N))


def test_a_score_that_tells_nothing_has_the_share_of_the_wanted():
    wanted_N = np.array([True, False, False, True, False])
    assert average_precision(np.zeros(5), wanted_N) == pytest.approx(0.4)
    assert area(np.zeros(5), wanted_N) == pytest.approx(0.5)


def test_where_a_kind_is_missing_nothing_is_told():
    none_N = np.zeros(3, dtype=bool)
    assert math.isnan(average_precision(np.arange(3.0), none_N))
    assert math.isnan(area(np.arange(3.0), none_N))
    assert math.isnan(held_out_area(np.ones((1, 3)), np.array([True, False, False])))


def world(seed, n=4000):
    generator = np.random.default_rng(seed)
    wanted_N = generator.random(n) < 0.4
    return wanted_N, generator.normal(size=(2, n))


def test_one_feature_separates_as_it_does_without_a_classifier_whatever_its_direction():
    wanted_N, noise_FN = world(0)
    score_N = noise_FN[0] + wanted_N
    expected = area(score_N, wanted_N)
    for feature_N in (score_N, -score_N, 1e-3 * score_N):
        assert held_out_area(feature_N[None], wanted_N) == pytest.approx(expected, abs=0.01)


def test_a_second_feature_adds_what_it_tells_and_noise_adds_nothing():
    wanted_N, noise_FN = world(1)
    told_N = noise_FN[0] + wanted_N
    alone = held_out_area(told_N[None], wanted_N)
    assert held_out_area(np.stack([told_N, noise_FN[1] + wanted_N]), wanted_N) > alone + 0.05
    assert held_out_area(np.stack([told_N, noise_FN[1]]), wanted_N) == pytest.approx(
        alone, abs=0.01
    )
    assert held_out_area(noise_FN, wanted_N) == pytest.approx(0.5, abs=0.03)


def test_the_classifier_is_that_of_scikit_learn():
    wanted_N, noise_FN = world(2, 400)
    feature_FN = noise_FN + wanted_N * np.array([[1.0], [0.3]])
    generator, first_N = np.random.default_rng(0), np.zeros(400, dtype=bool)
    for kind_N in (wanted_N, ~wanted_N):
        drawn_K = generator.permutation(np.flatnonzero(kind_N))
        first_N[drawn_K[: len(drawn_K) // 2]] = True
    expected = []
    for learn_N in (first_N, ~first_N):
        model = LogisticRegression(C=1e6).fit(feature_FN.T[learn_N], wanted_N[learn_N])
        score_N = model.decision_function(feature_FN.T[~learn_N])
        expected.append(roc_auc_score(wanted_N[~learn_N], score_N))
    assert held_out_area(feature_FN, wanted_N) == pytest.approx(np.mean(expected), abs=2e-3)


def test_separable_kinds_have_a_fit():
    wanted_N = np.arange(40) < 20
    assert held_out_area(np.stack([wanted_N * 1.0, np.zeros(40)]), wanted_N) == 1
