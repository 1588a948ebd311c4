"""Pictures that records only name: got when one is shown, and never from outside their folder.

A table may come from strangers, and what it names ends on a page. So a name leads nowhere but to a
regular file in the folder, of a limited size, whose first bytes are those of a picture.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.records.opened import opened_files
from undertow.records.opening import open_file
from undertow.records.pictures_shown import note_shown
from undertow.records.png import png_of

SUFFIX = r"\.(png|jpe?g|gif|webp)$"
LONGEST_NAME = 4096
LARGEST = 1 << 20
"""Bytes of a picture that is shown; a page has room for two or three of this size."""
_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)


class Pictures(Protocol):
    """Where named pictures come from."""

    def of(self, name: str) -> bytes | str:
        """The bytes of an encoded picture, or a text to show in its place."""
        ...


@dataclass(frozen=True)
class PictureFolder:
    """Pictures in files; ``root`` is the folder that they have to lie in."""

    root: Path

    def of(self, name: str) -> bytes | str:
        if not re.search(SUFFIX, name.lower()) or len(name) > LONGEST_NAME:
            return name
        path = self._inside(name)
        if path is None:
            return f"{name} (not shown: it lies outside the folder of the table)"
        try:
            # Collected apart: it is noted as a picture, not as a file that was read.
            with opened_files(), open_file(Path(path)) as file:
                data = file.read(LARGEST + 1)
        except FileNotFoundError:
            return f"{name} (not shown: there is no such file)"
        except (OSError, ValueError):
            return f"{name} (not shown: it cannot be read)"
        if len(data) > LARGEST:
            return f"{name} (not shown: it is larger than {LARGEST >> 20} MB)"
        if media_type(data) is None:
            return f"{name} (not shown: it is no PNG, JPEG, GIF or WebP)"
        note_shown(self.root, name, data)
        return data

    def missing(self, names: Iterable[str]) -> Iterator[str]:
        """The names of no file in the folder. Folders are listed, files are not touched."""
        listed: dict[str, frozenset[str]] = {}
        for name in names:
            place, file = os.path.split(name)
            if place not in listed:
                listed[place] = self._files(place)
            if file not in listed[place]:
                yield name

    def _files(self, place: str) -> frozenset[str]:
        path = self._inside(place or ".")
        try:
            return frozenset(os.listdir(path)) if path is not None else frozenset()
        except OSError:
            return frozenset()

    def _inside(self, name: str) -> str | None:
        """Where the name leads, links followed; ``None`` where that is not in the folder."""
        if "\0" in name:
            return None
        root = os.path.abspath(self.root)
        given = os.path.normpath(os.path.join(root, name))
        # By its letters first: on Windows to look at \\server\share is to knock at the server.
        if not _within(given, root):
            return None
        real = os.path.realpath(given)
        return real if _within(real, os.path.realpath(root)) else None


@dataclass(frozen=True, eq=False)
class PictureArray:
    """Pixels (N, H, W, C) and the row of each name."""

    pixels_NHWC: NDArray[np.uint8]
    rows: Mapping[str, int]

    def of(self, name: str) -> bytes | str:
        data = png_of(self.pixels_NHWC[self.rows[name]])
        return data if len(data) <= LARGEST else "a picture of more than 1 MB, not shown"


def are_pictures(values: pl.Series) -> bool:
    """Whether most of these texts can be names of pictures."""
    known = values.drop_nulls()
    named = known.str.tail(len(".webp")).str.to_lowercase().str.contains(SUFFIX)
    return bool(len(known)) and int(named.sum()) * 2 > len(known)


def media_type(data: bytes) -> str | None:
    """``png``, ``jpeg``, ``gif`` or ``webp`` by the first bytes; ``None`` for the rest, such as SVG
    with scripts."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _TYPES if data.startswith(magic)), None)


def shown(content: Any, pictures: Pictures | None) -> bytes | str | None:
    """What a person sees of an example's input."""
    if pictures is None or not isinstance(content, str):
        return content if isinstance(content, bytes | str) else None
    return pictures.of(content)


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)
