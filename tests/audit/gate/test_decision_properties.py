"""What holds for every decision, whatever the rule, the world and the limits that statistics give.

Worlds: one member a side, repeat runs, independent members, pairs, graded scores, clusters; each
with answers missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest

import worlds
from undertow.audit.gate.decide import about_variant, sentence
from undertow.audit.gate.evidence import Evidence, Limits
from undertow.audit.gate.policy import Policy, parse_policy
from undertow.audit.gate.result import Decision, overall
from undertow.audit.gate.rules._forecast import would_decide
from undertow.audit.pair import Pair
from undertow.audit.settings import Settings
from undertow.audit.stats.outlook import Known, examples_until, members_until
from undertow.records.records import Records

pytestmark = pytest.mark.heavy

N = 240
LANGUAGES = ["en"] * 100 + ["de"] * 80 + ["ig"] * 60
LIMITS = (0.01, 1.0, 4.0, 10.0, 45.0)
RANK = {"fail": 0, "cannot tell": 1, "pass": 2}


def _pair(
    seed: int,
    m_ref: int,
    m_var: int,
    missing: int,
    *,
    paired: bool = False,
    graded: bool = False,
    clusters: bool = False,
) -> Pair:
    """Answers to four classes, the variant worse on the first language, so many answers of each
    member missing."""
    rng = np.random.default_rng(seed)
    label_N = rng.integers(0, 4, N)
    hard_N = rng.random(N) < 0.25
    slices = {"language": LANGUAGES} | (
        {"cluster": [f"c{i // 6}" for i in range(N)]} if clusters else {}
    )

    def answers(members: int, lost_N) -> np.ndarray:
        wrong_MN = (rng.random((members, N)) < np.where(hard_N, 0.6, 0.05)) | (
            rng.random((members, N)) < lost_N
        )
        pred_MN = np.where(wrong_MN, (label_N + 1) % 4, label_N)
        pred_MN[:, rng.choice(N, missing, replace=False)] = -1
        return pred_MN

    lost_N = np.where(np.arange(N) < 100, 0.15, 0.0)
    before_MN = answers(m_ref, 0.0)
    after_MN = answers(m_var, lost_N)
    if paired:
        after_MN = np.where(rng.random((m_var, N)) < 0.7, before_MN, after_MN)
    return Pair(
        _records(before_MN, label_N, slices, rng, graded, "old"),
        _records(after_MN, label_N, slices, rng, graded, "new"),
        paired,
        Settings(by=("language",)),
    )


def _records(pred_MN, label_N, slices, rng, graded: bool, name: str) -> Records:
    made = worlds.records_from(pred_MN, label_N, 4, slices=slices, name=name)
    sure_MN = np.where(pred_MN < 0, np.nan, rng.uniform(0.5, 1, pred_MN.shape)).astype(np.float32)
    score_MN = None
    if graded:
        score_MN = np.where(
            pred_MN < 0, np.nan, np.where(pred_MN == label_N, 0.9, 0.2) * sure_MN
        ).astype(np.float32)
    return Records(
        made.manifest, made.examples, made.pred_MN, confidence_MN=sure_MN, score_MN=score_MN
    )


WORLDS: dict[str, Callable[[int], Pair]] = {
    "one": lambda missing: _pair(1, 1, 1, missing),
    "repeats": lambda missing: _pair(2, 3, 1, missing),
    "members": lambda missing: _pair(3, 4, 5, missing),
    "pairs": lambda missing: _pair(4, 4, 4, missing, paired=True),
    "graded": lambda missing: _pair(5, 1, 1, missing, graded=True),
    "graded members": lambda missing: _pair(6, 4, 4, missing, graded=True),
    "clusters": lambda missing: _pair(7, 1, 1, missing, clusters=True),
    "members in clusters": lambda missing: _pair(8, 3, 4, missing, clusters=True),
}


@cache
def world(name: str, missing: int = 3) -> Pair:
    return WORLDS[name](missing)


PLACED = (
    "max_drop",
    "max_churn",
    "churn from zero",
    "max_new_errors",
    "new errors from zero",
    "calibration_shift",
)
RULES = (*PLACED, "worst_slice_drop", "max_new_errors by count")
ZERO = {"churn from zero": "max_churn", "new errors from zero": "max_new_errors"}


def table(rule: str, limit: float, on: str = "language") -> str:
    """One rule as TOML."""
    if rule == "worst_slice_drop":
        return f'[[worst_slice_drop]]\npoints = {limit}\nby = "{on}"\n'
    if rule == "max_new_errors by count":
        return f'[[max_new_errors]]\ncount = {int(limit)}\non = "{on}"\n'
    above = 'above = "zero"\n' if rule in ZERO else ""
    return f'[[{ZERO.get(rule, rule)}]]\npoints = {limit}\non = "{on}"\n{above}'


class Once(Evidence):
    """Evidence that works out the same limits once: the rules' limits are no part of them."""

    def shift(self, *given: Any, **more: Any) -> Limits:
        return self._once(Evidence.shift, given, more)

    def excess(self, *given: Any, **more: Any) -> Limits:
        return self._once(Evidence.excess, given, more)

    def share(self, *given: Any, **more: Any) -> Limits:
        return self._once(Evidence.share, given, more)

    def _once(self, work: Callable[..., Limits], given: Any, more: dict[str, Any]) -> Limits:
        asked = (*given, *(part for name in sorted(more) for part in (name, more[name])))
        key = (work, *(a.tobytes() if isinstance(a, np.ndarray) else a for a in asked))
        known = self.__dict__.setdefault("known", {})
        if key not in known:
            known[key] = work(self, *given, **more)
        return known[key]


