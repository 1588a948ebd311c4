"""What the highest and lowest values of instruments and probes look like, on real images:
docs/reference/pictures/, which docs/generate.py puts into the reference pages.

python docs/pictures.py                 trains three small networks and 40 tiny ones first: minutes
python docs/pictures.py over_members    those of what the 40 know of images left out, alone
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.audit.dynamics.columns import example_columns
from undertow.audit.dynamics.learned_columns import learned_columns
from undertow.audit.dynamics.over_members import all_over_members
from undertow.lab.data import FashionMNIST
from undertow.lab.interventions.sampling import Subset
from undertow.lab.models import MLP, SmallCNN
from undertow.lab.population import Population
from undertow.lab.probes import GraNd, LearnedFrom, PredictionDepth, QScore, Trace, VoG
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.png import png_of
from undertow.study.trained import Trained

FOLDER = Path(__file__).parent / "reference" / "pictures"
SHOWN, GAP, LARGER = 10, 4, 2
PROBES = (PredictionDepth(), QScore("train"), VoG(moments=6, part="train"), GraNd())


def population() -> Population:
    """Three small convolutional networks on the embedded images, all probes beside."""
    return Population(
        "pictures",
        FashionMNIST(train_per_class=500),
        SmallCNN(8),
        Recipe(epochs=12, batch=64, lr=0.05),
        members=3,
        probes=(Trace(), *PROBES),
    )


def parts() -> Population:
    """40 tiny networks, each of its own part of the same images."""
    dense = Population(
        "parts",
        FashionMNIST(train_per_class=500),
        MLP((128,)),
        Recipe(epochs=12, batch=64, lr=0.05),
        members=40,
    )
    return dense.under(Subset(0.7), name="parts", probes=(LearnedFrom(),))


def traced(folder: Path) -> pl.DataFrame:
    """``example_id`` and every column that has a card and is told by each member."""
    trained, found = Trained(folder), example_columns(folder)
    for probe in PROBES:
        found = found.join(trained.columns(probe.name), on="example_id")
    return found.drop("tied")


def over_members(folder: Path) -> pl.DataFrame:
    """The same of those that all members tell together."""
    names = [each.card.name for each in all_over_members()]
    return learned_columns(folder).select("example_id", *names)


MADE = {"traced": (population, traced), "over_members": (parts, over_members)}


def ends(value_N: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Highest and lowest first; of equal values in an order that has nothing to do with the data's,
    so that a class which comes first is not all that is seen."""
    known = np.flatnonzero(~np.isnan(value_N))
    known = np.random.default_rng(0).permutation(known)
    order = known[np.argsort(value_N[known], kind="stable")]
    return order[::-1][:SHOWN], order[:SHOWN]


def sheet(rows: list[NDArray[np.uint8]]) -> bytes:
    """Rows of pictures (N, H, W), twice as large, as one PNG."""
    lines = []
    for row_NHW in rows:
        wide = np.pad(row_NHW, ((0, 0), (0, 0), (0, GAP // LARGER)), constant_values=255)
        line_HW = np.concatenate(list(wide), axis=1)
        lines.append(np.pad(line_HW, ((0, GAP), (0, 0)), constant_values=255))
    whole_HW = np.concatenate(lines).repeat(LARGER, axis=0).repeat(LARGER, axis=1)
    return png_of(np.ascontiguousarray(whole_HW[..., None]))


def pictures(
    declared: Population, columns: Callable[[Path], pl.DataFrame]
) -> dict[str, list[list[str]]]:
    """Write a sheet per column; the labels of its images, the highest and the lowest."""
    part, classes = declared.data.load().train, declared.data.load().classes
    with tempfile.TemporaryDirectory() as out:
        found = columns(train_population(declared, Path(out)))
    assert found["example_id"].to_list() == list(part.example_id_N)
    said = {}
    for name in found.columns[1:]:
        high, low = ends(found[name].to_numpy())
        (FOLDER / f"{name}.png").write_bytes(sheet([part.x_NCHW[end][:, 0] for end in (high, low)]))
        said[name] = [[classes[part.label_N[n]] for n in end] for end in (high, low)]
    return said


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    labels = FOLDER / "labels.json"
    said = json.loads(labels.read_text(encoding="utf-8")) if labels.exists() else {}
    for name in sys.argv[1:] or MADE:
        declared, columns = MADE[name]
        said |= pictures(declared(), columns)
    labels.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
