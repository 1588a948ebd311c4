"""Asking a model in a process that is started with another environment, which libraries read as
they are loaded."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle
from numpy.typing import NDArray

from undertow.ended import how_ended
from undertow.errors import UndertowError, UserError
from undertow.lab.own_code import told
from undertow.lab.runner.places.processes import environment_with, no_main
from undertow.lab.ways.in_torch import NO_TRAINING, InTorch
from undertow.lab.ways.together import Arrays, PadAxis, answers
from undertow.lab.ways.way import Way


def answers_apart(
    model: InTorch, way: Way, arrays: Arrays, pads: tuple[PadAxis, ...]
) -> NDArray[Any]:
    """What ``together.answers`` gives, computed in a process of its own. ``UserError`` where the
    model cannot be sent there, or the process ends."""
    try:
        sent = cloudpickle.dumps((model, way, dict(arrays), pads))
    except Exception as error:
        raise UserError(
            f"{model.name}: cannot be sent to another process ({told(error)}); leave out "
            "--instructions"
        ) from error
    environment = {} if way.instructions is None else way.instructions.environment
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with no_main(), environment_with(environment):
        process = context.Process(target=_answer, args=(theirs, dict(os.environ)), daemon=True)
        process.start()
    theirs.close()
    try:
        ours.send_bytes(sent)
        found = ours.recv()
    except (EOFError, OSError):
        process.join()
        raise UserError(
            f"its process ended {how_ended(process.exitcode)}; leave it out with --without "
            f"{way.name}"
        ) from None
    finally:
        process.join()
        ours.close()
    if isinstance(found, Exception):
        raise found
    answered: NDArray[Any] = found
    return answered


def _answer(connection: Connection, environment: Mapping[str, str]) -> None:
    """The other process's life."""
    os.environ.update(environment)
    try:
        # the parent's words, through a pipe that nobody else holds
        model, way, arrays, pads = pickle.loads(connection.recv_bytes())
        with way.instructions.around(NO_TRAINING), model.asked(way) as ask:
            connection.send(answers(way, arrays, pads, ask))
    except UndertowError as error:
        connection.send(UserError(str(error)))
    except Exception as error:
        connection.send(UserError(f"a process with another environment raises {told(error)}"))
