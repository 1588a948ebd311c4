"""One process of a lottery, on a tiny network."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from undertow.lab.lottery.worker import (
    Request,
    answer_by_file,
    answered,
    built_or_why,
    ran,
    rows_as_json,
)

MODEL = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 16)).eval()

def in_train_mode():
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(32), nn.Dropout(0.5), nn.Linear(32, 4))

def in_doubles():
    return in_train_mode().double().eval()

def partly():
    whole = in_train_mode().eval()
    whole[1].train()
    return whole

def plain():
    return nn.Sequential(nn.Flatten(), nn.Linear(32, 4))

def wrong():
    return 3
"""


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    (tmp_path / "model.py").write_text(MODEL)
    x = np.random.default_rng(0).normal(size=(10, 2, 16)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    return Request(
        model=f"{tmp_path / 'model.py'}:build", inputs=str(tmp_path / "x.npy"),
        names=("masked-dense", "csr", "channels", "semi-structured", "pt2e-int8"),
        batch=4, repeats=1, sparsity=0.5, channels_kept=0.5, answers=str(tmp_path / "answers.npz"),
    )  # fmt: skip


def test_each_variant_has_a_row_with_seconds_or_with_why_not(request_: Request):
    rows = ran(request_)
    assert list(rows) == [
        "eager",
        "pt2e-int8",
        "masked-dense",
        "csr",
        "semi-structured",
        "channels",
    ]
    assert rows["pt2e-int8"].status == "other batch"
    assert rows["pt2e-int8"].note == (
        "it runs 64 examples at a time, and the batch has 4; give --batch 64 and at least as many "
        "examples"
    )
    assert rows["semi-structured"].status == "not here"
    assert rows["semi-structured"].note == (
        "kernels for it are those of NVIDIA GPUs from compute capability 8.0 on; this is a CPU"
    )
    for name in ("eager", "masked-dense", "csr", "channels"):
        assert rows[name].status == "native"
        assert rows[name].wall > 0
    assert rows["eager"].size == 4 * (32 * 16 + 16 + 16 * 16 + 16)
    assert [c["flops"] for c in rows["eager"].work if c["kind"] == "linear"] == [
        2 * 4 * 32 * 16, 2 * 4 * 16 * 16,
    ]  # fmt: skip
    assert rows["csr"].kernel > 0
    assert rows["csr"].calls["aten.addmm"] == 2


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("build", []),
        (
            "in_train_mode",
            ["1 (BatchNorm1d), 2 (Dropout): in train mode, and asked in eval mode here; call "
             ".eval() on the model"],
        ),
        (
            "partly",
            ["1 (BatchNorm1d): in train mode, and asked in eval mode here; call .eval() on the "
             "model"],
        ),
        (
            "plain",
            ["the model (Sequential): in train mode, and asked in eval mode here; call .eval() on "
             "the model"],
        ),
        (
            "in_doubles",
            ["1.weight, 1.bias, 3.weight and 3 more: float64, and asked in float32 here; call "
             ".float() on the model, or compare its answers as it is with undertow vary {model} "
             "--inputs inputs.npz"],
        ),
    ],
)  # fmt: skip
def test_what_is_changed_in_a_model_is_said_once(request_: Request, function: str, said: list[str]):
    model = request_.model.replace(":build", f":{function}")
    rows = ran(replace(request_, model=model, names=("masked-dense",)))
    assert rows["eager"].changed == [each.format(model=model) for each in said]
    assert rows["masked-dense"].changed == []


def test_answers_are_those_of_all_examples(request_: Request):
    rows = ran(request_)
    with np.load(request_.answers) as answers:
        assert set(answers) == {"eager", "masked-dense", "csr", "channels"}
        assert answers["eager"].shape == (10, 16)
        np.testing.assert_allclose(answers["csr"], answers["masked-dense"], rtol=1e-4, atol=1e-5)
    assert rows["eager"].built_in is not None


