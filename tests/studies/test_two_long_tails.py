"""The study of two long tails declares what its method says, and its claims decide by the right side
of their intervals. Nothing is trained."""

from __future__ import annotations

import pytest

from undertow.lab.data import FashionMNIST
from undertow.lab.recipe import Recipe
from undertow.listing import study_files
from undertow.run import load_study
from undertow.study import Results, Study, judge
from undertow.study.pairs import Gain
from undertow.study.tails.compared import Step, Tails

MODULE = load_study(study_files()["two_long_tails"])
STUDY: Study = MODULE.study("small")
GAINS = {
    "above": Gain(0.2, 0.1, 0.3),
    "below": Gain(-0.2, -0.3, -0.1),
    "none": Gain(0.1, -0.1, 0.3),
}


def test_each_construction_has_the_papers_arms_and_the_controls() -> None:
    expected = ["none", "standard", "targeted 20 %", "random 20 %", "off after warm-up"]
    for comparison, name in zip(STUDY.comparisons, ("T60", "TX2"), strict=True):
        again = [f"{name} none again"] if name == "T60" else []
        reference, *variants = [p.name for p in comparison.populations]
        assert [reference, *variants[len(again) :]] == [f"{name} {arm}" for arm in expected]
        assert variants[: len(again)] == again
        assert {p.members for p in comparison.populations} == {10}
        for population in comparison.variants[len(again) :]:
            (how,) = population.interventions
            assert (how.warm, how.crop, how.flip) == (5, 2, True)
            assert population.probes == comparison.reference.probes


def test_rates_fall_after_the_papers_epochs_and_not_with_the_warm_up() -> None:
    for scale, epochs in (("small", [10, 20]), ("paper", [10, 20, 30])):
        recipe = MODULE.study(scale).reference.recipe
        assert isinstance(recipe, Recipe)
        assert [round(recipe.epochs * part, 9) for part in recipe.milestones] == epochs
        assert not recipe.augments


def test_atypical_examples_have_the_lowest_held_out_correctness_of_the_embedded_images() -> None:
    data = STUDY.reference.data
    assert data.data == FashionMNIST()
    train = data.load().train
    share = train.slices["tail"].value_counts(normalize=True)
    assert dict(share.iter_rows()) == pytest.approx({"noisy": 0.2, "atypical": 0.2, "typical": 0.6})


def judged(text: str) -> str:
    (claim,) = (c for c in STUDY.claims if c.text.startswith(text))
    return judge(claim, Results(None)).status  # type: ignore[arg-type]


def only(monkeypatch: pytest.MonkeyPatch, method: str, arms: tuple[str, ...], gain: Gain) -> None:
    """That reading of these arms is this; any other raises ``AssertionError``."""

    def read(self: Tails, *given: str) -> object:
        assert given[:-1] == arms or given == arms, given
        steps = [Step("x", 6, gain)]
        return {"order": steps, "areas": (0.9, 0.9, gain)}.get(method, gain)

    monkeypatch.setattr(Tails, method, read)


@pytest.mark.parametrize(
    ("text", "method", "arms"),
    [
        ("T60, targeted: labels are the more probable", "order", ("T60 targeted 20 %",)),
        ("TX2, targeted: the same order", "order", ("TX2 targeted 20 %",)),
        ("T60: under targeted augmentation atypical", "gap", ("T60 targeted 20 %",)),
        ("TX2: under targeted augmentation atypical", "gap", ("TX2 targeted 20 %",)),
        ("T60: the gap of slopes is wider", "gap_beyond", ("T60 targeted 20 %", "T60 none")),
        ("TX2: the gap of slopes is wider", "gap_beyond", ("TX2 targeted 20 %", "TX2 none")),
        ("T60: the gap is wider than where a random", "gap_beyond", ("T60 targeted 20 %", "T60 random 20 %")),
        ("T60: the gap is wider than where nobody", "gap_beyond", ("T60 targeted 20 %", "T60 off after warm-up")),
        ("T60, targeted: level and slope", "areas", ("T60 targeted 20 %",)),
        ("TX2, targeted: level and slope", "areas", ("TX2 targeted 20 %",)),
    ],
)  # fmt: skip
def test_claims_decide_by_the_right_limit(
    text: str, method: str, arms: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {"above": "held", "below": "not held", "none": "not testable"}
    for name, gain in GAINS.items():
        only(monkeypatch, method, arms, gain)
        assert judged(text) == expected[name], name


def test_chance_alone_is_an_interval_that_holds_0(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, status in (("above", "not held"), ("below", "not held"), ("none", "held")):
        only(monkeypatch, "gap_beyond", ("T60 none again", "T60 none"), GAINS[name])
        assert judged("Two populations without augmentation") == status


def test_a_scale_without_an_arm_decides_nothing() -> None:
    outcomes = [judge(claim, Results(None)) for claim in STUDY.claims]  # type: ignore[arg-type]
    assert {o.status for o in outcomes} == {"not testable"}
    assert outcomes[0].evidence == "this scale has no population 'T60 none again'"
