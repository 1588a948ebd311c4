"""What a recorder writes is what an audit reads."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image
from scipy.special import softmax

import undertow
from recordings import CLASSES, EXAMPLES, IDS, LABELS, TRAIN, TRAIN_IDS, logits, recorded, recorder
from test_architecture import loaded_after
from undertow.records import read_population
from undertow.records.probes import read_probe, read_train


def probabilities(seed: int = 0) -> np.ndarray:
    return softmax(logits(seed), axis=1)


def test_a_population_of_three(tmp_path: Path):
    records = read_population(recorded(tmp_path / "dense"))
    assert (records.name, records.M, records.classes) == ("dense", 3, CLASSES)
    assert records.example_id_N.to_list() == IDS
    assert records.label_N.tolist() == LABELS.tolist()
    assert records.slice_columns == ("region",)
    assert [m.seeds for m in records.members] == [{"all": 0}, {"all": 1}, {"all": 2}]
    for m in range(3):
        assert records.pred_MN[m].tolist() == logits(m).argmax(axis=1).tolist()
        np.testing.assert_allclose(records.proba_MNC[m], probabilities(m), atol=1e-6)
    assert records.manifest.format == "undertow-records/1"


@pytest.mark.parametrize("kind", ["polars", "pandas", "pandas index", "dict"])
def test_examples_of_any_kind(tmp_path: Path, kind: str):
    frame = {
        "polars": lambda: pl.DataFrame(EXAMPLES),
        "pandas": lambda: pd.DataFrame(EXAMPLES),
        "pandas index": lambda: pd.DataFrame(EXAMPLES).set_index("example_id"),
        "dict": lambda: EXAMPLES,
    }[kind]()
    with undertow.Recorder(tmp_path / "dense", frame, classes=CLASSES) as r:
        r.member("a").answers(IDS, logits=logits())
    records = read_population(tmp_path / "dense")
    assert records.example_id_N.to_list() == IDS
    assert records.label_N.tolist() == LABELS.tolist()
    assert records.examples["region"].to_list() == EXAMPLES["region"]


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.tolist(),
        LABELS.astype(float),
        [CLASSES[k] for k in LABELS],
        pl.Series([CLASSES[k] for k in LABELS], dtype=pl.Categorical),
    ],
)
def test_labels_are_indices_or_names(tmp_path: Path, labels: Any):
    examples = {"example_id": range(8), "label": labels}
    with undertow.Recorder(tmp_path / "dense", examples, classes=CLASSES) as r:
        r.member("a").answers(range(8), logits=logits())
    assert read_population(tmp_path / "dense").label_N.tolist() == LABELS.tolist()


def test_examples_without_labels(tmp_path: Path):
    examples = {"example_id": IDS, "label": [None] * 8}
    with undertow.Recorder(tmp_path / "dense", examples, classes=3) as r:
        r.member("a").answers(IDS, logits=logits())
    records = read_population(tmp_path / "dense")
    assert records.label_N.tolist() == [-1] * 8
    assert records.classes == ("0", "1", "2")


def test_answers_in_pieces_and_in_any_order(tmp_path: Path):
    order = np.random.default_rng(1).permutation(8)
    with recorder(tmp_path / "pieces") as r:
        member = r.member("0", seeds={"all": 0})
        for rows in np.array_split(order, 3):
            assert not member.done
            member.answers([IDS[i] for i in rows], logits=logits()[rows])
        assert member.done
    recorded(tmp_path / "whole", members=1)
    pieces, whole = (read_population(tmp_path / name) for name in ("pieces", "whole"))
    assert np.array_equal(pieces.proba_MNC, whole.proba_MNC)
    assert np.array_equal(pieces.pred_MN, whole.pred_MN)


def test_predictions_alone_and_predictions_beside_probabilities(tmp_path: Path):
    said = ["owl"] * 8
    with recorder(tmp_path / "dense") as r:
        r.member("names").answers(IDS, predictions=said)
        r.member("indices").answers(IDS, predictions=np.full(8, 2))
        with pytest.warns(UserWarning, match="likeliest") as warned:
            r.member("both").answers(IDS, predictions=said, probabilities=probabilities())
    other = (probabilities().argmax(axis=1) != 2).sum()
    assert str(warned[0].message) == (
        f"member 'both', answers: {other} of 8 predictions are not the likeliest class; leave out "
        "predictions= unless a threshold made them"
    )
    assert warned[0].filename == __file__
    records = read_population(tmp_path / "dense")
    assert (records.pred_MN == 2).all()
    assert [m.id for m in records.members] == ["both", "indices", "names"]
    assert np.isnan(records.proba_MNC[1]).all()


def test_probabilities_of_examples_whose_logits_lie_far_apart(tmp_path: Path):
    """A constant beside all of an example's logits changes none of its probabilities."""
    far = logits() + np.linspace(-3000, 3000, 8, dtype=np.float32)[:, None]
    with recorder(tmp_path / "dense") as r:
        r.member("a").answers(IDS, logits=far)
    found = read_population(tmp_path / "dense").proba_MNC[0]
    np.testing.assert_allclose(found, probabilities(), atol=2e-4)


