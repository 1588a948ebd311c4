"""Numbers and other people's text in words."""

from __future__ import annotations

import math

import pytest

from undertow.report import wording
from undertow.report.wording import Scale


def test_a_row_has_as_many_decimals_as_it_needs():
    points = wording.Scale(True).telling(-0.0004, -0.005, 0.0042, sides=(0.8996, 0.8992))
    assert (points.effect(-0.0004), points.interval(-0.005, 0.0042), points.value(0.8996)) == (
        "−0.04",
        "−0.50 to +0.42",
        "89.96 %",
    )
    plain = wording.Scale(False).telling(0.0003, 0.0, 0.0007)
    assert (plain.effect(0.0003), plain.interval(0.0, 0.0007)) == ("+0.0003", "0.0000 to +0.0007")
    assert wording.Scale(True).telling(None).effect(None) == "–"


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


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (
            Scale(True),
            (
                "change against the reference",
                "points",
                "93.4 %",
                "+93.4",
                "−1.2 to +0.5",
                "1.2 to 93.4",
            ),
        ),
        (
            Scale(False),
            (
                "change against the reference",
                "",
                "0.934",
                "+0.934",
                "−0.012 to +0.005",
                "0.012 to 0.934",
            ),
        ),
        (
            Scale(True, True),
            ("excess over the floor", "points", "93.4 %", "+93.4", "−1.2 to +0.5", "1.2 to 93.4"),
        ),
    ],
)
def test_a_scale_has_its_own_unit_and_digits(scale: Scale, said: tuple[str, ...]):
    values = (
        scale.value(0.934),
        scale.effect(0.934),
        scale.interval(-0.012, 0.005),
        scale.span(0.012, 0.934),
    )
    assert (scale.contrast, scale.unit, *values) == said


@pytest.mark.parametrize("undefined", [None, math.nan, math.inf])
def test_what_is_undefined_is_a_dash_never_zero(undefined: float | None):
    scale = Scale(True)
    alone = (wording.number, wording.count, wording.percent, wording.signed, wording.probability)
    assert {say(undefined) for say in (*alone, scale.value, scale.effect)} == {"–"}
    assert {
        scale.span(undefined, 0.5),
        scale.span(0.5, undefined),
        scale.span(undefined, undefined),
    } == {"–"}
    assert scale.interval(undefined, undefined) == "–"
    assert (scale.interval(undefined, 0.5), scale.interval(0.5, undefined)) == (
        "– to +50.0",
        "+50.0 to –",
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (wording.percent(0.0), "0.0 %"),
        (wording.percent(0.12345, 2), "12.35 %"),
        (wording.count(99.9), "99.9"),
        (wording.count(100.4), "100"),
        (wording.count(-100.4), "−100"),
        (wording.probability(0.001), "0.001"),
        (wording.probability(0.00099), "< 0.001"),
        (wording.probability(0.0), "< 0.001"),
        (wording.signed(0.0), "0.0"),
        (wording.signed(-0.04), "0.0"),
        (wording.signed(1234.56), "+1,234.6"),
        (wording.number(1234567, 0), "1,234,567"),
        (wording.plural(0, "member"), "0 members"),
        (wording.plural(1, "member"), "1 member"),
        (wording.plural(2, "member"), "2 members"),
    ],
)
def test_numbers_at_the_edge_of_their_rule(said: str, expected: str):
    assert said == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a" * 24, "a" * 24),
        ("a" * 25, "a" * 23 + "…"),
        ("one  two\nthree", "one two three"),
        ("word " * 20, "word word word word wor…"),
        ("a" * 22 + " bc", "a" * 22 + "…"),
    ],
)
def test_a_label_is_cut_at_its_limit_and_not_before(given: str, said: str):
    assert wording.short(given) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("short", "short"),
        ("a" * 60, "a" * 60),
        ("a" * 40 + "b" * 21, "a" * 39 + "…" + "b" * 20),
        ("a" * 5000 + "the end", "a" * 39 + "…" + "a" * 13 + "the end"),
    ],
)
def test_a_long_answer_keeps_both_its_ends(given: str, said: str):
    assert wording.both_ends(given) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("abcdef", "abcdef"),
        ("abcdefg", "…bcdefg"),
        ("a" * 100 + " end", "…aa end"),
        ("\x1b[0m" * 5 + "abcd", "abcd"),
    ],
)
def test_the_end_of_a_text_is_marked_where_its_beginning_is_cut(given: str, said: str):
    assert wording.ending(given, 6) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("::error::owned", ": :error::owned"),
        ("  ::error::owned", "  : :error::owned"),
        ("fine :: here", "fine :: here"),
        ("##[error]owned", "## [error]owned"),
        ("see ##vso[task] and ## title", "see ## vso[task] and ## title"),
        ("plain", "plain"),
    ],
)
def test_no_line_is_a_command_to_a_server(given: str, said: str):
    assert wording.quoted_for_logs(given) == said