@cache
def evidence(name: str, missing: int = 3) -> Evidence:
    return Once(world(name, missing))


@cache
def decided(
    name: str, rule: str, limit: float, on: str = "language", missing: int = 3
) -> tuple[Decision, ...]:
    policy = parse_policy("max_gain = 100\n" + table(rule, limit, on))
    return about_variant(evidence(name, missing), policy).decisions


@cache
def of_rule(name: str, rule: str, missing: int = 3) -> tuple[Decision, ...]:
    """At every limit, on every slice, and on the whole."""
    whole = () if rule == "worst_slice_drop" else ("all",)
    return tuple(
        d
        for on in ("language", *whole)
        for limit in LIMITS
        for d in decided(name, rule, limit, on, missing)
    )


SLOW = ("clusters", "members in clusters")
everywhere = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.heavy) if n in SLOW else n for n in WORLDS]
)
every_rule = pytest.mark.parametrize("rule", RULES)


@everywhere
@every_rule
def test_observed_lies_within_its_limits(name: str, rule: str):
    for d in of_rule(name, rule):
        for low, high in ((d.low, d.observed), (d.observed, d.high), (d.low, d.high)):
            assert math.isnan(low) or math.isnan(high) or low <= high + 1e-9, d


@everywhere
@every_rule
def test_the_outcome_is_what_limit_low_and_high_say(name: str, rule: str):
    for d in of_rule(name, rule):
        low, high = (
            d.observed if math.isnan(x) and rule.endswith("count") else x for x in (d.low, d.high)
        )
        if rule == "calibration_shift":
            below, beyond = -d.limit < low and high < d.limit, low > d.limit or high < -d.limit
        elif rule.endswith("count"):
            below, beyond = high <= d.limit, low > d.limit
        else:
            below, beyond = high < d.limit, low > d.limit
        assert (d.outcome == "pass") == below, d
        # Failing is corrected over the slices, so limits alone do not say it.
        if rule == "worst_slice_drop":
            assert beyond or d.outcome != "fail", d
        else:
            assert (d.outcome == "fail") == beyond, d


@everywhere
@every_rule
def test_a_looser_limit_never_decides_less(name: str, rule: str):
    by_limit = [{d.where: RANK[d.outcome] for d in decided(name, rule, limit)} for limit in LIMITS]
    for tighter, looser in pairwise(by_limit):
        assert all(tighter[where] <= looser[where] for where in tighter)
    assert set(by_limit[0]) == {"language=de", "language=en", "language=ig"}


@everywhere
@every_rule
def test_n_is_how_many_examples_were_used(name: str, rule: str):
    pair = world(name)
    before, after = pair.reference, pair.variant
    old_MN, new_MN = before.correct_MN, after.correct_MN
    if "churn" in rule or ("errors" in rule and not rule.endswith("count")):
        old_MN, new_MN = (np.where(r.pred_MN < 0, np.nan, 1) for r in (before, after))
    known_N = ~np.isnan(old_MN).all(axis=0) & ~np.isnan(new_MN).all(axis=0)
    for d in of_rule(name, rule):
        inside_N = np.array([d.value in ("", value) for value in LANGUAGES])
        assert d.n_examples == (known_N & inside_N).sum() > 0, d
        assert d.variant == "new"


