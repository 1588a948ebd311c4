"""The three formulas by hand, against a slow loop, and where they are not defined."""

import math
import statistics

import pytest
import torch

from undertow.lab.probes.q_scores import active, discriminative, q_mid, q_v1, q_v6

H = torch.tensor([[0, 0, 5, 1], [4, 0, 0, 0], [1, 1, 1, 9], [2, 2, 2, 2.5]], dtype=torch.float64)
D = torch.tensor([True, False, True, True])


def test_version_1_of_the_notes():
    h = torch.tensor([[0, 1, 2, 3, 10]], dtype=torch.float64)
    assert float(q_v1(h)) == pytest.approx(0.1199206877, abs=5e-11)
    unit = h / h.norm()
    assert float(unit.sum()) == pytest.approx(16 / math.sqrt(114))
    assert float(q_v1(unit)) == pytest.approx(1.2804025666, abs=5e-11)


def test_version_6_of_the_notes():
    assert [row.nonzero()[:, 0].tolist() for row in active(H, 1)] == [[2], [0], [3], [3]]
    assert active(H, 1).double().mean(0).tolist() == [0.25, 0, 0.25, 0.5]
    assert q_v6(H, D, over=1).tolist() == pytest.approx([3.5, 3.0, 6.0, 0.375], abs=5e-11)


def test_the_middle_one_counts_all_active_features():
    """Here the same, since no other feature is active."""
    assert q_mid(H).tolist() == pytest.approx([3.5, 3.0, 6.0, 0.375])
    assert q_v6(H, torch.tensor([True, True, False, True]), over=1)[0].isnan()


def slow(h, over, counted):
    mean, sd = statistics.fmean(h), statistics.pstdev(h)
    chosen = [v - mean for j, v in enumerate(h) if j in counted and v > mean + over * sd]
    return statistics.fmean(chosen) if chosen else math.nan


def test_they_are_those_of_a_slow_loop():
    generator = torch.Generator().manual_seed(0)
    h_NR = torch.randn(50, 40, generator=generator, dtype=torch.float64).relu() ** 3
    some = torch.arange(40) % 3 == 0
    rows, counted = h_NR.tolist(), set(some.nonzero()[:, 0].tolist())
    every = set(range(40))
    v1 = [(max(h) - statistics.fmean(h)) / statistics.pstdev(h) / sum(h) for h in rows]
    assert q_v1(h_NR).tolist() == pytest.approx(v1)
    assert q_mid(h_NR).tolist() == pytest.approx([slow(h, 1, every) for h in rows])
    found, expected = q_v6(h_NR, some).tolist(), [slow(h, 4, counted) for h in rows]
    assert found == pytest.approx(expected, nan_ok=True)
    assert 5 < sum(map(math.isnan, found)) < 48


@pytest.mark.parametrize("h", [[0.0] * 30, [0.1] * 30, [-0.5, *[0.0] * 28, 9.0]])
def test_nothing_stands_out_or_a_feature_is_negative(h):
    h_NR = torch.tensor([h])
    every = torch.ones(30, dtype=torch.bool)
    assert all(q.isnan().all() for q in (q_v1(h_NR), q_mid(h_NR), q_v6(h_NR, every)))


def test_four_standard_deviations_need_eighteen_features():
    for count, there in ((17, False), (18, True)):
        h_NR = torch.tensor([[1.0, *[0.0] * (count - 1)]], dtype=torch.float64)
        assert bool(q_v6(h_NR, torch.ones(count, dtype=torch.bool)).isfinite()) == there


def test_discriminative_features_are_active_on_some_examples():
    share_R = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.9])
    assert discriminative(share_R).tolist() == [False, False, True, True, False]


def test_discriminative_features_lie_from_the_50th_to_the_95th_percentile():
    """Of 0 to 100 in disorder."""
    share_R = (torch.arange(101) * 7 % 101).double()
    assert share_R[discriminative(share_R)].sort().values.tolist() == list(range(50, 96))
