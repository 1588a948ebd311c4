"""How long exchanging members takes, beside what it would cost to count votes anew for every draw.

    python benchmarks/exchange_speed.py

30 + 30 members × 50,000 examples × 1,000 classes, 2,000 draws, four vote measures over all class
slices. Prints what the data are like, because the time depends on how many examples the members
disagree on.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from undertow.audit.measures import modal_disagreement, newly_right, newly_wrong, taxicab
from undertow.audit.stats.above_floor import above_floor
from undertow.audit.stats.arrangements import Arrangements, exchange
from undertow.audit.stats.candidates import Candidates, candidates, evaluate
from undertow.audit.stats.exemplar_test import exact_exchange
from undertow.audit.stats.max_t import max_t
from undertow.audit.stats.vote_exchange import vote_exchange
from undertow.audit.stats.vote_states import count_states

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

MEASURES = {
    m.card.name: m.function for m in (modal_disagreement, taxicab, newly_wrong, newly_right)
}
CONFUSABLE = 12


def predictions(
    rng: np.random.Generator, members: int, examples: int, classes: int
) -> tuple[Ints, Ints]:
    """A few confusable classes per example, members that differ by noise on their scores: about 85
    % right."""
    label_N = rng.integers(0, classes, examples)
    other_NK = rng.integers(0, classes, (examples, CONFUSABLE))
    other_NK[:, 0] = label_N
    score_NK = np.tile(-0.5 * np.arange(CONFUSABLE), (examples, 1))
    score_NK[:, 0] += 4 - rng.gamma(1.2, 1.6, examples)
    best_MN = np.stack(
        [(score_NK + rng.normal(size=score_NK.shape)).argmax(axis=1) for _ in range(members)]
    )
    return np.take_along_axis(other_NK, best_MN.T, axis=1).T.astype(np.int32), label_N


def recount(groups: list[Candidates], pred_MN: Ints, drawn: Arrangements) -> None:
    """The obvious way: count every candidate's votes for each draw, then call the measures. No
    slice sums."""
    for side_M in drawn.is_reference_DM:
        for group in groups:
            votes_MXK = pred_MN[:, group.example_X][side_M][:, :, None] == group.label_XK[None]
            held_KX = np.ascontiguousarray(votes_MXK.sum(axis=0).T, dtype=np.float32)
            evaluate(
                MEASURES,
                {"newly_wrong", "newly_right"},
                held_KX,
                group.margin_XK.T.astype(float),
                group.truth_X,
            )


def timed(what: str, work: Callable[[], Any], times: float = 1) -> Any:
    """Run once and print the seconds, multiplied where only a part was run."""
    started = time.perf_counter()
    result = work()
    seconds = (time.perf_counter() - started) * times
    note = f" (estimated from 1/{times:g})" if times != 1 else ""
    print(f"{seconds:9.2f} s  {what}{note}", flush=True)
    return result


def main() -> None:
    """Print a line per step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--examples", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--draws", type=int, default=2_000)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    pred_MN, label_N = predictions(rng, 2 * given.members, given.examples, given.classes)
    class_GN = sp.csr_array((np.ones(given.examples), (label_N, np.arange(given.examples))))
    membership_GN = sp.csr_array(sp.vstack([np.ones((1, given.examples)), class_GN]))
    drawn = exchange(given.members, given.members, given.draws, rng)
    groups = [g for g in candidates(pred_MN, label_N) if g.label_XK.shape[1] > 1]
    describe(pred_MN, label_N, groups)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    value_DG = timed(
        f"vote_exchange: {len(MEASURES)} measures × {membership_GN.shape[0]:,} slices × "
        f"{given.draws:,} draws",
        lambda: vote_exchange(
            pred_MN, label_N, membership_GN, drawn, MEASURES, {"newly_wrong", "newly_right"}
        ),
    )
    print(
        f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:9.0f} MB more at "
        "its peak"
    )
    timed("above_floor, one measure", lambda: above_floor(value_DG["taxicab"], level=0.05))
    accuracy_GM = (membership_GN @ (pred_MN == label_N).T) / np.maximum(
        membership_GN.sum(axis=1), 1
    )[:, None]
    timed("max_t", lambda: max_t(accuracy_GM, given.members, drawn, level=0.05))
    votes = [
        _votes(pred_MN[side], given.classes)
        for side in (slice(given.members), slice(given.members, None))
    ]
    timed("exact test of every example", lambda: exact_exchange(*votes))
    few = drawn.first(max(2, given.draws // 200))
    part = given.draws / len(few.is_reference_DM)
    timed(
        "for comparison: votes counted anew for every draw",
        lambda: recount(groups, pred_MN, few),
        part,
    )


def describe(pred_MN: Ints, label_N: Ints, groups: list[Candidates]) -> None:
    """What the data are like, and the least that the product of arrangements and members costs."""
    changing = sum(len(g.example_X) for g in groups)
    direct = sum(int((count_states(g) > 1024).sum()) for g in groups)
    print(
        f"accuracy {(pred_MN == label_N).mean():.3f}; {changing:,} of {len(label_N):,} examples "
        "are not unanimous, "
    )
    print(
        f"with {sum(g.label_XK.size for g in groups) / changing:.1f} candidates on average; "
        f"{direct:,} counted directly"
    )


def _votes(pred_MN: Ints, classes: int) -> sp.csr_array:
    row_MN = np.broadcast_to(np.arange(pred_MN.shape[1]), pred_MN.shape)
    ones = np.ones(pred_MN.size, dtype=np.int64)
    return sp.csr_array(
        (ones, (row_MN.ravel(), pred_MN.ravel())), shape=(pred_MN.shape[1], classes)
    )


if __name__ == "__main__":
    main()
