"""The sentences people read first, whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike

import audits
from undertow.audit import Settings, audit
from undertow.audit.headline import audit_headline, variant_headline
from undertow.audit.measures import accuracy, taxicab
from undertow.audit.verdicts import VERDICTS, risen, variant_verdict
from undertow.audit.who_loses import error_rates_said, fallen_rate, leading_loss, slices_said
from undertow.report import render_html, summary_markdown, summary_text
from undertow.report.glance import glance
from worlds import null_world, planted_world, records_from


def test_a_loss_says_how_much_who_and_how_many() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    found = audit(reference, [variant], Settings(by=("class",), draws=500))
    first, second, third = found.headline.split(". ")
    assert first.startswith("variant loses 8.3 points of accuracy overall (95 % interval −")
    assert second.startswith(
        "1 of 6 slices loses more than chance can explain, and more than the whole loses; class class 2 pays "
        "most: −41.4 points (−"
    )
    assert third.startswith(
        "118 of the 1,108 examples with a modal answer on both sides changed it, more than chance: "
        "exchanged members give"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gain", "‘gain’ gains 1"),
        ("Loss", "‘Loss’ gains 1"),
        ("keeps", "‘keeps’ gains 1"),
        ("new", "new gains 1"),
        ("gain-2", "gain-2 gains 1"),
        ("notes", "notes gains 1"),
        ("keeper-net", "keeper-net gains 1"),
    ],
)
def test_a_name_that_is_a_word_of_the_sentence_stands_in_quotes(name: str, said: str) -> None:
    label_N = np.arange(400) % 4
    before_N = np.where(np.arange(400) % 10 == 3, (label_N + 1) % 4, label_N)
    old, new = (
        records_from(pred_N[None], label_N, 4, name=called)
        for called, pred_N in (("old", before_N), (name, label_N))
    )
    assert audit(old, [new], Settings(draws=100)).headline.startswith(said)


def test_votes_that_move_beneath_answers_that_stay_are_said_member_by_member() -> None:
    count = replace(audits.counted(128, 0.5), observed=128, floor_low=100, floor_high=140, p=0.4)
    rows = [
        audits.disagreement("v", name, "", value, floor, slice="all", p_adjusted=p, verdict=verdict)
        for name, value, floor, p, verdict in (
            ("taxicab", 0.348, 0.34, 0.01, "changed"),
            ("modal_disagreement", 0.1, 0.1, 0.4, "within tolerance"),
        )
    ]
    said = variant_headline(
        audits.arm("v", 0.5, 0.9), audits.frame(rows), count, floored=True, level=0.05
    )
    assert said.endswith(
        "no more than chance: exchanged members give 100 to 140. Member by member, 17.4 % of "
        "answers moved where chance alone moves 17.0 %: more than chance, though the most common "
        "answers do not show it."
    )


@pytest.mark.parametrize(
    ("classes", "said", "short"),
    [
        (2, "of 60 examples changed their modal answer, ", "of 60 changed; "),
        (
            4,
            "of the 58 examples with a modal answer on both sides changed it, ",
            "of the 58 with a modal answer on both sides changed; ",
        ),
    ],
)
def test_a_count_is_out_of_the_examples_that_have_a_modal_answer(
    classes: int, said: str, short: str
) -> None:
    """Three members that choose between two never tie."""
    reference, variant = null_world(3, 3, 60, classes, seed=1)
    found = audit(reference, [variant], Settings(draws=100))
    count = found.variants[0].count
    assert count is not None
    assert count.with_modes == 60 - count.tied
    assert f" {count.observed} {said}" in found.headline
    assert f" {count.observed} {short}" in summary_text(found)
    row = f"| {count.observed} of {count.out_of} |"
    assert row in summary_markdown(found)
    page = render_html(found)
    assert f"{count.observed} of {count.out_of}<" in page
    assert ("“Changed” is out of the examples with a modal answer" in page) == (classes > 2)


def test_the_interval_has_the_level_of_the_audit() -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=6, m_var=6, n=600, classes=4, seed=1)
    found = audit(reference, [variant], Settings(draws=200, level=0.1))
    assert "of accuracy overall (90 % interval −" in found.headline


@pytest.mark.heavy
def test_several_variants_say_how_many_cost_somebody() -> None:
    reference, worse = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    _, again = planted_world({}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    renamed = again.manifest.model_copy(update={"name": "again"})
    found = audit(
        reference, [replace(again, manifest=renamed), worse], Settings(by=("class",), draws=500)
    )
    assert found.headline.startswith(
        "1 of 2 variants loses more than chance can explain. variant loses"
    )


def test_an_interval_beside_zero_that_the_exact_test_does_not_confirm_says_both() -> None:
    label_N = np.zeros(100, dtype=np.int64)
    before_N, after_N = label_N.copy(), label_N.copy()
    before_N[:8], after_N[8:27] = 1, 1
    before, after = (
        records_from(pred[None], label_N, 2, name=name)
        for name, pred in (("old", before_N), ("new", after_N))
    )
    found = audit(before, [after], Settings(draws=200))
    assert found.headline.startswith(
        "new loses 11.0 points of accuracy overall (95 % interval −21.9 to −0.3), but the "
        "test cannot tell that from chance (p = 0.052). "
    )


def passages(lost: ArrayLike):
    """Passages of 20 examples, 60 where one number is given; in each the new model gets so many
    fewer right (more, if negative)."""
    lost_K = np.broadcast_to(lost, 60) if np.ndim(lost) == 0 else np.asarray(lost)
    place_N = np.tile(np.arange(20), len(lost_K))
    right_N, moved_N = place_N < 15, place_N < 15 - lost_K.repeat(20)
    cluster = {"cluster": [f"p{i // 20}" for i in range(len(place_N))]}
    return [
        records_from(
            np.where(side_N, 0, 1)[None], np.zeros(len(place_N), int), 2, name=name, slices=cluster
        )
        for name, side_N in (("old", right_N), ("new", moved_N))
    ]


def test_what_passages_lost_is_said_and_what_they_gained_may_not_hold_elsewhere() -> None:
    """One interval, mirrored; but a gain has to hold with passages unlike those seen."""
    (old, new), (before, after) = passages(lost=1), passages(lost=-1)
    lost, gained = (
        audit(old, [new], Settings(draws=100)),
        audit(before, [after], Settings(draws=100)),
    )
    assert lost.headline.startswith(
        "new loses 5.0 points of accuracy overall (95 % interval −5.1 to −4.9)."
    )
    assert gained.headline.startswith(
        "new gains 5.0 points of accuracy overall (95 % interval +4.9 to +5.1) on the clusters "
        "seen; with clusters unlike those it may not. "
    )
    assert (lost.verdict, gained.verdict) == ("worse", "too small to tell")
    row = gained.findings.filter((pl.col("measure") == "accuracy") & (pl.col("slice") == "all"))
    assert row["note"][0] == (
        "60 clusters; 0 newly wrong, 60 newly right; with clusters unlike those seen it could be "
        "−1.4 to +10.9 points; about 77 clusters in this slice would decide 1 point"
    )


SCATTERED = np.repeat([1, -1, 0], [35, 22, 3])


@pytest.mark.parametrize(
    ("lost", "counted", "outlook"),
    [
        (0, "0 newly wrong, 0 newly right", "about 371"),
        (SCATTERED, "35 newly wrong, 22 newly right", "about 86"),
        (-SCATTERED, "22 newly wrong, 35 newly right", "about 378"),
    ],
    ids=["nothing", "loss", "gain"],
)
def test_an_open_whole_says_what_the_unseen_could_do_and_how_many_clusters_would_decide(
    lost: ArrayLike, counted: str, outlook: str
) -> None:
    """A loss by what is seen; a gain with clusters unlike those seen, and so no change, whose
    interval is theirs."""
    old, new = passages(lost)
    found = audit(old, [new], Settings(draws=100), measures=[accuracy])
    assert found.verdict == "too small to tell"
    assert found.findings["note"][0] == (
        f"60 clusters; {counted}; {outlook} clusters in this slice would decide 1 point"
    )


@pytest.mark.heavy
def test_as_many_clusters_as_were_forecast_decide() -> None:
    for lost, fewer, enough in ((0, 360, 382), (-1, 74, 77)):
        for clusters, verdict in ((fewer, "too small to tell"), (enough, None)):
            old, new = passages(np.full(clusters, lost))
            found = audit(old, [new], Settings(draws=100), measures=[accuracy])
            assert (found.verdict == verdict) == (verdict is not None)


def test_too_few_clusters_have_no_forecast() -> None:
    old, new = passages(np.full(5, 1))
    row = audit(old, [new], Settings(draws=100), measures=[accuracy]).findings.row(0, named=True)
    assert row["note"] == (
        "5 clusters; 5 newly wrong, 0 newly right; at least 6 clusters in this slice are needed to "
        "tell anything"
    )
    assert (row["low"], row["high"]) == (pytest.approx(-1), pytest.approx(1))


def test_what_did_not_change_on_the_clusters_seen_is_said_to_be_so_there() -> None:
    old, new = passages(np.r_[1, np.zeros(59, int)])
    found = audit(old, [new], Settings(draws=100))
    assert found.headline.startswith(
        "new keeps its accuracy on the clusters seen (−0.1 points, 95 % interval −0.3 to 0.0); "
        "with clusters unlike those it may not. "
    )
    assert found.verdict == "too small to tell"


def test_one_model_a_side_without_labels() -> None:
    reference, variant = null_world(1, 1, 400, 3, seed=4)
    bare = [records_from(r.pred_MN, None, r.classes, name=r.name) for r in (reference, variant)]
    found = audit(bare[0], [bare[1]], Settings(draws=100))
    share = 100 * float((bare[0].pred_MN[0] != bare[1].pred_MN[0]).mean())
    assert found.variants[0].headline == (
        f"variant: no labels, so only disagreement can be measured. {share:.1f} % of answers "
        "changed. There is no floor to compare this with: the reference has one run."
    )
    assert found.verdict == "undefined"
    assert found.variants[0].design[1] == (
        "Nothing is tested: neither right answers nor a repeat run of the reference say what a "
        "changed answer means."
    )


@pytest.mark.parametrize(("tolerance", "verdict"), [(0.001, "changed"), (0.4, "within tolerance")])
def test_votes_that_moved_by_less_than_the_tolerance_do_not_turn_the_verdict(
    tolerance: float, verdict: str
) -> None:
    reference, variant = planted_world({2: 0.4}, m_ref=8, m_var=8, n=1200, classes=6, seed=1)
    found = audit(
        reference, [variant], Settings(draws=500, tolerance_overall=tolerance), measures=[taxicab]
    )
    assert found.findings["verdict"].to_list() == ["changed"]
    assert found.verdict == verdict


REGIONS = ["north", "south"] * 400


def exchanged(lost: int, gained: int, where: str) -> tuple[object, object]:
    """One model a side over 800 examples: so many become wrong in one region, so many right in the
    other."""
    label_N = np.zeros(800, dtype=np.int64)
    here = np.flatnonzero(np.array(REGIONS) == where)
    there = np.flatnonzero(np.array(REGIONS) != where)
    before_N, after_N = label_N.copy(), label_N.copy()
    after_N[here[:lost]] = 1
    before_N[there[:gained]] = 1
    return tuple(
        records_from(pred[None], label_N, 2, name=name, slices={"region": REGIONS})
        for name, pred in (("old", before_N), ("new", after_N))
    )


@pytest.mark.parametrize(
    ("lost", "gained", "verdict"),
    [(60, 200, "mixed"), (200, 60, "mixed"), (60, 0, "worse"), (0, 60, "better")],
)
def test_a_whole_that_gains_where_a_slice_loses_is_mixed_and_so_is_the_reverse(
    lost: int, gained: int, verdict: str
):
    old, new = exchanged(lost, gained, "north")
    assert audit(old, [new], Settings(by=("region",), draws=100)).verdict == verdict


SITES = ("St. Mary", "Town", "Port")


def small_site(lost: int, gained: int = 0) -> tuple[object, object]:
    """One model a side over 1,000 examples, 100 of them at the first site, which loses so many;
    the others gain so many."""
    label_N, site_N = np.arange(1000) % 2, np.repeat([0, 1, 2], [100, 450, 450])
    wrong_before_N, wrong_after_N = np.zeros((2, 1000), dtype=bool)
    wrong_after_N[:lost] = True
    wrong_before_N[100 : 100 + gained] = True
    wrong_before_N[600:640], wrong_after_N[700:725] = True, True
    slices = {"site": [SITES[s] for s in site_N]}
    return tuple(
        records_from((label_N ^ wrong_N)[None], label_N, ("a", "b"), name=name, slices=slices)
        for name, wrong_N in (("old", wrong_before_N), ("new", wrong_after_N))
    )


def test_who_loses_comes_first_where_the_whole_is_not_shown_to():
    """Red "Worse" above "may or may not keep its accuracy" would be read as a release."""
    old, new = small_site(20)
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.verdict == "worse"
    assert found.headline == (
        "new loses on 1 of 3 slices: site St. Mary −20.0 points (−31.6 to −11.8). The whole may or "
        "may not keep its accuracy (−0.5 points, 95 % interval −2.4 to +1.4). 8.5 % of answers "
        "changed. There is no floor to compare this with: the reference has one run."
    )
    first = "new loses on 1 of 3 slices: site St. Mary −20.0 points (−31.6 to −11.8)."
    assert f"<h1><bdi>{first}</bdi></h1>" in render_html(found)
    assert summary_text(found).startswith(f"WORSE: {first} The whole may or may not keep its ")
    assert f">{first}<" in glance(found, "").replace("<bdi>", "").replace("</bdi>", "")


def test_who_loses_comes_first_where_the_whole_gains_and_is_named_once():
    old, new = small_site(20, gained=100)
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.verdict == "mixed"
    assert found.headline.startswith(
        "new loses on 1 of 3 slices: site St. Mary −20.0 points (−31.6 to −11.8). The whole gains "
        "9.5 points of accuracy (95 % interval +"
    )
    assert found.headline.count("St. Mary") == 1


def test_where_the_whole_loses_too_it_comes_first():
    old, new = small_site(60)
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.headline.startswith("new loses 4.5 points of accuracy overall (95 % interval −")
    assert (
        "). 1 of 3 slices loses more than chance can explain; site St. Mary pays" in found.headline
    )


def test_of_several_who_lose_the_first_sentence_has_the_one_that_pays_most():
    old, new = small_site(20)
    crossed = [f"{site}{n % 2}" for n, site in enumerate(old.examples["site"])]
    both = [
        replace(r, examples=r.examples.with_columns(pl.Series("half", crossed))) for r in (old, new)
    ]
    found = audit(both[0], [both[1]], Settings(by=("site", "half"), draws=100))
    assert found.headline.startswith(
        "new loses on 3 of 9 slices; site St. Mary pays most: −20.0 points (−"
    )
    assert "). The whole may or may not keep its accuracy (" in found.headline


def test_a_mixed_variant_costs_somebody():
    old, mixed = exchanged(60, 200, "north")
    same = replace(old, manifest=old.manifest.model_copy(update={"name": "same"}))
    found = audit(old, [same, mixed], Settings(by=("region",), draws=100))
    assert found.verdict == "mixed"
    assert (
        "1 of 2 variants loses more than chance can explain. new loses on 1 of 2 slices: region "
        "north −15.0 points (" in found.headline
    )
    assert "). The whole gains 17.5 points of accuracy (95 % interval +" in found.headline
    assert "mixed" in VERDICTS


def accusing(risen_by: int = 24, members: int = 1, seed: int = 0) -> tuple[object, object]:
    """Innocent examples of the south are accused more, guilty ones of the north are found more:
    accuracy stays."""
    label_N = np.repeat([0, 1], 400)
    region = np.tile(["north", "south"], 400)
    rng = np.random.default_rng(seed)
    before_MN = np.where(rng.random((members, 800)) < 0.1, 1 - label_N, label_N)
    after_MN = before_MN.copy()
    for m in range(members):
        right = np.flatnonzero((label_N == 0) & (region == "south") & (before_MN[m] == 0))
        missed = np.flatnonzero((label_N == 1) & (before_MN[m] == 0))
        after_MN[m, rng.permutation(right)[:risen_by]] = 1
        after_MN[m, rng.permutation(missed)[:risen_by]] = 1
    both = (("old", before_MN), ("new", after_MN))
    classes, slices = ("clear", "accused"), {"region": region.tolist()}
    return tuple(
        records_from(p, label_N, classes, name=n, slices=slices, task="binary", positive="accused")
        for n, p in both
    )


def test_a_false_positive_rate_that_rises_counts_though_accuracy_stays():
    old, new = accusing()
    found = audit(old, [new], Settings(by=("region",), draws=100))
    accuracy = found.findings.filter(pl.col("measure") == "accuracy")
    assert "worse" not in set(accuracy["verdict"])
    assert found.verdict == "worse"
    rows = found.findings.filter(
        (pl.col("measure") == "false_positive_rate") & (pl.col("value") == "south")
    )
    counts = rows["note"][0].split(";")[0]
    said = found.headline
    assert said.startswith(
        "new: the false positive rate (‘clear’ answered ‘accused’) of region south rises: +12.0 points (+"
    )
    assert f"), {counts}; so does the false positive rate overall. The whole " in said
    assert counts.startswith("false positives ")


def test_with_several_members_too():
    old, new = accusing(20, members=8)
    found = audit(old, [new], Settings(by=("region",), draws=400))
    assert found.verdict == "worse"
    assert (
        "The false positive rate (‘clear’ answered ‘accused’) of region south rises: +10.0 points"
        in found.headline
    )


def rates(p_adjusted: float, families: int = 4) -> pl.DataFrame:
    """A kept accuracy, and error rates of which one rises with this p."""
    rows = [
        audits.finding(
            "v", "", 0.0, np.random.default_rng(0), slice="all", verdict="within tolerance"
        )
    ]
    for measure in ("false_positive_rate", "false_negative_rate"):
        for slice_ in ("all", "region")[: families // 2]:
            given = {
                "measure": measure,
                "slice": slice_,
                "p_adjusted": 0.9,
                "verdict": "too small to tell",
            }
            rows.append(audits.finding("v", "x", 0.02, np.random.default_rng(0), **given))
    rows[-1] |= {"p_adjusted": p_adjusted, "verdict": "worse"}
    return audits.frame(rows)


@pytest.mark.parametrize(("families", "part"), [(4, 0.05 / 8), (2, 0.05 / 4)])
def test_error_rates_share_half_of_the_level(families: int, part: float):
    assert variant_verdict(rates(part, families), Settings()) == "worse"
    assert variant_verdict(rates(1.01 * part, families), Settings()) == "within tolerance"
    assert risen(rates(part, families), 0.05).height == 1
    # A fall, or an interval of another test that still holds 0.
    for other in ("better", "too small to tell"):
        open_ = rates(part, families).with_columns(
            verdict=pl.col("verdict").replace("worse", other)
        )
        assert variant_verdict(open_, Settings()) == "within tolerance"


def test_within_a_class_an_error_rate_is_said_once():
    both = rates(0.05 / 4, 2)
    for slice_ in ("class", "region+class"):
        again = both.filter(pl.col("verdict") == "worse").with_columns(slice=pl.lit(slice_))
        assert risen(pl.concat([both, again]), 0.05)["slice"].to_list() == ["all"]
        assert variant_verdict(pl.concat([both, again]), Settings()) == "worse"


def test_votes_that_moved_are_a_change_and_not_a_loss():
    moved = audits.disagreement("v", "taxicab", "", 0.2, 0.1, p_adjusted=0.04, verdict="changed")
    found = pl.concat([rates(0.9), audits.frame([moved])])
    assert variant_verdict(found, Settings()) == "changed"
    assert variant_verdict(found, Settings(tolerance_overall=0.3)) == "within tolerance"
    risen_too = pl.concat([rates(0.001), audits.frame([moved])])
    assert variant_verdict(risen_too, Settings()) == "worse"


def test_a_model_that_only_gains_is_better_however_many_answers_moved():
    label_N = np.arange(1200) % 4
    rng = np.random.default_rng(3)
    was_wrong_MN = rng.random((6, 1200)) < 0.2
    mended_MN = was_wrong_MN & (rng.random((6, 1200)) < 0.5)
    before, after = (
        records_from(np.where(wrong_MN, (label_N + 1) % 4, label_N), label_N, 4, name=name)
        for name, wrong_MN in (("old", was_wrong_MN), ("new", was_wrong_MN & ~mended_MN))
    )
    found = audit(before, [after], Settings(by=("class",), draws=400))
    assert found.verdict == "better"
    assert "worse" not in set(found.findings["verdict"])
    back = audit(after, [before], Settings(by=("class",), draws=400))
    assert back.verdict == "worse"


def test_one_model_a_side_that_gains_is_better_though_slices_are_open():
    label_N = np.arange(800) % 4
    before_N = np.where(np.arange(800) % 20 == 3, (label_N + 1) % 4, label_N)
    site = ["large"] * 780 + ["small"] * 20
    old, new = (
        records_from(pred_N[None], label_N, 4, name=name, slices={"site": site})
        for name, pred_N in (("old", before_N), ("new", label_N))
    )
    found = audit(old, [new], Settings(by=("site",), draws=100))
    assert found.verdict == "better"
    assert found.headline.startswith("new gains 5.0 points of accuracy overall (95 % interval +3.")
    open_ = "No slice is shown to lose more than chance can explain; 1 of 2 is too small to tell."
    assert open_ in found.headline


@pytest.mark.heavy
def test_slices_that_lose_no_more_than_the_whole_are_told_from_those_that_do():
    loss = dict.fromkeys(range(6), 0.15)
    reference, same = planted_world(loss, m_ref=8, m_var=8, n=3000, classes=6, seed=2)
    found = audit(reference, [same], Settings(by=("class",), draws=500))
    assert (
        "6 of 6 slices lose more than chance can explain, of which none are shown to lose more than the whole; "
        in (found.headline)
    )
    reference, worse = planted_world(loss | {2: 0.5}, m_ref=8, m_var=8, n=3000, classes=6, seed=2)
    found = audit(reference, [worse], Settings(by=("class",), draws=500))
    assert (
        "6 of 6 slices lose more than chance can explain, of which 1 is shown to lose more than the whole; "
        in (found.headline)
    )


def test_a_whole_that_gains_while_an_error_rate_rises_is_mixed():
    gains = (
        pl.when(pl.col("measure") == "accuracy")
        .then(pl.lit("better"))
        .otherwise("verdict")
        .alias("verdict")
    )
    assert variant_verdict(rates(0.001).with_columns(gains), Settings()) == "mixed"
    assert variant_verdict(rates(0.9).with_columns(gains), Settings()) == "better"


def test_error_rates_over_clusters_rise_by_exchange_and_accuracy_falls_by_it():
    """In each of 40 documents one innocent more is accused, and nobody less."""
    n = 40 * 10
    label_N = np.tile([0] * 8 + [1] * 2, 40)
    after_N = label_N.copy()
    after_N[::10] = 1
    old, new = (
        records_from(
            pred_N[None],
            label_N,
            ("clear", "accused"),
            name=name,
            slices={"cluster": [f"d{i // 10}" for i in range(n)]},
            task="binary",
            positive="accused",
        )
        for name, pred_N in (("old", label_N), ("new", after_N))
    )
    found = audit(old, [new], Settings(draws=100)).findings.filter(pl.col("slice") == "all")
    rate = found.filter(pl.col("measure") == "false_positive_rate").row(0, named=True)
    assert rate["verdict"] == "worse"
    assert 0.1 < rate["low"] < rate["effect"] < rate["high"]
    accuracy_ = found.filter(pl.col("measure") == "accuracy").row(0, named=True)
    assert accuracy_["effect"] < accuracy_["high"] < -0.08


def test_slices_that_could_not_be_measured_are_not_said_to_lose_nothing():
    rows = [
        audits.finding("v", "", -0.3, np.random.default_rng(0), slice="all", verdict="worse"),
        *(
            audits.finding("v", name, float("nan"), np.random.default_rng(0), verdict="undefined")
            for name in ("a", "b")
        ),
    ]
    assert slices_said(audits.frame(rows), {}) == "No slice could be measured."
    rows[1]["verdict"] = "within tolerance"
    assert slices_said(audits.frame(rows), {}) == (
        "No slice is shown to lose more than chance can explain; 1 of 2 could not be measured."
    )


@pytest.mark.parametrize(
    ("rates_", "ends"),
    [
        (1, "points (+17.4 to +22.6)."),
        (2, "; so does the rate b of region x."),
        (3, "; so do the rate b of region x and rate c overall."),
        (6, "; so do the rate b of region x, rate c overall, rate d of region x and 2 more."),
    ],
)
def test_other_rates_that_rise_are_named(rates_: int, ends: str):
    rows = [
        audits.finding("v", "x", 0.2, np.random.default_rng(0), measure=f"rate_{name}", slice=where)
        for name, where in zip("abcdef", ["all", "region"] * 3, strict=True)
    ]
    assert error_rates_said(audits.frame(rows[:rates_]), {}).endswith(ends)


def test_a_variant_whose_answers_changed_may_be_undecided_too():
    made = audits.garments((0.5, 0.9))
    verdicts = dict(zip((v.arm.name for v in made.variants), ("changed", "better"), strict=False))
    variants = tuple(
        replace(v, verdict=verdicts.get(v.arm.name, "within tolerance")) for v in made.variants
    )
    for whole, but in (("too small to tell", "; 1 could not be decided"), ("within tolerance", "")):
        found = audit_headline(variants, made.findings.with_columns(verdict=pl.lit(whole)))
        assert found.startswith(
            f"None of {len(variants)} variants is shown to lose more than chance can explain{but}. "
        )


def test_where_the_whole_loses_the_slice_that_gains_is_named():
    """A verdict is mixed for it."""
    rng = np.random.default_rng(0)
    rows = [
        audits.finding("v", "", -0.1, rng, slice="all", verdict="worse"),
        audits.finding("v", "a", -0.3, rng, verdict="worse", low=-0.4, high=-0.2),
        audits.finding("v", "b", 0.1, rng, verdict="better", low=0.05, high=0.15),
        audits.finding("v", "c", 0.2, rng, verdict="better", low=0.1, high=0.3),
    ]
    most = "class c gains most: +20.0 points (+10.0 to +30.0)."
    assert slices_said(audits.frame(rows), {}) == (
        "1 of 3 slices loses more than chance can explain; class a pays most: −30.0 points (−40.0 "
        f"to −20.0); {most}"
    )
    rows[1]["verdict"] = "too small to tell"
    assert slices_said(audits.frame(rows), {}) == (
        f"No slice is shown to lose more than chance can explain; 1 of 3 is too small to tell. Yet {most}"
    )
    rows[0]["verdict"] = "better"
    assert "gains" not in slices_said(audits.frame(rows), {})


@pytest.mark.parametrize(
    ("value", "verdict", "said"),
    [
        (
            "x",
            "better",
            "The false negative rate of region x falls: −20.0 points (−30.0 to −10.0), false negatives 9 → 1 of 40.",
        ),
        ("x", "too small to tell", ""),
        ("y", "better", ""),
    ],
)
def test_where_one_error_rate_rises_the_other_falls(value: str, verdict: str, said: str):
    rng = np.random.default_rng(0)
    rose = {"measure": "false_positive_rate", "slice": "region", "verdict": "worse"}
    fell = {"measure": "false_negative_rate", "slice": "region", "verdict": verdict}
    rows = [
        audits.finding("v", "x", 0.2, rng, **rose, p_adjusted=1e-4),
        audits.finding(
            "v",
            value,
            -0.2,
            rng,
            **fell,
            low=-0.3,
            high=-0.1,
            note="false negatives 9 → 1 of 40; so",
        ),
    ]
    assert fallen_rate(audits.frame(rows), 0.05) == said
    assert fallen_rate(audits.frame(rows[1:]), 0.05) == ""


def test_a_rate_that_falls_on_another_slice_of_the_same_value_is_another_matter():
    rng = np.random.default_rng(0)
    rose = {"measure": "false_positive_rate", "slice": "region", "verdict": "worse"}
    fell = {"measure": "false_negative_rate", "slice": "birthplace", "verdict": "better"}
    rows = [
        audits.finding("v", "north", 0.2, rng, **rose, p_adjusted=1e-4),
        audits.finding("v", "north", -0.2, rng, **fell, low=-0.3, high=-0.1, note=""),
    ]
    assert fallen_rate(audits.frame(rows), 0.05) == ""


def losing(*slices: tuple[str, str, float]) -> pl.DataFrame:
    """Accuracy that falls on these, and on the whole is not shown to."""
    rng = np.random.default_rng(0)
    whole = audits.finding("v", "", -0.01, rng, slice="all", verdict="too small to tell")
    rows = [
        audits.finding(
            "v",
            value,
            effect,
            rng,
            slice=column,
            verdict="worse",
            low=effect - 0.1,
            high=effect / 2,
        )
        for column, value, effect in slices
    ]
    return audits.frame([whole, *rows])


def test_the_first_sentence_has_who_pays_most_of_all():
    found = losing(("region", "south", -0.1), ("region", "north", -0.3), ("region", "east", -0.2))
    assert leading_loss("v", found, {}) == (
        "v loses on 3 of 3 slices; region north pays most: −30.0 points (−40.0 to −15.0)."
    )


def test_only_a_class_loses_by_being_answered_less():
    """A slice of another column may have the value of the same name."""
    reason = {"cat": "loses recall because it is answered less often"}
    found = losing(("pet", "cat", -0.3))
    assert leading_loss("v", found, reason) == (
        "v loses on 1 of 1 slices: pet cat −30.0 points (−40.0 to −15.0)."
    )
    found = losing(("pet", "cat", -0.3), ("class", "cat", -0.2))
    assert leading_loss("v", found, reason) == (
        "v loses on 2 of 2 slices; pet cat pays most: −30.0 points (−40.0 to −15.0)."
    )
    assert leading_loss("v", losing(("class", "cat", -0.2)), reason) == (
        "v loses on 1 of 1 slices: class cat loses recall because it is answered less often, recall "
        "−20.0 points (−30.0 to −10.0)."
    )


def test_where_no_example_has_a_modal_answer_that_is_said_and_no_zero_of_zero():
    """Every member words every answer in its own way."""
    sides = null_world(3, 3, 60, 4, seed=1)
    rng = np.random.default_rng(0)
    score_MN = np.clip(rng.normal(0.5, 0.1, (3, 60)), 0, 1).astype(np.float32)
    reference, variant = (
        replace(
            side,
            manifest=side.manifest.model_copy(update={"task": "generation", "metric": "rouge"}),
            score_MN=score_MN,
            answers=tuple(
                pl.Series([f"{side.name} {m} says {n}" for n in range(60)]) for m in range(3)
            ),
        )
        for side in sides
    )
    found = audit(reference, [variant], Settings(draws=100))
    said = "o example has one most common wording on both sides"
    assert f" N{said}." in found.headline
    assert f"\n             n{said}; no floor\n" in summary_text(found)
    assert f"| n{said} | no floor |" in summary_markdown(found)
    assert "0 of the 0" not in render_html(found) + summary_markdown(found) + found.headline
