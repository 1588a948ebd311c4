"""``vary``: whether a model's answers depend on how it is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undertow.cli.program import app
from undertow.cli.typed import typed
from undertow.cli.usage import epilog
from undertow.errors import UserError

if TYPE_CHECKING:
    from undertow.lab.ways.batches import PadAxis


@app.command(epilog=epilog("vary"))
def vary(
    model: Annotated[
        str,
        typer.Argument(
            help="FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION that returns a torch module in eval "
            "mode (its code is run), or an .onnx file."
        ),
    ],
    *,
    inputs: Annotated[
        Path,
        typer.Option(
            help="The model's inputs as npy or npz, examples along the first axis; several arrays "
            "are given by their names. ids and labels in it belong to the examples."
        ),
    ],
    table: Annotated[
        Path | None,
        typer.Option(
            help="A table with example_id, label and columns to slice by; in the order of the "
            "inputs, unless these have ids."
        ),
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Slice by class or by a column of the table.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder to write to. [default: varied]")
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Batch of the reference; by default all examples, up to 1024."),
    ] = None,
    batch_sizes: Annotated[
        str, typer.Option(help="Other sizes to try, with commas between.")
    ] = "1,7,32",
    threads: Annotated[
        str | None,
        typer.Option(
            help="Numbers of threads to try, with commas between. [default: 1, 2 and all cores]"
        ),
    ] = None,
    pad_axis: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME:AXIS[:VALUE], an input and the axis on which it may be longer, filled with "
            "VALUE (0). Repeat it for inputs that grow together."
        ),
    ] = None,
    pad_side: Annotated[str, typer.Option(help="Where padding goes: right or left.")] = "right",
    compile: Annotated[
        bool, typer.Option("--compile", help="Try torch.compile too, which takes minutes.")
    ] = False,
    engines: Annotated[
        str, typer.Option(help="Try these too: onnxruntime, openvino, with commas between.")
    ] = "",
    instructions: Annotated[
        str,
        typer.Option(
            help="Try instructions of older processors, in processes of their own: sse, avx2."
        ),
    ] = "",
    output: Annotated[
        str | None,
        typer.Option(help="Which output has the logits, by key or place, where there are several."),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="Names of the classes in the order of outputs, with commas between."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Of a model of one output: above it is the second class. [default: 0]"),
    ] = None,
    regression: Annotated[
        bool,
        typer.Option("--regression", help="Outputs are numbers: tell the largest difference only."),
    ] = False,
    max_flips: Annotated[
        int | None,
        typer.Option(help="Exit with 1 where more answers than this change in one way."),
    ] = None,
) -> None:
    """Ask your own model in other batches, paddings, threads, number formats and engines, and show
    whose answers change. Runs the code that MODEL names."""
    from undertow.cli.places import report_folder
    from undertow.lab.ways.chosen import AskedFor
    from undertow.varying.examples import read_examples
    from undertow.varying.said import told
    from undertow.varying.vary import vary_examples

    asked = AskedFor(
        batch=batch,
        sizes=_numbers("--batch-sizes", batch_sizes),
        threads=None if threads is None else _numbers("--threads", threads),
        pads=tuple(_pad(each, pad_side) for each in pad_axis or ()),
        compiled=compile,
        engines=_words(engines),
        instructions=_words(instructions),
    )
    examples = read_examples(inputs, table)
    with report_folder(out, usual="varied", files=(), force=False) as folder:
        found = vary_examples(
            model, examples, out=folder, by=by or (), asked=asked, output=output,
            numbers=regression, threshold=threshold,
            classes=None if classes is None else _words(classes),
            tell=_told, command=typed(),
        )  # fmt: skip
    typer.echo(told(found, files_of(found.audit is not None)))
    if max_flips is not None and found.flips > max_flips:
        typer.echo(
            f"FAIL: {found.flips:,} answers change in one way, and --max-flips allows {max_flips:,}"
        )
        raise typer.Exit(1)


def files_of(audited: bool) -> list[str]:
    """What a person may open."""
    return [*(["report.html (whom it hits)"] if audited else []), "vary.json"]


def _told(name: str) -> None:
    typer.echo(f"asking: {name}" if name != "audit" else "auditing", err=True)


def _words(given: str) -> list[str]:
    return [word.strip() for word in given.split(",") if word.strip()]


def _numbers(flag: str, given: str) -> list[int]:
    try:
        return [int(word) for word in _words(given)]
    except ValueError:
        raise UserError(
            f"{flag} {given}: holds what is no whole number; give {flag} 1,2"
        ) from None


def _pad(given: str, side: str) -> PadAxis:
    """``input_ids:1:0``."""
    from undertow.lab.ways.batches import PadAxis

    name, *rest = given.split(":")
    try:
        axis, value = int(rest[0]), float(rest[1]) if len(rest) > 1 else 0.0
    except (IndexError, ValueError):
        name = ""
    if not name or len(rest) > 2:
        raise UserError(
            f"--pad-axis {given}: is not NAME:AXIS or NAME:AXIS:VALUE; give, for example, "
            "--pad-axis input_ids:1:0"
        )
    if side == "right":
        return PadAxis(name, axis, value, "right")
    if side == "left":
        return PadAxis(name, axis, value, "left")
    raise UserError(f"--pad-side {side}: is right or left")
