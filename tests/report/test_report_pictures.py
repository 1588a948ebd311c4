"""Pictures of the gallery: their kind by their bytes, and how large they are drawn."""

from __future__ import annotations

import base64
import struct

import numpy as np
import pytest

from audits import png
from undertow.report.pictures import media_type, picture_of


def png_of(width: int, height: int) -> bytes:
    return png(np.zeros((height, width), np.uint8))


def gif_of(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"rest"


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((28, 28), (112, 112)),
        ((32, 32), (96, 96)),  # A whole factor, so that no pixel is wider than its neighbour.
        ((56, 20), (112, 40)),
        ((20, 56), (40, 112)),
        ((1, 1), (112, 112)),
        ((57, 57), (112, 112)),
        ((64, 32), (112, 56)),
        ((224, 112), (112, 56)),
        ((112, 448), (28, 112)),
        ((5000, 1), (112, 1)),  # Never without a height.
        ((1, 5000), (1, 112)),
    ],
)
@pytest.mark.parametrize("made", [png_of, gif_of])
def test_a_picture_is_drawn_within_the_square_with_its_proportions(made, size, drawn):
    picture = picture_of(made(*size), fits=True)
    assert (picture.width, picture.height) == drawn
    assert picture.crisp == (size[0] <= 64)


@pytest.mark.parametrize("size", [(0, 0), (0, 20), (20, 0)])
def test_a_picture_that_claims_no_size_gets_the_whole_square(size):
    assert (
        picture_of(gif_of(*size), fits=True).width,
        picture_of(gif_of(*size), fits=True).height,
    ) == (112, 112)


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff and more", b"RIFF1234WEBPVP8 ", b"GIF87a\x01", b"\x89PNG\r\n\x1a\n"]
)
def test_a_size_that_is_not_read_is_the_whole_square_without_crisp_pixels(data):
    picture = picture_of(data, fits=True)
    assert (picture.width, picture.height, picture.crisp) == (112, 112, False)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nx", "png"),
        (b"\xff\xd8\xffx", "jpeg"),
        (b"GIF87ax", "gif"),
        (b"GIF89ax", "gif"),
        (b"RIFF1234WEBPx", "webp"),
        (b"RIFF1234WAVEx", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_kind(data, kind):
    assert media_type(data) == kind


def test_a_picture_is_carried_whole_or_its_absence_is_said():
    data = png_of(28, 28)
    carried = picture_of(data, fits=True)
    assert (base64.b64decode(carried.data), carried.kind, carried.missing) == (data, "png", "")
    left_out = picture_of(data, fits=False)
    said = f"picture left out to keep this file small ({len(data):,} bytes)"
    assert (left_out.data, left_out.missing, left_out.width, left_out.crisp) == (
        "",
        said,
        112,
        True,
    )
    unknown = picture_of(b"<svg/>", fits=True)
    said = "picture of a format that is not shown (6 bytes)"
    assert (unknown.data, unknown.kind, unknown.missing, unknown.width) == ("", "", said, 112)
