"""The table of detectors: what a row says of suspicions and of sets whose worth is known."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import label_detectors
import label_errors
import label_worlds
from label_detectors import Detector, Flags
from label_worlds import Size

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


def test_who_is_not_judged_is_in_no_area():
    suspicion_N = np.where(WRONG, 2.0, 1.0)
    suspicion_N[:100] = np.where(WRONG[:100], 0.0, 3.0)
    assert row([suspicion_N]).split(" | ")[1].startswith(".250")
    cells = row([suspicion_N], judges=lambda out: np.arange(200) >= 100).split(" | ")
    assert cells[1].startswith("1.000")


def test_second_splits_come_in_the_order_of_all_examples(monkeypatch):
    ids = pl.Series(["a", "b", "c", "d"])
    columns = pl.DataFrame({"example_id": ["a", "c", "b", "d"], "joint_rank": [0.1, 0.3, 0.2, 0.4]})
    asked = []
    monkeypatch.setattr(label_detectors, "read", lambda *_: SimpleNamespace(example_id_N=ids))
    monkeypatch.setattr(
        label_detectors, "second_split_columns", lambda each: asked.extend(each) or columns
    )
    found_RN = label_detectors.by_second_split("joint_rank").runs(NOWHERE)
    np.testing.assert_array_equal(found_RN, [[-0.1, -0.2, -0.3, -0.4]])
    assert asked == [
        (NOWHERE / "even", NOWHERE / "even-then-odd"),
        (NOWHERE / "odd", NOWHERE / "odd-then-even"),
    ]


def test_what_is_planted_is_no_suspect(monkeypatch):
    """References have no likeliest kind, validation examples have one."""
    columns = pl.DataFrame({"likeliest": ["wrong label", None, "typical", "wrong label"]})
    monkeypatch.setattr(label_detectors, "kinds", lambda out: SimpleNamespace(columns=columns))
    monkeypatch.setattr(label_detectors, "not_planted", lambda out: np.array([1, 0, 1, 0]) > 0)
    assert label_detectors.likeliest_flags(NOWHERE).tolist() == [True, False, False, False]


def test_who_is_judged_beside_planted_examples_is_said():
    assert label_errors.beside(WRONG[:150], 200) == (
        "\nBeside 50 planted examples 150 are judged, 20.0 % with a wrong label."
    )


def test_a_world_without_scores_plants_nothing():
    size = Size(30, 2, 2, 1, label_errors.SmallCNN(4))
    names = {
        world.name: [each.name for each in label_worlds.populations(world, size)]
        for world in label_worlds.WORLDS
    }
    trained = ["noisy", "folds", "first", "second", "even", "odd", "even-then-odd", "odd-then-even"]
    assert names["cifar10n-worst"] == trained
    assert names["fashion-20"] == [*trained, "planted"]


def test_a_half_takes_as_many_steps_as_all():
    size = Size(30, 2, 2, 1, label_errors.SmallCNN(4))
    noisy, *_, onward, _ = label_worlds.populations(label_worlds.WORLDS[0], size)
    (further,) = onward.interventions
    assert (noisy.recipe.batch, onward.recipe.batch, further.recipe.batch) == (128, 64, 64)
    assert further.recipe.epochs == noisy.recipe.epochs


@pytest.mark.heavy
def test_every_detector_has_a_row_of_trained_members(tmp_path):
    pytest.importorskip("cleanlab")
    world, size = label_worlds.WORLDS[0], Size(30, 2, 2, 1, label_errors.SmallCNN(4))
    folder = label_errors.trained(world, size, tmp_path, "loop")
    lines = list(label_errors.page(world, size, folder, draws=10))
    for each in (*label_detectors.DETECTORS, *label_detectors.FLAGS):
        assert any(line.startswith(f"| {each.name} |") for line in lines)
