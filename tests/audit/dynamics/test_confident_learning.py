"""Out-of-fold probabilities against loops over the files, and confident learning on them against
counts by hand."""

from __future__ import annotations

import builtins
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest

from blobs import Blobs
from undertow.audit.dynamics.confident_learning import (
    FILTERS,
    adjusted_normalized_margin,
    adjusted_self_confidence,
    all_confident,
    confidence_weighted_entropy,
    confident_columns,
    confident_columns_of,
    label_issues,
    normalized_margin,
    self_confidence,
)
from undertow.audit.dynamics.out_of_fold import OutOfFold, out_of_fold
from undertow.errors import UserError, install
from undertow.lab.data import WrongLabels
from undertow.lab.interventions.sampling import Folds
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom, TrainingProbabilities
from undertow.lab.recipe import Recipe
from undertow.lab.runner.trainer import train_population
from undertow.records.probes import read_probe, read_train
from undertow.study.tails.separation import area, average_precision

# Looked for and not loaded: every worker collects this file, and one runs it.
pytestmark = pytest.mark.skipif(find_spec("cleanlab") is None, reason="cleanlab is not installed")
C = 4
RIGHT = np.arange(40) % C


def sure(right_N, sureness=0.97):
    """Probabilities that are sure of the right class."""
    p_NC = np.full((len(right_N), C), (1 - sureness) / (C - 1))
    p_NC[np.arange(len(right_N)), right_N] = sureness
    return p_NC


def made_up(n=400, wrong=0.2, seed=0, skill=2.5):
    """Given labels of which some are wrong, and noisy probabilities of the right ones."""
    rng = np.random.default_rng(seed)
    right_N = rng.integers(0, C, n)
    wrong_N = rng.random(n) < wrong
    given_N = np.where(wrong_N, (right_N + rng.integers(1, C, n)) % C, right_N)
    logits_NC = rng.normal(0, 1, (n, C)) + skill * np.eye(C)[right_N]
    p_NC = np.exp(logits_NC)
    return p_NC / p_NC.sum(axis=1, keepdims=True), given_N, wrong_N


def test_one_flipped_label_is_one_count_beside_the_diagonal():
    """5.1, item 10: by cleanlab's confident joint, by the definition, and by every filter."""
    from cleanlab.count import compute_confident_joint

    given_N = RIGHT.copy()
    given_N[7] = 0  # it is a 3
    p_NC = sure(RIGHT)
    joint = compute_confident_joint(given_N, p_NC, calibrate=False)
    expected = np.diag([10, 10, 10, 9])
    expected[0, 3] = 1
    np.testing.assert_array_equal(joint, expected)
    np.testing.assert_array_equal(joint_by_loops(p_NC, given_N), expected)
    for by in FILTERS:
        assert np.flatnonzero(label_issues(p_NC, given_N, by)).tolist() == [7], by


def joint_by_loops(p_NC, given_N):
    """1911.00068: given i, and j the most probable of the classes whose probability reaches the
    mean of where they are given."""
    count = np.zeros((C, C), int)
    least = [
        np.mean([p[j] for p, g in zip(p_NC, given_N, strict=True) if g == j]) for j in range(C)
    ]
    for p, given in zip(p_NC, given_N, strict=True):
        reached = [j for j in range(C) if p[j] >= least[j] - 1e-6]
        if reached:
            count[given, max(reached, key=lambda j: p[j])] += 1
    return count


