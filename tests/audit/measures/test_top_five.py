"""Top-5 accuracy: values known by hand, and that it decides nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import worlds
from undertow.audit.compare import audit
from undertow.audit.measures import top_5_accuracy
from undertow.audit.settings import Settings
from undertow.errors import UserError
from undertow.records.records import Records
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.glance import glance

CLASSES = 25
LINE = "top-5 100.0 % → 60.0 % (−40.0 points, −45.8 to −34.5)"


def ranked(rank_N: np.ndarray, name: str) -> Records:
    """One model that always answers class 0, which is never right; the label stands at this place
    of its probabilities, from 1 on."""
    label_N = 1 + np.arange(rank_N.size) % (CLASSES - 1)
    proba_NC = np.tile(np.arange(CLASSES, 0, -1.0), (rank_N.size, 1))
    for n, (rank, label) in enumerate(zip(rank_N, label_N, strict=True)):
        order = [c for c in range(CLASSES) if c != label]
        order.insert(rank - 1, label)
        proba_NC[n, order] = np.arange(CLASSES, 0, -1.0)
    proba_NC /= proba_NC.sum(axis=1, keepdims=True)
    pred_N = np.zeros(rank_N.size, int)
    return worlds.records_from([pred_N], label_N, CLASSES, proba=proba_NC[None], name=name)


def pair(n: int = 300) -> tuple[Records, Records]:
    """Both are wrong everywhere; of the variant's labels two in five leave the five likeliest."""
    lost_N = np.arange(n) % 5 < 2
    return ranked(np.full(n, 5), "old"), ranked(np.where(lost_N, 6, 5), "new")


def test_the_fifth_place_counts_and_the_sixth_does_not():
    found = top_5_accuracy(ranked(np.array([2, 5, 6, 25]), "old"))
    np.testing.assert_array_equal(found, [[1, 1, 0, 0]])


def test_records_without_it_are_refused():
    with pytest.raises(UserError) as refused:
        top_5_accuracy(worlds.records_from([[0]], [0], CLASSES, name="bare"))
    assert str(refused.value) == (
        "population 'bare' does not tell which five classes are likeliest: give the probabilities "
        "of 20 classes or more"
    )


def test_it_is_found_on_the_whole_and_by_slice_and_decides_nothing():
    settings = Settings(by=("class",), draws=200)
    sides = pair()
    bare = tuple(replace(side, in_top_MN=None) for side in sides)
    made, without = (audit(r, [v], settings) for r, v in (sides, bare))
    of_top = pl.col("measure") == "top_5_accuracy"
    rows = made.findings.filter(of_top)
    assert rows["slice"].to_list() == ["all"] + ["class"] * (CLASSES - 1)
    whole = rows.row(0, named=True)
    assert (whole["reference"], whole["changed"], whole["verdict"]) == (1.0, 0.6, "worse")
    assert whole["note"].startswith("120 labels left the five likeliest, 0 came among them")
    assert_frame_equal(made.findings.filter(~of_top), without.findings)
    assert (made.verdict, made.headline) == (without.verdict, without.headline)
    assert made.verdict != "worse"


def test_it_stands_beside_accuracy_on_page_terminal_and_summary():
    made = audit(pair()[0], [pair()[1]], Settings(by=("class",), draws=200))
    said = summary_text(made).splitlines()
    at = next(i for i, one in enumerate(said) if "accuracy 0.0 % → 0.0 %" in one)
    assert said[at + 1].strip() == LINE
    assert f"0.0 % → 0.0 %; {LINE}" in summary_markdown(made)
    assert LINE in render_html(made)
    assert LINE in glance(made, "")


def test_where_it_is_not_known_no_line_is_there():
    old, new = (replace(side, in_top_MN=None) for side in pair())
    made = audit(old, [new], Settings(by=("class",), draws=200))
    reason = "neither side tells which five classes are likeliest"
    assert any(a == f"top_5_accuracy is left out: {reason}." for a in made.variants[0].design)
    for said in (summary_text(made), summary_markdown(made), glance(made, "")):
        assert "top-5" not in said.lower()
