"""The whole audit on planted worlds: it finds what was planted, and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from undertow.audit import Audit, Settings, audit
from undertow.audit.compare import Comparison, audit_comparisons
from undertow.audit.findings import FINDING_COLUMNS
from undertow.audit.measures import accuracy, churn
from undertow.audit.pair import Pair
from undertow.audit.result import EXEMPLAR_COLUMNS
from undertow.audit.stats.mcnemar import HALF, paired_interval
from undertow.errors import UserError
from undertow.records.records import Records
from undertow.report.text import summary_text
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
    hit = f.filter(
        (pl.col("measure") == measure) & (pl.col("slice") == slice) & (pl.col("value") == value)
    )
    assert hit.height == 1
    return hit.row(0, named=True)


def as_they_are(reference: Records, variant: Records, settings: Settings) -> Audit:
    """The audit of records that need no aligning, and would be refused for what they lack."""
    pair = Pair(reference, variant, False, settings)
    return audit_comparisons(reference, [Comparison(pair, pair.reference, (), ())], settings)


def test_the_planted_class_is_worse_and_named(planted: Audit) -> None:
    assert planted.verdict == "worse"
    assert rows(planted, "accuracy", "class", "class 2")["verdict"] == "worse"
    assert "class class 2 pays most" in planted.headline


def test_no_other_class_is_blamed(planted: Audit) -> None:
    f = planted.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "class"))
    assert set(f.filter(pl.col("value") != "class 2")["verdict"]) <= {
        "within tolerance",
        "too small to tell",
    }


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
    churn = rows(found, "churn", "all")
    assert (churn["verdict"], churn["note"]) == (
        "undefined",
        "no floor: one reference run; a repeat run of the reference would give one",
    )
    assert "no floor" in found.headline
    assert found.exemplars["p"].is_nan().all()


def test_a_repeat_run_of_the_reference_gives_the_floor() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=2, m_var=1, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], SETTINGS)
    row = rows(found, "churn", "class", "class 2")
    assert row["verdict"] == "changed"
    assert 0 < row["floor"] < row["changed"]  # type: ignore[operator]


def test_three_members_a_side_decide_shifts_by_students_t_and_the_audit_says_so() -> None:
    reference, variant = planted_world({2: 0.9}, m_ref=3, m_var=3, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], SETTINGS)
    row = rows(found, "accuracy", "class", "class 2")
    assert row["verdict"] == "worse"
    assert row["p_adjusted"] == pytest.approx(6 * row["p"])  # type: ignore[operator]
    assert "shifts are tested by Welch's t" in found.variants[0].design[1]
    assert rows(found, "churn", "class", "class 2")["verdict"] == "too small to tell"


def test_paired_churn_has_no_floor_and_is_not_called_within_it() -> None:
    reference, variant = planted_world(
        {0: 0.3}, m_ref=8, m_var=8, n=400, paired=True, churn=0.3, seed=1
    )
    row = rows(audit(reference, [variant], Settings(draws=200)), "churn", "all")
    pairs = zip(reference.pred_MN, variant.pred_MN, strict=True)
    assert row["changed"] == pytest.approx(np.mean([(a != b).mean() for a, b in pairs]))
    assert all(np.isnan(float(str(row[key]))) for key in ("floor", "effect", "p"))
    assert row["verdict"] == "too small to tell"
    assert str(row["note"]).startswith(
        "no floor: swapping the members of a pair does not change this measure; "
    )


def test_three_members_a_side_find_nothing_within_the_floor() -> None:
    reference, variant = planted_world({0: 0.5}, m_ref=3, m_var=3, n=400, seed=1)
    found = audit(reference, [variant], SETTINGS)
    counted = found.findings.filter(
        pl.col("measure").is_in(["modal_disagreement", "taxicab", "churn"])
    )
    assert set(counted["verdict"]) == {"too small to tell"}
    assert (
        "78 of the 382 examples with a modal answer on both sides changed it, which cannot be told "
        "from chance: exchanged" in found.headline
    )


def test_one_repeat_run_does_not_make_a_few_examples_decide() -> None:
    reference, variant = planted_world({0: 0.5}, m_ref=2, m_var=1, n=45, seed=1)
    found = audit(reference, [variant], SETTINGS)
    row = rows(found, "churn", "class", "class 0")
    assert row["changed"] > row["floor_high"] + 0.2  # type: ignore[operator]
    assert row["verdict"] == "too small to tell"
    assert row["low"] < 0 < row["high"]  # type: ignore[operator]


def test_a_repeat_run_shows_how_far_accuracy_moves_by_itself() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=3, m_var=1, n=600, classes=3, seed=1)
    row = rows(audit(reference, [variant], SETTINGS), "accuracy", "class", "class 2")
    right_M = np.nanmean(reference.correct_MN[:, reference.label_N == 2], axis=1, dtype=np.float64)
    from_the_others = [right_M[r] - np.delete(right_M, r).mean() for r in range(3)]
    assert row["floor_low"] == pytest.approx(min(from_the_others))
    assert row["floor_high"] == pytest.approx(max(from_the_others))
    assert row["floor"] == pytest.approx(0, abs=1e-12)
    assert "no floor" not in str(row["note"])


def test_a_slice_on_which_a_repeat_run_says_nothing_is_undefined() -> None:
    label = [0, 1, 0, -1] * 10
    silent = [-1 if n % 4 == 1 else n % 2 for n in range(40)]
    reference = records_from([[0, 1, 0, 1] * 10, silent], label, 2, name="old")
    found = as_they_are(
        reference, records_from([[0, 1, 1, 1] * 10], label, 2, name="new"), SETTINGS
    )
    row = rows(found, "newly_wrong_per_pair", "class", "(missing)")
    assert (row["verdict"], row["note"], row["n_examples"]) == ("undefined", "", 0)
    row = rows(found, "churn", "class", "class 1")
    assert (row["verdict"], row["n_examples"]) == ("undefined", 10)
    assert row["note"] == "no floor: the repeat runs have no value on these examples"


@pytest.mark.parametrize("members", [1, 4])
def test_error_rates_stand_with_their_counts_and_relative_change(members: int) -> None:
    label_N = [0] * 40 + [1] * 20
    before = [[1] * 4 + [0] * 36 + [1] * 20] * members
    after = [[1] * 10 + [0] * 30 + [1] * 15 + [0] * 5] * members
    made = {"classes": ("dark", "blond"), "task": "binary", "positive": "blond"}
    reference = records_from(before, label_N, name="dense", **made)
    variant = records_from(after, label_N, name="pruned", **made)
    found = audit(reference, [variant], SETTINGS)
    alarms = rows(found, "false_positive_rate", "all")
    assert (alarms["reference"], alarms["changed"], alarms["n_examples"]) == (0.1, 0.25, 40)
    assert str(alarms["note"]).startswith("false positives 4 → 10 of 40; relative change +150 %")
    misses = rows(found, "false_negative_rate", "class", "blond")
    assert (misses["changed"], misses["n_examples"]) == (0.25, 20)
    assert str(misses["note"]).startswith(
        "false negatives 0 → 5 of 20; relative change undefined (none before)"
    )
    assert rows(found, "false_positive_rate", "class", "blond")["verdict"] == "undefined"


def test_p_is_corrected_over_as_many_slices_as_the_interval() -> None:
    """One of the three has no example that could be missed, and keeps its part of both."""
    label_N, house_N = np.array([1] * 60 + [0] * 30), ["A"] * 30 + ["B"] * 30 + ["C"] * 30
    missed_N = np.where(np.arange(90) < 7, 0, label_N)
    made = {"task": "binary", "positive": "class 1", "slices": {"house": house_N}}
    reference, variant = (
        records_from([pred_N], label_N, 2, name=name, **made)
        for name, pred_N in (("old", label_N), ("new", missed_N))
    )
    found = audit(reference, [variant], Settings(by=("house",)))
    row = rows(found, "false_negative_rate", "house", "A")
    assert rows(found, "false_negative_rate", "house", "C")["verdict"] == "undefined"
    assert (row["p"], row["p_adjusted"]) == (2 / 2**7, 3 * 2 / 2**7)
    assert row["low"] == pytest.approx(paired_interval(0, 7, 30, 0.05 / 3, correction=HALF)[0])


def test_both_forms_of_the_papers_class_test_stand_beside_the_shift_beyond_the_whole(
    planted: Audit,
) -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    in_class = reference.label_N == 2
    p = []
    for own in (False, True):
        sides = []
        for records in (reference, variant):
            whole_M = records.correct_MN.mean(axis=1)
            recall_M = records.correct_MN[:, in_class].mean(axis=1)
            sides.append(recall_M - (whole_M if own else whole_M.mean()))
        p.append(stats.ttest_ind(*sides, equal_var=False).pvalue)
    assert rows(planted, "accuracy_beyond_overall", "class", "class 2")["note"] == (
        f"class test of 1911.05248, uncorrected: p = {p[0]:.2g}, with each member's own accuracy "
        f"{p[1]:.2g}"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seed": -5}, "seed is -5: give 0 or a larger whole number"),
        ({"min_count": 0}, "min_count is 0: a crossing has at least 1 example"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(UserError) as caught:
        Settings(**wrong)
    assert str(caught.value) == said


def test_the_reference_is_shown_on_the_examples_that_were_compared() -> None:
    reference, variant = null_world(5, 5, 400, 4, seed=1)
    bad_MN = np.where(np.arange(400) < 200, (reference.label_N + 1) % 4, reference.pred_MN)
    half_bad = records_from(bad_MN, reference.label_N, 4, name="half bad")
    found = audit(
        half_bad, [variant.take_examples(np.arange(200, 400))], SETTINGS, allow_partial=True
    )
    assert found.n_examples == 200
    assert found.reference.accuracy == pytest.approx(rows(found, "accuracy", "all")["reference"])


def test_a_reference_without_labels_is_shown_with_the_variants() -> None:
    reference, variant = null_world(4, 4, 100, 3, seed=1)
    found = audit(
        records_from(reference.pred_MN, None, reference.classes, name="bare"),
        [variant],
        Settings(draws=100),
    )
    assert found.reference.accuracy == pytest.approx(reference.correct_MN.mean())


def test_a_reference_with_more_members_than_pairs_is_shown_whole() -> None:
    reference, variant = planted_world({}, m_ref=4, m_var=4, n=200, paired=True, seed=1)
    found = audit(reference, [variant.take_members([0, 1, 2])], Settings(draws=100))
    assert (found.reference.members, found.variants[0].arm.members) == (4, 3)


def test_cells_that_are_too_small_are_counted_aloud() -> None:
    reference, variant = null_world(4, 4, 400, 4, seed=1)
    found = audit(reference, [variant], Settings(by=("class+region",), draws=100, min_count=150))
    assert set(found.findings["slice"]) == {"all"}
    said = (
        "Of class+region, 16 cells are left out for having fewer than 150 examples: the largest is "
        "class 3+north (46)."
    )
    assert said in found.variants[0].design
    assert f"\n{said}\n" in summary_text(found)


def test_examples_that_nobody_answers_are_no_ties_and_no_counts() -> None:
    reference, variant = null_world(5, 5, 400, 4, seed=1)
    none_MN = np.where(np.arange(400) < 100, -1, reference.pred_MN)
    both = [
        records_from(p, reference.label_N, 4, name=n)
        for p, n in ((none_MN, "a"), (variant.pred_MN, "b"))
    ]
    kept = [r.take_examples(np.arange(100, 400)) for r in both]
    whole, part = (
        as_they_are(*pair, Settings(draws=200)).variants[0].count for pair in (both, kept)
    )
    assert whole is not None
    assert part is not None
    assert (whole.observed, whole.tied) == (part.observed, part.tied)


def test_a_member_that_is_silent_on_a_slice_leaves_it_undefined_and_says_so() -> None:
    reference, variant = null_world(4, 4, 200, 3, seed=1)
    pred_MN = reference.pred_MN.copy()
    pred_MN[0, reference.label_N == 1] = -1
    silent = records_from(pred_MN, reference.label_N, 3, name="silent")
    row = rows(
        as_they_are(silent, variant, Settings(by=("class",), draws=100)),
        "accuracy",
        "class",
        "class 1",
    )
    assert (row["verdict"], row["note"]) == ("undefined", "1 of 8 members have no value here")


def test_the_worst_slice_has_the_minimum_count() -> None:
    reference, variant = planted_world({}, m_ref=5, m_var=5, n=400, seed=3)
    columns = {"site": ["only"] + ["a", "b"] * 199 + ["a"]}
    wrong = [
        np.where(np.arange(400) == 0, (r.label_N + 1) % 4, r.pred_MN) for r in (reference, variant)
    ]
    made = [
        records_from(p, reference.label_N, 4, slices=columns, name=n)
        for p, n in zip(wrong, "rv", strict=True)
    ]
    found = audit(made[0], [made[1]], Settings(by=("site",), draws=200))
    assert rows(found, "accuracy", "site", "only")["changed"] == 0
    assert found.findings.filter(pl.col("measure") == "worst_slice_accuracy")["value"][0] in "ab"


def test_without_labels_disagreement_is_still_measured() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=6, seed=1)
    bare = [records_from(r.pred_MN, None, r.classes, name=r.name) for r in (reference, variant)]
    found = audit(bare[0], [bare[1]], Settings(draws=300))
    assert "accuracy" not in set(found.findings["measure"])
    assert rows(found, "modal_disagreement", "all")["verdict"] == "changed"
    assert found.verdict == "changed"
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
        f"two populations are both named {variant.name!r}: rename one, findings are told apart by "
        "name"
    )


def test_one_lucky_reference_run_makes_a_variant_worse_than_these_models_and_not_than_their_recipe() -> (
    None
):
    # The first run of the reference is right on 60 examples that its repeat run and the variant
    # both get wrong.
    label_N = np.zeros(1000, dtype=np.int32)
    lucky, usual, variant = (np.zeros(1000, dtype=np.int32) for _ in range(3))
    lucky[:100], usual[:160], variant[:160] = 1, 1, 1
    reference = records_from([lucky, usual], label_N, 2, name="reference")
    changed = records_from([variant], label_N, 2, name="variant")
    alone = audit(reference.take_members([0]), [changed], SETTINGS)
    assert rows(alone, "accuracy", "all")["verdict"] == "worse"
    row = rows(audit(reference, [changed], SETTINGS), "accuracy", "all")
    assert row["verdict"] == "worse"
    assert row["reference"] == pytest.approx((0.90 + 0.84) / 2)
    assert row["effect"] == pytest.approx(-0.03)
    assert (row["floor_low"], row["floor_high"]) == pytest.approx((-0.06, 0.06))
    assert (
        "runs of the reference differ as much from each other: this is about these models"
        in str(row["note"])
    )
    for scope in ("members", "both"):
        wider = audit(reference, [changed], replace(SETTINGS, generalise_to=scope))  # type: ignore[arg-type]
        row = rows(wider, "accuracy", "all")
        assert row["verdict"] == "too small to tell"
        assert row["p_adjusted"] > 0.3  # type: ignore[operator]
        assert wider.variants[0].scope == scope


def test_a_measure_without_direction_is_measured_and_called_neither_worse_nor_better() -> None:
    reference, variant = planted_world(
        {2: 0.9}, m_ref=6, m_var=6, n=600, classes=4, seed=1, proba=True
    )
    proba_MNC = np.full_like(variant.proba_MNC, 0.25)
    calm = replace(variant, proba_MNC=proba_MNC, confidence_MN=proba_MNC.max(axis=-1))
    row = rows(audit(reference, [calm], SETTINGS), "confidence", "all")
    assert row["p"] < 0.01  # type: ignore[operator]
    assert row["verdict"] == "changed"


@pytest.mark.heavy
@pytest.mark.parametrize(("slices", "fewest"), [(1, 5), (4, 7)])
def test_clusters_that_are_too_few_for_a_slice_are_counted_at_its_share_of_the_level(
    slices: int, fewest: int
) -> None:
    """Four clusters a slice, and a repeat run that differs from the reference everywhere else."""
    n = 20 * slices * 4
    label_N, place_N = np.zeros(n, int), np.arange(n) % 20
    runs = np.array([label_N, np.where(place_N == 0, 1, 0)])
    columns = {
        "group": [f"g{i // 80}" for i in range(n)],
        "cluster": [f"c{i // 20}" for i in range(n)],
    }
    made = [
        replace(
            r, examples=r.examples.with_columns(**{k: pl.Series(v) for k, v in columns.items()})
        )
        for r in (
            records_from(runs, label_N, 2, name="old"),
            records_from(np.where(place_N < 3, 1, 0)[None], label_N, 2, name="new"),
        )
    ]
    found = audit(
        made[0],
        [made[1]],
        Settings(by=("group",), draws=100, generalise_to="examples"),
        measures=[churn],
    )
    rows = found.findings.filter((pl.col("measure") == "churn") & (pl.col("slice") == "group"))
    assert set(rows["note"]) == {
        f"at least {fewest} clusters in this slice are needed to tell anything"
    }
