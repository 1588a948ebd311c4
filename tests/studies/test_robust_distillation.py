"""The study of robust distillation declares what its method says, and its claims decide by the
right side of their intervals, by what was chosen on held-out examples. Nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from undertow.lab.data import CIFAR10, HeldOut, LongTailed, OnHeldOut
from undertow.lab.data.tested_on import TestedOn
from undertow.lab.interventions import objective as goals
from undertow.lab.interventions.weights import MagnitudePruning, PostShift, WeightQuantization
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Outcome, Results, Study, judge
from undertow.study.worst import arms as arms_file
from undertow.study.worst import asked as asked_arms
from undertow.study.worst.arms import Arm
from undertow.study.worst.asked import Asked
from undertow.study.worst.teachers import Teachers

MODULE = load_study(study_files()["robust_distillation"])
SCALES = ("smoke", "demo", "small", "paper")
NOWHERE = Results(SimpleNamespace(variants=()))  # type: ignore[arg-type]


@cache
def study(scale: str = "small") -> Study:
    found: Study = MODULE.study(scale)
    return found


@cache
def populations(scale: str = "small") -> dict[str, Population]:
    return {p.name: p for p in study(scale).populations}


def objective(name: str, scale: str = "small") -> object:
    (found,) = populations(scale)[name].interventions
    return found


@pytest.mark.parametrize("scale", SCALES)
def test_every_pairing_is_there_with_both_watches_and_both_temperatures(scale: str) -> None:
    names = {
        f"{of} → {name}{at}"
        for of in ("standard", "balanced", "robust")
        for name in ("standard", "balanced", "robust", "robust by labels")
        for at in ("", " at 3")
    }
    assert {*MODULE.PAIRINGS} == names
    traded = {
        f"{of} → {name}"
        for of in ("standard", "balanced", "α .5", "robust")
        for name in ("balanced", "α .5", "robust by labels")
    }
    assert {*MODULE.TRADED} == traded
    even = {
        f"even classes: {of} → {name}"
        for of in ("standard", "robust")
        for name in ("standard", "robust by labels")
    }
    assert names | traded | even | {*MODULE.UNTAUGHT} <= {*populations(scale)}


@pytest.mark.parametrize("scale", SCALES)
def test_a_student_learns_for_what_its_name_says_from_the_teacher_in_its_name(scale: str) -> None:
    alphas = {"balanced": 0.0, "α .5": 0.5}
    for name in {*MODULE.PAIRINGS, *MODULE.TRADED, *MODULE.STUDENT_ALONE}:
        of, _, kind = name.partition(" → ")
        student, goal = populations(scale)[name], objective(name, scale)
        assert student.teacher == populations(scale)[f"teacher {of}"]
        assert goal.temperature == (3 if kind.endswith(" at 3") else 1)  # type: ignore[attr-defined]
        assert goal.teacher_member is None  # type: ignore[attr-defined]
        kind = kind.removesuffix(" at 3")
        if kind == "standard":
            assert isinstance(goal, goals.Distillation)
            continue
        assert isinstance(goal, goals.RobustDistillation)
        assert goal.alpha == alphas.get(kind, 1.0)
        if goal.alpha:
            assert goal.held_out == ("teacher" if kind == "robust" else "labels")
            assert goal.held_out_temperature == 1
        assert not goal.one_over_m


def test_teachers_learn_from_labels_for_what_their_names_say() -> None:
    assert populations()["teacher standard"].interventions == ()
    for kind, alpha in {"balanced": 0, "α .5": 0.5, "robust": 1}.items():
        goal = objective(f"teacher {kind}")
        assert isinstance(goal, goals.Robust)
        assert (goal.alpha, goal.one_over_m, goal.update_every) == (alpha, False, 20)


def test_the_reference_has_its_null_arm_and_one_of_a_fixed_teacher() -> None:
    names = [p.name for p in (study().reference, *study().variants)]
    assert names == [
        "standard → standard",
        "standard → standard, again",
        "standard → robust by labels",
        "standard → balanced",
        "robust → standard",
    ]
    again, fixed = (populations()[n] for n in (MODULE.AGAIN, MODULE.FIXED))
    assert again.teacher == fixed.teacher == populations()["teacher standard"]
    assert again.interventions == study().reference.interventions
    assert fixed.interventions == (goals.Distillation(teacher_member=0),)


def test_baselines_are_what_their_names_say() -> None:
    said = {name: objective(name) for name in MODULE.UNTAUGHT}
    assert said["logit adjustment"] == goals.LogitAdjustment()
    assert said["group DRO"] == goals.GroupDRO()
    held_out = said["group DRO, multipliers by held-out loss"]
    assert held_out == goals.GroupDRO(step=0.1, multipliers="held_out", update_every=20)
    assert said["DORO"] == goals.DORO(alpha=0.5, epsilon=0.1)
    assert said["shifted afterwards"] == PostShift()
    assert {populations()[name].teacher for name in MODULE.UNTAUGHT} == {None}


def test_compressed_students_have_their_own_and_the_same_teachers() -> None:
    kinds = {"standard": "standard → standard", "robust": "standard → robust by labels"}
    for comparison, (kind, name) in zip(study().others, kinds.items(), strict=True):
        assert comparison.name == f"{kind} students compressed"
        students, (pruned, rounded) = comparison.reference, comparison.variants
        assert students == populations()[name]
        assert (pruned.name, rounded.name) == (f"{name}, pruned 90 %", f"{name}, int8")
        assert pruned.interventions == (*students.interventions, MagnitudePruning(0.9))
        assert pruned.teacher == students.teacher
        assert rounded.interventions == (WeightQuantization(8),)
        assert rounded.parent == students


@pytest.mark.parametrize("scale", SCALES)
def test_all_that_is_chosen_among_is_asked_what_is_held_out(scale: str) -> None:
    chosen = {*MODULE.PAIRINGS, *MODULE.TRADED, *(f"teacher {of}" for of in MODULE.TEACHERS)}
    for name in chosen:
        tested, asked = (populations(scale)[n] for n in (name, f"{name}, held out"))
        assert asked.data == TestedOn(tested.data, OnHeldOut(tested.data))
        assert asked.parent == tested


@pytest.mark.parametrize("scale", SCALES)
def test_as_many_members_everywhere_and_updates_twice_an_epoch_of_the_tail(scale: str) -> None:
    members = {"smoke": 4, "demo": 4, "small": 12, "paper": 10}[scale]
    assert {p.members for p in populations(scale).values()} == {members}
    robust = objective("standard → robust by labels", scale)
    data = study(scale).reference.data
    if scale == "paper":
        assert isinstance(data, LongTailed)
        assert (data.data, data.tail.ratio) == (HeldOut(CIFAR10(), 0.1), 100)
        counts = sum(int(4500 * 100 ** (-c / 9)) for c in range(10))
    else:
        counts = len(data.load().train.label_N)
    recipe = study(scale).reference.recipe
    assert isinstance(recipe, Recipe)
    steps = -(-counts // recipe.batch)
    # the shortest and the longest training look once an epoch
    often = 1 if scale in ("smoke", "paper") else 2
    assert robust.update_every == pytest.approx(steps / often, abs=1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("scale", ["smoke", "demo", "small"])
def test_even_classes_have_as_many_examples_and_nobody_learns_what_is_held_out(scale: str) -> None:
    tail = study(scale).reference.data.load()
    even = populations(scale)["even classes: teacher standard"].data.load()
    count_C, even_C = (np.bincount(s.train.label_N) for s in (tail, even))
    largest = 100 if scale == "smoke" else 900
    assert (count_C[0], count_C[9]) == (largest, largest // 50)
    assert len({*even_C.tolist()}) == 1
    assert abs(count_C.sum() - even_C.sum()) <= 1
    held = 20 if scale == "smoke" else 100
    for splits in (tail, even):
        assert splits.held_out is not None
        assert np.bincount(splits.held_out.label_N).tolist() == [held] * 10
        held_out, train, test = (
            {*part.example_id_N} for part in (splits.held_out, splits.train, splits.test)
        )
        assert not held_out & train
        assert not held_out & test
        assert len(test) == 2000
    assert tail.test.example_id_N == even.test.example_id_N


LABEL_N = np.repeat([0, 1, 2, 3], 50)
HELD = ", held out"


class World:
    """Arms by name: the share right of their first class (.6 unless said); of others .9."""

    def __init__(self, **low: float) -> None:
        self.low: dict[str, float] = low
        self.asked: list[str] = []

    def arm(self, name: str, of: str = "") -> Arm:
        self.asked.append(name)
        seed = sum(map(ord, name))
        rng = np.random.default_rng(seed)
        low = self.low.get(name, 0.6)
        right_MN = rng.random((6, 200)) < np.array([low, 0.95, 0.95, 0.95])[LABEL_N]
        teacher = (of or name).partition(" → ")[0]
        taught = "→" in (of or name)
        return Arm(right_MN, LABEL_N, 4, [f"{teacher}/{m}" if taught else None for m in range(6)])


def status(text: str, results: Results = NOWHERE) -> Outcome:
    (claim,) = (c for c in study().claims if c.text.startswith(text))
    return judge(claim, results)


def outcome(text: str, low: dict[str, float], patch: pytest.MonkeyPatch) -> tuple[Outcome, World]:
    world = World(**low)
    patch.setattr(Asked, "arm", lambda self, name, of="": world.arm(name, of))
    return status(text), world


BEST = "The pairing with the best worst class"
ONE, BOTH = "It has a robust objective on one side", "It is not one with a robust objective on both"
NOT_BEST = "The teacher with the best worst class"
BASE, ROBUST = "standard → standard", "standard → robust by labels"
KEEPS = "A robust student keeps more of its worst class"
PRUNED_BASE, ROUNDED_BASE = BASE + MODULE.PRUNED, BASE + MODULE.INT8
PRUNED_ROBUST, ROUNDED_ROBUST = ROBUST + MODULE.PRUNED, ROBUST + MODULE.INT8
TRADE = "The trade-off that is chosen"
OTHERS = "It is above each method without a teacher"
TAUGHT = "Standard students have a better worst class than their teachers"
CASES = [
    (BEST, {"balanced → robust" + HELD: 0.9, "balanced → robust": 0.9}, "held"),
    (BEST, {"robust → robust at 3" + HELD: 0.9, "robust → robust at 3": 0.9}, "held"),
    (BEST, {"balanced → robust" + HELD: 0.9, "balanced → robust": 0.3}, "not held"),
    # better on the test part alone, so not chosen
    (BEST, {"balanced → robust": 0.9, "balanced → balanced" + HELD: 0.9}, "not testable"),
    (BEST, {BASE + HELD: 0.9}, "not testable"),
    (ONE, {"balanced → robust" + HELD: 0.9, "balanced → robust": 0.9}, "held"),
    (ONE, {"balanced → balanced" + HELD: 0.9, "balanced → balanced": 0.9}, "not held"),
    (BOTH, {"balanced → robust" + HELD: 0.9, "balanced → robust": 0.9}, "held"),
    (BOTH, {"standard → standard" + HELD: 0.9, "standard → standard": 0.9}, "held"),
    (BOTH, {"robust → robust" + HELD: 0.9, "robust → robust": 0.9}, "not held"),
    (BOTH, {ROBUST.replace("standard", "robust") + " at 3" + HELD: 0.9, "robust → robust by labels at 3": 0.9}, "not held"),
    (NOT_BEST, {"teacher robust" + HELD: 0.9, "balanced → robust" + HELD: 0.9, "balanced → robust": 0.9}, "held"),
    (NOT_BEST, {"teacher balanced" + HELD: 0.9, "balanced → robust" + HELD: 0.9, "balanced → robust": 0.9}, "not held"),
    (TRADE, {"α .5 → balanced" + HELD: 0.9, "α .5 → balanced": 0.9}, "held"),
    (TRADE, {"α .5 → balanced" + HELD: 0.9, "α .5 → balanced": 0.3}, "not held"),
    (OTHERS, {"α .5 → balanced" + HELD: 0.9, "α .5 → balanced": 0.9}, "held"),
    (OTHERS, {"α .5 → balanced" + HELD: 0.9, "α .5 → balanced": 0.7, "DORO": 0.99}, "not held"),
    (OTHERS, {"α .5 → balanced" + HELD: 0.9, "α .5 → balanced": 0.9, "logit adjustment": 0.9}, "not testable"),
    (OTHERS, {"α .5 → balanced" + HELD: 0.9, "α .5 → balanced": 0.7, "teacher robust": 0.95}, "not held"),
    ("Robust students watch better", {ROBUST: 0.9}, "held"),
    ("Robust students watch better", {"standard → robust": 0.9}, "not held"),
    ("Group DRO does better", {MODULE.DRO_HELD_OUT: 0.9}, "held"),
    ("Group DRO does better", {MODULE.DRO: 0.9}, "not held"),
    ("On even classes", {f"even classes: {ROBUST}": 0.9, ROBUST: 0.1}, "held"),
    ("On even classes", {f"even classes: {BASE}": 0.9}, "not held"),
    ("On even classes", {}, "not testable"),
    ("Standard students of the same teachers", {}, "held"),
    ("Standard students of the same teachers", {MODULE.AGAIN: 0.9}, "not held"),
    (KEEPS, {PRUNED_BASE: 0.3, ROUNDED_BASE: 0.3}, "held"),
    (KEEPS, {PRUNED_BASE: 0.3}, "not testable"),
    (KEEPS, {ROUNDED_BASE: 0.3, PRUNED_BASE: 0.55}, "not testable"),
    (KEEPS, {PRUNED_ROBUST: 0.3}, "not held"),
    (KEEPS, {PRUNED_BASE: 0.3, ROUNDED_ROBUST: 0.3}, "not held"),
    (KEEPS, {ROBUST: 0.9}, "not held"),
    (KEEPS, {BASE: 0.9}, "held"),
    (TAUGHT, {BASE: 0.9}, "held"),
    (TAUGHT, {"teacher standard": 0.9}, "not held"),
    ("Trading off teacher and student", {"balanced → α .5": 0.9}, "held"),
    ("Trading off teacher and student", {"standard → α .5": 0.9}, "not testable"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "low", "expected"), CASES)
def test_claims_decide_by_the_right_side(
    text: str, low: dict[str, float], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = outcome(text, low, monkeypatch)
    assert found.status == expected, found.evidence


def test_a_trade_off_that_costs_too_much_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worst class is the best, and its average below that of standard distillation."""
    low = {"α .5 → balanced" + HELD: 0.72, BASE + HELD: 0.66}
    world = World(**low)

    def arm(self: Asked, name: str, of: str = "") -> Arm:
        found = world.arm(name, of)
        if name != "α .5 → α .5" + HELD:
            return found
        right_MN = np.random.default_rng(0).random((6, 200)) < 0.8
        return replace(found, right_MN=right_MN)

    monkeypatch.setattr(Asked, "arm", arm)
    assert MODULE.of(NOWHERE).best(MODULE.TRADED) == "α .5 → α .5"
    assert MODULE.of(NOWHERE).chosen(MODULE.TRADED).setting == "α .5 → balanced"
    assert status(TRADE).evidence.startswith("α .5 → balanced: ")


