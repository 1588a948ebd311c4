"""A lottery of an ONNX file: the same pipeline, with engines as its variants."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

from lottery_worlds import CALIBRATION, MACHINE, REQUEST, WORK
from lottery_worlds import lottery_of as lottery_around
from onnx_graphs import FREE, linear, model, node, saved, value, weights
from undertow.cli import app
from undertow.errors import UserError
from undertow.lab.lottery.offered import variants_for
from undertow.lab.lottery.worker import Ran, ran
from undertow.lab.measurements.calibration import processor_name, write_calibration
from undertow.lottery.lottery import lottery_of
from undertow.lottery.measure import refuse_unrun, rows_of
from undertow.lottery.said import headline, how, remarks
from undertow.lottery.settings import Settings
from undertow.lottery.written import page

ENGINES = ("onnxruntime-unoptimized", "openvino")
INT8 = ("onnxruntime-int8-dynamic", "onnxruntime-int8-static", "openvino-int8")
ALL = ("onnxruntime", *ENGINES, *INT8)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs(work: bool = True) -> list[dict]:
    """int8 four times as fast as the file as it is."""
    costs = [asdict(cost) for cost in WORK] if work else []
    found = []
    for number in range(5):
        whole = 1e-3 * (1 + number / 100)
        rows = {"onnxruntime": Ran("native", work=costs), "openvino-int8": Ran("native")}
        rows["onnxruntime"].wall = rows["onnxruntime"].processor = whole
        rows["openvino-int8"].wall = rows["openvino-int8"].processor = whole / 4
        found.append({name: asdict(row) for name, row in rows.items()})
    return found


def test_the_reference_is_onnx_runtime_and_what_it_fuses_is_promised_to_nobody():
    asked = replace(REQUEST, model="m.onnx", names=ALL)
    rows = {row.name: row for row in rows_of(asked, runs(), CALIBRATION, "wall", 0.05)}
    first, second = rows["onnxruntime"], rows["openvino-int8"]
    assert asdict(first.predicted) == {"flops": 1, "bytes": 1, "roofline": 1}
    assert second.predicted.flops == pytest.approx(4, rel=0.03)
    assert second.predicted.bytes == pytest.approx(4)  # the ReLU costs neither of them anything
    assert second.realised.ratio == pytest.approx(4)
    assert second.realised_share.flops == pytest.approx(1, rel=0.03)
    assert second.fastest.ratio == pytest.approx(4)


def test_where_nothing_can_be_counted_time_goes_on():
    asked = replace(REQUEST, model="m.onnx", names=ALL)
    rows = {row.name: row for row in rows_of(asked, runs(False), CALIBRATION, "wall", 0.05)}
    assert rows["openvino-int8"].predicted is None
    assert rows["openvino-int8"].realised.ratio == pytest.approx(4)
    found = lottery_around(rows.values(), model="m.onnx")
    assert headline(found) == "Fastest is openvino-int8: 4.00 × as fast as onnxruntime."
    assert how(found).endswith(
        " Speed and answers are set beside those of onnxruntime (ONNX Runtime, float32, the file "
        "as it is)."
    )
    said = page(found)
    assert "example by example against onnxruntime." in said
    assert "torch’s count" not in said
    assert "torch’s count" in page(replace(found, model="m.py:build"))
    slow = replace(rows["openvino-int8"], realised=replace(found.rows[1].realised, high=0.9))
    told = dict(remarks(replace(found, rows=(found.rows[0], slow))))
    assert told["openvino-int8"].endswith("; shown to be slower than onnxruntime")


def test_variants_are_engines_and_those_of_torch_modules_are_refused():
    assert Settings().names_for("m.ONNX") == ALL
    assert [v.name for v in variants_for("m.onnx")] == list(ALL)
    for given, said in (
        (
            {"sparsity": 0.5},
            "--sparsity 0.5: m.onnx is an ONNX file, and torch modules alone are pruned here; "
            "leave --sparsity out, or give the torch module as model.py:build",
        ),
        (
            {"channels": 0.5},
            "--channels 0.5: m.onnx is an ONNX file, and torch modules alone are pruned here; "
            "leave --channels out, or give the torch module as model.py:build",
        ),
        (
            {"only": ("csr",)},
            "--only csr: m.onnx is an ONNX file, and torch modules alone have this variant; choose "
            "from onnxruntime, onnxruntime-unoptimized, openvino, onnxruntime-int8-dynamic, "
            "onnxruntime-int8-static, openvino-int8, or give the torch module as model.py:build",
        ),
        (
            {"without": ("int2",)},
            "--without int2: there is no such variant; choose from onnxruntime-unoptimized, "
            "openvino, onnxruntime-int8-dynamic, onnxruntime-int8-static, openvino-int8",
        ),
        (
            {"only": ("nonsense",)},
            "--only nonsense: there is no such variant; choose from onnxruntime, "
            "onnxruntime-unoptimized, openvino, onnxruntime-int8-dynamic, onnxruntime-int8-static, "
            "openvino-int8",
        ),
        (
            {"without": ("onnxruntime",)},
            "--without onnxruntime: all others are set beside it; leave out others",
        ),
    ):
        with pytest.raises(UserError) as error:
            Settings(**given).names_for("m.onnx")
        assert str(error.value) == said


@pytest.mark.parametrize("name", ["m.onnx:build", "in/m.ONNX:build", "m.onnx:"])
def test_a_file_with_a_function_after_it_is_refused_with_the_name_alone(name: str):
    np.save("x.npy", np.zeros((100, 32)))
    with pytest.raises(UserError) as error:
        lottery_of(name, Path("x.npy"), None, Path("o"), Settings())
    assert str(error.value) == (
        f"{name}: an ONNX file has no function that makes it; give the file alone: "
        f"{name.partition(':')[0]}"
    )


def test_a_file_is_refused_before_anything_is_measured():
    np.save("x.npy", np.zeros((100, 32)))
    saved(linear(batch=8), Path("m.onnx"))
    with pytest.raises(UserError, match=r"^m\.onnx: was exported for batches of 8, "):
        lottery_of("m.onnx", Path("x.npy"), None, Path("o"), Settings(batch=16))
    with pytest.raises(UserError, match=r"^gone\.onnx: there is no file gone\.onnx; "):
        lottery_of("gone.onnx", Path("x.npy"), None, Path("o"), Settings())
    assert not Path("o").exists()


@pytest.mark.parametrize(("own", "asks"), [(8, 8), (FREE, 64), (100, 100)])
def test_a_file_of_one_batch_size_is_asked_in_that(
    own: int | str, asks: int, monkeypatch: pytest.MonkeyPatch
):
    told = []

    def one(request, folder):
        told.append(request.batch)
        raise UserError("enough")

    monkeypatch.setattr("undertow.lottery.measure._one_process", one)
    np.save("x.npy", np.zeros((100, 32)))
    saved(linear(batch=own), Path("m.onnx"))
    measured = replace(CALIBRATION, machine=replace(MACHINE, processor=processor_name()))
    write_calibration(measured, Path("c.json"))
    with pytest.raises(UserError, match=r"^enough$"):
        lottery_of("m.onnx", Path("x.npy"), None, Path("o"), Settings(), Path("c.json"))
    assert told == [asks]


def asked(name: str = "m.onnx", *names: str, batch: int = 16):
    np.save("x.npy", np.random.default_rng(0).normal(size=(200, 32)).astype("float32"))
    return replace(
        REQUEST, model=name, inputs="x.npy", names=names, batch=batch, repeats=1,
        answers="answers.npz",
    )  # fmt: skip


def test_the_reference_counts_its_operators_and_answers_as_the_file_does():
    saved(linear(), Path("m.onnx"))
    rows = ran(asked("m.onnx", "onnxruntime-unoptimized"))
    assert list(rows) == ["onnxruntime", "onnxruntime-unoptimized"]
    first = rows["onnxruntime"]
    assert (first.status, first.note) == ("native", "")
    assert first.calls == {"onnx.Gemm": 1, "onnx.Relu": 1, "onnx.MatMul": 1}
    assert [one["flops"] for one in first.work] == [2 * 16 * 32 * 64, 0, 2 * 16 * 64 * 4]
    assert rows["onnxruntime-unoptimized"].work == []
    with np.load("answers.npz") as held:
        answers = dict(held)
    own = {one.name: numpy_helper.to_array(one) for one in linear().graph.initializer}
    hidden = np.maximum(np.load("x.npy") @ own["a"] + own["bias"], 0)
    for given in answers.values():
        np.testing.assert_allclose(given, hidden @ own["b"], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("graph", "begins"),
    [
        (
            model([node("Foo", "x", "y", domain="com.x")], [value("x", FREE, 32)],
                  [value("y", FREE, 4)]),
            "m.onnx: onnxruntime cannot load it: ",
        ),
        (
            model([node("ReduceMean", "x", "y", keepdims=0)], [value("x", FREE, 32)], [value("y")]),
            "m.onnx: the network fails on these inputs: it gives an output of shape () for 16 "
            "examples; give the inputs that it takes, ",
        ),
        (
            model([node("Relu", "x", "y")], [value("x", FREE, 2, 2)], [value("y", FREE, 2, 2)]),
            "m.onnx: the network fails on these inputs: it gave up as it was asked; its words: "
            "'InvalidArgument: ",
        ),
    ],
)  # fmt: skip
def test_a_file_that_does_not_run_is_refused(graph, begins: str):
    saved(graph, Path("m.onnx"))
    rows = {name: asdict(row) for name, row in ran(asked()).items()}
    with pytest.raises(UserError) as error:
        refuse_unrun("m.onnx", rows)
    assert str(error.value).startswith(begins)
    if "cannot load" in begins:
        assert str(error.value).endswith(
            '; see what is wrong with it by python -c "import onnx; '
            "onnx.checker.check_model('m.onnx', full_check=True)\""
        )


def lstm() -> Any:
    """x (B, 32), as four steps of eight numbers, by an LSTM of 16 in two directions and a product
    to logits (B, 4)."""
    held = [
        numpy_helper.from_array(np.array([-1, 4, 8]), "steps"),
        weights("w", 2, 64, 8), weights("r", 2, 64, 16), weights("c", 2, 128), weights("v", 32, 4),
        numpy_helper.from_array(np.array([-1, 32]), "flat"),
    ]  # fmt: skip
    nodes = [
        node("Reshape", "x steps", "s"), node("Transpose", "s", "t", perm=[1, 0, 2]),
        onnx.helper.make_node("LSTM", ["t", "w", "r", "c"], ["", "last"], name="the LSTM",
                              hidden_size=16, direction="bidirectional"),
        onnx.helper.make_node("Transpose", ["last"], ["u"], name="back", perm=[1, 0, 2]),
        onnx.helper.make_node("Reshape", ["u", "flat"], ["f"], name="flat"),
        node("MatMul", "f v", "logits"),
    ]  # fmt: skip
    return model(nodes, [value("x", FREE, 32)], [value("logits", FREE, 4)], held)


LSTM_WEIGHTS = 2 * (64 * 8 + 64 * 16)


@pytest.mark.heavy
def test_recurrent_layers_are_counted_in_operations_sizes_and_operators():
    saved(lstm(), Path("m.onnx"))
    rows = ran(asked("m.onnx", *INT8[:2]))
    first = rows["onnxruntime"]
    flops = {one["operator"]: one["flops"] for one in first.work if one["flops"]}
    assert flops == {
        "onnx.LSTM": 2 * 16 * 4 * LSTM_WEIGHTS, "onnx.MatMul": 2 * 16 * 32 * 4,
    }  # fmt: skip
    assert first.note == ""
    assert first.size == 4 * (LSTM_WEIGHTS + 2 * 128 + 32 * 4) + 8 * 5
    dynamic, static = rows["onnxruntime-int8-dynamic"], rows["onnxruntime-int8-static"]
    assert (dynamic.status, dynamic.operators) == ("native", {"int8": 2, "float32": 0})
    assert dynamic.size == first.size - 3 * (LSTM_WEIGHTS + 32 * 4)
    assert static.operators == {"int8": 1, "float32": 1}
    assert static.note == "1 of 2 operators stay float32"
    assert static.size == first.size - 3 * 32 * 4


def test_a_file_that_answers_what_is_no_number_is_refused_and_nothing_is_set_beside_it():
    saved(model([node("Log", "x", "y")], [value("x", FREE, 32)], [value("y", FREE, 32)]),
          Path("m.onnx"))  # fmt: skip
    rows = ran(asked("m.onnx", "onnxruntime-unoptimized"))
    assert list(rows) == ["onnxruntime"]
    with np.load("answers.npz") as held:
        assert np.isnan(held["onnxruntime"]).any(axis=1).all()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3, 7), "m.onnx: answers nan to 'e3', 'e7' (2 of 200 examples)"),
        ((9,), "m.onnx: answers nan to 'e9' (1 of 200 examples)"),
    ],
)
def test_the_command_names_inputs_that_a_file_answers_no_number_to(
    numbers: tuple[int, ...], said: str
):
    saved(model([node("Log", "x", "y")], [value("x", FREE, 32)], [value("y", FREE, 32)]),
          Path("m.onnx"))  # fmt: skip
    x = np.ones((200, 32), dtype="float32")
    x[list(numbers)] = -1
    np.savez("inputs.npz", x=x, ids=[f"e{row}" for row in range(200)])
    own = replace(CALIBRATION, machine=replace(MACHINE, processor=processor_name()))
    write_calibration(own, Path("c.json"))
    with pytest.raises(UserError) as error:
        lottery_of("m.onnx", Path("inputs.npz"), None, Path("o"), Settings(), Path("c.json"))
    assert str(error.value) == (
        f"{said}, asked as the reference (onnxruntime); a model that gives no numbers is compared "
        "with nothing, so mend it or leave these examples out"
    )
    assert not Path("o").exists()


@pytest.mark.heavy
@pytest.mark.parametrize("batch", [FREE, 16])
def test_all_engines_take_a_file(batch):
    saved(linear(batch=batch), Path("m.onnx"))
    rows = ran(asked("m.onnx", *ALL))
    assert {name: (row.status, row.note) for name, row in rows.items()} == dict.fromkeys(
        ALL, ("native", "")
    )
    for name in INT8:
        assert rows[name].operators == {"int8": 2, "float32": 0}
        assert rows[name].size == rows["onnxruntime"].size - 3 * (32 * 64 + 64 * 4)
    with np.load("answers.npz") as held:
        for name in ENGINES:
            np.testing.assert_allclose(held[name], held["onnxruntime"], rtol=1e-3, atol=1e-4)
        for name in INT8:
            close = np.corrcoef(held[name].ravel(), held["onnxruntime"].ravel())[0, 1]
            assert close > 0.98, name


@pytest.mark.heavy
def test_the_command_from_a_file_to_a_page():
    saved(linear(), Path("m.onnx"))
    x = np.random.default_rng(0).normal(size=(200, 32)).astype("float32")
    np.savez("inputs.npz", x=x, labels=np.arange(200) % 4)
    own = replace(CALIBRATION, machine=replace(MACHINE, processor=processor_name()))
    write_calibration(own, Path("c.json"))
    command = [
        "lottery", "m.onnx", "--inputs", "inputs.npz", "--by", "class", "--only",
        "onnxruntime-int8-static", "--processes", "2", "--repeats", "2", "--calibration", "c.json",
    ]  # fmt: skip
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    told = json.loads(Path("lottery/lottery.json").read_text())
    assert [row["name"] for row in told["rows"]] == ["onnxruntime", "onnxruntime-int8-static"]
    assert (told["sparsity"], told["channels"]) == (None, None)
    assert told["rows"][1]["predicted"]["flops"] == pytest.approx(4, rel=0.03)
    assert told["rows"][1]["paid"]["of"] == 200
    assert told["rows"][1]["paid"]["worst"]["column"] == "class"
