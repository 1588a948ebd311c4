"""The text of a CSV: its separator, the names of its columns, and what stands before them."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import polars as pl

from undertow.errors import TableError

SEPARATORS = ",;\t|"
DECLARED = re.compile(rf'"?sep=([{SEPARATORS}])"?[{SEPARATORS}]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""The line by which spreadsheets are told the separator."""
FIRST = re.compile(r"[^\r\n]*")
COMMENT = "#"


class CsvText(NamedTuple):
    """A text from the line with the names of columns on."""

    text: str
    separator: str

    @property
    def first(self) -> str:
        """The line with the names."""
        return FIRST.match(self.text)[0]  # type: ignore[index]

    @property
    def names(self) -> list[str]:
        """The names as they are written; none where they are no line of a CSV."""
        try:
            return next(csv.reader([self.first], delimiter=self.separator), [])
        except csv.Error:
            return []


def csv_text(text: str) -> CsvText:
    """Passes over empty lines and the declaration of a separator. Without a declaration it is the
    separator that is most frequent in the first line."""
    text = text.lstrip("\ufeff\r\n")
    declared = DECLARED.match(text)
    if declared is not None:
        return CsvText(text[declared.end() :], declared[1])
    first = CsvText(text, ",").first
    return CsvText(text, max(SEPARATORS, key=first.count))


def refuse_comments(path: Path, found: CsvText) -> None:
    """Raises ``TableError`` where comments stand before the names. A line of names may begin with
    the same sign, but is separated as often as the next line."""
    if not found.text.startswith(COMMENT):
        return
    lines = (line for line in found.text.splitlines() if not line.startswith(COMMENT))
    following = csv_text(next(lines, ""))
    names, separator = following.first, following.separator
    if found.first.count(separator) == names.count(separator):
        return
    raise TableError(
        f"{path}: begins with a comment, {found.first[:60]!r}, and not with the names of columns; "
        f"write it without comments: {_without_comments(path, separator)}"
    )


def _without_comments(path: Path, separator: str) -> str:
    """A line for the shell. A CSV is read as text, so that ids such as 007 stay what they are."""
    to = path.with_name(f"{path.name.removesuffix('.gz').rsplit('.', 1)[0]}-clean.csv")
    apart = "" if separator == "," else f", separator={json.dumps(separator)}"
    given, made = (json.dumps(str(name), ensure_ascii=False) for name in (path, to))
    code = (
        f'import polars as pl; pl.read_csv({given}, comment_prefix="{COMMENT}", '
        f"infer_schema=False{apart}).write_csv({made}{apart})"
    )
    return f"python -c {shlex.quote(code)}"


def stripped(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the blanks around values. A cell of nothing but blanks is an empty cell."""
    bare = pl.all().str.strip_chars()
    return frame.with_columns(pl.when((bare != "") | (pl.all() == "")).then(bare))
