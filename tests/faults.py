"""The shelf: what can go wrong on the way out, by name, and what must come of it.

`lay` puts a fault in the way of the next mail, over the stand-ins of `local`: real
sockets, real TLS. Where the peer itself is wrong, it returns settings that lead there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from local.mail_faults import MailFault, Step, Then
from local.web import Fault, Moment, Response
from shared.errors import (
    AuthRefusedError,
    DuplicateError,
    ForwardError,
    RecipientRefusedError,
    SenderRefusedError,
    ThrottledError,
    TooLargeError,
    UnconfirmedError,
    UnreachableError,
)

if TYPE_CHECKING:
    from tests.transports.peers import Peers

type Lay = Callable[[Peers, ExitStack], Mapping[str, str]]

BIG = 5_000_000
"""Bytes of a file that no socket's buffer swallows whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One fault of the shelf."""

    name: str
    speaks: str
    """`smtp`, or the REST service: who can meet it."""
    lay: Lay
    error: type[ForwardError] | tuple[type[ForwardError], ...]
    accepted: int = 0
    """Mails that the peer has taken all the same."""
    size: int = 0
    """Bytes of the file that it takes; 0: any."""
    is_elsewhere: bool = False
    """The peer itself is wrong, and does not get better."""
    signs_in: bool = False
    """It strikes at the sign-in."""
    is_slow: bool = False
    """It ends by a time-out."""
    retry_after: float | None = None


def _mail(fault: MailFault) -> Lay:
    def lay(peers: Peers, stack: ExitStack) -> Mapping[str, str]:
        peers.mail.faults.add(fault)
        stack.callback(peers.mail.faults.clear)
        return {}

    return lay


def _said(step: Step, reply: str, error: type[ForwardError], times: int = 1) -> Trouble:
    code = " ".join(word for word in reply.split()[:2] if word[0].isdigit())
    fault = MailFault(step=step, reply=reply, times=times)
    return Trouble(
        name=f"{code} at {step}",
        speaks="smtp",
        lay=_mail(fault),
        error=error,
        signs_in=step is Step.AUTH,
    )


def _dropped(step: Step, error: type[ForwardError], accepted: int = 0) -> Trouble:
    return Trouble(
        name=f"drop at {step}",
        speaks="smtp",
        lay=_mail(MailFault(step=step, then=Then.HANG_UP)),
        error=error,
        accepted=accepted,
        signs_in=step is Step.AUTH,
        size=BIG if step is Step.BODY else 0,
    )


def _slow(step: Step, error: type[ForwardError], accepted: int = 0) -> Trouble:
    return Trouble(
        name=f"slow at {step}",
        speaks="smtp",
        lay=_mail(MailFault(step=step, then=Then.STALL)),
        error=error,
        accepted=accepted,
        size=BIG if step is Step.BODY else 0,
        is_slow=True,
    )


def _all_at(port: int) -> Mapping[str, str]:
    names = ("HVE", "EXO", "SMTP", "RELAY", "DIRECT")
    return {f"{name}_PORT": str(port) for name in names}


def _no_mail_server(peers: Peers, stack: ExitStack) -> Mapping[str, str]:  # noqa: ARG001 (Lay)
    from tests.transports.peers import closed_port

    return _all_at(closed_port())


def _wrong_certificate(peers: Peers, stack: ExitStack) -> Mapping[str, str]:
    server = stack.enter_context(peers.mail_server("mail.fabrikam.com"))
    return _all_at(server.port)


def _stripped(peers: Peers, stack: ExitStack) -> Mapping[str, str]:
    server = stack.enter_context(peers.mail_server(offers_tls=False))
    return _all_at(server.port)


QUOTA = "554 5.2.0 STOREDRV.ClientSubmit; SubmissionQuotaExceeded"
_NO = "535 5.7.3 Authentication unsuccessful"

