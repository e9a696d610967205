"""The stand-ins are strict: what the services would refuse, they refuse."""

from __future__ import annotations

import base64
import gc
import json
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import Any

import jwt
import pytest
import requests

from local.acs import Operation
from local.acs_check import Sent, check
from local.azurite import free_port
from local.certificates import Authority, signed_by_itself
from local.mailserver import House, MailServer
from local.shapes import RefusedError
from local.tokens import Issuer
from local.web import Request, Response, WebServer
from shared.transports.acs_body import Body

from .makers import File, a_message, another_message
from .peers import APPLICATION, IDENTITY, TENANT, Peers

GOOD: dict[str, Any] = json.loads(b"".join(Body(a_message(), File(), lambda: None)))
FILE: dict[str, Any] = GOOD["attachments"][0]
MANY = [{"address": f"p{n}@contoso.com"} for n in range(51)]


def changed(**parts: Any) -> bytes:
    """The good request with something else in it."""
    return json.dumps(GOOD | parts).encode()


def test_good_request_is_understood():
    """What the transport sends is what the service reads."""
    assert isinstance(check(changed()), Sent)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"senderAddress":"a@b.c","senderAddress":"a@b.c"}', 400),
        (changed(sender="scans@contoso.com"), 400),
        (changed(content={"plainText": "no subject"}), 400),
        (changed(content={"subject": 7}), 400),
        (changed(recipients={"cc": [{"address": "a@contoso.com"}]}), 400),
        (changed(recipients={"to": []}), 400),
        (changed(recipients={"to": ["a@contoso.com"]}), 400),
        (changed(recipients={"to": [{"address": "nobody"}]}), 400),
        (changed(recipients={"to": MANY}), 400),
        (changed(headers={"X": 1}), 400),
        (changed(headers={"X Y": "1"}), 400),
        (changed(headers={"X": "1\r\nBcc: eve@fabrikam.com"}), 400),
        (changed(attachments=[FILE | {"contentInBase64": "a"}]), 400),
        (changed(attachments=[FILE | {"contentInBase64": "YQ==\n"}]), 400),
        (changed(attachments=[FILE | {"contentType": "application/oxps"}]), 400),
        (changed(attachments=[{"name": "a.pdf"}]), 400),
        (changed(userEngagementTrackingDisabled="yes"), 400),
        (b" " * 10_000_001, 413),
    ],
)
def test_request_that_is_not_as_defined_is_refused(body: bytes, status: int):
    """The ACS stand-in takes what the service's definition allows, and no more."""
    with pytest.raises(RefusedError) as caught:
        check(body)

    assert caught.value.status == status


def posted(peers: Peers, path: str, **headers: str) -> requests.Response:
    """Post the good request to ACS."""
    return requests.post(
        f"{peers.acs.server.url}{path}", data=changed(), headers=headers, timeout=5
    )


SEND = "/emails:send?api-version=2025-09-01"


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        (SEND, "", 401),
        (SEND, "Bearer nonsense", 401),
        (SEND, "HMAC-SHA256 SignedHeaders=x-ms-date&Signature=0", 401),
        ("/emails:send", "", 400),
        ("/emails:send?api-version=1999-01-01", "", 400),
    ],
)
def test_request_of_nobody_is_refused(
    path: str, authorization: str, status: int, peers: Peers
):
    """The ACS stand-in wants a version, and to know who asks."""
    assert posted(peers, path, Authorization=authorization).status_code == status


def test_token_for_another_service_is_refused(peers: Peers):
    """A token opens only what it was issued for."""
    token = peers.issuer.issue("https://storage.azure.com", {})

    answer = posted(peers, SEND, Authorization=f"Bearer {token}")

    assert answer.status_code == 401


def test_operation_id_that_is_no_uuid_is_refused(peers: Peers):
    """An operation is named by a UUID."""
    token = peers.issuer.issue("https://communication.azure.com", {})
    headers = {"Authorization": f"Bearer {token}", "Operation-Id": "7"}

    assert posted(peers, SEND, **headers).status_code == 400


def test_reports_are_as_event_grid_sends_them(peers: Peers):
    """Each recipient of a mail gets a report that names operation and fate."""
    message = another_message(cc=("bad@fabrikam.com",))
    peers.acs.bounces["bad@fabrikam.com"] = "Bounced"
    body = b"".join(Body(message, File(), lambda: None))
    operation = Operation(message.operation_id, check(body), body, time.time())

    events = list(peers.acs.reports(operation))

    seen = [(each["data"]["recipient"], each["data"]["status"]) for each in events]
    assert seen == [
        ("office@contoso.com", "Delivered"),
        ("bad@fabrikam.com", "Bounced"),
    ]
    assert {each["data"]["messageId"] for each in events} == {message.operation_id}


