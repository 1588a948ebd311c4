"""Corrupted test images: what is drawn, how severe it is, and what each formula says."""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from scipy.ndimage import convolve

from blobs import Blobs
from undertow.errors import UserError
from undertow.lab.data import CORRUPTIONS, Corrupted, FashionMNIST, TestedOn
from undertow.lab.data.corrupted import corrupted, generators
from undertow.lab.data.corruptions.blur import defocus_blur, disc, gaussian_blur, motion_blur
from undertow.lab.data.corruptions.fog import clouds, fog
from undertow.lab.data.corruptions.pixel_noise import (
    gaussian_noise,
    impulse_noise,
    shot_noise,
    speckle_noise,
)
from undertow.lab.data.corruptions.resampled import jpeg_compression, pixelate
from undertow.lab.data.corruptions.tone import brightness, contrast

GREY = FashionMNIST(test_per_class=12).load().test
IDS = GREY.example_id_N
COLOUR_NCHW = np.random.default_rng(0).integers(0, 256, (6, 3, 20, 24), dtype=np.uint8)


def rngs(count):
    return [np.random.default_rng(seed) for seed in range(count)]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_image_is_corrupted_by_its_id_alone_and_never_by_order(name):
    whole = corrupted(GREY.x_NCHW, IDS, name, 3)
    order = np.random.default_rng(1).permutation(len(IDS))[:40]
    some = corrupted(GREY.x_NCHW[order], [IDS[n] for n in order], name, 3)
    assert (some == whole[order]).all()
    assert (whole != GREY.x_NCHW).any()
    other = corrupted(GREY.x_NCHW, [f"other/{n}" for n in IDS], name, 3)
    reseeded = corrupted(GREY.x_NCHW, IDS, name, 3, seed=1)
    drawn = CORRUPTIONS[name].draws
    assert ((other != whole).any(), (reseeded != whole).any()) == (drawn, drawn)


@pytest.mark.heavy
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_higher_severity_is_further_from_the_clean_image(name):
    distance = [
        np.sqrt(((corrupted(GREY.x_NCHW, IDS, name, s) - GREY.x_NCHW.astype(float)) ** 2).mean())
        for s in (1, 2, 3, 4, 5)
    ]
    # of motion blur the third and fourth constants differ in what is cut off alone
    slack = 1.03 if name == "motion_blur" else 1.0
    assert all(far * slack > near > 0 for near, far in pairwise(distance))
    assert distance[-1] > 1.5 * distance[0]


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("severity", [1, 5])
def test_colour_images_keep_their_shape_and_stay_colour(name, severity):
    ids = [str(n) for n in range(6)]
    found = corrupted(COLOUR_NCHW, ids, name, severity)
    assert (found.shape, found.dtype) == (COLOUR_NCHW.shape, np.uint8)
    assert (found[:, 0] != found[:, 1]).mean() > 0.5


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_black_and_white_do_not_wrap_around(name):
    for value in (0, 255):
        plain = np.full((4, 1, 28, 28), value, dtype=np.uint8)
        found = corrupted(plain, list("abcd"), name, 5).astype(int)
        # salt, brightness and noise move some values; none lands at the far end by overflow
        assert np.median(np.abs(found - value)) <= 160
        if name in ("gaussian_blur", "defocus_blur", "motion_blur", "contrast", "pixelate"):
            assert (found == value).all()


def test_the_constants_are_those_of_the_published_code():
    assert {name: list(family.constants) for name, family in CORRUPTIONS.items()} == {
        "gaussian_noise": [0.04, 0.06, 0.08, 0.09, 0.10],
        "shot_noise": [500, 250, 100, 75, 50],
        "impulse_noise": [0.01, 0.02, 0.03, 0.05, 0.07],
        "speckle_noise": [0.06, 0.10, 0.12, 0.16, 0.20],
        "gaussian_blur": [0.4, 0.6, 0.7, 0.8, 1.0],
        "defocus_blur": [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1.0, 0.2), (1.5, 0.1)],
        "motion_blur": [(6, 1.0), (6, 1.5), (6, 2.0), (8, 2.0), (9, 2.5)],
        "fog": [(0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)],
        "brightness": [0.05, 0.10, 0.15, 0.20, 0.30],
        "contrast": [0.75, 0.50, 0.40, 0.30, 0.15],
        "pixelate": [0.95, 0.90, 0.85, 0.75, 0.65],
        "jpeg_compression": [80, 65, 58, 50, 40],
    }


