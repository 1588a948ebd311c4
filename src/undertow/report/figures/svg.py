"""SVG elements with everything escaped, and the marks that say a verdict by shape as well as by
colour.

Colours are given twice: as attributes in mid tones that read on light and on dark, for readers that
block styles, and as classes that the page's style sheet refines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup, escape

from undertow.report.wording import line

INK, WORSE, BETTER, QUIET, CHANGED = "currentColor", "#c2512f", "#3b7ea8", "#7f7f78", "#8a6a00"
COLOUR = {
    "worse": WORSE,
    "mixed": WORSE,
    "changed": CHANGED,
    "better": BETTER,
    "within tolerance": QUIET,
    "too small to tell": QUIET,
    "undefined": QUIET,
}
CLASS = {
    "worse": "worse",
    "mixed": "mixed",
    "changed": "changed",
    "better": "better",
    "within tolerance": "floor",
    "too small to tell": "open",
    "undefined": "undefined",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

Attribute = str | int | float | None


def tag(name: str, *children: str | Markup, **attributes: Attribute) -> Markup:
    """One element. ``class_`` writes ``class``, ``text_anchor`` writes ``text-anchor``; ``None`` is
    left out."""
    written = "".join(
        f' {_attribute(key)}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(str(escape(child)) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")


def group(children: Iterable[Markup], **attributes: Attribute) -> Markup:
    return tag("g", Markup("").join(children), **attributes)


def text(
    x: float,
    y: float,
    said: str,
    anchor: str = "start",
    size: float = 12.5,
    **attributes: Attribute,
) -> Markup:
    """A label. ``said`` is cleaned and isolated, so that a right-to-left name cannot reorder what
    is around it."""
    given: dict[str, Attribute] = {
        "fill": INK,
        "class_": "label",
        "direction": "ltr",
        "unicode_bidi": "isolate",
    }
    return tag(
        "text", line(said), x=x, y=y, text_anchor=anchor, font_size=size, **(given | attributes)
    )


def rule(
    x1: float, y1: float, x2: float, y2: float, class_: str, stroke: str = QUIET, width: float = 1
) -> Markup:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, stroke=stroke, stroke_width=width)


def mark(verdict: str, x: float, y: float, r: float = 5) -> Markup:
    """▼ worse, ▲ better, ◆ mixed (both of these), ◀▶ changed, ● within tolerance, ◇ too small to
    tell, × undefined."""
    colour, name = COLOUR.get(verdict, QUIET), f"mark {CLASS.get(verdict, 'undefined')}"
    if verdict in ("worse", "better"):
        tip = r if verdict == "worse" else -r
        return tag(
            "path",
            d=_path((x, y + tip), (x - r, y - tip * 0.8), (x + r, y - tip * 0.8)),
            class_=name,
            fill=colour,
        )
    if verdict == "mixed":
        halves = ((BETTER, "better", -r), (WORSE, "worse", r))
        return group(
            [
                tag(
                    "path",
                    d=_path((x, y + tip), (x - r, y), (x + r, y)),
                    class_=f"mark {half}",
                    fill=shade,
                )
                for shade, half, tip in halves
            ]
        )
    if verdict == "changed":
        left, right = (
            _path((x + s * r, y), (x + s * r * 0.2, y - r * 0.8), (x + s * r * 0.2, y + r * 0.8))
            for s in (-1, 1)
        )
        return tag("path", d=left + right, class_=name, fill=colour)
    if verdict == "within tolerance":
        return tag("circle", cx=x, cy=y, r=r * 0.72, class_=name, fill=colour)
    if verdict == "too small to tell":
        corners = _path((x, y - r), (x + r, y), (x, y + r), (x - r, y))
        return tag("path", d=corners, class_=name, fill="none", stroke=colour, stroke_width=1.6)
    cross = f"M{_value(x - r * 0.7)} {_value(y - r * 0.7)}l{_value(r * 1.4)} {_value(r * 1.4)}"
    back = f"M{_value(x + r * 0.7)} {_value(y - r * 0.7)}l{_value(-r * 1.4)} {_value(r * 1.4)}"
    return tag("path", d=cross + back, class_=name, fill="none", stroke=colour, stroke_width=1.6)


def figure(
    width: float,
    height: float,
    key: str,
    title: str,
    description: str,
    children: Iterable[Markup],
    *,
    beside: bool = False,
) -> Markup:
    """An image with a title and a description; ``key`` makes their ids unique on the page.

    One that is drawn ``beside`` another for wide pages shows only where the style sheet says so.
    """
    return tag(
        "svg",
        tag("title", line(title), id=f"{key}-title"),
        tag("desc", line(description), id=f"{key}-desc"),
        *children,
        class_="chart wide" if beside else "chart",
        display="none" if beside else None,
        viewBox=f"0 0 {_value(width)} {_value(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        font_family=FONT,
    )


def badge_mark(verdict: str) -> Markup:
    """The mark alone, for badges and table cells; decorative, because the word stands beside it."""
    return tag(
        "svg", mark(verdict, 7, 7, 5.2), class_="glyph", viewBox="0 0 14 14", width=14, height=14,
        aria_hidden="true", focusable="false",
    )  # fmt: skip


def gate_mark(outcome: str) -> Markup:
    """The mark of a gate's outcome: a tick, a heavy cross, ◇ for what cannot be told, ≠ for what is
    not comparable."""
    colour = {"pass": BETTER, "fail": WORSE}.get(outcome, QUIET)
    lines = {
        "pass": "M2 7.6L5.6 11.2L12 3.4",
        "fail": "M2.6 2.6L11.4 11.4M11.4 2.6L2.6 11.4",
        "not comparable": "M2 5H12M2 9H12M9.6 1.8L4.4 12.2",
    }.get(outcome, "M7 1.6L12.4 7L7 12.4L1.6 7Z")
    width = 1.6 if outcome == "cannot tell" else 2.2
    return tag(
        "svg", tag("path", d=lines, class_="mark", fill="none", stroke=colour, stroke_width=width),
        class_="glyph", viewBox="0 0 14 14", width=14, height=14, aria_hidden="true",
        focusable="false",
    )  # fmt: skip


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values inside [low, high], at most about ``about`` of them, zero among them where it is
    inside."""
    raw = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * s for s in (1, 2, 5, 10) if power * s >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _path(*corners: tuple[float, float]) -> str:
    return "M" + "L".join(f"{_value(x)} {_value(y)}" for x, y in corners) + "Z"


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: Attribute) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
