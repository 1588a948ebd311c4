"""A population is not taken for one that takes no part where its answers are those of a side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from undertow.audit.dynamics.one_model import members_alike
from undertow.audit.dynamics.told import numbers_told
from undertow.errors import NotComparableError
from undertow.records.records import Records
from undertow.records.write import write_records
from worlds import records_from

N = 120
LABEL_N = np.arange(N) % 3
CLASSES = ("car", "cat", "ship")
WRONG_N = np.where(np.arange(N) % 5 == 0, (LABEL_N + 1) % 3, LABEL_N)
OTHER_N = np.where(np.arange(N) % 7 == 0, (LABEL_N + 1) % 3, LABEL_N)


def loose(name: str, *pred: np.ndarray, classes: tuple[str, ...] = CLASSES) -> Records:
    """As of loose files, of which nothing is known but the answers; ``pred`` and labels are places
    in ``CLASSES``."""
    place_C = np.array([classes.index(c) for c in CLASSES])
    made = records_from(place_C[np.stack(pred)], place_C[LABEL_N], classes, name=name)
    members = tuple(
        m.model_copy(update={"id": f"{name}-{k}", "seeds": {}, "sha256": None})
        for k, m in enumerate(made.members)
    )
    return replace(made, manifest=made.manifest.model_copy(update={"members": members}))


def alike(telling: Records, side: Records) -> list[tuple[str, str, int]]:
    found = list(members_alike(telling, side))
    assert not any(pair.differ for pair in found)
    return [pair[:3] for pair in found]


@pytest.mark.parametrize("classes", [CLASSES, CLASSES[::-1]])
def test_a_member_that_stands_in_a_side_of_another_name_is_refused(tmp_path: Path, classes):
    folder = tmp_path / "pop"
    write_records(loose("p_old", WRONG_N, classes=classes), folder)
    reference, variant = loose("both", OTHER_N, WRONG_N), loose("new", OTHER_N)
    with pytest.raises(NotComparableError) as caught:
        numbers_told(folder, ["consensus_accuracy"], [variant, reference])
    assert str(caught.value) == (
        f"--columns-from {folder}: its member 'p_old-0' gave the same answers as member 'both-1' "
        "of 'both', which is compared, to all 120 examples that both have, and examples that it "
        "found hard by chance would seem to gain or lose; give one that takes no part: train "
        "fresh members, as with .again(...)"
    )
    assert numbers_told(folder, ["consensus_accuracy"], [variant]) is not None


def test_one_other_answer_is_another_member():
    nearly_N = np.where(np.arange(N) == 1, (WRONG_N + 1) % 3, WRONG_N)
    assert alike(loose("a", WRONG_N), loose("b", WRONG_N)) == [("a-0", "b-0", N)]
    assert alike(loose("a", nearly_N), loose("b", WRONG_N)) == []


def test_independent_members_that_are_right_on_everything_are_not_one_model():
    """Else nobody could tell which examples of an easy task are hard."""
    assert alike(loose("a", LABEL_N), loose("b", LABEL_N)) == []


def test_models_that_collapsed_are_not_one_model():
    zero_N = np.zeros_like(LABEL_N)
    assert alike(loose("a", zero_N), loose("b", zero_N)) == []


def test_few_errors_in_common_are_those_of_independent_members():
    """Such as examples with a wrong label, on which all trained members are wrong alike."""
    wrong_N = np.flatnonzero(WRONG_N != LABEL_N)
    assert len(wrong_N) == 24
    for errors, found in ((20, [("a-0", "b-0", N)]), (19, [])):
        pred_N = LABEL_N.copy()
        pred_N[wrong_N[:errors]] = WRONG_N[wrong_N[:errors]]
        assert alike(loose("a", pred_N), loose("b", pred_N)) == found


def test_equal_answers_count_on_what_both_answered_alone():
    a, b = loose("a", WRONG_N), loose("b", WRONG_N)
    assert alike(a, b.take_examples(np.arange(N - 100, N)[::-1])) == [("a-0", "b-0", 100)]
    assert alike(a, b.take_examples(np.arange(N - 95, N))) == []  # 19 of these are wrong
    assert alike(loose("a", np.where(np.arange(N) < 100, WRONG_N, OTHER_N)), b) == []


def graded(name: str, score_N: np.ndarray) -> Records:
    return replace(loose(name, WRONG_N), score_MN=score_N[None].astype(np.float32))


def test_equal_grades_are_one_model_and_others_are_not():
    score_N = np.linspace(0, 1, N)
    assert alike(graded("a", score_N), graded("b", score_N)) == [("a-0", "b-0", N)]
    assert alike(graded("a", score_N), graded("b", score_N[::-1])) == []


def test_renamed_classes_are_the_same_answers():
    """The labels tell which is which, in whatever order."""
    b = loose("b", WRONG_N)
    for names in (("x", "y", "z"), ("cat", "ship", "car")):
        renamed = replace(b, manifest=b.manifest.model_copy(update={"classes": names}))
        assert alike(loose("a", WRONG_N), renamed) == [("a-0", "b-0", N)]
        other = loose("b", OTHER_N)
        assert alike(loose("a", WRONG_N), replace(other, manifest=renamed.manifest)) == []


RENAMED = ("x", "y", "z")


def called(side: Records, *names: str) -> Records:
    return replace(side, manifest=side.manifest.model_copy(update={"classes": names}))


def test_one_corrected_label_hides_no_renamed_classes():
    b = called(loose("b", WRONG_N), *RENAMED)
    for corrected, found in ((2, [("a-0", "b-0", N)]), (3, [])):
        label_N = np.where(np.arange(N) < corrected, (LABEL_N + 1) % 3, LABEL_N)
        labelled = b.examples.with_columns(label=pl.Series(label_N.astype(np.int32)))
        assert alike(loose("a", WRONG_N), replace(b, examples=labelled)) == found


def test_a_corrected_label_renames_no_class():
    """The one example of a class has another label at the other side, which calls all else the
    same."""
    classes, rare_N = (*CLASSES, "plane", "bird"), np.arange(N) == 0
    sides = [
        records_from(WRONG_N[None], np.where(rare_N, rare, LABEL_N), classes, name="s")
        for rare in (3, 4)
    ]
    edited = np.where(rare_N, 3, WRONG_N)
    answers = (replace(side, pred_MN=edited[None].astype(np.int32)) for side in sides)
    assert alike(*answers) == [("m00", "m00", N)]


def test_answers_in_a_renamed_class_that_no_label_shows_are_not_compared():
    """What the other side calls it is not known: an independent member differs on the rest."""
    classes = (*CLASSES, "plane")
    plane_N, other_N = (np.where(np.arange(N) < 10, 3, pred_N) for pred_N in (WRONG_N, OTHER_N))

    def side(name: str, pred_N: np.ndarray, *names: str) -> Records:
        return called(records_from(pred_N[None], LABEL_N, classes, name=name), *names)

    a = side("a", plane_N, *classes)
    assert alike(a, side("b", plane_N, *RENAMED, "w")) == [("m00", "m00", N - 10)]
    assert alike(a, side("b", plane_N, *classes)) == [("m00", "m00", N)]
    assert alike(a, side("b", other_N, *RENAMED, "w")) == []


@pytest.mark.parametrize("errors", [19, 20])
@pytest.mark.parametrize("kept", ["telling", "side"])
def test_a_copy_of_what_one_got_right_is_told_by_what_it_lacks(errors: int, kept: str):
    """Nothing is wrong on what both have; the rest is wrong on the one that has it."""
    wrong_N = np.arange(N) < errors
    pred_N = np.where(wrong_N, (LABEL_N + 1) % 3, LABEL_N)
    whole, part = loose("whole", pred_N), loose("part", pred_N)
    part = part.take_examples(np.flatnonzero(~wrong_N))
    sides = (part, whole) if kept == "telling" else (whole, part)
    found = [(sides[0].members[0].id, sides[1].members[0].id, N - errors)]
    assert alike(*sides) == (found if errors == 20 else [])


def test_independent_members_on_a_part_are_not_one_model():
    """Right on all of it, where the rest is not wrong alone."""
    pred_N = np.where(np.arange(N) < 40, (LABEL_N + 1) % 3, LABEL_N)
    part = loose("part", pred_N).take_examples(np.arange(41, N))
    assert alike(part, loose("whole", pred_N)) == []


def test_coarser_classes_are_other_answers():
    """Labels that stand for several of the other side rename nothing."""
    coarse_C = np.array([0, 1, 1])
    side = records_from(coarse_C[WRONG_N][None], coarse_C[LABEL_N], ("car", "other"), name="b")
    assert alike(loose("a", WRONG_N), side) == []
