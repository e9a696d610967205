"""A line to a mail server: commands out, replies in. The only user of `smtplib`.

`Client` connects with TLS, whichever way, or not at all. What smtplib, ssl and the
sockets raise crosses at `crossing`, mostly as `UnreachableError`.
"""

from __future__ import annotations

import selectors
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from shared.errors import UnreachableError

from .base import Patience
from .own_certificate import OwnCertificate
from .replies import Reply, Step, refusal

_REPLY_LINES = 100
_UNREACHED = "check host and port, and the network"
_BROKEN_OFF = (
    "the server broke TLS off: check the port; a relay that wants to know us may want "
    "another RELAY_CLIENT_CERTIFICATE"
)
_BLOCKED = (
    "Azure lets port 25 out only through a virtual network, and of some subscriptions "
    "only (EA, MCA-E): RELAY_HOST and RELAY_PORT may be those of a relay on premises; "
    "or send by another transport"
)


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the mail server is and how it is spoken to."""

    host: str
    port: int
    is_tls_first: bool = False
    """TLS from the first byte (RFC 8314, 3.3), instead of STARTTLS (RFC 3207)."""
    patience: Patience
    certificate: OwnCertificate | None = None
    """What we show to a server that wants to know who connects."""

    @property
    def context(self) -> ssl.SSLContext:
        """The platform's trust (it honours SSL_CERT_FILE), and our own certificate."""
        # Kept, and not made before the first connection: it takes milliseconds.
        version = self.certificate.version if self.certificate else 0
        made = self._made
        if version not in made:
            context = ssl.create_default_context()
            if self.certificate:
                self.certificate.load(context)
            made.clear()
            made[version] = context
        return made[version]

    @cached_property
    def _made(self) -> dict[int, ssl.SSLContext]:
        return {}

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@contextmanager
def crossing(where: object, step: Step = Step.MAIL) -> Iterator[None]:
    """Turn what the libraries raise into our answers."""
    try:
        yield
    except ssl.SSLCertVerificationError as exc:
        raise UnreachableError(
            f"{where}: its certificate is not valid: {exc.verify_message}",
            hint="check the host's name; a private authority goes into SSL_CERT_FILE",
        ) from exc
    except smtplib.SMTPResponseException as exc:
        raise refusal(Reply.of(exc.smtp_code, _octets(exc.smtp_error)), step) from exc
    except (smtplib.SMTPException, OSError, UnicodeError) as exc:
        cause = exc.__context__ if isinstance(exc.__context__, OSError) else exc
        words = str(cause) or type(cause).__name__
        hint = ""
        if step is Step.CONNECT:
            hint = _BLOCKED if str(where).endswith(":25") else _UNREACHED
            if isinstance(cause, ssl.SSLError):
                hint = _BROKEN_OFF
        raise UnreachableError(f"{where}: {words}", hint=hint) from exc


def _octets(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("ascii", "replace")


class _Lines:
    """What the server writes, line by line, with an end to one reply."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = 0

    def readline(self, limit: int) -> bytes:
        """Read a line; raises OSError in a reply that does not end."""
        self.left -= 1
        if self.left < 0:
            raise OSError(f"a reply of more than {_REPLY_LINES} lines")
        return self._file.readline(limit)

    def close(self) -> None:
        """Close the file below."""
        self._file.close()


class _Smtp(smtplib.SMTP):
    """smtplib's client, which reads no more than it must."""

    def getreply(self) -> tuple[int, bytes]:
        """Read one reply."""
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.left = _REPLY_LINES
        return super().getreply()


class _SmtpTls(_Smtp, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


class Client:
    """A connection with TLS. For one thread at a time."""

    def __init__(self, server: Server) -> None:
        """Connect and secure. Raises UnreachableError, ThrottledError."""
        self._server = server
        with crossing(server, Step.CONNECT):
            self._smtp = _connected(server)
        try:
            self._secure()
        except BaseException:
            # Whatever it was: nobody else will hang up.
            self.close()
            raise

    def _secure(self) -> None:
        with crossing(self._server, Step.CONNECT):
            self._sock.settimeout(self._server.patience.reply_seconds)
            # smtplib's own choice may ask a name server, and wait for it.
            self._smtp.local_hostname = _literal(self._sock)
            self._greet()
            if not self._server.is_tls_first:
                self._start_tls()
            # Set before the last EHLO it would only move the delay of Nagle's
            # algorithm there: 42 ms on loopback.
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _start_tls(self) -> None:
        if self.offered("starttls") is None:
            raise UnreachableError(
                f"{self._server} offers no STARTTLS",
                hint="check host and port; or somebody in between strips it",
            )
        self._smtp.starttls(context=self._server.context)
        # A refused client certificate shows itself only in this answer.
        self._greet()

    def _greet(self) -> None:
        reply = Reply.of(*self._smtp.ehlo())
        if not reply.is_good:
            raise refusal(reply, Step.CONNECT)

    @property
    def _sock(self) -> socket.socket:
        if self._smtp.sock is None:
            raise UnreachableError(f"{self._server}: the connection is closed")
        return self._smtp.sock

    def offered(self, extension: str) -> str | None:
        """What EHLO said of an extension (lower case); None where it is not there."""
        return self._smtp.esmtp_features.get(extension)

    def command(self, text: str, step: Step = Step.MAIL) -> Reply:
        """Send a command and read its reply."""
        return self.commands([text], step)[0]

    def commands(self, texts: Sequence[str], step: Step = Step.MAIL) -> list[Reply]:
        """Send commands in one breath and read their replies (RFC 2920)."""
        with crossing(self._server, step):
            self._smtp.send("".join(f"{each}\r\n" for each in texts))
            return [Reply.of(*self._smtp.getreply()) for _ in texts]

    def push(self, octets: bytes) -> None:
        """Send a part of the mail; raises the server's last words, if it left any."""
        try:
            with crossing(self._server):
                self._sock.sendall(octets)
        except UnreachableError:
            self.heed()
            raise

    def heed(self) -> None:
        """Raise what the server said without being asked."""
        if self.is_readable():
            raise refusal(self.reply(self._server.patience.reply_seconds))

    def reply(self, seconds: float) -> Reply:
        """Read a reply, waiting so long for it."""
        with crossing(self._server):
            self._sock.settimeout(seconds)
            reply = Reply.of(*self._smtp.getreply())
            self._sock.settimeout(self._server.patience.reply_seconds)
            return reply

    def is_readable(self) -> bool:
        """Whether the server has said something, or hung up."""
        sock = self._smtp.sock
        if sock is None or (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            return bool(selector.select(timeout=0))

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._smtp.close()


def _connected(server: Server) -> smtplib.SMTP:
    """Connect and hear the greeting; smtplib raises where it is not 220."""
    seconds = server.patience.connect_seconds
    if server.is_tls_first:
        return _SmtpTls(
            server.host,
            server.port,
            "localhost",
            timeout=seconds,
            context=server.context,
        )
    return _Smtp(server.host, server.port, "localhost", timeout=seconds)


def _literal(sock: socket.socket) -> str:
    """Introduce ourselves by address (RFC 5321, 4.1.3): a function app has no name."""
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
