"""ONNX files that a lottery takes, and those that it refuses: bytes of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from onnx_graphs import FREE, linear, node, saved, value, weights
from undertow.errors import UserError
from undertow.lab.lottery.onnx_file import OnnxFile, opened, refuse_batch
from undertow.lab.ways.onnx_weights import LARGEST

INSTEAD = "give the torch module as model.py:build"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(name: str = "m.onnx") -> str:
    with pytest.raises(UserError) as error:
        opened(name)
    return str(error.value)


def test_a_file_is_its_input_its_weights_and_its_batch():
    saved(linear(), Path("m.onnx"))
    file = opened("m.onnx")
    assert (file.name, file.input, file.batch) == ("m.onnx", "x", None)
    assert file.size == 4 * (32 * 64 + 64 + 64 * 4)
    saved(linear(batch=8), Path("m.onnx"))
    assert opened("m.onnx").batch == 8


def test_weights_in_nodes_are_weights_too():
    constant = node("Constant", "", "a", value=weights("a", 32, 64))
    held = [weights("bias", 64), weights("b", 64, 4)]
    nodes = [constant, *linear().graph.node]
    saved(linear(nodes=nodes, held=held), Path("m.onnx"))
    assert opened("m.onnx").size == 4 * (32 * 64 + 64 + 64 * 4)


def test_weights_of_other_number_types_take_their_own_bytes():
    held = [weights("a", 32, 64), weights("bias", 64), weights("b", 64, 4),
            weights("places", 7, dtype="int64"), weights("flags", 5, dtype="bool"),
            weights("one", dtype="float64")]  # fmt: skip
    saved(linear(held=held), Path("m.onnx"))
    assert opened("m.onnx").size == 4 * (32 * 64 + 64 + 64 * 4) + 8 * 7 + 5 + 8
    halves = linear(held=[weights("a", 32, 64, dtype="float16")])
    assert OnnxFile("m.onnx", halves, "x", None).size == 2 * 32 * 64
    few = helper.make_tensor("few", TensorProto.BFLOAT16, [3], [1.0, 2.0, 3.0])
    assert OnnxFile("m.onnx", linear(held=[few]), "x", None).size == 2 * 3


def test_a_weight_that_is_listed_as_an_input_is_none():
    saved(linear(inputs=[value("x", FREE, 32), value("a", 32, 64)]), Path("m.onnx"))
    assert opened("m.onnx").input == "x"


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x08\x09", bytes(500)])
def test_what_is_no_onnx_file_is_refused(content: bytes):
    Path("m.onnx").write_bytes(content)
    assert refused() == (
        "m.onnx: is no ONNX file, or a part of one; write it again with torch.onnx.export, or "
        f"{INSTEAD}"
    )


def test_a_part_of_a_file_is_refused_however_it_was_cut():
    whole = linear().SerializeToString()
    for end in range(0, len(whole) - 1, 501):
        Path("m.onnx").write_bytes(whole[:end])
        assert refused().startswith("m.onnx: is no ONNX file, or a part of one; ")


def test_a_newer_opset_is_refused():
    saved(linear(opset=99), Path("m.onnx"))
    known = onnx.defs.onnx_opset_version()
    assert refused() == (
        f"m.onnx: is of opset 99, and the onnx {onnx.__version__} that is installed knows opsets "
        f"up to {known}; export it with opset_version={known}, or run pip install --upgrade onnx "
        "onnxruntime"
    )


def test_a_file_of_one_batch_size_takes_that_alone():
    saved(linear(batch=8), Path("m.onnx"))
    file = opened("m.onnx")
    refuse_batch(file, 8, 100)
    with pytest.raises(UserError) as error:
        refuse_batch(file, 64, 100)
    assert str(error.value) == (
        "m.onnx: was exported for batches of 8, and batches of 64 are asked for; give --batch 8, "
        "or export it with a free first axis"
    )
    with pytest.raises(UserError) as error:
        refuse_batch(file, 5, 5)
    assert str(error.value) == (
        "m.onnx: was exported for batches of 8, and batches of 5 are asked for; there are 5 "
        "examples, so give at least 8, or export it with a free first axis"
    )


def test_several_inputs_are_refused():
    saved(linear(inputs=[value("x", FREE, 32), value("mask", FREE)]), Path("m.onnx"))
    assert refused() == (
        "m.onnx: takes 2 inputs (x, mask), and a lottery times networks of one; export a network "
        "of one input, or compare its answers alone with undertow vary m.onnx --inputs inputs.npz"
    )


def test_other_inputs_than_float32_are_refused():
    saved(linear(inputs=[value("x", FREE, 32, kind=TensorProto.INT64)]), Path("m.onnx"))
    assert refused() == (
        "m.onnx: its input 'x' is of INT64, and a lottery times networks of float32; export it for "
        "float32 inputs, or compare its answers alone with undertow vary m.onnx --inputs inputs.npz"
    )


def test_several_outputs_are_refused_with_the_line_that_keeps_one():
    saved(linear(outputs=[value("h", FREE, 64), value("logits", FREE, 4)]), Path("m.onnx"))
    said = refused()
    assert said == (
        "m.onnx: gives 2 outputs (h, logits), and a lottery compares one; keep the one of the "
        'logits, with all that is needed for it, by python -c "import onnx.utils; '
        "onnx.utils.extract_model('m.onnx', 'one.onnx', ['x'], ['logits'])\""
    )
    exec(said.partition('python -c "')[2].removesuffix('"'))
    assert opened("one.onnx").input == "x"


def test_outputs_that_are_no_tensors_are_refused():
    whole = linear()
    kind = helper.make_tensor_type_proto(TensorProto.FLOAT, [1])
    whole.graph.output[0].type.CopyFrom(helper.make_sequence_type_proto(kind))
    saved(whole, Path("m.onnx"))
    assert refused() == (
        "m.onnx: its output 'logits' is no tensor; export it with plain outputs, as skl2onnx does "
        "with options={'zipmap': False}"
    )


@pytest.mark.parametrize(
    ("changed", "has"),
    [
        (
            {"nodes": [node("DynamicQuantizeLinear", "x", "q s z")]},
            "DynamicQuantizeLinear",
        ),
        ({"nodes": [node("DequantizeLinear", "a s", "h")]}, "DequantizeLinear"),
        ({"nodes": [node("MatMulNBits", "x a", "h", domain="com.x")]}, "MatMulNBits"),
        (
            {"held": [weights("a", 32, 64, dtype="float16")]},
            "weights of FLOAT16",
        ),
        (
            {"nodes": [node("Constant", "", "a", value=weights("a", 32, 64, dtype="float16"))]},
            "weights of FLOAT16",
        ),
        ({"nodes": [node("Cast", "x", "h", to=TensorProto.FLOAT16)]}, "a cast to FLOAT16"),
    ],
)
def test_what_is_no_float32_network_any_more_is_refused(changed: dict[str, Any], has: str):
    saved(linear(**changed), Path("m.onnx"))
    assert refused() == (
        f"m.onnx: has {has}, so it is no float32 network any more; give the float32 file that it "
        "was made from"
    )


def _outside(place: str) -> None:
    whole = linear()
    for tensor in whole.graph.initializer:
        onnx.external_data_helper.set_external_data(tensor, place, offset=0, length=4)
        tensor.ClearField("raw_data")
    Path("m.onnx").write_bytes(whole.SerializeToString())


def test_weights_that_are_missing_or_elsewhere_are_refused(tmp_path: Path):
    Path("in").mkdir()
    Path("secret").write_bytes(bytes(10_000))
    Path("in/link").symlink_to(tmp_path / "secret")
    for place in ("gone.data", "../secret", str(tmp_path / "secret"), "link", "x\0y", "."):
        _outside(place)
        Path("m.onnx").rename("in/m.onnx")
        assert refused("in/m.onnx") == (
            f"in/m.onnx: keeps weights in {place!r}, and there is no such file beside it; put it "
            "there, or export the network again with external_data=False"
        )


def test_weights_of_branches_and_functions_are_looked_for_beside_it_too():
    def away(name: str) -> Any:
        tensor = weights(name, 1)
        onnx.external_data_helper.set_external_data(tensor, f"{name}.data", offset=0, length=4)
        tensor.ClearField("raw_data")
        return tensor

    def branch(name: str) -> Any:
        return helper.make_graph([node("Identity", name, "o")], name, [], [value("o")],
                                 [away(name)])  # fmt: skip

    either = node("If", "c", "y", then_branch=branch("then"), else_branch=branch("other"))
    for held, gone in ((["then.data"], "other.data"), (["other.data"], "then.data")):
        for name in ("then.data", "other.data"):
            Path(name).unlink(missing_ok=True)
        for name in held:
            Path(name).write_bytes(bytes(4))
        saved_raw(linear(nodes=[either]))
        assert refused().startswith(f"m.onnx: keeps weights in {gone!r}, ")
    whole = linear()
    constant = node("Constant", "", "y", value=away("inner"))
    whole.functions.append(helper.make_function(
        "com.x", "F", [], ["y"], [constant], [helper.make_opsetid("", 17)]
    ))  # fmt: skip
    saved_raw(whole)
    assert refused().startswith("m.onnx: keeps weights in 'inner.data', ")


def saved_raw(whole: Any) -> None:
    Path("m.onnx").write_bytes(whole.SerializeToString())


def test_weights_beside_it_are_read():
    onnx.save(linear(), "m.onnx", save_as_external_data=True, location="w.data", size_threshold=0)
    file = opened("m.onnx")
    assert file.size == 4 * (32 * 64 + 64 + 64 * 4)
    again = onnx.load_from_string(file.model.SerializeToString())
    assert again.graph.initializer[0].raw_data == linear().graph.initializer[0].raw_data
    Path("w.data").write_bytes(b"short")
    said = refused()
    assert said.startswith("m.onnx: its weights cannot be read from 'w.data': ")
    assert said.endswith("; export the network again with external_data=False")


def test_a_file_that_protobuf_cannot_hold_is_refused_before_it_is_read():
    with Path("m.onnx").open("wb") as large:
        large.truncate(LARGEST + 1)  # sparse: it takes no room
    assert refused() == (
        "m.onnx: has 2.1 GB with its weights, and ONNX files of more than 2 GB are not taken; "
        f"{INSTEAD}"
    )
    Path("w.data").write_bytes(b"")
    _outside("w.data")
    with Path("w.data").open("wb") as large:
        large.truncate(LARGEST)
    assert refused().startswith("m.onnx: has 2.1 GB with its weights, and ")


def test_names_of_types_and_sizes_are_numbers_of_others():
    whole = linear()
    whole.graph.input[0].type.tensor_type.elem_type = 999
    Path("m.onnx").write_bytes(whole.SerializeToString())
    assert "its input 'x' is of type 999, " in refused()
