"""What a note says that missing answers would cost is what an audit shows to whoever follows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.measures import accuracy
from undertow.audit.wording import decimals
from undertow.records.formats.detect import read_any
from undertow.records.reading import Missing, Reading
from undertow.records.records import Records
from worlds import records_from

CLASSES = ("car", "cat", "ship")
COST = re.compile(r" would (?:(fall|rise) by ([\d.]+) points|stay as it is)\. ")
UNKNOWN = "; what they cost is known only when they count as wrong. "


@dataclass(frozen=True)
class Side:
    """Answers or scores (M, N), NaN where empty, to the examples that have a row; labels, −1 where
    empty."""

    name: str
    value_MN: np.ndarray
    label_N: np.ndarray
    has_N: np.ndarray
    graded: bool

    def with_rows(self, which_N: np.ndarray) -> Side:
        value_MN = np.where(which_N & ~self.has_N, np.nan, self.value_MN)
        return replace(self, value_MN=value_MN, has_N=self.has_N | which_N)

    def records(self) -> Records:
        ids = [f"e{n:04d}" for n in range(len(self.label_N))]
        empty_MN = np.isnan(self.value_MN)
        pred_MN = np.where(empty_MN, -1, 0 if self.graded else np.nan_to_num(self.value_MN))
        made = records_from(pred_MN, self.label_N, CLASSES, name=self.name, example_ids=ids)
        if self.graded:
            made = replace(made, score_MN=self.value_MN.astype(np.float32))
        return made.take_examples(np.flatnonzero(self.has_N))

    def read(self, folder: Path, missing: Missing) -> Records:
        """Written as a table with rows for each member, and read."""
        names = np.array([*CLASSES, None], dtype=object)
        tables = []
        for m, value_N in enumerate(self.value_MN):
            empty_N = np.isnan(value_N)
            answer_N = names[np.where(empty_N, -1, value_N).astype(int)]
            score_N = np.where(empty_N, None, value_N)
            told = {"score": pl.Series(score_N.tolist(), dtype=pl.Float64)}
            if not self.graded:
                told = {"prediction": answer_N.tolist(), "label": names[self.label_N].tolist()}
            ids = [f"e{n:04d}" for n in range(len(empty_N))]
            table = pl.DataFrame({"example_id": ids, "member": f"seed{m}", **told})
            tables.append(table.filter(pl.Series(self.has_N)))
        path = folder / f"{self.name}.csv"
        pl.concat(tables).write_csv(path)
        return read_any([path], Reading(name=self.name, allow_partial=True, missing=missing))[0]


def world(seed: int) -> tuple[Side, Side]:
    """Rows that are gone and answers that are empty, on either side or both, labels of some, grades,
    several members of the reference."""
    rng = np.random.default_rng(seed)
    n, graded = int(rng.integers(40, 160)), bool(rng.random() < 0.3)
    members = 1 if rng.random() < 0.5 else int(rng.integers(2, 4))
    label_N = rng.integers(3, size=n)
    labels_N = np.where(rng.random(n) < rng.choice([0.0, 0.3]), -1, label_N)
    sides = []
    for name, several in (("old", members), ("new", 1)):
        right_MN = rng.random((several, n)) < rng.uniform(0.5, 0.95)
        value_MN = np.where(right_MN, label_N, (label_N + 1) % 3).astype(float)
        if graded:
            value_MN = rng.random((several, n)).round(2)
        value_MN[rng.random((several, n)) < rng.choice([0.0, 0.15])] = np.nan
        has_N = rng.random(n) >= rng.choice([0.0, 0.2])
        sides.append(Side(name, value_MN, labels_N, has_N, graded))
    if rng.random() < 0.5:
        sides[1].value_MN[0, : n // 4] = np.nan
    if rng.random() < 0.3:  # A label that one side lacks is another label.
        there_N = sides[1].has_N & (rng.random(n) < 0.2)
        sides[1] = replace(sides[1], label_N=np.where(there_N, -1, labels_N))
    return sides[0], sides[1]


def shift(old: Records, new: Records, missing: Missing, settings: Settings) -> tuple[str, float]:
    """What is said of examples left out, and the change of the outcome in points."""
    ways = {"measures": [accuracy], "allow_partial": True}
    found = audit(old, [new], settings, missing=missing, **ways)
    whole = found.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "all"))
    said = [s for s in found.notices if "left out" in s and ("would" in s or UNKNOWN in s)]
    return " ".join(said), 100 * whole["effect"][0]


def each(old: Side, missing: Missing) -> np.ndarray:
    """Examples whose row is gone from the variant are given one if the reference answers them; where
    missing answers count as wrong already, all that it has."""
    bare_N = np.isnan(old.value_MN).any(axis=0)
    if not old.graded:
        bare_N |= old.label_N < 0
    return old.has_N & (~bare_N | (missing == "wrong"))


def printed(change: float) -> str:
    return f"{abs(change):.{decimals(change)}f}"


def follow(seed: int, missing: Missing, folder: Path | None) -> str:
    """The note of one world, after it was seen that following it shows what it says."""
    old, new = world(seed)

    def made(side: Side, missing: Missing) -> Records:
        return side.records() if folder is None else side.read(folder, missing)

    settings = Settings(draws=100, generalise_to=("auto", "members")[seed % 5 == 0])
    note, _ = shift(made(old, missing), made(new, missing), missing, settings)
    if not note or UNKNOWN in note:
        return note
    assert note.endswith(("which --missing wrong counts as wrong.", "dd --missing wrong."))
    followed = new.with_rows(each(old, missing)) if "Give each a row" in note else new
    _, change = shift(made(old, "wrong"), made(followed, "wrong"), "wrong", settings)
    cost = COST.search(note)
    assert cost is not None, note
    if cost[1] is None:
        assert float(printed(change)) == 0
    else:
        assert (cost[1], cost[2]) == ("fall" if change < 0 else "rise", printed(change)), note
    return note


SEEDS = [range(5), pytest.param(range(5, 30), marks=pytest.mark.heavy)]
"""Worlds, and those that take seconds."""


@pytest.mark.heavy
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("missing", ["refuse", "wrong"])
def test_records_show_what_the_note_said(missing: Missing, seeds: range):
    notes = [follow(seed, missing, None) for seed in seeds]
    assert 2 * sum("would" in note for note in notes) >= len(notes)
    assert not any(UNKNOWN in note for note in notes)


@pytest.mark.heavy
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("missing", ["refuse", "wrong"])
def test_files_show_what_the_note_said(tmp_path: Path, missing: Missing, seeds: range):
    """Where reading left out rows that come back with labels or answers that stand nowhere else, no
    number is said."""
    notes = [follow(seed, missing, tmp_path) for seed in seeds]
    assert 4 * sum("would" in note for note in notes) >= len(notes)
    assert any(UNKNOWN in note for note in notes) == (missing == "refuse")


N = 100
RIGHT_N = np.zeros(N)
LABEL_N = np.zeros(N, dtype=int)


def side(name: str, *value: np.ndarray, label_N=LABEL_N, gone: int = 0) -> Side:
    """All are right where nothing else is said; the first ``gone`` have no row."""
    return Side(name, np.stack(value), label_N, np.arange(N) >= gone, graded=False)


def empty(*places: slice) -> np.ndarray:
    value_N = RIGHT_N.copy()
    for place in places:
        value_N[place] = np.nan
    return value_N


def said(old: Side, new: Side, missing: Missing) -> str:
    return shift(old.records(), new.records(), missing, Settings(draws=100))[0]


def test_examples_without_a_label_are_not_counted():
    """20 of 80 are wrong, whatever the other 20 are."""
    label_N = np.where(np.arange(N) < 20, -1, 0)
    old, new = side("old", RIGHT_N, label_N=label_N), side("new", RIGHT_N, label_N=label_N, gone=40)
    wanted = (
        "40 of 100 examples were left out, 100 % of class (missing) and 40 % of all; counted as "
        "wrong, accuracy would fall by 25.0 points. Give each a row with its label and an empty answer, which --missing wrong counts as wrong."
    )
    assert said(old, new, "wrong") == wanted


def test_members_that_are_empty_in_part_count_as_wrong():
    """Of the 20 that go one member answers all, the other 10: 15 right answers a member are lost.
    Two that it does not answer count already, and make 1 point."""
    members = RIGHT_N, empty(slice(10), slice(50, 52))
    wanted = (
        "20 of 100 examples were left out; counted as wrong, 10 of them for a member of 'old' too, "
        "accuracy would fall by 14.0 points. Give each a row with its label and an empty answer, which --missing "
        "wrong counts as wrong."
    )
    assert said(side("old", *members), side("new", RIGHT_N, gone=20), "wrong") == wanted


def test_what_neither_answers_is_said_to_be_lost_by_neither():
    """Of the 15 that go the reference answers 14, and it alone has 8 that the variant lacks."""
    old = side("old", empty(slice(8, 9)), gone=0)
    old = replace(old, has_N=np.arange(N) < 92)
    new = replace(side("new", RIGHT_N, gone=15), label_N=LABEL_N)
    assert said(old, new, "wrong") == (
        "23 of 100 examples were left out, 15 of them as 'new' has no answer; counted as wrong, 1 of "
        "them for 'old' too, accuracy would fall by 15.2 points. Give each a row with its label "
        "and an empty answer, which --missing wrong counts as wrong."
    )


def test_what_the_reference_does_not_answer_counts_as_wrong_too():
    """20 are lost, and 10 gained."""
    old = side("old", empty(slice(20, 30)))
    assert said(old, side("new", empty(slice(20))), "refuse") == (
        "30 of 100 examples were left out, 20 of them as 'new' alone has no answer; counted as "
        "wrong like 10 that 'old' does not answer, accuracy would fall by 10.0 points. Add "
        "--missing wrong."
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (side("old", empty(slice(5))), side("new", empty(slice(5), slice(20, 30)))),
        (side("old", RIGHT_N, empty(slice(5))), side("new", empty(slice(20, 30)))),
    ],
)
def test_what_reading_left_out_of_the_reference_is_not_known(tmp_path: Path, old: Side, new: Side):
    """The label of an empty row that both had, and what other members of the reference answered."""
    note, _ = shift(
        *(s.read(tmp_path, "refuse") for s in (old, new)), "refuse", Settings(draws=100)
    )
    assert note == (
        "15 of 100 examples were left out, 10 of them as 'new' alone has no answer; what they cost "
        "is known only when they count as wrong. Add --missing wrong."
    )


def test_an_empty_row_of_the_reference_has_the_label_of_the_variant(tmp_path: Path):
    """If that has one: where it has none, nothing tells whether the row counts."""
    unlabelled_N = np.where(np.arange(N) < 5, -1, 0)
    for label_N, known in ((LABEL_N, True), (unlabelled_N, False)):
        old = side("old", empty(slice(3)), label_N=label_N)
        new = side("new", empty(slice(20, 30)), label_N=label_N)
        sides = (s.read(tmp_path, "refuse") for s in (old, new))
        note, _ = shift(*sides, "refuse", Settings(draws=100))
        like = (
            "counted as wrong like 3 that 'old' does not answer, accuracy would fall by 7.0 points"
        )
        assert (like in note, UNKNOWN in note) == (known, not known)


def test_examples_that_stay_left_out_are_not_lacked(tmp_path: Path):
    """Three of the ten without an answer have another label, so an answer would not bring them
    back; with labels that differ nothing tells what the rows of the reference come back with."""
    old = side("old", empty(slice(5))).read(tmp_path, "refuse")
    label_N = np.where((np.arange(N) >= 20) & (np.arange(N) < 23), 1, 0)
    new = side("new", empty(slice(20, 30)), label_N=label_N).records()
    note, _ = shift(old, new, "refuse", Settings(draws=100))
    assert note == (
        "15 of 100 examples were left out, 7 of them as 'new' alone has no answer; what they cost "
        "is known only when they count as wrong. Add --missing wrong."
    )


def test_what_was_written_beside_the_answers_is_as_long_as_they_are():
    """Rows that are added have none of it."""
    sides = side("old", RIGHT_N), side("new", RIGHT_N, gone=20)
    wanted = said(*sides, "refuse")
    assert "counted as wrong, accuracy would fall by 20.0 points" in wanted
    wrote = [
        replace(r, outputs=(pl.Series([f"says {n}" for n in range(r.N)]),))
        for r in (s.records() for s in sides)
    ]
    assert shift(*wrote, "refuse", Settings(draws=100))[0] == wanted


def test_rows_that_come_back_to_the_variant_count_where_both_are_empty(tmp_path: Path):
    """As of a recorded reference beside a table: 5 of both are wrong, and 10 of 100 are lost."""
    old, new = side("old", empty(slice(5))), side("new", empty(slice(5), slice(20, 30)))
    note, _ = shift(old.records(), new.read(tmp_path, "refuse"), "refuse", Settings(draws=100))
    like = "counted as wrong like 5 that 'old' does not answer, accuracy would fall by 10.0 points"
    assert like in note
    _, change = shift(old.records(), new.read(tmp_path, "wrong"), "wrong", Settings(draws=100))
    assert change == pytest.approx(-10)


def test_a_variant_without_labels_is_given_rows_without_labels():
    old, new = side("old", RIGHT_N), side("new", RIGHT_N, label_N=LABEL_N - 1, gone=20)
    assert "counted as wrong, accuracy would fall by 20.0 points" in said(old, new, "refuse")


def test_an_id_that_stands_twice_is_no_empty_answer(tmp_path: Path):
    """It is left out whatever is missing."""
    old, new = side("old", RIGHT_N), side("new", empty(slice(10)))
    sides = [s.read(tmp_path, "refuse") for s in (old, new)]
    table = pl.read_csv(tmp_path / "new.csv")
    pl.concat([table, table[[50]]]).write_csv(tmp_path / "new.csv")
    twice = read_any([tmp_path / "new.csv"], Reading(name="new", allow_partial=True))[0]
    assert "would fall by 10.0 points" in shift(*sides, "refuse", Settings(draws=100))[0]
    found = audit(sides[0], [twice], Settings(draws=100), allow_partial=True)
    said = [notice for notice in found.notices if "left out" in notice]
    assert said == [f"11 of 100 examples were left out; {ONCE}."]


ONCE = (
    "what they cost is known only once they are compared. Keep one row of each id that appears more "
    "than once in 'new'"
)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("gone", "missing", "way"),
    [
        (0, "refuse", "."),
        (0, "wrong", "."),
        (
            10,
            "refuse",
            ", give each other one a row with its label and an empty answer, and add --missing wrong.",
        ),
        (
            10,
            "wrong",
            ", and give each other one a row with its label and an empty answer, which --missing wrong counts as wrong.",
        ),
    ],
)
def test_ids_that_stand_twice_come_back_with_one_row_each(
    tmp_path: Path, gone: int, missing: Missing, way: str
):
    """Nothing else brings them back: what ``--missing wrong`` counts is one row without an answer."""
    old = side("old", RIGHT_N).read(tmp_path, missing)
    side("new", RIGHT_N).read(tmp_path, missing)
    table = pl.read_csv(tmp_path / "new.csv")
    kept = table.head(N - gone)
    note, compared = left_out(old, pl.concat([kept, kept.head(2)]), tmp_path, missing)
    assert note == [f"{gone + 2} of 100 examples were left out; {ONCE}{way}"]
    assert compared == N - gone - 2
    rest = table.tail(gone).with_columns(pl.lit("").alias("prediction"))
    way_taken: Missing = "wrong" if gone else missing
    assert left_out(old, pl.concat([kept, rest]), tmp_path, way_taken) == ([], N)


def left_out(
    old: Records, table: pl.DataFrame, folder: Path, missing: Missing
) -> tuple[list[str], int]:
    """What is said of it where the variant is this table, and how many examples are compared."""
    table.write_csv(folder / "new.csv")
    how = Reading(name="new", allow_partial=True, missing=missing)
    new = read_any([folder / "new.csv"], how)[0]
    found = audit(old, [new], Settings(draws=100), allow_partial=True, missing=missing)
    whole = found.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "all"))
    return [s for s in found.notices if "left out" in s], whole["n_examples"][0]
