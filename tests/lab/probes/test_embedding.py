"""What enters the head, of the part that was asked about."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from blobs import Blobs
from undertow.lab.feeds.resident import resident
from undertow.lab.models import MLP
from undertow.lab.probes import Embedding
from undertow.lab.recipe import Recipe
from undertow.lab.runner.drive import drive
from undertow.lab.runner.probing import Probing
from undertow.lab.seeds import SeedPlan
from undertow.lab.trainings.supervised import Supervised
from undertow.lab.trainings.training import Given


@pytest.mark.parametrize("part", ["train", "test"])
def test_it_is_what_the_layers_before_the_head_make_of_the_images(part):
    data = resident(Blobs(train=30, test=30).load())  # as many of both
    model = MLP((12, 8)).build(data.shape_CHW, data.classes)
    probe, probing = Embedding(part), Probing((Embedding(part),))
    given = Given(data, [model], [SeedPlan().member("dense", 0)])
    drive(Supervised(Recipe(epochs=1, batch=16, lr=0.05)), given, probing=probing)
    found = probing.kept_M[0].probed.per_example[probe.name]
    images = (
        data.train_batch(torch.arange(30)) if part == "train" else next(iter(data.test_batches(30)))
    )
    with torch.no_grad():
        expected_NF = model.eval()[:-1](images).numpy()
    assert found.columns == [f"f{f}" for f in range(8)]
    found_NF = np.stack([found[column].to_numpy()[:, 0] for column in found.columns], axis=1)
    np.testing.assert_allclose(found_NF, expected_NF, rtol=1e-5, atol=1e-6)
