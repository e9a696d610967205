"""A message -> the bytes of a mail (RFC 5322, RFC 2045), its attachment streamed.

In: a `Message`. Out: a `Letter`: what stands before and behind the attachment, and the
exact length. Equal messages give equal letters. Raises `PermanentError` where a value
would break a header; what composes messages never lets that come to pass.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from urllib.parse import quote

from shared.errors import PermanentError
from shared.model import Message, Reason

from .coding import wrapped_size

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
"""A bare address (RFC 5321, Dot-string): nothing in it could begin another one."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
FOLD, LINE_LIMIT = 78, 998
"""RFC 5322, 2.1.1."""
_WORD_BYTES = 39
"""UTF-8 in one encoded word: with `Subject: ` before it, it ends at column 73."""
_SEGMENT = 56
"""Characters of a file name in one line (RFC 2231, 3)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail without its attachment."""

    head: bytes
    tail: bytes
    attached: int | None
    """Bytes of the file that goes between them; None: a mail without one."""

    @property
    def size(self) -> int:
        """Bytes of the whole mail, as SIZE counts them (RFC 1870, 3)."""
        coded = wrapped_size(self.attached) if self.attached is not None else 0
        return len(self.head) + coded + len(self.tail)


def letter(message: Message) -> Letter:
    """Write everything of a mail but its attachment."""
    headers = "".join(_folded(line) for line in _headers(message))
    outer, inner = _boundary(message, "mixed"), _boundary(message, "bodies")
    bodies = _bodies(message, inner)
    kind = f'multipart/alternative;\r\n boundary="{inner}"'
    if not message.attachment:
        text = f"{headers}Content-Type: {kind}\r\n\r\n{bodies}"
        return Letter(text.encode("ascii"), b"", None)
    head = (
        f'{headers}Content-Type: multipart/mixed;\r\n boundary="{outer}"\r\n\r\n'
        f"--{outer}\r\nContent-Type: {kind}\r\n\r\n{bodies}"
        f"--{outer}\r\nContent-Type: {_plain(message.media_type)}\r\n"
        f"Content-Transfer-Encoding: base64\r\n{_disposition(message.attachment)}\r\n"
    )
    return Letter(head.encode("ascii"), f"--{outer}--\r\n".encode(), message.size)


def _headers(message: Message) -> Iterator[str]:
    """Every header but the last, Content-Type; never the blind copies."""
    yield f"From: {_named(message.from_name, message.author or message.sender)}"
    if message.to:
        yield f"To: {_list(message.to)}"
    if message.cc:
        yield f"Cc: {_list(message.cc)}"
    if not message.to and not message.cc:
        yield "To: undisclosed-recipients:;"
    yield f"Subject: {_text(message.subject)}"
    yield f"Date: {format_datetime(message.date.astimezone(UTC))}"
    yield f"Message-ID: {_plain(message.message_id)}"
    if message.reply_to:
        yield f"Reply-To: {bare(message.reply_to)}"
    yield "MIME-Version: 1.0"
    # RFC 3834, 5, and what Exchange heeds: nobody's absence notice comes back.
    yield "Auto-Submitted: auto-generated"
    yield "X-Auto-Response-Suppress: All"


def unbroken(value: str) -> str:
    """Let nothing into a header that could end it. Raises PermanentError."""
    if _CONTROL.search(value):
        raise _broken(value)
    return value


def bare(address: str) -> str:
    """Let only a bare address into a header or command. Raises PermanentError."""
    if not ADDRESS.fullmatch(address):
        raise _broken(address)
    return address


def _broken(value: str) -> PermanentError:
    return PermanentError(
        f"{value[:80]!r} cannot stand in a mail's header",
        hint="rename the file or correct the route, then release the scan",
        reason=Reason.RECIPIENT_REFUSED,
    )


def _plain(value: str) -> str:
    if not value.isascii():
        raise _broken(value)
    return unbroken(value)


def _list(addresses: tuple[str, ...]) -> str:
    return ", ".join(bare(each) for each in addresses)


def _named(name: str, address: str) -> str:
    """Write a mailbox with its display name (RFC 5322, 3.4)."""
    if not name:
        return bare(address)
    shown = _text(name)
    if shown == name:
        shown = '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
    return f"{shown} <{bare(address)}>"


def _text(value: str) -> str:
    """Write free text, as encoded words (RFC 2047) where ASCII is not enough."""
    words = unbroken(value).split(" ")
    # An empty word is a doubled blank, which folding would eat.
    fits = all(0 < len(word) < FOLD - len("Subject: ") for word in words)
    if value.isascii() and "=?" not in value and (fits or not value):
        return value
    chunks = [""]
    for char in value:
        if len((chunks[-1] + char).encode()) > _WORD_BYTES:
            chunks.append("")
        chunks[-1] += char
    return " ".join(
        f"=?utf-8?b?{base64.b64encode(chunk.encode()).decode()}?=" for chunk in chunks
    )


def _folded(line: str) -> str:
    """Break a header before column 79 where it has blanks (RFC 5322, 2.2.3)."""
    lines, rest = [], line.split(" ")
    name, current = rest[0], " ".join(rest[:2])
    for word in rest[2:]:
        if len(current) + 1 + len(word) > FOLD:
            lines.append(current)
            current = ""
        current += f" {word}"
    lines.append(current)
    if max(map(len, lines)) > LINE_LIMIT:
        raise _broken(name)
    return "\r\n".join(lines) + "\r\n"


def _disposition(name: str) -> str:
    """Write the file name (RFC 2183; RFC 2231 where it is long or not ASCII).

    There is no second, ASCII `filename` beside an encoded one: current clients read
    RFC 2231, and where both stand some prefer the poorer one.
    """
    if unbroken(name).isascii() and len(name) <= _SEGMENT:
        quoted = name.replace("\\", r"\\").replace('"', r"\"")
        return f'Content-Disposition: attachment;\r\n filename="{quoted}"\r\n'
    segments = [""]
    for char in name:
        coded = quote(char, safe="")
        if len(segments[-1]) + len(coded) > _SEGMENT:
            segments.append("")
        segments[-1] += coded
    if len(segments) == 1:
        parts = [f"filename*=utf-8''{segments[0]}"]
    else:
        parts = [f"filename*{n}*={segment}" for n, segment in enumerate(segments)]
        parts[0] = parts[0].replace("=", "=utf-8''", 1)
    return "Content-Disposition: attachment;\r\n " + ";\r\n ".join(parts) + "\r\n"


def _boundary(message: Message, part: str) -> str:
    """Name a boundary after the mail, so that it is the same each time."""
    # `=_` cannot occur in quoted-printable or base64 (RFC 2045, 6.7).
    return f"=_{part}_{_plain(message.scan_id)}.{message.n}.{message.g}"


def _bodies(message: Message, boundary: str) -> str:
    """Write the text twice: plain, and as HTML."""
    parts = "".join(
        f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{_quoted(text)}"
        for kind, text in (("plain", message.text), ("html", message.html))
    )
    return f"{parts}--{boundary}--\r\n"


def _quoted(text: str) -> str:
    """Write text as quoted-printable with CRLF (RFC 2045, 6.7)."""
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    # binascii breaks long lines as the first line ends: always with CRLF here.
    return binascii.b2a_qp(lines.encode(errors="replace"), istext=True).decode("ascii")
