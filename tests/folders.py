"""What trained folders hold, byte for byte, by path.

record(folder)   all that is repeatable: neither timings nor weights
weights(folder)  the members' weights
"""

from __future__ import annotations

from pathlib import Path


def record(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in _files(folder).items() if "/weights/" not in path}


def weights(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in _files(folder).items() if "/weights/" in path}


def _files(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "timings.json"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
