"""Tells a checkpoint by its name, and says what an audit reads in its place.

None is ever opened: what loads a checkpoint can run what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SUFFIXES = frozenset({
    ".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".hdf5", ".keras", ".onnx", ".tflite", ".pb",
    ".gguf", ".pkl", ".pickle", ".joblib",
})  # fmt: skip
SAVE = "numpy.savez('old.npz', logits=logits, labels=labels, ids=ids)"


def checkpoint_among(paths: Iterable[Path]) -> Path | None:
    """The first of these paths that is called as models are saved."""
    return next((path for path in paths if path.suffix.lower() in SUFFIXES), None)


def instead_of(path: Path) -> str:
    """What to do with a model."""
    return (
        f"{path}: is a checkpoint, and an audit reads predictions; run each model over the test "
        f"set, save what it answers with {SAVE} (docs/checkpoints.md has the loop), and give "
        "those files: undertow audit old.npz --against new.npz"
    )
