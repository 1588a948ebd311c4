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
