"""What hides in a column that nobody asked for is said to be there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from texts import only_scored
from undertow.audit import Settings, audit
from undertow.audit.result import Audit, Unasked
from undertow.notebook import Compared
from undertow.records.records import Records
from undertow.records.schema import Clustering
from undertow.report import render_html, summary_markdown, summary_text
from worlds import records_from

N = 400
PLACE_N = np.arange(N)
LABEL_N = PLACE_N % 4
CLASSES = ("cat", "dog", "owl", "fox")


def side(name: str, wrong: int, **columns: object) -> Records:
    pred_N = np.where(wrong > PLACE_N, (LABEL_N + 1) % 4, LABEL_N)
    made = records_from(pred_N[None], LABEL_N, CLASSES, name=name)
    series = [pl.Series(column, values) for column, values in columns.items()]
    return replace(made, examples=made.examples.with_columns(series))


def audited(by: tuple[str, ...] = ("class",), **columns: object) -> Audit:
    sides = side("old", 10, **columns), side("new", 30, **columns)
    return audit(sides[0], [sides[1]], Settings(by=by, draws=100))


HOSPITAL = np.array(["north", "south", "rural"])[PLACE_N % 3]
SCANNER = PLACE_N % 2


def test_columns_that_were_not_asked_for_are_named_everywhere():
    found = audited(hospital=HOSPITAL, scanner=SCANNER, urban=SCANNER == 1)
    assert found.not_looked_at == (
        Unasked("hospital", 3), Unasked("scanner", 2), Unasked("urban", 2)
    )  # fmt: skip
    columns = "hospital (3 values), scanner (2 values), urban (2 values)"
    said = f"Not looked at: {columns}; add --by hospital scanner urban to look beneath the whole."
    assert summary_text(found).splitlines()[-1] == said
    assert said in summary_markdown(found)
    slices = render_html(found).split('<section id="slices"')[1].split("</section>")[0]
    assert said in slices
    spoken = said.replace("--by hospital scanner urban", "by=('hospital', 'scanner', 'urban')")
    shown = Compared(found)
    assert repr(shown).splitlines()[-2] == spoken
    assert spoken in shown._repr_html_().replace("&#39;", "'")
    assert "--by" not in shown._repr_html_()


def test_four_are_named_and_the_others_counted():
    columns = {f"col {n}": PLACE_N % (n + 2) for n in range(6)}
    said = summary_text(audited(**columns)).splitlines()[-1]
    assert said == (
        "Not looked at: col 0 (2 values), col 1 (3 values), col 2 (4 values), col 3 (5 values) and "
        "2 more columns; add --by 'col 0' 'col 1' 'col 2' 'col 3' to look beneath the whole."
    )


def test_where_nothing_was_asked_for_the_sentence_names_the_columns_and_nothing_says_it_again():
    found = audited((), hospital=HOSPITAL, scanner=SCANNER)
    said = "No slice was asked for: add --by class hospital scanner to look beneath the whole"
    text = summary_text(found)
    assert text.count(said) == 1
    assert "Not looked at" not in text
    assert said in render_html(found)
    assert said.replace(
        "--by class hospital scanner", "by=('class', 'hospital', 'scanner')"
    ) in repr(Compared(found))
    bare = "No slice was asked for: add --by class to look beneath the whole"
    assert bare in summary_text(audited(()))
    graded = [only_scored([[0.5] * 40], name) for name in ("old", "new")]
    unlabelled = audit(graded[0], [graded[1]], Settings(draws=100))
    bare = "No slice was asked for: add --by COLUMN to look beneath the whole"
    assert bare in summary_text(unlabelled)


@pytest.mark.heavy
@pytest.mark.parametrize("by", [("hospital",), ("hospital+scanner",), ("class", "hospital")])
def test_what_was_asked_for_was_looked_at(by: tuple[str, ...]):
    assert "hospital" not in [
        u.column for u in audited(by, hospital=HOSPITAL, scanner=SCANNER).not_looked_at
    ]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("one", np.zeros(N, dtype=int)),
        ("rare", np.where(PLACE_N < 19, "few", "most")),
        ("many", PLACE_N % 51),
        ("weight", (PLACE_N % 4) / 4),
        ("weight", np.array(["0.25", "0.5"])[PLACE_N % 2]),
        ("file_name", SCANNER),
        ("patient", PLACE_N % 10),
        ("teacher", np.array(CLASSES)[PLACE_N % 3]),
        ("correct", SCANNER),
        ("doc_answer", SCANNER),
        ("confidence", np.array(["low", "high"])[PLACE_N % 2]),
        ("val_loss", PLACE_N % 5),
        ("val_loss", (PLACE_N % 5).astype(float)),
        ("hate_logit", SCANNER == 1),
        ("seed", SCANNER),
        ("Split", np.array(["a", "b"])[PLACE_N % 2]),
        ("note", np.array(["a" * 41, "b" * 41])[PLACE_N % 2]),
        ("-x", SCANNER),
        ("all", SCANNER),
        ("two\nlines", SCANNER),
        ("two  blanks", SCANNER),
        ("x" * 201, SCANNER),
        ("<b>\x1b[31m", SCANNER),
        ("day", np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")[PLACE_N % 2]),
    ],
)  # fmt: skip
def test_a_column_that_is_no_group_is_not_pointed_out(column: str, values: object):
    found = audited(hospital=HOSPITAL, **{column: values})
    assert found.not_looked_at == (Unasked("hospital", 3),)


def test_at_the_edge_a_column_is_a_group():
    many, few = PLACE_N % 15, np.where(PLACE_N < 20, "few", None)
    few[20:40] = "more"
    assert audited(many=many, few=few).not_looked_at == (Unasked("many", 15), Unasked("few", 2))
    assert audited(note=np.array(["a" * 40, "b" * 40])[PLACE_N % 2]).not_looked_at == (
        Unasked("note", 2),
    )
    assert audited(patient=PLACE_N % 9).not_looked_at == (Unasked("patient", 9),)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name", ["risk_group", "risk", "error_type", "distance_band", "log_source", "loss"]
)
def test_words_are_groups_whatever_their_column_is_called(name: str):
    assert audited(**{name: HOSPITAL}).not_looked_at == (Unasked(name, 3),)


def test_whole_numbers_beside_gaps_are_whole_numbers():
    """As pandas writes them: 0.0, 1.0 and an empty cell."""
    found = audited(ward=[None, *(PLACE_N[1:] % 3).astype(float)])
    assert found.not_looked_at == (Unasked("ward", 3),)


def test_what_the_models_made_of_the_examples_is_not_offered():
    """It would be refused, or pick the examples on which one side did well."""
    differing = np.where(PLACE_N == 7, 1 - SCANNER, SCANNER)
    sides = side("old", 10, flag=SCANNER), side("new", 30, flag=differing, theirs=SCANNER)
    assert audit(sides[0], [sides[1]], Settings(by=("class",), draws=100)).not_looked_at == ()
    alone = side("old", 10, hospital=HOSPITAL), side("new", 30)
    found = audit(alone[0], [alone[1]], Settings(by=("class",), draws=100))
    assert found.not_looked_at == (Unasked("hospital", 3),)


def test_a_column_of_which_some_values_are_classes_is_a_group():
    pets = np.array(["cat", "dog", "hamster"])[PLACE_N % 3]
    assert audited(pet=pets).not_looked_at == (Unasked("pet", 3),)


def uneven(n: int, different: int) -> list[str]:
    """Two values that are common enough, and others that come once."""
    others = [f"rare {k}" for k in range(different - 2)]
    common = n - len(others)
    return ["a"] * (common // 2) + ["b"] * (common - common // 2) + others


@pytest.mark.parametrize(("n", "most"), [(400, 50), (100, 50), (80, 40)])
def test_of_few_examples_a_group_has_fewer_values(n: int, most: int):
    """At most 50, and at most half as many as there are examples."""
    for different, found in ((most, (Unasked("town", most),)), (most + 1, ())):
        sides = [
            side(name, 5, town=uneven(n, different) + ["a"] * (N - n)).take_examples(np.arange(n))
            for name in ("old", "new")
        ]
        assert (
            audit(sides[0], [sides[1]], Settings(by=("class",), draws=100)).not_looked_at == found
        )


def test_clusters_are_no_groups():
    columns = {"site": PLACE_N % 5, "cluster": PLACE_N % 5}
    clustering = Clustering(column="site", asked=True)
    sides = [
        replace(s, manifest=s.manifest.model_copy(update={"clustering": clustering}))
        for s in (side("old", 10, **columns), side("new", 30, **columns))
    ]
    assert audit(sides[0], [sides[1]], Settings(by=("class",), draws=100)).not_looked_at == ()


def test_a_hostile_name_stays_text():
    name = "<b>$(x)::error::x"
    found = audited(**{name: SCANNER})
    assert summary_text(found).splitlines()[-1] == (
        "Not looked at: <b>$(x)::error::x (2 values); add --by '<b>$(x)::error::x' to look beneath "
        "the whole."
    )
    assert "<b>" not in render_html(found).split('<section id="slices"')[1]


def test_columns_that_the_sides_fill_in_differently_doubt_the_ids():
    bare = (records_from(LABEL_N[None], None, CLASSES, name=name) for name in ("old", "new"))
    places = (HOSPITAL, PLACE_N / N), (HOSPITAL[::-1], LABEL_N / 4)
    columns = ([pl.Series("clinic", c), pl.Series("confidence", p)] for c, p in places)
    old, new = (
        replace(side, examples=side.examples.with_columns(some))
        for side, some in zip(bare, columns, strict=True)
    )
    found = audit(old, [new], Settings(by=(), draws=100))
    assert found.not_looked_at == ()
    (said,) = (text for text in summary_text(found).splitlines() if "No slice" in text)
    assert said.strip() == (
        "No slice was asked for: add --by COLUMN to look beneath the whole; the sides differ in "
        "'clinic' on 266 of 400 examples (do equal ids name the same example?)"
    )
