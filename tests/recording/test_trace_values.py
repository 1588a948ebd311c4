"""The trace in NumPy is that of a slow loop from the formulas, and that of the lab in torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recordings import IDS, TRAIN_IDS, logits, recorder
from undertow.errors import UserError
from undertow.recording.example_rows import ExampleRows
from undertow.recording.example_table import example_table
from undertow.recording.trace_values import AT_ONCE, TraceKept
from undertow.records.probes import read_probe
from undertow.records.traces.formula import Values, values_of


def oracle(row: Sequence[float], label: int) -> tuple[float, float, float, int]:
    """Of one example: −log p of the label, its logit less the largest other, ‖p − e‖, the class."""
    total = sum(math.exp(z - max(row)) for z in row)
    p = [math.exp(z - max(row)) / total for z in row]
    loss = -(row[label] - max(row) - math.log(total))
    margin = row[label] - max(z for k, z in enumerate(row) if k != label)
    error = math.sqrt(sum((p[k] - (k == label)) ** 2 for k in range(len(row))))
    return loss, margin, error, max(range(len(row)), key=lambda k: row[k])


def drawn(classes: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    scores_BC = (rng.normal(size=(40, classes)) * scale).astype(np.float32)
    return scores_BC, rng.integers(0, classes, 40)


@pytest.mark.parametrize("classes", [2, 3, 200])
@pytest.mark.parametrize("scale", [0.1, 3.0, 300.0])
def test_the_values_are_those_of_a_slow_loop(classes: int, scale: float):
    scores_BC, y_B = drawn(classes, scale)
    found = values_of(scores_BC, y_B)
    want = [oracle([float(z) for z in row], int(y)) for row, y in zip(scores_BC, y_B, strict=True)]
    for values, slow in zip(found, zip(*want, strict=True), strict=True):
        np.testing.assert_allclose(values, slow, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("classes", [2, 3, 200])
@pytest.mark.parametrize("scale", [0.1, 3.0, 300.0])
def test_the_values_are_the_labs(classes: int, scale: float):
    torch = pytest.importorskip("torch")
    lab = pytest.importorskip("undertow.lab.probes.trace")
    scores_BC, y_B = drawn(classes, scale)
    found = values_of(scores_BC, y_B)
    theirs = lab.values_of(torch.from_numpy(scores_BC), torch.from_numpy(y_B))
    assert found._fields == theirs._fields
    for name, ours in found._asdict().items():
        other = getattr(theirs, name).numpy()
        np.testing.assert_allclose(ours, other, rtol=2e-5, atol=2e-6, err_msg=name)
        half, lab_half = ours.astype(np.float16), other.astype(np.float16)
        # The two round the last bit of float32 apart, so a half may fall to its neighbour.
        assert (np.abs(half.view(np.int16) - lab_half.view(np.int16)) <= 1).all(), name


def test_the_files_are_the_labs(tmp_path: Path):
    """One population of each, told the same: the same columns, types and values."""
    torch = pytest.importorskip("torch")
    trace = pytest.importorskip("undertow.lab.probes.trace")
    labels = [0, 1, 2, 0, 1, 2]
    data = type("Data", (), {"train_y_N": torch.tensor(labels), "classes": 3})
    kept = trace._Kept(type("Given", (), {"data": data, "models": [None]}), "train", (1, 2))
    with recorder(tmp_path / "dense", train={"example_id": TRAIN_IDS, "label": labels}) as r:
        member = r.member("0")
        for epoch in range(2):
            rows, seen = np.array([5, 0, 3, 1]), logits(epoch, 4)
            kept.add(torch.from_numpy(rows)[None], torch.from_numpy(seen)[None])
            kept.end(epoch + 1)
            member.saw([TRAIN_IDS[i] for i in rows], seen, epoch=epoch)
        member.answers(IDS, logits=logits())
    (frame,) = kept.frames()
    found = read_probe(tmp_path / "dense", "trace").values
    assert list(found) == frame.columns
    for name, values in found.items():
        theirs = frame[name].to_numpy()
        assert values.dtype == theirs.dtype, name
        np.testing.assert_allclose(values[0].astype(float), theirs.astype(float), rtol=1e-3)


EPOCHS = (1, 2, 3, 4, 5)


def kept(classes: int = 3) -> TraceKept:
    table = example_table("train", {"example_id": range(40), "label": [0] * 40}, range(classes))
    return TraceKept(ExampleRows("train", table), classes)


def test_classes_that_do_not_fit_a_byte():
    trace = kept(200)
    trace.add("saw", 1, range(40), drawn(200, 1.0)[0])
    frame = trace.frame("saw", EPOCHS)
    assert frame["predicted"].to_numpy().dtype == np.int32
    assert frame["loss"].to_numpy().dtype == np.float16


def test_what_is_seen_twice_in_an_epoch_counts_last():
    trace, scores = kept(), logits(0, 40)
    trace.add("saw", 1, [0, 0], scores[:2])
    trace.add("saw", 1, [1], scores[2:3])
    trace.add("saw", 1, [1], scores[3:4])
    want = values_of(scores[[1, 3]], np.zeros(2, int)).loss
    np.testing.assert_allclose(
        trace.frame("saw", EPOCHS)["loss"].to_numpy()[:2, 0], want, rtol=1e-3
    )


def test_how_much_waits_changes_nothing():
    scores = np.random.default_rng(0).normal(size=(AT_ONCE // 10, 40, 3)).astype(np.float32)
    once, often = kept(), kept()
    for epoch, one in enumerate(scores[:50]):
        once.add("saw", 1 + epoch // 10, range(40), one)
        often.add("saw", 1 + epoch // 10, range(40), one)
        often.frame("saw", EPOCHS)
    assert once.frame("saw", EPOCHS).equals(often.frame("saw", EPOCHS))
    assert once.epochs == (1, 2, 3, 4, 5)


@pytest.mark.heavy
def test_what_waits_is_bounded():
    trace = kept()
    for _ in range(AT_ONCE // 100):
        trace.add("saw", 1, range(40), logits(0, 40))
    assert trace._size < AT_ONCE


def test_a_buffer_that_is_used_again_does_not_reach_what_was_seen():
    buffer, trace = logits(0, 40), kept()
    want = values_of(buffer.copy(), np.zeros(40, int)).loss
    trace.add("saw", 1, range(40), buffer)
    buffer[:] = 0
    np.testing.assert_allclose(trace.frame("saw", EPOCHS)["loss"].to_numpy()[:, 0], want, rtol=1e-3)


INF, NAN = np.inf, np.nan
NONE = [[NAN, 0, 0], [0, NAN, 0], [NAN] * 3, [INF, 0, 0], [0, INF, 0], [-INF] * 3, [INF, -INF, 0]]
"""Logits that give no probabilities. The label is the first class."""


def test_logits_that_give_no_probabilities_are_a_gap_here_and_in_the_lab():
    torch = pytest.importorskip("torch")
    lab = pytest.importorskip("undertow.lab.probes.trace")
    scores_BC, y_B = np.array(NONE), np.zeros(len(NONE), int)
    theirs = lab.values_of(torch.from_numpy(scores_BC), torch.from_numpy(y_B))
    for found in (values_of(scores_BC, y_B), lab.Values(*(v.numpy() for v in theirs))):
        for values in (found.loss, found.margin, found.error):
            assert np.isnan(values).all()
        assert found.predicted.tolist() == [-1] * len(NONE)


def test_a_gap_is_said_once_and_what_does_not_fit_is_the_largest_number_that_does():
    trace, scores = kept(), logits(0, 40)
    scores[0], scores[1] = NAN, [-1e6, 0, 0]
    scores[2] = [-INF, 0, 0]  # A class that is ruled out, and is the label.
    with pytest.warns(UserWarning, match="a gap") as warned:  # noqa: PT031
        trace.add("member '7', saw", 3, range(40), scores)
        frame: Any = trace.frame("member '7', saw", (3,))
        trace.add("member '7', saw", 3, range(40), scores)
        trace.frame("member '7', saw", (3,))
    assert [str(one.message) for one in warned] == [
        "member '7', saw: logits of '0' in epoch 2 give no probabilities (nan, or inf); its trace "
        "has a gap there, as if the epoch had not seen the example. A network that does not recover "
        "is recorded with member.diverged('why') in place of answers"
    ]
    loss, margin = frame["loss"].to_numpy()[:, 0], frame["margin"].to_numpy()[:, 0]
    assert np.isnan(loss[0])
    assert loss[1:3].tolist() == [65504, 65504]
    assert margin[1:3].tolist() == [-65504, -65504]
    assert np.isfinite(loss[3:]).all()
    assert frame["predicted"].to_numpy()[0, 0] == -1
    assert Values._fields == ("loss", "margin", "error", "predicted")


@pytest.mark.parametrize("classes", [127, 128, 129, 70_000])
def test_the_last_of_many_classes_is_kept_as_it_is(classes: int):
    """However many fit in a byte, and beyond what half precision holds."""
    trace, scores = kept(classes), np.zeros((1, classes))
    scores[0, -1] = 1
    trace.add("saw", 1, [0], scores)
    assert trace.frame("saw", (1,))["predicted"].to_numpy()[0, 0] == classes - 1


def test_what_holds_no_numbers_is_refused_at_once():
    """When answers come, it would cost the member."""
    with pytest.raises(UserError) as caught:
        kept().add("saw", 1, [0], [[None, 1, 2]])
    assert str(caught.value).startswith("saw: logits: holds object, and scores are numbers; ")
