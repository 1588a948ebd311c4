"""axe-core finds nothing serious on any kind of page, in light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

NAMES = (
    "garments",
    "texts",
    "one_member",
    "generation",
    "gated",
    "refused",
    "long_names",
    "crossed",
)
SERIOUS = ("serious", "critical")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious(
    chromium: Any, report: Callable[[str], Path], name: str, width: int, scheme: str
):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(report(name).as_uri())
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = axe.run(page).response["violations"]
    context.close()
    assert [
        (v["id"], n["target"], n["failureSummary"])
        for v in found
        if v["impact"] in SERIOUS
        for n in v["nodes"][:3]
    ] == []
