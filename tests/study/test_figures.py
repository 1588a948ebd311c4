"""Lines of a panel are told apart in its legend, too."""

from __future__ import annotations

import pytest

from undertow.study.figures import Line, Panel, _draw


@pytest.mark.heavy  # it draws
def test_names_below_a_panel_have_room_for_dashes():
    from matplotlib.figure import Figure

    found = []
    for lines in (2, 10):
        axes = Figure().subplots()
        _draw(axes, Panel("", "", "", [Line(str(n), (0, 1), (n, n)) for n in range(lines)]))
        legend = axes.get_legend()
        assert legend is not None
        found.append(legend.handlelength)
    assert found == [2.0, 3.5]


@pytest.mark.heavy  # it draws
def test_points_that_are_not_joined_have_bars_and_names_and_joined_ones_a_band():
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    dots = Line(
        "a", (1, 2), (1, 2), (0, 1), (2, 3), stroke="none", x_low=(0.5, 1.5), x_high=(1.5, 2.5),
        names=("one", "two"),
    )  # fmt: skip
    _draw(axes, Panel("", "", "", [dots, Line("b", (1, 2), (1, 2), (0, 1), (2, 3))], log_x=True))
    bars = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert [[s.tolist() for s in c.get_segments()] for c in bars] == [
        [[[1, 0], [1, 2]], [[2, 1], [2, 3]]],
        [[[0.5, 1], [1.5, 1]], [[1.5, 2], [2.5, 2]]],
    ]
    assert sum(isinstance(c, PolyCollection) for c in axes.collections) == 1
    assert [text.get_text() for text in axes.texts] == ["one", "two"]
    assert axes.get_xscale() == "log"
