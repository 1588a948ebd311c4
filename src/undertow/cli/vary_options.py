"""The options of ``vary``: which ways a model is asked in, and what an answer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from undertow.errors import UserError

if TYPE_CHECKING:
    from undertow.lab.ways.chosen import AskedFor
    from undertow.lab.ways.together import PadAxis


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Which ways are tried."""

    batch: Annotated[
        int | None,
        typer.Option(help="Batch of the reference; by default all examples, up to 1024."),
    ] = None
    batch_sizes: Annotated[str, typer.Option(help="Other sizes to try, with commas between.")] = (
        "1,7,32"
    )
    threads: Annotated[
        str | None,
        typer.Option(
            help="Numbers of threads to try, with commas between. \\[default: 1, 2 and all cores]"
        ),
    ] = None
    pad_axis: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME:AXIS[:VALUE], an input and the axis on which it may be longer, filled with "
            "VALUE (0). Repeat it for inputs that grow together."
        ),
    ] = None
    pad_side: Annotated[str, typer.Option(help="Where padding goes: right or left.")] = "right"
    compile: Annotated[
        bool, typer.Option("--compile", help="Try torch.compile too, which takes a while.")
    ] = False
    engines: Annotated[
        str, typer.Option(help="Try these too: onnxruntime, openvino, with commas between.")
    ] = ""
    instructions: Annotated[
        str,
        typer.Option(
            help="Try instructions of older processors, in processes of their own: sse, avx2."
        ),
    ] = ""
    without: Annotated[
        str,
        typer.Option(
            help="Ways, or families of them, to leave out, with commas between: bfloat16, threads."
        ),
    ] = ""

    def asked(self) -> AskedFor:
        """The same as the lab takes it."""
        from undertow.lab.ways.chosen import AskedFor

        if self.pad_side != "right" and not self.pad_axis:
            raise UserError(
                f"--pad-side {self.pad_side}: nothing is padded without --pad-axis; give, for "
                "example, --pad-axis input_ids:1:0"
            )
        return AskedFor(
            batch=self.batch,
            sizes=_numbers("--batch-sizes", self.batch_sizes),
            threads=None if self.threads is None else _numbers("--threads", self.threads),
            pads=tuple(_pad(each, self.pad_side) for each in self.pad_axis or ()),
            compiled=self.compile,
            engines=_words(self.engines),
            instructions=_words(self.instructions),
            without=_words(self.without),
        )


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What of the model's outputs is the answer."""

    output: Annotated[
        str | None,
        typer.Option(help="Which output has the logits, by key or place, where there are several."),
    ] = None
    classes: Annotated[
        str | None,
        typer.Option(help="Names of the classes in the order of outputs, with commas between."),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(help="Of a model of one output: above it is the second class. \\[default: 0]"),
    ] = None
    regression: Annotated[
        bool,
        typer.Option("--regression", help="Outputs are numbers: tell the largest difference only."),
    ] = False

    def named(self) -> dict[str, Any]:
        """Arguments of ``vary_examples``."""
        return {
            "output": self.output,
            "classes": None if self.classes is None else _words(self.classes),
            "threshold": self.threshold,
            "numbers": self.regression,
        }


def _words(given: str) -> list[str]:
    return [word.strip() for word in given.split(",") if word.strip()]


def _numbers(flag: str, given: str) -> list[int]:
    try:
        return [int(word) for word in _words(given)]
    except ValueError:
        raise UserError(f"{flag} {given}: holds what is no whole number; give {flag} 1,2") from None


def _pad(given: str, side: str) -> PadAxis:
    """``input_ids:1:0``."""
    from undertow.lab.ways.together import PadAxis

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
