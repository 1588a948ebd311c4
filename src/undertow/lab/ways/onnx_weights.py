"""An ONNX file without its weights, and the files beside it that hold them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from undertow.errors import UserError

LARGEST = 2**31 - 1
"""Bytes that one ONNX file may have."""
INSTEAD = "give the torch module as model.py:build"


def read(onnx: Any, name: str, path: Path) -> Any:
    """An ``onnx.ModelProto`` whose outer weights are not loaded. ``UserError`` for other bytes."""
    if path.stat().st_size > LARGEST:
        raise too_large(name, path.stat().st_size)
    try:
        model = onnx.load(path, format="protobuf", load_external_data=False)
    except Exception as error:  # whatever the decoder raises for other bytes
        raise _no_onnx(name) from error
    if not model.graph.node:
        raise _no_onnx(name)
    return model


def _no_onnx(name: str) -> UserError:
    return UserError(
        f"{name}: is no ONNX file, or a part of one; write it again with torch.onnx.export, or "
        f"{INSTEAD}"
    )


def too_large(name: str, size: int) -> UserError:
    return UserError(
        f"{name}: has {size / 1e9:.1f} GB with its weights, and ONNX files of more than 2 GB are "
        f"not taken; {INSTEAD}"
    )


def weights_beside(onnx: Any, name: str, model: Any, path: Path) -> dict[str, Path]:
    """Files that hold weights, by what the model calls them. ``UserError`` for one that is missing
    or lies outside of the model's folder: an engine might read a stranger's file."""
    helper = onnx.external_data_helper
    places = dict.fromkeys(
        str(helper.ExternalDataInfo(tensor).location)
        for tensor in _tensors(model)
        if helper.uses_external_data(tensor)
    )
    return {place: _beside(name, path, place) for place in places}


def _tensors(held: Any) -> Iterator[Any]:
    """All in a model, wherever: of the graphs in loops and branches, and of functions too."""
    if held.DESCRIPTOR.name == "TensorProto":
        yield held
        return
    for field, value in held.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in (value,) if hasattr(value, "ListFields") else value:
                yield from _tensors(each)


def _beside(name: str, path: Path, place: str) -> Path:
    try:
        found = (path.parent / place).resolve()
        if found.is_relative_to(path.parent.resolve()) and found.is_file():
            return found
    except (OSError, ValueError):  # a name that no file can have
        pass
    raise UserError(
        f"{name}: keeps weights in {place!r}, and there is no such file beside it; put it "
        "there, or export the network again with external_data=False"
    )
