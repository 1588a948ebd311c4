"""Runs a Python file that a person wrote, as a module of its own."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from undertow.errors import UserError
from undertow.lab.own_code import STUDIES


class _FromSource(SourceFileLoader):
    """Never from bytecode, which is told by a file's second and size: a digit that is edited within
    the second of the last run would not be seen."""

    def path_stats(self, path: str) -> NoReturn:
        """None, so that no bytecode is read or written."""
        raise OSError(path)


def run_file(file: Path, name: str) -> ModuleType:
    """Run the file and return it as the module ``name``.

    It is a module only while it runs, which its dataclasses need: workers must not import it, so
    its classes travel.
    """
    loader = _FromSource(name, str(file)) if file.suffix == ".py" else None
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = STUDIES[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return module