@pytest.mark.parametrize("text", [BEST, ONE, BOTH, TRADE])
def test_test_examples_have_no_part_in_what_is_chosen(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, world = outcome(text, {}, monkeypatch)
    tested = [name for name in world.asked if not name.endswith(HELD)]
    assert len(tested) <= 4 < len(world.asked)


def halves_differ(patch: pytest.MonkeyPatch, kind: dict[str, tuple[float, float]]) -> None:
    """Arms by the share right of their first class among members of even and of odd number."""

    def arm(self: Asked, name: str, of: str = "") -> Arm:
        low_M = np.resize(kind.get(name, (0.6, 0.6)), 6)
        right_MN = (np.arange(200) % 50 / 50 < low_M[:, None]) | (LABEL_N > 0)
        teacher = name.partition(" → ")[0]
        return Arm(right_MN, LABEL_N, 4, [f"{teacher}/{m}" for m in range(6)])

    patch.setattr(Asked, "arm", arm)


EVENLY, ODDLY = (0.9, 0.3), (0.3, 0.9)


def test_each_half_chooses_for_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a half would choose for itself is where it is lucky."""
    lucky = {"balanced → robust": EVENLY, "robust → robust": ODDLY}
    halves_differ(monkeypatch, lucky | {name + HELD: value for name, value in lucky.items()})
    found = status(BEST)
    assert found.status == "not held"
    assert found.evidence.startswith("balanced → robust or robust → robust: ")


def test_what_is_accurate_enough_is_told_by_the_half_that_chooses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Standard distillation is so accurate among odd members that they may choose nothing else; all
    members together would let them."""
    held = {BASE + HELD: (0.3, 0.9), "α .5 → balanced" + HELD: (0.9, 0.62)}
    halves_differ(monkeypatch, held)
    odd = slice(1, None, 2)
    with pytest.raises(KeyError, match="none of 12 settings has a held-out average of"):
        MODULE.of(NOWHERE).chosen(MODULE.TRADED, 1, odd)
    assert MODULE.of(NOWHERE).chosen(MODULE.TRADED).setting == "α .5 → balanced"


def test_the_best_teacher_is_told_by_the_half_that_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even members find the balanced teacher best, odd ones the robust one; each half's own students
    of that teacher are set beside those of the others."""
    teachers = {"teacher balanced": EVENLY, "teacher robust": (0.6, 0.95)}
    students = {"balanced → balanced": (0.8, 0.8), "robust → balanced": (0.7, 0.7)}
    given = teachers | students
    halves_differ(monkeypatch, given | {name + HELD: value for name, value in given.items()})
    said = status(NOT_BEST).evidence
    assert said.startswith("robust → balanced or balanced → balanced: ")
    assert " beside balanced → balanced or robust → balanced" in said


@pytest.mark.parametrize(
    ("slope", "expected"), [(-1, "held"), (1, "not held"), (0, "not testable")]
)
def test_the_theory_says_that_smaller_gaps_are_better(
    slope: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, asked = np.random.default_rng(1), []

    def judged(members: str, students: str) -> Teachers:
        asked.append((members, students))
        gap_M = rng.normal(size=12)
        return Teachers({"bins": gap_M}, slope * gap_M + 0.2 * rng.normal(size=12))

    monkeypatch.setattr(asked_arms, "teachers", judged)
    monkeypatch.setattr(Results, "of", lambda self, name: name)
    monkeypatch.setattr(Asked, "arm", lambda self, name: name)
    assert status("Teachers nearer to calibration").status == expected
    kinds = ("standard", "balanced", "robust")
    assert asked == [(f"teacher {of}", f"{of} → robust by labels") for of in kinds]


@pytest.mark.parametrize(("apart", "expected"), [(0.3, "held"), (0.0, "not testable")])
def test_teachers_take_part_by_two_students_of_each(
    apart: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Students of one teacher answer alike, in the reference and in its null arm."""

    def arm(self: Asked, name: str) -> Arm:
        assert name in (BASE, MODULE.AGAIN)
        rng = np.random.default_rng(sum(map(ord, name)))
        low_M1 = (0.5 + apart * np.linspace(-1, 1, 8))[:, None]
        right_MN = rng.random((8, 200)) < np.where(LABEL_N == 0, low_M1, 0.95)
        return Arm(right_MN, LABEL_N, 4, [f"standard/{m}" for m in range(8)])

    monkeypatch.setattr(Asked, "arm", arm)
    found = status("Teachers make a part")
    assert found.status == expected, found.evidence


@pytest.mark.parametrize(
    ("text", "slice", "value"),
    [("Robust students gain on the rarest", "frequency", "tail"), ("They gain on", "class", "dog")],
)
@pytest.mark.parametrize(
    ("limits", "expected"),
    [((0.1, 0.3), "held"), ((-0.3, -0.1), "not held"), ((-0.1, 0.3), "not testable")],
)
def test_rare_and_hard_classes_are_told_apart(
    text: str, slice: str, value: str, limits: tuple[float, float], expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert gained(slice, value, limits, "cat", text, monkeypatch).status == expected


def gained(
    slice: str, value: str, limits: tuple[float, float], rare: str, text: str,
    patch: pytest.MonkeyPatch,
) -> Outcome:  # fmt: skip
    """What was found on a slice, where dogs are the hardest of what is held out."""

    def finding(self: Results, *asked: str) -> dict[str, float]:
        assert asked == (ROBUST, "accuracy", slice, value)
        return {"effect": sum(limits) / 2, "low": limits[0], "high": limits[1]}

    classes = ("cat", "dog", "owl", "fox")
    frequency = ["tail" if name == rare else "head" for name in classes]
    examples = pl.DataFrame({"label": range(4), "frequency": frequency})
    answers = SimpleNamespace(classes=classes, examples=examples)
    held_MN = np.tile(LABEL_N != 1, (6, 1))
    patch.setattr(Results, "finding", finding)
    patch.setattr(Results, "of", lambda self, name: SimpleNamespace(answers=answers))
    patch.setattr(Asked, "arm", lambda self, name: {BASE + HELD: Arm(held_MN, LABEL_N, 4)}[name])
    return status(text)


def test_a_hardest_class_that_is_rare_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gained("class", "dog", (0.1, 0.3), "dog", "They gain on", monkeypatch)
    said = "hardest held out is dog: +20.0 [+10.0, +30.0] points; it is among the rarest"
    assert (found.status, found.evidence) == ("not testable", said)


ELSEWHERE = {
    "AdaAlpha", "AdaMargin", "balanced student", "chosen trade-off of teacher and student",
    "even classes: robust → robust", "even classes: standard → robust", "robust student",
}  # fmt: skip
"""What the paper has numbers of and this study no arm."""


def test_the_papers_numbers_stand_beside_the_arms_that_they_are_of() -> None:
    assert {*MODULE.PRINTED} - {*populations()} == ELSEWHERE
    at_1 = {name for name in (*MODULE.PAIRINGS, *MODULE.EVENS) if not name.endswith(" at 3")}
    teachers = {f"teacher {of}" for of in ("standard", "balanced", "robust")}
    others = {MODULE.FIXED, MODULE.DRO, MODULE.DRO_HELD_OUT, "shifted afterwards"}
    even = {f"even classes: teacher {of}" for of in ("standard", "robust")}
    assert {*MODULE.PRINTED} & {*populations()} == at_1 | teachers | others | even
    said = {name: str(MODULE.PRINTED[name]) for name in (BASE, MODULE.FIXED, "balanced → robust")}
    assert [*said.values()] == ["60.12 (77.39)", "36.67 (69.50)", "75.56 (80.81)"]
    even_robust = "even classes: robust → robust by labels"
    assert str(MODULE.PRINTED[even_robust]) == "87.32 ± 0.21 (91.16)"


def test_every_arm_is_in_a_table_and_no_cell_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    world, gap_M = World(), np.linspace(0.1, 0.5, 6)
    answers = SimpleNamespace(classes=("cat", "dog", "owl", "fox"))
    monkeypatch.setattr(arms_file, "DRAWS", 20)
    monkeypatch.setattr(Asked, "arm", lambda self, name, of="": world.arm(name, of))
    monkeypatch.setattr(Results, "of", lambda self, name: SimpleNamespace(answers=answers))
    monkeypatch.setattr(asked_arms, "teachers", lambda *_: Teachers({"bins": gap_M}, -gap_M))
    tables = MODULE.tables(NOWHERE)
    assert [table.title for table in tables] == [
        "Average and worst-class accuracy",
        "Chosen on held-out examples",
        "Who is worst",
        "Students and teachers",
        "Teachers up to a scale per class",
        "Compressed students",
    ]
    assert all(cell for table in tables for row in table.rows for cell in row)
    named = {row[0] for table in (tables[0], tables[-1]) for row in table.rows}
    assert named == {name for name in populations() if not name.endswith(HELD)}
    assert {row[0]: row[-1] for row in tables[0].rows}[MODULE.FIXED] == "36.67 (69.50)"
    assert [row[0] for row in tables[-1].rows] == [
        name + how for how in ("", ", pruned 90 %", ", int8") for name in (BASE, ROBUST)
    ]


def test_without_populations_nothing_is_decided() -> None:
    assert {judge(claim, NOWHERE).status for claim in study().claims} == {"not testable"}
