"""Planted worlds: populations whose answers are known, built straight as ``Records`` (no torch, no
files).

    records_from(pred_MN, label_N, …)   a population from arrays you write down
    null_world(…)                       two populations of one process: every difference is chance
    planted_world({2: 0.3}, …)          the variant's members lose 0.3 of their chance to be right
                                        on class 2

Every world is a pure function of its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from undertow.records.records import MISSING, Records
from undertow.records.schema import Manifest, MemberEntry, Task
from undertow.records.top_five import FEWEST, among_all

REGIONS = ("north", "south", "east", "west")


def records_from(
    pred_MN: ArrayLike,
    label_N: ArrayLike | None = None,
    classes: Sequence[str] | int | None = None,
    *,
    slices: Mapping[str, Sequence[Any]] | None = None,
    proba: ArrayLike | None = None,
    name: str = "world",
    task: Task = "classification",
    positive: str | None = None,
    example_ids: Sequence[str] | None = None,
    parents: Sequence[str] | None = None,
    parent: str | None = None,
    inputs: Sequence[str] | Sequence[bytes] | None = None,
) -> Records:
    """A population from arrays. ``-1`` is a missing label or prediction; ``classes`` is the names
    or how many.

    Member ids are ``m00``, ``m01`` …, example ids ``e0000`` … unless given. With ``proba`` (M, N,
    C) the probability of the label, the confidence and the margin are filled in from it, as a
    reader would.
    """
    pred = np.asarray(pred_MN, dtype=np.int32)
    members, n = pred.shape
    label = (
        np.full(n, MISSING, np.int32) if label_N is None else np.asarray(label_N, dtype=np.int32)
    )
    if classes is None:
        classes = int(max(pred.max(initial=0), label.max(initial=0))) + 1
    names = (
        tuple(f"class {c}" for c in range(classes)) if isinstance(classes, int) else tuple(classes)
    )
    ids = [f"e{i:04d}" for i in range(n)] if example_ids is None else list(example_ids)
    examples = pl.DataFrame(
        {
            "example_id": pl.Series(ids, dtype=pl.String),
            "label": pl.Series([None if c < 0 else c for c in label.tolist()], dtype=pl.Int32),
            **{column: list(values) for column, values in (slices or {}).items()},
        }
    )
    entries = tuple(
        MemberEntry(
            id=f"m{m:02d}", seeds={"init": m}, parent=None if parents is None else parents[m]
        )
        for m in range(members)
    )
    manifest = Manifest(
        name=name, task=task, classes=names, positive=positive, members=entries, parent=parent
    )
    shown = None if inputs is None else pl.Series("input", list(inputs))
    if proba is None:
        return Records(manifest, examples, pred, inputs=shown)
    proba_MNC = np.asarray(proba, dtype=np.float32)
    p_label, confidence, margin = _from_proba(proba_MNC, label)
    in_top = None
    if proba_MNC.shape[2] >= FEWEST and (label >= 0).any():
        sides = zip(proba_MNC, p_label, strict=True)
        in_top = np.stack([among_all(proba_NC, label, p_N) for proba_NC, p_N in sides])
    known = p_label, confidence, margin, proba_MNC
    return Records(manifest, examples, pred, *known, shown, in_top_MN=in_top)


def _from_proba(
    proba_MNC: NDArray[np.float32], label_N: NDArray[np.int32]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Probability of the label (NaN without label), highest probability, and its margin over the
    second."""
    index_1N1 = np.maximum(label_N, 0)[None, :, None]
    p_label_MN = np.take_along_axis(proba_MNC, index_1N1, axis=2)[..., 0]
    ordered = np.sort(proba_MNC, axis=2)
    margin_MN = ordered[..., -1] - ordered[..., -2] if proba_MNC.shape[2] > 1 else ordered[..., -1]
    return np.where(label_N >= 0, p_label_MN, np.float32(np.nan)), ordered[..., -1], margin_MN


def slice_columns(n: int, rng: np.random.Generator) -> dict[str, list[Any]]:
    """Columns such as people have: text, bool, a few numbers, many numbers, and nulls."""
    tone = rng.choice(["light", "dark"], size=n, p=[0.8, 0.2]).tolist()
    return {
        "region": rng.choice(REGIONS, size=n, p=[0.4, 0.3, 0.2, 0.1]).tolist(),
        "tone": [None if rng.random() < 0.1 else value for value in tone],
        "blurred": (rng.random(n) < 0.15).tolist(),
        "weight": rng.normal(70.0, 12.0, size=n).round(3).tolist(),
    }


def null_world(
    m_ref: int = 5, m_var: int = 5, n: int = 200, classes: int = 4, seed: int = 0, **options: Any
) -> tuple[Records, Records]:
    """Reference and variant drawn from one process: nothing is planted. Options as
    ``planted_world``."""
    return planted_world({}, m_ref=m_ref, m_var=m_var, n=n, classes=classes, seed=seed, **options)


