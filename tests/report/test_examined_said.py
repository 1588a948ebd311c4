"""What is said of examined examples, as whole strings."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from undertow.audit.examined.believed import Range
from undertow.audit.examined.examine import Examined, examine
from undertow.report.examined.curve import curve
from undertow.report.examined.said import (
    believed_wrong,
    below_all,
    expected_said,
    headline,
    share_said,
    told_by,
    trust,
    window_said,
)
from undertow.report.examined.stated import few
from wrong_labels import noisy


@cache
def examined(**how) -> Examined:
    """Where nothing is known of labels; most sentences are said of one of three such traces."""
    return examine(noisy(**how)[0])


def half_known():
    values, wrong_N = noisy(N=900, wrong=0.2)
    return values, wrong_N & (np.arange(900) % 2 == 0)


@cache
def calibrated() -> Examined:
    return examine(*half_known())


def untold(found, **reasons):
    """The same with so many that cannot be told for each reason, and no others."""
    verdict_N, reason_N = found.verdict_N.copy(), np.full(len(found.verdict_N), "", dtype=object)
    verdict_N[verdict_N == "cannot tell"] = "typical"
    free = iter(np.flatnonzero((verdict_N == "typical") & ~found.known_wrong_N))
    for reason, n in reasons.items():
        for _ in range(n):
            at = next(free)
            verdict_N[at], reason_N[at] = "cannot tell", reason.replace("_", " ")
    in_bulk = reasons.get("bulk", 0)
    return replace(found, verdict_N=verdict_N, reason_N=reason_N, in_bulk=in_bulk)


@pytest.mark.heavy
def test_a_calibrated_list_says_on_what_it_rests():
    found, known_N = calibrated(), half_known()[1]
    told = found.calibrated
    assert told is not None
    fixed = replace(
        found,
        calibrated=replace(
            told,
            auroc=Range(0.9876, 0.9794, 0.9951),
            precision=Range(0.91, 0.0, 1.0),
            recall=Range(0.8, 0.75, 0.85),
        ),
        share=Range(0.1, 0.0, 0.126),
    )
    fixed = untold(fixed, bulk=1)
    listed, asked = fixed.count("likely mislabelled"), int((~known_N).sum())
    assert headline(fixed) == (
        f"{listed} of {asked} labels look wrong; only a look tells whether they are: right labels "
        "of overlapping classes or rare subgroups look the same"
    )
    assert share_said(fixed) == (
        "Share of wrong labels: 10.0 % if all that look wrong are (0.0 to 12.6 %; the upper limit "
        "counts all that cannot be told). Not counted: mistakes that follow one confusion of classes "
        "and were learned, so that they look right."
    )
    assert expected_said(fixed) == (
        "Of the list 91 % are wrong if no rightly labelled example looks like another class, and "
        "maybe none if some do; no limits can be given. Of labels that are wrong as the known ones it holds 80 % (75 to 85 %)."
    )
    assert trust(fixed) == [
        f"Calibrated on {known_N.sum()} labels of this record that are known to be wrong (they "
        "stand worse than another label in 98.8 % of pairs, 97.9 to 99.5 %) and are in no list. "
        "They tell how many wrong labels of their own kind are found: planted at random, they say "
        "little of mistakes that follow one confusion of classes, and nothing of right labels that "
        f"stand as low. {ALIKE} Begin with the first 20: they stand worst.",
        "1 example cannot be told: 1 of classes that are confused in bulk. Confused in bulk: either "
        "the two classes overlap, or their labels are wrong in one direction, or there are few "
        "classes and many labels are wrong in every direction. Look at some of them.",
    ]
    few_N = np.where(np.cumsum(fixed.verdict_N == "likely mislabelled") > 20, "typical", "")
    few = replace(fixed, verdict_N=np.where(few_N == "", fixed.verdict_N, few_N))
    assert 0 < few.count("likely mislabelled") <= 20
    assert trust(few)[0].endswith(f"that stand as low. {ALIKE}")
    none_N = np.full(len(known_N), "typical", dtype=object)
    assert trust(replace(fixed, verdict_N=none_N))[0].endswith("labels that stand as low.")


def listing(found: Examined, listed: int) -> Examined:
    """The same with so many on the list."""
    on_N = (found.verdict_N == "likely mislabelled") & ~found.known_wrong_N
    off_N = on_N & (np.cumsum(on_N) > listed)
    return replace(found, verdict_N=np.where(off_N, "typical", found.verdict_N))


def test_where_few_look_wrong_what_is_stated_is_the_most_to_expect():
    found = examined(N=1500)
    assert found.alone is not None
    fixed = replace(found, alone=replace(found.alone, precision=Range(0.95, 0.0, 1.0)))
    assert expected_said(listing(fixed, 29)) == (
        "Of the list at most 95 % are to be expected wrong: so few look wrong that right labels "
        "weigh among them. Of such lists 83 to 90 % were wrong where 96 to 97 % were stated, and 22 "
        "to 64 % where a rare subgroup of each class looked like another class; where no label is "
        "wrong, none of a short list is (docs/examine.md)."
    )
    assert expected_said(listing(fixed, 30)).startswith("Of the list 95 % are wrong if")
    assert few(listing(fixed, 1))
    assert not few(listing(fixed, 0))


def test_where_none_is_listed_there_is_nothing_to_hold():
    assert expected_said(listing(calibrated(), 0)) == (
        "That none is listed does not say that none is wrong. What a list holds of labels that are "
        "wrong as the known ones is not said: no list, so nothing to hold."
    )
    assert expected_said(listing(examined(), 0)) == ""


def test_pairs_that_round_to_all_have_no_limits():
    found = calibrated()
    assert found.calibrated is not None
    for auroc, said in (
        (Range(1.0, 1.0, 1.0), "they stand worse than another label in all pairs"),
        (
            Range(0.99999, 0.9999, 1.0),
            "they stand worse than another label in more than 99.9 % of pairs",
        ),
        (
            Range(0.9996, 0.9991, 0.99999),
            "they stand worse than another label in more than 99.9 % of pairs, 99.9 to more than "
            "99.9 %",
        ),
    ):
        told = replace(found, calibrated=replace(found.calibrated, auroc=auroc))
        assert f" ({said}) and are in no list" in trust(told)[0]


ALIKE = (
    "Nothing here tells a rightly labelled example that looks like another class from one that is "
    "mislabelled: look at the list before you relabel."
)
PLANT = (
    "Plant a few to learn more: undertow plant LABELS.csv writes labels to train on, and which of "
    "them are wrong; in the lab, WrongLabels(data, 0.02)."
)


def test_a_mixture_alone_says_so_and_what_would_tell_more():
    values, wrong_N = noisy()
    few_N = wrong_N & (np.cumsum(wrong_N) <= 20)
    said = trust(untold(examine(values, few_N)))
    assert said == [
        "The list is what a mixture of beta distributions believes, and nothing checks it here: "
        "where no label was wrong, overlapping classes gave a list of 223 of 3,000 "
        f"(docs/examine.md). {ALIKE} Begin with the first 20: they stand worst. {PLANT}",
        "20 labels of the record are known to be wrong, fewer than the 50 that a calibration "
        "needs.",
    ]


@pytest.mark.heavy
def test_labels_that_are_not_shown_to_be_wrong_are_not_used_and_said_to_be():
    values, wrong_N = noisy(N=3000, wrong=0.12)
    random_N = np.random.default_rng(1).random(3000) < 0.04
    for known_N, ends in (
        (
            ~wrong_N,
            "They stand better: the column is probably inverted. Check that true_label is right "
            "where the given label is wrong, or that mislabelled says yes of wrong labels.",
        ),
        (
            random_N,
            "Check that members were trained on the wrong labels and that true_label or "
            "mislabelled is of the same ids; or the members are too weak to tell.",
        ),
    ):
        found = examine(values, known_N)
        assert found.unshown is not None
        auroc = Range(0.4962, 0.45, 0.5424) if known_N is random_N else Range(0.01, 0.0, 0.02)
        fixed = untold(replace(found, unshown=replace(found.unshown, auroc=auroc)))
        pairs = (
            "49.6 % of pairs, 45.0 to 54.2 %"
            if known_N is random_N
            else "1.0 % of pairs, 0.0 to 2.0 %"
        )
        assert trust(fixed) == [
            "The list is what a mixture of beta distributions believes, and nothing checks it "
            "here: where no label was wrong, overlapping classes gave a list of 223 of 3,000 "
            f"(docs/examine.md). {ALIKE} Begin with the first 20: they stand worst.",
            f"{known_N.sum():,} labels are said to be wrong, but are not shown to stand worse than "
            f"the others (they stand worse than another label in {pairs}; more than 50 % has to be "
            "shown). So nothing is calibrated, and they are examined as all others are. "
            f"{ends}",
        ]


@pytest.mark.heavy
def test_where_nothing_is_told_it_says_why():
    found = examined(wrong=0.0)
    assert headline(found) == "No label is called mislabelled"
    assert share_said(found) == "Share of wrong labels: cannot tell."
    assert expected_said(found) == ""
    assert trust(found)[0] == (
        "No group of wrong labels stands out from rare examples: there are few or none, or the "
        f"members are too weak or were trained too long to tell. {PLANT}"
    )
    short = examined(E=2)
    assert trust(short)[0] == (
        "The training was too short: fewer than 3 epochs of the trace saw any example. Train "
        "longer, or trace every epoch."
    )
    assert len(trust(untold(short, bulk=7))) == 1


def test_a_mixture_alone_states_no_recall_and_no_lower_limit():
    found = examined()
    fixed = replace(found, alone=replace(found.alone, precision=Range(0.996, 0.0, 1.0)))
    assert expected_said(fixed) == (
        "Of the list more than 99 % are wrong if no rightly labelled example looks like another "
        "class, and maybe none if some do; no limits can be given."
    )


@pytest.mark.heavy
def test_answers_that_do_not_go_with_labels_are_said_to():
    found = replace(examined(wrong=0.0), why="no fit")
    assert trust(found)[0] == (
        "The answers do not go with the labels: in no epoch do they agree more than by chance. "
        "Check that labels, ids and the order of classes are those of the trained examples, or "
        "train until members know something."
    )


def test_no_share_is_rounded_up_to_all():
    assert [below_all(p) for p in (1.0, 0.996, 0.994)] == ["100 %", "more than 99 %", "99 %"]
    assert below_all(0.9996, 1) == "more than 99.9 %"


def test_a_curve_stands_where_its_probabilities_are():
    drawn = str(curve(np.array([[0.0, 1.0, np.nan], [0.0, 0.0, 1.0]]), (2, 4, 9), 2, "key"))
    assert "M15.0 62.0L95.0 37.5L175.0 13.0" in drawn
    assert "M15.0 62.0L95.0 13.0" in drawn
    assert 'x1="95"' in drawn
    assert "from the first epoch on: 0.00, 0.50, 1.00" in drawn


def test_the_axes_of_a_curve_say_what_they_are():
    drawn = str(curve(np.array([[0.0, 1.0, 0.5]]), (2, 4, 9), 2, "key"))
    written = re.findall(r'<text x="([^"]+)" y="([^"]+)"[^>]*>([^<]+)<', drawn)
    assert [said for _, _, said in written] == [
        "probability of the label", "1", "0", "epoch 2", "9",
    ]  # fmt: skip
    assert [(float(x), float(y)) for x, y, _ in written[1:]] == [
        (9, 16), (9, 65), (12, 73), (175, 73),
    ]  # fmt: skip
    assert ">epoch 1<" in str(curve(np.array([[0.5]]), (1,), 1, "key"))


def test_where_much_is_confused_in_bulk_that_is_said_first_and_no_share():
    found = calibrated()
    assert found.calibrated is not None
    asked = int((~found.known_wrong_N).sum())
    told = replace(found.calibrated, recall=Range(0.8, 0.75, 0.85))
    fixed = replace(found, calibrated=told, share=Range(0.1, 0.0, 0.486))
    fixed = untold(fixed, bulk=asked // 2, low=3)
    assert share_said(fixed) == (
        f"{asked // 2} examples of {asked} are confused in bulk, so classes overlap much, or labels "
        "are wrong in one direction, or with few classes in every one. Which cannot be told, nor how "
        "many labels are wrong: 0.0 to 48.6 %. Look at some. Not counted: mistakes that follow one "
        "confusion of classes and were learned, so that they look right."
    )
    assert trust(fixed)[1:] == [
        f"{asked // 2 + 3} examples cannot be told: {asked // 2} of classes that are confused in "
        "bulk, 3 whose label stands low and is not believed wrong."
    ]
    assert expected_said(fixed) == (
        "Of labels that are wrong as the known ones it holds 80 % (75 to 85 %)."
    )
    assert believed_wrong(fixed) == "wrong if classes do not overlap"
    assert believed_wrong(replace(fixed, in_bulk=asked // 4)) == "believed wrong"
    assert expected_said(replace(fixed, calibrated=None)) == ""


def test_where_none_is_listed_the_share_is_an_upper_limit():
    found = examined()
    none_N = np.full(len(found.verdict_N), "typical", dtype=object)
    fixed = untold(replace(found, verdict_N=none_N, share=Range(0.0, 0.0, 0.098)))
    unseen = (
        "Not counted: mistakes that follow one confusion of classes and were learned, so that they "
        "look right."
    )
    assert share_said(fixed) == f"Share of wrong labels: up to 9.8 %; none is listed. {unseen}"
    few = replace(fixed, share=Range(0.0, 0.0, 0.0000369))
    assert share_said(few) == f"Share of wrong labels: up to 0.004 %; none is listed. {unseen}"
    alone = (
        "That none is listed is what a mixture of beta distributions believes, and nothing checks "
        f"it here. {PLANT}"
    )
    assert trust(fixed) == [alone]


TWO_CLASSES = (
    "no upper limit can be given: with two classes, wrong labels that members have learned by heart "
    "are taken for right. Where 41 and 39 % were wrong, 19 and 14 % were believed to be "
    "(docs/examine.md). Labels that are planted before the training tell more"
)


def test_of_two_classes_no_upper_limit_is_given_that_nothing_calibrates():
    found = replace(examined(C=2), share=Range(0.187, 0.0, 0.234))
    assert found.two_classes
    assert not examined().two_classes
    listed, asked = found.count("likely mislabelled"), len(found.verdict_N)
    assert headline(found) == (
        f"{listed} of {asked:,} labels look wrong, and with two classes many more may be; only a "
        "look tells whether they are: right labels of overlapping classes or rare subgroups look "
        "the same"
    )
    assert share_said(found) == (
        f"Share of wrong labels: 18.7 % if all that look wrong are, and {TWO_CLASSES}. Not counted: "
        "mistakes that follow one confusion of classes and were learned, so that they look right."
    )
    assert share_said(listing(found, 0)) == (
        f"Share of wrong labels: none is listed, and {TWO_CLASSES}. Not counted: mistakes that "
        "follow one confusion of classes and were learned, so that they look right."
    )
    assert share_said(replace(found, why="no group")) == "Share of wrong labels: cannot tell."
    assert PLANT in trust(found)[0]


def test_of_two_classes_calibrated_the_limit_holds_and_the_value_is_said_to_be_low():
    found = replace(calibrated(), two_classes=True, share=Range(0.343, 0.0, 0.606))
    assert "two classes" not in headline(found)
    assert share_said(found) == (
        "Share of wrong labels: 34.3 % if all that look wrong are (0.0 to 60.6 %; the upper limit "
        "counts all that cannot be told). With two classes it is too low where many labels are "
        "wrong, since members learn them and they look right. Not counted: mistakes that follow one "
        "confusion of classes and were learned, so that they look right."
    )


def test_answers_that_do_not_go_with_labels_are_not_said_to_be_confused():
    found = untold(replace(examined(wrong=0.0), why="no fit"), bulk=40)
    assert len(trust(found)) == 1


def test_counts_of_what_cannot_be_told_add_up():
    found = examined()
    of_each = {
        "bulk": 1, "low": 2, "never_answered": 3, "between": 4, "looks": 5, "label": 6,
    }  # fmt: skip
    assert trust(untold(found, **of_each))[-1] == (
        "21 examples cannot be told: 1 of classes that are confused in bulk, 2 whose label stands "
        "low and is not believed wrong, 3 whose label no look answers, though it does not stand "
        "low, 4 of which nothing is believed with more than a half, 5 with fewer than 3 looks, 6 "
        "without a label. Confused in bulk: either the two classes overlap, or their labels are "
        "wrong in one direction, or there are few classes and many labels are wrong in every "
        "direction. Look at some of them."
    )


def test_the_window_is_said_to_be_the_best_only_where_one_was_chosen():
    found = examined()
    epochs = f"{found.evidence.epochs} epochs"
    assert window_said(found) == (
        f"The first {epochs} are those in which wrong labels are expected to be told best, since later "
        "the members learn them by heart."
    )
    assert window_said(replace(found, why="no group")) == (
        f"Here, over all {epochs}, no group of labels stands low enough for a list."
    )
    assert window_said(replace(found, why="looks")) == "Here nothing is fitted."


def test_the_line_of_what_was_read_gives_the_reason_for_the_window():
    found = examined()
    first = found.evidence.epochs
    assert told_by(found) == (
        f"; told by the first {first}, where wrong labels are expected to be told best"
    )
    assert told_by(replace(found, why="no group")) == f"; looked at over all {first}"
    assert told_by(replace(found, why="looks")) == ""


def test_too_few_looks_are_said():
    found = replace(examined(E=2), why="looks")
    assert trust(found) == [
        "There are too few looks: a verdict needs 3, and fewer than 300 examples have so many. "
        "Trace more epochs, or more members."
    ]