def _observed(pair: Pair, rule: str, inside_N) -> float:
    """The number that a rule limits, in its own unit, from the formula, where no answer is
    missing."""
    before, after = pair.reference, pair.variant
    old_MN, new_MN = (r.correct_MN[:, inside_N].astype(float) for r in (before, after))
    if rule == "calibration_shift":
        sure_MN = [r.confidence_MN[:, inside_N].astype(float) for r in (before, after)]
        return 100 * ((sure_MN[1] - new_MN).mean() - (sure_MN[0] - old_MN).mean())
    if rule in ("max_drop", "worst_slice_drop"):
        return 100 * (old_MN.mean() - new_MN.mean())
    if rule.endswith("count"):
        return float(((old_MN.mean(axis=0) >= 0.5) & (new_MN.mean(axis=0) < 0.5)).sum())
    old_MN, new_MN, label_N = (
        before.pred_MN[:, inside_N],
        after.pred_MN[:, inside_N],
        before.label_N[inside_N],
    )

    def share(a_N, b_N) -> float:
        return float(
            (a_N != b_N if "churn" in rule else (a_N == label_N) & (b_N != label_N)).mean()
        )

    across = [
        (a, b)
        for i, a in enumerate(old_MN)
        for j, b in enumerate(new_MN)
        if i == j or not pair.paired
    ]
    shared = np.mean([share(a, b) for a, b in across])
    if rule in ZERO:
        return 100 * shared
    if pair.design.mode == "members":
        # The floor of exchanged members has an oracle of its own, beside ``above_floor``.
        return math.nan
    floor = [share(a, b) for a, b in permutations(old_MN, 2)]
    return 100 * (shared - np.mean(floor)) if floor else math.nan


def _inside(d: Decision):
    return np.array([d.value in ("", value) for value in LANGUAGES])


@everywhere
@every_rule
def test_observed_is_in_the_unit_of_the_rule(name: str, rule: str):
    for d in of_rule(name, rule, 0):
        expected = _observed(world(name, 0), rule, _inside(d))
        if math.isnan(expected):
            continue
        assert d.observed == pytest.approx(expected, abs=2e-5), d
        said = f"{d.observed:.0f} " if rule.endswith("count") else f"{abs(d.observed):.2f}"
        assert said in d.reason, d


@everywhere
def test_the_share_that_a_sentence_names_is_in_percent(name: str):
    for rule in ("max_churn", "churn from zero", "max_new_errors", "new errors from zero"):
        all_of_it = "churn from zero" if "churn" in rule else "new errors from zero"
        for d in of_rule(name, rule, 0):
            said = float(d.reason.split(" % ")[0])
            assert said == pytest.approx(
                _observed(world(name, 0), all_of_it, _inside(d)), abs=0.0051
            ), d


@everywhere
def test_every_rule_names_each_slice_once_and_the_worst_first(name: str):
    for rule in RULES:
        found = [d.where for d in decided(name, rule, 4.0)]
        assert sorted(found) == ["language=de", "language=en", "language=ig"]
        if rule == "worst_slice_drop":
            observed = [d.observed for d in decided(name, rule, 4.0)]
            assert observed == sorted(observed, reverse=True)


@everywhere
def test_a_pattern_gives_the_decisions_of_its_slices(name: str):
    for rule in PLACED:
        (narrow,) = decided(name, rule, 4.0, "language=e*")
        (same,) = [d for d in decided(name, rule, 4.0) if d.value == "en"]
        # Limits above a floor of exchanged members are corrected over the rows of the rule, of
        # which there are fewer.
        assert (narrow.observed, narrow.n_examples) == pytest.approx(
            (same.observed, same.n_examples), nan_ok=True
        )


@pytest.mark.heavy  # In every world, the slow ones too.
def test_all_three_outcomes_occur():
    """Or the properties above say nothing."""
    for rule in RULES:
        seen = {d.outcome for name in WORLDS for d in of_rule(name, rule)}
        assert seen >= ({"pass", "fail"} if rule.endswith("count") else set(RANK)), rule


