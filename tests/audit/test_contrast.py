"""The values of the PIE paper's class test on the vector of the notes, §8.2."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from undertow.audit.contrast import beyond_overall

RECALL_0, RECALL_T = [[0.80, 0.82, 0.78, 0.81, 0.79]], [[0.70, 0.74, 0.69, 0.73, 0.71]]
OVERALL_0, OVERALL_T = [0.765, 0.768, 0.766, 0.769, 0.766], [0.724, 0.728, 0.725, 0.727, 0.726]


def both(normalise):
    pairs = ((RECALL_0, OVERALL_0), (RECALL_T, OVERALL_T))
    return [
        beyond_overall(np.array(recall), np.array(overall), normalise=normalise)
        for recall, overall in pairs
    ]


def test_population_constant_as_in_the_released_code():
    before_GM, after_GM = both("constant")
    assert before_GM.mean() == pytest.approx(0.0332, abs=1e-12)
    assert after_GM.mean() == pytest.approx(-0.0120, abs=1e-12)
    assert after_GM.mean() - before_GM.mean() == pytest.approx(-0.0452, abs=1e-12)
    test = ttest_ind(before_GM[0], after_GM[0], equal_var=False)
    assert test.statistic == pytest.approx(3.875868024, abs=1e-9)
    assert test.df == pytest.approx(7.476151981, abs=1e-9)
    assert test.pvalue == pytest.approx(0.00535760973, abs=1e-11)


def test_each_members_own_accuracy_gives_another_t():
    before_GM, after_GM = both("member")
    test = ttest_ind(before_GM[0], after_GM[0], equal_var=False)
    assert test.statistic == pytest.approx(4.160292198, abs=1e-9)
    assert test.df == pytest.approx(7.485080, abs=1e-6)
    assert test.pvalue == pytest.approx(0.00366060, abs=1e-8)


def test_the_mean_shift_is_the_same_either_way():
    means = [[side.mean() for side in both(normalise)] for normalise in ("constant", "member")]
    assert means[0] == pytest.approx(means[1], abs=1e-12)


def test_an_undefined_recall_stays_undefined():
    got = beyond_overall(
        np.array([[np.nan, 0.5], [0.25, 0.75]]), np.array([0.5, 1.0]), normalise="constant"
    )
    np.testing.assert_array_equal(got, [[np.nan, -0.25], [-0.5, 0.0]])
