"""Limits that are not meant to equal other software's: how wide ours are beside theirs, and how
often both hold.

Nothing to run here: ``agreement.py`` puts these tables on its page. In each world the true mean is
known, so a share of samples can be given in which the limits hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import stats

from undertow.audit.stats.paired_shift import RowShift, paired_shift
from undertow.audit.stats.worst import worst_slice

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.integer[Any]]

LEVEL = 0.05
SAMPLES = 400
PER_CLUSTER = 10
UNITS = {"graded": (5, 10, 30, 100, 1000, 10_000), "clusters": (5, 10, 20, 50, 200, 1000)}
WORST_SAMPLES = 1000
RESAMPLES = 500
"""Of the worst group; fairlearn's take 25 milliseconds each."""
RIGHT = 0.68


WIDTH_COLUMNS = ("world", "units", "theirs", "width, ours over theirs", "ours hold", "theirs hold")
WORST_COLUMNS = (
    "world",
    "worst in truth",
    "seen",
    "`worst_slice`",
    "fairlearn `group_min_ci`",
    "ours hold",
    "theirs hold",
)


class Sample(NamedTuple):
    """Outcomes before and after in [0, 1], and the cluster of each example, or None."""

    before_N: Floats
    after_N: Floats
    cluster_N: Ints | None


class World(NamedTuple):
    name: str
    units: tuple[int, ...]
    truth: float
    theirs: str
    draw: Callable[[np.random.Generator, int], Sample]
    limits: Callable[[Sample], tuple[float, float]]
    ours: Callable[[Sample], tuple[float, float]]


def spread_out(rng: np.random.Generator, n: int) -> Sample:
    """Grades in hundredths."""
    before_N = rng.integers(30, 71, n)
    return Sample(before_N / 100, (before_N + rng.integers(-22, 19, n)) / 100, None)


def rare_losses(rng: np.random.Generator, n: int) -> Sample:
    """One example in fifty loses 49 hundredths; all move by up to two."""
    lost_N = np.where(rng.random(n) < 0.02, 49, 0)
    return Sample(np.full(n, 0.8), (80 - lost_N + rng.integers(-2, 3, n)) / 100, None)


def clustered(rng: np.random.Generator, clusters: int) -> Sample:
    """Right or wrong; examples of a cluster share how easy they are and how that changes."""
    cluster_N = np.repeat(np.arange(clusters), PER_CLUSTER)
    ease_N, move_N = (
        rng.uniform(0.4, 0.8, clusters)[cluster_N],
        rng.uniform(-0.22, 0.18, clusters)[cluster_N],
    )
    before_N, after_N = (
        rng.random(len(cluster_N)) < chance_N for chance_N in (ease_N, ease_N + move_N)
    )
    return Sample(before_N.astype(float), after_N.astype(float), cluster_N)


def student(sample: Sample) -> tuple[float, float]:
    change_N = sample.after_N - sample.before_N
    middle, half = (
        float(change_N.mean()),
        float(stats.t.isf(LEVEL / 2, len(change_N) - 1) * stats.sem(change_N)),
    )
    return middle - half, middle + half


def cr1(sample: Sample) -> tuple[float, float]:
    model = import_module("statsmodels.api").OLS(
        sample.after_N - sample.before_N, np.ones(len(sample.before_N))
    )
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": sample.cluster_N}, use_t=True)
    low, high = fit.conf_int(LEVEL)[0]
    return float(low), float(high)


def interval(sample: Sample) -> tuple[float, float]:
    found = _shift(sample)
    return found.low, found.high


def unseen(sample: Sample) -> tuple[float, float]:
    found = _shift(sample)
    return found.unseen_low, found.unseen_high


def _shift(sample: Sample) -> RowShift:
    every_GN = sp.csr_array(np.ones((1, len(sample.before_N))))
    return paired_shift(every_GN, sample.before_N, sample.after_N, LEVEL, sample.cluster_N).row(0)


WORLDS = (
    World(
        "graded, differences spread out",
        UNITS["graded"],
        -0.02,
        "Student's, scipy",
        spread_out,
        student,
        interval,
    ),
    World(
        "graded, 2% lose .49",
        UNITS["graded"],
        -0.0098,
        "Student's, scipy",
        rare_losses,
        student,
        interval,
    ),
    World(
        f"clusters of {PER_CLUSTER}, right or wrong",
        UNITS["clusters"],
        -0.02,
        "CR1, statsmodels",
        clustered,
        cr1,
        interval,
    ),
    World(
        "the same, limits for the unseen",
        UNITS["clusters"],
        -0.02,
        "CR1, statsmodels",
        clustered,
        cr1,
        unseen,
    ),
)


