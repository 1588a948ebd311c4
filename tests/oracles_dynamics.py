"""Slow oracles: each instrument for one example of one member, as a plain loop from the paper's
formula.

They share no code with ``undertow``. An oracle receives the epochs in order, each as (its number,
probability of each class, logit of each class), with ``None`` for both where the epoch did not see
the example; the label, and the early epoch. What does not exist is NaN.
"""

from __future__ import annotations

import math

NAN = math.nan
Epoch = tuple[int, "list[float] | None", "list[float] | None"]


def _seen(epochs: list[Epoch]) -> list[Epoch]:
    return [epoch for epoch in epochs if epoch[1] is not None]


def _right(epochs: list[Epoch], label: int) -> list[tuple[int, bool]]:
    return [(number, logits.index(max(logits)) == label) for number, _, logits in _seen(epochs)]


def el2n(epochs: list[Epoch], label: int, early: int) -> float:
    """2107.07075: ‖p − e_y‖₂ at an early epoch."""
    for number, p, _ in _seen(epochs):
        if number == early:
            total = 0.0
            for c, p_c in enumerate(p):
                total += (p_c - (1.0 if c == label else 0.0)) ** 2
            return math.sqrt(total)
    return NAN


def forgetting(epochs: list[Epoch], label: int, early: int) -> float:
    """1812.05159: Σ_t 1[acc_t = 1 ∧ acc_{t+1} = 0] over successive presentations."""
    right = [is_right for _, is_right in _right(epochs, label)]
    if not right:
        return NAN
    if not any(right):
        return float(len(epochs))
    events = 0
    for t in range(len(right) - 1):
        if right[t] and not right[t + 1]:
            events += 1
    return float(events)


def aum(epochs: list[Epoch], label: int, early: int) -> float:
    """2001.10528: (1/E) Σ_e (z_y − max_{c≠y} z_c)."""
    margins = []
    for _, _, logits in _seen(epochs):
        others = [z for c, z in enumerate(logits) if c != label]
        margins.append(logits[label] - max(others))
    return sum(margins) / len(margins) if margins else NAN


def mean_p_label(epochs: list[Epoch], label: int, early: int) -> float:
    """2009.10795: μ = (1/E) Σ p_y."""
    ps = [p[label] for _, p, _ in _seen(epochs)]
    return sum(ps) / len(ps) if ps else NAN


def variability(epochs: list[Epoch], label: int, early: int) -> float:
    """2009.10795: σ = sqrt((1/E) Σ (p_y − μ)²); one epoch does not vary."""
    ps = [p[label] for _, p, _ in _seen(epochs)]
    if len(ps) < 2:
        return NAN
    mean = sum(ps) / len(ps)
    return math.sqrt(sum((p - mean) ** 2 for p in ps) / len(ps))


def correctness(epochs: list[Epoch], label: int, early: int) -> float:
    """2009.10795: the epochs that were right, here as a share."""
    right = [is_right for _, is_right in _right(epochs, label)]
    return sum(right) / len(right) if right else NAN


def iteration_learned(epochs: list[Epoch], label: int, early: int) -> float:
    """2106.09647: the smallest τ from which all predictions agree with the converged one."""
    answers = [(number, logits.index(max(logits))) for number, _, logits in _seen(epochs)]
    for tau, (number, _) in enumerate(answers):
        if all(answer == answers[-1][1] for _, answer in answers[tau:]):
            return float(number)
    return NAN


def right_for_good(epochs: list[Epoch], label: int, early: int) -> float:
    """2210.15031: the first epoch after which it is right for good, else the horizon + 1."""
    right = _right(epochs, label)
    if not right:
        return NAN
    for tau, (number, _) in enumerate(right):
        if all(is_right for _, is_right in right[tau:]):
            return float(number)
    return float(epochs[-1][0] + 1)


def wrong_for_good(epochs: list[Epoch], label: int, early: int) -> float:
    """2210.15031: the first epoch after which it is wrong for good, else the horizon + 1."""
    right = _right(epochs, label)
    if not right:
        return NAN
    for tau, (number, _) in enumerate(right):
        if not any(is_right for _, is_right in right[tau:]):
            return float(number)
    return float(epochs[-1][0] + 1)


