"""Where answers went, as net flows between classes: for each pair how many went, and how many more
than came back, with limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from undertow.audit.result import Flow
from undertow.report.figures.svg import INK, QUIET, figure, group, nice_ticks, rule, tag, text
from undertow.report.naming import told_apart, whole
from undertow.report.wording import count

WIDTH, GUTTER, RIGHT = 420.0, 172.0, 46.0
ROW, HEAD, FOOT = 25.0, 6.0, 54.0
NAMED = 12
"""Letters of a class in a label, which has two."""
LEGEND = ("examples: the bar went that way, the mark", "is net of those that came back")


class _Place:
    """Maps counts of examples to horizontal positions."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return GUTTER + share * (WIDTH - RIGHT - GUTTER)


def flow_chart(flows: Sequence[Flow], key: str, title: str) -> Markup:
    """Flows in the order given. A full mark stands where the limits show that more went than came
    back, a hollow one where they do not."""
    high = 1.04 * max((v for f in flows for v in (f.moved, f.high)), default=1.0) or 1.0
    place = _Place(min([0.0, *(f.low for f in flows)]), high)
    bottom = HEAD + ROW * len(flows)
    parts = [*_frame(place, bottom)]
    names = told_apart((name for f in flows for name in (f.source, f.target)), NAMED)
    parts += [_row(f, names, place, HEAD + ROW * i) for i, f in enumerate(flows)]
    return figure(WIDTH, bottom + FOOT, key, title, "; ".join(map(_said, flows)), parts)


def _row(flow: Flow, names: dict[str, str], place: _Place, top: float) -> Markup:
    middle = top + ROW / 2
    left, right = place(0.0), place(flow.moved)
    shown = flow.low > 0
    label = f"{names[flow.source]} → {names[flow.target]}"
    parts = [
        tag("title", _said(flow)),
        tag(
            "rect", x=left, y=top + 5, width=max(right - left, 1.0), height=ROW - 10, class_="band",
            fill=QUIET, fill_opacity=0.22,
        ),
        text(GUTTER - 12, middle + 4.3, label, anchor="end"),
        rule(place(flow.low), middle, place(flow.high), middle, "interval", INK, 1.6),
        tag(
            "circle", cx=place(flow.net), cy=middle, r=4.2, class_="mark",
            fill=INK if shown else "none", stroke=INK, stroke_width=1.6,
        ),
        text(WIDTH, middle + 4.3, count(flow.net), anchor="end", class_="label num"),
    ]  # fmt: skip
    return group(parts, class_="row")


def _frame(place: _Place, bottom: float) -> Iterator[Markup]:
    ticks = nice_ticks(place.low, place.high, 4)
    for tick in ticks:
        x, zero = place(tick), tick == 0
        yield rule(
            x,
            HEAD,
            x,
            bottom,
            "zero" if zero else "grid",
            INK if zero else QUIET,
            1 if zero else 0.4,
        )
        yield text(x, bottom + 16, count(tick), "middle", 11.5, class_="label tick", opacity=0.8)
    middle = (GUTTER + WIDTH - RIGHT) / 2
    for line, said in enumerate(LEGEND):
        yield text(
            middle, bottom + 32 + 15 * line, said, "middle", 11.5, class_="label tick", opacity=0.8
        )


def _said(flow: Flow) -> str:
    return (
        f"{whole(flow.source)} → {whole(flow.target)}: {count(flow.moved)} went, "
        f"{count(flow.back)} came back, net {count(flow.net)} ({count(flow.low)} to "
        f"{count(flow.high)})"
    )
