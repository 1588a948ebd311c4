"""What a design can decide, and what its verdict is about, in whole sentences."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.audit.design import Design, scope_of
from undertow.audit.settings import Settings

MODELS = "The verdict is about these trained models, on new examples like these."
RECIPES = "The verdict is about new members of these recipes, on these examples."
BOTH = "The verdict is about new members of these recipes, on new examples like these."
STUDENT = (
    "So shifts are tested by Welch's t, which assumes that members spread normally. Disagreements "
    "cannot be told from chance"
)
PAIRED_T = STUDENT.replace("Welch's", "the paired")
LONE = "The variant has only one member; it is assumed to vary as much as the reference's."


def test_members_are_exchanged() -> None:
    design = Design(4, 4, paired=False, level=0.05)
    assert design.resolves
    assert design.sentences() == (
        RECIPES,
        "4 + 4 members: members are exchanged between the two populations; p values come from "
        "these rearrangements.",
    )


def test_three_members_a_side_are_decided_by_students_t() -> None:
    design = Design(3, 3, paired=False, level=0.05)
    assert (design.tells, design.resolves) == (True, False)
    assert design.sentences() == (
        RECIPES,
        "3 + 3 members: members are exchanged between the two populations. These are too "
        "few members for a shift to reach 5 % by that test (the smallest possible p is 0.1). "
        f"{STUDENT}, but for whether more of them became wrong, or right.",
    )


def test_sides_of_unequal_size_have_no_mirror_image_to_leave_out() -> None:
    said = Design(2, 3, paired=False, level=0.05).sentences()[1]
    assert said.endswith("(the smallest possible p is 0.1). " + STUDENT + ".")


def test_pairs_need_six_for_rearrangements() -> None:
    assert Design(6, 6, paired=True, level=0.05).resolves
    design = Design(5, 5, paired=True, level=0.05)
    assert (design.tells, design.resolves) == (True, False)
    assert design.sentences() == (
        RECIPES,
        "5 + 5 members: each variant member derives from a reference member, so pairs are "
        "swapped. These are too few members for a shift to reach 5 % by that test (the smallest "
        f"possible p is 0.062). {PAIRED_T}.",
    )
    assert Design(6, 6, paired=True, level=0.05).sentences()[1] == (
        "6 + 6 members: each variant member derives from a reference member, so pairs are swapped; "
        "p values come from these rearrangements."
    )


@pytest.mark.parametrize("scope", ["members", "both"])
@pytest.mark.parametrize(
    ("paired", "what"), [(False, "One reference member"), (True, "One pair of members")]
)
def test_one_reference_member_or_pair_cannot_tell_and_says_what_would(scope, paired, what) -> None:
    design = Design(1, 1 if paired else 8, paired=paired, level=0.05, scope=scope)
    assert (design.tells, design.resolves, design.mode) == (False, False, "members")
    assert design.sentences() == (
        RECIPES if scope == "members" else BOTH,
        f"{what} does not show how much members of a recipe differ, so no verdict is possible. Give more, or ask about these models: --generalise-to examples.",
    )


def test_enough_members_against_one_can_reach_the_level_only_where_they_tell() -> None:
    assert Design(24, 1, paired=False, level=0.05).resolves
    assert not Design(1, 24, paired=False, level=0.05).resolves


def test_one_variant_member_is_taken_to_vary_as_the_references() -> None:
    assert Design(8, 1, paired=False, level=0.05).sentences()[-1] == LONE
    assert Design(8, 1, paired=False, level=0.05, scope="both").sentences()[-1] == LONE


def test_members_and_examples() -> None:
    assert Design(3, 2, paired=False, level=0.05, scope="both").sentences() == (
        BOTH,
        "3 + 2 members and the examples are both treated as samples: limits of shifts combine what members and what examples vary by. Disagreements are tested by exchanging members, on "
        "these examples.",
    )
    clustered = Design(5, 5, paired=True, level=0.05, scope="both", clusters="column 'passage'")
    assert clustered.sentences()[1] == (
        "5 pairs of members and the examples are both treated as samples: limits of shifts combine what members and what clusters of examples (column 'passage') vary by. Disagreements are "
        "tested by exchanging members, on these examples."
    )


def test_one_model_a_side_has_no_floor_and_says_so() -> None:
    design = Design(1, 1, paired=False, level=0.05, scope="examples")
    assert (design.mode, design.repeats, design.resolves) == ("examples", 0, True)
    assert design.sentences() == (
        MODELS,
        "The test is over examples: exact McNemar, with Tango's score interval.",
        "No floor: one reference run. A repeat run of the reference would give one.",
    )


def test_graded_outcomes_have_another_test_than_right_and_wrong() -> None:
    design = Design(1, 1, paired=False, level=0.05, scope="examples", binary=False)
    assert (
        design.sentences()[1]
        == "The test is over examples, by limits for the mean of bounded differences."
    )


def test_without_outcomes_a_floor_alone_is_tested_against() -> None:
    design = Design(1, 1, paired=False, level=0.05, scope="examples", scored=False)
    assert design.sentences()[1].startswith("Nothing is tested: ")
    repeated = Design(2, 1, paired=False, level=0.05, scope="examples", scored=False)
    assert repeated.sentences()[1].startswith("The test is over examples")


@pytest.mark.parametrize("binary", [True, False])
def test_clusters_are_named_and_nothing_is_exact(binary) -> None:
    said = "examples with equal content (180 repeat another)"
    design = Design(1, 1, paired=False, level=0.05, scope="examples", clusters=said, binary=binary)
    assert design.sentences()[1] == (
        f"The test is over clusters of examples ({said}): the models' answers are exchanged "
        "cluster by cluster. “Better” and “within tolerance” are said only if they would also hold with clusters unlike those seen."
    )
    assert "McNemar" not in " ".join(design.sentences())


@pytest.mark.parametrize(
    ("runs", "floor"),
    [(2, "The floor is how much the 2 runs"), (3, "The floor is how much the 3 runs")],
)
def test_repeat_runs_are_averaged_and_give_the_floor(runs, floor) -> None:
    design = Design(runs, 1, paired=False, level=0.05, scope="examples")
    assert design.repeats == runs - 1
    assert design.sentences() == (
        MODELS,
        "The test is over examples, by limits for the mean of bounded differences.",
        f"{runs} + 1 runs of the models are averaged on each example.",
        f"{floor} of the reference differ among themselves.",
    )


def test_paired_members_are_swapped_within_pairs() -> None:
    rng = np.random.default_rng(0)
    arrangements = Design(3, 3, paired=True, level=0.05).arrangements(100, rng)
    reference, variant = arrangements.is_reference_DM[:, :3], arrangements.is_reference_DM[:, 3:]
    assert (reference ^ variant).all()
    assert len(reference) == 8


@pytest.mark.parametrize(
    ("asked", "several", "models", "scope"),
    [
        ("auto", "members", (1, 1), "examples"),
        ("auto", "members", (3, 1), "examples"),
        ("auto", "members", (1, 8), "examples"),
        ("auto", "members", (2, 2), "members"),
        ("auto", "both", (2, 2), "both"),
        ("auto", "both", (7, 1), "examples"),
        ("members", "members", (1, 1), "members"),
        ("both", "members", (5, 5), "both"),
        ("examples", "both", (5, 5), "examples"),
    ],
)
def test_by_itself_it_is_about_members_only_where_both_sides_have_several(
    asked, several, models, scope
) -> None:
    assert scope_of(Settings(generalise_to=asked, several=several), *models) == scope


def test_a_level_that_is_just_reached_is_reached() -> None:
    design = Design(3, 3, paired=False, level=0.1)
    assert design.smallest_p == 0.1
    assert design.resolves
