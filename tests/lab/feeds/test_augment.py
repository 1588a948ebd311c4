import numpy as np
import torch

from undertow.lab.feeds.augment import Draws, augmented, crop, flip
from undertow.lab.recipe import Recipe

CPU = torch.device("cpu")


def images(count=6, channels=2, size=5):
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(0))


def test_crop_cuts_the_window_out_of_the_image_padded_with_black():
    x_BCHW, black_C = images(), torch.tensor([-1.0, -2.0])
    top_B, left_B = torch.tensor([0, 1, 2, 3, 4, 2]), torch.tensor([4, 3, 2, 1, 0, 0])
    got = crop(x_BCHW, top_B, left_B, 2, black_C)
    for example in range(6):
        for channel in range(2):
            padded = np.pad(
                x_BCHW[example, channel].numpy(), 2, constant_values=black_C[channel].item()
            )
            top, left = int(top_B[example]), int(left_B[example])
            assert np.array_equal(
                got[example, channel].numpy(), padded[top : top + 5, left : left + 5]
            )


def test_flip_mirrors_only_where_told():
    x_BCHW = images(2)
    got = flip(x_BCHW, torch.tensor([True, False]))
    assert torch.equal(got[0], x_BCHW[0].flip(2))
    assert torch.equal(got[1], x_BCHW[1])


def test_an_example_gets_the_same_pixels_in_any_batch():
    x_NCHW, black_C = images(), torch.zeros(2)
    recipe = Recipe(epochs=1, flip=True, crop=2)
    draws = Draws.of_epoch(3, 1, 6, recipe.crop, CPU)
    whole = augmented(x_NCHW, torch.arange(6), draws, recipe, black_C)
    index_B = torch.tensor([4, 1])
    assert torch.equal(augmented(x_NCHW[index_B], index_B, draws, recipe, black_C), whole[index_B])


def test_draws_change_with_seed_and_epoch_and_cover_their_range():
    def offsets(seed, epoch):
        return Draws.of_epoch(seed, epoch, 1000, 2, CPU).top_N

    assert torch.equal(offsets(0, 0), offsets(0, 0))
    assert not torch.equal(offsets(0, 0), offsets(0, 1))
    assert not torch.equal(offsets(0, 0), offsets(1, 0))
    assert set(offsets(0, 0).tolist()) == {0, 1, 2, 3, 4}
    assert 0.4 < Draws.of_epoch(0, 0, 1000, 2, CPU).mirrored_N.float().mean() < 0.6


def test_a_recipe_without_augmentation_leaves_pixels_alone():
    x_NCHW = images()
    draws = Draws.of_epoch(0, 0, 6, 0, CPU)
    assert augmented(x_NCHW, torch.arange(6), draws, Recipe(epochs=1), torch.zeros(2)) is x_NCHW
