"""Each change to a batch beside a slow one of each picture by itself."""

import colorsys
import math
import re

import pytest
import torch
from torch.nn import functional as F

from undertow.lab.feeds.uniforms import uniforms
from undertow.lab.feeds.views import (
    Blur,
    Flip,
    Greyscale,
    Jitter,
    ResizedCrop,
    grey,
    hue_turned,
    numbers,
    view_of,
)

EXACT = {"rtol": 0, "atol": 1e-12}
ALL = (ResizedCrop(), Flip(), Jitter(), Greyscale(), Blur())


def pictures(count=12, channels=3, height=7, width=5):
    source = torch.Generator().manual_seed(channels)
    shape = (count, channels, height, width)
    return torch.rand(shape, generator=source, dtype=torch.float64)


def drawn(augmentation, count=12, seed=3):
    return uniforms([seed], torch.arange(count), augmentation.numbers)


@pytest.mark.parametrize("what", [ResizedCrop(), ResizedCrop((0.01, 0.05)), ResizedCrop((1, 1))])
def test_a_window_is_what_torch_enlarges_when_it_is_cut_out(what):
    x_BCHW, u_BK = pictures(), drawn(what)
    found = what.changed(x_BCHW, u_BK)
    for x_CHW, u_K, one in zip(x_BCHW, u_BK.tolist(), found, strict=True):
        area = (what.scale[0] + u_K[0] * (what.scale[1] - what.scale[0])) * 7 * 5
        low, high = map(math.log, what.ratio)
        ratio = math.exp(low + u_K[1] * (high - low))
        tall = min(7, max(1, round(math.sqrt(area / ratio))))
        wide = min(5, max(1, round(math.sqrt(area * ratio))))
        top, left = math.floor(u_K[2] * (8 - tall)), math.floor(u_K[3] * (6 - wide))
        cut = x_CHW[None, :, top : top + tall, left : left + wide]
        expected = F.interpolate(cut, (7, 5), mode="bilinear", align_corners=False)[0]
        torch.testing.assert_close(one, expected, **EXACT)


def test_windows_lie_inside_and_reach_every_border():
    u_BK = uniforms([0], torch.arange(3_000), 4)
    top_B, left_B, high_B, wide_B = ResizedCrop().windows(u_BK, 32, 28)
    assert top_B.min() == left_B.min() == 0
    assert (top_B + high_B).max() == 32
    assert (left_B + wide_B).max() == 28
    share_B = high_B * wide_B / (32 * 28)
    assert 0.18 < share_B.min() < 0.22
    assert share_B.max() <= 1


def test_a_window_of_all_is_the_picture():
    whole = ResizedCrop((1, 1), (1, 1))
    x_BCHW = pictures(height=6, width=6)
    torch.testing.assert_close(whole.changed(x_BCHW, drawn(whole)), x_BCHW, **EXACT)


def test_a_share_of_the_pictures_is_mirrored():
    x_BCHW, u_BK = pictures(), drawn(Flip())
    found = Flip().changed(x_BCHW, u_BK)
    for x_CHW, (u,), one in zip(x_BCHW, u_BK.tolist(), found, strict=True):
        columns = [4, 3, 2, 1, 0] if u < 0.5 else [0, 1, 2, 3, 4]
        assert torch.equal(one, x_CHW[:, :, columns])
    assert 0 < (u_BK < 0.5).sum() < 12


def luma(red, green, blue):
    return 0.299 * red + 0.587 * green + 0.114 * blue


def cut(value):
    return min(1.0, max(0.0, value))


def jittered(x_CHW, u_K, what):
    """One picture, pixel by pixel."""
    C, H, W = x_CHW.shape
    bright, contrast, saturation = (
        max(0.0, 1 - span) + u * (1 + span - max(0.0, 1 - span))
        for span, u in zip((what.brightness, what.contrast, what.saturation), u_K[1:4], strict=True)
    )
    turn = (2 * u_K[4] - 1) * what.hue
    places = [(y, x) for y in range(H) for x in range(W)]
    pixel = {p: [cut(bright * v) for v in x_CHW[:, p[0], p[1]].tolist()] for p in places}
    light = {p: luma(*v) if C == 3 else sum(v) / C for p, v in pixel.items()}
    mean = sum(light.values()) / len(places)
    pixel = {p: [cut(contrast * v + (1 - contrast) * mean) for v in pixel[p]] for p in places}
    if C == 3:
        for p in places:
            own = luma(*pixel[p])
            coloured = [cut(saturation * v + (1 - saturation) * own) for v in pixel[p]]
            hue, strong, value = colorsys.rgb_to_hsv(*coloured)
            pixel[p] = colorsys.hsv_to_rgb((hue + turn) % 1, strong, value)
    made = torch.empty_like(x_CHW)
    for (y, x), values in pixel.items():
        made[:, y, x] = torch.tensor(values, dtype=made.dtype)
    return made


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("what", [Jitter(), Jitter(1.5, 0.8, 1.2, 0.5, share=1.0)], ids=repr)
def test_jitter_is_what_is_done_to_each_pixel(what, channels):
    x_BCHW, u_BK = pictures(channels=channels), drawn(what)
    found = what.changed(x_BCHW, u_BK)
    for x_CHW, u_K, one in zip(x_BCHW, u_BK.tolist(), found, strict=True):
        expected = jittered(x_CHW, u_K, what) if u_K[0] < what.share else x_CHW
        torch.testing.assert_close(one, expected, **EXACT)


def test_jitter_without_strength_changes_nothing():
    still = Jitter(0, 0, 0, 0, share=1.0)
    x_BCHW = pictures()
    torch.testing.assert_close(still.changed(x_BCHW, drawn(still)), x_BCHW, **EXACT)


