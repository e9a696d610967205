"""Reads at any place of a file whose bytes pass once, in order.

In: the pieces, and readings: generators that yield the `Span` they want next and are
sent its bytes. A reading raises `CutError` where the file contradicts its own length,
and `UnreadError` where it gives up for another reason.
Memory is flat: the last `KEEP` bytes, one fetched block, at most `WAITING` readings.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

type Fetch = Callable[[int, int], bytes]
"""Offset, length -> bytes; fewer where the file ends before."""

KEEP = 80 << 10
"""Bytes kept behind the place that has been reached; no span is longer."""
BLOCK = 1 << 18
"""Bytes of one fetch: what lies near the span is often wanted next."""
FETCHES = 16
WAITING = 256


class CutError(Exception):
    """Something that the file speaks of lies behind its end; says what, in words."""


class UnreadError(Exception):
    """Something is left unread: the file is judged without it."""


class Span(NamedTuple):
    """A stretch of the file that a reading wants."""

    offset: int
    length: int
    what: str
    """Its name for a person."""


type Reading = Generator[Span, bytes]


class Tape:
    """Serves readings while the bytes pass.

    What it answers does not depend on how the bytes were cut into pieces: readings go
    on in the order of where their spans end, and what counts as past is reckoned from
    the last span served, not from the last byte seen.
    """

    def __init__(self, size: int, fetch: Fetch | None = None) -> None:
        self.size = size
        self.position = 0
        """Bytes that have passed."""
        self.why = ""
        """What is missing; empty while nothing is known to be."""
        self.is_sure = True
        """Whether nothing had to be left unread."""
        self._tail = bytearray()
        self._now = 0
        self._fetch = fetch
        self._fetches = 0
        self._block = (0, b"")
        self._serial = count()
        self._waiting: list[tuple[int, int, Span, Reading]] = []

    def start(self, reading: Reading) -> None:
        """Begin a reading; dropped where too many are waiting already."""
        if len(self._waiting) < WAITING:
            self._step(reading, None)
        else:
            self.is_sure = False

    def feed(self, piece: bytes) -> None:
        """Let a piece of at most a few hundred KB pass."""
        del self._tail[:-KEEP]
        self._tail += piece
        self.position += len(piece)
        while self._waiting and self._waiting[0][0] <= self.position:
            end, _, span, reading = heappop(self._waiting)
            self._now = max(self._now, end)
            self._step(reading, span)

    def _step(self, reading: Reading, served: Span | None) -> None:
        """Let a reading go on to its next span."""
        try:
            span = reading.send(self._bytes(served)) if served else next(reading)
            end = self._end_of(span)
        except StopIteration:
            return
        except UnreadError:
            self.is_sure = False
        except CutError as exc:
            self.why = self.why or str(exc)
            self._waiting.clear()
        else:
            heappush(self._waiting, (end, next(self._serial), span, reading))

    def _end_of(self, span: Span) -> int:
        end = span.offset + span.length
        if end > self.size:
            raise CutError(f"The file ends before {span.what}.")
        return end

    def _bytes(self, span: Span) -> bytes:
        if span.length > KEEP:
            raise UnreadError
        if span.offset >= self._now - KEEP:
            at = span.offset - (self.position - len(self._tail))
            return bytes(self._tail[at : at + span.length])
        return self._fetched(span)

    def _fetched(self, span: Span) -> bytes:
        """Get what has passed already, and its neighbours with it."""
        start, block = self._block
        if not start <= span.offset <= start + len(block) - span.length:
            if self._fetch is None or self._fetches == FETCHES:
                raise UnreadError
            self._fetches += 1
            start = max(0, span.offset + KEEP - BLOCK)
            block = self._fetch(start, min(BLOCK, self.size - start))
            self._block = (start, block)
        at = span.offset - start
        found = block[at : at + span.length]
        if len(found) < span.length:
            raise UnreadError
        return found
