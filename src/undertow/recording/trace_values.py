"""A member's traces in NumPy: the values that ``lab.probes.trace`` keeps, by the same formulas.

Of training examples they are of the step that learned from the example: the network in train mode,
as it was then. Test examples are asked by a pass of their own.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.recording.example_rows import ExampleRows
from undertow.recording.tensors import array_of, held, scores_of
from undertow.records.schema import RECORDER, ProbeEntry
from undertow.records.traces.formula import UNSEEN, Values, values_of

Part = Literal["train", "test"]
NAMES: dict[Part, str] = {"train": "trace", "test": "trace-test"}
"""Of each part's trace, as the lab calls it."""
CALLED = {"trace": "trace", "trace-test": "trace of test examples"}
AT_ONCE = 1 << 18
"""Logits that wait before they are looked at: many small operations cost more than one."""
MOST_IN_A_BYTE = 127
LARGEST = 65504.0
"""Half precision holds no larger number; what is beyond it is kept as this one."""


class TraceKept:
    """One member's values on a part: half precision, a set of arrays (N,) per epoch.

    ``epochs`` counts those that are over, from 1 on, as the record does.
    """

    def __init__(self, examples: ExampleRows, classes: int, part: Part = "train") -> None:
        self._examples, self._classes, self._part = examples, classes, part
        self.name = NAMES[part]
        self._warned = False
        self._by_epoch: dict[int, Values] = {}
        self._waiting: list[tuple[int, NDArray[np.intp], Any]] = []
        self._size = 0

    @property
    def epochs(self) -> tuple[int, ...]:
        return tuple(sorted({*self._by_epoch, *(epoch for epoch, _, _ in self._waiting)}))

    def add(self, called: str, epoch: int, ids: Any, logits: Any) -> None:
        """What was seen of these examples in the epoch; of one seen twice the last."""
        if not self.epochs:
            self._examples.refuse_unlabelled()
        hint = ", and part='test' with test examples" if self._part == "train" else ""
        row_B = self._examples.rows(called, ids, hint)
        logits = logits if hasattr(logits, "shape") else array_of(f"{called}: logits", logits)
        if tuple(logits.shape) != (len(row_B), self._classes):
            raise UserError(wrong_shape(called, "logits", logits.shape, len(row_B), self._classes))
        if isinstance(logits, np.ndarray) and logits.dtype.kind == "O":
            scores_of(f"{called}: logits", logits)  # Refused now: later the member would be lost.
        self._waiting.append((epoch, row_B, held(logits)))
        self._size += len(row_B) * self._classes
        if self._size >= AT_ONCE:
            self._look(called)

    def frame(self, called: str, epochs: tuple[int, ...]) -> pl.DataFrame:
        """A column of arrays (E,) per quantity, a row per example; of an epoch that saw none
        unseen."""
        self._look(called)
        unseen = _unseen(len(self._examples), self._classes)
        by_epoch = [self._by_epoch.get(epoch, unseen) for epoch in epochs]
        return pl.DataFrame(
            {
                name: np.stack(values, axis=1)
                for name, values in zip(Values._fields, zip(*by_epoch, strict=True), strict=True)
            }
        )

    def _look(self, called: str) -> None:
        """At what waits, an epoch at a time."""
        for epoch in sorted({epoch for epoch, _, _ in self._waiting}):
            those = [(row_B, logits) for e, row_B, logits in self._waiting if e == epoch]
            row_B = np.concatenate([row_B for row_B, _ in those])
            logits_BC = np.concatenate([scores_of(f"{called}: logits", x) for _, x in those])
            found = values_of(logits_BC, self._examples.label_N[row_B])
            self._warn(called, epoch, row_B[np.isnan(found.loss)])
            self._keep(epoch, row_B, found)
        self._waiting, self._size = [], 0

    def _warn(self, called: str, epoch: int, row_K: NDArray[np.intp]) -> None:
        """Say, once for a member, that logits were no numbers: its training goes on."""
        if not len(row_K) or self._warned:
            return
        self._warned = True
        warnings.warn(
            f"{called}: logits of {self._examples.ids[row_K[0]]!r} in epoch {epoch - 1} give no "
            "probabilities (nan, or inf); its trace has a gap there, as if the epoch had not seen "
            "the example. A network that does not recover is recorded with member.diverged('why') "
            "in place of answers",
            UserWarning,
            stacklevel=2,
        )

    def _keep(self, epoch: int, row_B: NDArray[np.intp], found: Values) -> None:
        if epoch not in self._by_epoch:
            self._by_epoch[epoch] = _unseen(len(self._examples), self._classes)
        for kept, value in zip(self._by_epoch[epoch], found, strict=True):
            kept[row_B] = value if value.dtype.kind == "i" else np.clip(value, -LARGEST, LARGEST)


def entry_of(name: str, epochs: tuple[int, ...]) -> ProbeEntry:
    """What the manifest says of a trace. Whether the network saw a clean view or another nobody
    says."""
    if name == NAMES["test"]:
        return ProbeEntry(description=RECORDER, epochs=epochs, part="test", mode="eval")
    return ProbeEntry(description=RECORDER, epochs=epochs, part="train", mode="train")


def wrong_shape(called: str, kind: str, shape: Any, ids: int, classes: int) -> str:
    """A message on scores that are no row per id and column per class."""
    hint = ""
    if classes == 2 and tuple(shape) in ((ids,), (ids, 1)):
        both = "[1 - p, p]" if kind == "probabilities" else "[0 * z, z]"
        hint = f"; of one output for two classes, stack {both} as the two columns"
    return (
        f"{called}: {kind} have shape {tuple(shape)}, and there are {ids:,} ids and {classes:,} "
        f"classes; give one row for each id and one column for each class, ({ids}, {classes}){hint}"
    )


def _unseen(examples: int, classes: int) -> Values:
    """Values in half precision of examples that nobody has seen yet."""
    loss, margin, error = (np.full(examples, np.nan, dtype=np.float16) for _ in range(3))
    kind = np.int8 if classes <= MOST_IN_A_BYTE else np.int32
    return Values(loss, margin, error, np.full(examples, UNSEEN, dtype=kind))
