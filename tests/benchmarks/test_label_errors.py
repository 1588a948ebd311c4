"""The table of detectors: what a row says of suspicions and of sets whose worth is known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import label_detectors
import label_errors
from label_detectors import Detector, Flags, Size

WRONG = np.arange(200) % 5 == 0
NOWHERE = Path("nowhere")


def row(runs_RN, **more):
    detector = Detector("it", lambda out: np.asarray(runs_RN, dtype=float), **more)
    return label_errors.scored(detector, NOWHERE, WRONG, draws=50)


def test_who_knows_everything_has_areas_of_one():
    assert row([WRONG, WRONG]) == (
        "| it | 1.000 (1.000–1.000) | 1.000 (1.000–1.000) | 1.000 ± .000 | 1.000 ± .000 | 0 |"
    )


def test_a_suspicion_that_tells_nothing_has_a_half_and_the_base_rate():
    """5.1, item 12."""
    cells = row(np.zeros((1, 200))).split(" | ")
    assert cells[1].startswith(".500 (.500–.500)")
    assert cells[2].startswith(".200 (")
    assert cells[3:5] == ["–", "–"]


def test_what_is_not_known_is_the_least_suspect_and_counted():
    suspicion = np.where(WRONG, 2.0, 1.0)
    suspicion[:2] = np.nan  # a wrong one and a right one
    cells = row([suspicion]).split(" | ")
    assert cells[-1] == "2 |"
    assert cells[1].startswith(".97")


def test_runs_together_may_be_judged_by_more_than_their_mean():
    cells = row([WRONG, ~WRONG], pooled=lambda out: WRONG.astype(float)).split(" | ")
    assert cells[1].startswith("1.000")
    assert cells[3] == ".500 ± .707"


def test_a_set_is_judged_by_its_hits():
    found_N = WRONG & (np.arange(200) < 100) | (np.arange(200) == 1)
    flags = Flags("they", lambda out: found_N)
    assert label_errors.flagged(flags, NOWHERE, WRONG) == "| they | .952 | .500 | .656 | 21 |"


@pytest.mark.heavy
def test_every_detector_has_a_row_of_trained_members(tmp_path):
    pytest.importorskip("cleanlab")
    world, size = label_detectors.WORLDS[0], Size(30, 2, 2, 1, label_errors.SmallCNN(4))
    folder = label_errors.trained(world, size, tmp_path, "loop")
    lines = list(label_errors.page(world, size, folder, draws=10))
    for each in (*label_detectors.DETECTORS, *label_detectors.FLAGS):
        assert any(line.startswith(f"| {each.name} |") for line in lines)