def test_a_class_that_is_ruled_out(tmp_path: Path):
    ruled_out = logits()
    ruled_out[:, 1] = -np.inf
    with recorder(tmp_path / "dense") as r:
        r.member("a").answers(IDS, logits=ruled_out)
    assert (read_population(tmp_path / "dense").proba_MNC[0, :, 1] == 0).all()


def test_facts_and_what_the_report_says_of_how_it_was_made(tmp_path: Path):
    more = {"recipe": {"lr": 0.1}, "interventions": ["pruned to 90 %"], "name": "pruned 90 %"}
    with recorder(tmp_path / "pruned", **more) as r:
        for seed, sparsity in enumerate((0.5, 0.7)):
            member = r.member(seed)
            member.facts(sparsity=np.float32(sparsity))
            member.answers(IDS, logits=logits(seed))
    manifest = read_population(tmp_path / "pruned").manifest
    assert manifest.facts == {"sparsity": pytest.approx(0.6)}
    assert manifest.recipe == {"recorded by": "undertow.Recorder", "lr": 0.1}
    assert manifest.interventions == ("pruned to 90 %",)
    assert manifest.name == "pruned 90 %"
    assert manifest.versions["numpy"] == np.__version__


def test_two_classes_have_a_positive_one(tmp_path: Path):
    examples = {"example_id": [0, 1], "label": ["fraud", "honest"]}
    for asked in (None, "fraud"):
        where = tmp_path / str(asked)
        with undertow.Recorder(where, examples, classes=("fraud", "honest"), positive=asked) as r:
            r.member("a").answers([0, 1], predictions=["fraud", "fraud"])
        manifest = read_population(where).manifest
        assert (manifest.task, manifest.positive) == ("binary", asked or "honest")


@pytest.mark.parametrize("shape", [(8, 2, 5), (8, 2, 5, 3), (8, 3, 2, 5)])
def test_pixels_become_pictures(tmp_path: Path, shape: tuple[int, ...]):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    with undertow.Recorder(tmp_path / "dense", {**EXAMPLES, "input": pixels}, classes=3) as r:
        r.member("a").answers(IDS, logits=logits())
    records = read_population(tmp_path / "dense", inputs=True)
    shown = np.stack([np.asarray(Image.open(io.BytesIO(png))) for png in records.inputs])
    want = pixels.transpose(0, 2, 3, 1) if shape == (8, 3, 2, 5) else pixels
    assert np.array_equal(shown, want)
    first = pixels[0].transpose(2, 0, 1) if shape == (8, 2, 5, 3) else pixels[0]
    assert records.examples["content_hash"][0] == hashlib.sha256(first.tobytes()).hexdigest()


def test_texts_are_shown(tmp_path: Path):
    texts = [f"text {i}" for i in range(8)]
    with undertow.Recorder(tmp_path / "dense", {**EXAMPLES, "input": texts}, classes=3) as r:
        r.member("a").answers(IDS, logits=logits())
    assert read_population(tmp_path / "dense", inputs=True).texts.to_list() == texts


