"""Very many columns or classes: what a table costs grows with its width, not with its square; no
clock is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import worlds
from records.formats.seeds_lm_eval import STAMP, choice, lines
from undertow.errors import RecordError, TableError
from undertow.records import (
    Manifest,
    PopulationWriter,
    Records,
    align,
    class_list,
    read_any,
    read_population,
    write_records,
)


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """How often names of all columns were listed, and how many queries were run."""
    counts = {"columns": 0, "collect": 0}
    columns, collect = pl.DataFrame.columns, pl.LazyFrame.collect

    def listed(self: pl.DataFrame) -> list[str]:
        counts["columns"] += 1
        return columns.fget(self)

    def run(self: pl.LazyFrame, *args: object, **kwargs: object) -> object:
        counts["collect"] += 1
        return collect(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pl.DataFrame, "columns", property(listed, columns.fset))
        patch.setattr(pl.LazyFrame, "collect", run)
        yield counts


def slices(place: Path, width: int) -> Path:
    """Whole numbers, codes, floats, truth values and words, in as many columns."""
    values = [
        ["1", "2", "3"],
        ["007", "1", "2"],
        ["0.5", "1e3", "-2"],
        ["True", "false", ""],
        ["a", "1", "b"],
    ]
    rows = [["example_id", "prediction", *(f"c{k}" for k in range(width))]]
    rows += [[f"e{n}", "ab"[n % 2], *(values[k % 5][n] for k in range(width))] for n in range(3)]
    path = place / f"slices{width}.csv"
    path.write_text("\n".join(map(",".join, rows)))
    return path


def probabilities(place: Path, width: int) -> Path:
    rows = [["example_id", "label", *(f"p_{k}" for k in range(width))]]
    rows += [[f"e{n}", "1", *("1" if k == n else "0" for k in range(width))] for n in range(3)]
    path = place / f"probabilities{width}.csv"
    path.write_text("\n".join(map(",".join, rows)))
    return path


def grades(place: Path, width: int) -> Path:
    path = slices(place, width)
    path.write_text(path.read_text().replace("prediction", "answer", 1).replace("c0", "score", 1))
    path.write_text(
        path.read_text()
        .replace("e0,a,1,", "e0,a,0,")
        .replace("e1,b,2,", "e1,b,1,")
        .replace("e2,a,3,", "e2,a,1,")
    )
    return path


def packed(place: Path, width: int) -> Path:
    path = place / f"packed{width}.parquet"
    pl.read_csv(slices(place, width)).write_parquet(path)
    return path


@pytest.mark.heavy
@pytest.mark.parametrize("table", [slices, probabilities, grades, packed])
def test_reading_and_aligning_ask_as_often_of_a_wide_table_as_of_a_narrow_one(
    tmp_path: Path, table
) -> None:
    asked = []
    for width in (10, 200):
        (tmp_path / "other").mkdir(exist_ok=True)
        with counted() as counts:
            one, _ = read_any([table(tmp_path, width), table(tmp_path / "other", width)])
            align(one, one)
        asked.append(counts)
    assert asked[1] == asked[0]


def test_every_kind_of_column_is_still_told(tmp_path: Path) -> None:
    examples = read_any([slices(tmp_path, 10)])[0].examples
    assert [examples.schema[f"c{k}"] for k in range(10)] == [
        pl.Int64,
        pl.String,
        pl.Float64,
        pl.Boolean,
        pl.String,
    ] * 2
    assert examples.select(f"c{k}" for k in range(5)).rows() == [
        (1, "007", 0.5, True, "a"),
        (2, "1", 1000.0, False, "1"),
        (3, "2", -2.0, None, "b"),
    ]


def test_of_a_document_with_very_many_fields_the_first_are_slices(tmp_path: Path) -> None:
    """The passage that examples share is kept wherever it stands."""
    fields = {f"c{k}": k for k in range(1000)}
    rows = [choice(n, [-1.0, -2.0], 0, **fields, passage="one") for n in range(3)]
    (tmp_path / f"samples_t_{STAMP}.jsonl").write_bytes(lines(rows))
    examples = read_any([tmp_path])[0].examples
    assert [c for c in examples.columns if c.startswith("c") and c[1:].isdigit()] == [
        f"c{k}" for k in range(197)
    ]
    assert examples["cluster"].to_list() == ["t/one"] * 3


class Counted(str):
    """A name that counts how often it is compared or looked up."""

    asked = 0

    def __eq__(self, other: object) -> bool:
        Counted.asked += 1
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        Counted.asked += 1
        return str.__hash__(self)


def over(names: list[str]) -> Records:
    """Two examples without labels, over classes that are seen and not declared."""
    made = worlds.records_from([[0, 1]], None, 2)
    update = {"classes": tuple(map(Counted, names)), "classes_from": "observed"}
    return replace(made, manifest=made.manifest.model_copy(update=update))


@pytest.mark.parametrize("step", [-1, 2], ids=["another order", "fewer there"])
def test_matching_classes_by_name_asks_a_few_times_for_each(step: int) -> None:
    names = [f"{k:04d}" for k in range(1000)]
    sides = over(names), over(names[::step])
    Counted.asked = 0
    aligned = align(*sides)
    assert aligned.variant.classes == tuple(names)
    assert Counted.asked < 100 * 1000


MANY = (
    "has 5 classes, and at most 4 are read; if these are answers in words, write a graded table "
    "with the columns"
)
FIX = "example_id, answer and score"


def test_too_many_classes_are_refused_before_they_are_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = worlds.records_from([[0, 1, 2]], [0, 1, 2], 5)
    write_records(written, tmp_path / "pop")
    monkeypatch.setattr(class_list, "MOST_CLASSES", 4)
    (tmp_path / "t.csv").write_text(
        "example_id,prediction,label\n" + "".join(f"{n},a{n},a{n}\n" for n in range(5))
    )
    np.savez(tmp_path / "l.npz", logits=np.eye(5))
    np.savez(tmp_path / "p.npz", predictions=np.array([0, 4]))
    for name in ("t.csv", "l.npz", "p.npz"):
        with pytest.raises(TableError) as caught:
            read_any([tmp_path / name])
        assert str(caught.value) == f"{tmp_path / name}: {MANY} {FIX}"
    with pytest.raises(RecordError) as caught:
        read_population(tmp_path / "pop")
    assert str(caught.value) == f"{tmp_path / 'pop/manifest.json'}: {MANY} {FIX}"
    with pytest.raises(RecordError) as caught:
        PopulationWriter(
            tmp_path / "new",
            Manifest(name="x", classes=tuple("abcde"), members=()),
            written.examples,
        )
    assert str(caught.value) == f"{tmp_path / 'new'}: {MANY} {FIX}"


def test_the_most_classes_that_are_read() -> None:
    """A language model's vocabulary is, a million names are not."""
    class_list.refuse_many_classes("x", 128_256)
    with pytest.raises(TableError, match="has 1,000,000 classes"):
        class_list.refuse_many_classes("x", 1_000_000)
