"""Reads plain tables: CSV, Parquet and JSON lines.

Any bytes give a data frame or a ``TableError``.
"""

from __future__ import annotations

import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.csv_text import csv_text, refuse_comments, stripped
from undertow.records.formats.decoding.json_rows import (
    decoded,
    first_row,
    refuse_by_column,
    refuse_repeated_keys,
    rows_kind,
)
from undertow.records.formats.decoding.json_within import RowsWithin
from undertow.records.opening import GZIP, LARGEST, open_file, out_of_memory, read_unpacked
from undertow.records.parquet_pages import refuse_bomb, refuse_long_texts

Kind = Literal["CSV", "Parquet", "JSON lines", "JSON array"]
SUFFIXES: dict[str, Kind] = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".tab": "CSV",
    ".parquet": "Parquet",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
}
HEAD = 1 << 16
ID = ("example_id",)
NAMELESS = "index"
"""What a column without a name is called: pandas writes its row numbers so."""
REPAIR = "it may be cut off or damaged: write it again"
BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def kind_of(path: Path, keys: Collection[str] = ID) -> tuple[Kind, str] | None:
    """What the file is and how that shows: by its content first, by its suffix second.

    ``keys`` are names of the column that tells examples apart, of which one is looked for.
    """
    head = _head(path)
    if head.startswith(b"PAR1"):
        return "Parquet", "begins with PAR1"
    text = head.decode("utf-8", errors="replace").lstrip()
    if text.startswith(("{", "[")):
        key = next((key for key in keys if f'"{key}"' in text), None)
        if key is not None:
            kind: Kind = "JSON lines" if text.startswith("{") else "JSON array"
            return kind, f"objects with the key {key}"
    key = next((name for name in csv_text(text).names if name in keys), None)
    if key is not None:
        return "CSV", f"a header with {key}"
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    # A folder may hold settings in JSON, which are no table.
    by_name = rows_kind(text) if suffix.lower() == ".json" else SUFFIXES.get(suffix.lower())
    return None if by_name is None else (by_name, f"named {suffix}")


def column_names(path: Path, keys: Collection[str] = ID) -> frozenset[str]:
    """The names of the columns, as far as the first bytes tell them; for sniffing."""
    found = kind_of(path, keys)
    try:
        if found is None:
            return frozenset()
        if found[0] == "Parquet":
            with silent_panics():
                return frozenset(pl.read_parquet_schema(path))
        text = _head(path).decode("utf-8", errors="replace").lstrip("\ufeff")
        if found[0] == "CSV":
            return frozenset(_named(name.strip() for name in csv_text(text).names))
        return frozenset(first_row(text))
    except (Exception, pl.exceptions.PanicException):
        return frozenset()


def parse(path: Path, keys: Collection[str] = ID, *, strip: bool = True) -> pl.DataFrame:
    """The table in ``path``. CSV columns are all text; names and, unless ``strip`` is false, values
    of a CSV are stripped of blanks.

    Raises ``TableError``, one line, for anything that cannot be read.
    """
    found = kind_of(path, keys)
    if found is None:
        named = " or ".join([*keys][1:] or keys)
        raise TableError(
            f"{path}: is no table of predictions: expected CSV, Parquet or JSON lines with a "
            "column "
            f"{named}"
        )
    kind = found[0]
    _refuse_beginning(path, kind)
    data = _content(path)
    if not data.strip():
        raise TableError(f"{path}: is empty; expected names of columns and a row for each example")
    readers: dict[Kind, Callable[[Path, bytes], pl.DataFrame]] = {
        "CSV": partial(_csv, strip=strip),
        "Parquet": _parquet,
        "JSON lines": _json_lines,
        "JSON array": _json_array,
    }
    frame = _guarded(path, kind, lambda: readers[kind](path, data))
    if frame.height == 0:
        raise TableError(f"{path}: has a header and no rows; expected one row per example")
    return frame


def refuse_columns(path: Path) -> None:
    """Raises ``TableError`` where a file of JSON that nobody reads holds a table by its columns, or
    rows within an object."""
    named = path.name.lower().endswith((".json", ".json.gz"))
    if named and _head(path).lstrip().startswith(b"{"):
        refuse_by_column(path, _text(path, _content(path)))


def refused_alike(error: RowsWithin, paths: Iterable[Path]) -> RowsWithin:
    """The same refusal of all of these files that are made alike."""
    alike = [path for path in paths if _made_alike(error, path)]
    return error.of_all(alike) if alike else error


def _made_alike(error: RowsWithin, path: Path) -> bool:
    try:
        refuse_columns(path)
    except RowsWithin as other:
        return (other.made, other.flags) == (error.made, error.flags)
    except TableError:
        return False
    return False


