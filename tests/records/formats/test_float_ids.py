"""Ids that pandas wrote as floats, because one was missing once, are those of other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.records import read_any


def ids_in(path: Path, *ids: str) -> list[str]:
    rows = "".join(f"{i},1,1\n" for i in ids)
    path.write_text(f"example_id,prediction,label\n{rows}")
    return read_any([path])[0].example_id_N.to_list()


@pytest.mark.parametrize(
    ("ids", "read"),
    [
        (["10003.0", "10004.0"], ["10003", "10004"]),
        (["10003.00", "-4.0"], ["-4", "10003"]),
        (["10003.0", "10004"], ["10003.0", "10004"]),
        (["1.0", "1.5"], ["1.0", "1.5"]),
        (["1.0", "1.00"], ["1.0", "1.00"]),
        (["v1.0", "v2.0"], ["v1.0", "v2.0"]),
        (["10000000000000003.0", "4.0"], ["10000000000000003.0", "4.0"]),
        (["007", "008"], ["007", "008"]),
    ],
    ids=["pandas", "digits", "some", "fractions", "two of one", "versions", "inexact", "codes"],
)
def test_whole_floats_are_whole_numbers_where_all_are(
    tmp_path: Path, ids: list[str], read: list[str]
) -> None:
    assert ids_in(tmp_path / "a.csv", *ids) == read


def test_labels_are_joined_by_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("example_id,prediction\n10003,1\n10004,0\n")
    (tmp_path / "y.csv").write_text("example_id,label\n10004.0,0\n10003.0,1\n")
    records, _ = read_any([tmp_path / "a.csv"], labels=tmp_path / "y.csv")
    assert records.label_N.tolist() == [1, 0]
