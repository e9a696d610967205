"""Foreign exceptions cross at one place each, and none of them is forgotten."""

from __future__ import annotations

import http.client
import inspect
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from types import ModuleType

import azure.core.exceptions
import azure.identity
import msal.exceptions  # type: ignore[import-untyped]
import pytest
import requests.exceptions

from shared.errors import (
    AuthRefusedError,
    ForwardError,
    TransientError,
    UnconfirmedError,
    UnreachableError,
)
from shared.transports import client, entra, identity, keyvault, rest, rest_body
from shared.transports.acs_body import Body

from .makers import File, a_message
from .rigs import PATIENT

type Border = Callable[[], AbstractContextManager[None]]
rest_crossing: Border = partial(rest.crossing, "ACS")


def of(module: ModuleType) -> list[type[Exception]]:
    """Every exception class of a module's own that it offers, warnings apart."""
    return [
        kind
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and not issubclass(kind, Warning)
        if kind.__module__ == module.__name__ and not name.startswith("_")
    ]


def made(kind: type[Exception]) -> Exception:
    """An instance, whatever its constructor asks for."""
    exc = kind.__new__(kind, "out of order")
    exc.args = ("out of order",)
    known = {"message": "out of order", "smtp_code": 554, "smtp_error": b"no"}
    if issubclass(kind, ssl.SSLCertVerificationError):
        known["verify_message"] = "unable to get local issuer certificate"
    for name, value in known.items():
        setattr(exc, name, value)
    return exc


MAIL = [*of(smtplib), *of(ssl), *of(socket), ConnectionResetError, BrokenPipeError]
BORDERS: list[tuple[str, Border, list[type[Exception]]]] = [
    ("mail", lambda: client.crossing("mail.example.com"), MAIL),
    ("rest", rest_crossing, of(azure.core.exceptions)),
    ("rest", rest_crossing, of(http.client)),
    ("rest", rest_crossing, [*of(ssl), *of(socket), ConnectionResetError]),
    ("entra", lambda: entra.crossing(entra.Http(PATIENT)), of(msal.exceptions)),
    ("entra", lambda: entra.crossing(entra.Http(PATIENT)), of(requests.exceptions)),
    ("vault", keyvault.crossing, of(requests.exceptions)),
    ("identity", identity.crossing, [azure.identity.CredentialUnavailableError]),
    ("identity", identity.crossing, [azure.identity.AuthenticationRequiredError]),
    ("identity", identity.crossing, [azure.core.exceptions.ServiceRequestError]),
]
CASES = [
    pytest.param(border, kind, id=f"{name}: {kind.__name__}")
    for name, border, kinds in BORDERS
    for kind in kinds
]


@pytest.mark.parametrize(("border", "kind"), CASES)
def test_foreign_exception_becomes_ours(border: Border, kind: type[Exception]):
    """Every exception of a library that we use has its answer."""
    with pytest.raises(ForwardError) as caught, border():
        raise made(kind)

    assert isinstance(caught.value.__cause__, kind)
    assert caught.value.what


def test_libraries_have_exceptions_to_enumerate():
    """The enumeration finds classes, so that it can fail."""
    assert len(CASES) > 60


@pytest.mark.parametrize("kind", of(azure.core.exceptions))
def test_exception_after_the_last_byte_is_unconfirmed(kind: type[Exception]):
    """Once a body is out, no answer means that nobody knows."""
    if issubclass(kind, ValueError):
        expected: type[ForwardError] = UnreachableError  # never raised by sending
    else:
        expected = UnconfirmedError
    body = Body(a_message(), File(), lambda: None)
    assert b"".join(body)

    with pytest.raises(expected), rest.crossing("ACS", body):
        raise made(kind)


def test_exception_after_a_body_that_decides_nothing_is_for_later():
    """No mail is accepted with a part of an upload: it may be sent again at once."""
    body = rest_body.Body(lambda: [b"part"], 4, decides=False)
    assert b"".join(body)

    with pytest.raises(UnreachableError), rest.crossing("ACS", body):
        raise ConnectionResetError


def test_identity_that_is_not_there_is_a_refused_sign_in():
    """An app without its identity waits for a person."""
    with pytest.raises(AuthRefusedError), identity.crossing():
        raise azure.identity.CredentialUnavailableError(message="no identity\nat all")


@pytest.mark.parametrize(
    "border", [lambda: client.crossing("x"), rest_crossing, identity.crossing]
)
@pytest.mark.parametrize("kind", [ZeroDivisionError, AssertionError, KeyError])
def test_our_own_mistakes_are_not_hidden(border: Border, kind: type[Exception]):
    """What no library raises is a defect, and shows itself as one."""
    with pytest.raises(kind), border():
        raise kind


def test_borders_give_transient_answers():
    """A library's exception never condemns a scan."""
    for name, border, kinds in BORDERS:
        for kind in kinds:
            if issubclass(kind, smtplib.SMTPResponseException):
                continue
            with pytest.raises(TransientError), border():
                raise made(kind)
            assert name


HEAVY = ("azure", "msal", "requests", "smtplib", "ssl", "cryptography", "email.message")


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import shared.transports", HEAVY),
        ("import shared.transports.hve", ("azure", "msal", "cryptography")),
        ("import shared.transports.exo", ("azure", "msal", "cryptography")),
        ("import shared.transports.relay", ("azure", "msal", "cryptography")),
        ("import shared.transports.smtp", ("azure", "msal", "requests")),
        ("import shared.transports.acs", ("azure.identity", "msal", "smtplib")),
    ],
)
def test_import_costs_no_more_than_it_must(statement: str, absent: tuple[str, ...]):
    """Whoever only asks for names loads no library; each transport loads its own."""
    seen = f"{statement}; import sys; print(*(set({absent!r}) & set(sys.modules)))"

    run = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", seen], capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == ""
