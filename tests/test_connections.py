"""Kept connections: used again where they are good, and only there."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from local.web import Response, WebServer
from shared import connections
from shared.connections import Connections

SECONDS = (5.0, 5.0)
BODY = b"x" * 100_000


@pytest.fixture
def server() -> Iterator[WebServer]:
    """Answers everything with the same body."""
    with WebServer(lambda _: Response.of(200, BODY.decode())) as running:
        yield running


@pytest.fixture
def kept(server) -> Iterator[Connections]:
    """Connections to it."""
    made = Connections(f"{server.url}/base/")
    yield made
    made.close()


def ask(kept: Connections) -> connections.Reply:
    """Ask for something."""
    return kept.ask("GET", f"{kept.path}/it", None, {}, SECONDS)


def read(kept: Connections) -> int:
    """Ask, and read the answer to its end; returns the status."""
    reply = ask(kept)
    assert len(b"".join(reply.pieces(1024))) > len(BODY)
    return reply.status


def test_one_connection_serves_one_call_after_the_other(server, kept):
    """What was read to its end is used again."""
    assert [read(kept) for _ in range(5)] == [200] * 5
    assert server.connections == 1


def test_path_of_the_endpoint_has_no_last_slash(kept):
    """So that a path can be put behind it."""
    assert kept.path == "/base"


def test_answer_that_is_not_read_costs_its_connection(server, kept):
    """Else the next answer would begin with the rest of it."""
    reply = ask(kept)
    next(reply.pieces(10))
    reply.close()
    ask(kept).close()
    assert read(kept) == 200
    assert server.connections == 3


def test_connection_that_rested_too_long_is_not_used(server, kept, monkeypatch):
    """Something in between may have forgotten it."""
    read(kept)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
    read(kept)
    assert server.connections == 2


def test_connection_that_the_server_closed_is_not_used(server, kept):
    """It is looked at before a request is trusted to it."""
    read(kept)
    port = int(server.url.rpartition(":")[2])
    server.stop()
    with WebServer(lambda _: Response.of(200, BODY.decode()), port=port):
        assert read(kept) == 200


def test_body_that_breaks_off_is_told():
    """Half an answer is none."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            there, _ = listening.accept()
            with there:
                there.recv(4096)
                there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

        thread = threading.Thread(target=serve)
        thread.start()
        kept = Connections(f"http://127.0.0.1:{listening.getsockname()[1]}")
        reply = kept.ask("GET", "/", None, {}, SECONDS)
        with pytest.raises(http.client.IncompleteRead):
            list(reply.pieces(1024))
        thread.join()


@pytest.mark.parametrize(
    ("body", "length", "first"),
    [
        (b"whole", "5", b"whole"),
        ([b"in ", b"pieces"], "9", b"in "),
        ([], "0", b""),
        (None, "0", b""),
    ],
)
def test_head_of_a_request_goes_with_the_first_of_its_body(
    monkeypatch, body, length, first
):
    """Whatever the body is; and where there is none nothing is held back."""
    came: list[bytes] = []
    went: list[bytes] = []
    send = http.client.HTTPConnection.send

    def noted(self: http.client.HTTPConnection, data: bytes) -> None:
        went.append(data)
        send(self, data)

    monkeypatch.setattr(http.client.HTTPConnection, "send", noted)

    def answer() -> None:
        line, _ = listening.accept()
        with line:
            said = line.recv(65_536)
            while len(said.partition(b"\r\n\r\n")[2]) < int(length):
                said += line.recv(65_536)
            came.append(said)
            line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5.0)
        thread = threading.Thread(target=answer)
        thread.start()
        kept = Connections(f"http://127.0.0.1:{listening.getsockname()[1]}")
        headers = {"Content-Length": length}
        reply = kept.ask("PUT", "/it", body, headers, SECONDS)
        thread.join()
    reply.close()
    kept.close()
    assert reply.status == 204
    assert came[0].startswith(went[0])
    head, _, rest = went[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /it HTTP/1.1\r\n")
    assert rest.startswith(first)
