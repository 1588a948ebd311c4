"""Tables in which no column names the examples go by row, where a person says that they are in one
order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import undertow
from undertow.audit.gate.policy import parse_policy
from undertow.errors import UserError
from undertow.files import Request, gate_files
from undertow.records.formats.detect import read_any
from undertow.records.reading import Reading

N = 600
LABEL = np.random.default_rng(1).choice(["cat", "dog", "owl"], N)
WRONG = {"old": np.random.default_rng(2).random(N) < 0.1}
WRONG["new"] = WRONG["old"] | (np.random.default_rng(3).random(N) < 0.1)
OF_ROWS = "row 1 is compared with row 1 and so on"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(side: str) -> np.ndarray:
    return np.where(WRONG[side], np.roll(LABEL, 1), LABEL)


def table(side: str) -> pl.DataFrame:
    return pl.DataFrame({"pred": said(side), "truth": LABEL})


def gated(old: pl.DataFrame, new: pl.DataFrame, **how: Any) -> str:
    """The verdict, what is not comparable, or what is refused."""
    old.write_csv("old.csv")
    new.write_csv("new.csv")
    request = Request([Path("old.csv")], [[Path("new.csv")]], Reading(**how))
    try:
        found = gate_files(request, parse_policy("[[max_drop]]\npoints = 2.0"))
    except UserError as error:
        return str(error)
    return found.reason if found.verdict == "not comparable" else found.verdict


NAMED = {"id": "none", "prediction": "pred", "label": "truth"}


def test_the_flag_is_suggested_where_no_column_can_name_the_rows() -> None:
    assert gated(table("old"), table("new")) == (
        "old.csv: has no column 'example_id'; it has 'pred', 'truth'; name its columns with --id none "
        "--prediction pred --label truth; no column names the examples, so --id none goes by row, "
        f"which is right only where the rows of all files are in one order: {OF_ROWS}"
    )
    assert gated(table("old"), table("new"), **NAMED) == "fail"
    graded = [pl.DataFrame({"exact_match": (~WRONG[s]).astype(int)}) for s in ("old", "new")]
    assert gated(*graded) == (
        "old.csv: has no column 'example_id'; it has 'exact_match'; name its columns with --id none "
        "--score exact_match; no column names the examples, so --id none goes by row, which is right "
        f"only where the rows of all files are in one order: {OF_ROWS}"
    )
    assert gated(*graded, id="none", score="exact_match") == "fail"


def test_a_name_that_is_not_there_leads_to_the_flag() -> None:
    assert gated(table("old"), table("new"), **{**NAMED, "id": "uid"}) == (
        "--id uid: old.csv has no such column; it has 'pred', 'truth'; where the rows of all files are "
        f"in one order, write --id none: {OF_ROWS}"
    )


def test_rows_in_another_order_are_told_by_their_labels() -> None:
    shuffled = table("new").sample(fraction=1.0, shuffle=True, seed=1)
    refused = gated(table("old"), shuffled, **NAMED)
    assert refused.startswith(
        "Not comparable: 'old' and 'new' have different labels for one example"
    )


@pytest.mark.parametrize("allow_partial", [False, True])
def test_tables_of_other_heights_do_not_go_by_row(allow_partial: bool) -> None:
    """Left out in the middle, a row would move all after it."""
    short = table("new").head(N - 1)
    assert gated(table("old"), short, **NAMED, allow_partial=allow_partial) == (
        "--id none: 'old' has 600 rows and 'new' has 599, so they do not go row by row; give tables of "
        "the same examples in one order, or name a column of ids"
    )
    table("old").write_csv("a.csv")
    short.write_csv("b.csv")
    with pytest.raises(UserError) as caught:
        read_any([Path("a.csv"), Path("b.csv")], **NAMED, allow_partial=allow_partial)
    assert str(caught.value) == (
        "--id none: a.csv has 600 rows and b.csv has 599, so they do not go row by row; give tables of "
        "the same examples in one order, or name a column of ids"
    )


def test_rows_are_said_to_be_compared_by_number() -> None:
    table("old").write_csv("old.csv")
    records, about = read_any([Path("old.csv")], **NAMED)
    assert records.N == N
    assert about.endswith(f"3 classes; old.csv: names no example, as asked: {OF_ROWS}.")
    graded = pl.DataFrame({"f1": [0.5, 1.0], "member": ["a", "a"]})
    graded.write_csv("graded.csv")
    assert read_any([Path("graded.csv")], id="none", score="f1")[1] == (
        "graded.csv: CSV (a header with f1, no prediction): 1 member, 2 examples, outcome score; "
        f"graded.csv: names no example, as asked: {OF_ROWS}."
    )


def test_each_member_of_a_table_has_rows_of_its_own() -> None:
    both = pl.concat([table(s).with_columns(model=pl.lit(s)) for s in ("old", "new")])
    both.write_csv("both.csv")
    records, _ = read_any([Path("both.csv")], **NAMED, member="model")
    assert (records.M, records.N) == (2, N)


def test_a_column_of_that_name_is_a_column() -> None:
    ids = [f"q{n}" for n in np.random.default_rng(4).permutation(N)]
    table("old").with_columns(none=pl.Series(ids)).write_csv("old.csv")
    records, about = read_any([Path("old.csv")], **NAMED)
    assert records.example_id_N.to_list() == sorted(ids)
    assert "names no example" not in about


def test_frames_in_memory_go_by_row_too() -> None:
    found = undertow.compare(
        table("old"), table("new"), id="none", prediction="pred", label="truth"
    )
    assert found.audit.n_examples == N
