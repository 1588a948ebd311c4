"""A population folder on disk: the names of its files, and writes that are whole or not there at
all."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import secrets
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from undertow.errors import RecordError, UserError

MANIFEST = "manifest.json"
PLAN = "plan.json"
EXAMPLES = "examples.parquet"
TIMINGS = "timings.json"
TRAIN = "train.parquet"
HELD_OUT = "held_out"
"""The column of the file above that says so."""
MEMBERS = "members"
PROBES = "probes"
SERIES = "series"
UNFINISHED = ".tmp"
"""Ending of a file that is being written; one left behind by a killed run is never read."""
BEGUN = ".begun"
"""Ending of the mark of a member that began to train."""
TRIES = 5
LARGEST_FILE = 16 << 30
"""Bytes of one file of a population; encoded images are the largest."""

MEMBER_ID = re.compile(r"\w[\w.+=@-]{0,119}")
"""A member's id names its file, so nothing in it may lead out of the folder."""


def check_member_id(member_id: str) -> str:
    """The id itself; ``RecordError`` where it could not name a file inside the folder."""
    if MEMBER_ID.fullmatch(member_id) is None:
        raise RecordError(
            f"member id {member_id!r} cannot name a file: use up to 120 letters, digits and . _ + "
            "= @ -, beginning with a letter or digit"
        )
    return member_id


def member_file(folder: Path, member_id: str) -> Path:
    """Where a member's predictions lie."""
    return folder / MEMBERS / f"{check_member_id(member_id)}.parquet"


def entry_file(folder: Path, member_id: str) -> Path:
    """Where a member's manifest entry waits until the whole population is done."""
    return folder / MEMBERS / f"{check_member_id(member_id)}.json"


def begun_file(folder: Path, member_id: str) -> Path:
    """There while a recorded member trains, and after its training was killed. Hidden, since it is
    no part of the record."""
    return folder / MEMBERS / f".{check_member_id(member_id)}{BEGUN}"


def begun_members(folder: Path) -> list[str]:
    """Members that a recorder began and that are not done."""
    there = sorted(path.name for path in (folder / MEMBERS).glob(f".*{BEGUN}"))
    return [name[1 : -len(BEGUN)] for name in there]


def probe_file(folder: Path, probe: str, member_id: str) -> Path:
    """Where a member's values of a probe lie. ``RecordError`` where the probe's name could not name
    a folder."""
    if MEMBER_ID.fullmatch(probe) is None:
        raise RecordError(
            f"probe {probe!r} cannot name a folder: use up to 120 letters, digits and . _ + = @ -, "
            "beginning with a letter or digit"
        )
    return folder / PROBES / probe / f"{check_member_id(member_id)}.parquet"


def series_file(folder: Path, member_id: str) -> Path:
    """Where a member's values per epoch lie."""
    return folder / SERIES / f"{check_member_id(member_id)}.parquet"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def json_bytes(model: BaseModel) -> bytes:
    """The same model gives the same bytes; readable by people and by ``model_validate_json``."""
    return (model.model_dump_json(indent=1) + "\n").encode()


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """The same frame gives the same bytes: one chunk, one row group size, one compression."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, row_group_size=1 << 18
    )
    return buffer.getvalue()


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, flush to the disk, rename: a kill leaves the old file or the
    new one. Makes the folder where it lacks.

    The temporary name is this writer's own, so several may write one file: the last to rename wins,
    and a reader meets a whole file of one of them. Whoever tidies up takes leftovers away by their
    ending and may take this writer's too; then it is written again.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not any(_written(path, data) for _ in range(TRIES)):
            raise FileNotFoundError(errno.ENOENT, "its temporary file was removed again and again")
        _flush_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def is_unfinished(name: str, of: str) -> bool:
    """Whether a file of this name is what a killed writer of the file ``of`` left."""
    return name.startswith(f"{of}.") and name.endswith(UNFINISHED)


def _written(path: Path, data: bytes) -> bool:
    """Whether the file is there now; not where the temporary one was taken away before it was
    renamed."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}{UNFINISHED}")
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise
        return False
    finally:
        unfinished.unlink(missing_ok=True)
    return True


def make_folder(folder: Path) -> None:
    """The folder and its ``members``; ``UserError`` where that cannot be."""
    try:
        (folder / MEMBERS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def cannot_write(path: Path, error: OSError) -> UserError:
    """An ``OSError`` as a person can use it."""
    return UserError(
        f"{path}: cannot be written ({error.strerror}); free some disk space or "
        "choose another folder"
    )


def _flush_folder(folder: Path) -> None:
    """A rename is only safe from a power cut once its folder is flushed. Windows cannot and need
    not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
