"""Commands for many columns: a pattern stands for them where it takes them alone, in their order."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.errors import LONGEST, LONGEST_COMMANDS, TableError, UserError, harmless
from undertow.records import read_any
from undertow.records.formats.columns.cells import refuse_two_scales
from undertow.records.formats.columns.commands.fractions import of_shares
from undertow.records.formats.columns.commands.given import commands_in
from undertow.records.formats.columns.commands.python_typed import all_typed
from undertow.records.reading import Reading

NINE = [*"abcdefghi"]


def typed(columns: list[str], table: list[str]) -> str:
    return all_typed(columns, pl.DataFrame({name: [0.5] for name in table}), table)


@pytest.mark.parametrize("begins", ["p_", "prob_", "prob/", "/prob.", "Anteil "])
def test_what_alone_begins_so_is_a_pattern(begins: str):
    columns = [f"{begins}{name}" for name in NINE]
    pattern = json.dumps(f"^{re.escape(begins)}.+$")
    assert typed(columns, ["id", *columns]) == f"pl.col({pattern}).cast(float)"
    assert pl.DataFrame({c: [1] for c in columns}).select(pl.col(json.loads(pattern))).width == 9


@pytest.mark.parametrize(
    "table",
    [
        ["id", *(f"prob_{name}" for name in NINE), "prob_max"],
        ["id", *(f"prob_{name}" for name in reversed(NINE))],
    ],
)
def test_a_pattern_takes_no_other_column_and_no_other_order(table: list[str]):
    columns = [f"prob_{name}" for name in NINE]
    every = ", ".join(f'"{name}"' for name in columns)
    assert typed(columns, table) == f"pl.col({every}).cast(float)"


def test_names_that_begin_like_paths_are_names():
    """Of which one begins with the root and the others do not."""
    columns = ["/a", *NINE]
    every = ", ".join(f'"{name}"' for name in columns)
    assert typed(columns, columns) == f"pl.col({every}).cast(float)"


def test_a_column_that_gave_way_is_still_in_the_file(tmp_path: Path):
    """What a reader has left out of its frame is there when the command runs."""
    columns = [f"p_{name}" for name in NINE]
    frame = pl.DataFrame({"id": ["x"], **{name: [0.2] for name in columns}})
    path = tmp_path / "a.csv"
    frame.with_columns(p_other=pl.lit(5.0)).write_csv(path)
    made = ran(of_shares(path, columns, frame, ("id",)), tmp_path / "a-scaled.csv")
    assert made["p_other"].to_list() == [5.0]
    assert made["p_a"][0] == pytest.approx(1 / 9)


def test_columns_on_the_right_scale_stay(tmp_path: Path):
    """Ten columns have cells with the sign and cells without, and one has neither."""
    columns = [f"p_{k}" for k in range(10)]
    frame = pl.DataFrame({"id": ["x", "y"], **{name: ["3%", "10"] for name in columns}})
    frame = frame.with_columns(p_right=pl.Series(["0.5", "0.5"]))
    path = tmp_path / "a.csv"
    frame.write_csv(path)
    scales = {name: frame[name] for name in frame.columns[1:]}
    with pytest.raises(TableError) as refused:
        refuse_two_scales(path, scales, frame["id"], ("id",))
    command = re.findall("python -c '[^']*'", str(refused.value))[0]
    made = ran(command, tmp_path / "a-scaled.csv")
    assert made["p_0"].to_list() == [0.03, 0.1]
    assert made["p_right"].to_list() == [0.5, 0.5]


def test_commands_are_not_cut_and_words_are():
    """However much a message quotes, and however many classes a command names."""
    names = ", ".join(f'"class {k}"' for k in range(900))
    command = f"python -c 'print([{names}], {{}})'"
    first, second = command.format(1), command.format("it'\"'\"'s")
    said = harmless(f"a.csv: {'x' * 9000}; write {first} && {second}, and give b.csv{' ' * 5000}z")
    assert first in said
    assert second in said
    assert (said[:10], said[-1]) == ("a.csv: xxx", "z")
    assert len(said) < len(first) + len(second) + LONGEST
    assert harmless(f"python -c '{'x' * LONGEST_COMMANDS}'").count("x") < LONGEST


def test_a_command_obeys_no_terminal():
    assert harmless("python -c 'a\x1b[31mb\x07'") == "python -c 'ab '"


@pytest.mark.heavy
@pytest.mark.parametrize("classes", [12, 150])
def test_names_of_many_classes_are_all_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, classes: int
):
    """Of arrays whose classes are numbers, where the labels tell which is which."""
    monkeypatch.chdir(tmp_path)
    names = [f"class name number {(7 * k) % classes:03}" for k in range(classes)]
    label_N = np.arange(10 * classes) % classes
    np.savez("a.npz", probs=np.eye(classes)[label_N], ids=label_N * 0 + np.arange(10 * classes),
             labels=label_N)  # fmt: skip
    rows = {"example_id": range(10 * classes), "label": [names[k] for k in label_N]}
    pl.DataFrame(rows).write_csv("labels.csv")
    with pytest.raises(UserError) as refused:
        read_any([Path("a.npz")], Reading(labels=Path("labels.csv")))
    said = str(refused.value)
    assert "…" not in said
    (command,) = commands_in(said)
    subprocess.run([sys.executable, *shlex.split(command)[1:]], check=True)
    made, _ = read_any([Path("a-named.npz")], Reading(labels=Path("labels.csv")))
    assert (made.pred_MN[0] == made.label_N).all()


def ran(command: str, to: Path) -> pl.DataFrame:
    _, *rest = shlex.split(command)
    subprocess.run([sys.executable, *rest], check=True)
    return pl.read_csv(to)
