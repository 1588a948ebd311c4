"""Make ``held_out_correctness.parquet``: how far each embedded training image can be learned from
others. Run it as

    python -m undertow.lab.data.fashion_mnist.make_scores FOLDER held_out_correctness.parquet

32 members (``SmallCNN(16)``, 10 epochs) each learn from their own 70 % of the 10,000 images, drawn
at random; FOLDER keeps them, and a run that was stopped goes on there. Columns, of the members that
did not learn from an image:

    members_held_out       how many they are
    held_out_correctness   the share of them that answers it rightly
    held_out_p             the mean probability that they give its label
    score                  held_out_correctness, equal ones ordered by held_out_p

It is a proxy of the C-score (2002.03206) at one share of the images, where the C-score is the mean
over several. Two runs give the same members on one machine; another one may round otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from undertow.lab.data.fashion_mnist.fashion import FashionMNIST
from undertow.lab.interventions.sampling import Subset
from undertow.lab.models import SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe

MEMBERS, EPOCHS, SHARE = 32, 10, 0.7
TIES = 1e-3
"""Less than what two shares of a few members differ by."""


def population(members: int = MEMBERS, train_per_class: int | None = None) -> Population:
    """Members that each leave images out."""
    data = FashionMNIST(train_per_class=train_per_class)
    recipe = Recipe(epochs=EPOCHS, batch=128, lr=0.1)
    whole = Population("all", data, SmallCNN(16), recipe, members)
    probes = (LearnedFrom(), Trace(every=EPOCHS, clean=True))
    return whole.under(Subset(SHARE), name="parts", probes=probes)


def scores(folder: Path) -> pl.DataFrame:
    """A row per training image of such a population. ``ValueError`` where every member learned from
    an image."""
    learned, trace = (read_probe(folder, name) for name in ("learned-from", "trace-clean"))
    out_MN = learned.values["learned_from"][:, :, -1] == 0
    count_N = out_MN.sum(axis=0)
    if not count_N.all():
        raise ValueError(f"{int((count_N == 0).sum())} images that every member learned from")
    right_MN = learned.values["right"][:, :, -1] == 1
    p_MN = np.exp(-trace.values["loss"][:, :, -1].astype(np.float64))
    correct_N, p_N = ((value_MN * out_MN).sum(axis=0) / count_N for value_MN in (right_MN, p_MN))
    return pl.DataFrame(
        {
            "example_id": learned.example_id_N,
            "members_held_out": count_N.astype(np.uint8),
            "held_out_correctness": correct_N.astype(np.float32),
            "held_out_p": p_N.astype(np.float32),
            "score": correct_N + TIES * p_N,
        }
    )


if __name__ == "__main__":
    made = scores(train_population(population(), Path(sys.argv[1])))
    made.write_parquet(sys.argv[2], compression="zstd", compression_level=19)
