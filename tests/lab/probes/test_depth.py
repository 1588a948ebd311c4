"""Prediction depth by hand and against a slow loop."""

import pytest
import torch

from undertow.lab.probes.depth import depth_by_label, prediction_depth


@pytest.mark.parametrize(
    ("probes", "final", "label", "baldock", "corti"),
    [
        ("11111", 1, 1, 0, 1),
        ("21111", 1, 1, 1, 1),
        ("12111", 1, 1, 2, 2),
        ("22211", 1, 3, 3, 5),
        ("22222", 1, 2, 5, 1),
    ],
)
def test_vectors_of_the_notes(probes, final, label, baldock, corti):
    """Five probes, the input's among them."""
    class_PN = torch.tensor([[int(c)] for c in probes])
    assert prediction_depth(class_PN, torch.tensor([final])).tolist() == [baldock]
    assert depth_by_label(class_PN, torch.tensor([label])).tolist() == [corti]


def test_it_is_the_first_layer_from_which_on_all_agree():
    generator = torch.Generator().manual_seed(0)
    class_PN = torch.randint(0, 2, (6, 200), generator=generator)
    final_N = torch.randint(0, 2, (200,), generator=generator)
    found = prediction_depth(class_PN, final_N).tolist()
    for n in range(200):
        agrees = [int(class_PN[p, n]) == int(final_N[n]) for p in range(6)]
        assert found[n] == min(d for d in range(7) if all(agrees[d:]))
    assert set(found) == set(range(7))
