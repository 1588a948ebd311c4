"""The study of human disagreement, on a few images made in the published layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from cifar_folder import written
from undertow.errors import UserError
from undertow.listing import study_files
from undertow.run import load_study, run_study_named
from undertow.study import Study


def test_without_the_files_one_sentence_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERTOW_CIFAR10", raising=False)
    with pytest.raises(UserError) as caught:
        run_study_named("human_disagreement", "smoke", tmp_path / "out")
    assert str(caught.value) == (
        "CIFAR10(data_dir=None, tail=None, train_per_class=20, test_per_class=None, people=True): "
        "nothing says where CIFAR-10 is. Set the environment variable UNDERTOW_CIFAR10 to the "
        "folder that holds the six batch files of CIFAR-10, or cifar10.parquet, and beside them "
        "cifar10h-counts.npy of CIFAR-10H (github.com/jcpeterson/cifar-10h)."
    )


@pytest.mark.heavy
def test_it_runs_at_smoke_where_the_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cifar").mkdir()
    written(tmp_path / "cifar")
    monkeypatch.setenv("UNDERTOW_CIFAR10", str(tmp_path / "cifar"))
    run_study_named("human_disagreement", "smoke", tmp_path / "out")
    page = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    study: Study = load_study(study_files()["human_disagreement"]).study("smoke")
    assert all(f"| {claim.text} | {claim.source} | **" in page for claim in study.claims)
    # six scores of each arm, four of the reference and its two kinds of uncertainty
    for arm, scores in (("dense again", 6), ("pruned 90 %", 6), ("dense", 6)):
        scored = page.split("## Scores beside human entropy")[1].split("## Arms")[0]
        assert sum(line.startswith(f"| {arm} |") for line in scored.splitlines()) == scores
    assert "nan" not in scored
    assert "Of 40 test images." in page
    assert (tmp_path / "out" / "human_disagreement.svg").is_file()
    assert str(tmp_path) not in page
