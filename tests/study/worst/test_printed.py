"""What a paper printed of arms, read by their names."""

from __future__ import annotations

import re

import pytest

from undertow.study.worst import printed
from undertow.study.worst.printed import Printed

TEXT = """
| student | teacher plain | teacher robust |
| --- | --- | --- |
| teacher | 57.26 (76.27) | 74.80 (80.29) |
| plain | 36.67 (69.50) | **71.15** (80.95) |

| even: student | teacher plain |
| --- | --- |
| teacher | 86.48 ± 0.32 (93.74) |
| plain | 87.66 ± 0.40 (94.34) |

| arm | worst class (average) | where |
| --- | --- | --- |
| plain → plain | 60.12 (77.39) | another table |
| DRO | 51.59 (71.94) | |
"""


def test_numbers_are_found_by_the_names_of_arms_and_the_last_table_counts(tmp_path):
    (tmp_path / "paper.published.md").write_text(TEXT, encoding="utf-8")
    found = printed.beside(str(tmp_path / "paper.py"))
    assert {name: str(cell) for name, cell in found.items()} == {
        "teacher plain": "57.26 (76.27)",
        "teacher robust": "74.80 (80.29)",
        "plain → plain": "60.12 (77.39)",
        "robust → plain": "71.15 (80.95)",
        "even: teacher plain": "86.48 ± 0.32 (93.74)",
        "even: plain → plain": "87.66 ± 0.40 (94.34)",
        "DRO": "51.59 (71.94)",
    }


def test_a_copy_of_a_study_without_published_numbers_has_none(tmp_path):
    assert printed.beside(str(tmp_path / "paper.py")) == {}


def test_a_cell_has_its_standard_error_where_one_is_printed():
    assert Printed.read("87.66 ± 0.40 (94.34)") == Printed(87.66, 94.34, 0.4)
    assert Printed.read("75.56 (80.81)") == Printed(75.56, 80.81)


@pytest.mark.parametrize("cell", ["", "75.56", "75 (80)", "75.56 (80.81) %"])
def test_other_cells_are_refused(cell):
    said = f"{cell!r} is no 'worst (average)', such as 87.66 ± 0.40 (94.34)"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        Printed.read(cell)
