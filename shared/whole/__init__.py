"""Is this file complete? Structure checks while the bytes pass, for every kind.

In: a kind, the file's true size, its bytes in order. Out: a `Verdict`. Completeness is
not validity: what a reader would forgive is whole. Never raises over what the bytes
are; only what a `fetch` raises comes through. See docs/whole.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shared.model import Kind

from . import pdf
from .archive import Archive
from .jpeg import Jpeg
from .ole import Ole
from .pdf import Pdf
from .png import Png
from .tape import Fetch
from .tiff import Tiff
from .verdict import Verdict

__all__ = ["Fetch", "Verdict", "Watch", "judge", "judge_ends", "judge_file"]

_PIECE = 1 << 16
"""Bytes looked at in one go; larger pieces are cut, so that memory stays flat."""
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")


class _Check(Protocol):
    """One format's check."""

    @property
    def is_hopeless(self) -> bool: ...
    def feed(self, piece: bytes, /) -> None: ...
    def finish(self) -> Verdict: ...


class _Text:
    """Any length of text is whole."""

    is_hopeless = False

    def feed(self, piece: bytes, /) -> None:
        """Let it pass."""

    def finish(self) -> Verdict:
        return Verdict(is_whole=True)


class _Office:
    """A ZIP, or an OLE file where it is protected by a password: the bytes tell."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._head = b""
        self._check: Archive | Ole | None = None

    @property
    def is_hopeless(self) -> bool:
        return self._check is not None and self._check.is_hopeless

    def feed(self, piece: bytes, /) -> None:
        if self._check is None:
            self._head += piece
            if len(self._head) < len(_OLE):
                return
            is_ole = self._head.startswith(_OLE)
            self._check = Ole(self._size) if is_ole else Archive(self._size)
            piece, self._head = self._head, b""
        self._check.feed(piece)

    def finish(self) -> Verdict:
        if self._check is None:
            return Verdict(is_whole=False, why="The file ends in its first bytes.")
        return self._check.finish()


def _check(kind: Kind, size: int, fetch: Fetch | None) -> _Check:
    checks: dict[Kind, Callable[[], _Check]] = {
        Kind.PDF: lambda: Pdf(size),
        Kind.TIFF: lambda: Tiff(size, fetch),
        Kind.JPEG: lambda: Jpeg(size),
        Kind.PNG: lambda: Png(size),
        Kind.TXT: _Text,
    }
    return checks.get(kind, lambda: _Office(size))()


class Watch:
    """Checks the structure of a file as its bytes pass, in order, once.

    Memory stays under 1 MB whatever the file. `size` is the file's true size; `fetch`
    reads a place of it once more, and only a TIFF whose parts point backwards asks.
    The verdict does not depend on where the pieces were cut.
    """

    def __init__(self, kind: Kind, size: int, fetch: Fetch | None = None) -> None:
        self._size = size
        self._fed = 0
        self._check = _check(kind, size, fetch)

    @property
    def is_hopeless(self) -> bool:
        """Whether the file is known already to be incomplete."""
        return self._fed > self._size or self._check.is_hopeless

    def feed(self, piece: bytes | memoryview) -> None:
        """Look at the next bytes, a piece of any length."""
        self._fed += len(piece)
        if isinstance(piece, bytes) and len(piece) <= _PIECE:
            self._check.feed(piece)
            return
        view = memoryview(piece)
        for at in range(0, len(view), _PIECE):
            self._check.feed(bytes(view[at : at + _PIECE]))

    def finish(self) -> Verdict:
        """Say whether it is whole: after the last piece, or once it is hopeless."""
        if self._fed != self._size and not self._check.is_hopeless:
            why = f"{self._fed} of {self._size} bytes arrived."
            return Verdict(is_whole=False, why=why)
        return self._check.finish()


def judge(kind: Kind, data: bytes) -> Verdict:
    """Check a whole file in memory."""
    watch = Watch(
        kind, len(data), lambda offset, length: data[offset : offset + length]
    )
    watch.feed(data)
    return watch.finish()


def judge_ends(kind: Kind, size: int, fetch: Fetch) -> Verdict | None:
    """Check a file by its two ends, where these tell; None: all of it must be seen.

    Says what all of it would say, but for the pages: they are unknown. A PDF is judged
    by its head, and by what its last `%%EOF` has behind it.
    """
    return pdf.judge_ends(size, fetch) if kind is Kind.PDF else None


def judge_file(path: Path, kind: Kind) -> Verdict:
    """Check a file on disk, read in pieces. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)

        def fetch(offset: int, length: int) -> bytes:
            place = file.tell()
            file.seek(offset)
            data = file.read(length)
            file.seek(place)
            return data

        file.seek(0)
        watch = Watch(kind, size, fetch)
        while piece := file.read(_PIECE):
            watch.feed(piece)
        return watch.finish()
