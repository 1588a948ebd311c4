"""``ShuffledPixels`` and ``GaussianPixels``: training images that show nothing, under labels that
are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from undertow.drawn import drawn_by_class
from undertow.errors import UserError
from undertow.lab.data.changed_images import Change, changed
from undertow.lab.data.corrupted import generators
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.relabelled import with_slices, yes_no

CORRUPTED = "corrupted"


@dataclass(frozen=True)
class ShuffledPixels:
    """``data`` with the pixels of ``share`` of the training images of each class in another order:
    one permutation of places, drawn by ``seed``, shared by them all (1611.03530, 2107.07741).

    A pixel keeps its channels, so colours stay. Labels and the test part stay as they are, and so
    do pixel statistics, those of the clean images. Which images are drawn depends on ``seed`` and
    the class alone: the same as ``WrongLabels`` and ``GaussianPixels`` draw by that seed. The slice
    ``corrupted`` says which (yes or no). ``UserError`` for a share outside 0 to 1, and where
    training images are corrupted already.
    """

    data: Dataset
    share: float
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and shuffle pixels; encoded images stay encoded."""

        def shuffling(part: Part) -> Change:
            _, _, H, W = part.x_NCHW.shape
            order_P = np.random.default_rng([self.seed, H, W, 4]).permutation(H * W)
            return lambda _, x_CHW: x_CHW.reshape(len(x_CHW), -1)[:, order_P].reshape(x_CHW.shape)

        return _corrupted(self, self.data.load(), self.share, self.seed, shuffling)


@dataclass(frozen=True)
class GaussianPixels:
    """``data`` with all pixels of ``share`` of the training images of each class replaced by draws
    from a normal distribution with the image's own mean and variance (2107.07741).

    Mean and variance are those of all values of an image, its channels together. Draws are rounded
    to whole numbers and clipped to 0 … 255, so dark or light images of high contrast come out with
    less variance. What is drawn for an image depends on its id and ``seed`` alone. Labels and the
    test part stay as they are, and so do pixel statistics, those of the clean images. Which images
    are drawn depends on ``seed`` and the class alone: the same as ``WrongLabels`` and
    ``ShuffledPixels`` draw by that seed. The slice ``corrupted`` says which (yes or no).
    ``UserError`` for a share outside 0 to 1, and where training images are corrupted already.
    """

    data: Dataset
    share: float
    seed: int = 0

    def load(self) -> Splits:
        """Read the data and draw pixels; encoded images stay encoded."""

        def drawing(part: Part) -> Change:
            def drawn(row: int, x_CHW: NDArray[np.uint8]) -> NDArray[np.uint8]:
                ids = (part.example_id_N[row],)
                generator = next(generators(ids, "gaussian_pixels", 0, self.seed))
                value_CHW = generator.normal(x_CHW.mean(), x_CHW.std(), x_CHW.shape)
                return np.rint(np.clip(value_CHW, 0, 255)).astype(np.uint8)

            return drawn

        return _corrupted(self, self.data.load(), self.share, self.seed, drawing)


def _corrupted(
    description: object,
    splits: Splits,
    share: float,
    seed: int,
    change_of: Callable[[Part], Change],
) -> Splits:
    """What is held out is looked at and not learned from, so its images stay clean."""
    train, held = splits.train, splits.held_out
    if CORRUPTED in train.slices.columns:
        raise UserError(
            f"{description!r}: its data have a slice {CORRUPTED!r} already; corrupt training "
            "images once, and give a slice of your own another name"
        )
    drawn_N = drawn_by_class(train.label_N, share, seed)
    images = changed(train.x_NCHW, drawn_N, change_of(train))
    train = with_slices(replace(train, x_NCHW=images), yes_no(CORRUPTED, drawn_N))
    if held is not None:
        held = with_slices(held, yes_no(CORRUPTED, np.zeros(len(held.label_N), dtype=bool)))
    return replace(splits, train=train, held_out=held, recorded=True)