# The first sentence.


def _decision(
    rule: str, outcome: str, value: str, variant: str = "new", tier: str = "required"
) -> Decision:
    return Decision(
        rule,
        variant,
        "language",
        value,
        tier,
        outcome,
        1.0,
        2.0,
        1.5,
        2.5,
        9,
        f"{rule} because {value}.",
    )


def test_the_headline_names_what_failed_first_and_counts():
    passed, failed = _decision("max_churn", "pass", "en"), _decision("max_drop", "fail", "de")
    open_, again = (
        _decision("max_drop", "cannot tell", "ig"),
        _decision("worst_slice_drop", "fail", "xx"),
    )
    advice = _decision("max_drop", "fail", "yy", tier="advisory")
    assert sentence([passed, open_, failed, again]) == (
        "2 of 4 required checks fail and 1 cannot be decided; first max_drop on language=de: max_drop because de."
    )
    assert sentence([passed, open_]) == (
        "1 of 2 required checks cannot be decided; it is max_drop on language=ig: max_drop because "
        "ig."
    )
    assert (
        sentence([passed, passed, advice])
        == "All 2 required checks pass. 1 advisory check does not pass."
    )
    assert sentence([passed, failed, advice, advice]) == (
        "1 of 2 required checks fails; it is max_drop on language=de: max_drop because de."
        " 2 advisory checks do not pass."
    )
    assert sentence([_decision("max_drop", "pass", "en", "other"), failed]) == (
        "1 of 2 required checks fails; it is max_drop on language=de of new: max_drop because de."
    )


def test_a_single_check_is_not_counted():
    said = {
        outcome: sentence([_decision("max_drop", outcome, "de")])
        for outcome in ("pass", "fail", "cannot tell")
    }
    assert said == {
        "pass": "The one required check passes.",
        "fail": "The one required check fails; it is max_drop on language=de: max_drop because de.",
        "cannot tell": "The one required check cannot be decided; it is max_drop on language=de: "
        "max_drop because de.",
    }
    advice = _decision("max_drop", "fail", "yy", tier="advisory")
    assert sentence([advice]) == (
        "No rule is required, so nothing is decided. 1 advisory check does not pass."
    )


def test_a_guard_is_none_of_the_checks_of_the_policy():
    guard = _decision("implausible_gain", "cannot tell", "de")
    passed, failed = _decision("max_churn", "pass", "en"), _decision("max_drop", "fail", "de")
    assert sentence([guard, passed, passed]) == (
        "implausible_gain on language=de cannot be decided: implausible_gain because de. All 2 "
        "required checks pass."
    )
    assert sentence([guard, failed, passed]) == (
        "1 of 2 required checks fails; it is max_drop on language=de: max_drop because de."
    )


@everywhere
def test_a_failing_gate_says_which_rule_and_where(name: str):
    policy = parse_policy("max_gain = 100\n" + "\n".join(table(rule, 0.01) for rule in RULES))
    decisions = about_variant(evidence(name), policy).decisions
    assert overall(decisions) == "fail"
    first = next(d for d in decisions if d.outcome == "fail")
    assert f"; first {first.rule} on {first.where}: {first.reason}" in sentence(decisions)


# Values exactly on a limit.


class Given(Evidence):
    """Evidence with limits that are written down: one row, effect, low, high as shares."""

    numbers = (0.0, 0.0, 0.0)

    def shift(self, *given: object, **more: object) -> Limits:
        effect, low, high = (np.array([x]) for x in self.numbers)
        return Limits(effect, low, high, np.array([50.0]), np.array([0.5]))

    excess = share = shift  # type: ignore[assignment]


def _on(rule: str, low: float, high: float) -> str:
    evidence = Given(world("repeats"))
    object.__setattr__(evidence, "numbers", ((low + high) / 2, low, high))
    policy: Policy = parse_policy("max_gain = 100\n" + table(rule, 25.0, "all"))
    (decision,) = about_variant(evidence, policy).decisions
    return decision.outcome


