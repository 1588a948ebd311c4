"""The variance of gradients by hand and against a slow loop."""

import statistics

import pytest
import torch

from undertow.lab.probes.input_gradients import variance_of_gradients, within_classes

GRADIENTS = torch.tensor(
    [[[1, 2], [3, 4]], [[2, 2], [1, 4]], [[3, 2], [2, 7]]], dtype=torch.float64
)[:, None, None]


def test_the_vector_of_the_notes():
    per_pixel = GRADIENTS[:, 0, 0].std(0, correction=0).flatten()
    assert per_pixel.tolist() == pytest.approx(
        [0.8164965809, 0, 0.8164965809, 1.4142135624], abs=5e-11
    )
    assert float(variance_of_gradients(GRADIENTS)) == pytest.approx(0.7618016811, abs=5e-11)


def test_channels_are_averaged_before_anything_else():
    """What two channels do against each other is not seen."""
    both = torch.cat([GRADIENTS, -GRADIENTS], dim=2)
    assert float(variance_of_gradients(both)) == 0


def test_it_is_that_of_a_slow_loop():
    g = torch.randn(5, 4, 3, 2, 6, generator=torch.Generator().manual_seed(0)).double()
    for b, found in enumerate(variance_of_gradients(g).tolist()):
        pixels = [
            [statistics.fmean(float(g[k, b, c, i, j]) for c in range(3)) for k in range(5)]
            for i in range(2)
            for j in range(6)
        ]
        assert found == pytest.approx(statistics.fmean(map(statistics.pstdev, pixels)))


def test_one_snapshot_does_not_vary():
    assert variance_of_gradients(GRADIENTS[:1]).isnan().all()


def test_standard_scores_are_within_a_class():
    value = torch.tensor([1.0, 3.0, 10.0, 5.0, 5.0, torch.nan, 7.0])
    score = within_classes(value, torch.tensor([0, 0, 1, 2, 2, 0, 3]))
    torch.testing.assert_close(score, torch.tensor([-1.0, 1.0] + [torch.nan] * 5), equal_nan=True)
