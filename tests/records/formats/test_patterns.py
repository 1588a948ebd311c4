"""A name that polars takes for a pattern is refused before anything is made of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.errors import TableError
from undertow.records import read_any

ROWS = "".join(f"e{n},{n % 2},x\n" for n in range(6))
SAID = (
    "{path}: a column is called {name!r}, which would stand for several columns; rename it in the "
    "file, to letters alone"
)


def refused(path: Path, **options: Path) -> str:
    with pytest.raises(TableError) as caught:
        read_any([path], **options)
    return str(caught.value)


@pytest.mark.parametrize("name", ["*", "^.*$", "^a$"])
@pytest.mark.parametrize("answers", ["prediction", "score"])
def test_a_name_that_stands_for_several_columns_is_refused(tmp_path: Path, name: str, answers: str):
    path = tmp_path / "old.csv"
    path.write_text(f"example_id,{answers},{name}\n{ROWS}")
    assert refused(path) == SAID.format(path=path, name=name)


def test_in_a_file_of_labels_too(tmp_path: Path):
    path, labels = tmp_path / "old.csv", tmp_path / "labels.csv"
    path.write_text(f"example_id,prediction,site\n{ROWS}")
    labels.write_text(f"example_id,label,*\n{ROWS}")
    assert refused(path, labels=labels) == SAID.format(path=labels, name="*")


@pytest.mark.parametrize("name", ["^", "a*", "$", "^a"])
def test_a_sign_in_a_name_makes_no_pattern(tmp_path: Path, name: str):
    path = tmp_path / "old.csv"
    path.write_text(f"example_id,prediction,{name}\n{ROWS}")
    assert read_any([path])[0].slice_columns == (name,)
