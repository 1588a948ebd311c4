"""What a member answered, gathered in pieces and by id until every example has an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.recording.example_rows import ExampleRows
from undertow.recording.tensors import array_of, scores_of
from undertow.recording.trace_values import wrong_shape
from undertow.records.records import MISSING

SUM = 0.01
"""How far probabilities may be from a sum of 1: as far as those of files."""
KINDS = ("probabilities", "logits", "predictions")


class Gathered:
    """Predictions (N,) and, where there are scores, probabilities (N, C)."""

    def __init__(self, examples: ExampleRows, classes: tuple[str, ...]) -> None:
        self._examples, self._classes = examples, classes
        self.pred_N = np.full(len(examples), MISSING, dtype=np.int32)
        self.proba_NC: NDArray[np.float32] | None = None
        self._given: list[str] = []

    @property
    def missing(self) -> list[str]:
        """Ids without an answer."""
        return [self._examples.ids[row] for row in np.flatnonzero(self.pred_N == MISSING)]

    @property
    def unlikely(self) -> int:
        """Predictions that are not the likeliest class, as those of a threshold are not."""
        if self.proba_NC is None or "predictions" not in self._given:
            return 0
        given_N = self.proba_NC[np.arange(len(self.pred_N)), self.pred_N]
        return int((given_N < self.proba_NC.max(axis=1)).sum())

    def add(self, called: str, ids: Any, **given: Any) -> None:
        """These examples' answers; all of them or, with a ``UserError``, none."""
        kinds = [kind for kind in KINDS if given.get(kind) is not None]
        self._refuse_kinds(called, kinds)
        row_B = self._examples.rows(called, ids)
        self._refuse_repeated(called, row_B)
        scores_BC = proba_BC = None
        for kind in kinds:
            if kind != "predictions":
                scores_BC = self._scores(called, kind, given[kind], row_B)
                proba_BC = softmax(scores_BC) if kind == "logits" else scores_BC
        if "predictions" in kinds:
            pred_B = self._predictions(called, given["predictions"], row_B)
        else:
            assert scores_BC is not None
            pred_B = scores_BC.argmax(axis=1).astype(np.int32)
        self._keep(row_B, pred_B, proba_BC)
        self._given = kinds

    def _keep(
        self, row_B: NDArray[np.intp], pred_B: NDArray[np.int32], proba_BC: NDArray[Any] | None
    ) -> None:
        if proba_BC is not None and self.proba_NC is None:
            shape = (len(self.pred_N), len(self._classes))
            self.proba_NC = np.full(shape, np.nan, dtype=np.float32)
        self.pred_N[row_B] = pred_B
        if proba_BC is not None and self.proba_NC is not None:
            self.proba_NC[row_B] = proba_BC

    def _refuse_kinds(self, called: str, kinds: list[str]) -> None:
        if not kinds:
            raise UserError(
                f"{called}: holds no answers; give logits=, probabilities= or predictions="
            )
        if kinds[:2] == ["probabilities", "logits"]:
            raise UserError(f"{called}: has both probabilities= and logits=; give one of them")
        if self._given and kinds != self._given:
            raise UserError(
                f"{called}: has {' and '.join(kinds)}, and the piece before had "
                f"{' and '.join(self._given)}; give every piece of a member in the same way"
            )

    def _refuse_repeated(self, called: str, row_B: NDArray[np.intp]) -> None:
        again_B = self.pred_N[row_B] != MISSING
        first = np.unique(row_B, return_index=True)[1]
        again_B[np.setdiff1d(np.arange(len(row_B)), first)] = True
        if again_B.any():
            raise UserError(
                f"{called}: {self._id(row_B, again_B)} is answered twice; give each example once "
                "(a loader that samples or pads its last batch repeats some)"
            )

    def _id(self, row_B: NDArray[np.intp], wrong_B: NDArray[np.bool_]) -> str:
        """The first example of those that are wrong, for a message."""
        return repr(self._examples.ids[row_B[int(wrong_B.argmax())]])

    def _scores(
        self, called: str, kind: str, given: Any, row_B: NDArray[np.intp]
    ) -> NDArray[np.floating[Any]]:
        scores_BC = scores_of(f"{called}: {kind}", given)
        if scores_BC.shape != (len(row_B), len(self._classes)):
            raise UserError(
                wrong_shape(called, kind, scores_BC.shape, len(row_B), len(self._classes))
            )
        # A class that is ruled out may have a logit of -inf.
        good_BC = np.isfinite(scores_BC) | (np.isneginf(scores_BC) & (kind == "logits"))
        bad_B = np.asarray(~good_BC.all(axis=1) | ~np.isfinite(scores_BC).any(axis=1))
        if bad_B.any():
            value = scores_BC[int(bad_B.argmax())]
            value = value[~np.isfinite(value)][0]
            raise UserError(
                f"{called}: {kind} of {self._id(row_B, bad_B)} hold {value}; a network that no "
                "longer gives numbers is recorded with member.diverged('why') in place of answers"
            )
        if kind == "probabilities":
            self._refuse_no_probabilities(called, scores_BC, row_B)
        return scores_BC

    def _refuse_no_probabilities(
        self, called: str, proba_BC: NDArray[np.floating[Any]], row_B: NDArray[np.intp]
    ) -> None:
        fix = "give probabilities that sum to 1, or logits= of scores that do not"
        outside_BC = (proba_BC < 0) | (proba_BC > 1 + 1e-6)
        outside_B = np.asarray(outside_BC.any(axis=1))
        if outside_B.any():
            raise UserError(
                f"{called}: probabilities of {self._id(row_B, outside_B)} hold "
                f"{proba_BC[outside_BC][0]:g}; {fix}"
            )
        sum_B = proba_BC.sum(axis=1)
        off_B = np.asarray(np.abs(sum_B - 1) > SUM)
        if off_B.any():
            raise UserError(
                f"{called}: probabilities of {self._id(row_B, off_B)} sum to "
                f"{sum_B[int(off_B.argmax())]:.4g}; {fix}"
            )

    def _predictions(self, called: str, given: Any, row_B: NDArray[np.intp]) -> NDArray[np.int32]:
        array = array_of(f"{called}: predictions", given)
        if array.shape != row_B.shape:
            raise UserError(
                f"{called}: predictions have shape {array.shape}, and there are {len(row_B):,} "
                "ids; give one class for each id"
            )
        index = {name: k for k, name in enumerate(self._classes)}
        said = array.tolist()
        found = [
            index.get(one, MISSING) if isinstance(one, str) else _whole(one, len(index))
            for one in said
        ]
        if MISSING in found:
            at = found.index(MISSING)
            raise UserError(
                f"{called}: predicts {said[at]!r} for {self._examples.ids[row_B[at]]!r}; give the "
                f"names in classes= or their indices, 0 to {len(index) - 1}"
            )
        return np.array(found, dtype=np.int32)


def softmax(logits_BC: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Probabilities (B, C) of finite logits, -inf apart."""
    weight_BC = np.exp(logits_BC - logits_BC.max(axis=1, keepdims=True))
    return np.asarray(weight_BC / weight_BC.sum(axis=1, keepdims=True))


def _whole(value: Any, classes: int) -> int:
    """A class index; ``MISSING`` for anything else."""
    known = isinstance(value, int | float) and value in range(classes)
    return int(value) if known else MISSING
