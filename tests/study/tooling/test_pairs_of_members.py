"""What pairs of members have: churn, weight distances and gains of averaging, by hand."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

from undertow.audit.stats.member_pairs import pair_mean
from undertow.errors import UserError
from undertow.study.tooling.averaged import pair_gains, usable, whole_gain
from undertow.study.tooling.disagreement import pair_churn
from undertow.study.tooling.weight_distance import weight_distances
from worlds import records_from


def off_diagonal(value_MM):
    return [
        float(value_MM[i, j]) for i in range(len(value_MM)) for j in range(i + 1, len(value_MM))
    ]


# Churn.


def test_churn_of_three_members():
    """1.11 of the notes: .25, .25, .5, mean 1/3."""
    found = pair_churn(records_from([[0, 1, 2, 2], [0, 1, 1, 2], [0, 2, 2, 2]], [0, 0, 0, 0]))
    assert off_diagonal(found) == [0.25, 0.25, 0.5]
    np.testing.assert_array_equal(found, found.T)
    assert pair_mean(found).value == pytest.approx(1 / 3)


def test_churn_is_of_the_examples_that_both_answered():
    records = records_from([[0, 1, -1, 2], [1, 1, 1, -1], [-1, -1, 0, -1]], classes=3)
    assert off_diagonal(pair_churn(records)) == pytest.approx([0.5, math.nan, 1.0], nan_ok=True)


def test_members_that_answer_alike_have_no_churn_at_all():
    found = pair_mean(pair_churn(records_from([[0, 1, 2]] * 4))).limits()
    assert found == (0, 0, 0)


# Weights.


def files(tmp_path, *members):
    paths = []
    for number, tensors in enumerate(members):
        paths.append(tmp_path / f"{number:03}.safetensors")
        arrays = {name: np.asarray(value, np.float32) for name, value in tensors.items()}
        save_file(arrays, paths[-1])
    return paths


def test_distances_of_unit_weights(tmp_path):
    """1.11 of the notes: .28284, 0, .28284; raw ones would be 1.41421, 5, 5.38516."""
    members = [{"w": [3, 4]}, {"w": [4, 3]}, {"w": [6, 8]}]
    found = weight_distances(files(tmp_path, *members))
    assert off_diagonal(found) == pytest.approx([0.28284, 0, 0.28284], abs=5e-6)
    assert found[0, 2] == 0
    np.testing.assert_array_equal(found, found.T)


def test_all_tensors_are_one_vector_and_statistics_of_batch_norm_are_no_weights(tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"conv.weight": (2, 3, 3), "bn.weight": (2,), "bn.bias": (2,)}
    members = [
        {name: rng.normal(size=shape) for name, shape in shapes.items()}
        | {"bn.running_mean": rng.normal(size=2), "bn.running_var": rng.random(2)}
        | {"bn.num_batches_tracked": np.array(float(seed))}
        for seed in range(3)
    ]
    found = weight_distances(files(tmp_path, *members))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        a, b = (
            np.concatenate([np.float32(members[m][name]).ravel() for name in shapes])
            for m in (i, j)
        )
        slow = np.linalg.norm(a / np.linalg.norm(a) - b / np.linalg.norm(b))
        assert found[i, j] == pytest.approx(slow, rel=1e-6)


def test_one_bit_is_a_distance_and_no_bit_is_none(tmp_path):
    weight = np.random.default_rng(1).normal(size=1000).astype(np.float32)
    other = weight.copy()
    other[5] = np.nextafter(other[5], np.float32(9))
    found = weight_distances(files(tmp_path, {"w": weight}, {"w": weight}, {"w": other}))
    assert found[0, 1] == 0
    step = float(other[5] - weight[5]) / float(np.linalg.norm(weight.astype(np.float64)))
    assert found[0, 2] == pytest.approx(step, rel=1e-3)
    assert 0 < found[0, 2] < 1e-7


def test_opposite_weights_lie_two_apart_and_weights_of_nothing_nowhere(tmp_path):
    found = weight_distances(files(tmp_path, {"w": [1, 2]}, {"w": [-2, -4]}, {"w": [0, 0]}))
    assert found[0, 1] == pytest.approx(2)
    assert np.isnan(found[2]).all()


def test_other_weights_and_missing_files_are_refused(tmp_path):
    paths = files(tmp_path, {"w": [1, 2]}, {"w": [1, 2, 3]}, {"v": [1, 2]})
    said = re.escape(
        f"{paths[1]}: 'w' has shape (3,), in {paths[0]} (2,); distances need members of one model"
    )
    with pytest.raises(UserError, match=f"^{said}$"):
        weight_distances(paths[:2])
    said = re.escape(
        f"{paths[2]}: 'v' has shape (2,), in {paths[0]} none; distances need members of one model"
    )
    with pytest.raises(UserError, match=f"^{said}$"):
        weight_distances([paths[0], paths[2]])
    gone = tmp_path / "gone.safetensors"
    said = re.escape(f"{gone}: these weights are gone; train the population again")
    with pytest.raises(UserError, match=f"^{said}$"):
        weight_distances([paths[0], gone])


@pytest.mark.heavy
def test_weights_are_read_without_torch(tmp_path):
    path = files(tmp_path, {"w": [1, 2]})[0]
    code = (
        "import sys, pathlib; from undertow.study.tooling.weight_distance import weight_distances;"
        f"weight_distances([pathlib.Path({str(path)!r})] * 2); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# Averaged probabilities.

PROBA = np.array(
    [
        [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]],
        [[0.4, 0.6], [0.3, 0.7], [0.3, 0.7], [0.8, 0.2]],
        [[0.4, 0.6], [0.4, 0.6], [0.6, 0.4], [0.7, 0.3]],
    ]
)
LABEL = [0, 1, 1, 1]
"""Right are 1, 0, 1, 0; 0, 1, 1, 0; 0, 1, 0, 0. The first two together are right on 1, 1, 1, 0,
the first and the third on 1, 0 (.5 each: the first class), 1, 0, the others on 0, 1, 1, 0; all on
1, 1, 1, 0."""


def averaged():
    return records_from(PROBA.argmax(axis=2), LABEL, 2, proba=PROBA)


def test_gains_of_pairs():
    found = pair_gains(averaged())
    assert off_diagonal(found) == pytest.approx([0.25, 0.125, 0.125])
    np.testing.assert_array_equal(np.diag(found), 0)


def test_the_gain_of_all_members():
    gain_N = whole_gain(averaged())
    np.testing.assert_allclose(gain_N, [2 / 3, 1 / 3, 1 / 3, 0])
    accuracy = np.mean([0.5, 0.5, 0.25])
    assert gain_N.mean() == pytest.approx(0.75 - accuracy)


def test_members_that_are_equal_gain_nothing():
    records = records_from(
        PROBA[0].argmax(axis=1)[None].repeat(3, 0), LABEL, 2, proba=PROBA[[0] * 3]
    )
    assert (pair_gains(records) == 0).all()
    assert (whole_gain(records) == 0).all()


def test_examples_without_a_label_or_a_members_probabilities_are_left_out():
    proba = PROBA.copy()
    proba[1, 0] = np.nan
    records = records_from(PROBA.argmax(axis=2), [0, 1, -1, 1], 2, proba=proba)
    assert usable(records).tolist() == [False, True, False, True]
    np.testing.assert_allclose(whole_gain(records), [1 / 3, 0])


def test_without_probabilities_there_is_no_gain():
    records = records_from([[0, 1]], [0, 1], 2)
    said = re.escape("population 'world' has no probabilities of all 2 classes")
    for gain in (pair_gains, whole_gain):
        with pytest.raises(ValueError, match=f"^{said}$"):
            gain(records)
