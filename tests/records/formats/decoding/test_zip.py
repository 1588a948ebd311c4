"""Archives: several zstd frames, bombs, and members that are damaged."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest

from records.formats.seeds_logs import (
    DEFLATED,
    ZSTD,
    dumped,
    inspect_eval,
    inspect_head,
    quiz,
    zipfile,
    zipped,
)
from undertow.errors import TableError
from undertow.records.formats.decoding import zip


def contents(path: Path) -> list[bytes]:
    with zip.Archive(path) as archive:
        return [archive.read(name) for name in archive.names]


def refused(place: Path, data: bytes) -> str:
    """What is said on reading every member, without the path that it begins with."""
    path = place / "log.eval"
    path.write_bytes(data)
    with pytest.raises(TableError) as caught:
        contents(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def test_a_member_of_several_zstd_frames_is_read_whole(tmp_path: Path) -> None:
    """inspect begins a new frame every 200 MB of a sample."""
    data = b"".join(bytes([k % 251]) * 997 for k in range(500))
    (tmp_path / "a.zip").write_bytes(several_frames(data))
    with zip.Archive(tmp_path / "a.zip") as archive:
        assert archive.read("a") == data


def several_frames(data: bytes) -> bytes:
    packed = b"".join(
        zip.zstd.compress(data[k : k + 100_000]) for k in range(0, len(data), 100_000)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", packed)
    raw = bytearray(out.getvalue())
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        i = raw.index(mark)
        struct.pack_into("<H", raw, i + at, ZSTD)
        struct.pack_into("<L", raw, i + at + 6, zlib.crc32(data))
        struct.pack_into("<L", raw, i + at + 14, len(data))
    return bytes(raw)


@pytest.mark.parametrize("method", [ZSTD, DEFLATED])
def test_a_zip_bomb_is_refused_while_it_unpacks(
    tmp_path: Path, method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip, "FREE", 1 << 20)
    data = zipped(
        {"header.json": dumped(inspect_head()), "samples/1.json": b" " * (1 << 24)}, method
    )
    assert (
        refused(tmp_path, data)
        == "unpacks to more than 300 times its size; it is no log of an evaluation"
    )
    monkeypatch.setattr(zip, "LARGEST_MEMBER", 1 << 20)
    monkeypatch.setattr(zip, "FREE", 1 << 29)
    assert refused(tmp_path, data) == (
        "member 'samples/1.json' unpacks to more than 1 MB; it is no sample of a log"
    )


def test_damaged_members(tmp_path: Path) -> None:
    stored = inspect_eval(quiz(), method=zipfile.ZIP_STORED)
    assert refused(tmp_path, stored.replace(b"Question 3?", b"Question 9?")) == (
        "member 'samples/3_epoch_1.json' is damaged (its checksum differs); copy or evaluate again"
    )
    odd = bytearray(stored)
    for k in range(len(odd) - 4):
        if odd[k : k + 4] == b"PK\x01\x02":
            odd[k + 10] = 12
    assert refused(tmp_path, bytes(odd)).endswith(
        "cannot be unpacked (compression method 12 is not known); copy or evaluate again"
    )
    for k in range(len(odd) - 4):
        if odd[k : k + 4] == b"PK\x01\x02":
            odd[k + 8] |= 1
    assert refused(tmp_path, bytes(odd)).endswith("is encrypted; write the log without a password")
