"""What a device can do: fitted, written and read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from undertow.errors import UserError
from undertow.lab.measurements.calibration import (
    COPIED,
    SHAPES,
    Calibration,
    Machine,
    calibrate,
    product,
    rate_of,
    read_calibration,
    write_calibration,
)
from undertow.lab.measurements.roofline import Rate, Shape, Work, predicted

MACHINE = Machine("a processor", 2, 1, "3.11", {"torch": "2"}, "2026-01-01T00:00:00+00:00", 1.0)
TRUE = Rate(1e11, (6.0, 4.0, 9.0), start=4e-6, per_weight=1e-10)


def planted(launch: float = 1e-6) -> tuple[tuple[Shape, float], ...]:
    return tuple((s, launch + TRUE.seconds(s.flops, s)) for s in SHAPES)


def made() -> Calibration:
    copies = tuple((2.0 * size, 1e-6 + size / 1e10) for size in COPIED)
    return Calibration(MACHINE, {"float32": planted()}, copies, 1e-6, "processor")


def test_a_planted_rate_predicts_products_that_it_was_not_fitted_to():
    found = rate_of(planted(), 1e-6)
    for shape in (Shape(64, 784, 256), Shape(100, 300, 500), Shape(1024, 48, 32)):
        true = TRUE.seconds(shape.flops, shape)
        assert found.seconds(shape.flops, shape) == pytest.approx(true, rel=0.05)


def test_one_disturbed_product_hardly_moves_the_rate():
    disturbed = [(s, 5 * t if i == 7 else t) for i, (s, t) in enumerate(planted())]
    shape = Shape(64, 784, 256)
    true = TRUE.seconds(shape.flops, shape)
    assert rate_of(disturbed, 1e-6).seconds(shape.flops, shape) == pytest.approx(true, rel=0.1)


def test_bandwidth_is_what_is_left_without_the_launch():
    device = made().device
    assert device.bandwidth.largest == pytest.approx(2e10, rel=1e-3)


def test_a_small_copy_takes_its_own_launch_and_not_that_of_other_operators():
    """As measured: 1.09 us where a tensor is made, 0.82 where it is there."""
    copies = tuple((2.0 * size, 0.82e-6 + size / 5e10) for size in COPIED)
    device = replace(made(), launch=1.09e-6, copies=copies, launch_into=0.82e-6).device
    true = 0.82e-6 + 6_000 / 5e10
    assert predicted([Work(0, 12_000, into=True)], device).roofline == pytest.approx(true, rel=0.02)
    before = replace(made(), launch=1.09e-6, copies=copies).device
    assert predicted([Work(0, 12_000, into=True)], before).roofline > 1.2 * true


def test_a_file_from_before_launches_were_told_apart_is_read(tmp_path: Path):
    path = tmp_path / "calibration.json"
    write_calibration(made(), path)
    content = json.loads(path.read_text())
    del content["launch_into"]
    path.write_text(json.dumps(content))
    assert read_calibration(path) == made()
    write_calibration(replace(made(), launch_into=4e-7), path)
    assert read_calibration(path).device.launch_into == 4e-7
    write_calibration(replace(made(), launch_into=-4e-7), path)
    with pytest.raises(UserError, match="is no calibration of the format"):
        read_calibration(path)


def test_written_and_read_again_it_is_the_same(tmp_path: Path):
    path = tmp_path / "calibration.json"
    write_calibration(made(), path)
    assert read_calibration(path) == made()


def test_what_is_no_calibration_is_refused(tmp_path: Path):
    path = tmp_path / "other.json"
    path.write_text("[1]")
    with pytest.raises(UserError) as error:
        read_calibration(path)
    assert str(error.value) == (
        f"{path}: is no calibration of the format undertow-calibration/1; give a calibration.json "
        "that undertow lottery wrote, or leave --calibration out to measure anew"
    )
    missing = tmp_path / "none.json"
    with pytest.raises(UserError) as error:
        read_calibration(missing)
    assert str(error.value) == (
        f"{missing}: the calibration cannot be read (No such file or directory); check the name, "
        "or leave --calibration out to measure anew"
    )


@pytest.mark.parametrize("launch", [-1e-6, 0.0])
def test_seconds_that_cannot_be_are_refused(tmp_path: Path, launch: float):
    path = tmp_path / "calibration.json"
    write_calibration(replace(made(), launch=launch), path)
    with pytest.raises(UserError, match="is no calibration of the format"):
        read_calibration(path)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_product_is_that_of_its_shape(dtype: str):
    answer = product(dtype, Shape(2, 3, 5))()
    assert answer.shape == (2, 5)
    assert (answer == 3).all()


@pytest.mark.heavy
def test_this_device_can_be_calibrated():
    found = calibrate(repeats=1, dtypes=("float32",))
    assert found.device.rates["float32"].peak > 1e8
    assert found.device.bandwidth.largest > 1e7
    assert found.machine.threads >= 1
    assert found.launch_into is not None
