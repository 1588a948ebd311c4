"""Which of two classes a person named."""

from __future__ import annotations

import pytest

from undertow.records.class_list import class_meant


@pytest.mark.parametrize(
    ("asked", "classes", "meant"),
    [
        ("fraud", ("legit", "fraud"), "fraud"),
        ("Fraud", ("legit", "fraud"), "fraud"),
        (" fraud", ("legit", "fraud"), "fraud"),
        ("frod", ("legit", "fraud"), None),
        (None, ("legit", "fraud"), None),
        # As a file of 1.0 and 0.0 is read.
        ("1.0", ("0", "1"), "1"),
        ("0.00", ("0", "1"), "0"),
        ("1.5", ("0", "1"), None),
        ("v1.0", ("v1", "v2"), None),
        ("v1", ("v1.0", "v2.0"), None),
        # As it is written goes first.
        ("1.0", ("1", "1.0"), "1.0"),
        ("1.00", ("1", "1.0"), None),
        # Truth and its numbers.
        ("true", ("0", "1"), "1"),
        ("FALSE", ("0", "1"), "0"),
        ("1", ("false", "true"), "true"),
        ("0.0", ("False", "True"), "False"),
        ("True", ("false", "true"), "true"),
        ("true", ("1", "2"), None),
        ("1", ("maybe", "true"), None),
        # Two that differ in capitals alone.
        ("YES", ("Yes", "YES"), "YES"),
        ("yes", ("Yes", "YES"), None),
        ("Yes", ("no", "yes", "maybe"), None),
    ],
)
def test_a_class_is_named_as_it_is_written_or_read(
    asked: str | None, classes: tuple[str, ...], meant: str | None
):
    assert class_meant(asked, classes) == meant
