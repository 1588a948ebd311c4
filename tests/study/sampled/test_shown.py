"""Tables and figures over tiny populations that were trained, with one arm that was not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blobs import Blobs
from undertow.lab.data import WrongLabels
from undertow.lab.interventions.sampling import SelectiveBackprop
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import Choices, Trace
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_train
from undertow.study import Results
from undertow.study.sampled import Sampled, shown
from undertow.study.sampled.chosen import base_rate, share_of
from undertow.study.trained import Trained, percent

pytestmark = pytest.mark.heavy

COLUMNS = ("clean", "labels 50 %")


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Sampled:
    recipe = Recipe(epochs=3, batch=8, lr=0.1)
    probes = (Trace(clean=True, part="test"), Choices())
    clean = Population("all, clean", Blobs(), MLP((6,)), recipe, 3, probes=probes)
    noisy = replace(clean, name="all, labels 50 %", data=WrongLabels(Blobs(), 0.5))
    some = noisy.under(SelectiveBackprop(beta=2), name="some, labels 50 %")
    out = tmp_path_factory.mktemp("shown")
    folders = {p.name: train_population(p, out, runner="loop") for p in (clean, noisy, some)}
    results = Results(None, {name: Trained(folder) for name, folder in folders.items()})  # type: ignore[arg-type]
    return Sampled(results, COLUMNS, "all")


def test_ours_stand_above_the_papers(sampled: Sampled) -> None:
    published = {"some": ((3, 4.39), (None, 33.73))}
    table = shown.as_printed(sampled, ("all", "some"), published)
    assert list(table.head) == ["arm", "", *COLUMNS]
    everything, ours, theirs = table.rows
    error = percent(sampled.error("all", "clean"))
    assert everything[:3] == ["all", "ours", f"1× ({error})"]
    assert ours[:3] == ["some", "ours", "not run"]
    assert ours[3].endswith(f"({percent(sampled.error('some', 'labels 50 %'))})")
    assert theirs == ["", "paper", "3.0× (4.39)", "– (33.73)"]


def test_only_what_was_run_has_a_speed_up_and_a_ratio(sampled: Sampled) -> None:
    (row,) = shown.speed_ups(sampled, ("all", "some")).rows
    assert row[:2] == ["labels 50 %", "some"]
    assert row[2].endswith(" of 3")
    own, base = (
        sampled.of(arm, "labels 50 %").series("backprops").sum(axis=1).mean()
        for arm in ("some", "all")
    )
    assert row[-2] == f"{own / base:.2f}"
    (ratio,) = shown.ratios(sampled, ("some",), ("some", "all")).rows
    expected = str(sampled.ratio("some", "all", "labels 50 %"))
    assert ratio == ["some", "all", "–", expected]


def test_what_was_chosen_is_beside_what_there_is(sampled: Sampled) -> None:
    (row,) = shown.chosen(sampled, {"some": 2.0}).rows
    base = (read_train(sampled.of("all", "labels 50 %").folder)["mislabelled"] == "yes").mean()
    assert row[:3] == ["labels 50 %", "some", f"{100 * base:.1f}"]
    assert row[-1] == f"{100 * (1 - (1 - base) ** 3):.1f}"
    last_M = share_of(sampled.of("some", "labels 50 %"))[:, -1]
    assert row[-2] == percent(last_M)
    assert base_rate(sampled, "some", "labels 50 %") == pytest.approx(base)


def test_lines_keep_the_colour_of_their_arm(sampled: Sampled) -> None:
    arms = {"all": None, "some": 2.0, "not there": None}
    (chosen,) = shown.chosen_panels(sampled, arms, ("labels 50 %", "labels 25 %"))
    assert [(line.label, line.pair) for line in chosen.lines] == [
        ("all", 0),
        ("some", 1),
        ("some if sorted", 1),
    ]
    assert list(chosen.lines[0].x) == [1, 2, 3]
    clean, noisy = shown.error_panels(sampled, tuple(arms), COLUMNS)
    assert [line.label for line in clean.lines] == ["all"]
    everything, some = noisy.lines
    assert everything.x == pytest.approx([1, 2, 3])
    assert some.x[-1] < 3
    final = 100 * sampled.error("some", "labels 50 %").mean()
    assert some.y[-1] == pytest.approx(final)
    assert np.min(some.low) >= 0


def test_accuracy_on_a_slice_is_of_its_examples(sampled: Sampled) -> None:
    answers = sampled.of("all", "clean").answers
    column = answers.examples["label"]
    found = sampled.on("all", "clean", "label", column[0])
    inside_N = (column == column[0]).to_numpy()
    assert 0 < inside_N.sum() < len(inside_N)
    np.testing.assert_allclose(found, answers.correct_MN[:, inside_N].mean(axis=1))
