"""Which examples a member learned from, and which it answers rightly in the end."""

from __future__ import annotations

import copy

import pytest
import torch

from blobs import Blobs
from contracts.test_trainings import RECIPE, given
from undertow.errors import UserError
from undertow.lab.feeds.resident import resident
from undertow.lab.finished import asked_when_finished
from undertow.lab.interventions.sampling import Subset
from undertow.lab.interventions.sampling.subset import subset
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.probes import LearnedFrom
from undertow.lab.probes.learned_from import _answers
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.runner.trainer import train_population
from undertow.lab.trainings.supervised import Supervised
from undertow.records.probes import read_probe

N = 40


@pytest.fixture(scope="module")
def data():
    return resident(Blobs(train=N).load(), dtype=torch.float64)


def asked(data, acting=(), members=1):
    probing, those = Probing((LearnedFrom(),)), given(data, acting, members)
    drive(Supervised(RECIPE), those, probing=probing)
    return those, [kept.probed.per_example["learned-from"] for kept in probing.kept_M]


def test_what_a_subset_left_out_was_not_learned_from(data):
    one, (frame,) = asked(data, (Subset(0.6),))
    expected = subset(one.seeds_M[0]["order"], N, 0.6)
    assert frame["learned_from"].to_numpy()[:, 0].tolist() == expected.int().tolist()


def test_right_is_what_the_trained_network_answers_in_eval_mode_on_clean_images(data):
    one, (frame,) = asked(data, (Subset(0.6),))
    model = copy.deepcopy(one.models[0]).eval()
    with torch.no_grad():
        right = [
            int(model(data.train_x_NCHW[n : n + 1]).argmax()) == int(data.train_y_N[n])
            for n in range(N)
        ]
    assert frame["right"].to_numpy()[:, 0].tolist() == right
    assert 0 < sum(right) < N


def test_a_stack_learns_from_all(data):
    _, frames = asked(data, members=3)
    assert len(frames) == 3
    for frame in frames:
        assert frame["learned_from"].to_numpy().all()


def test_a_logit_that_is_no_number_is_not_right():
    logits = torch.tensor([[0.0, 2.0], [torch.nan, 1.0], [torch.inf, 0.0]])
    assert _answers(logits).tolist() == [1, -1, 0]


def test_it_is_not_asked_of_a_finished_population(tmp_path):
    dense = Population("dense", Blobs(), MLP((4,)), RECIPE, members=1)
    train_population(dense, tmp_path, runner="loop")
    with pytest.raises(UserError) as caught:
        asked_when_finished(dense, tmp_path, LearnedFrom())
    assert str(caught.value) == (
        "LearnedFrom(): needs more than final weights; give it to the population that trains"
    )


def test_members_of_a_population_have_subsets_of_their_own(tmp_path):
    dense = Population("dense", Blobs(), MLP((4,)), RECIPE, 3, probes=(LearnedFrom(),))
    folder = train_population(dense.under(Subset(0.5), name="halves"), tmp_path, runner="loop")
    values = read_probe(folder, "learned-from")
    learned_MN = values.values["learned_from"][:, :, 0]
    assert learned_MN.sum(axis=1).tolist() == [30, 30, 30]
    assert len({row.tobytes() for row in learned_MN}) == 3
    assert (values.entry.mode, values.entry.view, values.entry.epochs) == ("eval", "clean", (2,))
