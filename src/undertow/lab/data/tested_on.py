"""``TestedOn``: one data set's training part, and another one's test part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from undertow.errors import UserError
from undertow.lab.data.dataset import Dataset, Splits


@dataclass(frozen=True)
class TestedOn:
    """``data`` with the test part of ``other``, normalised as ``data`` is: what a network that was
    trained on the one says about the other. ``UserError`` where classes or image sizes differ."""

    __test__: ClassVar[bool] = False
    """It is no test, whatever its name begins with."""

    data: Dataset
    other: Dataset

    def load(self) -> Splits:
        """Read both."""
        splits, tested = self.data.load(), self.other.load()
        if splits.classes != tested.classes:
            raise UserError(
                f"{self!r}: the classes are {_few(splits.classes)} and {_few(tested.classes)}; a "
                "network answers with those that it learned, so name the others' alike"
            )
        shapes = [part.x_NCHW.shape[1:] for part in (splits.train, tested.test)]
        if shapes[0] != shapes[1]:
            raise UserError(
                f"{self!r}: images are (channels, height, width) = {shapes[0]} and {shapes[1]}; "
                "give test images of the size that was trained on"
            )
        return replace(splits, test=tested.test)


def _few(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:5]) + (" …" if len(classes) > 5 else "")