SMTP_TROUBLES: tuple[Trouble, ...] = (
    Trouble(
        name="refused connection",
        speaks="smtp",
        lay=_no_mail_server,
        is_elsewhere=True,
        error=UnreachableError,
    ),
    Trouble(
        name="wrong certificate",
        speaks="smtp",
        lay=_wrong_certificate,
        is_elsewhere=True,
        error=UnreachableError,
    ),
    Trouble(
        name="STARTTLS stripped",
        speaks="smtp",
        lay=_stripped,
        is_elsewhere=True,
        error=UnreachableError,
    ),
    _said(Step.CONNECT, "421 4.3.2 Service not available", ThrottledError),
    _said(Step.CONNECT, "554 5.7.1 No service for you", UnreachableError),
    _said(Step.EHLO, "421 4.4.2 Connection dropped", ThrottledError),
    _said(Step.EHLO, "550 5.5.4 Not by that name", UnreachableError),
    _said(Step.AUTH, _NO, AuthRefusedError, times=2),
    _said(Step.AUTH, "454 4.7.0 Temporary authentication failure", UnreachableError),
    _said(Step.AUTH, "501 5.5.121 Malformed", AuthRefusedError),
    _said(Step.MAIL, "421 4.7.0 Too many mails", ThrottledError),
    _said(Step.MAIL, "432 4.3.2 Concurrent connections limit exceeded", ThrottledError),
    _said(Step.MAIL, "451 4.7.500 Server busy", ThrottledError),
    _said(Step.MAIL, "452 4.3.1 Insufficient system resources", ThrottledError),
    _said(Step.MAIL, "530 5.7.57 Client not authenticated", AuthRefusedError),
    _said(Step.MAIL, "550 5.7.60 May not send as this sender", AuthRefusedError),
    _said(Step.MAIL, "552 5.3.4 Message size exceeds limit", TooLargeError),
    _said(Step.MAIL, "550 5.1.8 Bad sender", RecipientRefusedError),
    _said(Step.RCPT, "450 4.2.1 Mailbox busy", UnreachableError),
    _said(Step.RCPT, "452 4.5.3 Too many recipients", ThrottledError),
    _said(Step.RCPT, "550 5.5.105 No external sending", RecipientRefusedError),
    _said(Step.RCPT, "550 5.1.10 Recipient not found", RecipientRefusedError),
    _said(Step.RCPT, "550 5.7.240 Not on the list of apps", AuthRefusedError),
    _said(Step.DATA, "451 4.3.0 Try later", UnreachableError),
    _said(Step.DATA, "554 5.5.1 No valid recipients", RecipientRefusedError),
    _said(Step.DOT, "450 4.7.1 Greylisted", UnreachableError),
    _said(Step.DOT, "552 5.2.3 Message too large", TooLargeError),
    _said(Step.DOT, "554 5.6.0 Not deliverable", RecipientRefusedError),
    _said(Step.DOT, QUOTA, ThrottledError),
    _said(Step.DOT, "What did you say?", UnconfirmedError),
    Trouble(
        name="552 in the middle of the mail",
        speaks="smtp",
        lay=_mail(
            MailFault(
                step=Step.BODY, reply="552 5.3.4 Too much mail data", then=Then.HANG_UP
            )
        ),
        # The reply may be lost to the reset behind it.
        error=(TooLargeError, UnreachableError),
        size=BIG,
    ),
    _dropped(Step.CONNECT, UnreachableError),
    _dropped(Step.EHLO, UnreachableError),
    _dropped(Step.TLS, UnreachableError),
    _dropped(Step.AUTH, UnreachableError),
    _dropped(Step.MAIL, UnreachableError),
    _dropped(Step.RCPT, UnreachableError),
    _dropped(Step.DATA, UnreachableError),
    _dropped(Step.BODY, UnreachableError),
    _dropped(Step.DOT, UnconfirmedError),
    _dropped(Step.AFTER, UnconfirmedError, accepted=1),
    _slow(Step.EHLO, UnreachableError),
    _slow(Step.TLS, UnreachableError),
    _slow(Step.MAIL, UnreachableError),
    _slow(Step.BODY, UnreachableError),
    _slow(Step.DOT, UnconfirmedError),
    _slow(Step.AFTER, UnconfirmedError, accepted=1),
)


def _rest(speaks: str, fault: Fault) -> Lay:
    def lay(peers: Peers, stack: ExitStack) -> Mapping[str, str]:
        faults = getattr(peers, speaks).server.faults
        faults.add(fault)
        stack.callback(faults.clear)
        return {}

    return lay


def _answered(
    status: int,
    error: type[ForwardError],
    said: str = "",
    *,
    speaks: str = "acs",
    retry_after: str = "",
) -> Trouble:
    """An answer of a REST service; `said` is its `CODE: message`."""
    headers = {"Retry_After": retry_after} if retry_after else {}
    code, _, message = said.partition(": ")
    body = {"error": {"code": code, "message": message}}
    fault = Fault(Moment.ANSWER, Response.of(status, body, **headers))
    return Trouble(
        name=" ".join(filter(None, (str(status), said, retry_after))),
        speaks=speaks,
        lay=_rest(speaks, fault),
        error=error,
        retry_after=float(retry_after) if retry_after else None,
    )


