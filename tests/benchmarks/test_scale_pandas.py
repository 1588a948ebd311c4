"""The pandas audit of the scale benchmark computes what ours computes, so that its seconds are a
fair comparison.

Four members a side make 70 deals: with all of them both sides are exact and must agree.
"""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from undertow.audit import audit
from undertow.audit.result import Audit
from undertow.audit.settings import Settings
from undertow.audit.stats import max_t
from undertow.records import read_population

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
pandas = pytest.importorskip("pandas")
import scale_pandas  # noqa: E402
import scale_world  # noqa: E402

pytestmark = pytest.mark.heavy
SETTINGS = Settings(by=("class",), draws=200)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: Any) -> tuple[Path, Path]:
    return scale_world.make_world(
        scale_world.World(members=4, examples=300, classes=70), tmp_path_factory.mktemp("world")
    )


@pytest.fixture(scope="module")
def ours(folders: tuple[Path, Path]) -> Audit:
    reference, variant = (read_population(folder) for folder in folders)
    with pytest.MonkeyPatch.context() as patched:
        # The variant is noisier, and pandas' audit asks no Student's t beside the rearrangements.
        patched.setattr(max_t, "seen_noisier", lambda *_: False)
        return audit(reference, [variant], SETTINGS)


@pytest.fixture(scope="module")
def theirs(folders: tuple[Path, Path]) -> dict[str, Any]:
    answers, examples = scale_pandas.read_answers(*folders)
    label_N = examples["label"].to_numpy()
    sides = np.zeros((70, 8), dtype=bool)
    for row, chosen in zip(sides, sorted(combinations(range(8), 4), reverse=True), strict=True):
        row[list(chosen)] = True
    assert sides[0].tolist() == [False] * 4 + [True] * 4
    answers["correct"] = (answers["prediction"] == answers["label"]).astype(float)
    findings, observed, p = scale_pandas.disagreements(answers, sides, label_N)
    return {
        "accuracy": scale_pandas.rate_shifts(answers, "correct", "label", sides),
        "label_confidence": scale_pandas.rate_shifts(answers, "p_label", "label", sides),
        "findings": findings,
        "over": scale_pandas.over_indexing(observed["modal_disagreement"], label_N),
        "exemplars": scale_pandas.exemplars(observed, p, answers, examples["example_id"]),
    }


def rows(ours: Audit, measure: str) -> pl.DataFrame:
    return ours.findings.filter((pl.col("measure") == measure) & (pl.col("slice") == "class"))


@pytest.mark.parametrize("measure", ["accuracy", "label_confidence"])
def test_rates_by_class_have_the_same_effects_and_p(
    ours: Audit, theirs: dict[str, Any], measure: str
) -> None:
    for column in ("effect", "p", "p_adjusted"):
        np.testing.assert_allclose(
            rows(ours, measure)[column], theirs[measure][column], atol=1e-6, err_msg=column
        )


@pytest.mark.parametrize("measure", [*scale_pandas.VOTES, *scale_pandas.PAIRS])
def test_disagreements_have_the_same_values_floors_and_p(
    ours: Audit, theirs: dict[str, Any], measure: str
) -> None:
    found = ours.findings.filter(pl.col("measure") == measure)
    same = theirs["findings"][theirs["findings"]["measure"] == measure]
    for mine, other in (
        ("changed", "value"),
        ("floor", "floor"),
        ("floor_high", "floor_high"),
        ("p", "p"),
    ):
        np.testing.assert_allclose(found[mine], same[other], atol=1e-9, err_msg=mine)


def test_exemplars_are_the_same_with_the_same_p(ours: Audit, theirs: dict[str, Any]) -> None:
    mine = ours.exemplars.sort("example_id")
    other = theirs["exemplars"].sort_values("example_id")
    assert mine["example_id"].to_list() == other["example_id"].tolist()
    np.testing.assert_allclose(mine["taxicab"], other["taxicab"], atol=1e-12)
    np.testing.assert_allclose(mine["p"], other["p"], atol=1e-12)


def test_over_indexing_is_the_same(ours: Audit, theirs: dict[str, Any]) -> None:
    ratio = ours.variants[0].over_indexed["ratio"].to_numpy()
    np.testing.assert_allclose(ratio, theirs["over"], atol=1e-12)


def test_the_page_and_its_stages(folders: tuple[Path, Path], tmp_path: Path) -> None:
    stages = scale_pandas.audit_pandas(*folders, tmp_path / "page.html", 3)
    assert list(stages) == ["read", "rates", "votes and pairs", "exemplars", "report"]
    assert (tmp_path / "page.html").stat().st_size > 10_000


@pytest.mark.slow
def test_the_benchmark_runs_end_to_end(tmp_path: Path) -> None:
    sizes = ["--members", "4", "--examples", "500", "--classes", "70", "--draws", "100"]
    command = [sys.executable, scale_world.__file__.replace("scale_world", "scale"), *sizes]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "page.md")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.md").read_text() in done.stdout
    assert "of the 4 classes that were damaged" in done.stdout
