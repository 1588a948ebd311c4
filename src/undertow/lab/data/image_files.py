"""Image files on disk as the pixels of a part: decoded at once, or when they are indexed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from undertow.lab.data.lazy import Images, LazyImages
from undertow.lab.data.png import decode_image, stack_images


def images_of(
    paths: Sequence[Path], channels: int, size: tuple[int, int] | None, *, stream: bool
) -> Images:
    """All of ``paths`` in their order; with ``stream`` they stay in their files. ``UserError`` for
    an unreadable image, or sizes that differ; with ``stream``, once it is decoded."""
    files = _Files([str(path) for path in paths])
    if stream:
        return LazyImages.of(files, channels, size)
    decoded = [
        decode_image(files.read(row), path, channels, size) for row, path in enumerate(files.paths)
    ]
    return stack_images(decoded, files.paths)


@dataclass(frozen=True)
class _Files:
    """Image files by row."""

    paths: list[str]

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, row: int) -> bytes:
        return Path(self.paths[row]).read_bytes()

    def where(self, row: int) -> str:
        return self.paths[row]
