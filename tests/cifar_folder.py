"""A folder in the published layout of CIFAR-10 and CIFAR-10H, with images made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np

CLASSES, VOTES = 10, 50


def written(folder: Path, *, per_class: int = 4, seed: int = 0) -> np.ndarray:
    """Five training batches and a test batch of the binary version, ``per_class`` images of each
    class in each, and ``cifar10h-counts.npy``: votes (N, 10), which are returned.

    Images are a pattern of their class, blended with that of the next class; people disagree as far
    as they are blended.
    """
    rng = np.random.default_rng(seed)
    pattern = rng.integers(0, 256, (CLASSES, 3072))
    for stem in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        label = rng.permutation(np.repeat(np.arange(CLASSES), per_class))
        blend = rng.uniform(0, 0.5, len(label))[:, None]
        pixels = (1 - blend) * pattern[label] + blend * pattern[(label + 1) % CLASSES]
        rows = np.concatenate([label[:, None], pixels.round()], axis=1).astype(np.uint8)
        (folder / f"{stem}.bin").write_bytes(rows.tobytes())
    counts = np.zeros((len(label), CLASSES), dtype=np.int64)
    other = rng.binomial(VOTES, 0.6 * blend[:, 0])
    counts[np.arange(len(label)), label] = VOTES - other
    counts[np.arange(len(label)), (label + 1) % CLASSES] += other
    np.save(folder / "cifar10h-counts.npy", counts)
    return counts
