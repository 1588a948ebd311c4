from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from undertow.audit.stats.bootstrap import bootstrap_mean, worst_slice


def run(ref_MN, var_MN, member_GN, seed=0, paired=False, draws=400):
    return worst_slice(
        ref_MN, var_MN, sp.csr_array(member_GN), draws=draws, level=0.05, rng=np.random.default_rng(seed), paired=paired
    )


def test_observed_values_equal_the_definition_with_missing_answers_and_an_empty_slice():
    rng = np.random.default_rng(0)
    ref_MN, var_MN = ((rng.random((m, 30)) < 0.7).astype(float) for m in (4, 6))
    ref_MN[rng.random(ref_MN.shape) < 0.2] = np.nan
    member_GN = np.vstack([np.arange(30) < 10, np.zeros(30), np.arange(30) >= 10, np.arange(30) % 3 == 0]).astype(float)
    found = run(ref_MN, var_MN, member_GN)
    rows = (0, 2, 3)
    before, after = (np.array([np.nanmean(c[:, member_GN[g] > 0]) for g in rows]) for c in (ref_MN, var_MN))
    assert (found.reference, found.changed) == (pytest.approx(before.min()), pytest.approx(after.min()))
    assert (found.index_reference, found.index_variant) == (rows[before.argmin()], rows[after.argmin()])
    assert found.effect == pytest.approx(after.min() - before.min())
    assert found.low < found.effect < found.high


def test_a_slice_that_was_damaged_is_found_and_its_interval_excludes_no_change():
    rng = np.random.default_rng(1)
    member_GN = np.repeat(np.eye(8), 100, axis=1)
    easy_N = rng.random(800)
    ref_MN = (rng.random((10, 800)) < 0.6 + 0.4 * easy_N).astype(float)
    var_MN = ref_MN.copy()
    var_MN[:, 300:400] *= rng.random((10, 100)) < 0.7
    found = run(ref_MN, var_MN, member_GN, paired=True)
    assert found.index_variant == 3
    assert found.high < 0


def test_paired_members_are_drawn_together():
    """The variant equals the reference up to one slice-wide constant, so only unpaired draws can spread."""
    rng = np.random.default_rng(2)
    skill_M = np.linspace(0.4, 0.95, 8)
    ref_MN = (rng.random((8, 200)) < skill_M[:, None]).astype(float)
    together, apart = (run(ref_MN, ref_MN.copy(), np.ones((1, 200)), paired=paired) for paired in (True, False))
    assert (together.low, together.high) == (0, 0)
    assert apart.high - apart.low > 0.1


def test_same_generator_same_bytes_and_nothing_to_look_at():
    correct_MN = (np.random.default_rng(3).random((3, 20)) < 0.5).astype(float)
    assert run(correct_MN, correct_MN, np.ones((1, 20)), 7) == run(correct_MN, correct_MN, np.ones((1, 20)), 7)
    none = run(correct_MN, correct_MN, np.zeros((2, 20)))
    assert (none.index_reference, none.index_variant) == (-1, -1)
    assert np.isnan([none.reference, none.effect, none.low, none.high]).all()


def test_the_mean_of_few_members_is_covered():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        low, high = bootstrap_mean(rng.normal(0.9, 0.01, size=5), draws=400, level=0.05, rng=rng)
        hits += low <= 0.9 <= high
    assert 0.90 <= hits / 400 <= 0.99
    assert np.isnan(bootstrap_mean(np.array([0.9]), draws=10, level=0.05, rng=rng)).all()