@pytest.mark.parametrize("rule", PLACED)
def test_a_value_on_the_limit_is_open(rule: str):
    sign = -1 if rule == "max_drop" else 1
    tiny = 2.0**-40

    def outcome(low: float, high: float) -> str:
        return _on(rule, *sorted((sign * low, sign * high)))

    assert [outcome(0.0, high) for high in (0.25 - tiny, 0.25, 0.25 + tiny)] == [
        "pass",
        "cannot tell",
        "cannot tell",
    ]
    assert [outcome(low, 0.5) for low in (0.25 - tiny, 0.25, 0.25 + tiny)] == [
        "cannot tell",
        "cannot tell",
        "fail",
    ]
    assert outcome(math.nan, math.nan) == "cannot tell"
    if rule == "calibration_shift":
        assert [outcome(low, 0.0) for low in (-0.25 - tiny, -0.25, -0.25 + tiny)] == [
            "cannot tell", "cannot tell", "pass",
        ]  # fmt: skip
        assert [outcome(-0.5, high) for high in (-0.25 - tiny, -0.25)] == ["fail", "cannot tell"]


# What would settle a rule that is open.


ERROR, BELOW, ABOVE = 0.05, 0.03, 0.02
"""Over examples: the standard error, and how far off their limits lie by themselves."""


def _open_reason(
    name: str,
    low: float,
    high: float,
    *,
    effect: float | None = None,
    points: float = 1.0,
    n: int = 50,
):
    """The end of the sentence of a max_drop with these limits; a fiftieth of the examples moved."""
    effect = (low + high) / 2 if effect is None else effect
    limits = Limits(
        *(np.array([x]) for x in (effect, low, high, float(n), 0.02)),
        error_G=np.array([ERROR]),
        examples_low_G=np.array([effect - BELOW]),
        examples_high_G=np.array([effect + ABOVE]),
    )
    return would_decide(Evidence(world(name)), limits, 0, points / 100, 0.05)


def _examples(half: float, target: float) -> str:
    return f"about {examples_until(Known(50, ERROR, 0.05), half, target):,} examples would decide"


def test_examples_that_would_decide():
    assert _open_reason("one", -0.1, 0.1) == f"{_examples(0.1, 0.01)} 1 point"
    assert _open_reason("one", -0.104, 0.1) == f"{_examples(0.102, 0.008)} 1 point"
    assert (
        _open_reason("one", -0.11, 0.09, effect=-0.01)
        == "the drop seen is the limit of 1 point, so more data may not settle it"
    )
    assert _open_reason("one", math.nan, math.nan, effect=0.0) == "more examples would be needed"
    assert (
        _open_reason("one", -0.02, 0.02, points=50.0, n=50)
        == "about 51 examples would decide 50 points"
    )
    # What passes is the lower limit, what fails the upper one.
    assert _open_reason("one", -0.13, 0.11, effect=-0.006) == f"{_examples(0.124, 0.004)} 1 point"
    assert _open_reason("one", -0.3, 0.086, effect=-0.014) == f"{_examples(0.1, 0.004)} 1 point"


def test_members_that_would_decide():
    def told(half: float, target: float, fixed: float) -> str:
        needed = members_until(half, target, (4, 5), 0.05, paired=False, fixed=fixed)
        return f"about {needed} members a side would decide it"

    # What these examples leave open stays, of the limit that decides: the lower one, or if the drop
    # is larger than its limit the upper one.
    assert _open_reason("members", -0.1, 0.1, points=5.0) == told(0.1, 0.05, BELOW)
    assert _open_reason("members", -0.2, 0.0, points=5.0) == told(0.1, 0.05, ABOVE)
    assert told(0.1, 0.05, BELOW) != told(0.1, 0.05, ABOVE)
    assert _open_reason("members", -0.1, 0.1, points=3.0) == (
        "if the drop seen stays what it is, more members alone would not decide it: more examples "
        "are needed too"
    )
    assert (
        _open_reason("members", -0.01, 0.01, points=5.0) == "about 5 members a side would decide it"
    )
    for effect in (-0.05, -0.0501, -0.0499):
        assert _open_reason("members", -0.1, 0.0, effect=effect, points=5.0) == (
            "the drop seen is the limit of 5 points, so more data may not settle it"
        )
    assert (
        _open_reason("members", -math.inf, math.inf, effect=0.0)
        == "more members a side would be needed"
    )
    assert (
        _open_reason("members", -0.1, 0.1, n=0)
        == "there is no example with an outcome on both sides"
    )
