"""The format ``undertow-records/1``: what each file of a population folder holds. One that says
more of its training is ``undertow-records/2``, which has more files and is otherwise the same.

manifest.json          this module's SealedManifest; written last, so its existence means the folder
                       is whole. Its members that are done are the files in members/, each once, and
                       no other file is there (names that begin with a dot apart)
examples.parquet       example_id, label, any further column = a slice; optional input, content_hash
members/<id>.parquet   example_id, prediction and, where known, p_label, confidence, margin,
                       top_class, top_probability, probability, or in_top where the classes are
                       known no more; of graded tasks score, answer, output
timings.json           seconds per member, by two clocks; a log, not part of the record

And where members were probed, or the training part was changed (``records.probes``):

probes/<name>/<id>.parquet   example_id and columns of arrays, one value per epoch of the probe
series/<id>.parquet          epoch and columns of numbers: what has a value per epoch alone
train.parquet                example_id, label and slices of the training part, without pixels;
                             held_out (yes or no) where examples were held out
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT = "undertow-records/1"
WITH_TRAINING = "undertow-records/2"
TOP_K = 5
FULL_PROBABILITIES_UP_TO = 64
"""With this many classes or fewer a member file keeps all probabilities, with more only the top
five."""

NOT_SLICES = frozenset(
    {
        "example_id",
        "label",
        "input",
        "content_hash",
        "prompt_hash",
        "target",
        "cluster",
        "cluster_from",
    }
)
"""Columns of ``examples.parquet`` with a meaning of their own; every other column is a slice."""

RECORDER = "undertow.Recorder"
"""``runner`` of what a person's own loop recorded."""

Task = Literal["classification", "binary", "multilabel", "choice", "generation"]
Scale = Literal["smoke", "demo", "small", "paper", "none"]


class _Strict(BaseModel):
    # JSON has no NaN: it is written as text and read back as a number.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


def _left_out_where_empty(empty: Any) -> Any:
    """A field that a file of ``undertow-records/1`` has not, so that older readers still read
    it."""
    return Field(default=empty, exclude_if=lambda value: not value)


class MemberEntry(_Strict):
    """One member file as the manifest knows it."""

    id: str
    status: Literal["done", "failed", "diverged"] = "done"
    """``diverged``: its loss or its predictions stopped being numbers. It has no file and takes
    part in nothing."""
    reason: str | None = None
    """Why it is not done."""
    sha256: str | None = None
    seeds: dict[str, int] = Field(default_factory=dict)
    parent: str | None = None
    teacher: str | None = None
    """The member of the manifest's ``teacher`` that this one learned from."""
    facts: dict[str, float] = Field(default_factory=dict)
    """Measured on this member: realised sparsity, bits, training loss … Wall-clock seconds are not
    here but in ``timings.json`` beside the manifest, so that a resumed run's records equal an
    uninterrupted run's byte for byte."""
    probes: dict[str, str] = _left_out_where_empty({})
    """SHA-256 of its file of each probe, by the probe's name."""
    series: str | None = _left_out_where_empty(None)
    """SHA-256 of its file in ``series/``."""


class ProbeEntry(_Strict):
    """One probe as the manifest knows it, the same for all members."""

    description: str
    """Its ``repr``, or who wrote it."""
    epochs: tuple[int, ...]
    """After which epochs it has values, from 1 on; a file's arrays are in this order."""
    part: Literal["train", "held_out", "test"] | None = None
    """The part whose examples it has values of; ``None`` for one that has a value per epoch
    alone."""
    mode: Literal["train", "eval"] | None = None
    """Of the network: ``train`` in the step that learned from the example, ``eval`` by a pass of
    its own."""
    view: Literal["augmented", "clean"] | None = None
    """What the network saw."""


class Clustering(_Strict):
    """Where the examples' column ``cluster`` comes from."""

    column: str | None
    """The column whose equal values mean examples that are not independent; ``None``: somebody
    declared that all are independent, so copies do not count as such either."""
    asked: bool
    """Whether somebody asked for it, or a reader knows the name."""


class Manifest(_Strict):
    """``manifest.json``: everything about a population that is not an example or a prediction."""

    format: Literal["undertow-records/1", "undertow-records/2"] = "undertow-records/1"
    name: str
    task: Task = "classification"
    classes: tuple[str, ...]
    classes_from: Literal["declared", "observed"] = "declared"
    """``observed``: no file states the classes; they are those seen among labels and
    predictions."""
    positive: str | None = None
    """The positive class of a binary task."""
    members: tuple[MemberEntry, ...]
    examples_sha256: str | None = None
    train_sha256: str | None = _left_out_where_empty(None)
    """Of ``train.parquet``, where a probe has values of training examples, or where they are not
    the data set's own."""
    probes: dict[str, ProbeEntry] = _left_out_where_empty({})
    """What was measured on the way, by name."""
    recipe: dict[str, Any] = Field(default_factory=dict)
    interventions: tuple[str, ...] = ()
    built_from: dict[str, str] = Field(default_factory=dict)
    """Digests of the code and the data that made the members, by name (``model SmallCNN``,
    ``training data`` …); ``unknown`` for code that could not be read, empty where nobody looked."""
    parent: str | None = None
    """Name of the population whose members these derive from, pairwise; ``None`` for independent
    members."""
    teacher: str | None = None
    """Name of the population whose members' answers these learned in place of labels; ``None`` for
    labels."""
    runner: str = "unknown"
    device: str = "unknown"
    dtype: str = "unknown"
    versions: dict[str, str] = Field(default_factory=dict)
    scale: Scale = "none"
    study_source: str | None = None
    metric: str | None = None
    """The log's own outcome that ``score`` holds (``acc``, ``exact_match`` …); ``None``: right is
    being the label."""
    conditions: dict[str, str] = Field(default_factory=dict)
    """How the answers were got: few-shot count, decoding, filter, tokenizer, harness and task
    versions … as far as the log says so, by the names in ``records.conditions``. Compared before
    anything is measured."""
    clustering: Clustering | None = None
    """``None`` where nobody said: then a column ``cluster`` is what it is called."""
    facts: dict[str, float] = Field(default_factory=dict)
    """Population-level facts, such as ``sparsity`` and ``bits``, realised and averaged over
    members."""
    notes: tuple[str, ...] = ()


class SealedManifest(Manifest):
    """The manifest as it stands in the file."""

    digest: str
    """SHA-256 of the rest of the file's content, as ``records.manifest.digest`` takes it: JSON with
    sorted keys, without blanks, in ASCII. So an edited manifest is refused; whoever edits on
    purpose has to take it anew."""
