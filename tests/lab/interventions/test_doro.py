"""DORO (2106.06142) against its definitions written out."""

import math

import pytest
import torch
from torch.nn import functional as F

from undertow.lab.interventions.objective import DORO
from undertow.lab.interventions.objective.doro import chi2_weights

DRAWN = torch.Generator().manual_seed(0)
LOGITS = 2 * torch.randn(20, 3, generator=DRAWN, dtype=torch.float64)
Y = torch.randint(0, 3, (20,), generator=DRAWN)
LOSSES = F.cross_entropy(LOGITS, Y, reduction="none")


def cvar_loop(losses, alpha, epsilon):
    """As the authors' code has it."""
    B, falling = len(losses), sorted(losses, reverse=True)
    n1 = int(round(epsilon * 1000) * B // 1000)
    gamma = epsilon + alpha * (1 - epsilon)
    n2 = math.floor(gamma * B + 1e-9)
    return sum(falling[n1:n2]) / (alpha * (B - n1))


def chi2_loop(losses, alpha, epsilon):
    """The least over η by a search that knows no more than that it is convex."""
    B, falling = len(losses), sorted(losses, reverse=True)
    kept = falling[int(round(epsilon * 1000) * B // 1000) :]
    C = math.sqrt(1 + (1 / alpha - 1) ** 2)

    def value(eta):
        return C * math.sqrt(sum(max(0.0, x - eta) ** 2 for x in kept) / len(kept)) + eta

    low, high = -1e3, max(kept)
    for _ in range(300):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if value(a) < value(b) else (a, high)
    return value((low + high) / 2)


LOOPS = {"cvar": cvar_loop, "chi2": chi2_loop}
HEAVY = pytest.mark.heavy
every_kind = pytest.mark.parametrize("kind", ["cvar", "chi2"])


@pytest.mark.heavy
@every_kind
@pytest.mark.parametrize(
    "alpha",
    [
        pytest.param(0.05, marks=HEAVY),
        0.2,
        pytest.param(0.5, marks=HEAVY),
        pytest.param(0.9, marks=HEAVY),
    ],
)
@pytest.mark.parametrize("epsilon", [0.0, 0.1, pytest.param(0.25, marks=HEAVY)])
def test_the_mean_is_the_batchs_loss_and_so_is_its_gradient(kind, alpha, epsilon):
    goal = DORO(alpha, epsilon, kind)
    logits = LOGITS.clone().requires_grad_()
    mean = goal.each(logits, Y, None).mean()
    if kind == "cvar" and math.floor((epsilon + alpha * (1 - epsilon)) * 20 + 1e-9) <= 20 * epsilon:
        pytest.skip("the paper's sum has no term; one example is taken")
    tolerance = 1e-12 if kind == "cvar" else 1e-9  # of the search
    assert mean.item() == pytest.approx(LOOPS[kind](LOSSES.tolist(), alpha, epsilon), abs=tolerance)
    (found,) = torch.autograd.grad(mean, logits)
    moved = torch.zeros_like(found)
    for b in range(20):
        for c in range(3):
            ends = []
            for by in (1e-5, -1e-5):
                at = LOGITS.clone()
                at[b, c] += by
                losses = F.cross_entropy(at, Y, reduction="none").tolist()
                ends.append(LOOPS[kind](losses, alpha, epsilon))
            moved[b, c] = (ends[0] - ends[1]) / 2e-5
    torch.testing.assert_close(found, moved, rtol=0, atol=1e-6)


def test_without_outliers_it_is_the_mean_of_the_worst_share():
    """ε = 0 is CVaR where αB is a whole number."""
    worst = LOSSES.sort(descending=True).values[:5].mean()
    found = DORO(0.25, 0.0).each(LOGITS, Y, None).mean()
    torch.testing.assert_close(found, worst, rtol=0, atol=1e-12)


@every_kind
def test_huge_outliers_change_nothing(kind):
    """⌊εB⌋ of them are left out, whatever they are; the rest counts as by itself."""
    outliers = torch.tensor([[0.0, 1e4, 0.0], [1e3, 0.0, 0.0]], dtype=torch.float64)
    logits, y = torch.cat([LOGITS[:18], outliers]), torch.cat([Y[:18], torch.tensor([0, 1])])
    alone = DORO(0.5, 0.0, kind).each(LOGITS[:18], Y[:18], None).mean()
    found = DORO(0.5, 0.1, kind).each(logits, y, None)
    torch.testing.assert_close(found.mean(), alone, rtol=0, atol=1e-12)
    assert found[-2:].tolist() == [0, 0]


@every_kind
def test_a_share_of_all_is_the_mean(kind):
    found = DORO(1.0, 0.0, kind).each(LOGITS, Y, None)
    torch.testing.assert_close(found, LOSSES, rtol=0, atol=1e-12)


def test_one_example_is_taken_at_least():
    found = DORO(0.01, 0.0).each(LOGITS, Y, None)
    assert (found > 0).nonzero()[:, 0].tolist() == [int(LOSSES.argmax())]
    torch.testing.assert_close(found.mean(), LOSSES.max(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.8])
def test_equal_losses_count_alike(alpha):
    even = torch.full((6,), 0.7, dtype=torch.float64)
    torch.testing.assert_close(
        chi2_weights(even, alpha), torch.full_like(even, 1 / 6), rtol=0, atol=1e-12
    )
    tied = torch.tensor([2.0, 2.0, 2.0, 0.1, 0.1, 0.0], dtype=torch.float64)
    weight = chi2_weights(tied, alpha)
    assert float(weight.sum()) == pytest.approx(1, abs=1e-12)
    assert float(weight @ tied) == pytest.approx(chi2_loop(tied.tolist(), alpha, 0.0), abs=1e-9)
    assert weight[:3].tolist() == pytest.approx([float(weight[0])] * 3, abs=1e-12)


def test_a_share_counts_as_it_is_written():
    """.29 of 100 are 29, which no product of floats is."""
    loss_B = torch.arange(100, dtype=torch.float64)
    assert int((DORO(1.0, 0.29).weights(loss_B) == 0).sum()) == 29


@every_kind
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_what_is_no_number_is_not_left_out_in_silence(kind, value):
    logits = LOGITS.clone()
    logits[3] = value
    assert DORO(0.5, 0.1, kind).each(logits, Y, None).mean().isnan()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DORO("1"),
            "DORO(alpha='1', epsilon=0.0, divergence='cvar'): alpha is a number, not '1'",
        ),
        (
            lambda: DORO(0.0),
            "DORO(alpha=0.0, epsilon=0.0, divergence='cvar'): alpha is above 0 and up to 1, "
            "epsilon is from 0 to below 1",
        ),
        (
            lambda: DORO(0.1, 1.0),
            "DORO(alpha=0.1, epsilon=1.0, divergence='cvar'): alpha is above 0 and up to 1, "
            "epsilon is from 0 to below 1",
        ),
        (
            lambda: DORO(divergence="kl"),
            "DORO(alpha=0.2, epsilon=0.0, divergence='kl'): divergence is 'cvar' or 'chi2'",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
