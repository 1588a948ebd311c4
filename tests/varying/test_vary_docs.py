"""The example of docs/vary.md gives what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from test_cli import run

pytest.importorskip("torch")
PAGE = (Path(__file__).parents[2] / "docs/vary.md").read_text("utf-8")


@pytest.mark.heavy
def test_the_example_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    model, data = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (command,) = re.findall(r"```sh\nundertow (.*?)\n```", PAGE)
    headline, rows = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "model.py").write_text(model)
    exec(data, {})
    done = run(*shlex.split(command), "--threads", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(headline)
    assert rows in done.stdout
    assert {"report.html", "vary.json", "reference", "batch-1"} <= {
        path.name for path in (tmp_path / "varied").iterdir()
    }


def test_every_flag_of_the_page_is_one():
    flags = set(re.findall(r"(--[a-z][a-z-]+)", PAGE)) - {"--against"}
    shown = run("vary", "--help").stdout
    assert {flag for flag in flags if flag not in shown} == set()
