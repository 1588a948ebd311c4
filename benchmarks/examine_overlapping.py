"""What examine says of tables whose classes overlap, where no label is wrong, and of two classes.

    python benchmarks/examine_overlapping.py

Worlds are scikit-learn's ``make_classification`` without its label noise. Three NumPy networks of
64 units learn each for 15 epochs, and their logits after each epoch are examined: alone, and with 4
% of the labels changed at random and known. The other wrong labels are counted against the list.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_classification

from undertow.audit.examined.believed import Range
from undertow.audit.examined.examine import Examined, examine
from undertow.records.traces.read import read_trace
from undertow.report.examined.stated import stated, stated_recall, stated_share

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

MEMBERS, EPOCHS, UNITS, BATCH, RATE, PLANTED = 3, 15, 64, 32, 0.1, 0.04
HEAD = (
    "| data | planted | wrong besides | list | of it wrong | precision stated | share stated | "
    "recall stated |\n" + "|---" * 8 + "|"
)


class World(NamedTuple):
    """What ``make_classification`` is given, and the share of labels that are wrong."""

    name: str
    how: dict[str, Any]
    wrong: float = 0.0


FIVE = {"n_samples": 3000, "n_classes": 5, "random_state": 3}
TWO = {"n_samples": 3000, "n_classes": 2, "n_informative": 8, "class_sep": 1.2, "random_state": 4}
WORLDS = (
    World("5 classes", FIVE | {"n_informative": 10, "n_redundant": 4, "class_sep": 1.6}),
    World(
        "4 classes, 80 to 1 %",
        {"n_samples": 4000, "n_classes": 4, "n_informative": 10, "class_sep": 1.4}
        | {"weights": [0.8, 0.15, 0.04, 0.01], "random_state": 5},
    ),
    World("5 classes that overlap much", FIVE | {"n_informative": 6, "class_sep": 0.7}),
    World("2 classes", TWO),
    World("2 classes, 10 % wrong", TWO, 0.1),
    World("5 classes, 10 % wrong", FIVE | {"n_informative": 10, "class_sep": 1.6}, 0.1),
)


def changed(label_N: Ints, share: float, rng: np.random.Generator) -> Ints:
    """With so large a share of labels drawn from the other classes."""
    classes, chosen = int(label_N.max()) + 1, rng.random(len(label_N)) < share
    other_N = (label_N + rng.integers(1, classes, len(label_N))) % classes
    return np.where(chosen, other_N, label_N)


def softmax(logits_BC: Floats) -> Floats:
    """Probabilities."""
    grown_BC = np.exp(logits_BC - logits_BC.max(axis=1, keepdims=True))
    return np.asarray(grown_BC / grown_BC.sum(axis=1, keepdims=True))


def trained(x_ND: Floats, label_N: Ints, seed: int) -> Floats:
    """Logits of all examples after each epoch (E, N, C), of one hidden layer by plain descent."""
    rng, classes = np.random.default_rng(100 + seed), int(label_N.max()) + 1
    first, second = rng.normal(size=(x_ND.shape[1], UNITS)), rng.normal(size=(UNITS, classes))
    first, second = first / np.sqrt(x_ND.shape[1]), second / np.sqrt(UNITS)
    said = []
    for _ in range(EPOCHS):
        for row_B in np.array_split(rng.permutation(len(x_ND)), len(x_ND) // BATCH):
            hidden_BU = np.maximum(x_ND[row_B] @ first, 0)
            error_BC = softmax(hidden_BU @ second) - np.eye(classes)[label_N[row_B]]
            back_BU = (error_BC @ second.T) * (hidden_BU > 0)
            second = second - RATE / len(row_B) * hidden_BU.T @ error_BC
            first = first - RATE / len(row_B) * x_ND[row_B].T @ back_BU
        said.append(np.maximum(x_ND @ first, 0) @ second)
    return np.stack(said)


def rows_of(world: World) -> list[str]:
    """A row alone, and one with known wrong labels planted on top."""
    x_ND, true_N = make_classification(n_features=20, flip_y=0, **world.how)
    x_ND, rng = (x_ND - x_ND.mean(axis=0)) / x_ND.std(axis=0), np.random.default_rng(0)
    given_N = changed(true_N, world.wrong, rng)
    rows = []
    for planted in (0.0, PLANTED):
        label_N = changed(given_N, planted, rng)
        known_N = label_N != given_N
        found = looked_at(x_ND, label_N, known_N)
        rows.append(row(world, found, known_N, (given_N != true_N) & ~known_N))
    return rows


def looked_at(x_ND: Floats, label_N: Ints, known_N: NDArray[np.bool_], seed: int = 0) -> Examined:
    """What examine says of members that are trained on this, by an npz."""
    logits_MENC = np.stack([trained(x_ND, label_N, seed + m) for m in range(MEMBERS)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "traces.npz")
        np.savez(path, logits=logits_MENC, labels=label_N)
        return examine(read_trace(path, "trace").values, known_N)


def row(world: World, found: Examined, known_N: NDArray[np.bool_], wrong_N: Ints) -> str:
    """Of one examination, in Markdown."""
    listed_N = (found.verdict_N == "likely mislabelled") & ~known_N
    recall = stated_recall(found)
    precision = stated(found, found.expected[0]).value if found.expected else np.nan
    cells = [
        world.name,
        f"{known_N.sum()}" if known_N.any() else "no",
        f"{wrong_N.sum():,}",
        f"{listed_N.sum():,}",
        f"{(listed_N & wrong_N).sum():,}",
        percent(precision),
        f"cannot tell ({found.why})" if found.why else said(stated_share(found, found.share)),
        "–" if recall is None else said(recall),
    ]
    return f"| {' | '.join(cells)} |"


def said(of: Range) -> str:
    """In %, with limits; with none above where two classes have none."""
    if np.isnan(of.high):
        return f"{percent(of.value)} (no upper limit)"
    return f"{percent(of.value)} ({percent(of.low)}–{percent(of.high)})"


def percent(share: float) -> str:
    """Without the sign; a dash where none is stated."""
    return "–" if np.isnan(share) else f"{100 * share:.1f}"


if __name__ == "__main__":
    print(HEAD)
    for each in WORLDS:
        print("\n".join(rows_of(each)), flush=True)