def _at(peers: Peers, url: str) -> Mapping[str, str]:
    key = f"endpoint={url}/;accesskey={peers.acs.resource.access_key}"
    return {"ACS_CONNECTION_STRING": key, "GRAPH_ENDPOINT": url}


def _nowhere(peers: Peers, stack: ExitStack) -> Mapping[str, str]:  # noqa: ARG001 (Lay)
    from tests.transports.peers import closed_port

    return _at(peers, f"https://localhost:{closed_port()}")


def _any_rest(speaks: str) -> Iterator[Trouble]:
    """What every REST service can meet; nothing that is peculiar to one."""

    def elsewhere(peers: Peers, stack: ExitStack) -> Mapping[str, str]:
        other = stack.enter_context(getattr(peers, f"{speaks}_elsewhere")())
        return _at(peers, other.server.url)

    for name, lay in (
        ("refused connection", _nowhere),
        ("wrong certificate", elsewhere),
    ):
        yield Trouble(
            name=name,
            speaks=speaks,
            lay=lay,
            is_elsewhere=True,
            error=UnreachableError,
        )
    yield _answered(200, UnconfirmedError, speaks=speaks)
    yield _answered(302, UnreachableError, speaks=speaks)
    yield _answered(401, AuthRefusedError, "Unauthorized: Denied", speaks=speaks)
    yield _answered(403, AuthRefusedError, "Forbidden: No role", speaks=speaks)
    yield _answered(404, AuthRefusedError, "Unknown: Nobody here", speaks=speaks)
    yield _answered(408, UnreachableError, speaks=speaks)
    yield _answered(413, TooLargeError, "TooLarge: It is", speaks=speaks)
    yield _answered(422, RecipientRefusedError, "Unknown: What is that", speaks=speaks)
    yield _answered(429, ThrottledError, "Slowly", speaks=speaks, retry_after="17")
    yield _answered(500, UnreachableError, "InternalServerError", speaks=speaks)
    yield _answered(503, UnreachableError, "Later", speaks=speaks, retry_after="31")
    yield from _broken(speaks)


def _broken(speaks: str) -> Iterator[Trouble]:
    """A connection that breaks off, early and late."""
    for name, fault, error in (
        (
            "reset in the middle of the body",
            Fault(Moment.BODY, method="POST"),
            UnreachableError,
        ),
        ("reset before acceptance", Fault(Moment.ANSWER), UnconfirmedError),
        ("reset after acceptance", Fault(Moment.AFTER), UnconfirmedError),
        ("slow answer", Fault(Moment.STALL), UnconfirmedError),
    ):
        yield Trouble(
            name=name,
            speaks=speaks,
            lay=_rest(speaks, fault),
            error=error,
            accepted=int(fault.moment is Moment.AFTER),
            size=BIG if fault.moment is Moment.BODY else 0,
            is_slow=fault.moment is Moment.STALL,
        )


_CLOCK = "The time difference between the originating client and us is too big."
_FAILED = Response.of(202, {"id": "0", "status": "Failed", "error": {"code": "Gone"}})

ACS_TROUBLES: tuple[Trouble, ...] = (
    *_any_rest("acs"),
    _answered(400, RecipientRefusedError, "InvalidEmailAddress: Invalid format"),
    _answered(400, DuplicateError, "BadRequest: Duplicate Message-ID"),
    _answered(400, AuthRefusedError, "DomainNotLinked: The domain is not linked"),
    _answered(401, UnreachableError, f"Unauthorized: {_CLOCK}"),
    _answered(409, DuplicateError, "Conflict: The operation exists"),
    Trouble(
        name="202 that has failed already",
        speaks="acs",
        lay=_rest("acs", Fault(Moment.ANSWER, _FAILED)),
        error=RecipientRefusedError,
    ),
)

_graph = partial(_answered, speaks="graph")
GRAPH_TROUBLES: tuple[Trouble, ...] = (
    *_any_rest("graph"),
    _graph(400, TooLargeError, "ErrorMessageSizeExceeded: Too large"),
    _graph(403, SenderRefusedError, "ErrorSendAsDenied: May not send as her"),
    _graph(403, ThrottledError, "ErrorExceededMessageLimit: Too many"),
    _graph(504, UnconfirmedError, "GatewayTimeout"),
    _graph(507, UnreachableError, "ErrorQuotaExceeded: The mailbox is full"),
)

TROUBLES = SMTP_TROUBLES + ACS_TROUBLES + GRAPH_TROUBLES
