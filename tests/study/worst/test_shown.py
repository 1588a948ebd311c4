"""Tables and panels, of arms made by hand and of tiny populations that were trained."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from undertow.audit.stats.components import nested
from undertow.study.figures import COLOURS, drawn
from undertow.study.worst import panels, shown, shown_teachers
from undertow.study.worst.arms import Arm, balanced, worst
from undertow.study.worst.choice import Choice
from undertow.study.worst.front import Front
from undertow.study.worst.printed import Printed
from undertow.study.worst.teachers import Teachers
from undertow.study.worst.true_lowest import true_worst
from undertow.study.worst.values import Value, value
from undertow.study.worst.written import share, with_limits

LABEL_N = np.repeat([0, 1, 2], 40)


def arm(seed, members=4, teachers=(), low=0.6):
    rng = np.random.default_rng(seed)
    right_MN = rng.random((members, 120)) < np.array([low, 0.8, 0.9])[LABEL_N]
    return Arm(right_MN, LABEL_N, 3, teachers)


def test_every_arm_has_its_limits_its_members_and_the_papers_numbers():
    arms = {
        "standard": arm(0),
        "robust": arm(1, 6, ["a", "a", "b", "b", "c", "c"]),
        "one": arm(2, 1),
    }
    printed = {"standard": Printed(87.66, 94.34, 0.40), "robust": Printed(90.94, 92.54)}
    table = shown.arms_table(arms, 2, printed)
    assert list(table.head) == [
        "arm", "members", "average %", "balanced %", "worst class %", "worst-2 %",
        "true worst class %", "paper",
    ]  # fmt: skip
    assert [row[:2] for row in table.rows] == [
        ["standard", "4"],
        ["robust", "6 (3 taught)"],
        ["one", "1"],
    ]
    assert [row[-1] for row in table.rows] == ["87.66 ± 0.40 (94.34)", "90.94 (92.54)", "–"]
    first = arms["standard"]
    statistics = (first.average(), balanced, worst(1), worst(2))
    assert list(table.rows[0][2:6]) == [share(value(first, f)) for f in statistics]
    true = true_worst(first)
    assert table.rows[0][6] == f"[{100 * true.low:.1f}, {100 * true.high:.1f}]"
    assert re.fullmatch(r"\d\d\.\d \[\d\d\.\d, \d\d\.\d\]", table.rows[0][4])
    assert re.fullmatch(r"\d\d\.\d", table.rows[2][4])
    assert table.rows[2][6] == "–"
    assert len(shown.arms_table(arms).head) == 7
    assert table.title == "Average and worst-class accuracy"
    assert shown.arms_table(arms, title="Even classes").title == "Even classes"


def test_a_choice_has_what_it_is_held_out_and_on_test_examples():
    tested = (arm(0), arm(1, low=0.7))
    picked = {
        "best": (Choice("robust", 0.512, 0.7249, 0.7, 24, 24), tested[0]),
        "as accurate": (Choice("α .25", 0.4, 0.8, 0.75, 3, 20), tested[1]),
    }
    table = shown.choices_table(picked)
    assert list(table.head) == [
        "choice", "setting", "allowed", "worst class held out %", "average held out %",
        "worst class %", "average %",
    ]  # fmt: skip
    first, second = table.rows
    assert first[:5] == ["best", "robust", "24 of 24", "51.2", "72.5"]
    assert second[:5] == ["as accurate", "α .25", "3 of 20", "40.0", "80.0"]
    for row, found in zip((first, second), tested, strict=True):
        assert row[5:] == [share(value(found, f)) for f in (worst(1), found.average())]


def exact(*counts):
    """Members with so many right of each class of forty."""
    right_MN = np.stack([np.concatenate([np.arange(40) < n for n in each]) for each in counts])
    return Arm(right_MN, LABEL_N, 3)


def test_who_is_worst_comes_with_how_often_and_its_recall_over_all_members():
    arms = {
        "even": exact((10, 20, 30), (30, 20, 25), (5, 20, 30)),
        "tied": exact((20, 20, 30)),
    }
    table = shown.lowest_table(arms, ("cat", "dog", "owl"))
    assert list(table.head) == ["arm", "lowest class"]
    assert [list(row) for row in table.rows] == [
        ["even", "cat: 2 of 3 members, 37.5 %; dog: 1 of 3 members, 50.0 %"],
        ["tied", "cat: 1 of 1 member, 50.0 %"],
    ]
    assert table.note == (
        "The class with the lowest recall of each member, the first of equal ones, and the recall "
        "of that class, the mean over all members."
    )


def test_variances_are_shown_as_standard_deviations_in_points():
    found = nested(np.array([0.5, 0.52, 0.6, 0.64, 0.7, 0.66]), ["a", "a", "b", "b", "c", "c"])
    nothing = nested(np.full(4, 0.5), ["a", "a", "b", "b"])
    table = shown_teachers.split_table({"robust": found, "stuck": nothing})
    first, second = table.rows
    assert first[:3] == ["robust", "3", "3"]
    assert first[3].startswith(f"{100 * np.sqrt(found.members.value):.1f} [")
    assert first[5] == f"{found.share.value:.2f} [{found.share.low:.2f}, {found.share.high:.2f}]"
    assert second == ["stuck", "2", "2", "0.0 [0.0, 0.0]", "–", "–"]


def test_gaps_of_teachers_stand_beside_what_their_students_did():
    students_M = np.array([0.5, 0.6, 0.7, 0.8, 0.75])
    gaps = {"labels": 1 - students_M, "bins": np.full(5, 0.2)}
    table = shown_teachers.teachers_table({"tdf": Teachers(gaps, students_M)})
    first, second = table.rows
    assert first[:4] == ["tdf", "labels", "0.200 … 0.500", "5"]
    assert first[4].startswith("-1.00 [-1.00, ")
    assert first[5] == "0.0167"
    assert second == ["tdf", "bins", "0.200 … 0.200", "5", "–", "–"]


def test_teachers_without_a_gap_are_not_among_those_that_are_counted():
    gaps = {"bins": np.array([np.nan, 0.3, 0.1]), "others": np.full(3, np.nan)}
    table = shown_teachers.teachers_table({"tdf": Teachers(gaps, np.array([0.5, 0.6, 0.7]))})
    assert [row[2:4] for row in table.rows] == [["0.100 … 0.300", "2"], ["–", "0"]]


def test_numbers_in_evidence_come_with_the_limits_that_are_known():
    assert with_limits(Value(0.5, 0.25, 0.75, 3), "+.2f") == "+0.50 [+0.25, +0.75]"
    assert with_limits(Value(0.5, np.nan, np.nan, 1), ".1f") == "0.5"
    assert with_limits(Value(np.nan, np.nan, np.nan, 0), ".1f") == "–"


def test_ten_classes_are_told_apart_by_colour_and_stroke():
    classes = tuple("abcdefghij")
    value_ME = np.random.default_rng(0).random((3, 2))
    members = SimpleNamespace(
        answers=SimpleNamespace(classes=classes), epochs=[1, 2], series=lambda name: value_ME
    )
    lines = panels.weights_panel("λ", members).lines
    assert len({(line.pair % len(COLOURS), line.stroke) for line in lines}) == len(classes)


@pytest.mark.heavy
def test_the_front_is_joined_and_what_it_beats_is_not():
    front = Front({"a": arm(0), "b": arm(1, low=0.7), "c": arm(2, low=0.3)})
    panel = panels.front_panel("Average and worst", {"both": front, "alone": Front({"a": arm(0)})})
    joined, beaten, alone = panel.lines
    place = [*front.arms].index(front.best[0])
    assert (joined.x[0], joined.y[0]) == pytest.approx(tuple(100 * front.points_P2[place]))
    assert len(joined.x) + len(beaten.x) == 3
    assert (joined.stroke, beaten.stroke, beaten.label) == ("solid", "none", "")
    assert (joined.pair, beaten.pair, alone.pair) == (0, 0, 1)
    assert (panel.x_label, panel.y_label) == ("average accuracy, %", "worst class, %")
    assert drawn([panel]).startswith("<?xml")
    assert panels.front_panel("", {"": Front(front.arms, 2)}).y_label == "worst-2, %"


def test_every_teacher_is_a_dot_and_the_title_has_the_rank_correlation():
    rising, falling = np.arange(6.0), np.arange(6.0)[::-1]
    kinds = {
        "standard": Teachers({"bins": rising / 10}, falling / 20),
        "robust": Teachers({"bins": rising / 10 + 5}, rising / 20 + 0.3),
    }
    panel = panels.teachers_panel("Teachers", kinds)
    standard, robust = panel.lines
    assert (standard.label, standard.stroke, robust.pair) == ("standard", "none", 1)
    assert (standard.x[5], standard.y[5]) == (0.5, 0.0)
    assert robust.y[0] == pytest.approx(30.0)
    assert panel.title.startswith("Teachers: ρ +0.00")  # one kind falls, the other rises
    assert panel.title.endswith(" within kinds")
