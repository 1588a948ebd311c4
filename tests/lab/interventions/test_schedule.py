import pytest

from undertow.lab.interventions.weights._schedule import Window, cubic_sparsity, firing_steps


def test_reference_vector_of_gradual_magnitude_pruning():
    # cie-contrastive §8.12: 1000 → 20000, final 0.9
    expected = {1000: 0, 1500: 0.069199, 5500: 0.499976, 10500: 0.7875, 15500: 0.888043, 20000: 0.9}
    got = {step: round(cubic_sparsity(step, 1000, 20000, 0.9), 6) for step in expected}
    assert got == expected
    assert len(firing_steps(1000, 20000, 500)) == 39


def test_half_way_seven_eighths_are_done():
    assert cubic_sparsity(15, 10, 20, 0.8) == pytest.approx(0.875 * 0.8)


def test_outside_the_window_the_schedule_is_flat():
    assert cubic_sparsity(0, 10, 20, 0.8, initial=0.2) == pytest.approx(0.2)
    assert cubic_sparsity(99, 10, 20, 0.8, initial=0.2) == pytest.approx(0.8)


def test_a_begin_that_is_no_multiple_of_the_frequency_shifts_nothing():
    # §0 item 9: 2440 … 4760 each 62 has 38 scheduled values; code on multiples of 62 fires late, 37
    # times
    steps = firing_steps(2440, 4760, 62)
    assert steps[:2] == (2440, 2502)
    assert steps[-1] == 4760
    assert len(steps) == 39
    on_multiples = [step for step in range(2440, 4761) if step % 62 == 0]
    assert (on_multiples[0], len(on_multiples)) == (2480, 37)


def test_the_end_fires_even_off_the_grid():
    assert firing_steps(0, 10, 4) == (0, 4, 8, 10)
    assert firing_steps(0, 3, 100) == (0, 3)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 100, 1601])
def test_every_training_however_short_reaches_the_target(steps):
    targets = Window(0.1, 0.6, 0.01, 0.2).targets(steps, 0.9)
    reached = [targets[step] for step in sorted(targets) if 1 <= step <= steps]
    assert reached[-1] == 0.9
    assert reached == sorted(reached)


def test_no_training_has_no_targets():
    assert Window(0.1, 0.6, 0.01, 0.2).targets(0, 0.9) == {}


def test_wrong_orders_are_refused():
    with pytest.raises(ValueError) as caught:
        cubic_sparsity(1, 5, 5, 0.5)
    assert str(caught.value) == "cubic_sparsity(begin=5, end=5): begin must come before end"
    with pytest.raises(ValueError) as caught:
        firing_steps(0, 5, 0)
    assert (
        str(caught.value)
        == "firing_steps(begin=0, end=5, every=0): need 0 <= begin < end and every >= 1"
    )
