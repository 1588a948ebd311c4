"""Values that have an order of their own keep it, and their spelling, wherever they are listed."""

from __future__ import annotations

import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.slices import slice_table
from undertow.audit.slices.coding import code_column
from undertow.audit.slices.order import SCALES, in_natural_order
from undertow.records.formats.table import read_tables
from undertow.report.effects import slice_effects
from worlds import planted_world, records_from


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["0.10", "0.00", "10.0", "2.50"], ("0.00", "0.10", "2.50", "10.0")),
        (["10", "2", "-1"], ("-1", "2", "10")),
        (["large", "Small", "medium"], ("Small", "medium", "large")),
        (["high", "low", "mid"], ("low", "mid", "high")),
        (["xl", "s", "xs", "m"], ("xs", "s", "m", "xl")),
        (["always", "never", "sometimes"], ("never", "sometimes", "always")),
        (["010", "002", None], ("002", "010", "(missing)")),
        (["0.5", "0.50", "0.25"], ("0.25", "0.50")),
        (["large", "small", "striped"], ("large", "small", "striped")),
        (["2", "10", "n/a"], ("10", "2", "n/a")),
    ],
)
def test_values_in_their_order_and_spelling(values, order):
    assert code_column(pl.Series("x", values)).values == order


@pytest.mark.parametrize(
    ("values", "ordered"), [(["2", "10"], True), (["low", "high"], True), (["a", "b"], False)]
)
def test_the_table_says_which_columns_are_ordered(values, ordered):
    records = records_from([[0, 0]], slices={"x": values})
    assert slice_table(records, ["x"]).ordered == (("x",) if ordered else ())


def test_many_spelled_numbers_become_quartiles():
    assert len(code_column(pl.Series("x", [f"{i / 10:.2f}" for i in range(100)])).values) == 4


def test_no_scale_names_a_value_twice_and_two_cases_of_one_word_are_two_words():
    assert all(len(scale) == len(set(scale)) for scale in SCALES)
    assert in_natural_order(["Low", "low", "high"]) is None


def test_numbers_keep_their_spelling_from_file_to_findings_and_chart(tmp_path):
    rows = [
        (n, "ab"[n % 2], ("0.00", "0.10", "0.20", "0.35")[n // 2 % 4], "ab"[n % 2])
        for n in range(80)
    ]
    sides = []
    for name, flip in (("old", -1), ("new", 2)):
        lines = [
            f"{n},{'b' if n // 2 % 4 == flip else p},{label},{noise}" for n, p, noise, label in rows
        ]
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["example_id,prediction,label,noise", *lines]))
        sides.append(read_tables([path]))
    found = audit(sides[0], [sides[1]], Settings(by=("noise",), draws=100))
    listed = found.findings.filter(
        (pl.col("measure") == "accuracy") & (pl.col("slice") == "noise")
    )["value"]
    assert listed.to_list() == ["0.00", "0.10", "0.20", "0.35"]
    assert found.ordered == ("noise",)
    (panel,) = slice_effects(found).panels
    assert [e.value for e in panel.effects] == ["0.00", "0.10", "0.20", "0.35"]


def test_what_has_no_order_still_stands_most_costly_first():
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=4, seed=1)
    (panel,) = slice_effects(audit(reference, [variant], Settings(by=("class",), draws=200))).panels
    assert panel.effects[0].value == "class 2"


def test_an_enumeration_of_the_file_keeps_its_order(tmp_path):
    grade = pl.Series(["z", "a"] * 4, dtype=pl.Enum(["z", "a"]))
    ids = [str(n) for n in range(8)]
    frame = pl.DataFrame(
        {"example_id": ids, "prediction": ["p"] * 8, "label": ["p", "q"] * 4, "grade": grade}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    table = slice_table(read_tables([tmp_path / "a.parquet"]), ["grade"])
    assert (table.value_G, table.ordered) == (("z", "a"), ("grade",))