def test_values_are_rounded_to_the_nearest():
    values = np.arange(240, dtype=np.uint8).reshape(1, 1, 15, 16)
    assert (corrupted(values, ["a"], "brightness", 1) == values + 13).all()  # 12.75 of 255


def test_noise_has_the_mean_and_variance_of_its_formula():
    x_NCHW, count = np.full((200, 1, 28, 28), 0.5), 200 * 28 * 28
    for change, constant, variance in (
        (gaussian_noise, 0.1, 0.1**2),
        (speckle_noise, 0.2, 0.2**2 * 0.5**2),
        (shot_noise, 50, 0.5 / 50),
    ):
        found = change(x_NCHW, constant, rngs(200))
        assert abs(found.mean() - 0.5) < 4 * math.sqrt(variance / count)
        assert abs(found.var() / variance - 1) < 4 * math.sqrt(2.1 / count)
    salted = impulse_noise(x_NCHW, 0.07, rngs(200))
    for value in (0.0, 1.0):
        assert abs((salted == value).mean() - 0.035) < 4 * math.sqrt(0.035 / count)
    assert set(np.unique(salted)) == {0.0, 0.5, 1.0}


def test_brightness_and_contrast_are_closed_forms():
    grey_NCHW = np.random.default_rng(0).random((3, 1, 5, 6))
    assert brightness(grey_NCHW, 0.3) == pytest.approx(np.minimum(grey_NCHW + 0.3, 1))
    mean_N111 = grey_NCHW.mean(axis=(2, 3), keepdims=True)
    assert contrast(grey_NCHW, 0.15) == pytest.approx(0.15 * grey_NCHW + 0.85 * mean_N111)
    colour_NCHW = COLOUR_NCHW[:1, :, :4, :4] / 255.0
    each = contrast(colour_NCHW, 0.4)
    for channel in range(3):
        x = colour_NCHW[0, channel]
        assert each[0, channel] == pytest.approx(0.4 * x + 0.6 * x.mean())
    colour_NCHW[0, :, 0, 0] = 0
    found = brightness(colour_NCHW, 0.2)
    for row in range(4):
        for column in range(4):
            h, s, v = colorsys.rgb_to_hsv(*colour_NCHW[0, :, row, column])
            expected = colorsys.hsv_to_rgb(h, s, min(v + 0.2, 1))
            assert found[0, :, row, column] == pytest.approx(expected)


def test_the_disc_is_the_kernel_of_the_published_constants():
    corner, edge = math.exp(-1 / 0.4**2), math.exp(-0.5 / 0.4**2)
    small = np.array([[corner, edge, corner], [edge, 1, edge], [corner, edge, corner]])
    assert disc(0.3, 0.4) == pytest.approx(small / small.sum())
    wide = disc(1.5, 0.1)
    assert wide[1:4, 1:4] == pytest.approx(np.full((3, 3), 1 / 9))
    assert [disc(*c).sum() for c in CORRUPTIONS["defocus_blur"].constants] == pytest.approx([1] * 5)


class Still:
    """Draws the same angle for every image."""

    def __init__(self, angle):
        self.angle = angle

    def uniform(self, low, high):
        assert (low, high) == (-45, 45)
        return self.angle


def test_a_point_is_smeared_along_a_line_by_a_half_gaussian():
    point = np.zeros((1, 1, 21, 21))
    point[0, 0, 10, 15] = 1
    weight = np.exp(-(np.arange(13) ** 2) / 2)
    weight /= weight.sum()
    level = motion_blur(point, (6, 1.0), [Still(0)])[0, 0]
    assert level[10, 15:3:-1] == pytest.approx(weight[:12], abs=2e-6)
    assert level.sum() == pytest.approx(1)
    slanted = motion_blur(point, (6, 1.0), [Still(45)])[0, 0]
    places = [math.ceil(tap * math.sqrt(0.5) - 0.5) for tap in range(6)]
    expected = np.zeros((21, 21))
    for place, share in zip(places, weight, strict=False):
        expected[10 - place, 15 - place] += share
    assert slanted == pytest.approx(expected, abs=2e-6)


