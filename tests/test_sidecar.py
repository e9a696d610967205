"""Sidecars: JSON and XML beside a scan, read without trusting them."""

from __future__ import annotations

from contextlib import suppress
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.sidecar import SIZE_LIMIT, SidecarError, parse_sidecar, sidecar_names

READABLE = [
    (
        b'{"to": "a@b.de", "user": "jane", "x": 1}',
        "json",
        {"to": "a@b.de", "user": "jane"},
    ),
    (b'\xef\xbb\xbf{"to": ["a@b.de", "c@d.de"]}', "json", {"to": "a@b.de,c@d.de"}),
    (b'{"name": 7, "cc": null, "bcc": {}, "subject": true}', "json", {"name": "7"}),
    (
        b"<s><to>a@b.de</to><user> jane </user></s>",
        "xml",
        {"to": "a@b.de", "user": "jane"},
    ),
    (b"<s><to>a@b.de</to><to>c@d.de</to></s>", "xml", {"to": "a@b.de,c@d.de"}),
    (b'<x:s xmlns:x="u"><x:To>a@b.de</x:To></x:s>', "xml", {"to": "a@b.de"}),
    ("<s><name>Über</name></s>".encode(), "xml", {"name": "Über"}),
]


@pytest.mark.parametrize(("data", "form", "values"), READABLE)
def test_known_keys_are_read(data, form, values):
    """A sidecar's keys are those of metadata; XML's are the root's children."""
    assert parse_sidecar(data, form) == values


UNREADABLE = [
    (b"", "json"),
    (b'{"to": "a@b', "json"),
    (b"[]", "json"),
    (b"\xff\xfe", "json"),
    (b"[" * 50_000, "json"),
    (b"", "xml"),
    (b"<s><to>a@b.de</to>", "xml"),
    (b"<a>" * 60 + b"</a>" * 60, "xml"),
    (b'<!DOCTYPE s [<!ENTITY a "b">]><s><to>&a;</to></s>', "xml"),
    (b'<!DOCTYPE s SYSTEM "file:///etc/passwd"><s/>', "xml"),
    (b" " * (SIZE_LIMIT + 1), "json"),
    *(
        (
            f'<?xml version="1.0" encoding="{each}"?><s><to>a@b.de</to></s>'.encode(),
            "xml",
        )
        for each in ("foo", "hex", "shift_jis", "utf-7", "idna", "undefined", "a.b")
    ),
]


@pytest.mark.parametrize(("data", "form"), UNREADABLE)
def test_what_cannot_be_trusted_is_refused(data, form):
    """Half a file, a DTD, a bomb: each is a plain error."""
    with pytest.raises(SidecarError):
        parse_sidecar(data, form)


def test_any_encoding_is_read_or_refused():
    """A sidecar may claim whatever Python has a codec for."""
    for encoding in {*aliases, *aliases.values()}:
        head = f'<?xml version="1.0" encoding="{encoding}"?>'
        with suppress(SidecarError):
            read = parse_sidecar(f"{head}<s><to>a@b.de</to></s>".encode(), "xml")
            assert read == {"to": "a@b.de"}, encoding


@given(st.binary(max_size=500), st.sampled_from(["json", "xml"]))
def test_any_bytes_are_read_or_refused(data, form):
    """Nothing else ever comes out of a sidecar."""
    try:
        values = parse_sidecar(data, form)
    except SidecarError:
        return
    assert all(isinstance(text, str) for text in values.values())


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("mfp/scan.pdf", ("mfp/scan.json",)),
        ("mfp/SCAN.PDF", ("mfp/SCAN.JSON", "mfp/SCAN.json")),
        ("mfp/scan", ("mfp/scan.json",)),
        ("m.f/scan", ("m.f/scan.json",)),
    ],
)
def test_sidecar_has_the_base_name_of_its_scan(path, names):
    """`scan.json` belongs to `scan.pdf`; printers that shout shout here too."""
    assert sidecar_names(path, "json") == names
