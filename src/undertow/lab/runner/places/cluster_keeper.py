"""The actor beside the driver that keeps checkpoints, hands out weights of parents and teachers and
passes on news.

It runs on the driver's machine, so files are read and written there and workers need no storage in
common with it. Its process starts while the workers' do, so it leaves torch alone until there is a
checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from undertow.lab.runner.progress import Event

if TYPE_CHECKING:
    from undertow.lab.runner.checkpoint import FolderShelf

FILES = "files"
"""The concurrency group of what reads and writes files, so that a large checkpoint does not hold up
the news."""

READERS = 4


class Keeper:
    """Checkpoints on disk, news in memory. ``run`` numbers the calls of ``results``: late news of
    an old one is lost.

    All of it but news survives a restart of this actor.
    """

    def __init__(self) -> None:
        self._run, self._stop, self._news = 0, False, list[Event]()

    def tell(self, run: int, event: Event) -> None:
        """Take one piece of news."""
        if run == self._run:
            self._news.append(event)

    def heard(self) -> None:
        """Answered once everything that the asking worker told before has been heard."""

    def news(self, run: int, stop: bool) -> list[Event]:
        """What was told since the last call; ``stop`` is what ``stopping`` answers from now on."""
        news = self._news if run == self._run else []
        self._run, self._stop, self._news = run, stop, []
        return news

    def stopping(self) -> bool:
        """Whether workers should keep a checkpoint and stop."""
        return self._stop

    def weights(self, path: Path) -> bytes:
        """The weights of a parent or a teacher."""
        return path.read_bytes()

    def load(self, folder: Path, name: str) -> bytes | None:
        """A checkpoint, as ``Shelf.load``."""
        return _shelf(folder).load(name) if folder.exists() else None

    def save(self, folder: Path, name: str, data: bytes) -> None:
        """Keep a checkpoint, as ``Shelf.save``."""
        _shelf(folder).save(name, data)


def _shelf(folder: Path) -> FolderShelf:
    from undertow.lab.runner.checkpoint import FolderShelf  # imports torch

    return FolderShelf(folder)


def said(reference: Any) -> Any:
    """Wait for an actor's answer inside a task, and raise what it raised.

    Not by ``ray.get``: while a task waits there, Ray lends its CPU to another task, and more would
    train than there are cores.
    """
    from ray.exceptions import RayTaskError

    try:
        return reference.future().result()
    except RayTaskError as error:
        raise error.cause from None


class KeptShelf:
    """A ``Shelf`` on a worker whose folder is on the driver's machine."""

    def __init__(self, keeper: Any, folder: Path) -> None:
        self._keeper, self._folder = keeper, folder

    def load(self, name: str) -> bytes | None:
        data: bytes | None = said(self._files("load").remote(self._folder, name))
        return data

    def save(self, name: str, data: bytes) -> None:
        said(self._files("save").remote(self._folder, name, data))

    def _files(self, method: str) -> Any:
        return getattr(self._keeper, method).options(concurrency_group=FILES)
