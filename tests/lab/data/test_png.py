import io

import numpy as np
import pytest
from PIL import Image

from undertow.errors import UserError
from undertow.lab.data import encode_png
from undertow.lab.data.png import decode_image, stack_images


@pytest.mark.parametrize("channels", [1, 3])
def test_png_gives_back_the_pixels(channels):
    x_NCHW = np.random.default_rng(1).integers(0, 256, (3, channels, 5, 7), dtype=np.uint8)
    encoded = encode_png(x_NCHW)
    assert all(data.startswith(b"\x89PNG") for data in encoded)
    decoded = np.stack([decode_image(data, "here", channels, None) for data in encoded])
    assert (decoded == x_NCHW).all()
    assert encoded == encode_png(x_NCHW)


def test_two_channels_cannot_be_png():
    with pytest.raises(ValueError) as caught:
        encode_png(np.zeros((1, 2, 4, 4), dtype=np.uint8))
    assert str(caught.value) == "x_NCHW has dtype uint8 and 2 channels; PNG needs uint8 and 1 or 3"


def test_a_palette_image_becomes_rgb_of_the_asked_size():
    stream = io.BytesIO()
    Image.new("RGB", (9, 4), (200, 10, 30)).convert("P").save(stream, format="GIF")
    image = decode_image(stream.getvalue(), "here", 3, (2, 6))
    assert image.shape == (3, 2, 6)
    assert np.abs(image.astype(int) - np.array([200, 10, 30])[:, None, None]).max() <= 40


def test_bytes_that_are_no_image_are_refused():
    with pytest.raises(UserError) as caught:
        decode_image(b"not an image", "photos/cat.png", 3, None)
    assert str(caught.value) == (
        "photos/cat.png: not a readable image (not a known image format). Replace or remove it."
    )


@pytest.mark.parametrize("kept", [8, 30, 60, 90])
def test_a_truncated_png_is_refused(kept):
    (whole,) = encode_png(np.random.default_rng(0).integers(0, 256, (1, 1, 30, 30), dtype=np.uint8))
    with pytest.raises(
        UserError, match=r"^cut\.png: not a readable image \(.+\)\. Replace or remove it\.$"
    ):
        decode_image(whole[:kept], "cut.png", 1, None)


def test_sizes_that_differ_are_refused_by_name():
    images = [np.zeros((1, 4, 5), dtype=np.uint8), np.zeros((1, 4, 6), dtype=np.uint8)]
    with pytest.raises(UserError) as caught:
        stack_images(images, ["a.png", "b.png"])
    assert (
        str(caught.value)
        == "b.png: 4 × 6 pixels, but a.png has 4 × 5. Give size=(4, 5) to resize all."
    )
