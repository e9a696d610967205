"""The bytes of one scan as a stream, their structure checked as they pass.

Implements `model.Content` over a blob whose first MiB is at hand. Raises
`InvalidScanError` when the file proves not to be whole, `ReplacedError` or
`MissingError` when it is no longer the one we opened, `StorageError`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .errors import InvalidScanError
from .model import Kind
from .stores.blobs import RANGE_BYTES, Blobs, Opened
from .stores.border import PIECE_BYTES, StorageError
from .whole import Verdict, Watch, judge


class Bytes:
    """One scan's bytes; each reading after the first reads the ranges anew."""

    def __init__(self, blobs: Blobs, opened: Opened, kind: Kind | None) -> None:
        self._blobs = blobs
        self._opened = opened
        self._kind = kind
        """What it is checked as; None: not checked, or not any more."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._opened.blob.size

    def judge_now(self) -> Verdict | None:
        """Check the file before the mail begins, if that costs no further read."""
        if self._kind is None or not self._opened.is_all:
            return None
        return self._settled(judge(self._kind, self._opened.head))

    def judge_all(self) -> Verdict | None:
        """Check the file before the mail begins, reading all of it."""
        if self._kind is None:
            return None
        watch = self._watch(self._kind)
        for piece in self._raw():
            watch.feed(piece)
            if watch.is_hopeless:
                break
        return self._settled(watch.finish())

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, and raise at the end of a file that is not whole."""
        watch = self._watch(self._kind) if self._kind else None
        for piece in self._raw():
            if watch:
                watch.feed(piece)
                if watch.is_hopeless:
                    break
            yield piece
        if watch:
            verdict = self._settled(watch.finish())
            if not verdict.is_whole:
                raise InvalidScanError(verdict.why)

    def _settled(self, verdict: Verdict) -> Verdict:
        if verdict.is_whole:
            self._kind = None
        return verdict

    def _watch(self, kind: Kind) -> Watch:
        return Watch(kind, self.size, self._fetch)

    def _fetch(self, offset: int, length: int) -> bytes:
        """Read a range out of order, for directories that lie elsewhere."""
        head = self._opened.head
        if offset + length <= len(head) or self._opened.is_all:
            return head[offset : offset + length]
        return b"".join(self._blobs.read(self._opened.blob.place, offset, length))

    def _raw(self) -> Iterator[bytes]:
        head, place = self._opened.head, self._opened.blob.place
        for start in range(0, len(head), PIECE_BYTES):
            yield head[start : start + PIECE_BYTES]
        offset = len(head)
        while offset < self.size:
            length = min(RANGE_BYTES, self.size - offset)
            came = 0
            for piece in self._blobs.read(place, offset, length):
                came += len(piece)
                yield piece
            if came != length:
                raise StorageError(f"{length - came} bytes of a range did not come")
            offset += length
