"""Where something is measured or asked: the processor, and what it is asked with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from undertow.lab.runner.threads import cores


def this_machine(threads: int) -> dict[str, Any]:
    """Processor, cores, threads and versions, under the names that ``lottery.json`` has them by."""
    return {
        "processor": processor_name(),
        "cores": cores(),
        "threads": threads,
        "python": platform.python_version(),
        "packages": _versions("torch", "torchao", "onnxruntime", "openvino"),
    }


def processor_name() -> str:
    """As the system calls it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2] for line in text.splitlines() if line.startswith("model name"))
    return next(named, platform.machine()).strip()


def _versions(*packages: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
