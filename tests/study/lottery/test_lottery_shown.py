"""Tables and panels of speed won and who pays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from planted_engines import INT8, Planted, choices
from undertow.study.lottery import engines as by
from undertow.study.lottery import shown

ENGINES = ["torch eager", "ONNX Runtime"]


def test_each_choice_that_ran_has_a_row_with_its_promise_and_who_pays():
    table = shown.paying_table(choices(), ENGINES)
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    assert list(rows) == [
        ("torch eager", "dense"), ("torch eager", "narrow 10 %"), ("torch eager", "pruned to 10 %"),
        ("torch eager", "pruned to 10 %, CSR"), ("torch eager", "pruned to 10 %, CSR as linear"),
        ("torch eager", "int8"), ("ONNX Runtime", "dense"),
    ]  # fmt: skip
    assert rows["torch eager", "int8"] == [
        "4.00 × [4.00, 4.00]", "8.00 ×", "4.00 ×", "100 %", "1 of 8",
        "Shirt 0.0 [−3.0, +3.0], too small to tell", "12 (3 to 9)", "yes",
    ]  # fmt: skip
    assert rows["torch eager", "dense"][3:] == ["–", "1 of 8", "–", "–", ""]
    assert rows["torch eager", "pruned to 10 %, CSR"][3] == "−6 %"
    assert "3 processes with 5 readings each" in table.note
    assert "one thread of a processor; seconds the wall's" in table.note
    assert "97.0 % of the wall's seconds" in table.note
    assert table.note.endswith(
        " *Not as promised*: narrow 10 %, in ONNX Runtime: error (no kernel)."
    )


def test_where_all_run_as_promised_nothing_is_said_of_it():
    @dataclass
    class Runs(Planted):
        def measurement(self, name: str) -> dict[str, Any]:
            found = super().measurement(name)
            return found | {"cells": [cell | {"status": "native"} for cell in found["cells"]]}

    assert "promised*" not in shown.paying_table(choices(Runs()), ENGINES).note


def test_equal_multiplications_are_compared_in_both():
    table = shown.equal_table(choices(), ("pruned", "narrow"), ["torch eager"])
    (row,) = table.rows
    assert row[0] == "10 %"
    assert row[1].startswith("79.0 ± ")
    assert row[3].startswith("+9.0 [")
    assert row[4].startswith("7.90 × [")


def test_a_front_panel_joins_what_nothing_beats():
    panel = shown.front_panel(choices(), "torch eager")
    *dots, front = panel.lines
    assert [line.label for line in dots] == [
        "dense", "narrow", "pruned", "sparse format", "sparse format, torch's linear", "int8",
    ]  # fmt: skip
    assert {line.stroke for line in dots} == {"none"}
    assert (front.stroke, list(front.y)) == ("dashed", [-10.0, 0.0])
    assert front.x[1] == 4.0
    (named,) = (line.names for line in dots if line.label == "narrow")
    assert named == ["10 %"]


def test_the_promise_stands_beside_what_came():
    lines = [("narrow", "torch eager"), ("pruned", "torch eager"), ("sparse format", "torch eager")]
    promised, *others = shown.promise_panel(choices(), lines).lines
    assert (list(promised.x), list(promised.y)) == ([100.0, 10.0], [1.0, 10.0])
    assert [line.label for line in others] == [
        "narrow, torch eager", "pruned, torch eager", "sparse format, torch eager",
    ]  # fmt: skip
    assert list(others[1].y) == [1.0]
    better = shown.better_panel(choices(), ("narrow", "pruned"), "torch eager")
    assert [round(line.y[0], 6) for line in better.lines] == [70.0, 79.0, 80.0]


def test_a_kind_has_one_colour_in_all_panels():
    found = choices()
    lines = [("narrow", "torch eager"), ("pruned", "torch eager"), ("sparse format", "torch eager")]
    panels = [
        shown.promise_panel(found, lines),
        shown.better_panel(found, ("pruned", "narrow"), "torch eager"),
        shown.front_panel(found, "torch eager"),
        shown.front_panel(found, "ONNX Runtime"),
    ]
    colours: dict[str, set[int]] = {}
    for line in (line for panel in panels for line in panel.lines):
        colours.setdefault(line.label.removesuffix(", torch eager"), set()).add(line.pair)
    assert colours == {
        "promised": {5}, "dense": {5}, "": {5}, "narrow": {0}, "pruned": {1}, "sparse format": {2},
        "sparse format, torch's linear": {3}, "int8": {4},
    }  # fmt: skip


def test_int8_is_named_by_its_kernels_where_it_multiplies():
    found = choices()
    every = [*found.every, *(replace(INT8, name=n) for n in ("int8, torch", by.STORED))]
    panel = shown.front_panel(replace(found, every=every), "torch eager")
    (named,) = (line.names for line in panel.lines if line.label == "int8")
    assert named == ["int8", "torch", ""]
