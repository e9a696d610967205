"""PDF: what ends in one of the ways that readers accept is whole; a cut is not."""

from __future__ import annotations

import pytest

from shared.model import Kind
from shared.whole import Fetch, Watch, judge, judge_ends

from . import pdfs

WHOLE = {
    "table": pdfs.classic(),
    "stream": pdfs.with_stream(),
    "incremental": pdfs.revised(),
    "linearized": pdfs.linearized(),
    "encrypted": pdfs.classic(extra=b"/Encrypt <</Filter/Standard/V 2/R 3>>"),
    "attached": pdfs.attached(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_well_formed_end_is_whole(name):
    """Tables, streams, revisions, linearised and encrypted files are whole."""
    verdict = judge(Kind.PDF, WHOLE[name])
    assert (verdict.is_whole, verdict.why) == (True, "")


@pytest.mark.parametrize(
    "added",
    [
        b"\r\n",
        b"\0" * 20_000,
        b" \n\x1a",
        b"\n\x8f\xd2junk\xff" * 900,
        b"\n% made by hand",
    ],
)
def test_bytes_behind_the_end_are_whole(added):
    """Padding, junk and comments behind `%%EOF` are passed over, as readers do."""
    assert judge(Kind.PDF, pdfs.classic() + added).is_whole


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"some junk\n\n", bytes(900)])
def test_header_not_at_the_beginning_is_whole(before):
    """What stands before the header moves everything, and readers do not mind."""
    assert judge(Kind.PDF, before + pdfs.classic()).is_whole


def test_startxref_that_leads_nowhere_is_whole():
    """Readers rebuild the table, so a wrong offset is damage and no cut."""
    damaged = pdfs.classic().replace(b"startxref\n", b"startxref\n9")
    assert judge(Kind.PDF, damaged).is_whole


@pytest.mark.parametrize(
    "end",
    [
        b"startxref\n",
        b"startxref\n3526\n%\n",
        b"startxref\n35\nnonsense",
    ],
)
def test_odd_end_that_no_cut_leaves_is_whole(end):
    """An end that no well-formed one begins with was never going to go on."""
    body = pdfs.classic().partition(b"startxref")[0]
    assert judge(Kind.PDF, body + end).is_whole


def test_trailer_with_broken_hex_is_whole():
    """A trailer that was spoilt before the end of the file is damage and no cut."""
    body = pdfs.classic().partition(b"/Size")[0]
    assert judge(Kind.PDF, body + b"/Root 1 0 R /ID [<90\xff\0x").is_whole
    assert not judge(Kind.PDF, body + b"/Root 1 0 R /ID [<904e").is_whole


def test_trailer_without_any_table_is_whole():
    """Files that never had a table end with their trailer."""
    whole = pdfs.HEADER + b"1 0 obj<</Type/Catalog>>endobj trailer<</Root 1 0 R>>"
    assert judge(Kind.PDF, whole).is_whole
    assert not judge(Kind.PDF, whole[:-1]).is_whole


@pytest.mark.parametrize("name", ["table", "stream", "encrypted", "linearized"])
def test_every_cut_before_the_end_is_seen(name):
    """Wherever such a file is cut, it is not whole, up to its last `%%EOF`.

    But for one byte: behind the line `startxref` some files end for good.
    """
    data = WHOLE[name]
    cuts = range(1, data.rindex(b"%%EOF") + len(b"%%EOF"))
    missed = [n for n in cuts if judge(Kind.PDF, data[:n]).is_whole]
    assert [data[:n][-10:] for n in missed] in ([], [b"startxref\n"])


@pytest.mark.parametrize("name", ["incremental", "attached"])
def test_cut_right_behind_an_earlier_end_alone_is_missed(name):
    """A file cut where an earlier revision ended is that revision, to every reader."""
    data = WHOLE[name]
    first = data.index(b"%%EOF") + len(b"%%EOF")
    last = data.rindex(b"%%EOF") + len(b"%%EOF")
    cuts = [n for n in range(1, last) if judge(Kind.PDF, data[:n]).is_whole]
    ends = [n for n in cuts if not data[:n].endswith(b"startxref\n")]
    assert ends == [first, first + 1] + [first + 2] * (name == "attached")


def test_linearized_file_that_is_shorter_than_it_says_is_hopeless():
    """A linearised file says its length in front, so a cut is known at once."""
    data = pdfs.linearized()
    watch = Watch(Kind.PDF, len(data) - 1)
    watch.feed(data[:300])
    assert watch.is_hopeless
    assert judge(Kind.PDF, data[:-1]).why == "The PDF is shorter than it says."


def test_linearized_file_that_was_revised_is_whole():
    """A revision behind a linearised file makes it longer than it says."""
    data = pdfs.linearized()
    assert judge(Kind.PDF, data + b"7 0 obj\n1\nendobj\nstartxref\n9\n%%EOF").is_whole


@pytest.mark.parametrize(
    ("data", "pages"),
    [
        (pdfs.classic(pages=3), 3),
        (pdfs.linearized(pages=4), 4),
        (pdfs.revised(), None),
        (pdfs.attached(), None),
        (pdfs.HEADER + b"%%EOF", None),
        (pdfs.classic().replace(b"/Count 2", b"/Count 5"), None),
    ],
)
def test_pages_are_told_only_when_sure(data, pages):
    """Pages are those of one revision whose tree agrees with its leaves."""
    assert judge(Kind.PDF, data).pages == pages


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4\n", b"%PDF-1.4\n" + bytes(5000)])
def test_file_without_any_end_is_broken(data):
    """A beginning, or a file whose rest was never written, has no end."""
    verdict = judge(Kind.PDF, data)
    assert (verdict.is_whole, verdict.why) == (False, "The PDF has no end (%%EOF).")


def reader_of(data: bytes) -> Fetch:
    """Read of these bytes."""
    return lambda at, length: data[at : at + length]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize(
    "added", [b"", b"\n7 0 obj\n", b"\nstartx", b"\n% made by hand"]
)
def test_two_ends_say_what_the_whole_file_says(name, added):
    """Whatever lies between, and wherever the file is cut near its end."""
    head, mark, rest = WHOLE[name].partition(b"1 0 obj")
    whole = head + b"%" + bytes(70_000) + b"%%EOF obj\n" + mark + rest + added
    for cut in range(len(whole) - len(rest) - len(added), len(whole) + 1):
        data = whole[:cut]
        said = judge_ends(Kind.PDF, cut, reader_of(data))
        full = judge(Kind.PDF, data)
        assert said
        assert (said.is_whole, said.why) == (full.is_whole, full.why)


def test_end_that_is_far_from_the_end_is_looked_for_in_all_of_it():
    """Its two ends alone say nothing: no `%%EOF` lies near, or the file is small."""
    far, small = pdfs.classic() + bytes(70_000), pdfs.classic()
    assert judge(Kind.PDF, far).is_whole
    assert judge_ends(Kind.PDF, len(far), lambda at, n: far[at : at + n]) is None
    assert judge_ends(Kind.PDF, len(small), lambda at, n: small[at : at + n]) is None
