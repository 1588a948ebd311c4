"""Where answers went, and what a class's loss of recall is made of."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.audit import Settings, audit
from undertow.audit.composition import loss_by_answers
from undertow.audit.measures import accuracy
from undertow.audit.result import ClassAnswers
from worlds import null_world, planted_world, records_from

NAMES = ("bottle", "cup", "car", "dog")


def stuck(rng, label_N, share, right=0.8, members=1):
    """A model that says "bottle" to a share of all images, whatever they show."""
    pred_MN = np.where(
        rng.random((members, len(label_N))) < right,
        label_N,
        rng.integers(0, 4, (members, len(label_N))),
    )
    return np.where(rng.random(pred_MN.shape) < share, 0, pred_MN)


def bottles(members: int = 1):
    rng = np.random.default_rng(3)
    label_N = np.arange(1200) % 4
    sides = (
        stuck(rng, label_N, 0.4, members=members),
        stuck(rng, label_N, 0.0, 0.7, members=members),
    )
    return [
        records_from(side, label_N, NAMES, name=n)
        for side, n in zip(sides, ("old", "new"), strict=True)
    ]


def audited(pair, **given):
    return audit(pair[0], [pair[1]], Settings(by=("class",), draws=200, **given))


@pytest.mark.parametrize("members", [1, 6])
def test_a_class_that_is_answered_less_loses_recall_by_that_and_the_headline_says_so(members: int):
    old, new = bottles(members)
    found = audited((old, new))
    bottle = found.variants[0].composition.classes[0]
    counts = [float((side.pred_MN == 0).sum() / members) for side in (old, new)]
    right = [
        float((side.pred_MN[:, side.label_N == 0] == 0).sum() / members) for side in (old, new)
    ]
    assert (bottle.reference_answers, bottle.variant_answers) == pytest.approx(tuple(counts))
    assert bottle.reference_precision == pytest.approx(right[0] / counts[0])
    assert bottle.variant_recall == pytest.approx(right[1] / 300)
    assert bottle.loses_by_answers
    mean = "" if members == 1 else " (mean of the members)"
    said = (
        f"{counts[0]:,.0f} → {counts[1]:,.0f} answers{mean}, precision "
        f"{100 * right[0] / counts[0]:.0f} → "
    )
    assert f"class bottle loses recall because it is answered less often: {said}" in found.headline
    assert "pays most" not in found.headline
    (note,) = found.findings.filter(
        (pl.col("measure") == "accuracy") & (pl.col("value") == "bottle")
    )["note"]
    assert note.startswith(f"loses recall because it is answered less often: {said}")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.12, 0.70, "12 → 70 %"),
        (0.996, 0.999, "99.6 → 99.9 %"),
        (0.9996, 0.9999, "99.96 → 99.99 %"),
        (1.0, 1.0, "100 % as before"),
    ],
)
def test_a_precision_has_as_many_digits_as_tell_it_from_the_other(before, after, said: str):
    of = ClassAnswers("cat", 90, 40, before, after, 0.9, 0.4, loses_by_answers=True)
    assert loss_by_answers(of, False) == (
        f"loses recall because it is answered less often: 90 → 40 answers, precision {said}"
    )


def test_a_class_whose_examples_are_confused_pays():
    found = audited(planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1))
    assert not any(c.loses_by_answers for c in found.variants[0].composition.classes)
    assert "class class 2 pays most" in found.headline


def test_what_pays_is_named_beside_what_is_answered_less():
    rng = np.random.default_rng(4)
    old, new = bottles()
    dogs_N = (new.label_N == 3) & (rng.random(new.N) < 0.9)
    hit = records_from(np.where(dogs_N, 2, new.pred_MN), new.label_N, NAMES, name="new")
    said = audited((old, hit)).headline
    assert "class dog pays most: −" in said
    assert "class bottle pays" not in said
    half = records_from(
        np.where(dogs_N & (rng.random(new.N) < 0.58), 2, new.pred_MN),
        new.label_N,
        NAMES,
        name="new",
    )
    said = audited((old, half)).headline
    assert (
        "new loses on 2 of 4 slices; class bottle loses recall because it is answered less "
        "often: 667 → " in said
    )
    assert "); class dog pays most of the others: −14.0 points (−" in said


def test_flows_between_two_models_are_counts_of_examples():
    old, new = bottles()
    found = audited((old, new)).variants[0].composition
    first = found.flows[0]
    moved = int(((old.pred_MN[0] == 0) & (new.pred_MN[0] == NAMES.index(first.target))).sum())
    back = int(((new.pred_MN[0] == 0) & (old.pred_MN[0] == NAMES.index(first.target))).sum())
    assert (first.source, first.moved, first.back, first.net) == (
        "bottle",
        moved,
        back,
        moved - back,
    )
    assert 0 < first.low < first.net < first.high
    assert (found.over, found.n_answers, found.cells) == ("examples", 1200.0, 6)
    assert [f.net for f in found.flows] == sorted((f.net for f in found.flows), reverse=True)


@pytest.mark.parametrize("paired", [False, True])
def test_flows_between_populations_are_means_over_pairs_of_members(paired: bool):
    reference, variant = planted_world(
        {1: 0.3}, m_ref=4, m_var=4, n=300, classes=3, seed=2, paired=paired
    )
    found = audited((reference, variant)).variants[0].composition
    pairs = [(m, m) for m in range(4)] if paired else [(a, b) for a in range(4) for b in range(4)]
    for flow in found.flows:
        r, v = (reference.classes.index(name) for name in (flow.source, flow.target))
        counts = [((reference.pred_MN[a] == r) & (variant.pred_MN[b] == v)).sum() for a, b in pairs]
        assert flow.moved == pytest.approx(np.mean(counts))
        assert flow.low < flow.net < flow.high
    assert found.over == "members"


@pytest.mark.heavy
def test_nothing_flows_one_way_where_nothing_changed():
    """In 40 null comparisons of populations limits exclude 0 in at most five (level 5 %, over all
    cells together)."""
    alarms = 0
    for seed in range(40):
        reference, variant = null_world(5, 5, 200, 4, seed=seed)
        found = (
            audit(reference, [variant], Settings(draws=100), measures=[accuracy])
            .variants[0]
            .composition
        )
        alarms += any(f.low > 0 for f in found.flows)
    assert alarms <= 5


def test_a_thousand_classes_are_no_table_of_a_million_cells():
    rng = np.random.default_rng(0)
    label_N = rng.integers(0, 1000, 3000)
    sides = [
        np.where(rng.random((2, 3000)) < 0.9, label_N, rng.integers(0, 1000, (2, 3000)))
        for _ in range(2)
    ]
    reference, variant = (
        records_from(s, label_N, 1000, name=n) for s, n in zip(sides, "ab", strict=True)
    )
    found = (
        audit(reference, [variant], Settings(draws=100), measures=[accuracy])
        .variants[0]
        .composition
    )
    assert len(found.flows) == 12
    assert len(found.classes) == 1000


def test_what_is_generated_has_no_classes():
    from dataclasses import replace

    reference, variant = null_world(1, 1, 60, 3, seed=0)
    said = [
        replace(r, manifest=r.manifest.model_copy(update={"task": "generation"}))
        for r in (reference, variant)
    ]
    assert audit(said[0], [said[1]], Settings(draws=100)).variants[0].composition is None


@pytest.mark.parametrize(("wrong", "holds"), [(49, True), (50, True), (51, True), (52, False)])
def test_a_precision_holds_unless_it_falls_by_half_a_point(wrong: int, holds: bool):
    """500 bottles and as many answers, 400 of them right; then half as many, of which about as many
    are right."""
    label_N = np.repeat([0, 1, 2, 3], 500)
    before_N, after_N = label_N.copy(), label_N.copy()
    before_N[400:600] = np.repeat([1, 0], 100)
    after_N[200:500], after_N[500 : 500 + wrong] = 1, 0
    sides = [
        records_from([p], label_N, NAMES, name=n) for p, n in ((before_N, "old"), (after_N, "new"))
    ]
    bottle = audited(sides).variants[0].composition.classes[0]
    assert (bottle.reference_precision, bottle.variant_precision) == pytest.approx(
        (0.8, 200 / (200 + wrong))
    )
    assert bottle.loses_by_answers == holds


@pytest.mark.parametrize(("size", "verdict"), [(5, "too small to tell"), (1, "within tolerance")])
def test_answers_over_few_clusters_are_not_said_to_be_within_tolerance(size, verdict):
    """Nothing moved; but a kind of cluster that none of 60 is may move by more than 5 points."""
    label_N = np.arange(300) // 5 % 3
    slices = {"cluster": [f"p{i // size}" for i in range(300)]}
    sides = [
        records_from(label_N[None], label_N, 3, name=name, slices=slices) for name in ("old", "new")
    ]
    found = audit(sides[0], sides[1:], Settings(by=("class",), draws=100)).findings
    rows = found.filter(pl.col("measure") == "answer_share")
    assert set(rows["verdict"]) == {verdict}
