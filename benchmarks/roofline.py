"""How well a calibrated device predicts matrix products and copies that it was not calibrated on.

    python benchmarks/roofline.py

One thread, processor seconds, half a minute. Prints predicted over measured for each, and the share
within a factor of 1.25.
"""

from __future__ import annotations

import math
import statistics

import torch

from undertow.lab.measurements.calibration import DTYPES, calibrate, product
from undertow.lab.measurements.clocks import timed
from undertow.lab.measurements.roofline import Shape, Work, predicted

HELD_OUT = [
    Shape(*sides)
    for sides in (
        (64, 784, 256), (64, 256, 256), (128, 128, 128), (256, 256, 256), (64, 1024, 1024),
        (512, 512, 512), (64, 3136, 128), (256, 4096, 64), (64, 784, 64), (32, 512, 2048),
        (24, 96, 96), (100, 300, 500), (48, 2048, 32), (384, 192, 768),
    )
]  # fmt: skip
SIZES = (6_000, 24_000, 100_000, 400_000, 1_500_000, 6_000_000, 24_000_000, 100_000_000)
WIDTH = {"float32": 4, "bfloat16": 2, "int8": 1}
BOUND = math.log(1.25)


def main() -> None:
    torch.set_num_threads(1)
    calibration = calibrate()
    device = calibration.device
    print(
        f"{calibration.machine.processor}, 1 thread, {100 * calibration.machine.worked:.0f} % of the wall's seconds worked"
    )
    for dtype, rate in device.rates.items():
        print(
            f"{dtype}: peak {rate.peak / 1e9:.1f} G/s, half lengths {', '.join(f'{x:.1f}' for x in rate.half)}"
        )
    print(
        f"bandwidth of the largest copy {device.bandwidth.largest / 1e9:.1f} GB/s, launch {1e6 * device.launch:.2f} us, "
        f"into memory that is there {1e6 * (device.launch_into or 0):.2f} us"
    )
    for dtype in DTYPES:
        logs = []
        for shape in HELD_OUT:
            M, K, N = shape
            touched = (M * K + K * N) * WIDTH[dtype] + M * N * max(
                WIDTH[dtype], 4 if dtype == "int8" else 0
            )
            said = predicted([Work(shape.flops, touched, dtype, shape)], device).roofline
            logs.append(
                _line(f"{dtype} {M} x {K} x {N}", said, timed(product(dtype, shape), 15).processor)
            )
        _sum(dtype, logs)
    logs = []
    for size in SIZES:
        a = torch.ones(size // 4)
        b = torch.empty_like(a)
        said = predicted([Work(0, 2.0 * size, into=True)], device).roofline
        logs.append(
            _line(f"copy {size:,} bytes", said, timed(lambda a=a, b=b: b.copy_(a), 15).processor)
        )
    _sum("copies", logs)


def _line(name: str, said: float, seen: float) -> float:
    print(
        f"  {name}: predicted {1e6 * said:.1f} us, measured {1e6 * seen:.1f} us, ratio {said / seen:.2f}"
    )
    return math.log(said / seen)


def _sum(name: str, logs: list[float]) -> None:
    within = sum(abs(x) <= BOUND for x in logs)
    print(
        f"{name}: {within} of {len(logs)} within 1.25; median ratio {math.exp(statistics.median(logs)):.2f}, worst {math.exp(max(map(abs, logs))):.2f}"
    )


if __name__ == "__main__":
    main()
