"""How far the weights of two members lie apart, by their direction alone.

‖ w_i / ‖w_i‖ − w_j / ‖w_j‖ ‖ over all weights as one vector: 0 for equal ones, also up to a common
positive factor, √2 about for unrelated ones, 2 for opposite ones (2106.11872; the code that was
released with it takes raw weights, and counts the running statistics of batch norm in). Two members
may compute the same with permuted units, and lie √2 apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError

Floats = NDArray[np.floating[Any]]

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Last parts of the names of what batch norm counts and does not learn: no weights."""


def weight_distances(paths: Sequence[Path]) -> Floats:
    """(M, M): between the members whose weights are in these safetensors files, in [0, 2], 0 on the
    diagonal. Read tensor by tensor, so that never more than one of each member is in memory. NaN
    beside a member whose weights are all 0 or not finite. ``UserError`` for a file that is not
    there, and where names or shapes differ. Needs the safetensors package, and no torch."""
    from safetensors import safe_open

    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: these weights are gone; train the population again")
    with ExitStack() as stack:
        files = [stack.enter_context(safe_open(path, framework="numpy")) for path in paths]
        names = _same_names(paths, files)
        norm_M, square_MM = np.zeros(len(paths)), np.zeros((len(paths), len(paths)))
        for name in names:
            norm_M += [float((one**2).sum()) for one in _tensors(files, name)]
        for name in names:
            square_MM += _apart(_tensors(files, name), np.sqrt(norm_M))
    return np.sqrt(square_MM)


def _same_names(paths: Sequence[Path], files: Sequence[Any]) -> list[str]:
    """Of all weights, in order."""
    first = _shapes(files[0]) if files else {}
    for path, file in zip(paths, files, strict=True):
        own = _shapes(file)
        apart = sorted(n for n in first.keys() | own.keys() if first.get(n) != own.get(n))
        if apart:
            n = apart[0]
            raise UserError(
                f"{path}: {n!r} has shape {own.get(n, 'none')}, in {paths[0]} "
                f"{first.get(n, 'none')}; distances need members of one model"
            )
    return list(first)


def _shapes(file: Any) -> dict[str, tuple[int, ...]]:
    keys = file.keys()
    names = sorted(n for n in keys if n.rpartition(".")[2] not in STATISTICS)
    return {name: tuple(file.get_slice(name).get_shape()) for name in names}


def _tensors(files: Sequence[Any], name: str) -> list[Floats]:
    return [file.get_tensor(name).astype(np.float64).ravel() for file in files]


def _apart(each: Sequence[Floats], norm_M: Floats) -> Floats:
    """Squared distances (M, M) in one tensor. Differences are taken before squares: 2 − 2 cos would
    lose all of what nearly equal weights differ by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = [one / norm for one, norm in zip(each, norm_M, strict=True)]
        return np.array([[float(((a - b) ** 2).sum()) for b in unit] for a in unit])
