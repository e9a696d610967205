"""The line to a mail server that behaves as none should: scripted, word for word."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.errors import ThrottledError, TransientError, UnreachableError
from shared.transports.client import Client, Server
from shared.transports.retry_after import LONGEST_SECONDS, seconds

from .makers import Clock
from .rigs import HASTY


@contextmanager
def scripted(*lines: bytes) -> Iterator[Server]:
    """Run a server that says this, whatever it hears, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as sock:
                for line in lines:
                    sock.sendall(line)
                    sock.settimeout(2)
                    sock.recv(1000)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        yield Server(host="127.0.0.1", port=port, patience=HASTY)
        thread.join()


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((b"220-hello\r\n" * 200,), UnreachableError),
        ((b"220 " + b"x" * 10_000 + b"\r\n",), UnreachableError),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), UnreachableError),
        ((b"\0\xff\xfe\r\n",), UnreachableError),
        ((b"220 hello\r\n", b"421 4.7.0 Slow down\r\n"), ThrottledError),
        (
            (b"220 hello\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454 No\r\n"),
            TransientError,
        ),
        (
            (b"220 hello\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 Go\r\nXX"),
            TransientError,
        ),
    ],
)
def test_server_that_makes_no_sense_is_a_transient_answer(lines, error: type):
    """Endless, overlong or foreign words end the connection, and are no defect."""
    with scripted(*lines) as server, pytest.raises(error):
        Client(server)


def test_host_that_is_no_name_is_unreachable():
    """A host that cannot be looked up is named in the answer."""
    server = Server(host="a" * 70 + ".example", port=25, patience=HASTY)

    with pytest.raises(UnreachableError, match="example"):
        Client(server)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("999999999999999", LONGEST_SECONDS),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_SECONDS),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, expected: float | None):
    """Retry-After (RFC 9110, 10.2.3) is a wait of sensible length, or nothing."""
    assert seconds(text, Clock()()) == expected
