"""Ways that compile, export or start processes: each is in force, and an answer stays what it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

import undertow
from onnx_graphs import linear, node, saved
from undertow.errors import UserError
from undertow.lab.interventions.arithmetic._read_back import aten_capability
from undertow.lab.interventions.runtime._engine import quiet
from undertow.lab.ways.chosen import AskedFor, Skipped, reference_way, ways_for
from undertow.lab.ways.in_onnx import InOnnx
from undertow.lab.ways.in_process import answers_apart
from undertow.lab.ways.in_torch import InTorch
from undertow.lab.ways.together import PadAxis

pytestmark = pytest.mark.heavy
X = np.random.default_rng(0).normal(size=(40, 3, 8, 8)).astype(np.float32)


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
            nn.Linear(512, 4),
        )  # fmt: skip

    def forward(self, x):
        return self.body(x)


def test_every_way_that_is_asked_for_is_tried(tmp_path: Path):
    found = undertow.vary(
        Pictures().eval(), X, out=tmp_path / "o", sizes=(7,), threads=(), compiled=True,
        engines=["onnxruntime", "openvino"], instructions=["sse"],
    )  # fmt: skip
    names = [way.name for way, _ in found.ways.others]
    assert found.ways.skipped == ()
    assert names[-6:] == [
        "bfloat16", "channels-last", "compiled", "onnxruntime", "openvino", "instructions-sse",
    ]  # fmt: skip
    assert found.repeats
    for (way, answer_NC), gap in zip(found.ways.others, found.differences, strict=True):
        assert gap.largest < (0.1 if way.name == "bfloat16" else 1e-5), way
        assert answer_NC.dtype == (np.float64 if way.name == "float64" else np.float32)
    assert found.differences[names.index("bfloat16")].largest > 1e-4


def test_an_onnx_file_is_asked_as_it_is(tmp_path: Path):
    model = Pictures().eval()
    path = tmp_path / "m.onnx"
    with quiet():
        torch.onnx.export(
            model, (torch.zeros(2, 3, 8, 8),), str(path), input_names=["pixels"],
            output_names=["logits"], dynamic_shapes=({0: torch.export.Dim("B", min=1)},),
            dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip
    found = undertow.vary(
        str(path), X, out=tmp_path / "o", sizes=(7,), threads=(2,), engines=["openvino"]
    )
    names = [way.name for way, _ in found.ways.others]
    assert names == ["batch-7", "shuffled-7", "filled-7", "threads-2", "openvino"]
    with torch.no_grad():
        own = model(torch.from_numpy(X)).numpy()
    assert np.abs(found.ways.reference.answer_NC - own).max() < 1e-5
    with pytest.raises(UserError) as refused:
        undertow.vary(str(path), {"x": X, "mask": X}, out=tmp_path / "p")
    assert str(refused.value) == (
        f"{path}: wants the inputs pixels, and --inputs has x, mask; save them under the names "
        "that it wants"
    )
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(UserError) as refused:
        undertow.vary(str(path), X, out=tmp_path / "p")
    assert str(refused.value) == (
        f"{path}: is no ONNX file, or a part of one; write it again with torch.onnx.export, or "
        "give the torch module as model.py:build"
    )


def test_a_file_that_an_engine_cannot_load_is_refused_by_its_owners_name(tmp_path: Path):
    foo = node("Foo", "x", "logits", domain="com.x")
    saved(linear(nodes=[foo], held=()), tmp_path / "m.onnx")
    model = InOnnx("m.onnx", tmp_path / "m.onnx")
    with pytest.raises(UserError) as refused, model.asked(reference_way(AskedFor(), 2)):
        pass
    assert str(refused.value).startswith("m.onnx: onnxruntime cannot load it: ")
    assert str(tmp_path) not in str(refused.value)


def test_weights_are_those_beside_the_file_and_no_strangers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    own, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    own.mkdir(), elsewhere.mkdir()
    path, x = own / "m.onnx", X.reshape(len(X), -1)[:, :32]
    onnx.save(linear(), path, save_as_external_data=True, location="w.data", size_threshold=0)
    size = (own / "w.data").stat().st_size
    (elsewhere / "w.data").write_bytes(bytes(size))
    monkeypatch.chdir(elsewhere)
    found = undertow.vary(str(path), x, out=tmp_path / "o", sizes=(), engines=["openvino"])
    held = {one.name: numpy_helper.to_array(one) for one in linear().graph.initializer}
    answer_NC = np.maximum(x @ held["a"] + held["bias"], 0) @ held["b"]
    assert [way.name for way, _ in found.ways.others][-1] == "openvino"
    assert found.ways.skipped == ()
    for _, given_NC in (found.ways.reference, *found.ways.others):
        np.testing.assert_allclose(given_NC, answer_NC, rtol=1e-4, atol=1e-3)


def test_weights_that_are_missing_or_elsewhere_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    onnx.save(linear(), "own/m.onnx", save_as_external_data=True, location="w.data",
              size_threshold=0)  # fmt: skip
    Path("own/w.data").rename("w.data")
    outside = onnx.load("own/m.onnx", load_external_data=False)
    for tensor in outside.graph.initializer:
        tensor.external_data[0].value = "../w.data"
    Path("own/outside.onnx").write_bytes(outside.SerializeToString())
    for name, place in (("own/m.onnx", "w.data"), ("own/outside.onnx", "../w.data")):
        with pytest.raises(UserError) as refused:
            undertow.vary(name, X.reshape(len(X), -1)[:, :32], out=tmp_path / "o")
        assert str(refused.value) == (
            f"{name}: keeps weights in {place!r}, and there is no such file beside it; put it "
            "there, or export the network again with external_data=False"
        )


def test_instructions_are_in_force_in_a_process_of_their_own():
    class Says(nn.Module):
        """Which instructions torch has here."""

        def forward(self, x):
            return torch.full((len(x), 2), float(aten_capability() == "default"))

    model, asked = InTorch("says", Says()), AskedFor(instructions=["sse"], threads=())
    arrays = {"x": np.zeros((3, 1), dtype=np.float32)}
    way = ways_for(asked, model, arrays, reference_way(asked, 3))[-1]
    assert not isinstance(way, Skipped)
    assert answers_apart(model, way, arrays, ()).tolist() == [[1.0, 1.0]] * 3


def test_a_classifier_of_texts_with_a_mask_is_padded_without_a_flip(tmp_path: Path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    settings = transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, num_labels=3, max_position_embeddings=128,
        initializer_range=1.0,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(settings).eval()
    given = {
        "input_ids": np.random.default_rng(0).integers(1, 50, (20, 9)),
        "attention_mask": np.ones((20, 9), dtype=np.int64),
    }
    pads = tuple(PadAxis(name, 1) for name in given)
    found = undertow.vary(model, given, out=tmp_path / "a", sizes=(7,), threads=(), pads=pads)
    assert {way.name: gap.flips for (way, _), gap in zip(found.ways.others, found.differences, strict=True) if way.family == "padding"} == {
        "padded-1": 0, "padded-8": 0, "padded-64": 0,
    }  # fmt: skip
    unmasked = undertow.vary(
        model, {"input_ids": given["input_ids"]}, out=tmp_path / "b", sizes=(), threads=(),
        pads=pads[:1], numbers=True,
    )  # fmt: skip
    told = json.loads((tmp_path / "b/vary.json").read_text())
    padded = [way for way in told["ways"] if way["family"] == "padding"]
    assert len(padded) == 3
    assert min(way["largest_difference"] for way in padded) > 1e-3  # nothing says what is padding
    assert unmasked.audit is None
