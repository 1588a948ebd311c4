"""Which slice effects are drawn, and in what order."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl

import audits
from undertow.report.effects import primary_measure, slice_effects, worst


def test_accuracy_is_charted_where_there_is_accuracy():
    assert primary_measure(audits.garments((0.9,)).findings) == "accuracy"


def test_without_labels_a_disagreement_is_charted_on_the_scale_of_its_effect():
    audit = audits.garments((0.95,))
    unlabelled = replace(
        audit, findings=audit.findings.filter(pl.col("measure") == "modal_disagreement")
    )
    shown = slice_effects(unlabelled)
    assert shown is not None
    assert shown.measure == "modal_disagreement"
    first = shown.panels[0].effects[0]
    assert first.value == "Shirt"
    assert math.isclose(first.band_low, -first.band_high)


def test_panels_share_their_order_when_all_slices_fit():
    shown = slice_effects(audits.garments())
    assert shown is not None
    assert shown.same_order
    orders = {tuple(e.value for e in p.effects) for p in shown.panels}
    assert len(orders) == 1
    assert next(iter(orders))[:3] == ("Shirt", "Coat", "Pullover")


def test_equal_costs_stand_in_one_order_too():
    """Each variant ranks its slices by itself, so of two that cost nothing another comes first."""
    names = ("a", "b", "c")
    rows = [
        audits.finding(variant, value, 0.0, np.random.default_rng(0), verdict=verdict)
        for variant, order in (("v", names), ("w", names[::-1]))
        for value, verdict in zip(order, ("better", *["within tolerance"] * 2), strict=True)
    ]
    made = audits.garments((0.5, 0.9))
    arms = tuple(
        replace(v, arm=replace(v.arm, name=name))
        for v, name in zip(made.variants, "vw", strict=False)
    )
    shown = slice_effects(replace(made, variants=arms, findings=audits.frame(rows)))
    assert shown is not None
    assert [[e.value for e in p.effects] for p in shown.panels] == [list(names)] * 2


def test_of_a_thousand_slices_the_thirty_most_affected_stay_and_the_worst_is_among_them():
    audit = audits.many_classes(1000)
    shown = slice_effects(audit)
    assert shown is not None
    assert not shown.same_order
    for panel in shown.panels:
        rows = audit.findings.filter(
            (pl.col("variant") == panel.variant)
            & (pl.col("measure") == "accuracy")
            & (pl.col("slice") != "all")
        )
        assert (len(panel.effects), panel.total) == (30, 1000)
        costly = rows.filter(pl.col("verdict") == "worse")["effect"].min()
        assert panel.effects[0].effect == costly
        assert [e.effect for e in panel.effects] == sorted(e.effect for e in panel.effects)


def test_only_the_variants_that_lose_most_get_a_panel():
    shown = slice_effects(audits.garments(), panels=2)
    assert shown is not None
    assert [p.variant for p in shown.panels] == ["pruned 90 %", "pruned 95 %"]
    assert shown.variants == 5


def test_where_none_is_worse_those_with_the_largest_loss_get_a_panel():
    audit = audits.garments()
    findings = audit.findings.with_columns(verdict=pl.lit("too small to tell"))
    shown = slice_effects(replace(audit, findings=findings), panels=2)
    assert shown is not None
    assert [p.variant for p in shown.panels] == ["pruned 90 %", "pruned 95 %"]


def test_slices_of_two_columns_stand_under_their_column():
    shown = slice_effects(audits.texts())
    assert shown is not None
    assert shown.columns == ("class", "region")
    assert [e.slice for e in shown.panels[0].effects] == ["class"] * 10 + ["region"] * 4


def test_worst_names_only_what_the_audit_calls_worse():
    shown = slice_effects(audits.garments((0.0, 0.95)))
    assert shown is not None
    assert worst(shown.panels[0]) == ()
    assert [e.value for e in worst(shown.panels[1])] == ["Shirt", "Coat", "Pullover"]
    assert worst(None) == ()


def test_undefined_slices_come_last_and_break_nothing():
    audit = audits.garments((0.9,))
    hole = (
        pl.when(pl.col("value") == "Bag").then(np.nan).otherwise(pl.col("effect")).alias("effect")
    )
    shown = slice_effects(replace(audit, findings=audit.findings.with_columns(hole)))
    assert shown is not None
    assert shown.panels[0].effects[-1].value == "Bag"


def test_no_slices_no_chart():
    audit = audits.garments((0.9,))
    assert (
        slice_effects(replace(audit, findings=audit.findings.filter(pl.col("slice") == "all")))
        is None
    )
    assert slice_effects(replace(audit, findings=audit.findings.clear())) is None


def test_where_no_slice_is_worse_the_largest_changes_of_either_sign_are_shown():
    audit = audits.many_classes(1000)
    quiet = replace(
        audit, findings=audit.findings.with_columns(verdict=pl.lit("too small to tell"))
    )
    shown = slice_effects(quiet)
    assert shown is not None
    for panel in shown.panels:
        rows = audit.findings.filter(
            (pl.col("variant") == panel.variant)
            & (pl.col("measure") == "accuracy")
            & (pl.col("slice") != "all")
        )
        most = rows["effect"].abs().sort(descending=True)[29]
        assert min(abs(e.effect) for e in panel.effects) >= most
