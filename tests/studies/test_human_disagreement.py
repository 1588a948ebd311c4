"""The study of human disagreement, on a few images made in the published layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from cifar_folder import written
from undertow.run import run_study_named


@pytest.mark.heavy
def test_it_runs_at_smoke_where_the_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cifar").mkdir()
    written(tmp_path / "cifar")
    monkeypatch.setenv("UNDERTOW_CIFAR10", str(tmp_path / "cifar"))
    run_study_named("human_disagreement", "smoke", tmp_path / "out")
    page = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "Smoke run" in page
    print(page)
