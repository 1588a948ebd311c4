"""What is not stated of lists, since right labels of overlapping classes look as wrong ones do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import traces
from undertow.audit.examined.examine import examine, fit_of
from wrong_labels import noisy


def overlapping(N: int = 3000, C: int = 4, beyond: float = 1.0, seed: int = 0):
    """Right labels of classes that reach into each other: members are sure of the nearest class."""
    rng = np.random.default_rng(seed)
    label_N = rng.integers(0, C, N)
    at_N2 = 2.2 * np.stack([np.cos(2 * np.pi * label_N / C), np.sin(2 * np.pi * label_N / C)], 1)
    at_N2 += rng.normal(0, beyond, (N, 2))
    angle_C = 2 * np.pi * np.arange(C) / C
    centre_C2 = 2.2 * np.stack([np.cos(angle_C), np.sin(angle_C)], 1)
    logits_NC = 2 * at_N2 @ centre_C2.T
    return traces.values(logits_NC[None, :, None] + rng.normal(0, 0.8, (3, N, 6, C)), label_N), rng


def test_where_classes_overlap_and_no_label_is_wrong_no_limit_excludes_that():
    found = examine(overlapping()[0])
    assert found.count("likely mislabelled") > 50
    assert found.share.low == 0
    assert found.expected is not None
    assert [limits.low for limits in found.expected] == [0, 0]


def test_known_wrong_labels_do_not_make_overlapping_ones_wrong():
    values, rng = overlapping()
    known_N = rng.random(len(values.label_N)) < 0.04
    label_N = np.where(known_N, (values.label_N + 2) % 4, values.label_N).astype(np.int32)
    margin = np.where(known_N[:, None], -np.abs(values.values["margin"]), values.values["margin"])
    was_N = values.label_N[:, None]
    predicted = np.where(known_N[:, None], was_N, values.values["predicted"])
    planted = {**values.values, "margin": margin, "predicted": predicted}
    found = examine(replace(values, label_N=label_N, values=planted), known_N)
    assert found.calibrated is not None
    assert found.share.low == 0
    assert found.calibrated.precision.low == 0
    assert found.calibrated.recall.low > 0


@pytest.mark.parametrize("how", ["random", "shuffled"])
def test_answers_that_have_nothing_to_do_with_labels_give_no_list(how: str):
    values, _ = noisy()
    rng = np.random.default_rng(1)
    if how == "random":
        values = traces.values(rng.normal(0, 1, (2, 900, 5, 10)), rng.integers(0, 10, 900))
    else:
        answered = values.values["predicted"]
        label_N = rng.permutation(values.label_N)
        margin = np.where(answered == label_N[:, None], 1, -1) * np.abs(values.values["margin"])
        values = replace(values, label_N=label_N, values={**values.values, "margin": margin})
    assert abs(fit_of(values)) < 0.05
    found = examine(values)
    assert found.why == "no fit"
    assert set(found.verdict_N) == {"cannot tell"}


def test_agreement_counts_only_beyond_chance():
    label_N = np.array([0] * 90 + [1] * 10)
    always = traces.values(np.tile([1.0, 0.0], (1, 100, 3, 1)), label_N)
    assert fit_of(always) == 0
    half_NC = np.eye(2)[np.where(np.arange(100) % 10 == 9, 1 - label_N, label_N)]
    same = traces.values(half_NC[None, :, None].repeat(3, axis=2), label_N)
    predicted_N = half_NC.argmax(axis=1)
    chance = sum((label_N == k).mean() * (predicted_N == k).mean() for k in (0, 1))
    assert fit_of(same) == ((predicted_N == label_N).mean() - chance) / (1 - chance)


def test_of_two_classes_nothing_is_confused_in_bulk():
    values, wrong_N = noisy(N=2000, C=2, wrong=0.1)
    found = examine(values)
    assert found.in_bulk == 0
    listed_N = found.verdict_N == "likely mislabelled"
    assert wrong_N[listed_N].mean() > 0.8
    assert listed_N[wrong_N].mean() > 0.7
