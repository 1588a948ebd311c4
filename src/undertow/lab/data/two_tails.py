"""``TwoTails`` and ``TwoTailsByFrequency``: one tail of examples that are rare, and one of examples
that are labelled wrongly (2107.13098)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.longtail import take
from undertow.lab.data.relabelled import load_to_relabel, relabelled, shuffled_among, with_slices
from undertow.lab.data.score_file import scores_of

TAILS = np.array(["noisy", "atypical", "typical"])
NOISY, ATYPICAL, TYPICAL, UNUSED = range(4)


@dataclass(frozen=True)
class TwoTails:
    """``data`` as N20_A20_T60: of the training examples of each class, the share ``noisy`` drawn by
    ``seed``, whose labels are shuffled among all of them; of the others the share ``atypical`` (of
    the class) with the lowest scores; the rest are typical.

    ``scores`` is the path of a table (.csv or .parquet) with ``example_id`` and ``column``: a
    number for each training example, as held-out correctness or a C-score, low where an example is
    unlike its class; it may have further rows. ``"embedded:fashion-mnist"`` is a table that comes
    with Undertow, for the embedded images of ``FashionMNIST()``. With ``highest`` the highest are
    atypical, as where the number is a loss. Equal scores are ordered by ``seed``. Undertow takes
    the file as it is when the data are loaded.

    The slice ``tail`` says "noisy", "atypical" or "typical", ``true_label`` and ``mislabelled``
    (yes or no) what shuffling did: a shuffled label may be right, in about one of K. Every class
    has the same shares, rounded, halves upwards. What is held out has no tail. ``UserError`` for
    shares that cannot be, for scores that do not fit the ids, and for labels changed already.
    """

    data: Dataset
    scores: str
    column: str = "score"
    noisy: float = 0.2
    atypical: float = 0.2
    highest: bool = False
    seed: int = 0

    def load(self) -> Splits:
        """Read data and scores, and shuffle labels."""
        _check(self, self.noisy, self.atypical, self.seed)
        splits = _load(self, self.data)
        train = splits.train
        score_N = scores_of(self.scores, self.column, train.example_id_N)
        score_N = -score_N if self.highest else score_N
        tail_N = np.full(len(train.label_N), TYPICAL)
        for drawn_K in _drawn(train.label_N, self.seed):
            noisy, atypical = _counts(len(drawn_K), self.noisy, self.atypical)
            others_K = drawn_K[noisy:]
            ranked_K = others_K[np.argsort(score_N[others_K], kind="stable")]
            tail_N[drawn_K[:noisy]] = NOISY
            tail_N[ranked_K[:atypical]] = ATYPICAL
        return _with_tails(splits, tail_N, self.seed)


@dataclass(frozen=True)
class TwoTailsByFrequency:
    """``data`` as N20_A20_TX2: of what is trained on, the share ``noisy`` are images with labels
    shuffled among all of them, the share ``atypical`` images that occur once, and the rest typical
    images that occur ``copies`` times, under their own labels.

    Shares are of each class, as many examples as it has in ``data``, rounded, halves upwards; fewer
    typical images fill the rest, rounded down, and images that are left over are not trained on: of
    50,000 with 2 copies, 10,000 are noisy, 10,000 atypical, 15,000 typical twice, and 15,000 are
    left over. Which image is what is drawn by ``seed`` within each class.

    The first copy keeps its id and the others are ``<id>/2`` and so on; ``cluster`` has the id of
    the image, or its cluster where the data have clusters of their own, so copies can be told
    together. Copies come after all images. The slice ``tail`` says "noisy", "atypical" or
    "typical", ``true_label`` and ``mislabelled`` (yes or no) what shuffling did. What is held out
    has no tail; hold out inside, ``TwoTailsByFrequency(HeldOut(data))``, or a copy of what is
    trained on is held out. Pixel statistics stay those of ``data``. ``UserError`` for shares and
    copies that cannot be, a class that would keep no example, and labels changed already.
    """

    data: Dataset
    noisy: float = 0.2
    atypical: float = 0.2
    copies: int = 2
    seed: int = 0

    def load(self) -> Splits:
        """Read the data, shuffle labels and copy."""
        _check(self, self.noisy, self.atypical, self.seed)
        if type(self.copies) is not int or self.copies < 1:
            raise UserError(f"copies={self.copies!r}: give a whole number of 1 or more")
        splits = _load(self, self.data)
        tail_N = np.full(len(splits.train.label_N), UNUSED)
        for drawn_K in _drawn(splits.train.label_N, self.seed):
            noisy, atypical = _counts(len(drawn_K), self.noisy, self.atypical)
            rest = noisy + atypical
            typical = (len(drawn_K) - rest) // self.copies
            tail_N[drawn_K[:noisy]] = NOISY
            tail_N[drawn_K[noisy:rest]] = ATYPICAL
            tail_N[drawn_K[rest : rest + typical]] = TYPICAL
            if not rest + typical:
                raise UserError(
                    f"{self!r}: a class of {len(drawn_K)} training examples would keep none. Give "
                    "fewer copies"
                )
        splits, used_K = _clustered(splits), np.flatnonzero(tail_N != UNUSED)
        splits = replace(splits, train=take(splits.train, used_K))
        return _copied(_with_tails(splits, tail_N[used_K], self.seed), self.copies)


def _check(description: object, noisy: float, atypical: float, seed: int) -> None:
    if not (noisy >= 0 and atypical >= 0 and noisy + atypical <= 1 and seed >= 0):
        raise UserError(
            f"{description!r}: shares of 0 or more that add up to 1 at most, and a seed of 0 or "
            "more, are needed"
        )


def _load(description: object, data: Dataset) -> Splits:
    splits = load_to_relabel(description, data)
    if "tail" in splits.train.slices.columns:
        raise UserError(
            f"{description!r}: its data have a slice 'tail' already; give yours another name"
        )
    return splits


def _drawn(label_N: NDArray[np.int64], seed: int) -> list[NDArray[np.int64]]:
    """The rows of each class, in an order that depends on ``seed`` and the class alone."""
    return [
        np.random.default_rng([seed, int(label)]).permutation(np.flatnonzero(label_N == label))
        for label in np.unique(label_N)
    ]


def _counts(count: int, noisy: float, atypical: float) -> tuple[int, int]:
    """How many examples of a class are noisy and atypical."""
    first = int(noisy * count + 0.5)
    return first, min(int(atypical * count + 0.5), count - first)


def _with_tails(splits: Splits, tail_N: NDArray[np.int64], seed: int) -> Splits:
    """Noisy labels are shuffled, and the record says what each example is."""
    generator = np.random.default_rng([seed, len(splits.classes), 5])
    given_N = shuffled_among(splits.train.label_N, tail_N == NOISY, generator)
    splits = relabelled(splits, given_N)
    train, held = splits.train, splits.held_out
    train = with_slices(train, pl.Series("tail", TAILS[tail_N], dtype=pl.String))
    if held is not None:
        held = with_slices(held, pl.Series("tail", [None] * len(held.label_N), dtype=pl.String))
    return replace(splits, train=train, held_out=held)


def _clustered(splits: Splits) -> Splits:
    """Training examples with the column ``cluster``: their own ids, where the data do not say."""

    def told(part: Part) -> Part:
        alone = pl.Series("cluster", part.example_id_N, dtype=pl.String)
        if "cluster" not in part.slices.columns:
            return with_slices(part, alone)
        known = part.slices["cluster"].cast(pl.String).fill_null(alone)
        return replace(part, slices=part.slices.with_columns(known))

    held = splits.held_out
    return replace(splits, train=told(splits.train), held_out=None if held is None else told(held))


def _copied(splits: Splits, copies: int) -> Splits:
    """Typical training examples ``copies`` times, the further ones under ids of their own."""
    train = splits.train
    typical_K = np.flatnonzero((train.slices["tail"] == "typical").to_numpy())
    rows = np.arange(len(train.label_N))
    part = take(train, np.concatenate([rows, *[typical_K] * (copies - 1)]))
    further = tuple(
        f"{train.example_id_N[row]}/{copy}"
        for copy in range(2, copies + 1)
        for row in typical_K.tolist()
    )
    return replace(splits, train=replace(part, example_id_N=train.example_id_N + further))
