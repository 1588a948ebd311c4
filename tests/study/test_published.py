"""Tables beside a study's file, cell by cell."""

from __future__ import annotations

import re

import pytest

from undertow.listing import study_files
from undertow.study.published import PublishedTable, published_beside, published_tables

TEXT = """Read off a slide.

| arm | error | note |
|---|---|---|
| standard | 4.28 | |
| **SB** | **9.03** | read twice |

| x | y |
| --- | --- |
| 1 | 2 |
"""


def written(folder, text):
    (folder / "paper.published.md").write_text(text, encoding="utf-8")
    return folder / "paper.py"


def test_cells_are_found_by_row_and_column_without_emphasis(tmp_path):
    first, second = published_tables(written(tmp_path, TEXT))
    assert first == PublishedTable(
        "arm",
        ("error", "note"),
        {
            "standard": {"error": "4.28", "note": ""},
            "SB": {"error": "9.03", "note": "read twice"},
        },
    )
    assert second == PublishedTable("x", ("y",), {"1": {"y": "2"}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("| a | b |\n|-|-|\n| c | 1 |\n| c | 2 |", "row 'c' of a published table comes twice"),
        ("| a | b |\n|-|-|\n| c | 1 | 2 |", "row 'c' of a published table has 2 cells for 1"),
    ],
)
def test_rows_that_cannot_be_told_apart_or_do_not_fit_are_refused(tmp_path, text, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        published_tables(written(tmp_path, text))


def test_a_study_without_published_numbers_has_none(tmp_path):
    assert published_beside(tmp_path / "paper.py") == ""
    assert published_tables(tmp_path / "paper.py") == []


def test_published_numbers_stand_beside_the_study():
    assert "10.27 %" in published_beside(study_files()["compression_bias"])
    assert published_beside(study_files()["digits_instrument"]) == ""
