import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from undertow.lab.interventions.weights._masks import (
    MaskedWeights,
    keep_largest,
    keep_largest_globally,
    magnitude_mask,
    magnitude_masks,
    zeros_for,
)


def test_halves_of_a_weight_go():
    # torch's own rounding gives 4 of 9 at 0.5: below what was asked for
    assert zeros_for(9, 0.5) == 5
    assert zeros_for(10, 0.7) == 7
    assert zeros_for(10, 0.0) == 0


def test_the_smallest_magnitudes_go_whatever_their_sign():
    weight = torch.tensor([[0.1, -3.0], [2.0, -0.2]])
    assert magnitude_mask(weight, 0.5).tolist() == [[False, True], [True, False]]


def test_equal_weights_still_give_the_exact_count_first_by_position():
    assert magnitude_mask(torch.ones(2, 4), 0.375).tolist() == [
        [False, False, False, True],
        [True] * 4,
    ]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.floats(0, 0.999), st.integers(0, 5))
def test_the_count_is_exact_and_the_kept_are_larger(size, sparsity, distinct):
    score = torch.randint(
        0, distinct + 1, (size,), generator=torch.Generator().manual_seed(size)
    ).float()
    keep = keep_largest(score, sparsity)
    assert int((~keep).sum()) == zeros_for(size, sparsity)
    if keep.any() and not keep.all():
        assert score[keep].min() >= score[~keep].max()


def test_nested_masks_never_give_back_a_weight():
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0])
    first = magnitude_mask(weight, 0.25)
    grown = torch.tensor([9.0, 2.0, 3.0, 4.0])
    assert magnitude_mask(grown, 0.5, held=first).tolist() == [False, False, True, True]
    assert magnitude_mask(grown, 0.5).tolist() == [True, False, False, True]


def test_a_weight_that_is_zero_by_itself_does_not_bring_back_one_that_was_removed():
    weight, first = torch.tensor([0.0, 5.0, 3.0, 1.0]), torch.tensor([True, True, True, False])
    assert magnitude_mask(weight, 0.25, held=first).tolist() == first.tolist()
    for scope in ("layer", "global"):
        (mask,) = magnitude_masks([weight], 0.5, scope, held=[first])
        assert mask.tolist() == [False, True, True, False]


def test_one_global_threshold_takes_more_from_the_layer_with_small_weights():
    small, large = torch.full((4,), 0.1), torch.arange(1.0, 5.0)
    masks = keep_largest_globally([small, large], 0.625)
    assert [mask.tolist() for mask in masks] == [[False] * 4, [False, True, True, True]]


def test_an_overflowing_master_weight_stays_zero():
    layer = nn.Linear(2, 1, bias=False)
    masked = MaskedWeights(layer)
    masked.set([torch.tensor([[True, False]])])
    with torch.no_grad():
        masked.masters["weight"].copy_(torch.tensor([[1.0, torch.inf]]))
    assert layer(torch.ones(1, 2)).item() == 1.0


def test_two_prunings_at_once_are_refused():
    model = nn.Sequential(nn.Linear(2, 2))
    MaskedWeights(model)
    with pytest.raises(ValueError) as caught:
        MaskedWeights(model)
    assert str(caught.value) == (
        "0.parametrizations.weight: this weight is already computed from another one, by an "
        "earlier pruning that has not finished or by a normalisation; prune the plain model, one "
        "pruning at a time"
    )
