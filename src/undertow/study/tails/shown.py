"""Tables and panels of the two tails, and how claims about them are decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from undertow.study.claims import Outcome, held, points
from undertow.study.claims import decided as by_limits
from undertow.study.declaration import Table
from undertow.study.figures import Line, Panel
from undertow.study.pairs import Gain
from undertow.study.tails.compared import TEN, Tails
from undertow.study.tails.curves import (
    ATYPICAL,
    CLEAN,
    NOISY,
    SEEN,
    TAILS,
    VIEWS,
    augmented,
    exposures,
)
from undertow.study.trained import Floats, mean_interval

P = "p(given label)"


def decided(gain_of: Callable[[str], Gain], said: str = "") -> Outcome:
    """By the limits of the clean pass; what steps saw is told beside."""
    clean, seen = (gain_of(view) for view in (CLEAN, SEEN))
    return by_limits([(clean.low, clean.high)], f"{said}clean {clean}; seen {seen}")


def in_order(tails: Tails, arm: str) -> Outcome:
    """Held where every difference's lower limit is above 0, not held where an upper one is below
    it, undecided between."""
    steps = tails.order(arm)
    least = min(steps, key=lambda step: step.gain.low)
    seen = min(tails.order(arm, SEEN), key=lambda step: step.gain.low)
    evidence = f"least of {len(steps)}: {least.name} {least.gain} at epoch {least.epoch}"
    evidence += f"; seen {seen.name} {seen.gain} at epoch {seen.epoch}"
    undecided = least.gain.low <= 0 <= min(step.gain.high for step in steps)
    return held(least.gain.low > 0, evidence + ("; too small to tell" if undecided else ""))


def rises_and_falls(tails: Tails, arm: str, others: Sequence[str]) -> Outcome:
    """Held where noisy average precision has its peak in the first half of training, above a score
    that tells nothing and above its own end."""
    peak, last = tails.peak(arm), int(tails.curves(arm).epoch_E[-1])
    early = 2 * peak.epoch <= last
    evidence = f"peak at epoch {peak.epoch} of {last}, {peak.above} above the base rate, falls by "
    evidence += str(peak.fall)
    for other in others:
        found = tails.peak(other)
        evidence += f"; {other}: peak at {found.epoch}, falls by {found.fall}"
    return held(early and peak.above.low > 0 and peak.fall.low > 0, evidence)


def learning_table(tails: Tails, arms: Sequence[str]) -> Table:
    """Level and slope of each tail, a row per arm and view."""
    rows = [_learning(tails, arm, view) for arm in arms for view in VIEWS]
    head = ["arm", "pass", *(f"{tail}: {P} %" for tail in TAILS)]
    head += [*(f"{tail}: slope" for tail in TAILS), "gap [95 %]", "order"]
    shows = "typical images of TX2 twice and all others once"
    if not any(arm.startswith("TX2") for arm in arms):
        shows = "all images once"
    note = (
        f"{P}: mean over the tail's examples, after epoch {tails.warm} → at the end. Slope: points "
        f"per ten exposures of an image, by least squares over the epochs after {tails.warm}, each "
        f"of which shows {shows}. Gap: slope of atypical "
        "less that of noisy. Order: the least difference of typical less atypical and of "
        "atypical less noisy over these epochs, at as many exposures, in points. Limits over "
        "members. *Seen*: as the step saw the example, augmented or not, which makes labels of "
        "augmented examples less probable; *clean*: after the epoch, not augmented."
    )
    return Table("How the tails are learned", head, rows, note)


def _learning(tails: Tails, arm: str, view: str) -> list[str]:
    all_ = tails.curves(arm, view)
    level_GE, slope_G = 100 * all_.level_MGE.mean(axis=0), TEN * all_.slope_MG.mean(axis=0)
    slope_G /= exposures(tails.results.of(arm), tails.tails_of)
    first = int(np.searchsorted(all_.epoch_E, tails.warm))
    levels = [f"{level_E[first]:.1f} → {level_E[-1]:.1f}" for level_E in level_GE]
    try:
        order = str(min((step.gain for step in tails.order(arm, view)), key=lambda g: g.low))
    except KeyError:
        order = "undefined"
    slopes = [points(slope) for slope in slope_G.tolist()]
    return [arm, VIEWS[view], *levels, *slopes, str(tails.gap(arm, view)), order]


def separation_table(tails: Tails, arms: Sequence[str]) -> Table:
    """What tells the tails apart, a row per arm and view."""
    rows = [_separation(tails, arm, view) for arm in arms for view in VIEWS]
    head = ["arm", "pass", "noisy AP: peak (epoch)", "falls by", "atypical AP: peak (epoch)"]
    head += ["AUROC by level", "by level and slope", "difference [95 %]"]
    note = (
        "AP: average precision of a low probability, for one tail among all examples, in %; its "
        "peak and what it falls by until the end are of one half of the members at the epoch that "
        "the other half chooses. AUROC: noisy against atypical, on examples that a logistic "
        "classifier did not learn from; level is the mean probability over the epochs of the "
        "slope. Differences are in points."
    )
    return Table("What tells the tails apart", head, rows, note)


def _separation(tails: Tails, arm: str, view: str) -> list[str]:
    alone, both, more = tails.areas(arm, view)
    share_G = tails.curves(arm, view).share_G
    peaks = [tails.peak(arm, view, tail) for tail in (NOISY, ATYPICAL)]
    noisy, atypical = (
        f"{100 * (peak.above.mean + share):.1f} ({peak.epoch})"
        for peak, share in zip(peaks, share_G, strict=False)
    )
    cells = [arm, VIEWS[view], noisy, str(peaks[0].fall), atypical]
    cells += [f"{alone:.4f}", f"{both:.4f}", str(more)]
    return ["undefined" if "nan" in cell else cell for cell in cells]


def masks_table(tails: Tails, arms: Sequence[str]) -> Table:
    """Who was augmented after the warm-up."""
    rows = []
    for arm in arms:
        share_MGE = augmented(tails.results.of(arm), tails.tails_of)[:, :, tails.warm :]
        rows.append([arm, *(f"{100 * s:.1f}" for s in share_MGE.mean(axis=(0, 2)))])
    head = ["arm", *(f"{tail} %" for tail in TAILS)]
    note = f"Shares of the augmented, means over members and the epochs after {tails.warm}."
    return Table("Who is augmented", head, rows, note)


def curve_panels(tails: Tails, arms: Sequence[str]) -> list[Panel]:
    """A panel per arm: both passes, with limits over members for the clean one."""
    return [Panel(f"{arm}", "epoch", f"mean {P}", _curves(tails, arm)) for arm in arms]


def _curves(tails: Tails, arm: str) -> list[Line]:
    clean, seen = tails.curves(arm), tails.curves(arm, SEEN)
    lines = [_line(t, clean.epoch_E, clean.level_MGE[:, g], g) for g, t in enumerate(TAILS)]
    for g, tail in enumerate(TAILS):
        mean_E = seen.level_MGE[:, g].mean(axis=0)
        lines.append(
            Line(f"{tail}, seen", seen.epoch_E.tolist(), mean_E.tolist(), (), (), g, "dotted")
        )
    return lines


def mask_panel(tails: Tails, arm: str) -> Panel:
    """Who an arm augments, epoch by epoch."""
    share_MGE = augmented(tails.results.of(arm), tails.tails_of)
    epochs = np.arange(1, share_MGE.shape[-1] + 1)
    lines = [_line(tail, epochs, share_MGE[:, g], g) for g, tail in enumerate(TAILS)]
    return Panel(f"{arm}: who is augmented", "epoch", "share of the augmented", lines)


def precision_panel(tails: Tails, arms: Sequence[str]) -> Panel:
    """Noisy average precision, epoch by epoch."""
    lines = [
        _line(arm, tails.curves(arm).epoch_E, tails.curves(arm).precision_MGE[:, NOISY], place)
        for place, arm in enumerate(arms)
    ]
    return Panel("Noisy among all by a low probability, clean", "epoch", "average precision", lines)


def _line(label: str, epoch_E: NDArray[np.integer[Any]], value_ME: Floats, colour: int) -> Line:
    each = [mean_interval(value_M) for value_M in value_ME.T]
    mean, low, high = ([limits[i] for limits in each] for i in range(3))
    return Line(label, epoch_E.tolist(), mean, low, high, colour)
