"""How far the embedding of one population has moved from another's, for studies.

Features of two members have no order in common, so they are compared as wholes: by linear centred
kernel alignment (CKA; Kornblith et al. 2019, 1905.00414, eq. 5), which is 1 for embeddings that are
equal but for a rotation and one scale. The paper's authors publish a function and no package.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from undertow.study.trained import Floats, Trained

EMBEDDING = "embedding-test"


def linear_cka(x_NF: NDArray[np.floating], y_NF: NDArray[np.floating]) -> float:
    """‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) in Frobenius norms, of features centred over examples: 0 to 1.

    Both have a row for each of the same examples, and may have other numbers of features. NaN
    where no feature of a side varies.
    """
    x_NF, y_NF = (z - z.mean(axis=0) for z in (x_NF.astype(float), y_NF.astype(float)))
    alone = np.linalg.norm(x_NF.T @ x_NF) * np.linalg.norm(y_NF.T @ y_NF)
    return float(np.linalg.norm(y_NF.T @ x_NF) ** 2 / alone) if alone > 0 else float("nan")


def drift(reference: Trained, variant: Trained) -> Floats:
    """Of each member of the variant (M): 1 − CKA of its test embedding with a reference member's,
    the mean over those that it does not derive from. ``RecordError`` where no ``Embedding`` was
    measured.

    A member of the same recipe that was trained from other seeds has drifted too, so this says
    something beside such members alone.
    """
    before, after = _embeddings(reference), _embeddings(variant)
    return np.array(
        [
            np.mean([1 - linear_cka(x, y) for other, x in before.items() if other != parent])
            for (_, y), parent in zip(after.items(), variant.parents(reference), strict=True)
        ]
    )


def _embeddings(population: Trained) -> dict[str, Floats]:
    """(N, F) by member."""
    found = population.probe(EMBEDDING)
    stacked_MNF = np.concatenate(list(found.values.values()), axis=2)
    return dict(zip(found.members, stacked_MNF, strict=True))
