"""What was chosen, beside what there is: by hand-made shares."""

from __future__ import annotations

import numpy as np
import pytest

from undertow.study import Results
from undertow.study.sampled import Sampled, chosen
from undertow.study.sampled.chosen import above_base, as_if_sorted, below_base

S = Sampled(None, ("clean", "labels 25 %"), "standard")  # type: ignore[arg-type]
WIGGLE = np.array([[-0.01], [0.0], [0.01]])


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """Of arms (members, epochs), which a test fills; a fifth of all is damaged."""
    known = {"standard": np.full((3, 3), 0.2)}
    monkeypatch.setattr(Sampled, "of", lambda self, arm, column: arm)
    monkeypatch.setattr(Sampled, "there", lambda self, arm, column: arm in known)
    monkeypatch.setattr(chosen, "share_of", lambda arm: known[arm])
    return known


def test_sorted_losses_give_what_the_paper_s_sampler_makes_of_a_share() -> None:
    found = [chosen.if_sorted(q, beta) for q in (0.25, 0.5, 0.1) for beta in (1, 2)]
    assert np.round(found, 3).tolist() == [0.438, 0.578, 0.75, 0.875, 0.19, 0.271]
    assert chosen.if_sorted(0.3, 0) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("means", "status"),
    [
        ((0.2, 0.4, 0.5), "held"),  # the first epoch learns from everything
        ((0.2, 0.4, 0.1), "not held"),
        ((0.2, 0.4, 0.21), "not testable"),
    ],
)
def test_every_choosing_epoch_has_to_be_above_the_base(
    means: tuple[float, ...], status: str, shares: dict[str, np.ndarray]
) -> None:
    shares["SB"] = np.array([means]) + WIGGLE
    assert above_base(S, "SB", ["labels 25 %"]).status == status


def test_as_if_sorted_is_the_last_epoch_s(shares: dict[str, np.ndarray]) -> None:
    whole = chosen.if_sorted(0.2, 2)
    for at, status in ((whole, "held"), (0.2, "not held"), (whole - 0.1, "not testable")):
        shares["SB"] = np.array([[0.2, 0.2, at]]) + WIGGLE
        assert as_if_sorted(S, {"SB": 2, "not there": 1}, ["labels 25 %"]).status == status


def test_below_the_base_is_over_all_epochs(shares: dict[str, np.ndarray]) -> None:
    for means, status in (
        ((0.1, 0.1, 0.25), "held"),
        ((0.2, 0.3, 0.3), "not held"),
        ((0.2, 0.2, 0.2), "not testable"),
    ):
        shares["RHO"] = np.array([means]) + WIGGLE
        assert below_base(S, "RHO", ["labels 25 %"]).status == status


def test_a_scale_without_such_columns_says_which() -> None:
    nowhere = Sampled(Results(None), S.columns, "standard")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="this scale has no labels column with 'VR'"):
        nowhere.damaged("VR", "labels")
    with pytest.raises(KeyError, match="this scale has no damaged column with 'VR'"):
        nowhere.damaged("VR")
