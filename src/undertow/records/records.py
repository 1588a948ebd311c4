"""``Records``: a population in memory, as every measure sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.axes import check_axes
from undertow.records.pictures import Pictures, shown
from undertow.records.schema import NOT_SLICES, Manifest, MemberEntry

NO_ANSWER = "no answer"
"""The class of what a model did not answer, where that counts as wrong."""
MISSING = -1
"""Class index of a label or prediction that is not there."""


@dataclass(frozen=True, eq=False)
class Records:
    """One population: M members × N examples over C classes.

    ``examples`` has one row per example (``example_id`` unique, ``label`` as class index or null,
    then slice columns). ``pred_MN`` holds class indices, ``MISSING`` where a member has no
    prediction. ``p_label_MN`` is the probability given to the label, ``confidence_MN`` the highest
    probability, ``margin_MN`` first minus second; each NaN where unknown and ``None`` where no
    member file has it. ``proba_MNC`` is there for tasks of at most 64 classes whose files keep all
    probabilities.

    Graded tasks (``choice``, ``generation``) have ``score_MN``, the log's own outcome in [0, 1],
    NaN where it has none, and ``answers``: per member what it answered, as text. A ``choice`` is
    among options, so its classes are their letters. What is generated has no classes: ``pred_MN``
    tells answers to one example apart and nothing else (``records.answer_codes``), and means the
    same in two populations only once they are aligned.
    """

    manifest: Manifest
    examples: pl.DataFrame
    pred_MN: NDArray[np.int32]
    p_label_MN: NDArray[np.float32] | None = None
    confidence_MN: NDArray[np.float32] | None = None
    margin_MN: NDArray[np.float32] | None = None
    proba_MNC: NDArray[np.float32] | None = None
    inputs: pl.Series | None = None
    """What a person can look at, one per example: encoded image (``Binary``) or text (``String``),
    or with ``pictures`` names of pictures."""
    score_MN: NDArray[np.float32] | None = None
    answers: tuple[pl.Series, ...] | None = None
    outputs: tuple[pl.Series, ...] | None = None
    """Per member all that it wrote, where the answer is only extracted from it."""
    left_out: pl.Series | None = None
    """Ids of examples that reading left out because they did not fit, null for a row without one;
    not part of a record."""
    pictures: Pictures | None = None
    """Gets the picture that ``inputs`` only name, when it is shown; not part of a record."""
    in_top_MN: NDArray[np.float32] | None = None
    """1 where the label is among the five likeliest classes, 0 where not, NaN where unknown;
    ``None`` for fewer than 20 classes and where nothing tells it (``top_five``)."""

    def __post_init__(self) -> None:
        check_axes(pred_MN=self.pred_MN, label_N=self.label_N)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def members(self) -> tuple[MemberEntry, ...]:
        """Members that are done, in the order of the rows of ``pred_MN``."""
        return tuple(m for m in self.manifest.members if m.status == "done")

    @property
    def M(self) -> int:
        return int(self.pred_MN.shape[0])

    @property
    def N(self) -> int:
        return self.examples.height

    @property
    def C(self) -> int:
        return len(self.manifest.classes)

    @cached_property
    def answer_classes(self) -> tuple[str, ...]:
        """The classes less the last one where that stands for no answer (``missing="wrong"``): no
        label has it."""
        *others, last = self.classes or ("",)
        stands = last.strip("()") == NO_ANSWER and not (self.label_N == self.C - 1).any()
        return tuple(others) if stands else self.classes

    @cached_property
    def example_id_N(self) -> pl.Series:
        return self.examples["example_id"]

    @cached_property
    def label_N(self) -> NDArray[np.int32]:
        """Class index of each example's label, ``MISSING`` where there is none."""
        if "label" not in self.examples.columns:
            return np.full(self.N, MISSING, dtype=np.int32)
        return self.examples["label"].cast(pl.Int32).fill_null(MISSING).to_numpy()

    @cached_property
    def slice_columns(self) -> tuple[str, ...]:
        """Columns of ``examples`` that a person can slice by, besides the class."""
        return tuple(c for c in self.examples.columns if c not in NOT_SLICES)

    @cached_property
    def outcome_known(self) -> bool:
        """Whether right and wrong can be told: some example has a score or a label."""
        if self.score_MN is not None:
            return bool((~np.isnan(self.score_MN)).any())
        return bool((self.label_N >= 0).any())

    @cached_property
    def correct_MN(self) -> NDArray[np.float32]:
        """1 right, 0 wrong, NaN where label or prediction is missing. Of a graded task the score,
        in [0, 1]."""
        if self.score_MN is not None:
            return self.score_MN
        known = (self.label_N >= 0)[None, :] & (self.pred_MN >= 0)
        return np.where(known, self.pred_MN == self.label_N[None, :], np.nan).astype(np.float32)

    @cached_property
    def votes_NC(self) -> sp.csr_array[Any, tuple[int, int]]:
        """How many members predict each class; sparse, because few classes get a vote on one
        example."""
        row_MN = np.broadcast_to(np.arange(self.N), self.pred_MN.shape)
        seen = self.pred_MN >= 0
        ones = np.ones(int(seen.sum()), dtype=np.int32)
        return sp.csr_array((ones, (row_MN[seen], self.pred_MN[seen])), shape=(self.N, self.C))

    @property
    def texts(self) -> pl.Series | None:
        """The inputs where they are words."""
        words = self.inputs is not None and self.inputs.dtype == pl.String
        return self.inputs if words and self.pictures is None else None

    def shown(self, n: int) -> bytes | str | None:
        """What a person sees of this example: an encoded picture, or text."""
        return None if self.inputs is None else shown(self.inputs[n], self.pictures)

    @property
    def outcome(self) -> str:
        """What ``correct_MN`` averages to, in words: accuracy, or the mean of a graded score."""
        binary = (
            self.score_MN is None
            or self.manifest.task == "choice"
            or self.classes[:1] == ("right",)
        )
        return "accuracy" if binary else f"mean {self.manifest.metric or 'score'}"

    def names_of(
        self, index_N: NDArray[np.integer[Any]], code_N: NDArray[np.integer[Any]]
    ) -> pl.Series:
        """What ``pred_MN`` means by each code on each of these examples: the answer's text where
        some member gave it, else the class; null for ``MISSING``."""
        classes = np.array([*self.classes, None], dtype=object)
        names = pl.Series("name", classes[code_N].tolist(), dtype=pl.String)
        for pred_N, answer_N in zip(self.pred_MN, self.answers or (), strict=False):
            said, given = answer_N[index_N], pl.Series(pred_N[index_N] == code_N)
            names = said.zip_with(given & said.is_not_null(), names)
        return names.alias("name")

    def truths_of(self, index_N: NDArray[np.integer[Any]]) -> pl.Series:
        """The right answers to these examples as a person reads them, null where nobody says."""
        if "target" in self.examples.columns:
            return self.examples["target"][index_N].cast(pl.String)
        classes = np.array([*self.classes, None], dtype=object)
        return pl.Series("label", classes[self.label_N[index_N]].tolist(), dtype=pl.String)

    def take_members(self, index_M: NDArray[np.integer[Any]] | list[int]) -> Records:
        """The same population with only these members, in this order."""
        index = np.asarray(index_M)
        done = self.members
        chosen = tuple(done[i] for i in index.tolist())
        parts: dict[str, Any] = {
            name: None if array is None else array[index] for name, array in self._arrays()
        }
        for name, texts in self._texts():
            parts[name] = None if texts is None else tuple(texts[i] for i in index.tolist())
        return replace(self, manifest=self.manifest.model_copy(update={"members": chosen}), **parts)

    def take_examples(self, index_N: NDArray[np.integer[Any]]) -> Records:
        """The same population over only these examples, in this order."""
        index = np.asarray(index_N)
        parts: dict[str, Any] = {
            name: None if array is None else array[:, index] for name, array in self._arrays()
        }
        for name, texts in self._texts():
            parts[name] = None if texts is None else tuple(text[index] for text in texts)
        parts["inputs"] = None if self.inputs is None else self.inputs[index]
        return replace(self, examples=self.examples[index], **parts)

    def _arrays(self) -> Iterator[tuple[str, Any]]:
        """Everything with a row per member and a column per example."""
        for name in (
            "pred_MN",
            "p_label_MN",
            "confidence_MN",
            "margin_MN",
            "proba_MNC",
            "score_MN",
            "in_top_MN",
        ):
            yield name, getattr(self, name)

    def _texts(self) -> Iterator[tuple[str, tuple[pl.Series, ...] | None]]:
        yield "answers", self.answers
        yield "outputs", self.outputs
