"""What could be shipped: ratios are within processes, and a front is what nothing beats in both."""

from __future__ import annotations

import math

import pytest

from planted_engines import INT8, SECONDS, Planted, choices


def test_a_choice_is_a_network_in_an_engine_and_only_zeros_have_a_density():
    found = choices()
    assert [(c.name, c.engine, c.cell.density, c.left) for c in found.every] == [
        ("dense", "torch eager", 1.0, 1.0),
        ("dense", "ONNX Runtime", 1.0, 1.0),
        ("narrow 10 %", "torch eager", 1.0, 0.1),
        ("narrow 10 %", "ONNX Runtime", 1.0, 0.1),
        ("pruned to 10 %", "torch eager", 0.1, 0.1),
        ("pruned to 10 %, CSR", "torch eager", 0.1, 0.1),
        ("pruned to 10 %, CSR as linear", "torch eager", 0.1, 0.1),
        ("int8", "torch eager", 1.0, 1.0),
    ]


def test_a_speed_is_a_ratio_within_processes():
    found = choices()
    narrow = found.speed(found.of("narrow 10 %", "torch eager"))
    assert narrow.ratio == pytest.approx((8 * (2 / 0.26) * 8) ** (1 / 3))
    equal = found.speed(found.of("pruned to 10 %", "torch eager"))
    assert (equal.ratio, equal.low, equal.high) == (1, 1, 1)  # though processes differ twofold
    slower = found.in_each("pruned to 10 %, CSR", "dense", ["torch eager"])["torch eager"]
    assert slower.ratio == pytest.approx((4 / 8 * 2 / 4.2 * 4 / 8.4) ** (1 / 3))


def test_processes_are_paired_in_their_order_not_by_size():
    seconds = {("dense", "eager"): [4.0, 1.0, 2.0], ("dense", "int8"): [1.0, 4.0, 2.0]}
    found = choices(Planted(seconds)).speed(INT8)  # 4, a quarter and 1 times as fast
    assert found.ratio == pytest.approx(1)
    wide = math.exp(4.302653 * math.log(4) / math.sqrt(3))  # Student's t of two degrees
    assert (found.low, found.high) == pytest.approx((1 / wide, wide))


def test_of_a_promise_a_share_came():
    found = choices()
    assert found.realised(INT8) == (1, 1, 1)
    nothing = found.realised(found.of("pruned to 10 %", "torch eager"))
    assert nothing == (0, 0, 0)
    assert math.isnan(found.realised(found.of("dense", "ONNX Runtime"))[0])


def test_the_reference_pays_nothing_in_any_engine():
    found = choices()
    assert found.paid(found.of("dense", "ONNX Runtime")).effect == 0
    paid = found.paid(found.of("narrow 10 %", "torch eager"))
    assert (paid.value, paid.effect, paid.verdict) == ("Shirt", -0.10, "worse")
    assert paid.exemplars == "12 (3 to 9)"


def test_a_front_is_what_no_other_beats_in_speed_and_in_what_it_costs():
    found = choices()
    front = found.front("torch eager")
    # dense and int8 cost nothing, int8 is faster; pruned is slower than int8 and costs more
    assert [c.name for c in front] == ["narrow 10 %", "int8"]


def test_of_two_equal_choices_both_are_on_the_front():
    seconds = SECONDS | {("dense", "int8"): SECONDS["dense", "eager"]}
    found = choices(Planted(seconds))
    assert [c.name for c in found.front("torch eager")] == ["narrow 10 %", "dense", "int8"]


def test_what_did_not_run_has_a_reason_and_no_place():
    found = choices()
    assert [c.name for c in found.able("ONNX Runtime")] == ["dense"]
    with pytest.raises(KeyError) as caught:
        found.speed(found.of("narrow 10 %", "ONNX Runtime"))
    assert caught.value.args[0] == "'narrow 10 %' in onnxruntime: error (no kernel)"
    with pytest.raises(KeyError, match="no 'narrow 5 %' in 'torch eager'"):
        found.of("narrow 5 %", "torch eager")
