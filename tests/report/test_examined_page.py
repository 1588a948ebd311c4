"""What the page, the tables and the file for programs take from what was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from undertow.audit.examined.called import VERDICTS
from undertow.audit.examined.examine import Examined, examine
from undertow.audit.examined.table import KINDS, example_table, to_check
from undertow.records.traces.trace import Trace
from undertow.report.examined.cards import FIRST, SHOWN, ExaminedCard, kinds
from undertow.report.examined.curve import curve
from undertow.report.examined.files import summary
from undertow.report.examined.page import by_value, page
from undertow.report.examined.stated import NO_LIMIT, NOT_COUNTED
from wrong_labels import noisy

CLASSES = ("ant", "bee", "cat", "dog", "eel")


@pytest.fixture(scope="module")
def made() -> tuple[Trace, Examined, pl.DataFrame]:
    values, wrong_N = noisy(N=1500, wrong=0.2, apart=2.6)
    values.values["predicted"][:, 7, 1:] = -1
    values.values["margin"][:, 7, 1:] = np.nan
    known_N = wrong_N & (np.arange(1500) % 2 == 0)
    columns = pl.DataFrame({"example_id": values.example_id_N})
    trace = Trace(values, CLASSES, known_N, columns, "by hand")
    found = examine(values, known_N)
    return trace, found, example_table(trace, found)


def test_each_example_has_its_evidence(made):
    trace, found, table = made
    evidence = found.evidence
    for name, expected in (
        ("share_given", evidence.given_N),
        ("share_instead", evidence.instead_share_N),
        ("agreement", evidence.agreement_N),
        ("standing", evidence.standing_N),
        ("looks", evidence.looks_N),
        *((name, found.believed_N3[:, k]) for k, name in enumerate(KINDS)),
    ):
        np.testing.assert_array_equal(table[name].to_numpy(), expected)
    assert [each is None for each in table["reason"]] == [each == "" for each in found.reason_N]
    assert "stands low, not believed wrong" in set(table["reason"])
    assert KINDS == ("p_mislabelled", "p_atypical", "p_typical")
    assert table["given"].to_list() == [CLASSES[k] for k in trace.values.label_N]
    assert (table["known_wrong"] == "yes").to_list() == found.known_wrong_N.tolist()
    assert table["looks"][7] < table["looks"][8]


def test_known_ones_are_in_no_list_and_on_no_card(made):
    trace, found, table = made
    known = set(table.filter(pl.col("known_wrong") == "yes")["example_id"])
    assert not known & set(to_check(table, {})["example_id"])
    shown = kinds(trace, found, table, {}.get)
    cards = [card for kind in shown for card in (*kind.first, *kind.more)]
    assert not known & {card.example_id for card in cards}
    assert [(kind.verdict, kind.count) for kind in shown] == [
        (verdict, found.count(verdict)) for verdict in VERDICTS if found.count(verdict)
    ]


def test_a_card_is_of_its_example_and_the_worst_comes_first(made):
    trace, found, table = made
    rows = {row["example_id"]: (n, row) for n, row in enumerate(table.iter_rows(named=True))}
    for kind in kinds(trace, found, table, {}.get):
        cards = (*kind.first, *kind.more)
        assert len(cards) == min(SHOWN[kind.verdict], kind.count)
        assert len(kind.first) == min(FIRST, len(cards))
        standing = [rows[card.example_id][1]["standing"] for card in cards]
        assert standing == sorted(standing)
        for card in cards:
            _is_of(card, *rows[card.example_id], trace, found)


def _is_of(card: ExaminedCard, at: int, row: dict, trace: Trace, found: Examined) -> None:
    p_ME = np.exp(-trace.values.values["loss"][:, at].astype(np.float64))
    assert card.curve == curve(
        p_ME, trace.values.entry.epochs, found.evidence.epochs, f"curve-{at}"
    )
    facts = dict(card.facts)
    assert (
        facts["given label answered"] == f"{100 * row['share_given']:.0f} % of {row['looks']} looks"
    )
    assert facts.get("cannot tell") == row["reason"]
    assert facts["believed wrong"] == f"{row['p_mislabelled']:.2f}"
    assert card.given == row["given"]
    assert card.instead == (row["instead"] or "")
    if row["instead"]:
        assert facts["instead"] == f"{100 * row['share_instead']:.0f} %"
        agree = f"{100 * row['agreement']:.0f} % of members that answer another"
        assert facts.get("agree on that class") == (None if row["verdict"] == "typical" else agree)


def test_values_are_counted_without_known_ones_the_worst_first():
    table = pl.DataFrame(
        {
            "site": ["a", "a", "a", "a", "b", "b", "b", None],
            "verdict": [
                "typical", "likely mislabelled", "typical", "cannot tell",
                "likely mislabelled", "atypical", "likely mislabelled", "typical",
            ],
            "known_wrong": ["no", "no", "no", "no", "no", "no", "yes", "no"],
        }
    )  # fmt: skip
    told = [(row.value, row.examples, row.counts) for row in by_value(table, "site")]
    none, all_of = "0 (0.0 %)", "1 (100.0 %)"
    assert told == [
        ("b", "2", ("1 (50.0 %)", "1 (50.0 %)", none, none)),
        ("a", "4", ("1 (25.0 %)", none, "2 (50.0 %)", "1 (25.0 %)")),
        ("none", "1", (none, none, all_of, none)),
    ]


@pytest.mark.heavy
def test_programs_and_the_page_get_the_same_numbers(made):
    trace, found, table = made
    told = summary(trace, found)
    assert found.calibrated is not None
    assert found.expected is not None
    assert told["known_wrong"] == found.known_wrong_N.sum() > 0
    assert told["auroc_of_known"] == found.calibrated.auroc
    assert (told["precision"], told["recall"]) == found.expected
    assert told["share_wrong"] == found.share
    assert (told["share_wrong_why"], told["precision_at_most"]) == (None, None)
    assert (told["share_wrong_no_limit"], told["recall_why"]) == (None, None)
    assert told["not_counted"] == NOT_COUNTED
    assert sum(told["cannot_tell"].values()) == found.count("cannot tell") > 0
    assert told["not_shown_to_be_wrong"] is None
    assert [tuple(each.values()) for each in told["confusions"]] == [
        (CLASSES[c.given], CLASSES[c.instead], c.answered, c.listed, c.of, c.in_bulk)
        for c in found.confusions
    ]
    shown = page(trace, found, table.with_columns(label="given"), {}.get, "", "label")
    assert " %" not in shown.split("<dl")[0].replace(": 0 %", "")
    assert "\u00a0% if all that look wrong are" in shown
    assert (
        "and of ordinary ones too, since the line between the two moves with the training" in shown
    )
    first = found.confusions[0]
    assert f"{first.answered:,} of {first.of:,}" in shown
    assert shown.count("confused in bulk</td>") == sum(c.in_bulk for c in found.confusions[:20])
    unshown = examine(trace.values, ~found.known_wrong_N)
    assert unshown.unshown is not None
    assert summary(trace, unshown)["not_shown_to_be_wrong"] == unshown.unshown


@pytest.mark.heavy
def test_programs_get_no_number_that_the_page_does_not_state(made):
    trace, found, _ = made
    asked = int((~found.known_wrong_N).sum())
    bulk = summary(trace, replace(found, in_bulk=asked // 2))
    none_N = np.full(len(found.verdict_N), "typical", dtype=object)
    none = summary(trace, replace(found, verdict_N=none_N))
    for told, why in (
        (
            bulk,
            "confused in bulk: classes overlap much, or labels are wrong in one direction, or with "
            "few classes in every one",
        ),
        (none, "none is listed"),
    ):
        share = told["share_wrong"]
        assert np.isnan(share.value)
        assert (share.low, share.high) == (found.share.low, found.share.high)
        assert told["share_wrong_why"] == why
        assert np.isnan(told["precision"].value)
        assert np.isnan(told["alone"]["share_wrong"].value)
        assert np.isnan(told["alone"]["precision"].value)
        assert (told["recall"], told["recall_why"]) == (
            (found.expected[1], None) if told is bulk else (None, "no list, so nothing to hold")
        )
    group = summary(trace, examine(noisy(wrong=0.0)[0]))
    assert group["share_wrong_why"] == "cannot tell: no group"


def test_programs_get_no_upper_limit_of_two_classes(made):
    """Nor of the mixture alone, where labels are calibrated: it is the same mixture."""
    trace, found, _ = made
    assert found.calibrated is not None
    calibrated = summary(trace, replace(found, two_classes=True))
    assert calibrated["share_wrong"] == found.share
    assert calibrated["share_wrong_no_limit"] is None
    alone = summary(trace, replace(found, two_classes=True, calibrated=None))
    assert alone["share_wrong_no_limit"] == NO_LIMIT
    assert alone["share_wrong"].value == found.share.value
    for share in (alone["share_wrong"], alone["alone"]["share_wrong"]):
        assert np.isnan(share.high)
    assert np.isnan(calibrated["alone"]["share_wrong"].high)


def test_a_dashed_line_is_spoken_of_where_cards_have_one(made):
    trace, found, table = made
    said = "the verdict rests on what is left of the dashed line"
    epochs = len(trace.values.entry.epochs)
    for used in (epochs - 1, epochs):
        evidence = replace(found.evidence, epochs=used)
        other = replace(found, evidence=evidence)
        shown = page(trace, other, table.with_columns(label="given"), {}.get, "", "label")
        assert (said in shown) == (used < epochs) == ('class="zero"' in shown)