def planted_world(
    damage: Mapping[Any, float],
    *,
    by: str = "label",
    m_ref: int = 5,
    m_var: int = 5,
    n: int = 200,
    classes: int = 4,
    seed: int = 0,
    missing_labels: float = 0.0,
    spread: float = 0.02,
    paired: bool = False,
    churn: float = 0.1,
    proba: bool = False,
    positive: str | None = None,
) -> tuple[Records, Records]:
    """Reference and variant, where the variant is right less often on the examples that ``damage``
    names.

    ``damage`` maps a class index (``by="label"``) or a value of the column ``by`` to what is taken
    from the chance of a right answer there. Each example has its own difficulty and its own likely
    confusion, so votes are split on some examples (and tie, with an even number of members) and
    unanimous on most. ``spread`` is the standard deviation of skill over members. With ``paired``
    the variant's member m derives from the reference's member m and answers anew on a share
    ``churn`` of the examples, and on all damaged ones.
    """
    rng = np.random.default_rng(seed)
    label_N = rng.integers(classes, size=n)
    columns = slice_columns(n, rng)
    right_N = rng.beta(6.0, 1.0, size=n)
    rival_N = (label_N + rng.integers(1, max(classes, 2), size=n)) % classes
    where_N = label_N.tolist() if by == "label" else columns[by]
    loss_N = np.array([damage.get(value, 0.0) for value in where_N])
    ref_MN = _answers(right_N, m_ref, label_N, rival_N, classes, spread, rng)
    var_MN = _answers(right_N - loss_N, m_var, label_N, rival_N, classes, spread, rng)
    if paired:
        if m_ref != m_var:
            raise ValueError("a paired world needs m_ref == m_var")
        keep_MN = (rng.random((m_var, n)) >= churn) & (loss_N == 0)
        var_MN = np.where(keep_MN, ref_MN, var_MN)
    shown_N = np.where(rng.random(n) < missing_labels, MISSING, label_N)
    task: Task = "classification" if positive is None else "binary"
    make: dict[str, Any] = {
        "classes": classes,
        "slices": columns,
        "task": task,
        "positive": positive,
    }
    ref_proba = probabilities(ref_MN, classes, rng) if proba else None
    var_proba = probabilities(var_MN, classes, rng) if proba else None
    parents = [f"m{m:02d}" for m in range(m_var)] if paired else None
    reference = records_from(ref_MN, shown_N, name="reference", proba=ref_proba, **make)
    variant = records_from(
        var_MN,
        shown_N,
        name="variant",
        proba=var_proba,
        parents=parents,
        parent="reference" if paired else None,
        **make,
    )
    return reference, variant


def _answers(
    right_N: NDArray[np.float64],
    members: int,
    label_N: NDArray[np.int64],
    rival_N: NDArray[np.int64],
    classes: int,
    spread: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Each member answers right with its chance, else mostly with the example's rival class."""
    skill_M1 = rng.normal(0.0, spread, size=(members, 1))
    right_MN = rng.random((members, right_N.size)) < right_N + skill_M1
    wild_MN = rng.integers(classes, size=right_MN.shape)
    wrong_MN = np.where(rng.random(right_MN.shape) < 0.8, rival_N, wild_MN)
    return np.where(right_MN, label_N, wrong_MN)


def probabilities(
    pred_MN: NDArray[np.int64], classes: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Random probabilities (M, N, C) whose highest stands at each prediction."""
    proba_MNC = rng.dirichlet(np.ones(classes), size=pred_MN.shape).astype(np.float32)
    top_MN1 = proba_MNC.argmax(axis=2)[..., None]
    pred_MN1 = pred_MN[..., None]
    top, displaced = (np.take_along_axis(proba_MNC, i, axis=2) for i in (top_MN1, pred_MN1))
    np.put_along_axis(proba_MNC, top_MN1, displaced, axis=2)
    np.put_along_axis(proba_MNC, pred_MN1, top, axis=2)
    return proba_MNC


def flipped_world(
    n: int,
    lost: int,
    gained: int,
    *,
    right: float = 0.75,
    repeat: tuple[int, int] | None = None,
    slices: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Records, Records]:
    """One model a side with exactly ``lost`` examples that become wrong and ``gained`` that become
    right.

    The first ``right * n`` examples are right in the reference; the lost ones are the first of
    these, the gained ones the last of all. With ``repeat`` the reference has a second run that
    loses and gains so many, from the other ends. Label 0 is right, prediction 1 wrong.
    """
    correct = round(right * n)
    first = np.where(np.arange(n) < correct, 0, 1)
    runs = [first]
    if repeat is not None:
        again = first.copy()
        again[correct - repeat[0] : correct] = 1
        again[correct : correct + repeat[1]] = 0
        runs.append(again)
    changed = first.copy()
    changed[:lost] = 1
    changed[n - gained :] = 0
    label = np.zeros(n, np.int32)
    reference = records_from(runs, label, 2, slices=slices, name="old")
    return reference, records_from([changed], label, 2, slices=slices, name="new")
