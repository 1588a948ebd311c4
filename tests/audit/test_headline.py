"""The sentences people read first, whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from undertow.audit import Settings, audit
from undertow.audit.measures import taxicab
from worlds import null_world, planted_world, records_from


def test_a_loss_says_how_much_who_and_how_many() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], Settings(by=("class",), draws=500))
    first, second, third = found.headline.split(". ")
    assert first.startswith("variant loses 8.3 points of accuracy overall (95 % interval −")
    assert second.startswith("1 of 6 slices lose more than chance; class class 2 pays most: −41.4 points (−")
    assert third.startswith(
        "118 of 1,200 examples changed their modal answer, more than chance: exchanged members give"
    )


def test_the_interval_has_the_level_of_the_audit() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=4, seed=1)
    found = audit(reference, [variant], Settings(draws=200, level=0.1))
    assert "of accuracy overall (90 % interval −" in found.headline


def test_several_variants_say_how_many_cost_somebody() -> None:
    reference, worse = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    _, again = planted_world({}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    renamed = again.manifest.model_copy(update={"name": "again"})
    found = audit(reference, [replace(again, manifest=renamed), worse], Settings(by=("class",), draws=500))
    assert found.headline.startswith("1 of 2 variants cost somebody more than chance. variant loses")


def test_an_interval_beside_zero_that_the_exact_test_does_not_confirm_says_both() -> None:
    label_N = np.zeros(800, dtype=np.int64)
    before_N, after_N = label_N.copy(), label_N.copy()
    before_N[:104], after_N[104:239] = 1, 1
    before, after = (
        records_from(pred[None], label_N, 2, name=name) for name, pred in (("old", before_N), ("new", after_N))
    )
    found = audit(before, [after], Settings(draws=200))
    assert found.headline.startswith(
        "new loses 3.9 points of accuracy overall (95 % interval −7.7 to −0.1), but the exact test cannot tell that"
        " from chance (p = 0.052). "
    )


def test_one_model_a_side_without_labels() -> None:
    reference, variant = null_world(1, 1, 400, 3, seed=4)
    bare = [records_from(r.pred_MN, None, r.classes, name=r.name) for r in (reference, variant)]
    found = audit(bare[0], [bare[1]], Settings(draws=100))
    share = 100 * float((bare[0].pred_MN[0] != bare[1].pred_MN[0]).mean())
    assert found.headline == (
        "variant: no labels, so only disagreement can be measured. "
        f"{share:.1f} % of answers changed; there is no floor to set that against (one member each side)."
    )
    assert found.verdict == "too small to tell"


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.001, "worse"), (0.4, "within floor")])
def test_votes_that_moved_by_less_than_the_tolerance_do_not_turn_the_verdict(tolerance: float, verdict: str) -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], Settings(draws=500, tolerance_overall=tolerance), measures=[taxicab])
    assert found.findings["verdict"].to_list() == ["worse"]
    assert found.verdict == verdict
