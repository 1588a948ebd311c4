"""A class that is lost where nobody asked for classes is said, and is no slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.class_unanswered import unanswered
from undertow.audit.gate import gate
from undertow.audit.gate.policy import parse_policy
from undertow.audit.pair import Pair
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
    for page in (
        render_html(found).replace("<wbr>", "").replace("&#39;", "'"),
        summary_markdown(found),
    ):
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


@pytest.mark.heavy
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
    assert said.startswith(
        "'variant' loses on 1 of 4 classes, which no slice is about: class class 2 −"
    )


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


def test_a_rare_class_under_another_name_is_said_however_rare() -> None:
    """1.6 % of all answers."""
    sides = []
    for name, answer in (("old", 0), ("new", 4)):
        pred_N = np.where(LABEL_N == 0, answer, LABEL_N)
        made = records_from(pred_N[None], LABEL_N, (*CLASSES, "lorry"), name=name)
        observed = made.manifest.model_copy(update={"classes_from": "observed"})
        sides.append(replace(made, manifest=observed))
    found = audit(sides[0], [sides[1]], Settings(by=("class",), draws=100))
    assert found.notices == (
        "'new' answers 'lorry', which no example has as its right answer, to 40 of 40 whose right "
        "answer is 'truck', and none of these is right. If they mean the same, write them alike and "
        "audit again.",
    )


def test_slices_that_leave_a_verdict_open_come_before_a_whole_that_keeps_its_accuracy() -> None:
    right_N = np.where(PLACE_N % 400 == 7, (LABEL_N + 1) % 4, LABEL_N)
    slices = {"rare": ["few" if n < 12 else "most" for n in range(N)]}
    old, new = (
        records_from(pred_N[None], LABEL_N, CLASSES, name=name, slices=slices)
        for name, pred_N in (("old", LABEL_N), ("new", right_N))
    )
    found = audit(old, [new], Settings(by=("rare",), draws=100))
    assert found.verdict == "too small to tell"
    assert found.headline.startswith(
        "new: no slice is shown to lose more than chance can explain; 1 of 2 is too small to tell. "
        "The whole keeps its accuracy ("
    )


NEVER = (
    "'new' no longer answers 'pos': 1.2 % → 0.0 % of answers (25 → 0 of 2,000); 1.0 % have that "
    "label. Add --by class."
)


def rare(
    answered: int, *, classes: tuple[str, ...] = ("neg", "pos"), labelled: int = 20
) -> tuple[Records, Records]:
    """The old model answers ``pos`` to 15 of 20 examples that are and to 10 that are not, the new
    one to ``answered`` of them."""
    place_N = np.arange(N)
    label_N = np.where(place_N < labelled, 1, 0)
    binary = {"task": "binary", "positive": "pos"} if len(classes) == 2 else {}
    return tuple(
        records_from(
            ((place_N >= 5) & (place_N < 5 + said)).astype(np.int64)[None], label_N, classes,
            name=name, slices={"light": LIGHT}, **binary,
        )
        for name, said in (("old", 25), ("new", answered))
    )  # fmt: skip


@pytest.mark.parametrize("classes", [("neg", "pos"), ("neg", "pos", "never")])
def test_a_rare_class_that_is_answered_no_more_is_said_beside_a_pass(classes: tuple[str, ...]):
    """The class falls by .75 of a point of all, beneath every limit."""
    old, new = rare(0, classes=classes)
    result = gate(old, [new], parse_policy('[[worst_slice_drop]]\nby = "light"\npoints = 9'))
    assert result.verdict == "pass"
    said = warnings(result.audit).splitlines()
    if len(classes) == 2:
        assert said[-1] == f"NOTE: {NEVER}"
    else:  # Of more classes than two the loss is said already.
        assert said[-1].startswith("NOTE: 'new' loses on 1 of 2 classes, which no slice is about")
    assert sum("pos" in one for one in said if "loses" in one or "no longer" in one) == 1


def test_a_class_that_is_hardly_answered_any_more_is_said_and_one_that_is_answered_less_is_not():
    (said,) = (n for n in audited(rare(1)).notices if "hardly" in n)
    assert said == (
        "'new' hardly ever answers 'pos': 1.2 % → 0.1 % of answers (25 → 1 of 2,000); 1.0 % have "
        "that label. Add --by class."
    )
    for case in (rare(4), rare(0, labelled=0)):
        assert not any("answers 'pos'" in n for n in audited(case).notices)
    assert not any("answers 'pos'" in n for n in audited(rare(0), ("class",)).notices)


@pytest.mark.heavy
@pytest.mark.parametrize("members", [1, 4])
def test_a_class_that_two_equal_models_answer_rarely_is_not_said_to_be_gone(members: int):
    """2 to 12 of 300 answers by chance: one side of the level of 1 % at most."""
    rng = np.random.default_rng(members)
    worlds, accused = 1000, 0
    label_N = (np.arange(300) < 6).astype(np.int64)
    for _ in range(worlds):
        pred_MN = (rng.random((2 * members, 300)) < rng.uniform(0.007, 0.04)).astype(np.int64)
        old, new = (
            records_from(side_MN, label_N, ("neg", "pos"), name=name, task="binary", positive="pos")
            for name, side_MN in (("old", pred_MN[:members]), ("new", pred_MN[members:]))
        )
        pair = Pair(old, new, paired=False, settings=Settings(by=("light",), draws=200))
        accused += any(unanswered(pair))
    assert accused <= 0.005 * worlds
