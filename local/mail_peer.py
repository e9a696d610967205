"""One connection of the mail server: its rules, and the faults in its way.

aiosmtpd reads a mail line by line, a millisecond for each 10 kB; here it is read in one
piece, so that a measurement shows the sender and not the server.
"""

from __future__ import annotations

import asyncio
import binascii
import json
import re
import socket
import struct
from base64 import b64decode
from typing import TYPE_CHECKING, Any, cast, override

import jwt
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Envelope, LoginPassword, Session

from .entra import MAIL_AUDIENCE, PEOPLE_AUDIENCE
from .mail_faults import MailFault, Step, Then

if TYPE_CHECKING:
    from .mailserver import MailServer
    from .tokens import Issuer

NAME = "mail.example.com"
_MOST = 64 * 1024 * 1024
_A_LITTLE = 200
_LONG_LINE = 12288
"""RFC 4954, 4.11: a token may stand in the AUTH line."""
_XOAUTH2 = re.compile(r"user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01")
_NO = "535 5.7.3 Authentication unsuccessful"


class Rules:
    """Whom the server takes mail from, and for whom: aiosmtpd's handler."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._house = server.house

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,
        envelope: Envelope,  # noqa: ARG002
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer what the house has."""
        session.host_name = hostname
        if self._house.has_pipelining:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self,
        server: Peer,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Only those who signed in, and only as themselves."""
        if self._house.needs_sign_in and not session.authenticated:
            return "530 5.7.57 Client not authenticated to send mail"
        if self._house.needs_sign_in and address.lower() != server.account.lower():
            return "550 5.7.60 Client does not have permissions to send as this sender"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Only people inside, and only those there are."""
        domain = address.rpartition("@")[2].lower()
        if self._house.internal_domains and domain not in self._house.internal_domains:
            return (
                "550 5.5.105 External sending is not supported for "
                "High Volume Email accounts"
            )
        if address.lower() in self._house.unknown:
            return "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Recipient OK"