def test_confident_learning_takes_what_the_joint_has_beside_its_diagonal():
    p_NC, given_N, _ = made_up()
    joint = joint_by_loops(p_NC, given_N)
    found = label_issues(p_NC, given_N, "confident_learning")
    beside = int(joint.sum() - np.trace(joint))
    assert 0 < found.sum() <= beside
    # cleanlab leaves out those whose own label is the likeliest after all
    assert found.sum() > 0.8 * beside


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_the_formulas(seed):
    p_NC, given_N, _ = made_up(seed=seed)
    rows = np.arange(len(given_N))
    own_N = p_NC[rows, given_N]
    others_NC = p_NC.copy()
    others_NC[rows, given_N] = -np.inf
    margin_N = own_N - others_NC.max(axis=1)
    np.testing.assert_allclose(self_confidence(p_NC, given_N), own_N)
    np.testing.assert_allclose(normalized_margin(p_NC, given_N), (margin_N + 1) / 2)
    weighted_N = -(p_NC * np.log(p_NC)).sum(axis=1) / np.log(C) / own_N
    found = confidence_weighted_entropy(p_NC, given_N)
    np.testing.assert_allclose(found, np.log(weighted_N + 1) / weighted_N)
    np.testing.assert_array_equal(np.argsort(found), np.argsort(-weighted_N))
    least_C = np.array([p_NC[given_N == j, j].mean() for j in range(C)])
    away_NC = p_NC - least_C + least_C.max()
    away_NC /= away_NC.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(adjusted_self_confidence(p_NC, given_N), away_NC[rows, given_N])
    others_NC = away_NC.copy()
    others_NC[rows, given_N] = -np.inf
    margin_N = away_NC[rows, given_N] - others_NC.max(axis=1)
    np.testing.assert_allclose(adjusted_normalized_margin(p_NC, given_N), (margin_N + 1) / 2)


@pytest.mark.parametrize("score", all_confident(), ids=repr)
def test_wrong_labels_are_where_the_card_says_hard_is(score):
    p_NC, given_N, wrong_N = made_up()
    found = score.function(p_NC, given_N)
    least, most = score.card.range
    assert ((found >= least) & (found <= most)).all()
    assert score.card.hard == "low"
    assert area(-found, wrong_N) > 0.85
    # as if an example of which nothing is known were not there
    p_NC[5] = np.nan
    gap = score.function(p_NC, given_N)
    assert np.isnan(gap[5])
    without = score.function(np.delete(p_NC, 5, axis=0), np.delete(given_N, 5))
    np.testing.assert_allclose(np.delete(gap, 5), without)


@pytest.mark.parametrize("score", all_confident(), ids=repr)
def test_the_card_is_complete(score):
    card = score.card
    assert card.name == score.function.__name__
    assert all((card.title, card.high, card.low, card.undefined, card.trace, score.__doc__))
    assert card.paper[:10] == "1911.00068"
    assert card.reads == ("p_NC", "label_N")
    assert card.pooled == card.name.startswith("adjusted")


def test_probabilities_that_tell_nothing_find_nothing():
    """5.1, item 12: AUROC about .5, AUPRC about the base rate."""
    rng = np.random.default_rng(1)
    _, given_N, wrong_N = made_up(20_000)
    p_NC = rng.dirichlet(np.ones(C), len(given_N))
    for score in all_confident():
        found = -score.function(p_NC, given_N)
        assert abs(area(found, wrong_N) - 0.5) < 0.015, score
        assert abs(average_precision(found, wrong_N) - wrong_N.mean()) < 0.015, score


def test_labels_of_one_class_have_no_issues():
    p_NC = sure(RIGHT)
    assert np.isnan(adjusted_self_confidence(p_NC, np.zeros(40, int))).all()
    assert not label_issues(p_NC, np.zeros(40, int)).any()
    assert not label_issues(np.full((3, C), np.nan), np.array([0, 1, -1])).any()


def test_what_has_no_label_or_no_probabilities_is_known_nothing_of():
    p_NC, label_N = sure(RIGHT), RIGHT.astype(np.int32)
    label_N[0], p_NC[1] = -1, np.nan
    held = OutOfFold(
        pl.Series("example_id", [f"e{n}" for n in range(40)]), label_N, p_NC, np.ones(40, int)
    )
    found = confident_columns_of(held)
    for each in all_confident():
        assert np.flatnonzero(np.isnan(found[each.card.name].to_numpy())).tolist() == [0, 1]
    for by in FILTERS:
        assert found[by].to_list() == [None, None, *[False] * 38]


