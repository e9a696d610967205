"""The wire to REST services: uploads to another host, and what answers mean."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from local.web import Fault, Moment, Request, Response, WebServer
from shared.errors import (
    AuthRefusedError,
    InvalidScanError,
    RecipientRefusedError,
    UnconfirmedError,
    UnreachableError,
)
from shared.transports.rest import Wire
from shared.transports.rest_answers import Answer, Table
from shared.transports.rest_body import ranged

from .makers import END, File, Lying
from .peers import Peers
from .rigs import PATIENT

TABLE = Table(statuses={}, words=(), hints=())


def never() -> None:
    """It may always be completed."""


class Signed(SansIOHTTPPolicy[Any, Any]):
    """Signs in with something that is not for others."""

    def on_request(self, request) -> None:
        """Sign."""
        request.http_request.headers["Authorization"] = "Bearer secret"


class Host:
    """A host that files are uploaded to."""

    def __init__(self, peers: Peers) -> None:
        self.came: list[Request] = []
        self.server = WebServer(self._answer, peers.authority.context())

    def _answer(self, request: Request) -> Response:
        self.came.append(request)
        return Response(200 + (request.headers["content-range"] == "bytes 8-9/10"))


@pytest.fixture
def host(peers: Peers) -> Iterator[Host]:
    """Give a host that takes whatever comes."""
    made = Host(peers)
    with made.server:
        yield made


@pytest.fixture
def wire(peers: Peers) -> Iterator[Wire]:
    """Give a wire to a service that signs in."""
    made = Wire("ACS", peers.acs.server.url, Signed(), PATIENT)
    yield made
    made.close()


def test_file_is_uploaded_range_by_range_without_credentials(wire: Wire, host: Host):
    """Another host gets the bytes in order, and nothing that opens the service."""
    file = File(b"0123456789", piece=3)

    answer = wire.upload(f"{host.server.url}/up?token=x", file, 4, never)

    assert answer.status == 201
    assert [(each.headers["content-range"], each.body) for each in host.came] == [
        ("bytes 0-3/10", b"0123"),
        ("bytes 4-7/10", b"4567"),
        ("bytes 8-9/10", b"89"),
    ]
    assert not any("authorization" in each.headers for each in host.came)
    assert {each.target for each in host.came} == {"/up?token=x"}


def test_refused_range_ends_the_upload(wire: Wire, host: Host):
    """Nothing is sent behind a range that was not taken."""
    host.server.faults.add(Fault(Moment.ANSWER, Response(503)))

    assert wire.upload(host.server.url, File(b"x" * 10), 4, never).status == 503

    assert host.came == []


def test_upload_may_be_begun_again(wire: Wire, host: Host):
    """A connection that breaks behind the last range leaves no mail in doubt."""
    host.server.faults.add(Fault(Moment.AFTER))

    with pytest.raises(UnreachableError):
        wire.upload(host.server.url, File(b"x" * 4), 4, never)


@pytest.mark.parametrize("url", ["http://127.0.0.1/up", "None", "https:///up"])
def test_nothing_is_uploaded_in_the_clear(url: str, wire: Wire):
    """What the service names must be a host, and speak TLS."""
    file = File()

    with pytest.raises(UnreachableError):
        wire.upload(url, file, 4, never)

    assert file.readings == 0


def test_what_the_file_raises_in_its_end_comes_through(wire: Wire, host: Host):
    """A file that proves broken after its last byte says so itself."""
    fault = InvalidScanError("cut off")

    with pytest.raises(InvalidScanError) as caught:
        wire.upload(host.server.url, File(b"x" * 8, fault=fault), 4, never)

    assert caught.value is fault


@pytest.mark.parametrize("says", [7, 9])
def test_file_of_another_length_is_not_uploaded_as_it_is(
    says: int, wire: Wire, host: Host
):
    """Ranges promise a length; a file that has another one breaks off."""
    with pytest.raises(UnreachableError):
        wire.upload(host.server.url, Lying(b"x" * 8, says), 4, never)


def test_many_threads_share_the_other_host(wire: Wire, host: Host):
    """Uploads of many threads go over connections that are kept."""
    url = f"{host.server.url}/up"

    def send() -> None:
        for _ in range(3):
            wire.upload(url, File(b"x" * 8), 4, never)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(host.came) == 24
    assert host.server.connections <= 4


def test_ranges_hold_no_more_than_a_piece():
    """A range is read as it is sent, and not before."""
    read: list[int] = []
    file = File(b"x" * 10, piece=1, on_piece=read.append)

    for _, body in ranged(file, 5, never):
        for part in body:
            assert len(part) == 1
            assert len(read) == read[-1] + 1

    assert read == [*range(10), END]


@pytest.mark.parametrize(
    ("status", "refusal", "prepared", "asked"),
    [
        (200, UnconfirmedError, UnreachableError, UnreachableError),
        (400, RecipientRefusedError, RecipientRefusedError, UnreachableError),
        (401, AuthRefusedError, AuthRefusedError, AuthRefusedError),
        (500, UnreachableError, UnreachableError, UnreachableError),
    ],
)
def test_answer_means_what_was_asked_for(
    status: int,
    refusal: type[Exception],
    prepared: type[Exception],
    asked: type[Exception],
):
    """Only a mail can be of unknown fate, and only a mail can be refused for good."""
    answer = Answer(status, {}, b"")

    assert type(TABLE.refusal(answer)) is refusal
    assert type(TABLE.refusal(answer, decides=False)) is prepared
    assert type(TABLE.for_later(answer)) is asked


def test_step_that_was_done_is_passed_on():
    """What leads to a mail is done, or says why not; a question never ends a mail."""
    no = Answer(400, {}, b"")
    assert TABLE.done(Answer(201, {}, b"{}")).fields() == {}

    with pytest.raises(RecipientRefusedError):
        TABLE.done(no)
    with pytest.raises(UnreachableError):
        TABLE.done(no, is_question=True)


@pytest.mark.parametrize(
    ("status", "decides", "is_doubtful"),
    [(500, True, True), (503, True, True), (500, False, False), (429, True, False)],
)
def test_failure_after_a_whole_mail_is_doubtful(status, decides, is_doubtful):
    """Whoever answers so may have taken it: no other transport takes over unasked."""
    error = TABLE.refusal(Answer(status, {}, b""), decides=decides)
    assert error.is_doubtful == is_doubtful
