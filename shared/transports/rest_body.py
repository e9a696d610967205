"""The body of a REST call, streamed: its length is known before, and who has had it.

JSON is written around the base64 of a file, in the same bytes as often as it is read.
What the file raises comes out unchanged, even through an HTTP library: see `fault`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.model import Content

from .coding import Portions, coded, coded_size


class Body:
    """A request's body, of known length, read piece by piece."""

    def __init__(
        self, parts: Callable[[], Iterable[bytes]], size: int, *, decides: bool = True
    ) -> None:
        self._parts = parts
        self._size = size
        self.decides = decides
        """Whether a mail may be accepted with its last byte."""
        self.is_out = False
        """Whether its last byte was handed to the socket."""
        self.fault: BaseException | None = None
        """What reading it raised, before any library wrapped it."""
        self.token_seconds = 0.0

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        # An empty one is a body all the same.
        return True

    def __iter__(self) -> Iterator[bytes]:
        self.is_out = False
        try:
            yield from self._parts()
        except GeneratorExit:
            raise
        except BaseException as exc:
            # The library makes something else of it: whoever sends looks here.
            self.fault = exc
            raise
        # Whoever asks for more has passed on what came before.
        self.is_out = True

    def __deepcopy__(self, memo: dict[int, Any]) -> Body:
        # The SDK copies every request; the bytes stay where they are.
        return self

    def sha256(self) -> bytes:
        """Read it all once, for a signature."""
        digest = hashlib.sha256()
        for part in self:
            digest.update(part)
        self.is_out = False
        return digest.digest()


@dataclass(frozen=True, slots=True)
class Frame:
    """JSON, and where in it the base64 of a file goes."""

    head: bytes
    tail: bytes = b""
    attached: int | None = None
    """Bytes of the file; None: there is none."""

    @property
    def size(self) -> int:
        """Bytes of the whole, base64 counted."""
        coded_bytes = coded_size(self.attached) if self.attached is not None else 0
        return len(self.head) + coded_bytes + len(self.tail)

    def parts(self, content: Content, check: Callable[[], None]) -> Iterator[bytes]:
        """Write it with the file; `check` raises once it may not be completed."""
        if self.attached is None:
            check()
            yield self.head
            return
        yield self.head
        for block in coded(content):
            check()
            yield block
        check()
        yield self.tail


def ranged(
    content: Content, most: int, check: Callable[[], None]
) -> Iterator[tuple[str, Body]]:
    """Cut a file into bodies of at most `most` bytes, each with its Content-Range.

    Each is sent, once, before the next one is asked for (RFC 9110, 14.4). Raises in the
    end what the file raises in its end.
    """
    portions = Portions(content)

    def part(size: int) -> Iterator[bytes]:
        for piece in portions.take(size):
            check()
            yield piece

    for start in range(0, content.size, most):
        end = min(start + most, content.size)
        body = Body(partial(part, end - start), end - start, decides=False)
        yield f"bytes {start}-{end - 1}/{content.size}", body
    portions.finish()


def framed(
    fields: Mapping[str, Any], hole: str = "", attached: int | None = None
) -> Frame:
    """Write JSON; `hole` is its last property, empty, for a file of `attached` bytes.

    The hole is the last, so that nothing but the end stands behind it.
    """
    whole = json.dumps(fields, separators=(",", ":")).encode("ascii")
    if attached is None:
        return Frame(whole)
    mark = f'"{hole}":"'.encode()
    cut = whole.rindex(mark) + len(mark)
    return Frame(whole[:cut], whole[cut:], attached)
