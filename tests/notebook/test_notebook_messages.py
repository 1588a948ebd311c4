"""Flags in messages become arguments, whatever stands around them."""

from __future__ import annotations

import pytest

from undertow.errors import NotComparableError, TableError
from undertow.notebook.messages import for_python, in_python


@pytest.mark.parametrize(
    ("said", "python"),
    [
        (
            "name its columns with --id image --prediction pred --label y_true",
            "name its columns with id='image', prediction='pred', label='y_true'",
        ),
        ("--id 'Image ID' --label gold", "id='Image ID', label='gold'"),
        ("--id 'it'\"'\"'s': is empty", 'id="it\'s": is empty'),
        ("--id img: old has no such column", "id='img': old has no such column"),
        ("give both: --id image,img", "give both: id='image,img'"),
        (
            "compare those in both with --allow-partial",
            "compare those in both with allow_partial=True",
        ),
        (
            "--paired: give several; or leave --paired out",
            "paired: give several; or leave paired out",
        ),
        ("choose one of a, b with --metric", "choose one of a, b with metric"),
        ("--metric takes another of b", "metric takes another of b"),
        ("check the file, or --tasks and --filter", "check the file, or tasks and filter"),
        ("no task fits --tasks a b; it has c", "no task fits tasks=('a', 'b'); it has c"),
        ("write --by age lang; it can be", "write by=('age', 'lang'); it can be"),
        (
            "--threshold 3: give another, as in --threshold 0.2",
            "threshold=3: give another, as in threshold=0.2",
        ),
        ("write --tolerance 2.5", "write tolerance=2.5"),
        ("accept it with --accept prompt", "accept it with accept='prompt'"),
        ("the first: --name OLD NEW", "the first: names=('OLD', 'NEW')"),
        ("with --generalise-to examples.", "with generalise_to='examples'."),
        ("count as wrong with --missing wrong", "count as wrong with missing='wrong'"),
        ("give --label one of these", "give label= one of these"),
        ("Give another --out.", "Give another folder."),
        (
            "a.csv: stands on both sides, in the reference and after --against; take it from one, "
            "give a copy of it to test a model against itself, or give a model on each side: "
            "a.csv::x --against a.csv::y --id q",
            "a.csv: stands in old and in new; take it from one, give a copy of it to test a model "
            "against itself, or give a model on each side: old=a.csv::x, new=a.csv::y, id='q'",
        ),
        ("nothing to say -- here", "nothing to say -- here"),
        ("(choose with --cluster)", "(choose with cluster)"),
    ],
)
def test_what_a_person_types_is_python(said: str, python: str):
    assert in_python(said) == python


def test_a_part_of_a_frame_is_a_column_under_another_name():
    said = "for a name of its own write old::'y pred'"
    assert in_python(said, ["old"]) == (
        "for a name of its own write old.rename({'y pred': 'prediction'})"
    )
    assert in_python("write both.csv::a", ["old"]) == "write both.csv::a"


def test_an_error_keeps_its_kind():
    for kind in (TableError, NotComparableError):
        made = for_python(kind("leave it out with --allow-partial"))
        assert type(made) is kind
        assert str(made) == "leave it out with allow_partial=True"
