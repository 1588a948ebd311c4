"""A class that is lost where nobody asked for classes is said, and is no slice."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.result import Audit, Unasked
from undertow.notebook import Compared
from undertow.records.records import Records
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.text import warnings
from worlds import null_world, planted_world, records_from

N = 2000
PLACE_N = np.arange(N)
LABEL_N = np.where(PLACE_N < 40, 0, 1 + PLACE_N % 3)
CLASSES = ("truck", "car", "cat", "ship")
LIGHT = ["day", "night"] * (N // 2)
LOST = (
    "'new' loses on 1 of 4 classes, which no slice is about: class truck −100.0 points (−100.0 to "
    "−70.9), n = 40; add --by class."
)


def sides(lost: int = 40, gained: int = 40, whole: int = 0) -> tuple[Records, Records]:
    """The new model answers ``lost`` trucks as cars, makes as many other answers right as
    ``gained``, and ``whole`` others wrong."""
    before_N = np.where((PLACE_N >= 40) & (PLACE_N < 340), 0, LABEL_N)
    after_N = before_N.copy()
    after_N[:lost] = 1
    after_N[40 : 40 + gained] = LABEL_N[40 : 40 + gained]
    after_N[N - whole :] = 0
    return tuple(
        records_from(pred_N[None], LABEL_N, CLASSES, name=name, slices={"light": LIGHT})
        for name, pred_N in (("old", before_N), ("new", after_N))
    )


def audited(both: tuple[Records, Records], by: tuple[str, ...] = ("light",)) -> Audit:
    return audit(both[0], [both[1]], Settings(by=by, draws=100))


def test_a_class_that_is_lost_is_said_before_the_verdict_and_is_no_slice():
    found = audited(sides())
    assert found.notices == (LOST,)
    assert found.verdict == "within tolerance"
    assert set(found.findings["slice"]) == {"all", "light"}
    assert found.not_looked_at == (Unasked("class", 4),)
    text = summary_text(found)
    assert text.splitlines()[0] == f"NOTE: {LOST}"
    unasked = "Not looked at: class (4 values); add --by class to look beneath the whole."
    assert text.splitlines()[-1] == unasked
    for page in (render_html(found).replace("<wbr>", "").replace("&#39;", "'"), summary_markdown(found)):
        assert LOST in page
        assert unasked in page
    spoken = LOST.replace("--by class", "by='class'")
    shown = Compared(found)
    assert f"NOTE: {spoken}" in repr(shown)
    assert spoken in shown._repr_html_().replace("&#39;", "'")
    assert "--by" not in shown._repr_html_()


def test_a_gate_that_passes_says_it_too_and_a_quiet_one_keeps_it():
    policy = parse_policy('[[worst_slice_drop]]\nby = "light"\npoints = 9')
    old, new = sides()
    result = gate(old, [new], policy)
    assert result.verdict == "pass"
    assert warnings(result.audit) == f"NOTE: {LOST}"


def test_the_slices_that_were_asked_for_are_corrected_as_if_classes_were_not_looked_at():
    old, new = sides()
    mine = audited((old, new)).findings
    whole = audited((old, new), ("light", "class")).findings
    rows = mine.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "light"))
    beside = whole.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "light"))
    # Two slices here, six there.
    assert (rows["high"] - rows["low"] < beside["high"] - beside["low"]).all()


@pytest.mark.parametrize("by", [("class",), ("light", "class"), ("light+class",), ()])
def test_where_the_class_was_asked_for_or_no_slice_was_nothing_is_said(by: tuple[str, ...]):
    found = audited(sides(), by)
    assert found.notices == ()
    assert (Unasked("class", 4) in found.not_looked_at) == (by == ())


def test_of_a_whole_that_falls_only_a_class_that_falls_by_more_is_said():
    assert audited(sides(lost=0, gained=0, whole=300)).notices == ()
    (said,) = audited(sides(lost=40, gained=0, whole=300)).notices
    assert said.startswith("'new' loses on 1 of 4 classes, which no slice is about: class truck −")


def test_two_classes_with_error_rates_are_looked_at_already():
    both = [
        records_from(
            (LABEL_N > 1)[None], LABEL_N > 1, 2, name=name, slices={"light": LIGHT},
            task="binary", positive="class 1",
        )
        for name in ("old", "new")
    ]  # fmt: skip
    assert audited((both[0], both[1])).not_looked_at == ()


def test_several_members_are_asked_as_members():
    old, new = planted_world({2: 0.5}, n=600, seed=3)
    found = audit(old, [new], Settings(by=("region",), draws=400))
    (said,) = (n for n in found.notices if "no slice is about" in n)
    assert said.startswith("'variant' loses on 1 of 4 classes, which no slice is about: class class 2 −")


@pytest.mark.heavy
@pytest.mark.parametrize("members", [1, 4])
def test_an_equal_model_is_accused_no_more_often_than_chance(members: int):
    """At the audit's level of 5 %, of which losses are one half."""
    worlds = 400
    accused = 0
    for seed in range(worlds):
        old, new = null_world(members, members, n=300, seed=seed)
        found = audit(old, [new], Settings(by=("region",), draws=200), measures=[])
        accused += any("no slice is about" in n for n in found.notices)
    assert accused <= 0.05 * worlds
