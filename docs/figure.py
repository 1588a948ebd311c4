"""The README's picture of a page: python docs/figure.py demo/report.html

Needs a Chromium on the PATH. ``make demo`` makes the page.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "images" / "report.png"
WIDTH, HEIGHT = 1180, 1740
"""Pixels, from the top of the page: the verdict and the top line."""


def figure(page: Path) -> None:
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        opened = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        opened.goto(page.resolve().as_uri())
        opened.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    figure(Path(sys.argv[1]))
