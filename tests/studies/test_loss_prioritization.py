"""The study of loss-based prioritization declares what its method says, and its claims decide by
the right side of their intervals. Nothing is trained."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from undertow.lab.interventions.sampling import RandomShare, RhoLoss, SelectiveBackprop
from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Results, Study, judge
from undertow.study.sampled import Ratio, Sampled, chosen, clocks

MODULE = load_study(study_files()["loss_prioritization"])
STUDY: Study = MODULE.study("small")
NOWHERE = Results(SimpleNamespace(variants=()))  # type: ignore[arg-type]


def test_every_column_has_its_standard_and_a_random_third() -> None:
    names = {p.name for p in STUDY.populations}
    for column in (*MODULE.COLUMNS, MODULE.TAIL):
        assert {f"{arm}, {column}" for arm in ("standard", "uniform-33", "SB-33")} <= names
    assert {f"SB-50, {column}" for column in MODULE.COLUMNS} <= names
    for column in (MODULE.CLEAN, *MODULE.LABELS):
        others = ("VR-33", "standard on half", "RHO-33")
        assert {f"{arm}, {column}" for arm in others} <= names
    assert {p.members for p in STUDY.populations} == {8}
    paper = {p.name for p in MODULE.study("paper").populations}
    assert {f"{arm}, {c}" for c in MODULE.COLUMNS for arm in (*MODULE.ARMS, "RHO-33")} <= paper


def test_arms_of_a_column_learn_from_the_same_damaged_data() -> None:
    for column in MODULE.COLUMNS:
        there = [p for p in STUDY.beside if p.name.endswith(f", {column}")]
        whole = [p.data for p in there if "half" not in p.name and "RHO" not in p.name]
        assert len({repr(data) for data in whole}) == 1
        share = column.split()[1] if " " in column else None
        assert share is None or f"share={int(share) / 100}" in repr(whole[0])
    (labels,) = (p for p in STUDY.beside if p.name == "standard, labels 25 %")
    assert "fixed_points=True" in repr(labels.data)


def test_controls_keep_as_much_as_what_they_stand_beside() -> None:
    uniform, third = MODULE.ARMS["uniform-33"], MODULE.ARMS["SB-33"]
    assert isinstance(uniform, RandomShare)
    assert isinstance(third, SelectiveBackprop)
    assert uniform.share == pytest.approx(1 / (third.beta + 1))
    assert uniform.warm == third.warm


def test_rho_has_a_held_out_member_of_its_own_on_the_other_half() -> None:
    (rho,) = (p for p in STUDY.beside if p.name == "RHO-33, labels 50 %")
    (half,) = (p for p in STUDY.beside if p.name == "standard on half, labels 50 %")
    assert rho.data == half.data
    assert rho.interventions == (RhoLoss(keep=1 / 3),)
    assert rho.teacher is not None
    assert (rho.data.which, rho.teacher.data.which) == ("even", "odd")  # type: ignore[attr-defined]
    assert rho.teacher.members == rho.members


def test_the_paper_s_own_numbers_fit_the_target_that_we_read_into_them() -> None:
    standard = [error for _, error in MODULE.PUBLISHED["standard"]]
    for cells in MODULE.PUBLISHED.values():
        for (faster, error), base in zip(cells, standard, strict=True):
            assert (error / base <= clocks.WITHIN) == (faster is not None)


def status(text: str, results: Results = NOWHERE) -> str:
    (claim,) = (c for c in STUDY.claims if c.text == text)
    return judge(claim, results).status


RATIOS = [
    ("SB-33 matches standard when clean", (0.9, 1.04), "held"),
    ("SB-33 matches standard when clean", (1.06, 1.2), "not held"),
    ("SB-33 matches uniform-33 when clean", (0.9, 1.04), "held"),
    ("SB-33 matches uniform-33 when clean", (1.0, 1.1), "not testable"),
    (
        "SB-33 errs at least 1.25 times as often as standard in every corrupted column",
        (1.26, 1.5),
        "held",
    ),
    (
        "SB-33 errs at least 1.25 times as often as standard in every corrupted column",
        (1.1, 1.24),
        "not held",
    ),
    (
        "SB-33 errs at least 1.25 times as often as uniform-33 in every corrupted column",
        (1.1, 1.24),
        "not held",
    ),
    ("At 50 % random labels SB-33 errs at least twice as often as standard", (2.1, 3), "held"),
    (
        "At 50 % random labels SB-33 errs at least twice as often as standard",
        (1.5, 1.9),
        "not held",
    ),
    (
        "At 50 % random labels SB-33 errs at least twice as often as uniform-33",
        (1.5, 2.5),
        "not testable",
    ),
    ("VR-33 matches standard under label noise", (0.9, 1.04), "held"),
    ("VR-33 matches standard under label noise", (1.1, 1.2), "not held"),
    ("VR-33 matches uniform-33 under label noise", (1.1, 1.2), "not held"),
    (
        "Under label noise VR-33 matches standard, SB-50 errs more than VR-33, and SB-33 still more",
        (1.1, 1.2),
        "not held",
    ),
    (
        "Under label noise VR-33 matches standard, SB-50 errs more than VR-33, and SB-33 still more",
        (1.01, 1.04),
        "held",
    ),
    (
        "Under label noise VR-33 matches uniform-33, SB-50 errs more than VR-33, and SB-33 still more",
        (0.8, 0.9),
        "not held",
    ),
]


@pytest.mark.parametrize(("text", "limits", "expected"), RATIOS)
def test_claims_about_errors_decide_by_the_right_limit(
    text: str, limits: tuple[float, float], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    against = "uniform-33" if "uniform-33" in text else "standard"
    asked: list[str] = []

    def ratio(self: Sampled, arm: str, base: str, column: str) -> Ratio:
        asked.append(base)
        return Ratio(sum(limits) / 2, *limits)

    monkeypatch.setattr(Sampled, "ratio", ratio)
    monkeypatch.setattr(Sampled, "there", lambda self, arm, column: True)
    assert status(text) == expected
    assert against in asked
    assert not {"standard", "uniform-33"} - {against} & {*asked}


@pytest.mark.parametrize("text", sorted({text for text, _, _ in RATIOS}))
def test_members_that_do_not_vary_decide_nothing(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sampled, "there", lambda self, arm, column: True)
    monkeypatch.setattr(Sampled, "error", lambda self, arm, column: np.full(8, 0.1))
    assert status(text) == "not testable"


@pytest.mark.parametrize(
    ("text", "share", "expected"),
    [
        ("SB-33 learns from more of the corrupted", 0.3, "held"),
        ("SB-33 learns from more of the corrupted", 0.1, "not held"),
        ("At the end its choices are near", 0.488, "not held"),  # SB-33's, and not SB-50's
        ("RHO-33 learns from fewer", 0.1, "held"),
        ("RHO-33 learns from fewer", 0.3, "not held"),
        ("SB-33 learns from more of the corrupted", math.nan, "not testable"),
    ],
)
def test_claims_about_choices(
    text: str, share: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiggle_ME = np.array([[-0.001], [0.0], [0.001]])

    def shares(arm: str) -> np.ndarray:
        mean = 0.2 if arm.startswith("standard") else share
        return np.full((3, 4), mean) + (0 if arm.startswith("standard") else wiggle_ME)

    monkeypatch.setattr(Sampled, "there", lambda self, arm, column: True)
    monkeypatch.setattr(Sampled, "of", lambda self, arm, column: arm)
    monkeypatch.setattr(chosen, "share_of", shares)
    (whole,) = (c.text for c in STUDY.claims if c.text.startswith(text))
    assert status(whole) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(8.0, "held"), (2.0, "not held"), (4.0, "not testable")]
)
def test_seconds_are_set_against_back_props(
    seconds: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arm has 4 of 10 back-props; what it takes of 10 seconds is the question."""
    noise_M = np.array([-0.5, 0.0, 0.5])

    def spent(arm: str) -> tuple[np.ndarray, np.ndarray]:
        if arm.startswith("SB"):
            return np.full(3, 4.0), seconds + noise_M
        return np.full(3, 10.0), 10 + noise_M

    monkeypatch.setattr(Sampled, "of", lambda self, arm, column: arm)
    monkeypatch.setattr(clocks, "_back_and_seconds", spent)
    assert status("Selective-Backprop saves less in seconds than in back-props") == expected
    beside = "SB-33 takes more seconds for its back-props than uniform-33 does"
    assert status(beside) == expected


@pytest.mark.parametrize(
    ("more", "expected"), [(0.2, "held"), (-0.2, "not held"), (0.0, "not testable")]
)
def test_rare_classes_are_set_against_a_random_third(
    more: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise_M = np.array([-0.01, 0.0, 0.01])

    def on(self: Sampled, arm: str, column: str, slice: str, value: str) -> np.ndarray:
        assert (column, slice, value) == ("long tail", "frequency", "tail")
        return 0.5 + noise_M + (more if arm == "SB-33" else 0)

    monkeypatch.setattr(Sampled, "on", on)
    monkeypatch.setattr(Sampled, "error", lambda self, arm, column: 0.1 + noise_M)
    whole = "On a clean long tail SB-33 is more accurate on rare classes than uniform-33"
    assert status(whole) == expected


def test_without_populations_nothing_is_decided() -> None:
    assert {judge(claim, NOWHERE).status for claim in STUDY.claims} == {"not testable"}
