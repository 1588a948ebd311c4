"""``Planted``: training examples of known kinds, whose loss curves tell what others are
(Metadata Archaeology, 2209.10015)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.changed_images import changed
from undertow.lab.data.corrupted import generators
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.relabelled import relabelled, with_slices, yes_no
from undertow.lab.data.score_file import scores_of

KINDS = ("typical", "atypical", "corrupted", "wrong label")
USES = ("reference", "validation")
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Planted:
    """``data`` in which 2 · ``count`` training examples of each of four kinds are known for what
    they are, half of them as references for others and half to tell how far to trust that:
    *typical* (highest scores) and *atypical* ones (lowest) as they are, *corrupted* ones with
    Gaussian noise of deviation ``sigma`` on pixels from 0 to 1, clipped, and ones with a *wrong
    label*, each other class as likely. They take the places of what they were, and are learned from
    like all others.

    ``scores`` is a table as of ``TwoTails`` (path, or ``"embedded:fashion-mnist"``): a number in
    ``column`` for each training example, low where it is unlike its class, or high with
    ``highest``; equal ones are ordered by ``seed``. The highest and lowest of all are taken, so
    classes may have different shares. Corrupted and wrongly labelled ones are drawn by ``seed``
    among the rest. Where ``data`` have changed labels or images already (``mislabelled``,
    ``corrupted``), none of those is taken.

    The slice ``planted`` says the kind, ``planted_for`` "reference" or "validation", both empty for
    all others and for what is held out; ``true_label`` and ``mislabelled`` say what became of
    labels. The test part and pixel statistics stay those of ``data``. ``UserError`` for a count
    below 1 or more than there are examples for, a ``sigma`` below 0, scores that do not fit the
    ids, and where something is planted already.
    """

    data: Dataset
    scores: str
    column: str = "score"
    count: int = 250
    sigma: float = 0.1
    highest: bool = False
    seed: int = 0

    def load(self) -> Splits:
        """Read data and scores, and plant."""
        splits = self.data.load()
        self._check(splits.train)
        score_N = scores_of(self.scores, self.column, splits.train.example_id_N)
        able_K = _able(splits.train)
        if 2 * len(KINDS) * self.count > len(able_K):
            raise UserError(
                f"{self!r}: plants {2 * len(KINDS) * self.count} training examples, and the data "
                f"have {len(able_K)} with right labels and clean images; count can be "
                f"{len(able_K) // (2 * len(KINDS))} at most"
            )
        generator = np.random.default_rng([self.seed, len(splits.classes), 7])
        drawn_K = generator.permutation(able_K)
        by_score_K = drawn_K[
            np.argsort((-1 if self.highest else 1) * score_N[drawn_K], kind="stable")
        ]
        rows = _rows(by_score_K, 2 * self.count, generator)
        splits = self._noisy(splits, rows["corrupted"])
        splits = _mislabelled(splits, rows["wrong label"], generator)
        return _told(splits, rows, self.count)

    def _check(self, train: Part) -> None:
        if self.count < 1 or not self.sigma >= 0 or self.seed < 0:
            raise UserError(
                f"{self!r}: a count of 1 or more, and sigma and seed of 0 or more, are needed"
            )
        taken = {"planted", "planted_for"} & set(train.slices.columns)
        if taken:
            raise UserError(
                f"{self!r}: its data have a slice {min(taken)!r} already; plant once, and give a "
                "slice of your own another name"
            )

    def _noisy(self, splits: Splits, rows_K: Ints) -> Splits:
        train = splits.train

        def noisy(row: int, x_CHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
            drawn = next(generators((train.example_id_N[row],), "planted", 0, self.seed))
            value_CHW = x_CHW + 255 * self.sigma * drawn.standard_normal(x_CHW.shape)
            return np.rint(np.clip(value_CHW, 0, 255)).astype(np.uint8)

        images = changed(train.x_NCHW, _mask(len(train.label_N), rows_K), noisy)
        return replace(splits, train=replace(train, x_NCHW=images))


def _able(train: Part) -> Ints:
    """Rows that nobody has changed yet."""
    changed_N = np.zeros(len(train.label_N), dtype=bool)
    for name in ("mislabelled", "corrupted"):
        if name in train.slices.columns:
            changed_N |= (train.slices[name] == "yes").fill_null(False).to_numpy()
    return np.flatnonzero(~changed_N)


def _rows(by_score_K: Ints, each: int, generator: np.random.Generator) -> dict[str, Ints]:
    """Of each kind, in an order by lot."""
    between_K = generator.permutation(by_score_K[each:-each])
    found = (by_score_K[-each:], by_score_K[:each], between_K[:each], between_K[each : 2 * each])
    return {kind: generator.permutation(of) for kind, of in zip(KINDS, found, strict=True)}


def _mislabelled(splits: Splits, rows_K: Ints, generator: np.random.Generator) -> Splits:
    """These with another label, beside those that are wrong already."""
    train, classes = splits.train, len(splits.classes)
    away_N = np.zeros(len(train.label_N), dtype=np.int64)
    away_N[rows_K] = generator.integers(1, classes, len(rows_K))
    given_N = (train.label_N + away_N) % classes
    if "true_label" not in train.slices.columns:
        return relabelled(splits, given_N)
    names = np.array(splits.classes)
    wrong_N = names[given_N] != train.slices["true_label"].to_numpy()
    slices = train.slices.with_columns(yes_no("mislabelled", wrong_N))
    return replace(splits, train=replace(train, label_N=given_N, slices=slices), recorded=True)


def _told(splits: Splits, rows: dict[str, Ints], count: int) -> Splits:
    N, held = len(splits.train.label_N), splits.held_out
    kind_N, use_N = np.full(N, None, dtype=object), np.full(N, None, dtype=object)
    for kind, of_kind_K in rows.items():
        kind_N[of_kind_K] = kind
        use_N[of_kind_K[:count]], use_N[of_kind_K[count:]] = USES

    def told(part: Part, kinds: list[str | None], uses: list[str | None]) -> Part:
        columns = (("planted", kinds), ("planted_for", uses))
        return with_slices(part, *(pl.Series(n, v, dtype=pl.String) for n, v in columns))

    none = [None] * (0 if held is None else len(held.label_N))
    return replace(
        splits,
        train=told(splits.train, kind_N.tolist(), use_N.tolist()),
        held_out=None if held is None else told(held, [*none], [*none]),
    )


def _mask(count: int, rows_K: Ints) -> NDArray[np.bool_]:
    mask_N = np.zeros(count, dtype=bool)
    mask_N[rows_K] = True
    return mask_N
