"""What a design can decide, in whole sentences."""

from __future__ import annotations

import numpy as np

from undertow.audit.design import Design


def test_three_members_a_side_cannot_reach_five_percent() -> None:
    design = Design(3, 3, paired=False, level=0.05)
    assert not design.resolves
    assert design.sentences() == (
        "3 + 3 members: members are exchanged between the two populations; p values come from these rearrangements.",
        "3 + 3 members cannot reach 5% (smallest possible p is 0.1); 4 members a side can.",
    )


def test_four_members_a_side_can() -> None:
    assert Design(4, 4, paired=False, level=0.05).resolves


def test_pairs_need_six() -> None:
    assert not Design(5, 5, paired=True, level=0.05).resolves
    assert Design(6, 6, paired=True, level=0.05).resolves
    assert Design(5, 5, paired=True, level=0.05).sentences()[1] == (
        "5 pairs of members cannot reach 5% (smallest possible p is 0.062); 6 pairs of members can."
    )


def test_one_member_a_side_has_no_floor_and_says_so() -> None:
    design = Design(1, 1, paired=False, level=0.05)
    assert design.mode == "examples"
    assert design.sentences()[-1] == "No floor: one member each side. A repeat run of the reference would give one."


def test_a_repeat_run_gives_the_floor() -> None:
    design = Design(2, 1, paired=False, level=0.05)
    assert design.repeats == 1
    assert design.sentences()[-1] == (
        "The floor comes from 1 repeat run of the reference; each of its runs is tested and the largest p decides."
    )


def test_paired_members_are_swapped_within_pairs() -> None:
    rng = np.random.default_rng(0)
    arrangements = Design(3, 3, paired=True, level=0.05).arrangements(100, rng)
    reference, variant = arrangements.is_reference_DM[:, :3], arrangements.is_reference_DM[:, 3:]
    assert (reference ^ variant).all()
    assert len(reference) == 8
