"""The JPEG in a TIFF: taken out as it is, or left to whoever decodes it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, TiffImagePlugin

from edge.tiff_jpeg import COMPRESSION, PHOTOMETRIC, jpeg_of


def tiff(mode="RGB", size=(200, 330), rows=0, **words):
    """A TIFF as libtiff writes it: a soft picture, of strips of so many rows."""
    picture = Image.radial_gradient("L").resize(size)
    if mode != "L":
        turned = [picture, picture.rotate(90), picture.rotate(180), picture.rotate(270)]
        picture = Image.merge(mode, turned[: len(Image.new(mode, (1, 1)).getbands())])
    info = TiffImagePlugin.ImageFileDirectory_v2()
    if rows:
        info[278] = rows
    out = io.BytesIO()
    picture.save(out, "TIFF", tiffinfo=info, **{"compression": "jpeg"} | words)
    return out.getvalue()


def tags_of(data):
    """The tags of its page."""
    with Image.open(io.BytesIO(data)) as opened:
        assert isinstance(opened, TiffImagePlugin.TiffImageFile)
        return dict(opened.tag_v2)


def worst(data, jpeg):
    """The largest difference between the TIFF's points and the JPEG's."""
    with Image.open(io.BytesIO(data)) as one, Image.open(io.BytesIO(jpeg)) as other:
        assert one.size == other.size
        apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
        return max(apart.tobytes())


KINDS = {
    "RGB, many strips": tiff(rows=16),
    "RGB, uneven end": tiff(size=(201, 333), rows=32),
    "RGB, one strip": tiff(rows=336, size=(200, 333)),
    "grey": tiff("L", rows=24),
    "grey, one strip": tiff("L", rows=336),
    "YCbCr": tiff("YCbCr", rows=16),
    "a profile": tiff(rows=16, icc_profile=b"p" * 300),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_the_same(kind):
    """Point by point, but for what decoders smooth between strips."""
    data = KINDS[kind]
    jpeg = jpeg_of(data, tags_of(data))
    assert jpeg
    assert worst(data, jpeg) <= 8
    assert len(jpeg) < len(data) + 400


def test_several_strips_are_really_joined():
    """The case above is not of one strip alone."""
    assert len(tags_of(KINDS["RGB, many strips"])[273]) > 10


def test_the_colours_are_told():
    """By Adobe's marker, since a JPEG of three parts is else taken for YCbCr."""
    data = KINDS["RGB, many strips"]
    assert tags_of(data)[PHOTOMETRIC] in {2, 6}
    jpeg = jpeg_of(data, tags_of(data))
    assert jpeg
    assert b"Adobe" in jpeg[:40]


OTHERS = {
    "another compression": tiff(compression="tiff_lzw"),
    "four colours": tiff("CMYK"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_plain_jpeg_is_left_alone(kind):
    """It is decoded, without loss, by others."""
    assert jpeg_of(OTHERS[kind], tags_of(OTHERS[kind])) is None


CHANGES = [
    {274: 6},
    {284: 2},
    {257: 331},
    {256: 201},
    {273: (8,)},
    {279: (4,)},
    {273: (0,), 279: (0,)},
    {347: b"no JPEG"},
    {COMPRESSION: 6},
    {PHOTOMETRIC: 0},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_tags_that_do_not_fit_the_strips_are_not_believed(change):
    """A turned page, another size, places that are none."""
    data = KINDS["RGB, many strips"]
    assert jpeg_of(data, tags_of(data) | change) is None


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damage_is_left_to_the_decoder_or_joined(data):
    """Whatever the bytes are, nothing is raised."""
    whole = KINDS["RGB, many strips"]
    tags = tags_of(whole)
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at] = data.draw(st.integers(0, 255))
    jpeg = jpeg_of(bytes(broken), tags)
    assert jpeg is None or jpeg.startswith(b"\xff\xd8")