def test_a_trace_of_what_was_seen(tmp_path: Path):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        for seed in range(2):
            member = r.member(seed)
            for epoch in range(3):
                for rows in ([4, 0], [1, 5, 2]):
                    seen = logits(10 * seed + epoch, 6)[rows]
                    member.saw([TRAIN_IDS[i] for i in rows], seen, epoch=epoch)
            member.answers(IDS, logits=logits(seed))
    found = read_probe(tmp_path / "dense", "trace")
    assert found.entry.epochs == (1, 2, 3)
    assert (found.entry.part, found.entry.mode, found.entry.view) == ("train", "train", None)
    assert found.members == ("0", "1")
    assert read_train(tmp_path / "dense")["label"].to_list() == [0, 1, 2, 0, 1, 2]
    predicted = found.values["predicted"]
    assert predicted.shape == (2, 6, 3)
    for m in range(2):
        for e in range(3):
            want = logits(10 * m + e, 6).argmax(axis=1)
            want[3] = -1  # No batch had it.
            assert predicted[m, :, e].tolist() == want.tolist()
    assert np.isnan(found.values["loss"][:, 3]).all()
    assert not np.isnan(np.delete(found.values["loss"], 3, axis=1)).any()


@pytest.mark.parametrize("epochs", [None, 4])
def test_members_that_stop_early(tmp_path: Path, epochs: int | None):
    with recorder(tmp_path / "dense", train=TRAIN, epochs=epochs) as r:
        for seed, trained in enumerate((3, 1)):
            member = r.member(seed, seeds=seed)
            for epoch in range(trained):
                member.saw(TRAIN_IDS, logits(epoch, 6), epoch=epoch)
            member.answers(IDS, logits=logits(seed))
    found = read_probe(tmp_path / "dense", "trace")
    assert found.entry.epochs == tuple(range(1, (epochs or 3) + 1))
    seen = [(found.values["predicted"][m] >= 0).sum(axis=1).tolist() for m in range(2)]
    assert seen == [[3] * 6, [1] * 6]
    assert np.isnan(found.values["loss"][1, :, 1:]).all()
    records = read_population(tmp_path / "dense")
    assert [m.seeds for m in records.members] == [{"all": 0}, {"all": 1}]


def test_several_members_at_once(tmp_path: Path):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        members = [r.member(seed) for seed in range(2)]
        for member in members:
            member.saw(TRAIN_IDS, logits(0, 6), epoch=0)
        for seed, member in enumerate(members):
            member.answers(IDS, logits=logits(seed))
    assert read_population(tmp_path / "dense").M == 2


def test_a_member_that_diverged_takes_part_in_nothing(tmp_path: Path):
    with recorder(tmp_path / "dense", train=TRAIN) as r:
        r.member("0").diverged("its loss is nan in epoch 3")
        member = r.member("1")
        member.saw(TRAIN_IDS, logits(0, 6), epoch=0)
        member.answers(IDS, logits=logits())
    records = read_population(tmp_path / "dense")
    assert [m.id for m in records.members] == ["1"]
    assert [(m.status, m.reason) for m in records.manifest.members] == [
        ("diverged", "its loss is nan in epoch 3"),
        ("done", None),
    ]


def test_without_with(tmp_path: Path):
    r = recorder(tmp_path / "dense")
    r.member("a").answers(IDS, logits=logits())
    r.finish()
    assert read_population(tmp_path / "dense").M == 1


@pytest.mark.heavy
def test_the_recorder_loads_no_torch():
    loaded = loaded_after(
        "import undertow, tempfile\n"
        "with undertow.Recorder(tempfile.mkdtemp() + '/dense', "
        "{'example_id': [0, 1], 'label': [0, 1]}, classes=2) as r:\n"
        "    r.member('a').answers([0, 1], logits=[[1.0, 0.0], [0.0, 1.0]])"
    )
    assert "undertow.recording" in loaded
    assert not loaded & {"torch", "pandas", "undertow.audit"}
