"""``undertow demo``: the main job from end to end on embedded data, in a few minutes on two
cores."""

from __future__ import annotations

from pathlib import Path


def run_demo(out: Path, *, workers: int | None = None) -> Path:
    """Train, compress, audit and report: the compression study at scale ``demo``. Returns the
    report's path."""
    from undertow.lab.runner.machine import Machine
    from undertow.run import run_study_named

    return run_study_named("compression_bias", "demo", out, machine=Machine(workers=workers))