def test_the_last_batch_is_filled_up():
    import torch

    from undertow.lab.lottery.built import Built

    asked = []

    def logits(x_B):
        asked.append(x_B[:, 0].tolist())
        return x_B * 2

    x_N = torch.arange(10.0)[:, None]
    assert answered(Built(logits, 0), x_N, 4).tolist() == (x_N * 2).tolist()
    assert asked == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]]
    asked.clear()
    assert answered(Built(logits, 0), x_N, 5).tolist() == (x_N * 2).tolist()
    assert asked == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_an_engine_that_fails_is_said_in_a_sentence_with_its_words_quoted():
    from undertow.lab.lottery.variants import Variant

    def failing(network, x_B, calibration):
        raise KeyError("a\x1b[31m\n'b'" + 500 * "x")

    row, made = built_or_why(Variant("e", "an engine", failing), None, None, None)
    assert made is None
    assert row.status == "error"
    begins = "it gave up as it was built; its words: "
    assert row.note.startswith(begins)
    assert "\x1b" not in row.note
    words = ast.literal_eval(row.note.removeprefix(begins))
    assert words.startswith("KeyError: ")
    assert len(words) == 80 + 1 + 160
    assert words[80] == "…"
    assert words.endswith(", in failing)")
    silent = Variant("e", "an engine", lambda *given: (_ for _ in ()).throw(AssertionError))
    assert built_or_why(silent, None, None, None)[0].note.startswith(
        "it gave up as it was built; its words: 'AssertionError (test_worker.py, line "
    )


def test_a_module_that_answers_what_is_no_number_has_nothing_set_beside_it(
    request_: Request, tmp_path: Path
):
    (tmp_path / "model.py").write_text(
        "import torch\nfrom torch import nn\n\n"
        "class Log(nn.Module):\n"
        "    def forward(self, x):\n"
        "        return x.flatten(1).log()\n\n"
        "def build():\n"
        "    return nn.Sequential(Log(), nn.Linear(32, 3))\n"
    )
    assert list(ran(request_)) == ["eager"]


def test_from_file_to_file_and_what_is_no_model(request_: Request, tmp_path: Path):
    from dataclasses import asdict

    (tmp_path / "request").write_text(
        json.dumps(asdict(request_) | {"model": request_.model.replace("build", "wrong")})
    )
    answer_by_file(rows_as_json, tmp_path / "request", tmp_path / "answer", tmp_path / "doing")
    assert json.loads((tmp_path / "answer").read_text()) == {
        "refused": f"{tmp_path / 'model.py'}:wrong: returned int; it must return a "
        "torch.nn.Module, ready to be asked"
    }


@pytest.mark.heavy
def test_engines_and_compilers_run_too(request_: Request):
    from dataclasses import replace

    names = (
        "compile", "onnxruntime", "openvino", "bfloat16", "torchao-int8-weights",
        "torchao-int8-dynamic", "onnxruntime-int8-dynamic", "onnxruntime-int8-static",
        "openvino-int8", "torch-int4", "torchao-int4",
    )  # fmt: skip
    rows = ran(replace(request_, names=names))
    ended = {name: row.status for name, row in rows.items()}
    assert ended == dict.fromkeys(("eager", *names), "native") | {
        "torchao-int8-weights": "emulated",
        "torch-int4": "partly native",  # its kernel takes no 10 outputs
        "torchao-int4": "no effect",  # layers of this size are passed over
    }
    assert set(rows["torch-int4"].time) == {"native", "fallback", "rest"}
    assert set(rows["torchao-int8-weights"].time) == {"emulated", "fallback", "rest"}
    assert rows["torchao-int8-weights"].time["fallback"] == 0
    assert rows["bfloat16"].time == {}
    with np.load(request_.answers) as answers:
        for name in ("compile", "onnxruntime", "openvino"):
            np.testing.assert_allclose(answers[name], answers["eager"], rtol=1e-3, atol=1e-4)
        for name in answers:
            close = np.corrcoef(answers[name].ravel(), answers["eager"].ravel())[0, 1]
            assert close > 0.98, name
