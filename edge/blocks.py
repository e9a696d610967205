"""A file as the blocks that it is sent in: each hashed first, then streamed.

In: a file. Out: `Block`s, in order. The bytes of a small file are read once; those of a
large one whenever they are sent: what an upload holds in memory is one piece, whatever
a block's size. Raises OSError where it cannot be opened, then `UnreadError`, which
whoever sends must not take for a fault of the line; `ChangedError` where it has become
shorter, or is a file no more.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.kinds import MEDIA_TYPES, sniff

from . import reach
from .claim import ChangedError

PIECE_BYTES = 256 << 10
"""What is in memory of a file, at a time."""
KEPT_BYTES = 1 << 20
"""A file of so many is in memory as a whole."""
_HEAD_BYTES = 4096


class UnreadError(Exception):
    """The file cannot be read on."""

    def __init__(self, fault: OSError) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Block:
    """Some bytes of an open file; sent again, they are read again."""

    descriptor: int
    at: int
    length: int
    md5: bytes = b""
    """Of these bytes, as they were when they were read the first time."""
    kept: memoryview | None = None
    """All of them, of a small file."""

    def __len__(self) -> int:
        """How many bytes."""
        return self.length

    def __iter__(self) -> Iterator[memoryview]:
        """Read them; a piece holds until the next one is asked for."""
        if self.kept:
            yield self.kept
            return
        buffer = memoryview(bytearray(min(self.length, PIECE_BYTES)))
        at, left = self.at, self.length
        while left:
            count = _read(self.descriptor, at, buffer[: min(left, len(buffer))])
            yield buffer[:count]
            at, left = at + count, left - count


class Blocks:
    """An open file, and its MD5 once all blocks were taken."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self.md5 = _md5().digest()
        self._kept = memoryview(b"")

    def media_type(self, name: str) -> str:
        """Tell it by its first bytes, and its name."""
        head = bytes(self._kept[:_HEAD_BYTES])
        kind = sniff(head or os.pread(self._descriptor, _HEAD_BYTES, 0), name)
        return MEDIA_TYPES[kind] if kind else "application/octet-stream"

    def cut(self, length: int) -> Iterator[Block]:
        """Take one block after the other, each as long as that but for the last.

        A file of one block is hashed once: this is what costs most of a large one.
        """
        if self.size <= min(length, KEPT_BYTES):
            yield from self._whole()
            return
        whole = _md5()
        for at in range(0, self.size, length):
            block = Block(self._descriptor, at, min(length, self.size - at))
            own = _md5()
            for piece in block:
                own.update(piece)
                if self.size > length:
                    whole.update(piece)
            yield Block(self._descriptor, at, block.length, own.digest())
            self.md5 = (whole if self.size > length else own).digest()

    def _whole(self) -> Iterator[Block]:
        """Take it as one block, if it is not empty."""
        self._kept, got = memoryview(bytearray(self.size)), 0
        while got < self.size:
            got += _read(self._descriptor, got, self._kept[got:])
        self.md5 = hashlib.md5(self._kept, usedforsecurity=False).digest()
        if got:
            yield Block(self._descriptor, 0, got, self.md5, self._kept)


@contextmanager
def blocks(file: Path) -> Iterator[Blocks]:
    """Open a file."""
    try:
        descriptor = reach.claimed(file)
    except reach.NotAFileError as exc:
        # Given back, its name alone tells a person what it is; as an OSError it would
        # be tried for ever.
        raise ChangedError(f"It is no file any more: {exc.strerror}.") from exc
    try:
        yield Blocks(descriptor)
    finally:
        os.close(descriptor)


def _read(descriptor: int, at: int, into: memoryview) -> int:
    """Read some of it, at least a byte; says how many."""
    try:
        count = os.preadv(descriptor, [into], at)
    except OSError as exc:
        raise UnreadError(exc) from exc
    if not count:
        raise ChangedError("The claimed file has become shorter.")
    return count


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)