def asked(peers: Peers, **form: str) -> requests.Response:
    """Ask Entra for a token."""
    known = {
        "grant_type": "client_credentials",
        "client_id": APPLICATION,
        "scope": "https://outlook.office365.com/.default",
        "client_assertion_type": (
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        ),
    }
    return requests.post(peers.entra.token_endpoint, data=known | form, timeout=5)


def assertion(peers: Peers, pem: str, **claims: Any) -> str:
    """Sign what an application says of itself."""
    known = {
        "aud": peers.entra.token_endpoint,
        "iss": APPLICATION,
        "sub": APPLICATION,
        "exp": time.time() + 60,
        "jti": "1",
    }
    return jwt.encode(known | claims, pem, "RS256")


@pytest.mark.parametrize(
    "claims",
    [{"aud": "https://example.com"}, {"iss": "app-2"}, {"sub": "app-2"}, {"exp": 1}],
)
def test_assertion_that_is_not_in_order_is_refused(
    claims: dict[str, Any], peers: Peers
):
    """Entra's stand-in checks audience, issuer, subject and end."""
    text = assertion(peers, peers.certificate, **claims)

    assert asked(peers, client_assertion=text).status_code == 401


def test_assertion_of_another_certificate_is_refused(peers: Peers):
    """Only a registered certificate speaks for the application."""
    text = assertion(peers, signed_by_itself("another"))

    assert asked(peers, client_assertion=text).status_code == 401


@pytest.mark.parametrize("tenant", [TENANT, "tenant-2"])
def test_federated_token_of_somebody_else_is_refused(tenant: str, peers: Peers):
    """A federated credential names its issuer and its subject."""
    other = peers.issuer if tenant == TENANT else Issuer(tenant)
    text = other.issue("api://AzureADTokenExchange", {"sub": "object-2"})

    assert asked(peers, client_assertion=text).status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"header": "wrong"}, 401),
        ({"client_id": "identity-2"}, 400),
        ({"resource": "https://management.azure.com"}, 400),
        ({"api-version": "2017-09-01"}, 400),
    ],
)
def test_identity_endpoint_is_for_the_app_alone(
    change: dict[str, str], status: int, peers: Peers
):
    """The identity endpoint wants its header, a known identity and a known resource."""
    query = {
        "api-version": "2019-08-01",
        "resource": "https://communication.azure.com/",
        "client_id": IDENTITY,
    }
    secret = change.get("header", peers.identity.secret)
    answer = requests.get(
        f"{peers.identity.server.url}/msi/token",
        params=query | {k: v for k, v in change.items() if k != "header"},
        headers={"X-IDENTITY-HEADER": secret},
        timeout=5,
    )

    assert answer.status_code == status


def test_access_key_is_base64(peers: Peers):
    """The stand-in's key has the shape of the service's."""
    key = peers.acs.connection_string.partition("accesskey=")[2]

    assert len(base64.b64decode(key, validate=True)) == 64


def test_request_that_breaks_off_is_not_served():
    """A client that died in mid-sentence has asked for nothing."""
    asked: list[bytes] = []

    def answer(request: Request) -> Response:
        asked.append(request.body)
        return Response.of(200, {})

    with WebServer(answer) as server:
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        for body in (b"half", b"the whole.", b""):
            with socket.create_connection(address, timeout=10) as client:
                head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
                client.sendall(head + body)
                client.shutdown(socket.SHUT_WR)
                client.recv(1)
    assert asked == [b"the whole."]


def test_mail_server_stops_while_clients_come(monkeypatch):
    """Nothing half open is left to the garbage collector, which would complain."""
    complaints: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    over = threading.Event()
    port = free_port()

    def call() -> None:
        while not over.is_set():
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", port), 1) as it,
            ):
                it.recv(10)

    callers = [threading.Thread(target=call) for _ in range(4)]
    with Authority() as authority:
        context = authority.context()
        for each in callers:
            each.start()
        for _ in range(15):
            with MailServer(House(), context, port):
                time.sleep(0.02)
            gc.collect()
    over.set()
    for each in callers:
        each.join()
    assert complaints == []
