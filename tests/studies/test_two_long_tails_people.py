"""The study of two long tails where people were wrong, on a few images made in the published
layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cifar_folder import written
from undertow.errors import UserError
from undertow.lab.data import CIFAR10
from undertow.lab.runner.places.processes import warm_up
from undertow.listing import study_files
from undertow.run import load_study, run_study_named
from undertow.study import Study


def test_without_the_files_one_sentence_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNDERTOW_CIFAR10", raising=False)
    with pytest.raises(UserError) as caught:
        run_study_named("two_long_tails_people", "smoke", tmp_path / "out")
    assert str(caught.value) == (
        "CIFAR10N(data=CIFAR10(data_dir=None, tail=None, train_per_class=20, test_per_class=None, "
        "people=False), labels='random1', path=None): nothing says where the labels of CIFAR-10N "
        "are. Set the environment variable UNDERTOW_CIFAR10 to a folder that holds "
        "cifar10n.parquet, CIFAR-10_human.npz or CIFAR-10_human.csv, or give path=…"
    )


def labelled(folder: Path) -> None:
    """Every fifth label is that of the next class."""
    clean_N = CIFAR10(str(folder)).load().train.label_N
    row_N = np.arange(len(clean_N))
    given_N = np.where(row_N % 5 == 0, (clean_N + 1) % 10, clean_N)
    columns = {"index": row_N, "clean": clean_N, "random1": given_N}
    pl.DataFrame(columns).write_parquet(folder / "cifar10n.parquet")


@pytest.mark.heavy
def test_it_runs_at_smoke_where_the_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm_up()  # The server that workers are forked from knows nothing of the folder.
    (tmp_path / "cifar").mkdir()
    written(tmp_path / "cifar")
    labelled(tmp_path / "cifar")
    monkeypatch.setenv("UNDERTOW_CIFAR10", str(tmp_path / "cifar"))
    run_study_named("two_long_tails_people", "smoke", tmp_path / "out")
    page = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    study: Study = load_study(study_files()["two_long_tails_people"]).study("smoke")
    assert all(f"| {claim.text} | {claim.source} | **" in page for claim in study.claims)
    shown = page.split("## How the tails are learned")[1].split("## Arms")[0]
    for arm in ("none", "none again", "targeted 20 %", "random 20 %", "off after warm-up"):
        assert sum(line.startswith(f"| {arm} | clean |") for line in shown.splitlines()) == 2
    assert "nan" not in shown
    assert "| parts |" not in page
    assert (tmp_path / "out" / "two_long_tails_people.svg").is_file()
    assert str(tmp_path) not in page