def test_a_filter_that_there_is_not_is_refused():
    with pytest.raises(UserError) as caught:
        label_issues(sure(RIGHT), RIGHT, "argmax")
    assert str(caught.value) == (
        "by='argmax': there is no such filter; choose one of predicted_neq_given, "
        "confident_learning, prune_by_class, prune_by_noise_rate, both"
    )


def test_who_does_not_have_cleanlab_is_told_what_to_type(monkeypatch):
    found = builtins.__import__

    def without(name, *args):
        if name.startswith("cleanlab"):
            raise ImportError(name)
        return found(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError) as caught:
        self_confidence(sure(RIGHT), RIGHT)
    assert str(caught.value) == (
        "scores of confident learning are computed by the package cleanlab, which is not "
        f"installed; run {install('cleaning')}"
    )


@pytest.mark.heavy
def test_cleanlab_is_loaded_only_where_it_is_asked():
    said = subprocess.run(
        [sys.executable, "-c", "import undertow.audit.dynamics.confident_learning, sys; print("
         "{'cleanlab', 'torch', 'sklearn'} & {*sys.modules})"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert said == "set()\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    data = WrongLabels(Blobs(train=90), 0.2)
    probes = (LearnedFrom(), TrainingProbabilities())
    recipe = Recipe(epochs=8, batch=16, lr=0.05)
    dense = Population("dense", data, MLP((16,)), recipe, 6, probes=probes)
    out = tmp_path_factory.mktemp("out")
    train_population(replace(dense, name="all", members=1), out, runner="loop")
    return train_population(dense.under(Folds(3), name="folds"), out, runner="loop")


@pytest.mark.heavy
def test_out_of_fold_is_the_mean_of_those_who_never_learned_from_it(folder):
    held = out_of_fold(folder)
    learned_MN = read_probe(folder, "learned-from").values["learned_from"][:, :, 0]
    values = read_probe(folder, "training-probabilities").values
    assert held.members_N.tolist() == [2] * 90
    for n in range(90):
        told = []
        for m in range(6):
            if not learned_MN[m, n]:
                p = [np.exp(float(values[f"log_p{c}"][m, n, 0])) for c in range(3)]
                told.append([each / sum(p) for each in p])
        np.testing.assert_allclose(held.p_NC[n], np.mean(told, axis=0), rtol=1e-12)
    np.testing.assert_allclose(held.p_NC.sum(axis=1), 1)


@pytest.mark.heavy
def test_a_member_without_probabilities_is_not_counted(folder, monkeypatch):
    values = read_probe(folder, "training-probabilities")
    for value_MNE in values.values.values():
        value_MNE[:3, 0] = np.nan
        value_MNE[:, 1] = np.nan
    found = {"learned-from": read_probe(folder, "learned-from"), values.name: values}
    monkeypatch.setattr(
        "undertow.audit.dynamics.out_of_fold.read_probe", lambda folder, name: found[name]
    )
    held = out_of_fold(folder)
    assert held.members_N[:3].tolist() == [1, 0, 2]
    assert not np.isnan(held.p_NC[0]).any()
    assert np.isnan(held.p_NC[1]).all()


@pytest.mark.heavy
def test_columns_tell_wrong_labels(folder):
    frame = confident_columns(folder)
    train = read_train(folder)
    wrong_N = (train["mislabelled"] == "yes").to_numpy()
    assert frame["example_id"].equals(train["example_id"])
    scores = [score.card.name for score in all_confident()]
    assert frame.columns == ["example_id", *scores, *FILTERS, "members_held_out"]
    for name in scores:
        assert area(-frame[name].to_numpy(), wrong_N) > 0.9
    for by in FILTERS:
        assert frame[by].null_count() == 0
        assert (frame[by].to_numpy() & wrong_N).sum() > 0.7 * wrong_N.sum()


@pytest.mark.heavy
def test_who_learned_from_everything_has_nothing_out_of_fold(folder):
    every = folder.parent / "all"
    with pytest.raises(UserError) as caught:
        out_of_fold(every)
    assert str(caught.value) == (
        f"{every}: every member learned from all training examples, so nothing is out of fold; "
        "train it under Folds() of undertow.lab.interventions.sampling"
    )
