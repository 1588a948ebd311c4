"""Tensors, arrays and lists as NumPy arrays. No library is imported for it: what is given brings
its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError

WANTED = "give a tensor, a NumPy array or a list of numbers"
TEXTS = (str, int)


def array_of(called: str, value: Any) -> NDArray[Any]:
    """What is given as an array in memory; numbers of two bytes as float32, since ``bfloat16`` is
    none of NumPy's. ``UserError`` for what is no array."""
    try:
        array = np.asarray(_listed(value))
    except (
        Exception
    ) as problem:  # A ragged list; whatever a library raises for a tensor of its own.
        raise UserError(
            f"{called}: this {type(value).__name__} does not become an array ({problem}); {WANTED}"
        ) from problem
    if array.dtype.kind == "V" or array.dtype == np.float16:  # V: bfloat16 of ml_dtypes, as in JAX.
        return array.astype(np.float32)
    return array


def scores_of(called: str, value: Any) -> NDArray[np.floating[Any]]:
    """Numbers with a fraction; ``UserError`` for text and objects."""
    array = array_of(called, value)
    if array.dtype.kind not in "fiub":
        raise UserError(f"{called}: holds {array.dtype}, and scores are numbers; {WANTED}")
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def held(value: Any) -> Any:
    """A copy that later changes in place do not reach, left where it is: fetching each batch from a
    GPU would make it wait."""
    if hasattr(value, "detach"):
        return value.detach().clone()
    return np.array(value) if isinstance(value, np.ndarray) else value


def ids_of(called: str, value: Any) -> list[str]:
    """Ids as text, whole numbers by their digits, in a row; ``UserError`` for another shape."""
    if isinstance(value, list | tuple) and all(isinstance(one, TEXTS) for one in value):
        return [str(one) for one in value]
    array = array_of(called, value)
    if array.ndim != 1:
        raise UserError(f"{called}: have shape {array.shape}; give one id for each example")
    return [str(one) for one in array.tolist()]


def _listed(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and hasattr(value[0], "detach"):
        return np.stack([_fetched(one) for one in value])
    return _fetched(value)


def _fetched(value: Any) -> Any:
    """A tensor of torch as NumPy can take it: without a gradient, on the CPU, not of two bytes."""
    if not hasattr(value, "detach"):
        return value
    value = value.detach().cpu()
    return value.float() if value.is_floating_point() and value.element_size() <= 2 else value
