"""What a lottery writes: a page, a table to paste, and files for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import undertow
from undertow.lab.ways.given_model import is_onnx
from undertow.lottery.figure import speed_and_cost
from undertow.lottery.found import Lottery
from undertow.lottery.said import HEADS, NONE, cells, headline, how, notices, remarks
from undertow.report.html import digest_of, environment, static
from undertow.report.markdown import in_markdown
from undertow.report.serial import plain
from undertow.report.wording import first_sentence, line

FORMAT = "undertow-lottery/1"
JSON, MARKDOWN, PAGE, CALIBRATION = "lottery.json", "lottery.md", "lottery.html", "calibration.json"
FILES = (JSON, MARKDOWN, CALIBRATION, PAGE)
CLASSES = {"variant": "", "status": "", "worst slice": "slice"}
"""Of the table's columns; the others are numbers."""
SLACK = 72
"""Letters of a cell in a terminal."""


def contents_of(lottery: Lottery, calibration: bytes) -> dict[str, bytes]:
    """Each file's bytes, the page last. What is undefined is null in JSON."""
    return {
        JSON: (json.dumps(content(lottery), indent=1) + "\n").encode(),
        MARKDOWN: markdown(lottery).encode(),
        CALIBRATION: calibration,
        PAGE: page(lottery).encode(),
    }


def content(lottery: Lottery) -> dict[str, Any]:
    """``lottery.json``; ``seconds`` is what a gate's ``min_realised_speedup`` reads."""
    return {
        "format": FORMAT,
        "undertow": undertow.__version__,
        "headline": headline(lottery),
        "notices": notices(lottery),
        "seconds": {row.name: list(row.seconds) for row in lottery.rows if row.seconds},
        **plain(asdict(lottery)),
    }


def terminal(lottery: Lottery) -> str:
    """The table, with what must be known before it."""
    rows = [tuple(line(c, SLACK) for c in cells(lottery, row)) for row in lottery.rows]
    heads = ("variant", "status", "size", "ops", "bytes", "roofline", "realised", "of it",
             "/ fastest f32", "differ", "worst slice")  # fmt: skip
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]
    return "\n".join([
        *notices(lottery), headline(lottery), line(how(lottery), 400), "", *table, "",
        *(f"{name}: {line(said, 600)}" for name, said in remarks(lottery)),
    ])  # fmt: skip


def markdown(lottery: Lottery) -> str:
    """A table that can be pasted."""
    rows = [[in_markdown(cell, 120) for cell in cells(lottery, row)] for row in lottery.rows]
    table = [list(HEADS), ["---"] * len(HEADS), *rows]
    return "\n".join([
        "# What speed it buys, and who pays", "", in_markdown(headline(lottery), 600), "",
        in_markdown(how(lottery), 400), "",
        *(f"> {in_markdown(said, 400)}\n" for said in notices(lottery)),
        *(f"| {' | '.join(row)} |" for row in table), "",
        *(f"- **{in_markdown(n)}**: {in_markdown(said, 600)}" for n, said in remarks(lottery)),
        "",
    ])  # fmt: skip


def page(lottery: Lottery) -> str:
    """One file without scripts; everything in it is escaped."""
    styles = static("report.css") + static("lottery.css")
    first, rest = first_sentence(headline(lottery))
    return environment().get_template("lottery.html").render(
        title=first,
        rest=rest,
        about=how(lottery),
        notices=notices(lottery),
        heads=[(head, CLASSES.get(head, "num")) for head in HEADS],
        rows=[(row.name, [(head, said, _class(head, said))
                          for head, said in list(zip(HEADS, cells(lottery, row), strict=True))[1:]])
              for row in lottery.rows],
        remarks=remarks(lottery),
        chart=speed_and_cost(lottery),
        ran=any(row.realised for row in lottery.rows[1:]),
        paid=any(row.paid for row in lottery.rows),
        labels=lottery.labels,
        reference=lottery.reference.name,
        counted="those of the file’s products" if is_onnx(lottery.model) else "torch’s count",
        model=lottery.model,
        version=undertow.__version__,
        css=styles,
        css_hash=digest_of(styles),
    )  # fmt: skip


def _class(head: str, said: str) -> str:
    """Of a cell: on a narrow page those that say nothing are left out."""
    return f"{CLASSES.get(head, 'num')} {'none' if said == NONE else ''}".strip()
