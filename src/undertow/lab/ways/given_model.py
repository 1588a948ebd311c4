"""The model that a person names: a function of a Python file or module that returns it, or an ONNX
file."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from undertow.errors import UserError
from undertow.lab.interventions.runtime._engine import loading_quietly
from undertow.lab.own_code import told
from undertow.lab.own_file import run_file
from undertow.records.checkpoints import checkpoint_among

ONNX = ".onnx"
EXAMPLE = "model.py:build, where build() returns the module in eval mode"


def model_named(name: str) -> nn.Module | Path:
    """A module, as ``file.py:function`` or ``package.module:function`` returns it, or the path of
    an ONNX file. The person's code runs here. ``UserError`` for anything else; a checkpoint is not
    opened."""
    refuse_unnamed(name)
    if is_onnx(name):
        return _there(name, Path(name))
    place, _, function = name.rpartition(":")
    with loading_quietly():
        made = _called(name, _module(name, place), function)
    if not isinstance(made, nn.Module):
        raise UserError(
            f"{name}: returned {type(made).__name__}; it must return a torch.nn.Module, ready to "
            "be asked"
        )
    return made


def is_onnx(name: str) -> bool:
    """Whether a model's name is that of an ONNX file."""
    return Path(name).suffix.lower() == ONNX


def refuse_unnamed(name: str) -> None:
    """``UserError`` for a name that can be no model's, before anything is run."""
    _refuse_checkpoint(name)
    if is_onnx(name):
        return
    place, colon, function = name.rpartition(":")
    if is_onnx(place):
        raise UserError(
            f"{name}: an ONNX file has no function that makes it; give the file alone: {place}"
        )
    if not colon or not place or not function.isidentifier():
        raise UserError(f"{name}: names no function; give {EXAMPLE}, or an .onnx file")


def _refuse_checkpoint(name: str) -> None:
    path = Path(name.rpartition(":")[0] or name)
    if path.suffix.lower() != ONNX and checkpoint_among([path]) is not None:
        raise UserError(
            f"{name}: is a checkpoint, and loading one can run what is in it; write a function "
            f"that makes the module and loads its weights, and give {EXAMPLE}"
        )


def _there(name: str, path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{name}: there is no file {path}; give {EXAMPLE}, or an .onnx file")
    return path


def _module(name: str, place: str) -> ModuleType:
    if place.endswith(".py"):
        path = _there(name, Path(place))
        folder = str(path.resolve().parent)
        if folder not in sys.path:  # as for a script: modules beside it can be imported
            sys.path.insert(0, folder)
        try:
            return run_file(path, f"undertow_model_{path.stem}")
        except (Exception, SystemExit) as error:
            raise UserError(f"{name}: {path} cannot be run: {told(error)}") from error
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:
        raise UserError(f"{name}: {place} cannot be imported: {told(error)}") from error


def _called(name: str, module: ModuleType, function: str) -> Any:
    made = getattr(module, function, None)
    if made is None:
        own = [
            key
            for key, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        has = f"it has {', '.join(own)}" if own else "it has none"
        raise UserError(f"{name}: there is no function {function} in it; {has}")
    if not callable(made):
        raise UserError(
            f"{name}: {function} is {type(made).__name__} and no function; give {EXAMPLE}"
        )
    try:
        return made()
    except (Exception, SystemExit) as error:
        raise UserError(f"{name}: {function}() raises {told(error)}") from error
