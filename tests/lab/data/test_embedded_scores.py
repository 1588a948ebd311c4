"""The scores of the embedded images: what comes with Undertow, and how it is made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from undertow.audit.dynamics.learned_columns import learned_columns
from undertow.errors import UserError
from undertow.lab.data import Digits, FashionMNIST, TwoTails
from undertow.lab.data.fashion_mnist import make_scores
from undertow.lab.data.score_file import EMBEDDED, scores_of
from undertow.lab.models import MLP
from undertow.lab.runner.trainer import train_population

(NAME,) = EMBEDDED


def test_every_embedded_image_has_a_score_and_other_data_have_none():
    ids = FashionMNIST().load().train.example_id_N
    correct_N, p_N, score_N, count_N = (
        scores_of(NAME, column, ids)
        for column in ("held_out_correctness", "held_out_p", "score", "members_held_out")
    )
    assert len(ids) == 10_000
    assert count_N.min() >= 1
    assert count_N.mean() == pytest.approx(0.3 * make_scores.MEMBERS, rel=0.02)
    assert 0.85 < correct_N.mean() < 0.92
    np.testing.assert_allclose(score_N, correct_N + 1e-3 * p_N, atol=1e-6)
    order_N = np.argsort(score_N, kind="stable")
    assert (np.diff(correct_N[order_N]) > -1e-6).all()
    with pytest.raises(UserError, match=r"^embedded:fashion-mnist: no row for 897 of 897"):
        TwoTails(replace(Digits()), NAME).load()


def test_atypical_images_of_each_class_are_the_least_right_of_those_with_their_own_labels():
    train = TwoTails(FashionMNIST(), NAME).load().train
    score_N = scores_of(NAME, "score", train.example_id_N)
    table = pl.DataFrame({"tail": train.slices["tail"], "score": score_N, "label": train.label_N})
    others = table.filter(pl.col("tail") != "noisy").group_by("label", "tail")
    limits = others.agg(least=pl.min("score"), most=pl.max("score")).sort("label", "tail")
    for label in range(10):
        atypical, typical = limits.filter(pl.col("label") == label).rows(named=True)
        assert atypical["most"] <= typical["least"]


@pytest.mark.heavy
def test_scores_are_made_of_the_members_that_left_an_image_out(tmp_path):
    population = make_scores.population(24, train_per_class=5)
    small = replace(population, model=MLP((4,)), recipe=replace(population.recipe, epochs=10))
    folder = train_population(small, tmp_path, runner="loop")
    try:
        made = make_scores.scores(folder)
    except ValueError as problem:
        pytest.fail(f"24 members do not leave out all of 50: {problem}")
    told = learned_columns(folder)
    assert made["example_id"].equals(told["example_id"])
    assert made["members_held_out"].to_list() == told["members_held_out"].to_list()
    known = told["members_held_out"].to_numpy() >= 3
    np.testing.assert_allclose(
        made["held_out_correctness"].to_numpy()[known],
        told["held_out_correctness"].to_numpy()[known],
        rtol=1e-6,
    )
    assert made["held_out_p"].is_between(0, 1).all()
