"""A real Chromium, the system's own, with nothing kept between tests."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import gates
from undertow.report import write_report

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STRICT = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"
"""The policy under which CI servers show attached pages."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The page of one of ``audits`` or ``gates``, by name, on disk."""

    @functools.cache
    def written(name: str) -> Path:
        audit, gate = gates.made(name)
        return write_report(audit, tmp_path_factory.mktemp(name), gate)

    return written


class _Strict(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", STRICT)
        super().end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def strict_url(report: Callable[[str], Path]) -> Iterator[Callable[[str], str]]:
    """The address of a page served under the strict policy."""
    servers = []

    def served(name: str) -> str:
        page = report(name)
        handler = functools.partial(_Strict, directory=str(page.parent))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/{page.name}"

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()
