"""Slow oracles: each measure for one example, as a plain loop written from the paper's formula.

They share no code with ``undertow``. A class index below 0 is missing; what does not exist is NaN.
``ORACLES`` maps a measure's name to a function of

    rate      (prediction, label, probabilities or None, positive class or None)
    answers   (one member's predictions, all labels, a class)
    votes     (list of the reference's predictions, list of the variant's, label)
    pair      (prediction of a, prediction of b, label)
    mixture   (list of the reference's probabilities, list of the variant's: one list per member)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

NAN = math.nan


def mode(votes: list[int], ties: str = "undefined") -> int | None:
    """The class with most votes; ``None`` without votes or, unless a tie rule is given, where it is
    shared."""
    counts = Counter(v for v in votes if v >= 0)
    if not counts:
        return None
    most = max(counts.values())
    tied = sorted(c for c, n in counts.items() if n == most)
    if ties == "undefined":
        return tied[0] if len(tied) == 1 else None
    return tied[0] if ties == "smallest" else tied[-1]


def accuracy(pred: int, label: int, proba: list[float] | None, positive: int | None) -> float:
    if pred < 0 or label < 0:
        return NAN
    return 1.0 if pred == label else 0.0


def error(pred: int, label: int, proba: list[float] | None, positive: int | None) -> float:
    if pred < 0 or label < 0:
        return NAN
    return 0.0 if pred == label else 1.0


def false_positive_rate(
    pred: int, label: int, proba: list[float] | None, positive: int | None
) -> float:
    if pred < 0 or label < 0 or label == positive:
        return NAN
    return 1.0 if pred == positive else 0.0


def false_negative_rate(
    pred: int, label: int, proba: list[float] | None, positive: int | None
) -> float:
    if pred < 0 or label != positive:
        return NAN
    return 0.0 if pred == positive else 1.0


def top_5_accuracy(pred: int, label: int, proba: list[float] | None, positive: int | None) -> float:
    """Takes the likeliest class five times, the smaller one of equals."""
    assert proba is not None
    if pred < 0 or label < 0:
        return NAN
    left = dict(enumerate(proba))
    for _ in range(5):
        likeliest = min(c for c in left if left[c] == max(left.values()))
        if likeliest == label:
            return 1.0
        del left[likeliest]
    return 0.0


def answer_share(pred: list[int], label: list[int], which: int) -> float:
    given = [p for p in pred if p >= 0]
    return given.count(which) / len(given) if given else NAN


def precision(pred: list[int], label: list[int], which: int) -> float:
    truths = [t for p, t in zip(pred, label, strict=True) if p == which and t >= 0]
    return truths.count(which) / len(truths) if truths else NAN


def confidence(pred: int, label: int, proba: list[float] | None, positive: int | None) -> float:
    assert proba is not None
    return max(proba)


def label_confidence(
    pred: int, label: int, proba: list[float] | None, positive: int | None
) -> float:
    assert proba is not None
    return NAN if label < 0 else proba[label]


def modal_disagreement(ref: list[int], var: list[int], label: int) -> float:
    before, after = mode(ref), mode(var)
    if before is None or after is None:
        return NAN
    return float(before != after)


def newly_wrong(ref: list[int], var: list[int], label: int) -> float:
    before, after = mode(ref), mode(var)
    if before is None or after is None or label < 0:
        return NAN
    return float(before == label and after != label)


def newly_right(ref: list[int], var: list[int], label: int) -> float:
    before, after = mode(ref), mode(var)
    if before is None or after is None or label < 0:
        return NAN
    return float(before != label and after == label)


def taxicab(ref: list[int], var: list[int], label: int) -> float:
    ref, var = ([v for v in votes if v >= 0] for votes in (ref, var))
    if not ref or not var:
        return NAN
    classes = set(ref) | set(var)
    return float(
        sum(
            abs(Fraction(ref.count(c), len(ref)) - Fraction(var.count(c), len(var)))
            for c in classes
        )
    )


def total_variation(ref: list[int], var: list[int], label: int) -> float:
    """Largest difference in the share of votes of any set of classes: the classes where the
    reference has more."""
    ref, var = ([v for v in votes if v >= 0] for votes in (ref, var))
    if not ref or not var:
        return NAN
    gains = (
        Fraction(ref.count(c), len(ref)) - Fraction(var.count(c), len(var))
        for c in set(ref) | set(var)
    )
    return float(sum(gain for gain in gains if gain > 0))


def churn(a: int, b: int, label: int) -> float:
    return NAN if a < 0 or b < 0 else float(a != b)


def newly_wrong_per_pair(a: int, b: int, label: int) -> float:
    return NAN if a < 0 or b < 0 or label < 0 else float(a == label and b != label)


def newly_right_per_pair(a: int, b: int, label: int) -> float:
    return NAN if a < 0 or b < 0 or label < 0 else float(a != label and b == label)


def jensen_shannon(ref: list[list[float]], var: list[list[float]]) -> float:
    """Square root of H(middle) − (H(p) + H(q)) / 2 in bits: entropies, not relative entropies as in
    the package."""
    p, q = ([sum(column) / len(rows) for column in zip(*rows, strict=True)] for rows in (ref, var))
    p, q = ([value / sum(row) for value in row] for row in (p, q))
    middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    divergence = _entropy(middle) - (_entropy(p) + _entropy(q)) / 2
    return math.sqrt(max(divergence, 0.0))


def _entropy(p: list[float]) -> float:
    return -sum(value * math.log2(value) for value in p if value > 0)


ORACLES: dict[str, Callable[..., float]] = {
    oracle.__name__: oracle
    for oracle in (
        accuracy,
        error,
        false_positive_rate,
        false_negative_rate,
        confidence,
        label_confidence,
        top_5_accuracy,
        answer_share,
        precision,
        modal_disagreement,
        newly_wrong,
        newly_right,
        taxicab,
        total_variation,
        churn,
        newly_wrong_per_pair,
        newly_right_per_pair,
        jensen_shannon,
    )
}


def mean_defined(values: list[float]) -> float:
    """Mean of what is defined, NaN where nothing is."""
    defined = [v for v in values if not math.isnan(v)]
    return math.fsum(defined) / len(defined) if defined else NAN


def over_index(exemplar: list[bool], belongs: list[bool]) -> float:
    """P(a | exemplar) / P(a | all)."""
    if not any(exemplar) or not any(belongs):
        return NAN
    among = sum(e and b for e, b in zip(exemplar, belongs, strict=True)) / sum(exemplar)
    return among / (sum(belongs) / len(belongs))


def error_counts(preds: list[int], labels: list[int], positive: int) -> tuple[int, int, int, int]:
    """FP, TN, FN, TP by a loop."""
    cells = {"FP": 0, "TN": 0, "FN": 0, "TP": 0}
    for pred, label in zip(preds, labels, strict=True):
        if pred >= 0 and label >= 0:
            says, means = pred == positive, label == positive
            cells[("T" if says == means else "F") + ("P" if says else "N")] += 1
    return cells["FP"], cells["TN"], cells["FN"], cells["TP"]
