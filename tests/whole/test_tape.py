"""The tape: any place of a file, from bytes that pass once."""

from __future__ import annotations

from collections.abc import Iterable

from shared.whole.tape import KEEP, WAITING, CutError, Reading, Span, Tape


def reading(spans: Iterable[tuple[int, int]], found: list[bytes]) -> Reading:
    """Want these spans, one after the other."""
    for offset, length in spans:
        found.append((yield Span(offset, length, "a thing")))


def passed(data: bytes, spans: Iterable[tuple[int, int]]) -> tuple[list[bytes], Tape]:
    """Let bytes pass a reading of these spans, without anything to fetch from."""
    found: list[bytes] = []
    tape = Tape(len(data))
    tape.start(reading(spans, found))
    for at in range(0, len(data), 1000):
        tape.feed(data[at : at + 1000])
    return found, tape


def test_spans_ahead_and_just_behind_are_served():
    """A reading may go forward as far as it likes, and back a little."""
    data = bytes(range(256)) * 40
    found, tape = passed(data, [(5, 2), (9000, 3), (1, 2), (10239, 1)])
    assert found == [b"\5\6", data[9000:9003], b"\1\2", b"\xff"]
    assert tape.is_sure


def test_span_far_behind_is_left_unread():
    """What has passed long ago is not served, and that is remembered."""
    found, tape = passed(bytes(3 * KEEP), [(2 * KEEP, 1), (0, 1)])
    assert (len(found), tape.is_sure, tape.why) == (1, False, "")


def test_span_longer_than_is_kept_is_left_unread():
    """Nobody gets more at once than the tape keeps."""
    found, tape = passed(bytes(2 * KEEP), [(0, KEEP + 1)])
    assert (found, tape.is_sure) == ([], False)


def test_span_behind_the_end_says_what_is_missing():
    """A span that the file is too short for is known when it is wanted."""
    tape = Tape(9)
    tape.start(reading([(8, 2)], []))
    assert tape.why == "The file ends before a thing."


def test_reading_that_finds_a_cut_says_so():
    """What a reading finds out for itself counts as well."""

    def finding() -> Reading:
        yield Span(0, 1, "a thing")
        raise CutError("It is cut.")

    tape = Tape(9)
    tape.start(finding())
    tape.feed(bytes(9))
    assert tape.why == "It is cut."


def test_too_many_readings_are_left_unread():
    """Only so many readings wait at a time: memory is flat."""
    tape = Tape(9)
    found: list[bytes] = []
    for _ in range(WAITING + 1):
        tape.start(reading([(8, 1)], found))
    tape.feed(bytes(9))
    assert (len(found), tape.is_sure) == (WAITING, False)
