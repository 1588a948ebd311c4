"""The policy that all tables here are put to."""

from __future__ import annotations

from pathlib import Path

import pytest

from undertow.audit.gate.policy import Policy, read_policy


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Policy:
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text("[[max_drop]]\npoints = 1.0\n")
    return read_policy(Path("gate.toml"))
