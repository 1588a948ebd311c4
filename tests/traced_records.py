"""Records of members that nobody trained, with a trace of their training part.

record(folder, train, right=…)   answers right or wrong by a mask (M, N, E)
record(folder, train, loss=…)    losses (M, N, E)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from undertow.records.probes import Probed
from undertow.records.schema import WITH_TRAINING, Manifest, ProbeEntry
from undertow.records.write import PopulationWriter


def record(
    folder: Path, train: pl.DataFrame, *, right=None, loss=None, held_out=False, every=1
) -> Path:
    """Every label is 0; a wrong answer is 1. ``held_out`` has the trace look at held-out ones."""
    right_MNE = np.ones_like(loss) if right is None else np.asarray(right)
    loss_MNE = np.ones(right_MNE.shape) if loss is None else loss
    name, part = ("trace-held-out", "held_out") if held_out else ("trace-clean", "train")
    epochs = tuple(every * e for e in range(1, right_MNE.shape[-1] + 1))
    entry = ProbeEntry(description="by hand", epochs=epochs, part=part, mode="eval", view="clean")
    plan = Manifest(
        format=WITH_TRAINING, name=folder.name, classes=("a", "b"), members=(),
        probes={name: entry},
    )  # fmt: skip
    train = train.with_columns(label=pl.lit(0, dtype=pl.Int32))
    if held_out:
        train = train.with_columns(held_out=pl.lit("yes"))
    writer = PopulationWriter(
        folder, plan, pl.DataFrame({"example_id": ["t"], "label": [0]}), train=train
    )
    for m, (right_NE, loss_NE) in enumerate(zip(right_MNE, loss_MNE, strict=True)):
        halves = {name: loss_NE.astype(np.float16) for name in ("loss", "margin", "error")}
        frame = pl.DataFrame(halves | {"predicted": (1 - right_NE).astype(np.int8)})
        proba_NC = np.array([[0.9, 0.1]], dtype=np.float32)
        writer.write_member(f"{m:03d}", proba_NC.argmax(1), proba_NC, probed=Probed({name: frame}))
    writer.finish()
    return folder


def ids(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"example_id": names})
