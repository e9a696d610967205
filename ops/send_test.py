"""`scanpost send-test`: a test mail by each transport, step by step."""

from __future__ import annotations

import argparse
import html
import secrets
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from ops import desk
from shared import settings, transports
from shared.address import AddressError, domain_of, parse_address
from shared.errors import (
    ConfigError,
    ForwardError,
    ThrottledError,
    UnconfirmedError,
    UnreachableError,
)
from shared.model import Message
from shared.notice import Nothing
from shared.settings import Settings
from shared.transports.base import Patience, Reach, Transport
from shared.transports.probe import Probe
from shared.works import utc_now

NAME = "send-test"
NO, USAGE, LATER = 1, 2, 3
LEASE = timedelta(minutes=5)
_BUNDLE = "REQUESTS_CA_BUNDLE"
_MAY_BE_THERE = "it may have arrived: look for it before you try again"


def add_to(verbs: Any) -> None:
    """Add the verb's words."""
    words = verbs.add_parser(
        NAME,
        help="send a test mail by each transport, step by step",
        description="Tries each transport of INTERNAL_TRANSPORT and EXTERNAL_TRANSPORT "
        "that reaches the address: name, port, certificate, sign-in, and a test mail "
        "from each of its senders. The policy of routes.toml is not asked.",
    )
    words.add_argument("--to", metavar="ADDRESS", required=True, help="who gets it")
    words.add_argument(
        "--transport",
        choices=transports.registered(),
        help="try this one only; it need not be set for a side",
    )
    words.add_argument("--json", action="store_true", help="print one JSON document")
    words.set_defaults(run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One step: how it went, and what mends it."""

    step: str
    transport: str = ""
    sender: str = ""
    text: str
    hint: str = ""
    ms: int = 0
    status: int = 0
    """What the command ends with because of it; 0: it went well."""

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` has it."""
        return {
            "transport": self.transport,
            "sender": self.sender,
            "step": self.step,
            "ok": not self.status,
            "text": self.text,
            "hint": self.hint,
            "ms": self.ms,
        }

    @property
    def lines(self) -> str:
        """As people read it."""
        head = " ".join(filter(None, (self.transport, self.step, self.sender)))
        words = desk.shown(f"{head}: {self.text} ({self.ms} ms)")
        line = f"{'NO' if self.status else 'ok':3} {words}"
        return f"{line}\n    {desk.shown(self.hint)}" if self.hint else line


def run(words: argparse.Namespace) -> int:
    """Try all; 0: all is well, 1: not so, 2: settings, 3: later may be."""
    try:
        to = parse_address(words.to)
    except AddressError as exc:
        raise ConfigError(f"--to: {exc}") from exc
    steps = []
    for each in tries(settings.read(), to, words.transport):
        steps.append(each)
        if not words.json:
            print(each.lines, flush=True)
    if words.json:
        desk.print_json([each.document for each in steps])
    seen = {each.status for each in steps}
    return next((status for status in (USAGE, NO, LATER) if status in seen), 0)


def tries(known: Settings, to: str, only: str | None) -> Iterator[Tried]:
    """Try each transport that reaches the address. Raises nothing of a transport's."""
    is_inside = domain_of(to) in known.internal_domains
    where = "inside" if is_inside else "outside"
    yield Tried(step="address", text=f"{to} is {where}, by INTERNAL_DOMAINS")
    names = dict.fromkeys(known.internal_transport + known.external_transport)
    is_tried = False
    for name in (only,) if only else names:
        trial = Trial(known, name, to)
        for each in trial.steps(is_inside=is_inside):
            is_tried |= each.step != "reach"
            yield each
    if not is_tried:
        yield Tried(
            step="reach",
            text=f"no transport reaches {to}",
            hint=f"set {'INTERNAL' if is_inside else 'EXTERNAL'}_TRANSPORT",
            status=NO,
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """One transport on trial."""

    known: Settings
    name: str
    to: str

    def steps(self, *, is_inside: bool) -> Iterator[Tried]:
        """Try it; a step that fails is the last one of those that need it."""
        try:
            transport = self._built()
        except ConfigError as exc:
            yield self._failed("settings", exc)
            return
        with closing(transport):
            if not _reaches(transport, is_inside=is_inside):
                words = f"skipped: it reaches {_WHOM[transport.reach]}"
                yield Tried(step="reach", transport=self.name, text=words)
                return
            for step, attempt in self._way(transport):
                yield (done := self._tried(step, attempt))
                if done.status:
                    return
            for sender in transport.senders:
                yield from self._sent(transport, sender)

    def _built(self, **changes: str) -> Transport:
        return transports.build(self.name, {**self.known.source, **changes}, utc_now)

    def _way(self, transport: Transport) -> list[tuple[str, Callable[[], str]]]:
        """The steps to its peer; none where it has no peer."""
        if transport.endpoint is None:
            return []
        # The transports that trust the bundle say so among their settings.
        trusts = _BUNDLE in transports.config_fields(self.name)
        probe = Probe(
            endpoint=transport.endpoint,
            patience=Patience(),
            clock=utc_now,
            trust=self.known.source.get(_BUNDLE, "") if trusts else "",
        )
        return [("dns", probe.dns), ("tcp", probe.tcp), ("tls", probe.tls)]

    def _sent(self, transport: Transport, sender: str) -> Iterator[Tried]:
        """Sign in as a sender, and send its test mail."""
        setting = f"{self.name}_sender".upper()
        alone = transport
        is_one = len(transport.senders) == 1
        if not is_one and setting in transports.config_fields(self.name):
            # With one sender only, so that its own sign-in is seen.
            alone = self._built(**{setting: sender})
        with closing(alone):
            yield (done := self._tried("sign-in", alone.check, sender))
            if not done.status:
                yield self._tried("mail", lambda: self._mail(alone, sender), sender)

    def _mail(self, transport: Transport, sender: str) -> str:
        message = compose_test(transport, sender, self.to)
        receipt = transport.send(message, Nothing(), utc_now() + LEASE)
        return f"accepted: {receipt.answer}; look for {message.message_id}"

    def _tried(self, step: str, attempt: Callable[[], str], sender: str = "") -> Tried:
        start = time.perf_counter()
        try:
            text = attempt()
            done = Tried(step=step, transport=self.name, sender=sender, text=text)
        except ForwardError as exc:
            done = self._failed(step, exc, sender)
        return replace(done, ms=round(1000 * (time.perf_counter() - start)))

    def _failed(self, step: str, error: ForwardError, sender: str = "") -> Tried:
        is_passing = isinstance(error, ThrottledError | UnreachableError)
        may_be = _MAY_BE_THERE if isinstance(error, UnconfirmedError) else ""
        status = USAGE if isinstance(error, ConfigError) else NO
        return Tried(
            step=step,
            transport=self.name,
            sender=sender,
            text=error.what,
            hint=error.hint or may_be,
            status=LATER if is_passing else status,
        )


_WHOM = {Reach.INSIDE: "the inside only", Reach.NOBODY: "nobody"}


def _reaches(transport: Transport, *, is_inside: bool) -> bool:
    return transport.reach is Reach.ANYONE or (
        is_inside and transport.reach is Reach.INSIDE
    )


def compose_test(transport: Transport, sender: str, to: str) -> Message:
    """Write a test mail, which says where it comes from; each one is another."""
    now, host = utc_now().replace(microsecond=0), socket.gethostname()
    name = f"test-{now:%Y%m%d%H%M%S}-{secrets.token_hex(4)}"
    text = (
        f"This is a test of Scanpost: the transport {transport.name} works.\n\n"
        f"Sent as {sender} from the machine {host}, {now:%Y-%m-%d %H:%M:%S} UTC.\n"
        "Nobody needs to answer.\n"
    )
    return Message(
        scan_id=name,
        n=0,
        g=0,
        message_id=f"<{name}@{domain_of(sender)}>",
        operation_id=str(uuid.uuid4()),
        date=now,
        sender=sender,
        from_name="Scanpost",
        to=(to,),
        cc=(),
        bcc=(),
        subject=f"Test of Scanpost by {transport.name}",
        reply_to="",
        text=text,
        html=f"<p>{'</p><p>'.join(map(html.escape, text.split(chr(10) * 2)))}</p>",
        attachment="",
        media_type="",
        size=0,
    )
