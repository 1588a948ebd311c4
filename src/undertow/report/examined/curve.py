"""How likely the given label was from epoch to epoch: a small chart of one example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from undertow.report.figures.svg import QUIET, WORSE, rule, tag, text
from undertow.report.wording import number

WIDTH, HEIGHT, PAD = 178.0, 76.0, 3.0
LEFT, TOP, BOTTOM = 12.0, 13.0, 62.0
"""Of the place where curves are; what the axes are is written around it."""
SIZE = 8.5


def curve(p_ME: NDArray[np.floating[Any]], epoch_E: Sequence[int], epochs: int, key: str) -> Markup:
    """A thin line per member and a thick one of their mean over ``epoch_E``; a rule where the
    window ends that the verdict rests on. ``p_ME`` is NaN where an epoch did not see the
    example."""
    mean_E = mean_seen_by_members(p_ME)
    lines = [_line(one_E, "member", QUIET, 0.7) for one_E in p_ME[:8]]
    frame = [rule(LEFT, _y(at), WIDTH, _y(at), "grid", QUIET, 0.4) for at in (0.0, 1.0)]
    if epochs < len(mean_E):
        x = _x(epochs - 1, len(mean_E))
        frame.append(rule(x, _y(0), x, _y(1), "zero", QUIET, 0.6))
    said = ", ".join(number(float(p), 2) for p in mean_E[:: max(len(mean_E) // 8, 1)])
    return tag(
        "svg",
        tag("title", f"Probability of the given label from the first epoch on: {said}", id=key),
        *frame,
        *_axes(epoch_E),
        *lines,
        _line(mean_E, "mean", WORSE, 2.0),
        class_="curve",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_labelledby=key,
    )


def _axes(epoch_E: Sequence[int]) -> list[Markup]:
    """What runs along them, and from where to where."""
    written = [
        (LEFT, TOP - 5, "probability of the label", "start"),
        (LEFT - 3, _y(1) + 3, "1", "end"),
        (LEFT - 3, _y(0) + 3, "0", "end"),
        (LEFT, HEIGHT - 3, f"epoch {epoch_E[0]}", "start"),
    ]
    if len(epoch_E) > 1:
        written.append((WIDTH - PAD, HEIGHT - 3, str(epoch_E[-1]), "end"))
    return [text(x, y, said, anchor, SIZE) for x, y, said, anchor in written]


def mean_seen_by_members(p_ME: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """(E,): the mean over members that saw it."""
    seen_ME = ~np.isnan(p_ME)
    count_E = seen_ME.sum(axis=0)
    sum_E = np.where(seen_ME, p_ME, 0).sum(axis=0)
    return np.where(count_E > 0, sum_E / np.maximum(count_E, 1), np.nan)


def _line(p_E: NDArray[np.floating[Any]], class_: str, stroke: str, width: float) -> Markup:
    at_K = np.flatnonzero(~np.isnan(p_E))
    points = [f"{_x(int(e), len(p_E)):.1f} {_y(float(p_E[e])):.1f}" for e in at_K]
    drawn = "M" + "L".join(points) if len(points) > 1 else None
    return tag(
        "path", d=drawn, fill="none", stroke=stroke, stroke_width=width, class_=f"curve-{class_}"
    )


def _x(epoch: int, epochs: int) -> float:
    return LEFT + PAD + (WIDTH - LEFT - 2 * PAD) * epoch / max(epochs - 1, 1)


def _y(p: float) -> float:
    return TOP + (BOTTOM - TOP) * (1 - p)
