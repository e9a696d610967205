"""Messages and files for the transports, made by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.model import Message
from shared.row import operation_id_of

SENDER = "scans@contoso.com"
SCAN_ID = "20261121-0123456789abcdef0123"
FILE = bytes(range(256)) * 20
END = -1
"""The number of the piece that does not come any more."""
_numbers = itertools.count()


def a_message(**changes: Any) -> Message:
    """A mail with a small PDF to one person inside; the same each time."""
    values: dict[str, Any] = {
        "scan_id": SCAN_ID,
        "n": 0,
        "g": 0,
        "message_id": f"<{SCAN_ID}.0@contoso.com>",
        "operation_id": operation_id_of(SCAN_ID, 0, 0),
        "date": datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
        "sender": SENDER,
        "from_name": "2nd floor copier",
        "to": ("office@contoso.com",),
        "cc": (),
        "bcc": (),
        "subject": "Scan from 2nd floor copier: contract",
        "reply_to": "jane@contoso.com",
        "text": "Scanned\n\nFile: contract.pdf (5 kB)\n",
        "html": "<p>Scanned</p><p>File: contract.pdf (5 kB)</p>",
        "attachment": "contract.pdf",
        "media_type": "application/pdf",
        "size": len(FILE),
    }
    return Message(**values | changes)


def another_message(**changes: Any) -> Message:
    """A mail of another scan each time."""
    number = next(_numbers)
    scan_id = f"20261121-{number:020x}"
    own = {
        "scan_id": scan_id,
        "message_id": f"<{scan_id}.0@contoso.com>",
        "operation_id": operation_id_of(scan_id, 0, 0),
    }
    return replace(a_message(), **own | changes)


class File:
    """A file in memory, or what goes wrong while it is read."""

    def __init__(
        self,
        data: bytes = FILE,
        *,
        piece: int = 64 * 1024,
        fault: BaseException | None = None,
        on_piece: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.size = len(data)
        self.readings = 0
        self._data = data
        self._piece = piece
        self._fault = fault
        self._on_piece = on_piece

    def pieces(self) -> Iterator[bytes]:
        """Yield the file; raise the fault, if there is one, after the last piece."""
        self.readings += 1
        for number, start in enumerate(range(0, self.size, self._piece)):
            self._on_piece(number)
            yield self._data[start : start + self._piece]
        self._on_piece(END)
        if self._fault:
            raise self._fault


class Lying(File):
    """A file that is not as long as it says."""

    def __init__(self, data: bytes, says: int) -> None:
        super().__init__(data)
        self._all = data
        self.size = says

    def pieces(self) -> Iterator[bytes]:
        """Yield what there is."""
        yield self._all


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now

    def later(self, seconds: float) -> datetime:
        """A moment after now; before it for a negative number."""
        return self.now + timedelta(seconds=seconds)
