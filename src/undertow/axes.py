"""The axis letters, one meaning each in every array name of the project.

A name such as ``pred_MN`` says: one row per member, one column per example.

    M members    N examples    C classes    G slice values    S steps    E epochs    B batch
    D draws (arrangements of a permutation test)    K candidate labels of one example    P pairs
    V views of the examples of a batch    F features of a network
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEGEND: dict[str, str] = {
    "M": "members",
    "N": "examples",
    "C": "classes",
    "G": "slice values",
    "S": "steps",
    "E": "epochs",
    "B": "batch",
    "D": "draws",
    "K": "candidate labels",
    "P": "pairs",
    "V": "views",
    "F": "features",
}


def check_axes(**arrays: NDArray[np.generic]) -> dict[str, int]:
    """Lengths of the axes named by the arguments' suffixes; ``ValueError`` where two arrays
    disagree.

    >>> import numpy as np
    >>> check_axes(pred_MN=np.zeros((3, 5)), label_N=np.zeros(5))
    {'M': 3, 'N': 5}
    """
    lengths: dict[str, int] = {}
    for name, array in arrays.items():
        letters = name.rsplit("_", 1)[1]
        if len(letters) != array.ndim:
            raise ValueError(f"{name} has {array.ndim} axes, its name says {len(letters)}")
        for letter, length in zip(letters, array.shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                raise ValueError(
                    f"{name} has {length} {LEGEND[letter]}, an earlier array has {lengths[letter]}"
                )
    return lengths