def rate_of_learning(epochs: list[Epoch], label: int, early: int) -> float:
    """The slope through all epochs, as the mean of the slopes between any two of them, each
    weighted by the square of their distance: that of least squares."""
    ps = [(number, p[label]) for number, p, _ in _seen(epochs)]
    pairs = [(b[0] - a[0], b[1] - a[1]) for i, a in enumerate(ps) for b in ps[i + 1 :]]
    if not pairs:
        return NAN
    return sum(run * rise for run, rise in pairs) / sum(run * run for run, _ in pairs)


def low_loss_posterior(told: list[list[Epoch]], labels: list[int], early: int) -> list[float]:
    """2002.07394: losses of an early epoch, scaled to [0, 1]; p(g | loss) of the Gaussian with the
    smaller mean, by EM from the two groups with the least squares within."""
    losses = []
    for epochs, label in zip(told, labels, strict=True):
        at = [p for number, p, _ in _seen(epochs) if number == early]
        losses.append(-math.log(at[0][label]) if at else None)
    known = [loss for loss in losses if loss is not None]
    if len(set(known)) < 2:
        return [NAN] * len(losses)
    least, most = min(known), max(known)
    known = [(loss - least) / (most - least) for loss in known]
    rising = sorted(known)
    cuts = [k for k in range(1, len(rising)) if rising[k] > rising[k - 1]]
    cut = min(cuts, key=lambda k: _squares(rising[:k]) + _squares(rising[k:]))
    lower = [1.0 if x < rising[cut] else 0.0 for x in known]
    two, before = _gaussians(known, lower), -math.inf
    for _ in range(10):
        lower, likelihood = _posterior(known, two)
        two = _gaussians(known, lower)
        if abs(likelihood - before) < 1e-2:
            break
        before = likelihood
    posterior = iter(_posterior(known, two)[0])
    if two[0][1] > two[1][1]:
        posterior = (1 - p for p in posterior)
    return [NAN if loss is None else next(posterior) for loss in losses]


def _squares(xs: list[float]) -> float:
    mean = sum(xs) / len(xs)
    return sum((x - mean) ** 2 for x in xs)


def _gaussians(xs: list[float], lower: list[float]) -> list[tuple[float, float, float]]:
    """Weight, mean and variance of both."""
    found = []
    for shares in (lower, [1 - share for share in lower]):
        count = sum(shares)
        mean = sum(s * x for s, x in zip(shares, xs, strict=True)) / count
        squares = sum(s * (x - mean) ** 2 for s, x in zip(shares, xs, strict=True))
        found.append((count / len(xs), mean, squares / count + 5e-4))
    return found


def _posterior(xs: list[float], two: list[tuple[float, float, float]]) -> tuple[list[float], float]:
    """Of the first component, and the mean log-likelihood."""
    lower, total = [], 0.0
    for x in xs:
        first, second = (
            weight
            * math.exp(-((x - mean) ** 2) / (2 * variance))
            / math.sqrt(2 * math.pi * variance)
            for weight, mean, variance in two
        )
        lower.append(first / (first + second))
        total += math.log(first + second)
    return lower, total / len(xs)


POOLED = {"low_loss_posterior": low_loss_posterior}
"""Of all examples together: they receive a list of each."""
ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        el2n, forgetting, aum, mean_p_label, variability, correctness, iteration_learned,
        right_for_good, rate_of_learning, wrong_for_good,
    )
}  # fmt: skip


def held_out_correctness(learned: list[bool], right: list[bool]) -> float:
    """2002.03206, at one share: how often those are right who never learned from it; three at
    least."""
    answers = [r for took, r in zip(learned, right, strict=True) if not took]
    return sum(answers) / len(answers) if len(answers) >= 3 else NAN


def memorisation(learned: list[bool], right: list[bool]) -> float:
    """2008.03703: P[f(x; D) = y] − P[f(x; D∖{i}) = y]; three members on each side at least."""
    answers = [r for took, r in zip(learned, right, strict=True) if took]
    if len(answers) < 3:
        return NAN
    return sum(answers) / len(answers) - held_out_correctness(learned, right)


OVER_MEMBERS = {
    "held_out_correctness": held_out_correctness,
    "memorisation": memorisation,
}