def width_rows() -> Iterator[list[str]]:
    """World, units, whose the others are, width of ours in theirs, and how often both hold the
    truth."""
    for number, world in enumerate(WORLDS):
        for units in world.units:
            samples = [
                world.draw(np.random.default_rng([number, units, s]), units) for s in range(SAMPLES)
            ]
            here_S2 = np.array([world.ours(sample) for sample in samples])
            there_S2 = np.array([world.limits(sample) for sample in samples])
            with np.errstate(divide="ignore"):  # Where all units are alike, theirs have no width.
                ratio_S = np.diff(here_S2).ravel() / np.diff(there_S2).ravel()
            low, middle, high = np.quantile(ratio_S, [0.05, 0.5, 0.95], method="inverted_cdf")
            width = f"{middle:.3g} ({low:.3g} to {high:.3g})"
            held = [f"{holding(limits_S2, world.truth):.3f}" for limits_S2 in (here_S2, there_S2)]
            yield [world.name, f"{units:,}", world.theirs, width, *held]


def holding(limits_S2: Floats, truth: float) -> float:
    return float(((limits_S2[:, 0] <= truth) & (truth <= limits_S2[:, 1])).mean())


class Groups(NamedTuple):
    """A world of one model's right and wrong answers: how many examples each slice has, and how
    often they are right.

    Beside a reference that is right everywhere the change of the lowest accuracy is the lowest
    accuracy minus 1.
    """

    name: str
    size: int
    chance_G: Floats

    def draw(self, rng: np.random.Generator) -> tuple[Floats, Ints]:
        slice_N = np.repeat(np.arange(len(self.chance_G)), self.size)
        return (rng.random(len(slice_N)) < self.chance_G[slice_N]).astype(float), slice_N


GROUPS = (
    Groups("3 slices alike", 650, np.full(3, RIGHT)),
    Groups("10 slices alike", 200, np.full(10, RIGHT)),
    Groups("10 slices, one 20 points below", 200, np.r_[np.full(9, RIGHT), RIGHT - 0.2]),
)


def worst_rows() -> Iterator[list[str]]:
    """World, truth, lowest seen; limits of one sample by ours and by fairlearn; how often both ways
    hold the truth."""
    for number, groups in enumerate(GROUPS):
        rng = np.random.default_rng([9, number])
        right_N, slice_N = groups.draw(rng)
        frame = fairlearn_frame(right_N, slice_N)
        intervals = worst_of(right_N, slice_N), tuple(float(q) for q in frame.group_min_ci())
        truth = float(groups.chance_G.min())
        drawn = [groups.draw(rng) for _ in range(WORST_SAMPLES)]
        limits = (
            [worst_of(*sample) for sample in drawn],
            [resampled(*sample, rng) for sample in drawn],
        )
        held = [holding(np.array(limits_S2), truth) for limits_S2 in limits]
        seen = [f"{truth:.2f}", f"{float(frame.group_min()):.3f}"]
        said = [f"{low:.3f} to {high:.3f}" for low, high in intervals]
        yield [groups.name, *seen, *said, *(f"{share:.3f}" for share in held)]


def worst_of(right_N: Floats, slice_N: Ints) -> tuple[float, float]:
    """Our limits of the lowest accuracy."""
    membership_GN = sp.csr_array((np.ones(len(slice_N)), (slice_N, np.arange(len(slice_N)))))
    sides = np.ones((1, len(right_N))), right_N[None]
    found = worst_slice(*sides, membership_GN, level=LEVEL, paired=False, over_members=False)
    return 1 + found.low, 1 + found.high


def fairlearn_frame(right_N: Floats, slice_N: Ints) -> Any:
    return import_module("fairlearn.metrics").MetricFrame(
        metrics=lambda true, given: float(np.mean(given)),
        y_true=right_N,
        y_pred=right_N,
        sensitive_features=slice_N,
        n_boot=RESAMPLES,
        ci_quantiles=[LEVEL / 2, 1 - LEVEL / 2],
        random_state=0,
    )


def resampled(right_N: Floats, slice_N: Ints, rng: np.random.Generator) -> tuple[float, float]:
    """Percentiles of the lowest accuracy when each slice is resampled: fairlearn's statistic, at a
    speed that allows many samples."""
    size_G = np.bincount(slice_N)
    accuracy_G = np.bincount(slice_N, right_N) / size_G
    lowest_D = (rng.binomial(size_G, accuracy_G, size=(RESAMPLES, len(size_G))) / size_G).min(
        axis=1
    )
    low, high = np.quantile(lowest_D, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)
