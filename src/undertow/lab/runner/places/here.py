"""Training in this process, one chunk after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator

from undertow.lab.runner.checkpoint import FolderShelf, never
from undertow.lab.runner.places.chunk import make_chunk, resident_for
from undertow.lab.runner.places.job import Result, Work
from undertow.lab.runner.progress import Watcher
from undertow.lab.runner.threads import one_thread


class Here:
    """The reference: nothing between the caller and the loop. ``asked`` says whether to stop."""

    def __init__(self, asked: Callable[[], bool] = never) -> None:
        self.asked = asked

    def results(self, work: Work, watch: Watcher) -> Generator[Result, None, None]:
        """Yield every job's result, in order. Raises ``Stopped`` where somebody asked to stop."""
        shelf = FolderShelf(work.unfinished)
        with one_thread():
            data = resident_for(work.population, work.device)
            for chunk in work.chunks:
                yield from make_chunk(
                    work.population, chunk, work.how, data, shelf, watch, self.asked
                )

    def close(self) -> None:
        """Nothing to let go of."""
