"""One conversation with a mail server: signing in, and passing on mails as they come.

Raises the four answers; after any of them the session must be closed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from shared.errors import AuthRefusedError, ForwardError, UnconfirmedError

from .client import Client, Server
from .deadline import Deadline
from .mime import Letter
from .replies import Reply, Step, refusal
from .sasl import Credential

_SIGNED_IN, _CHALLENGE, _GO_AHEAD, _CLOSING, _BAD_SECRET = 235, 334, 354, 421, 535
_CODES = range(200, 600)
_DOTS = re.compile(rb"(?m)^\.")


class CredentialRefusedError(AuthRefusedError):
    """The server refuses this very token or password (535); another may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who sends to whom, and how much."""

    sender: str
    recipients: tuple[str, ...]
    size: int


class Session:
    """A connection that is signed in. For one thread at a time."""

    def __init__(self, server: Server, credential: Credential | None) -> None:
        """Connect, secure the connection and sign in.

        Raises CredentialRefusedError after 535, AuthRefusedError, ThrottledError,
        UnreachableError.
        """
        self._client = Client(server)
        self.has_ended = False
        """Whether the server was found to have gone before it saw a mail."""
        try:
            if credential:
                self._sign_in(credential)
        except BaseException:
            # Whatever it was: nobody else will hang up.
            self.close()
            raise

    def _sign_in(self, credential: Credential) -> None:
        offered = (self._client.offered("auth") or "").upper().split()
        name = next((each for each in credential.exchanges if each in offered), None)
        if name is None:
            raise AuthRefusedError(
                f"the server offers none of {', '.join(credential.exchanges)}",
                hint=f"it offers {' '.join(offered) or 'no sign-in'}",
            )
        # No initial response: a token in the AUTH line makes it too long for some.
        reply = self._client.command(f"AUTH {name}", Step.SIGN_IN)
        # After its JSON error the server waits for an empty line (XOAUTH2).
        for message in (*credential.exchanges[name], b""):
            if reply.code != _CHALLENGE:
                break
            text = base64.b64encode(message).decode()
            reply = self._client.command(text, Step.SIGN_IN)
        if reply.code == _BAD_SECRET:
            refused = refusal(reply, Step.SIGN_IN)
            raise CredentialRefusedError(refused.what, hint=refused.hint)
        if reply.code != _SIGNED_IN:
            raise refusal(reply, Step.SIGN_IN)

    @property
    def max_bytes(self) -> int | None:
        """The server's SIZE (RFC 1870); None where it names none."""
        text = self._client.offered("size") or ""
        return int(text) or None if text.isascii() and text.isdigit() else None

    def is_alive(self) -> bool:
        """Whether it can still be used: a server speaks unasked only to say goodbye."""
        return not self._client.is_readable()

    def begin(self, envelope: Envelope) -> Mapping[str, Reply]:
        """Name sender and recipients; returns what was said of each recipient.

        Raises what the server says of the sender, and UnreachableError; `has_ended`
        then tells whether the server had gone, and so has seen nothing of the mail.
        """
        try:
            replies = self._asked(envelope)
        except ForwardError:
            self.has_ended = True
            raise
        if not replies[0].is_good:
            self.has_ended = replies[0].code == _CLOSING
            raise refusal(replies[0])
        return dict(zip(envelope.recipients, replies[1:], strict=True))

    def _asked(self, envelope: Envelope) -> list[Reply]:
        """Say MAIL and RCPT, at once where the server can take it (RFC 2920)."""
        has_size = self._client.offered("size") is not None
        size = f" SIZE={envelope.size}" if has_size else ""
        mail = f"MAIL FROM:<{envelope.sender}>{size}"
        rest = [f"RCPT TO:<{each}>" for each in envelope.recipients]
        if self._client.offered("pipelining") is not None:
            return self._client.commands([mail, *rest])
        replies = [self._client.command(mail)]
        if replies[0].is_good:
            replies += [self._client.command(each) for each in rest]
        return replies

    def send(self, letter: Letter, file: Iterable[bytes], deadline: Deadline) -> str:
        """Pass the mail on; returns the server's words of acceptance.

        Whatever `file` raises goes through, and no final dot has been sent then.
        Raises UnconfirmedError when the answer to the final dot does not come.
        """
        reply = self._client.command("DATA")
        if reply.code != _GO_AHEAD:
            raise refusal(reply)
        self._client.push(_DOTS.sub(b"..", letter.head))
        for block in file:
            deadline.check()
            self._client.push(block)
        self._client.push(_DOTS.sub(b"..", letter.tail))
        # Whoever speaks before the end, or has hung up, will not have taken the mail.
        self._client.heed()
        deadline.check()
        self._client.push(b".\r\n")
        reply = self._answer(deadline.answer_seconds())
        if not reply.is_good:
            raise refusal(reply)
        return str(reply)

    def _answer(self, seconds: float) -> Reply:
        """Wait for the answer to the final dot; without it nobody knows."""
        try:
            reply = self._client.reply(seconds)
        except ForwardError as exc:
            raise UnconfirmedError(f"no answer to the whole mail: {exc.what}") from exc
        if reply.code not in _CODES:
            raise UnconfirmedError(f"an answer that is none: {reply}")
        return reply

    def quit(self) -> None:
        """Take leave, and close."""
        with suppress(ForwardError):
            self._client.command("QUIT")
        self.close()

    def close(self) -> None:
        """Break off: whatever was not completed is no mail."""
        self._client.close()
