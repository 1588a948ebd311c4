"""Puts the files of one report into a folder together: what one run wrote never stands beside what
another wrote.

New files are made whole in a hidden folder beside their place. Then every file of the report that
was here is moved out, its last one first. Only when none is left are the new ones moved in, the
last one last. So a process may be killed anywhere: it leaves files of one run alone. Where the last
file is missing the set is incomplete, and the next run replaces it. What fails without a kill puts
the old report back.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

try:
    import fcntl
except ImportError:  # Windows: two runs that write one folder at once are not kept apart there.
    fcntl = None  # type: ignore[assignment]

STAGE = ".undertow-report-"
"""How the hidden folder's name begins; one that outlives its process says that a run died here."""
TRIED = ".undertow-can-write-"
NEW, OLD, NAMES = "new", "old", "names.txt"
PATIENCE = 60.0
"""Seconds to wait for another run that writes the same folder; it takes one."""


def publish(
    contents: Mapping[str, bytes],
    folder: Path,
    others: Mapping[str, bytes],
    *,
    refuse: Callable[[], None] | None = None,
) -> None:
    """Put ``contents`` into ``folder`` in this order; the last file is the sign that all are there.

    ``others`` are files that a report may have besides, each with bytes that stand in its first
    200. Those of an earlier report are removed; where there was none they are somebody else's and
    stay, as all other files do. Two processes that publish here wait for each other. ``refuse`` is
    asked when nobody else can write here, and raises where what is here may not be replaced. Raises
    ``OSError``, with the folder as it was before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder) as alone:
        if refuse is not None:
            refuse()
        abandoned = sorted(folder.glob(f"{STAGE}*"))
        retired = _retired(folder, contents, others, abandoned)
        stage = Path(mkdtemp(prefix=STAGE, dir=folder))
        try:
            _fill(stage, contents, retired)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        _exchange(folder, stage, retired, list(contents))
        for done in (*(abandoned if alone else ()), stage):
            shutil.rmtree(done, ignore_errors=True)


def try_writing(folder: Path) -> None:
    """``OSError`` where nothing can be written into ``folder``, or where it cannot be made: tried
    in the nearest folder that is there, and nothing stays."""
    there = folder
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    with TemporaryDirectory(prefix=TRIED, dir=there):
        pass


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Holds the folder, and lets go with the process, however that ends. False where folders cannot
    be locked."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folder, and one that cannot be listed can still be written.
        yield False
        return
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Whether the lock is held. Raises ``OSError`` where another process keeps it."""
    if fcntl is None:
        return False
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError as taken:
            if time.monotonic() > until:
                raise OSError(errno.EBUSY, "another run is writing here") from taken
            time.sleep(0.02)
        except OSError:  # Some network file systems have no locks.
            return False


def _retired(
    folder: Path,
    contents: Mapping[str, bytes],
    others: Mapping[str, bytes],
    abandoned: Sequence[Path],
) -> list[str]:
    """What is here of earlier reports, the last file of ``contents`` first."""
    *first, last = contents
    ours = {name for stage in abandoned for name in _names(stage)}
    mine = [
        name
        for name, head in others.items()
        if name not in contents
        and ((folder / last).exists() or name in ours)
        and head in _head(folder / name)
    ]
    here = [name for name in (last, *first, *mine) if os.path.lexists(folder / name)]
    for name in here:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
    return here


def _names(stage: Path) -> list[str]:
    """Names that a run which died had taken for a report's."""
    try:
        return (stage / NAMES).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _head(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(200)


def _fill(stage: Path, contents: Mapping[str, bytes], retired: Sequence[str]) -> None:
    """All that needs space and can fail: after it only names change."""
    (stage / NAMES).write_text("\n".join({*contents, *retired}), encoding="utf-8")
    (stage / OLD).mkdir()
    (stage / NEW).mkdir()
    for name, content in contents.items():
        with (stage / NEW / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _exchange(folder: Path, stage: Path, retired: Sequence[str], made: Sequence[str]) -> None:
    """Old out, then new in; the reverse where that fails. The stage stays where even the reverse
    fails: it says whose the files are."""
    try:
        for name in retired:
            os.replace(folder / name, stage / OLD / name)
        for name in made:
            os.replace(stage / NEW / name, folder / name)
    except BaseException:
        for name in reversed(made):
            if not (stage / NEW / name).exists():
                os.replace(folder / name, stage / NEW / name)
        for name in reversed(retired):
            if os.path.lexists(stage / OLD / name):
                os.replace(stage / OLD / name, folder / name)
        shutil.rmtree(stage, ignore_errors=True)
        raise
