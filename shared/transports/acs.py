"""ACS Email: a REST call for each mail, to anyone.

Every mail carries its own Operation-Id and Message-ID: it can be looked up, and a
second one is refused. With an access key the file is read twice: to sign, to send.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.core.rest import HttpRequest

from shared.errors import (
    ConfigError,
    RecipientRefusedError,
    TooLargeError,
    UnreachableError,
)
from shared.model import Content, Fate, Finding, Kind, Message, Receipt

from . import rest
from .acs_answers import ANSWERS
from .acs_body import Body, size_of
from .acs_wire import SCOPE, Signature, Wire
from .base import Carries, Clock, Patience, Quota, Reach, Transport
from .config import mailbox, setting, tls_address, web_address
from .rest_answers import Answer

API = "api-version=2025-09-01"
MAX_BYTES = 10_000_000
"""Of a whole request: whether the documented 10 MB are more is not known."""
KINDS = frozenset(Kind) - {Kind.XPS}
"""XPS is not on the service's list of attachments (Learn, "allowed MIME types")."""
QUOTAS = (Quota(30, timedelta(minutes=1)), Quota(100, timedelta(hours=1)))
"""Of a new domain of one's own (Learn, "Service limits for ACS"); more on request."""
_ACCEPTED, _FOUND, _NOT_FOUND = 202, 200, 404
_FATES = {
    "NotStarted": Fate.ACCEPTED,
    "Running": Fate.ACCEPTED,
    "Succeeded": Fate.ACCEPTED,
    "Failed": Fate.FAILED,
    "Canceled": Fate.FAILED,
}
_NOBODY = "00000000-0000-8000-8000-000000000000"
"""An operation that there is not: asking for it shows whether we may ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(rest.Config):
    """Settings of a Communication Services resource."""

    acs_endpoint: str = setting(
        "https://NAME.communication.azure.com", tls_address, default=""
    )
    """Signs in with the managed identity `azure_client_id`."""
    acs_connection_string: str = setting(
        "endpoint=https://NAME.communication.azure.com/;accesskey=KEY",
        default="",
        secret=True,
    )
    """Signs with the access key; goes before `acs_endpoint`."""
    acs_sender: str = setting("a sender's address of a linked domain", mailbox)


def make(config: Config, clock: Clock, patience: Patience) -> Transport:
    """Make the transport `acs`. Raises ConfigError."""
    if config.acs_connection_string:
        endpoint, key = _connection(config.acs_connection_string)
        wire = Wire(endpoint, Signature(key), patience, config.requests_ca_bundle)
    elif config.acs_endpoint:
        who = config.identity(SCOPE, patience)
        wire = Wire(config.acs_endpoint, who, patience, config.requests_ca_bundle)
    else:
        raise ConfigError(
            "ACS_ENDPOINT or ACS_CONNECTION_STRING is needed",
            hint="write the resource's endpoint, with https; or its connection string",
        )
    return Acs((config.acs_sender,), wire, clock, patience)


def _connection(text: str) -> tuple[str, bytes]:
    """Take a connection string apart. Raises ConfigError."""
    parts = dict(each.partition("=")[::2] for each in text.split(";"))
    lower = {name.strip().lower(): value.strip() for name, value in parts.items()}
    try:
        endpoint = web_address(lower.get("endpoint", ""))
        key = base64.b64decode(lower.get("accesskey", ""), validate=True)
    except (ValueError, binascii.Error) as exc:
        raise ConfigError(
            "ACS_CONNECTION_STRING cannot be read",
            hint="copy it whole from the resource's keys",
        ) from exc
    if not key:
        raise ConfigError(
            "ACS_CONNECTION_STRING has no accesskey", hint="copy it whole"
        )
    return endpoint, key


class Acs(rest.Service):
    """A transport that speaks to ACS Email. Thread-safe."""

    name = "acs"
    reach = Reach.ANYONE

    @property
    def carries(self) -> Carries:
        """What the service takes (Learn, "Service limits for ACS")."""
        return Carries(
            max_bytes=MAX_BYTES,
            display_name=False,
            own_date=False,
            own_author=False,
            needs_to=True,
            looks_up=True,
            kinds=KINDS,
            quotas=QUOTAS,
        )

    def size_of(self, message: Message) -> int:
        """Bytes of the whole request, base64 counted."""
        return size_of(message)

    def send(self, message: Message, content: Content, deadline: datetime) -> Receipt:
        """Send one mail; promises and errors are `Transport.send`'s."""
        self._fit(message)
        limit = self._until(deadline)
        body = Body(message, content, limit.check)
        headers = {
            "Content-Type": "application/json",
            "Operation-Id": message.operation_id,
        }
        request = HttpRequest(
            "POST", f"/emails:send?{API}", headers=headers, content=body
        )
        answer = self._wire.exchange(request, limit.answer_seconds())
        if answer.status != _ACCEPTED:
            raise ANSWERS.refusal(answer)
        status = str(answer.fields().get("status") or "")
        said = f"{answer.status} {status} {answer.words}".strip()
        if _FATES.get(status) is Fate.FAILED:
            raise RecipientRefusedError(said)
        return Receipt(answer=said, token_seconds=body.token_seconds)

    def _fit(self, message: Message) -> None:
        """Refuse what the service would, before anything is read."""
        if (size := size_of(message)) > MAX_BYTES:
            raise TooLargeError(f"{size} bytes; ACS takes {MAX_BYTES}")
        if not message.to:
            raise RecipientRefusedError("ACS takes no mail without a To")

    def look_up(self, message: Message) -> Finding | None:
        """Ask what became of an operation; costs one of 200 such calls an hour."""
        answer = self._ask(message.operation_id)
        if answer.status == _NOT_FOUND:
            return Finding(
                fate=Fate.UNKNOWN, answer=answer.words or "unknown operation"
            )
        status = str(answer.fields().get("status") or "")
        if status not in _FATES:
            raise UnreachableError(f"ACS: an operation's status {status[:80]!r}")
        return Finding(fate=_FATES[status], answer=f"{status} {answer.words}".strip())

    def _ask(self, operation_id: str) -> Answer:
        """Get an operation; raises TransientError for all but 200 and 404."""
        request = HttpRequest("GET", f"/emails/operations/{operation_id}?{API}")
        answer = self._wire.exchange(request, self._patience.reply_seconds)
        if answer.status in {_FOUND, _NOT_FOUND}:
            return answer
        raise ANSWERS.for_later(answer)

    def check(self) -> str:
        """Ask for an operation that there is not; returns what was seen."""
        self._ask(_NOBODY)
        return f"ACS answers, and takes at most {MAX_BYTES} bytes"
