"""``undertow lottery``: from a model and its inputs to tables and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.errors import UserError
from undertow.lab.lottery.offered import CHANNELS, SPARSITY
from undertow.lab.lottery.onnx_file import opened, refuse_batch
from undertow.lab.lottery.worker import Request
from undertow.lab.measurements.calibration import (
    Calibration,
    calibrate,
    processor_name,
    read_calibration,
    write_calibration,
)
from undertow.lab.runner.threads import one_thread
from undertow.lab.ways.given_model import is_onnx, refuse_unnamed
from undertow.lottery.found import Lottery, Row
from undertow.lottery.measure import clock_of, rows_of, run_processes
from undertow.lottery.paying import labels_of, paid_by
from undertow.lottery.settings import Settings
from undertow.lottery.written import CALIBRATION, FILES, contents_of, terminal
from undertow.no_numbers import flat, no_numbers, refuse_no_numbers
from undertow.report.publish import publish
from undertow.report.write import refuse_taken, refuse_unwritable, unwritable
from undertow.undecoded import escaped, shell_word
from undertow.varying.examples import Examples, read_examples, refuse_columns


def lottery_of(
    model: str,
    inputs: Path,
    table: Path | None,
    out: Path,
    settings: Settings,
    calibration: Path | None = None,
    tell: Callable[[str], None] = lambda said: None,
    replace_old: bool = True,
) -> str:
    """What a terminal shows; writes ``FILES`` of ``written`` into ``out``, over those of an earlier
    run only with ``replace_old``. The person's code is run in processes of its own. ``UserError``
    for a model, inputs or a calibration that cannot be used, or where nothing can be written."""
    refuse_unnamed(model)
    names = settings.names_for(model)
    refuse_unwritable(out)
    examples = read_examples(inputs, table)
    x_N = _only_array(examples, inputs, model)
    refuse_columns(settings.by, examples)
    if settings.classes:
        labels_of(examples.table, settings.classes)
    file = opened(model) if is_onnx(model) else None
    batch = settings.batch_of(len(x_N), None if file is None else file.batch)
    if file is not None:
        refuse_batch(file, batch, len(x_N))
    device = _calibrated(calibration, tell)
    found, answers = _measured(
        model, names, examples, x_N, device, replace(settings, batch=batch), tell
    )
    if len(answers) > 1:
        found = _with_paid(found, examples, answers, settings)
    with TemporaryDirectory(prefix="undertow-lottery-") as folder:
        write_calibration(device, Path(folder) / CALIBRATION)
        written = contents_of(found, (Path(folder) / CALIBRATION).read_bytes())
    refuse = None if replace_old else partial(refuse_taken, out, FILES)
    try:
        publish(written, out, {}, refuse=refuse)
    except OSError as problem:
        raise unwritable(out, problem) from problem
    return f"{terminal(found)}\n\nwritten to {escaped(str(out))}: open lottery.html in a browser"


def _only_array(examples: Examples, inputs: Path, model: str) -> NDArray[Any]:
    typed = f"undertow vary {shell_word(model)} --inputs {shell_word(str(inputs))}"
    alone = f"compare the model's answers alone with {typed}"
    if len(examples.arrays) != 1:
        raise UserError(
            f"--inputs {inputs}: holds {', '.join(examples.arrays)}; the engines here take one "
            f"array of inputs, so {alone}"
        )
    (array,) = examples.arrays.values()
    if array.dtype.kind != "f":
        raise UserError(
            f"--inputs {inputs}: holds {array.dtype}; the engines here take floating-point inputs, "
            f"so save them as x.astype('float32'), or {alone}"
        )
    return np.ascontiguousarray(array, dtype=np.float32)


def _calibrated(given: Path | None, tell: Callable[[str], None]) -> Calibration:
    if given is not None:
        return of_this_machine(given, read_calibration(given))
    tell("calibrates the device")
    with one_thread():
        return calibrate()


def of_this_machine(path: Path, found: Calibration) -> Calibration:
    """``UserError`` for one that was measured on another processor."""
    if (theirs := found.machine.processor) != (ours := processor_name()):
        raise UserError(
            f"--calibration {path}: was measured on {escaped(theirs)!r}, and this machine has "
            f"{ours!r}; leave --calibration out to measure anew"
        )
    return found


def _measured(
    model: str,
    names: tuple[str, ...],
    examples: Examples,
    x_N: NDArray[Any],
    device: Calibration,
    settings: Settings,
    tell: Callable[[str], None],
) -> tuple[Lottery, dict[str, NDArray[Any]]]:
    batch = settings.batch_of(len(x_N))
    with TemporaryDirectory(prefix="undertow-lottery-") as name:
        folder = Path(name)
        np.save(folder / "inputs.npy", x_N)
        request = Request(
            model=model, inputs=str(folder / "inputs.npy"), names=names,
            batch=batch, repeats=settings.repeats,
            sparsity=settings.sparsity or SPARSITY, channels_kept=settings.channels or CHANNELS,
            answers=str(folder / "answers.npz"),
        )  # fmt: skip
        runs, answers = run_processes(
            request, settings.processes, folder, tell,
            check=lambda given: _refuse_unusable(model, examples, given, settings),
        )  # fmt: skip
    clock, worked = clock_of(runs)
    rows = rows_of(request, runs, device, clock, settings.level)
    found = Lottery(
        model=model, examples=len(x_N), batch=batch, processes=settings.processes,
        repeats=settings.repeats,
        sparsity=None if is_onnx(model) else request.sparsity,
        channels=None if is_onnx(model) else request.channels_kept,
        level=settings.level, clock=clock, worked=worked, labels=False, by=settings.by,
        machine=asdict(device.machine), rows=tuple(rows),
        changed=tuple(runs[0][rows[0].name]["changed"]),
    )  # fmt: skip
    return found, answers


def _with_paid(
    found: Lottery, examples: Examples, answers: dict[str, NDArray[Any]], settings: Settings
) -> Lottery:
    """Whose answers became others; outputs that are no rows of classes have none."""
    rows = [_with_no_numbers(row, answers.get(row.name), examples.ids) for row in found.rows]
    found = replace(found, rows=tuple(rows))
    classes = _classes(settings.classes, answers)
    if not classes:
        return replace(found, uncompared=_uncompared(answers))
    paid = paid_by(examples.table, answers, classes, settings.by, settings.level)
    labels = any(one.lost is not None for one in paid.values())
    rows = [replace(row, paid=paid.get(row.name)) for row in found.rows]
    return replace(found, labels=labels, rows=tuple(rows))


def _with_no_numbers(row: Row, answer: NDArray[Any] | None, ids: Sequence[str]) -> Row:
    """How many answers of a variant nothing can be decided by."""
    if answer is None or not (bad_N := no_numbers(flat(answer))).any():
        return row
    return replace(row, no_numbers=int(bad_N.sum()), no_number_at=ids[int(bad_N.argmax())])


def _uncompared(answers: Mapping[str, NDArray[Any]]) -> str:
    """Why nobody's answers are set beside the reference's."""
    shape = next(iter(answers.values())).shape[1:]
    each = "one number" if shape in ((), (1,)) else f"an output of shape {shape}"
    return (
        f"the model gives {each} for each example, and answers are compared where it gives a row "
        "of two or more, the largest of which is the answer"
    )


def _refuse_unusable(
    model: str, examples: Examples, answers: Mapping[str, NDArray[Any]], settings: Settings
) -> None:
    """``UserError`` for outputs that are no numbers, and for names or labels that do not fit them,
    before the other processes."""
    reference, answer = next(iter(answers.items()))
    refuse_no_numbers(model, examples.ids, flat(answer), f"asked as the reference ({reference})")
    classes = _classes(settings.classes, answers)
    if classes:
        labels_of(examples.table, classes)


def _classes(given: tuple[str, ...], answers: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    """Names of the outputs; none where outputs are no rows of classes."""
    first = next(iter(answers.values()))
    if first.ndim != 2 or first.shape[1] < 2:
        return ()
    count = first.shape[1]
    if given and len(given) != count:
        raise UserError(
            f"--classes {','.join(given)}: names {len(given)} classes, and the model has {count} "
            "outputs; name each"
        )
    return given or tuple(map(str, range(count)))
