"""A small population to record: eight examples of three classes, and answers to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import undertow

IDS = [f"e{i}" for i in range(8)]
CLASSES = ("cat", "dog", "owl")
LABELS = np.arange(8) % 3
EXAMPLES = {"example_id": IDS, "label": LABELS, "region": ["n", "s"] * 4}
TRAIN_IDS = [f"t{i}" for i in range(6)]
TRAIN = {"example_id": TRAIN_IDS, "label": np.arange(6) % 3}


def logits(seed: int = 0, rows: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32)


def recorder(folder: Path, **more: Any) -> undertow.Recorder:
    return undertow.Recorder(folder, EXAMPLES, **{"classes": CLASSES, **more})


def recorded(folder: Path, members: int = 3, **more: Any) -> Path:
    """A whole population, whose members answer differently."""
    with recorder(folder, **more) as r:
        for seed in range(members):
            r.member(seed, seeds={"all": seed}).answers(IDS, logits=logits(seed))
    return folder
