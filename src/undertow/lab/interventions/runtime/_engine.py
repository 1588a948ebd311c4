"""What all engines here need: to be imported late, kept quiet, and shown the images they calibrate
on."""

from __future__ import annotations

import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from typing import Any

import torch

from undertow.errors import UserError, install


def needed(intervention: object, *modules: str) -> list[Any]:
    """The modules, imported now; ``UserError`` naming the first package that is not installed."""
    for package in (name.partition(".")[0] for name in modules):
        if find_spec(package) is None:
            raise UserError(
                f"{intervention!r} needs the package {package}, which is not installed; run "
                f"{install('engines')}"
            )
    return [importlib.import_module(name) for name in modules]


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings, log lines or progress bars meanwhile: they are the engines' own, and nobody here
    can act on them. The root logger's level, which OpenVINO's conversion sets, stays the user's."""
    before, level = logging.root.manager.disable, logging.root.level
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.disable(max(before, logging.WARNING))
        try:
            yield
        finally:
            logging.disable(before)
            logging.root.setLevel(level)


@contextmanager
def loading_quietly() -> Iterator[None]:
    """No warnings of torchao's meanwhile, which it logs as it is loaded: of kernels for other
    machines, and of what torch deprecates in it. A person's code, which may load it, is heard."""
    loggers = [logging.getLogger(name) for name in ("torchao", "torch.utils._pytree")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def calibration(intervention: object, x_NCHW: torch.Tensor, batch: int) -> list[torch.Tensor]:
    """The images in order, ``batch`` at a time. Without any, an engine would make up the ranges of
    activations."""
    if not len(x_NCHW):
        raise UserError(
            f"{intervention!r} was given 0 images to calibrate on: give at least one, "
            "better some hundreds"
        )
    return list(torch.split(x_NCHW.detach().contiguous(), batch))
