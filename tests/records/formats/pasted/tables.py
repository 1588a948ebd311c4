"""Tables as people export them, once of a model and once of one that loses 10 points or more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

N = 1000


NAMES = np.array(["cat", "dog", "owl"])


Rows = dict[str, Any]


class World(NamedTuple):
    """Right answers, and those of one side with the probabilities of three classes."""

    right: np.ndarray
    said: np.ndarray
    p: np.ndarray

    @property
    def hit(self) -> np.ndarray:
        return (self.right == self.said).astype(int)


def world(*, worse: bool) -> World:
    draw = np.random.default_rng(7)
    right = draw.integers(0, 3, N)
    wrong = draw.random(N) < 0.12
    lost = draw.random(N) < 0.15
    said = np.where(wrong | (lost & worse), (right + 1) % 3, right)
    p = draw.dirichlet(np.ones(3), N) * 0.4
    p[np.arange(N), said] += 0.6
    return World(right, said, p.round(5))


IDS = [f"img_{n:04d}" for n in np.random.default_rng(1).permutation(N)]


BRIGHT = np.random.default_rng(2).random(N).round(3)


def probabilities(before: str = "", after: str = "", label: str = "truth", key: str = "image"):
    def rows(w: World) -> Rows:
        cells = {f"{before}{name}{after}": w.p[:, c] for c, name in enumerate(NAMES)}
        return {key: IDS, **cells, label: NAMES[w.right]}

    return rows


def of_two(no: str, yes: str, label: list[Any], called: str = "y") -> Callable[[World], Rows]:
    def rows(w: World) -> Rows:
        sick = (w.right == 0).astype(int)
        p = np.where(w.hit == 1, 0.55 + 0.4 * BRIGHT, 0.45 - 0.4 * BRIGHT)
        yes_N = np.where(sick == 1, p, 1 - p).round(4)
        return {"uid": IDS, no: (1 - yes_N).round(4), yes: yes_N, called: np.array(label)[sick]}

    return rows


def per_cent(w: World) -> Rows:
    return {**probabilities()(w), **{n: 100 * w.p[:, c] for c, n in enumerate(NAMES)}}


def prices(w: World) -> Rows:
    right = (200_000 + 100_000 * np.random.default_rng(3).random(N)).astype(int)
    off = np.where(w.hit == 1, 500, 40_000) + (200 * BRIGHT).astype(int)
    return {"house": IDS, "prediction": right + off, "label": right}


def runs(w: World) -> Rows:
    draw = np.random.default_rng(4)
    rows = {"uid": IDS, "answer": NAMES[w.right], "city": draw.choice(["Lund", "Kiel"], N)}
    for k in range(3):
        moved = draw.random(N) < 0.03
        rows[f"run{k}"] = NAMES[np.where(moved, (w.said + 1) % 3, w.said)]
    return rows


def stars(w: World) -> Rows:
    return {"review": IDS, "pred_stars": w.said + 3, "stars": w.right + 3}


def logits(*names: str, label: Any = None) -> Callable[[World], Rows]:
    """One number for each class, without any scale; ``label`` are the values of right answers."""

    def rows(w: World) -> Rows:
        cells = {name: (np.log(w.p[:, c] + 1e-6) * 3 + 4).round(4) for c, name in enumerate(names)}
        return {
            "image": IDS,
            **cells,
            "truth": np.array(NAMES if label is None else label)[w.right],
        }

    return rows


def marks(yes: Any, no: Any, before: str = "") -> Callable[[World], Rows]:
    """Predictions of which each is a 1, or true, among zeros."""

    def rows(w: World) -> Rows:
        cells = {f"{before}{n}": np.where(w.said == c, yes, no) for c, n in enumerate(NAMES)}
        return {"image": IDS, **cells, "truth": NAMES[w.right]}

    return rows


def both_marked(right: str, said: str, names: Iterable[Any]) -> Callable[[World], Rows]:
    """The same of right answers too."""

    def rows(w: World) -> Rows:
        parts = ((right, w.right), (said, w.said))
        cells = {f"{b}{n}": (k == c).astype(int) for b, k in parts for c, n in enumerate(names)}
        return {"image": IDS, **cells}

    return rows


def two_tasks(*names: str) -> Callable[[World], Rows]:
    """Right answer and prediction of two tasks, of which the second gets worse."""

    def rows(w: World) -> Rows:
        moods, right = np.array(["pos", "neg"]), (BRIGHT > 0.5).astype(int)
        slip = (right + (np.arange(N) % (11 if w.hit.mean() < 0.8 else 13) == 0)) % 2
        values = (moods[right], moods[slip], NAMES[w.right], NAMES[w.said])
        return {"doc": IDS, **dict(zip(names, values, strict=True))}

    return rows
