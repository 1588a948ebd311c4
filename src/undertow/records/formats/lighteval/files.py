"""Finds the details of lighteval, and reads what their names say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from undertow.records.formats.decoding.tables import column_names
from undertow.records.formats.logs.runs import nearest
from undertow.records.formats.members.names import stem
from undertow.records.opening import open_file

NAMED = re.compile(
    r"details_(?P<task>.+?)_(?P<stamp>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[\d.]*)\.parquet"
)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d[\d.]*")
FEWSHOT = re.compile(r"(?P<task>.+?)\|(?P<shots>\d+)(?:\|[01])?")
"""``gsm8k|5``, earlier ``leaderboard|gsm8k|5|0``."""
SETS = ({"doc", "metric", "model_response"}, {"__doc__", "__metric__", "__model_response__"})
FLAT = {"example", "full_prompt", "predictions"}
DEEPEST = 5
"""OUT / details / organisation / model / time / file."""


class DetailsFile(NamedTuple):
    """One task's details. ``shots`` is empty where the name has none, as ``stamp`` is."""

    path: Path
    task: str
    shots: str
    stamp: str
    model: str


def is_details(path: Path) -> bool:
    """Tells whether the columns are those of details, whatever the file is called."""
    try:
        with open_file(path) as file:
            if file.read(4) != b"PAR1":
                return False
    except OSError:
        return False
    names = column_names(path)
    return any(wanted <= names for wanted in (*SETS, FLAT))


def details_in(folder: Path) -> list[DetailsFile]:
    """Returns all details below a folder, by their names, from the first level that has any."""
    found = nearest(folder, ("*.parquet",), DEEPEST, lambda p: NAMED.fullmatch(p.name) is not None)
    return [details_file(path) for path in found]


def details_file(path: Path) -> DetailsFile:
    """Reads task, few-shot count and time from the name, and the model from the folders above."""
    parts = NAMED.fullmatch(path.name)
    full = stem(path).removeprefix("details_") if parts is None else parts["task"]
    return DetailsFile(
        path, *split_task(full), "" if parts is None else parts["stamp"], _model(path)
    )


def split_task(full: str) -> tuple[str, str]:
    """Returns a task's name and its few-shot count."""
    parts = FEWSHOT.fullmatch(full)
    return (full, "") if parts is None else (parts["task"], parts["shots"])


def _model(path: Path) -> str:
    """Joins the folders between ``details`` and the time; without them it is the folder's name."""
    folders = list(path.absolute().parent.parts)
    if folders and STAMP.fullmatch(folders[-1]):
        folders.pop()
    if "details" in folders:
        at = len(folders) - 1 - folders[::-1].index("details")
        return "/".join(folders[at + 1 :]) or folders[-1]
    return folders[-1] if folders else ""
