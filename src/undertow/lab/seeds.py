"""``SeedPlan``: named streams of randomness, each fixed or varying over the members of a
population.

Which randomness differs between members is a scientific choice (2106.11872 varies them one at a
time), so it is stated, not left to a global seed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

STREAMS = ("init", "order", "augment", "dropout")


@dataclass(frozen=True)
class SeedPlan:
    """``root`` starts everything; the streams named in ``vary`` differ from member to member."""

    root: int = 0
    vary: tuple[str, ...] = STREAMS

    def __post_init__(self) -> None:
        unknown = sorted(set(self.vary) - set(STREAMS))
        if unknown:
            raise ValueError(
                f"SeedPlan(vary={self.vary!r}): no stream named {unknown[0]!r}; "
                f"choose from {STREAMS}"
            )

    def member(self, population: str, index: int) -> dict[str, int]:
        """The seed of every stream for one member. A varying stream depends on the population's
        name too."""
        return {stream: self._seed(stream, population, index) for stream in STREAMS}

    def _seed(self, stream: str, population: str, index: int) -> int:
        words = [self.root, STREAMS.index(stream)]
        if stream in self.vary:
            words += [1, zlib.crc32(population.encode()), index]
        return int(np.random.SeedSequence(words).generate_state(1, dtype=np.uint32)[0])
