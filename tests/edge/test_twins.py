"""Twins: what printers write beside a scan, read without trusting it."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Sidecar
from edge.elements import SIZE_LIMIT, TwinError, decoded
from edge.twins import read_twin
from shared.model import METADATA

PAPERCUT = """<?xml version="1.0" encoding="UTF-8"?>
<scan>
  <accountName>Finance</accountName>
  <date>2026-11-21T13:59:07+01:00</date>
  <deviceName>print01\\mfp-2f</deviceName>
  <fields>
    <field><label>Betreff</label><value>Rechnung 4711 – Süd</value></field>
    <field><label>Cost centre</label><value>42</value></field>
  </fields>
  <files><file>scan_0001.jpg</file><file>scan_0002.jpg</file></files>
  <jobId>8a1</jobId>
  <name>Scan to folder</name>
  <settings><fileType>JPG</fileType></settings>
  <type>folder</type>
  <user>
    <department/><email>jane@contoso.com</email>
    <groups><group>Sales</group></groups><name>jane</name>
  </user>
</scan>
"""
INDEX = """<?xml version = "1.0" encoding = "utf-8"?>
<root>
<page>
<item name = "Stream No." value = "1" />
<item name = "Date&amp;Time" value = "2026/11/21 13:59:07" />
<item name = "Scanner name" value="fi-1" />
<item name = "User name" value="jane" />
<item name = "File name" value = "a.pdf" />
<item name = "Barcode" value = "" />
<item name = "E-mail" value = "" />
</page>
<page>
<item name = "User name" value="somebody else" />
<item name = "E-mail" value = "jane@contoso.com" />
</page>
</root>
"""
XEROX = """[service xrx_svc_general]
{
    enum_DCS DCSDefinitionUsed = DCS_GENERIC;
    string JobTemplateName = "invoices.xst";
  * boolean SuppressJobLog = FALSE;
}
end

