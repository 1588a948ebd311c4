"""What trained folders hold, byte for byte, by path.

record(folder)         all that is repeatable: neither timings nor weights
as_the_loops(folder)   the same, as if the loop had been the runner: its name in the manifest, hence
                       the digest
weights(folder)        the members' weights, without the digests beside them
"""

from __future__ import annotations

from pathlib import Path

from undertow.records.manifest import read_sealed, sealed_bytes


def record(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in _files(folder).items() if "/weights/" not in path}


def as_the_loops(folder: Path) -> dict[str, bytes]:
    def by_the_loop(path: str) -> bytes:
        return sealed_bytes(read_sealed(folder / path).model_copy(update={"runner": "loop"}))

    return {
        path: by_the_loop(path) if path.endswith("manifest.json") else data
        for path, data in record(folder).items()
    }


def weights(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in _files(folder).items() if path.endswith(".safetensors")}


def _files(folder: Path) -> dict[str, bytes]:
    files = [
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "timings.json"
    ]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
