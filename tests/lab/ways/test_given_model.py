"""The model that a person names, what it returns, and what is said where that is of no use."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch

import undertow
from undertow.errors import UserError
from undertow.lab.ways.chosen import AskedFor
from undertow.lab.ways.given_model import model_named
from undertow.lab.ways.outputs import rows_of
from undertow.lab.ways.run import refuse_wrong_pads
from undertow.lab.ways.together import PadAxis

MODELS = Path(__file__).parents[2] / "asked_models.py"
EXAMPLE = "model.py:build, where build() returns the module in eval mode"
LOGITS, OTHER = torch.ones(2, 3), torch.zeros(2, 5)


def refused(act, *given, **named) -> str:
    with pytest.raises(UserError) as error:
        act(*given, **named)
    return str(error.value)


def test_a_function_of_a_file_and_of_a_module():
    assert type(model_named(f"{MODELS}:build")).__name__ == "Centred"
    assert type(model_named("asked_models:separated")).__name__ == "Separated"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("best.pt", f"best.pt: is a checkpoint, and loading one can run what is in it; write a function that makes the module and loads its weights, and give {EXAMPLE}"),
        ("best.pt:model", f"best.pt:model: is a checkpoint, and loading one can run what is in it; write a function that makes the module and loads its weights, and give {EXAMPLE}"),
        ("model.py", f"model.py: names no function; give {EXAMPLE}, or an .onnx file"),
        ("gone.py:build", f"gone.py:build: there is no file gone.py; give {EXAMPLE}, or an .onnx file"),
        ("gone.onnx", f"gone.onnx: there is no file gone.onnx; give {EXAMPLE}, or an .onnx file"),
        ("no_such_module:build", "no_such_module:build: no_such_module cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        (f"{MODELS}:made", f"{MODELS}:made: there is no function made in it; it has build, separated, two, raising, number"),
        (f"{MODELS}:answer", f"{MODELS}:answer: answer is int and no function; give {EXAMPLE}"),
        (f"{MODELS}:number", f"{MODELS}:number: returned int; it must return a torch.nn.Module, ready to be asked"),
    ],
)  # fmt: skip
def test_names_of_no_model(name: str, said: str):
    assert refused(model_named, name) == said


def test_a_function_that_raises_is_told_with_its_line():
    line = MODELS.read_text().splitlines().index('    raise ValueError("no weights here")') + 1
    assert refused(model_named, f"{MODELS}:raising") == (
        f"{MODELS}:raising: raising() raises ValueError: no weights here (asked_models.py, line "
        f"{line}, in raising)"
    )
    assert "two() raises TypeError: two() missing 2 required positional arguments" in refused(
        model_named, f"{MODELS}:two"
    )


def test_a_file_that_cannot_be_run(tmp_path: Path):
    path = tmp_path / "broken.py"
    path.write_text("import undertow\nraise SystemExit(3)\n")
    assert refused(model_named, f"{path}:build") == (
        f"{path}:build: {path} cannot be run: SystemExit: 3 (broken.py, line 2)"
    )


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (LOGITS, None),
        ((LOGITS,), None),
        ({"hidden": OTHER, "logits": LOGITS}, None),
        ({"hidden": OTHER, "scores": LOGITS}, "scores"),
        ((OTHER, LOGITS), "1"),
        (namedtuple("Out", "loss logits")(None, LOGITS), None),
        (LOGITS.bfloat16(), None),
    ],
)
def test_rows_are_found_in_whatever_comes_back(answer, output):
    found = rows_of("model", answer, 2, output)
    assert (found == 1).all()
    assert found.shape == (2, 3)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("answer", "output", "said"),
    [
        (None, None, "model: returns NoneType; it must return a tensor, or a tuple or dict of them"),
        ((OTHER, LOGITS), None, "model: returns 2 tensors (0, 1); say which are the logits, as with --output 0"),
        ({"a": OTHER}, "b", "--output b: model has no such output; it has a"),
        (torch.ones(2, 4, 5), None, "model: gives an output of shape (2, 4, 5) for 2 examples; it must give one row of logits (or one number) for each, so wrap it in a module that does, as by taking the logits of the last token"),
        (torch.ones(3, 2), None, "model: gives an output of shape (3, 2) for 2 examples; it must give one row of logits (or one number) for each, so wrap it in a module that does, as by taking the logits of the last token"),
    ],
)  # fmt: skip
def test_rows_that_are_none(answer, output, said: str):
    assert refused(rows_of, "model", answer, 2, output) == said


def test_what_cannot_be_asked_for(tmp_path: Path):
    arrays = {"x": np.ones((4, 2))}
    assert refused(AskedFor, sizes=(0, 2)) == (
        "--batch-sizes 0: a batch has at least one example; give --batch-sizes 1,7,32"
    )
    assert (
        refused(AskedFor, threads=(0,))
        == "--threads 0: at least one thread computes; give --threads 1,2"
    )
    assert refused(AskedFor, engines=["trt"]) == (
        "--engines trt: is not known; choose from onnxruntime, openvino"
    )
    assert refused(refuse_wrong_pads, [PadAxis("y", 1)], arrays) == (
        "--pad-axis y:1: there is no input y; --inputs has x"
    )
    assert refused(refuse_wrong_pads, [PadAxis("x", 2)], arrays) == (
        "--pad-axis x:2: x has the shape (4, 2), so it can be padded on the axes: 1 to 1"
    )
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("")
    assert refused(undertow.vary, torch.nn.Identity(), np.ones((4, 2)), out=out) == (
        f"--out {out}: is there already and not empty; give the name of a new folder"
    )
    assert refused(undertow.vary, len, np.ones((4, 2)), out=tmp_path / "o") == (
        "model: is of type builtin_function_or_method; give a torch.nn.Module, or the name of a "
        f"function that returns one: {EXAMPLE}"
    )
    nothing = np.full((4, 2), 3e38, dtype=np.float32)
    assert refused(
        undertow.vary,
        torch.nn.Linear(2, 2).double(),
        {"y": nothing, "z": nothing},
        out=tmp_path / "o",
    ) == (
        "Linear: asked in one batch (inputs y (4, 2), z (4, 2)) it raises TypeError: "
        "Linear.forward() got an unexpected keyword argument 'y'"
    )
    squared = type("Squared", (torch.nn.Module,), {"forward": lambda self, x: x * x})()
    assert refused(
        undertow.vary, squared, {"x": nothing, "ids": list("abcd")}, out=tmp_path / "o"
    ) == (
        "Squared: answers inf to 'a', 'b', 'c', 'd' (4 of 4 examples), asked as the reference; a "
        "model that gives no numbers is compared with nothing, so mend it or leave these examples out"
    )
    labels = {"x": np.ones((2, 3)), "labels": ["cat", "owl"]}
    assert refused(
        undertow.vary,
        torch.nn.Identity(),
        labels,
        out=tmp_path / "o",
        classes=["cat", "dog", "elk"],
    ) == (
        "labels: the label of '1' is 'owl', which is none of the names after --classes (cat, dog, "
        "elk); write labels and names alike, or give labels as places of outputs, 0 to 2"
    )
    assert not (tmp_path / "o").exists()