def test_a_tap_half_way_between_two_pixels_goes_to_the_lower():
    near = [30 + step * np.spacing(30.0) for step in range(-4, 5)]
    halved = [angle for angle in near if np.sin(np.deg2rad(angle)) == 0.5]
    point = np.zeros((1, 1, 21, 21))
    point[0, 0, 10, 15] = 1
    up = motion_blur(point, (6, 1.0), [Still(-halved[0])])[0, 0]
    weight = np.exp(-(np.arange(13) ** 2) / 2)
    assert up[11, 14] == pytest.approx(weight[1] / weight.sum(), abs=2e-6)  # −0.5 is −1


def test_a_disc_is_laid_over_edges_that_mirror_without_the_last_pixel():
    x = np.random.default_rng(0).random((6, 7))
    kernel = disc(1.5, 0.1)
    reach = len(kernel) // 2
    wide = convolve(np.pad(x, reach, mode="reflect"), kernel, mode="constant")
    expected = wide[reach:-reach, reach:-reach]
    assert defocus_blur(x[None, None], (1.5, 0.1))[0, 0] == pytest.approx(expected)


def test_blurs_keep_a_plain_image_and_the_sum_of_a_point():
    plain, point = np.full((1, 3, 12, 12), 0.3), np.zeros((1, 1, 21, 21))
    point[0, 0, 10, 10] = 1
    for change, constant in ((gaussian_blur, 1.0), (defocus_blur, (1.5, 0.1))):
        assert change(plain, constant) == pytest.approx(plain)
        assert change(point, constant).sum() == pytest.approx(1)


def slow_cloud(side, decay, rng):
    """The algorithm a point at a time; draws in the order of the fast one."""
    height = np.zeros((side, side))
    step, wobble = side, 100.0
    while step >= 2:
        half, known = step // 2, range(0, side, step)

        def drawn(wobble=wobble, count=side // step):
            return rng.uniform(-(wobble**2), wobble**2, (count, count))

        u = drawn()
        for i, row in enumerate(known):
            for j, col in enumerate(known):
                corners = [
                    height[(row + a) % side, (col + b) % side] for a in (0, step) for b in (0, step)
                ]
                height[row + half, col + half] = sum(corners) / 4 + u[i, j]
        for down, right in ((0, half), (half, 0)):
            u = drawn()
            for i, row in enumerate(known):
                for j, col in enumerate(known):
                    r, c = row + down, col + right
                    around = [(r + half, c), (r - half, c), (r, c + half), (r, c - half)]
                    total = sum(height[a % side, b % side] for a, b in around)
                    height[r, c] = total / 4 + u[i, j]
        step, wobble = half, wobble / decay
    height -= height.min()
    return height / height.max()


@pytest.mark.parametrize("decay", [3.0, 1.75])
def test_clouds_are_those_of_a_slow_loop(decay):
    found = clouds(16, decay, rngs(2))
    for seed in range(2):
        assert found[seed] == pytest.approx(slow_cloud(16, decay, np.random.default_rng(seed)))


def test_fog_does_not_make_an_image_brighter_than_it_was():
    x_NCHW = np.stack([np.zeros((1, 28, 28)), np.full((1, 28, 28), 0.5)])
    x_NCHW[1, 0, 3, 3] = 0.8
    found = fog(x_NCHW, (1.5, 1.75), rngs(2))
    assert not found[0].any()
    cloud = clouds(32, 1.75, rngs(2))[1, :28, :28]
    assert found[1, 0] == pytest.approx((x_NCHW[1, 0] + 1.5 * cloud) * 0.8 / 2.3)
    assert found.max() <= 0.8


def test_fog_goes_by_the_largest_value_of_all_channels():
    x_NCHW = COLOUR_NCHW[:1] / 255.0 * np.array([0.9, 0.5, 0.3])[None, :, None, None]
    most = x_NCHW.max()
    cloud = clouds(32, 3.0, rngs(1))[:, None, :20, :24]
    expected = (x_NCHW + 0.5 * cloud) * most / (most + 0.5)
    assert fog(x_NCHW, (0.5, 3.0), rngs(1)) == pytest.approx(expected)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (2, 3, 1, 1), (2, 2, 8, 8), (2, 4, 8, 8)])
