"""What a notebook shows, in a real Chromium, on light and on dark: it can be read, and stays in its
frame."""

from __future__ import annotations

from typing import Any

import pytest

import audits
from undertow.notebook import Compared

pytestmark = pytest.mark.browser
GROUNDS = {"light": ("rgb(255, 255, 255)", "#111"), "dark": ("rgb(17, 17, 17)", "#ddd")}
CONTRAST = """() => {
  const channel = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 };
  const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number);
    return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b) };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...[...document.querySelectorAll('p, td, th, span')].map(e => {
    const own = light(getComputedStyle(e).color);
    return (Math.max(own, ground) + .05) / (Math.min(own, ground) + .05);
  }));
}"""


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("name", ["garments", "one_member", "hostile", "many_classes"])
@pytest.mark.parametrize("width", [400, 1000])
def test_it_reads_on_any_ground_and_runs_nothing(chromium: Any, ground: str, name: str, width: int):
    paper, ink = GROUNDS[ground]
    html = Compared(getattr(audits, name)())._repr_html_()
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.set_content(f'<title>safe</title><body style="background:{paper};color:{ink}">{html}')
    assert page.title() == "safe"
    assert page.evaluate(CONTRAST) >= 3.9
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
