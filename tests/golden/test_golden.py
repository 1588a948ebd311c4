"""A change of numbers is argued for: all tables of a dozen small audits, numbers to nine digits,
words whole.

After a change that is meant: ``python tests/golden_tables.py`` writes all files anew; say why in
the commit.
"""

from __future__ import annotations

import re
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from golden_tables import FOLDER, TABLES, file_of, table
from golden_texts import TEXTS
from golden_worlds import WORLDS, audit_of
from undertow.audit.settings import SCOPES


@cache
def said(world: str, text: str) -> str:
    return TEXTS[text](audit_of(world))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", TABLES)
def test_the_numbers_are_those_that_were_argued_for(world: str, name: str) -> None:
    found = table(audit_of(world), name)
    file = file_of(world, name)
    if not found.width:
        assert not file.exists(), f"{world} has no {name} any more"
        return
    kept = pl.read_csv(file, schema=found.schema, null_values=["null"])
    assert_frame_equal(found, kept, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.heavy
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("text", TEXTS)
def test_the_words_are_those_that_were_argued_for(world: str, text: str) -> None:
    kept = (FOLDER / world / text).read_text(encoding="utf-8")
    assert said(world, text).splitlines() == kept.splitlines()


@pytest.mark.parametrize("world", WORLDS)
def test_no_sentence_holds_a_number_that_is_none(world: str) -> None:
    for text in TEXTS:
        assert not re.search(r"\b(nan|inf|None)\b", said(world, text)), text


def test_no_file_is_left_of_a_world_that_is_gone() -> None:
    tables = {file_of(world, name) for world in WORLDS for name in TABLES}
    texts = {FOLDER / world / text for world in WORLDS for text in TEXTS}
    assert {
        path for path in FOLDER.glob("*/*") if path.parent.name != "__pycache__"
    } <= tables | texts


def test_each_way_to_decide_is_in_some_world() -> None:
    """Or a golden file would hold nothing of what it is there for."""
    counted = {world for world in WORLDS if any(v.count for v in audit_of(world).variants)}
    assert {"members", "paired", "probabilities"} <= counted
    assert {v.scope for world in WORLDS for v in audit_of(world).variants} == set(SCOPES)
    assert all(any(v.gallery for v in audit_of(world).variants) for world in WORLDS)
    entries = [e for world in WORLDS for v in audit_of(world).variants for e in v.gallery]
    for flag in ("confirmed", "newly_wrong"):
        assert {getattr(entry, flag) for entry in entries} == {False, True}
    assert any(entry.control is None for entry in entries)
    assert {v for world in WORLDS for v in audit_of(world).findings["verdict"]} >= {
        "worse",
        "within tolerance",
        "too small to tell",
        "undefined",
    }