def test_images_of_one_pixel_and_of_other_channels_are_corrupted_too(name, shape):
    x_NCHW = np.random.default_rng(0).integers(60, 200, shape, dtype=np.uint8)
    with np.errstate(all="raise"):
        found = corrupted(x_NCHW, ["a", "b"], name, 1)
    assert found.shape == shape
    assert np.abs(found.astype(int) - x_NCHW).mean() < 60


@pytest.mark.parametrize("change", [lambda x: pixelate(x, 0.6), lambda x: jpeg_compression(x, 40)])
def test_no_channel_is_taken_for_transparency(change):
    x_NCHW = np.random.default_rng(0).random((2, 4, 9, 9))
    single = [change(x_NCHW[:, [c]]) for c in range(4)]
    assert change(x_NCHW) == pytest.approx(np.concatenate(single, axis=1))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_of_no_images_there_are_none(name):
    assert corrupted(COLOUR_NCHW[:0], [], name, 2).shape == (0, 3, 20, 24)
    assert Corrupted(Blobs(test=0), name, 2).load().test.example_id_N == ()


def test_pixels_are_averaged_and_jpeg_keeps_what_is_smooth():
    checks = np.indices((4, 4)).sum(0)[None, None] % 2.0
    assert pixelate(checks, 0.5) == pytest.approx(np.full((1, 1, 4, 4), 128 / 255))
    plain = np.full((2, 3, 16, 16), 128 / 255)
    assert jpeg_compression(plain, 40) == pytest.approx(plain)
    noisy = np.random.default_rng(0).random((1, 1, 16, 16))
    assert np.abs(jpeg_compression(noisy, 40) - noisy).mean() > 0.01


def test_generators_are_of_all_that_they_depend_on():
    drawn = {
        next(iter(generators([example_id], name, severity, seed))).random()
        for example_id in "ab"
        for name in ("fog", "shot_noise")
        for severity in (1, 2)
        for seed in (0, 1)
    }
    assert len(drawn) == 16


DATA = Blobs(train=12, test=9)


def test_a_test_set_of_one_corruption_has_ids_slices_and_clusters_of_its_own():
    clean, found = DATA.load(), Corrupted(DATA, "shot_noise", 4).load()
    assert found.test.example_id_N[2] == "test/2/shot_noise/4"
    assert found.test.slices.columns == ["half", "corruption", "severity", "cluster"]
    assert found.test.slices.row(2) == ("left" if 2 % 2 else "right", "shot_noise", 4, "test/2")
    expected = corrupted(clean.test.x_NCHW, clean.test.example_id_N, "shot_noise", 4)
    assert (found.test.x_NCHW == expected).all()
    assert (found.train.x_NCHW == clean.train.x_NCHW).all()
    assert (found.mean, found.std, found.name) == (clean.mean, clean.std, clean.name)


@dataclass(frozen=True)
class Sliced(Blobs):
    """With one more slice."""

    column: str = "cluster"

    def load(self):
        splits = super().load()
        names = [None if n == 4 else f"of {n // 3}" for n in range(self.test)]
        column = pl.Series(self.column, names)
        slices = pl.DataFrame([*splits.test.slices, column])
        return replace(splits, test=replace(splits.test, slices=slices))


def test_images_of_one_cluster_stay_one_cluster():
    found = Corrupted(Sliced(12, 6), ("fog", "contrast"), 1).load().test.slices
    assert found.columns == ["half", "corruption", "severity", "cluster"]
    assert found["cluster"].to_list() == 2 * [
        "of 0",
        "of 0",
        "of 0",
        "of 1",
        "test/4",
        "of 1",
    ]


