"""The whole audit on planted worlds: it finds what was planted, and nothing where nothing was."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from undertow.audit import Audit, Settings, audit
from undertow.audit.measures import accuracy, churn
from undertow.audit.result import EXEMPLAR_COLUMNS, FINDING_COLUMNS
from undertow.errors import UserError
from worlds import null_world, planted_world, records_from

SETTINGS = Settings(by=("class",), draws=500)


@pytest.fixture(scope="module")
def planted() -> Audit:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    return audit(reference, [variant], SETTINGS)


@pytest.fixture(scope="module")
def null() -> Audit:
    reference, variant = null_world(8, 8, 1200, 6, seed=2)
    return audit(reference, [variant], SETTINGS)


def rows(found: Audit, measure: str, slice: str, value: str = "") -> dict[str, object]:
    f = found.findings
    hit = f.filter((pl.col("measure") == measure) & (pl.col("slice") == slice) & (pl.col("value") == value))
    assert hit.height == 1
    return hit.row(0, named=True)


def test_the_planted_class_is_worse_and_named(planted: Audit) -> None:
    assert planted.verdict == "worse"
    assert rows(planted, "accuracy", "class", "class 2")["verdict"] == "worse"
    assert "class class 2 pays most" in planted.headline


def test_no_other_class_is_blamed(planted: Audit) -> None:
    f = planted.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "class"))
    assert set(f.filter(pl.col("value") != "class 2")["verdict"]) <= {"within floor", "too small to tell"}


def test_nothing_is_blamed_in_the_null_world(null: Audit) -> None:
    assert null.verdict != "worse"
    assert "worse" not in set(null.findings.filter(pl.col("measure") == "accuracy")["verdict"])


def test_the_count_is_within_its_floor_only_in_the_null_world(planted: Audit, null: Audit) -> None:
    count, nothing = planted.variants[0].count, null.variants[0].count
    assert count is not None
    assert nothing is not None
    assert count.observed > count.floor_high
    assert count.p < 0.01
    assert nothing.observed <= nothing.floor_high


def test_the_count_is_the_number_of_rows_that_say_so(planted: Audit) -> None:
    count = planted.variants[0].count
    assert count is not None
    assert planted.exemplars["modal_disagreement"].sum() == count.observed
    assert (planted.exemplars["q"] <= SETTINGS.fdr).sum() == count.confirmed


def test_tables_have_the_published_columns(planted: Audit) -> None:
    assert planted.findings.schema == FINDING_COLUMNS
    assert planted.exemplars.schema == EXEMPLAR_COLUMNS
    assert planted.exemplars["rank"].to_list() == list(range(1, planted.exemplars.height + 1))


def test_exemplars_stand_beside_unchanged_controls_of_the_same_class(planted: Audit) -> None:
    changed = set(planted.exemplars.filter(pl.col("modal_disagreement"))["example_id"])
    gallery = planted.variants[0].gallery
    assert len(gallery) == SETTINGS.gallery
    controls = [entry.control for entry in gallery]
    assert all(c is not None and c.example_id not in changed for c in controls)
    assert all(e.control is not None and e.control.label == e.exemplar.label for e in gallery)
    assert len({c.example_id for c in controls if c is not None}) == len(gallery)


def test_the_same_inputs_give_the_same_audit(planted: Audit) -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    assert audit(reference, [variant], SETTINGS).findings.equals(planted.findings)


def test_one_model_a_side_says_that_it_has_no_floor() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=1, m_var=1, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], SETTINGS)
    assert rows(found, "accuracy", "class", "class 2")["verdict"] == "worse"
    assert np.isnan(rows(found, "accuracy", "all")["floor"])  # type: ignore[call-overload]
    assert rows(found, "churn", "all")["verdict"] == "too small to tell"
    assert "no floor" in found.headline
    assert found.exemplars["p"].is_nan().all()


def test_a_repeat_run_of_the_reference_gives_the_floor() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=2, m_var=1, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], SETTINGS)
    row = rows(found, "churn", "class", "class 2")
    assert row["verdict"] == "worse"
    assert 0 < row["floor"] < row["changed"]  # type: ignore[operator]


def test_three_members_a_side_cannot_decide_and_the_audit_says_so() -> None:
    reference, variant = planted_world({2: 0.9}, m_ref=3, m_var=3, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], SETTINGS)
    row = rows(found, "accuracy", "class", "class 2")
    assert row["verdict"] == "too small to tell"
    assert row["note"] == "3 + 3 members cannot reach 5% (smallest possible p is 0.1); 4 members a side can."


def test_without_labels_disagreement_is_still_measured() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=6, seed=1)
    bare = [records_from(r.pred_MN, None, r.classes, name=r.name) for r in (reference, variant)]
    found = audit(bare[0], [bare[1]], Settings(draws=300))
    assert "accuracy" not in set(found.findings["measure"])
    assert rows(found, "modal_disagreement", "all")["verdict"] == "worse"
    assert any(s.startswith("accuracy is left out:") for s in found.variants[0].design)


def test_a_population_against_its_copy_differs_in_nothing() -> None:
    reference, _ = null_world(5, 5, 400, 4, seed=3)
    copy = records_from(reference.pred_MN, reference.label_N, reference.classes, name="copy")
    found = audit(reference, [copy], Settings(by=("class",), draws=300), measures=[accuracy, churn])
    assert (found.findings.filter(pl.col("measure") == "accuracy")["effect"].abs() < 1e-12).all()
    assert found.variants[0].count is not None
    assert found.variants[0].count.observed == 0


def test_two_variants_of_one_name_are_refused() -> None:
    reference, variant = null_world(2, 2, 50, 3, seed=0)
    with pytest.raises(UserError) as caught:
        audit(reference, [variant, variant])
    assert str(caught.value) == (
        f"two populations are both named {variant.name!r}: rename one, findings are told apart by name"
    )
