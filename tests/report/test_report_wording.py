"""Numbers and other people's text in words."""

from __future__ import annotations

import math

import pytest

from undertow.report import wording
from undertow.report.wording import Scale


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("abc\u202egpj.exe\u2066", "abcgpj.exe"),
        ("a\x00b\x9bc\x7f", "abc"),
        ("\ud800lone", "lone"),
        ("two\nlines\r\n\tand tab", "two\nlines\n and tab"),
        ("مرحبا 👩‍🚀 naïve", "مرحبا 👩‍🚀 naïve"),
        ("tag\U000e0041s", "tags"),
    ],
)
def test_clean_leaves_only_what_prints(given: str, said: str):
    assert wording.clean(given) == said


def test_a_long_text_is_cut_with_its_length_stated():
    assert wording.clean("A" * 10_000_000, 5) == "AAAAA… [10,000,000 characters in all]"


def test_escapes_around_the_cut_do_not_hide_that_it_was_cut():
    assert wording.clean("\x1b[31m" * 100 + "end", 10).endswith("[503 characters in all]")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (wording.percent(0.9344), "93.4 %"),
        (wording.percent(math.nan), "–"),
        (wording.number(-0.0001, 2), "0.00"),
        (wording.number(-1234.5, 1), "−1,234.5"),
        (wording.signed(0.04, 1), "0.0"),
        (wording.signed(1.26, 1), "+1.3"),
        (wording.count(41.25), "41.2"),
        (wording.count(41.0), "41"),
        (wording.count(1234.5), "1,234"),
        (wording.probability(0.0004), "< 0.001"),
        (wording.probability(0.0496), "0.050"),
        (wording.probability(None), "–"),
        (wording.plural(1, "class", "classes"), "1 class"),
        (wording.plural(2000, "class", "classes"), "2,000 classes"),
        (Scale(True).interval(-0.031, 0.002), "−3.1 to +0.2"),
        (Scale(False).interval(-0.031, 0.002), "−0.031 to +0.002"),
        (Scale(True).span(0.9, math.nan), "–"),
        (wording.short("abcdefgh", 5), "abcd…"),
    ],
)
def test_numbers_in_words(said: str, expected: str):
    assert said == expected


def test_the_first_sentence_survives_decimals():
    assert wording.first_sentence("int4 loses 2.1 points (−3.0 to −1.2). shirts pay. All.") == (
        "int4 loses 2.1 points (−3.0 to −1.2).",
        "shirts pay. All.",
    )
    assert wording.first_sentence("No stop") == ("No stop", "")
