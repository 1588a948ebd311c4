"""The study of contrastive learning under pruning declares what its method says, and its claims
decide by the right side of their intervals. Nothing is trained."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Results, Study, judge
from undertow.study.grid import Grid
from undertow.study.pairs import Gain

MODULE = load_study(study_files()["contrastive_pruning"])
STUDY: Study = MODULE.study("small")


def windows(beginning: str) -> list[tuple[float, float]]:
    pruned = [
        intervention.intervention
        for comparison in STUDY.comparisons
        for population in comparison.variants
        if f" {beginning} " in population.name
        for intervention in population.interventions
    ]
    return [(pruning.begin, pruning.end) for pruning in pruned]


def test_early_pruning_is_over_before_late_pruning_begins() -> None:
    early, late = windows("early"), windows("late")
    assert len(early) == len(late) == 5
    assert max(end for _, end in early) < min(begin for begin, _ in late)


def test_each_loss_has_a_null_arm_and_every_schedule() -> None:
    names = [p.name for comparison in STUDY.comparisons for p in comparison.populations]
    for loss, cuts in MODULE.CUTS["small"].items():
        expected = {f"{loss} dense", f"{loss} dense again"} | {
            f"{loss} {arm} {100 * cut:g} %" for cut in cuts for arm in ("early", "late", "one-shot")
        }
        assert {name for name in names if name.startswith(f"{loss} ")} == expected
    assert {population.members for c in STUDY.comparisons for population in c.populations} == {8}
    paper = [variant.name for variant in MODULE.study("paper").variants]
    assert {f"CE {when} 50 %" for when in ("early", "mid", "late", "one-shot")} <= set(paper)


def test_columns_are_told_by_members_that_are_compared_with_nobody() -> None:
    compared = {p.name for comparison in STUDY.comparisons for p in comparison.populations}
    asked: list[str] = []

    class Told(dict[str, object]):
        def __missing__(self, name: str) -> object:
            asked.append(name)
            frame = pl.DataFrame({"example_id": ["a"], **{name: [1.0] for name in MODULE.COLUMNS}})
            halves = {
                "q-score-test": MODULE.COLUMNS[:4],
                "prediction-depth-test": MODULE.COLUMNS[4:],
            }
            return SimpleNamespace(columns=lambda probe: frame.select("example_id", *halves[probe]))

    for comparison in STUDY.comparisons:
        assert comparison.told is not None
        assert comparison.told(Told()).columns == ["example_id", *MODULE.COLUMNS]
    assert asked == ["CE yardstick", "SupCon yardstick", "SimCLR yardstick"]
    assert not compared & {*asked}
    assert {*asked} == {population.name for population in STUDY.beside}


@pytest.mark.parametrize(
    ("text", "column", "limits", "status"),
    [
        ("Exemplars have lower Q-Scores", "q_v1_unit", (-0.3, -0.1), "held"),
        ("Exemplars have lower Q-Scores", "q_v1_unit", (0.1, 0.3), "not held"),
        ("Exemplars have lower Q-Scores", "q_v1_unit", (-0.3, 0.1), "not testable"),
        ("Exemplars are deeper", "depth_by_label", (0.1, 0.3), "held"),
        ("Exemplars are deeper", "depth_by_label", (-0.3, -0.1), "not held"),
        ("Exemplars are deeper", "depth_by_label", (-0.1, 0.3), "not testable"),
    ],
)
def test_what_exemplars_are_like(
    text: str,
    column: str,
    limits: tuple[float, float],
    status: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert outcome_of(text, column, limits, (-0.01, 0.01), monkeypatch) == status


def outcome_of(
    text: str,
    column: str,
    limits: tuple[float, float],
    chance: tuple[float, float],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    def crossed(self: Grid, training: str, arm: str, name: str) -> object:
        assert name == column
        low, high = chance if arm == "dense again" else limits
        return SimpleNamespace(effect=(low + high) / 2, low=low, high=high)

    monkeypatch.setattr(Grid, "trainings", ("CE", "SupCon"))
    monkeypatch.setattr(Grid, "shared", lambda self, *_, **__: ["early 95 %"])
    monkeypatch.setattr(Grid, "crossed", crossed)
    (claim,) = (c for c in STUDY.claims if c.text.startswith(text))
    return judge(claim, Results(None)).status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chance", "status"),
    [((0.1, 0.3), "not testable"), ((0.6, 0.7), "not held"), ((-0.1, 0.0), "held")],
)
def test_what_chance_does_too_is_not_held(
    chance: tuple[float, float], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "Exemplars are deeper", "depth_by_label", (0.1, 0.3), chance
    assert outcome_of(*asked, monkeypatch) == status


@pytest.mark.parametrize(
    ("text", "method", "one", "status"),
    [
        ("At high sparsity SupCon loses more", "costs_more", Gain(-0.2, -0.3, -0.1), "not held"),
        ("At high sparsity SupCon loses more", "costs_more", Gain(0.2, 0.1, 0.3), "held"),
        ("At high sparsity SupCon loses more", "costs_more", Gain(0.1, -0.1, 0.3), "not testable"),
        ("At high sparsity SupCon changes more", "costs_more", Gain(0.2, 0.1, 0.3), "held"),
        ("At high sparsity SupCon changes more", "costs_more", Gain(-0.2, -0.3, -0.1), "not held"),
        ("Pruned early, SupCon changes more", "sooner", Gain(0.2, 0.1, 0.3), "held"),
        ("Pruned early, SupCon changes more", "sooner", Gain(0.1, -0.1, 0.3), "not testable"),
        ("Sparsity that comes early damages", "sooner", Gain(0.2, 0.1, 0.3), "held"),
        ("Sparsity that comes early damages", "sooner", Gain(-0.2, -0.3, -0.1), "not held"),
    ],
)
def test_claims_about_costs_decide_by_the_right_limit(
    text: str, method: str, one: Gain, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (one, {"95 %": one}) if method == "costs_more" else {"95 %": one}
    asked = []
    monkeypatch.setattr(Grid, method, lambda self, *of: asked.append(of) or found)
    monkeypatch.setattr(Grid, "arms", lambda self, training: [])
    (claim,) = (c for c in STUDY.claims if c.text.startswith(text))
    assert judge(claim, Results(None)).status == status  # type: ignore[arg-type]
    # ``lost`` is below 0 where it costs, so the loss that loses more is taken off
    expected = {"lost": ("CE", "SupCon"), "excess": ("SupCon", "CE")}
    assert all(of[:2] == expected.get(of[2], of[:2]) for of in asked if len(of) == 3)


def test_a_grid_without_such_arms_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grid, "arms", lambda self, training: ["dense again", "late 95 %"])
    (claim,) = (c for c in STUDY.claims if c.text.startswith("Pruned early"))
    outcome = judge(claim, Results(None))  # type: ignore[arg-type]
    assert (outcome.status, outcome.evidence) == ("not testable", "SupCon has no arm 'early'")