class Peer(SMTP):
    """A connection."""

    line_length_limit = _MOST

    def __init__(self, server: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        house = server.house
        self._server = server
        self._house = house
        self.account = ""
        without = [] if house.issuer else ["XOAUTH2"]
        without += [] if any(house.accounts.values()) else ["PLAIN", "LOGIN"]
        is_plain = house.is_tls_first or not house.offers_tls
        super().__init__(
            Rules(server),
            hostname=NAME,
            ident="ready",
            data_size_limit=house.size,
            tls_context=None if is_plain else server.context,
            require_starttls=not is_plain,
            auth_require_tls=not is_plain,
            auth_exclude_mechanism=without,
            authenticator=self._by_password,
            loop=loop,
        )
        self.command_size_limits["AUTH"] = _LONG_LINE

    async def _handle_client(self) -> None:
        self._server.connections += 1
        if not await self._strikes(Step.CONNECT):
            await super()._handle_client()

    async def _strikes(self, step: Step, who: str = "") -> bool:
        """Whether a fault took the place of what would follow."""
        fault = self._server.faults.strike(step, who)
        if fault and fault.then is Then.BE_LATE:
            await asyncio.sleep(fault.seconds)
            return False
        if fault:
            await self._suffer(fault)
        return fault is not None

    async def _suffer(self, fault: MailFault) -> None:
        if fault.reply:
            await self.push(fault.reply)
        if fault.then is Then.STALL and self.transport:
            # Neither heard nor read: what is still coming has to wait outside.
            cast("asyncio.Transport", self.transport).pause_reading()
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            await asyncio.sleep(fault.seconds)
        if fault.then is Then.HANG_UP and fault.reply and self.transport:
            self.transport.close()
        elif fault.then is not Then.GO_ON and self.transport:
            self._reset()

    def _reset(self) -> None:
        """End the connection with RST, as a crash does."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._raw.abort()

    @property
    def _raw(self) -> Any:
        """The transport below TLS."""
        return self._original_transport or self.transport

    @property
    def _socket(self) -> socket.socket:
        return cast("socket.socket", self._raw.get_extra_info("socket"))

    @override
    async def smtp_EHLO(self, hostname: str) -> None:
        """Greet."""
        if not await self._strikes(Step.EHLO):
            await super().smtp_EHLO(hostname)

    @override
    async def smtp_STARTTLS(self, arg: str) -> None:
        """Begin TLS."""
        fault = self._server.faults.strike(Step.TLS)
        if not fault:
            await super().smtp_STARTTLS(arg)
            return
        await self.push("220 Ready to start TLS")
        await self._suffer(fault)

    @override
    async def smtp_AUTH(self, arg: str) -> None:
        """Sign in."""
        if not await self._strikes(Step.AUTH):
            await super().smtp_AUTH(arg)

    @override
    async def smtp_MAIL(self, arg: str | None) -> None:
        """Name the sender."""
        if not await self._strikes(Step.MAIL):
            await super().smtp_MAIL(arg)

    @override
    async def smtp_RCPT(self, arg: str | None) -> None:
        """Name a recipient."""
        who = (arg or "").partition("<")[2].partition(">")[0]
        if not await self._strikes(Step.RCPT, who):
            await super().smtp_RCPT(arg)

    @override
    async def smtp_DATA(self, arg: str | None) -> None:
        """Take a mail."""
        if arg or not self.envelope or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 No recipient, no mail")
            return
        if await self._strikes(Step.DATA):
            return
        await self.push("354 Start mail input; end with <CRLF>.<CRLF>")
        if fault := self._server.faults.strike(Step.BODY):
            await self._reader.readexactly(_A_LITTLE)
            await self._suffer(fault)
            return
        data = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3]
        await self._judge(re.sub(rb"(?m)^\.\.", b".", data) if b".." in data else data)
        self.envelope = Envelope()

    async def _judge(self, data: bytes) -> None:
        """Take the mail, or say why not."""
        if data.count(b"\n") != data.count(b"\r\n"):
            await self.push("550 5.6.11 Invalid characters: bare line feeds")
        elif self._house.size and len(data) > self._house.size:
            await self.push("552 5.3.4 Message size exceeds fixed maximum message size")
        elif not await self._strikes(Step.DOT) and self.envelope:
            self.envelope.content = data
            self._server.take(self.account, self.envelope)
            if not await self._strikes(Step.AFTER):
                await self.push("250 2.6.0 Queued mail for delivery")

    async def auth_XOAUTH2(  # noqa: N802 (aiosmtpd's name)
        self, _: SMTP, args: list[str]
    ) -> AuthResult:
        """Sign in with a token (Learn, "SASL XOAUTH2")."""
        came: Any
        if len(args) == 1:
            came = await self.challenge_auth("")
            if came is MISSING:
                return AuthResult(success=False, handled=True)
        else:
            try:
                came = b64decode(args[1], validate=True)
            except binascii.Error:
                return AuthResult(success=False, handled=False, message=_NO)
        account = self._by_token(came.decode("ascii", "replace"))
        if account:
            self.account = account
            return AuthResult(success=True)
        await self.challenge_auth(json.dumps({"status": "401", "schemes": "bearer"}))
        return AuthResult(success=False, handled=False, message=_NO)

    def _by_token(self, text: str) -> str:
        """Whose token it is; empty where it is no good."""
        match = _XOAUTH2.fullmatch(text)
        if not match or not self._house.issuer:
            return ""
        if match[1] not in self._house.accounts:
            return ""
        return match[1] if self._may(match[2], match[1].lower()) else ""

    def _may(self, token: str, mailbox: str) -> bool:
        """Whether a token lets its holder send by a mailbox."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            is_delegated = "scp" in claims
            audience = PEOPLE_AUDIENCE if is_delegated else MAIL_AUDIENCE
            claims = dict(cast("Issuer", self._house.issuer).verify(token, audience))
        except jwt.InvalidTokenError:
            return False
        if is_delegated:
            who = str(claims.get("upn", "")).lower()
            granted = self._house.delegates.get(mailbox, frozenset())
            return claims["scp"] == "SMTP.Send" and (who == mailbox or who in granted)
        return claims.get("appid") == self._house.application

    def _by_password(self, *about: Any) -> AuthResult:
        """Check a password: aiosmtpd gives it last of five."""
        data: LoginPassword = about[-1]
        login, password = data.login.decode(), data.password.decode()
        if not password or self._house.accounts.get(login) != password:
            return AuthResult(success=False, handled=False, message=_NO)
        self.account = login
        return AuthResult(success=True)
