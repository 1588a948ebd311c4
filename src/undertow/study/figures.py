"""Figures of result pages: panels of lines with intervals, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 4.2, 3.1
"""Of a panel, in inches."""
LONG = 18
"""Letters of a name, three of which would be wider than a panel."""
MANY = 4
"""Lines whose names have room inside a panel; those of more stand below it."""
Stroke = Literal["solid", "dashed", "dotted", "dashdot", "none"]
"""How points are joined."""
COLOURS = ("#1f5fa8", "#c4501b", "#2f7d4f", "#7a4fa0", "#8a6d1f", "#555555")


@dataclass(frozen=True)
class Line:
    """One line: ``y`` at each ``x``, with an interval where ``low`` and ``high`` are given.
    ``pair`` has the colour of a line, so that a dense and a sparse one share it. One whose label is
    empty is not in the legend. ``names`` stand beside points; intervals of points that are not
    joined are bars, also across where ``x_low`` and ``x_high`` are given."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    pair: int = 0
    stroke: Stroke = "solid"
    x_low: Sequence[float] = ()
    x_high: Sequence[float] = ()
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Panel:
    """Axes with lines."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    log: bool = False
    log_x: bool = False
    ticks: Sequence[str] = ()
    """Names of x = 0, 1, 2 …, where it is no number."""


def drawn(panels: Sequence[Panel], columns: int = 2) -> str:
    """The panels as one SVG. The same panels give the same text. ``UserError`` where matplotlib is
    not installed."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as missing:
        from undertow.errors import UserError

        raise UserError(
            "figures of result pages need matplotlib; in the checkout: pip install '.[lab]'"
        ) from missing
    rows = -(-len(panels) // columns)
    # ids from content and no date, so that a page made again does not differ
    settings: Any = {"svg.hashsalt": "undertow", "svg.fonttype": "none", "font.size": 9}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            _draw(axes, panel)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_axis_off()
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _bars(axes: Axes, line: Line, colour: str) -> None:
    """Intervals of points that are not joined."""
    if line.low:
        axes.vlines(line.x, line.low, line.high, color=colour, alpha=0.5, linewidth=0.8)
    if line.x_low:
        axes.hlines(line.y, line.x_low, line.x_high, color=colour, alpha=0.5, linewidth=0.8)


def _plain_ticks(axes: Axes, both: bool) -> None:
    """Logarithms of x, or of both, at 1, 2 and 5, as people write them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator  # only figures need it

    axes.set_xscale("log")
    for axis in (axes.xaxis, axes.yaxis) if both else (axes.xaxis,):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.set_minor_locator(NullLocator())


def _draw(axes: Axes, panel: Panel) -> None:
    for line in panel.lines:
        colour = COLOURS[line.pair % len(COLOURS)]
        how: dict[str, Any] = {"linestyle": line.stroke, "color": colour, "marker": "o"}
        if line.stroke == "none":
            how |= {"alpha": 0.9 if line.low else 0.5, "markeredgewidth": 0}
        axes.plot(line.x, line.y, label=line.label, markersize=3, **how)
        if line.stroke == "none":
            _bars(axes, line, colour)
        elif line.low:
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
        for name, x, y in zip(line.names, line.x, line.y, strict=False):
            axes.annotate(name, (x, y), (3, 3), textcoords="offset points", fontsize=6)
    axes.set_title(panel.title, fontsize=9)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if panel.log:
        axes.set_yscale("log")
    if panel.ticks:
        axes.set_xticks(range(len(panel.ticks)), panel.ticks, rotation=30, ha="right")
    elif panel.log_x:
        _plain_ticks(axes, both=panel.log)
    elif all(float(x).is_integer() for line in panel.lines for x in line.x):
        from matplotlib.ticker import MaxNLocator  # only figures need it

        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    axes.spines[["top", "right"]].set_visible(False)
    below: dict[str, Any] = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, -0.4 if panel.ticks else -0.2),
    }
    below["handlelength"] = 3.5  # room for dashes beside the marker
    below["ncols"] = 2 if any(len(line.label) > LONG for line in panel.lines) else 3
    named = [line for line in panel.lines if line.label]
    dots = len(named) > 1 and all(line.stroke == "none" for line in named)
    many = len(named) > MANY or dots  # a key of dots among dots would be read as more of them
    axes.legend(frameon=False, fontsize=7, **(below if many else {}))
