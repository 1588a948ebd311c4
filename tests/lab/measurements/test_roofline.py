"""What time should be, in numbers worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from undertow.lab.measurements.roofline import (
    Bandwidth,
    Device,
    Rate,
    Shape,
    Work,
    break_even,
    gap,
    predicted,
    realised_fraction,
)

DEVICE = Device(
    rates={"float32": Rate(1e9, (0, 0, 0)), "int8": Rate(4e9, (0, 0, 0))},
    bandwidth=Bandwidth((1e3, 1e9), (1e8, 1e8)),
    launch=1e-6,
)


def test_an_operator_takes_its_slower_need_and_a_launch():
    work = [Work(flops=2e6, bytes=1e4), Work(flops=1e3, bytes=5e5)]
    found = predicted(work, DEVICE)
    assert found.flops == pytest.approx(2e-3 + 1e-6)
    assert found.bytes == pytest.approx(1e-4 + 5e-3)
    assert found.roofline == pytest.approx((2e-3 + 1e-6) + (5e-3 + 1e-6))


def test_a_number_type_has_its_own_rate_and_an_unknown_one_that_of_float32():
    assert predicted([Work(4e6, 0, "int8")], DEVICE).flops == pytest.approx(1e-3)
    assert predicted([Work(4e6, 0, "float64")], DEVICE).flops == pytest.approx(4e-3)


def test_an_operator_that_is_given_its_memory_has_a_launch_of_its_own():
    device = replace(DEVICE, launch_into=4e-7)
    work = [Work(0, 1e4, into=True), Work(0, 1e4)]
    assert predicted(work, device).roofline == pytest.approx(2 * 1e-4 + 4e-7 + 1e-6)
    assert predicted(work, DEVICE).roofline == pytest.approx(2 * 1e-4 + 2 * 1e-6)
    assert predicted([Work(0, 0, launches=0, into=True)], device).roofline == 0


def test_fused_operators_have_no_launch_of_their_own():
    assert predicted([Work(0, 0, launches=0)], DEVICE).roofline == 0


def test_half_the_peak_at_the_half_performance_length():
    rate = Rate(1e9, (8, 0, 0), start=1e-5, per_weight=1e-9)
    assert rate.seconds(1e6, Shape(8, 100, 10)) == pytest.approx(2e-3 + 1e-5 + 1e-6)
    assert rate.seconds(1e6, None) == pytest.approx(1e-3)


def test_bandwidth_between_measured_sizes_is_interpolated_over_logarithms():
    band = Bandwidth((1e2, 1e4), (1e6, 1e4))
    assert band.seconds(1e3) == pytest.approx(1e3 / 1e5)
    assert band.seconds(1e6) == pytest.approx(1e6 / 1e4)
    assert band.seconds(0) == 0


def test_the_realised_fraction():
    # torchao's page on a B200: mxfp8 at 8192, 1.94 predicted and 1.76 observed.
    assert realised_fraction(1.94, 1.76) == pytest.approx(0.81, abs=0.005)
    assert realised_fraction(2.36, 0.76) < 0
    unpromised = (1.0, 1.09, 0.97, 0.5, math.nan, 0.0)  # a loss that came true is no gain
    assert all(math.isnan(realised_fraction(s, 3.0)) for s in unpromised)
    assert realised_fraction(1.2, 1.1) == pytest.approx(0.5)


def test_the_gap_in_logarithms():
    assert gap(2.0, 1.0) == pytest.approx(math.log(2))
    assert gap(1.5, 1.5) == 0
    assert math.isnan(gap(0.0, 1.0))


def test_a_sparse_kernel_at_a_fifth_of_the_dense_rate_pays_above_four_fifths():
    # At 90 % it does a tenth of the work at a fifth of the rate: twice as fast.
    assert break_even(0.9, 2.0) == pytest.approx(0.8)
    assert break_even(0.5, 3.0) == 0