def _refuse_beginning(path: Path, kind: Kind) -> None:
    """What shows in the first bytes is said before gigabytes are read."""
    head = _head(path)
    if path.stat().st_size > LARGEST:
        return  # Which is said without reading anything.
    if kind != "Parquet" and b"\0" in head:
        raise _with_nul(path)
    if kind == "Parquet" and head.strip() and not head.startswith(b"PAR1"):
        raise TableError(
            f"{path}: cannot be read as Parquet (it does not begin with PAR1); {REPAIR}"
        )


def _with_nul(path: Path) -> TableError:
    return TableError(
        f"{path}: holds NUL characters, so it is no text table; save it as CSV in UTF-8"
    )


def _csv(path: Path, data: bytes, *, strip: bool = True) -> pl.DataFrame:
    text = _text(path, data)
    if "\n" not in text:
        text = text.replace("\r", "\n")
    found = csv_text(text)
    refuse_comments(path, found)
    clean = [name.strip() for name in found.names]
    twice = next((name for name, count in Counter(clean).items() if count > 1), None)
    if twice is not None:
        raise TableError(f"{path}: has two columns named {twice!r}; rename or remove one")
    frame = pl.read_csv(found.text.encode(), infer_schema=False, separator=found.separator)
    bare = stripped(frame)
    full = ~bare.select(pl.all_horizontal(pl.all().is_null())).to_series()
    frame = (bare if strip else frame).filter(full)
    clean = _named(clean)
    if len(clean) == frame.width and clean != frame.columns:
        return frame.rename(dict(zip(frame.columns, clean, strict=True)))
    return frame


def _named(given: Iterable[str]) -> list[str]:
    """With a name for the first column that has none."""
    names = [*given]
    if "" in names and NAMELESS not in names:
        names[names.index("")] = NAMELESS
    return names


def _parquet(path: Path, data: bytes) -> pl.DataFrame:
    refuse_bomb(path, data)
    frame = pl.read_parquet(data)
    refuse_long_texts(path, frame, len(data))
    return frame


def _json_lines(path: Path, data: bytes) -> pl.DataFrame:
    text = _text(path, data)
    refuse_repeated_keys(path, text)
    refuse_by_column(path, text)
    return pl.read_ndjson(text.encode(), infer_schema_length=None)


def _json_array(path: Path, data: bytes) -> pl.DataFrame:
    rows = decoded(str(path), _text(path, data))
    if not all(isinstance(row, dict) for row in rows):
        raise TableError(
            f"{path}: is a JSON array, but not of objects; it should hold one object per example"
        )
    return pl.read_ndjson(
        "\n".join(json.dumps(row) for row in rows).encode(), infer_schema_length=None
    )


def _text(path: Path, data: bytes) -> str:
    """UTF-8, or UTF-16 with its mark as spreadsheets write it."""
    encoding = next((name for mark, name in BOMS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        shown = data[error.start : error.start + 1].hex()
        raise TableError(
            f"{path}: is not {encoding.upper()} text (byte 0x{shown} at position {error.start});"
            " save it as UTF-8"
        ) from error
    if "\0" in text:
        raise _with_nul(path)
    return text


def separator_of(path: Path) -> str:
    """What stands between the values of a CSV."""
    return csv_text(_head(path).decode("utf-8", errors="replace")).separator


def _head(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            head = file.read(HEAD)
    except OSError as error:
        raise TableError(
            f"{path}: cannot be read ({error.strerror}); check the name and the permissions"
        ) from error
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, HEAD)
        except zlib.error:
            return b""
    encoding = next((name for mark, name in BOMS.items() if head.startswith(mark)), "utf-8")
    return head.decode(encoding, errors="replace").encode() if encoding != "utf-8" else head


def _content(path: Path) -> bytes:
    try:
        return read_unpacked(path)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(
            f"{path}: cannot be read ({_first_line(error)}); check the file and its permissions"
        ) from error


def _guarded(path: Path, kind: Kind, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Whatever the parser does with strange bytes, a person gets one line. Panics of Rust are no
    ``Exception``."""
    try:
        with silent_panics():
            return read()
    except TableError:
        raise
    except MemoryError as full:
        raise out_of_memory(path, path.stat().st_size) from full
    except (Exception, pl.exceptions.PanicException) as error:
        raise TableError(
            f"{path}: cannot be read as {kind} ({_first_line(error)}); {REPAIR}"
        ) from error


@contextmanager
def silent_panics() -> Iterator[None]:
    """A panic prints a stack trace straight to file descriptor 2, before Python hears of it."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _first_line(error: BaseException) -> str:
    lines = str(error).split("\n")
    text = lines[0].strip() or type(error).__name__
    return text if len(text) <= 200 else text[:200] + "…"
