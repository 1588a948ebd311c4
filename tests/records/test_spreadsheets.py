"""A spreadsheet is not read; the refusal says what to save."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.errors import UserError
from undertow.records.formats.detect import read_any
from undertow.records.spreadsheets import SUFFIXES

ZIP, OLE = b"PK\x03\x04 sheets", b"\xd0\xcf\x11\xe0 sheets"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(path: str, **asked: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_any([Path(path)], **asked)
    return str(caught.value)


@pytest.mark.parametrize("data", [ZIP, OLE])
@pytest.mark.parametrize("suffix", [*sorted(SUFFIXES), ".XLSX"])
def test_a_spreadsheet_is_to_be_saved_as_a_table(suffix: str, data: bytes) -> None:
    Path("folder").mkdir()
    for name in (f"my old{suffix}", f"folder/old{suffix}"):
        Path(name).write_bytes(data)
    said = "is a spreadsheet, which is not read; save its sheet as CSV in UTF-8 or as Parquet and "
    assert refusal(f"my old{suffix}") == f"my old{suffix}: {said}give that: 'my old.csv'"
    assert refusal("folder") == f"folder/old{suffix}: {said}give that: folder/old.csv"
    Path("old.csv").write_text("example_id,prediction\na,b\n")
    assert refusal("old.csv", labels=Path(f"my old{suffix}")) == (
        f"my old{suffix}: {said}give that: 'my old.csv'"
    )


def test_what_is_only_called_so_may_be_a_table() -> None:
    Path("old.xls").write_text("example_id\tprediction\na\tb\n")  # As many a web page writes them.
    assert read_any([Path("old.xls")])[0].N == 1