def test_numbers_and_texts_of_numpy_are_as_pythons_own():
    names = np.array(["fog", "contrast"])
    data = Corrupted(DATA, names, np.array([2, 5]), seed=np.int64(1))
    assert data == Corrupted(DATA, ("fog", "contrast"), (2, 5), seed=1)
    assert Corrupted(DATA, ["fog"], range(1, 3)) == Corrupted(DATA, ("fog",), (1, 2))
    assert eval(repr(data)) == data
    x_NCHW = DATA.load().test.x_NCHW
    ids = DATA.load().test.example_id_N
    plain = corrupted(x_NCHW, ids, "fog", 2, 1)
    of_numpy = corrupted(x_NCHW, np.array(ids), names[0], np.int64(2), np.int64(1))
    assert (plain == of_numpy).all()


@pytest.mark.parametrize(
    ("name", "severity", "count", "said"),
    [
        *(
            ("fog", wrong, 2, f"severity={wrong!r}: give a whole number from 1 to 5")
            for wrong in (0, -1, 6, 3.0, True, "3")
        ),
        ("nope", 1, 2, f"corruption='nope': choose from {', '.join(CORRUPTIONS)}"),
        ("gaussian_noise", 1, 1, "1 example ids for 2 images: give one for each"),
        ("contrast", 1, 3, "3 example ids for 2 images: give one for each"),
    ],
)
def test_arrays_are_corrupted_by_what_there_is(name, severity, count, said):
    with pytest.raises(ValueError) as caught:
        corrupted(COLOUR_NCHW[:2], [str(n) for n in range(count)], name, severity)
    assert str(caught.value) == said


def test_several_at_once_are_those_of_each_one_after_the_other():
    both = Corrupted(DATA, ("fog", "contrast"), (2, 5)).load().test
    single = [Corrupted(DATA, c, s).load().test for c in ("fog", "contrast") for s in (2, 5)]
    assert (both.x_NCHW == np.concatenate([part.x_NCHW for part in single])).all()
    assert both.example_id_N == sum((part.example_id_N for part in single), ())
    assert both.label_N.tolist() == 4 * DATA.load().test.label_N.tolist()
    assert len(set(both.example_id_N)) == 36
    assert len(Corrupted(DATA).load().test.label_N) == 9 * 5 * len(CORRUPTIONS)
    data = Corrupted(DATA, "fog", 2, seed=3)
    assert eval(repr(data)) == data
    assert TestedOn(DATA, data).load().test.example_id_N[0] == "test/0/fog/2"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            Corrupted(DATA, ("fog", "snow")),
            f"there is no corruption 'snow': choose from {', '.join(CORRUPTIONS)}",
        ),
        (Corrupted(DATA, ()), f"no corruption is named: choose from {', '.join(CORRUPTIONS)}"),
        (Corrupted(DATA, 3), f"there is no corruption 3: choose from {', '.join(CORRUPTIONS)}"),
        *(
            (
                Corrupted(DATA, "fog", wrong),
                f"severity={wrong!r}: give a whole number from 1 to 5, or several of them",
            )
            for wrong in (6, 0, (), 3.0, True, "3", (1, 2.0))
        ),
        (Corrupted(DATA, "fog", (1, 1)), "severity=(1, 1): has 1 twice; give each once"),
        (
            Corrupted(DATA, ("fog", "fog")),
            "corruption=('fog', 'fog'): has 'fog' twice; give each once",
        ),
        (
            Corrupted(Sliced(column="severity"), "fog", 1),
            f"{Corrupted(Sliced(column='severity'), 'fog', 1)!r}: its data have a slice 'severity' "
            "already; corrupt images once, and give a slice of your own another name",
        ),
        (
            Corrupted(Corrupted(DATA, "fog", 1), "fog", 2),
            f"{Corrupted(Corrupted(DATA, 'fog', 1), 'fog', 2)!r}: its data have a slice "
            "'corruption' already; corrupt images once, and give a slice of your own another name",
        ),
    ],
)
def test_what_cannot_be_is_refused(data, said):
    with pytest.raises(UserError) as caught:
        data.load()
    assert str(caught.value) == said