def test_a_hue_turned_all_around_is_itself_and_grey_has_none():
    x_BCHW = pictures()
    whole_B, third_B = (torch.full((12,), turn, dtype=torch.float64) for turn in (1.0, 1 / 3))
    torch.testing.assert_close(hue_turned(x_BCHW, whole_B), x_BCHW, **EXACT)
    red_green_blue = hue_turned(x_BCHW, third_B)  # a third of a turn: channels change places
    torch.testing.assert_close(red_green_blue, x_BCHW[:, [2, 0, 1]], **EXACT)
    flat_BCHW = grey(x_BCHW).expand(-1, 3, -1, -1)
    torch.testing.assert_close(hue_turned(flat_BCHW, third_B), flat_BCHW, **EXACT)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_share_of_the_pictures_is_grey(channels):
    half = Greyscale(0.5)
    x_BCHW, u_BK = pictures(channels=channels), drawn(half)
    found = half.changed(x_BCHW, u_BK)
    for x_CHW, (u,), one in zip(x_BCHW, u_BK.tolist(), found, strict=True):
        light = luma(*x_CHW) if channels == 3 else sum(x_CHW) / channels
        expected = torch.stack([light] * channels) if u < 0.5 else x_CHW
        torch.testing.assert_close(one, expected, **EXACT)
    if channels == 1:
        torch.testing.assert_close(found, x_BCHW, **EXACT)


def test_a_blur_is_a_weighted_mean_of_all_pixels():
    half = Blur(share=0.5)
    x_BCHW, u_BK = pictures(4, 2, 4, 5), drawn(half, 4)
    found = half.changed(x_BCHW, u_BK)
    for b, (u, drawn_sigma) in enumerate(u_BK.tolist()):
        sigma = 0.1 + drawn_sigma * 1.9
        for y in range(4):
            for x in range(5):
                weight = {
                    (i, j): math.exp(-((y - i) ** 2 + (x - j) ** 2) / (2 * sigma**2))
                    for i in range(4)
                    for j in range(5)
                }
                total = sum(w * x_BCHW[b, :, i, j] for (i, j), w in weight.items())
                mean = total / sum(weight.values())
                expected = mean if u < 0.5 else x_BCHW[b, :, y, x]
                torch.testing.assert_close(found[b, :, y, x], expected, **EXACT)
    assert 0 < (u_BK[:, 0] < 0.5).sum() < 4


def test_a_blur_leaves_a_flat_picture_flat():
    flat_BCHW = torch.full((3, 1, 4, 4), 0.7, dtype=torch.float64)
    torch.testing.assert_close(
        Blur(share=1).changed(flat_BCHW, drawn(Blur(), 3)), flat_BCHW, **EXACT
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("what", ALL, ids=lambda what: type(what).__name__)
def test_each_picture_is_changed_by_its_own_numbers_alone(what, channels):
    x_BCHW, u_BK = pictures(channels=channels), drawn(what)
    whole = what.changed(x_BCHW, u_BK)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))[:5]
    torch.testing.assert_close(what.changed(x_BCHW[order], u_BK[order]), whole[order], **EXACT)
    assert whole.min() >= 0
    assert whole.max() <= 1 + 1e-12
    assert not torch.equal(whole, what.changed(x_BCHW, drawn(what, seed=4))) or channels == 1


def test_a_view_is_of_the_pictures_before_they_were_normalised():
    mean, std = torch.tensor([0.5, 0.4, 0.3]).double(), torch.tensor([0.2, 0.25, 0.3]).double()
    p_BCHW, u_BK = pictures(), uniforms([1], torch.arange(12), numbers(ALL))
    x_BCHW = (p_BCHW - mean[:, None, None]) / std[:, None, None]
    found = view_of(x_BCHW, u_BK, ALL, -mean / std, (1 - mean) / std)
    first = 0
    for what in ALL:
        p_BCHW = what.changed(p_BCHW, u_BK[:, first : first + what.numbers])
        first += what.numbers
    expected = (p_BCHW - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert first == numbers(ALL) == 13
    assert view_of(x_BCHW, u_BK, (), -mean / std, (1 - mean) / std) is x_BCHW


def test_a_view_of_one_channel_has_the_strides_of_channels_last():
    one_C = torch.ones(1, dtype=torch.float64)
    found = view_of(pictures(channels=1), drawn(ALL[0]), ALL[:1], 0 * one_C, one_C)
    assert found.stride() == (35, 1, 5, 1)


@pytest.mark.parametrize("what", ALL, ids=lambda what: type(what).__name__)
def test_its_description_round_trips(what):
    assert eval(repr(what)) == what


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: ResizedCrop((0.2, 1.5)),
            "ResizedCrop(scale=(0.2, 1.5), ratio=(0.75, 1.3333333333333333)): scale is two numbers "
            "above 0, of at most 1, the smaller one first",
        ),
        (
            lambda: ResizedCrop(ratio=(2.0, 1.0)),
            "ResizedCrop(scale=(0.2, 1.0), ratio=(2.0, 1.0)): ratio is two numbers above 0, the "
            "smaller one first",
        ),
        (lambda: Flip(1.5), "Flip(share=1.5): share is from 0 to 1"),
        (
            lambda: Jitter(hue=0.6),
            "Jitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.6, share=0.8): numbers are "
            "0 or more, and hue is at most 0.5",
        ),
        (lambda: Greyscale(-1), "Greyscale(share=-1): share is from 0 to 1"),
        (
            lambda: Blur((0.0, 2.0)),
            "Blur(sigma=(0.0, 2.0), share=0.5): sigma is two numbers above 0, the smaller one "
            "first",
        ),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(ValueError, match="^" + re.escape(said) + "$"):
        made()