[doc_object xrx_document]
doc_1{
* string DocumentObjectName = "DOC";
* string to = "ap@contoso.com; jane@contoso.com";
* string FieldName = "Subject";
* string FieldValue = "Invoice {4711};";
}
end
"""
READABLE = [
    (
        PAPERCUT,
        Sidecar.PAPERCUT,
        {
            "to": "jane@contoso.com",
            "user": "jane@contoso.com",
            "subject": "Rechnung 4711 – Süd",
        },
    ),
    (
        "<scan><user><email/><name>jane</name></user></scan>",
        Sidecar.PAPERCUT,
        {"user": "jane"},
    ),
    (
        "<scan><user><email>jane@contoso.com</email></user><fields><field>"
        "<label>E-Mail:</label><value>ap@contoso.com\nx@contoso.com</value></field>"
        "</fields></scan>",
        Sidecar.PAPERCUT,
        {"to": "ap@contoso.com,x@contoso.com", "user": "jane@contoso.com"},
    ),
    (INDEX, Sidecar.INDEX, {"user": "jane", "to": "jane@contoso.com"}),
    (
        '<data><index id="filename">My.pdf</index><index id="to">a@b.de</index></data>',
        Sidecar.INDEX,
        {"to": "a@b.de"},
    ),
    (
        XEROX,
        Sidecar.XEROX,
        {"to": "ap@contoso.com,jane@contoso.com", "subject": "Invoice {4711};"},
    ),
    (
        "Date=2026-11-21\r\nUser name = jane\r\nTo=ap@contoso.com\r\n",
        Sidecar.XEROX,
        {"user": "jane", "to": "ap@contoso.com"},
    ),
    (
        '{"to": ["a@b.de", "c@d.de"], "user": "jane", "name": 7, "cc": null, "x": 1}',
        Sidecar.JSON,
        {"to": "a@b.de,c@d.de", "user": "jane", "name": "7"},
    ),
]


@pytest.mark.parametrize(("text", "form", "values"), READABLE)
def test_fields_become_keys_of_metadata(text, form, values):
    """Each form by its own words; what means nothing is left out."""
    assert read_twin(text.encode(), form) == values


ENCODED = [
    (PAPERCUT.encode("utf-8-sig"), Sidecar.PAPERCUT),
    (PAPERCUT.replace("UTF-8", "UTF-16").encode("utf-16"), Sidecar.PAPERCUT),
    (PAPERCUT.encode("utf-16-le"), Sidecar.PAPERCUT),
    (PAPERCUT.encode("utf-16-be"), Sidecar.PAPERCUT),
    (PAPERCUT.replace("UTF-8", "windows-1252").encode("cp1252"), Sidecar.PAPERCUT),
    # Claims UTF-8, and is none.
    (PAPERCUT.encode("cp1252"), Sidecar.PAPERCUT),
    (XEROX.replace("Invoice", "Süd –").encode("cp1252"), Sidecar.XEROX),
    (XEROX.replace("Invoice", "Süd –").encode("utf-16"), Sidecar.XEROX),
    ('{"subject": "Süd –"}'.encode("utf-16-le"), Sidecar.JSON),
    ('{"subject": "Süd –"}'.encode("cp1252"), Sidecar.JSON),
]


@pytest.mark.parametrize(("data", "form"), ENCODED)
def test_encodings_of_printers_are_read(data, form):
    """By the mark, the claim, as UTF-8, and else as Windows writes it."""
    said = read_twin(data, form)["subject"]
    assert "Süd" in said
    assert "–" in said


def test_japanese_encodings_are_read():
    """A device from Japan may write its own."""
    text = (
        '<?xml version="1.0" encoding="Shift_JIS"?>'
        "<scan><user><name>山田</name></user></scan>"
    )
    assert read_twin(text.encode("shift_jis"), Sidecar.PAPERCUT) == {"user": "山田"}


LONG = "<scan><fields>" + "<field/>" * 60_000 + "</fields></scan>"
HOSTILE = [
    ('<!DOCTYPE s [<!ENTITY a "b">]><scan>&a;</scan>', Sidecar.PAPERCUT),
    ('<!DOCTYPE s SYSTEM "file:///etc/passwd"><scan/>', Sidecar.PAPERCUT),
    ("<scan>" + "<a>" * 60 + "</a>" * 60 + "</scan>", Sidecar.PAPERCUT),
    (LONG, Sidecar.PAPERCUT),
    ("<scan>&undefined;</scan>", Sidecar.PAPERCUT),
    ("<other/>", Sidecar.PAPERCUT),
    ('<?xml version="1.0" encoding="idna"?><scan/>', Sidecar.PAPERCUT),
    ('<?xml version="1.0" encoding="zlib"?><scan/>', Sidecar.PAPERCUT),
    ("[" * 50_000, Sidecar.JSON),
    ("[]", Sidecar.JSON),
    ('{"to": "' + "a@b.de," * 2000 + '"}', Sidecar.JSON),
    (" " * (SIZE_LIMIT + 1) + "{}", Sidecar.JSON),
]


@pytest.mark.parametrize(("text", "form"), HOSTILE)
def test_hostile_twins_are_refused(text, form):
    """Entities, depth, size, codecs that are none of text: a plain error, at once."""
    begun = time.process_time()
    with pytest.raises(TwinError):
        read_twin(text.encode(), form)
    assert time.process_time() - begun < 2


HALVES = [
    (PAPERCUT.encode(), Sidecar.PAPERCUT),
    (INDEX.encode(), Sidecar.INDEX),
    (PAPERCUT.encode("utf-16"), Sidecar.PAPERCUT),
    (XEROX.encode(), Sidecar.XEROX),
    (b'{"to": "jane@contoso.com", "cc": "john@contoso.com"}', Sidecar.JSON),
]


@pytest.mark.parametrize(("data", "form"), HALVES)
def test_half_a_twin_is_refused(data, form):
    """A twin that is still being written says nothing yet, wherever it breaks off."""
    whole = data.rstrip(b"\0\n ")
    # Between two blocks a log cannot be told from one that is all there.
    between = range(XEROX.index("end") + 3, XEROX.index("[doc") + 1)
    for length in range(len(whole) - 1):
        if form is not Sidecar.XEROX or length not in between:
            with pytest.raises(TwinError):
                read_twin(data[:length], form)


@pytest.mark.parametrize("data", [b"", b" \r\n", b"\0" * 4096])
@pytest.mark.parametrize("form", [each for each in Sidecar if each is not Sidecar.NONE])
def test_an_empty_twin_is_refused(data, form):
    """Nothing, blanks, or the noughts of a file that was only made room for."""
    with pytest.raises(TwinError, match="empty"):
        read_twin(data, form)


def test_values_are_one_visible_line():
    """Nothing in them can begin another header or turn the writing round."""
    data = b'{"subject": "a\\r\\nBcc: x@y.de \\u202etxt", "to": "a@b.de\\r\\nc@d.de"}'
    read = read_twin(data, Sidecar.JSON)
    assert read == {"subject": "a Bcc: x@y.de txt", "to": "a@b.de,c@d.de"}


def test_the_device_is_not_a_printer_s_to_say():
    """Routes go by the folder's device; only JSON, the operator's own form, may say."""
    field = "<field><label>Device</label><value>mfp-9f</value></field>"
    text = f"<scan><fields>{field}</fields></scan>"
    assert read_twin(text.encode(), Sidecar.PAPERCUT) == {}
    assert read_twin(b'{"device": "mfp-9f"}', Sidecar.JSON) == {"device": "mfp-9f"}


SLOW = [b"\n" * 2_000_000, b" " * 2_000_000, b"[" * 2_000_000, b"a=\n" * 500_000]
SLOW += [b'x = "' * 400_000, b"*" * 2_000_000, b"string " * 200_000, b"end\n" * 500_000]


@pytest.mark.parametrize("data", SLOW, ids=range(len(SLOW)))
def test_no_log_takes_long(data):
    """Two megabytes made to hurt are read, or refused, in a breath."""
    begun = time.process_time()
    with suppress(TwinError):
        read_twin(b"[a]\n{\n}\n" + data, Sidecar.XEROX)
    assert time.process_time() - begun < 3


def test_text_in_pieces_is_soon_joined():
    """Two hundred thousand comments break a text into as many pieces."""
    text = "<scan>" + "a<!---->" * 200_000 + "</scan>"
    begun = time.process_time()
    assert read_twin(text.encode(), Sidecar.PAPERCUT) == {}
    assert time.process_time() - begun < 2


@given(st.binary(max_size=300), st.sampled_from(sorted(set(Sidecar) - {Sidecar.NONE})))
def test_any_bytes_are_read_or_refused(data, form):
    """Nothing else ever comes out of a twin."""
    try:
        values = read_twin(data, form)
    except TwinError:
        return
    assert set(values) <= METADATA
    assert all(text.isprintable() for text in values.values())


@given(st.text(max_size=100))
def test_text_survives_in_utf_8(text):
    """What is UTF-8 is never taken for anything else."""
    if not text.startswith(("\ufeff", "<", "{", "\0")):
        assert decoded(text.encode()) == text


def test_capitals_in_json_mean_the_same():
    """Somebody's program writes them; a key as it should be goes before them."""
    data = b'{"To": "a@contoso.com", "SUBJECT ": "Scan", "subject": "Invoice"}'
    read = read_twin(data, Sidecar.JSON)
    assert read == {"to": "a@contoso.com", "subject": "Invoice"}
