"""Everything the transports speak to, on loopback, under one authority."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self

from local.acs import AcsService, Resource
from local.certificates import Authority, signed_by_itself
from local.entra import SMTP_SEND, Application, Entra
from local.graph import GraphService, Mailboxes
from local.identity import IdentityEndpoint
from local.keyvault import KeyVault
from local.mailserver import House, MailServer
from local.tokens import Issuer
from local.web import WebServer

from .makers import SENDER

TENANT, APPLICATION, IDENTITY, OBJECT = "tenant-1", "app-1", "identity-1", "object-1"
SECRET, PASSWORD = "a-secret", "pässword"
UNKNOWN = "nobody@contoso.com"
HOUSE = House(
    accounts={SENDER: PASSWORD},
    internal_domains=frozenset({"contoso.com"}),
    unknown=frozenset({UNKNOWN}),
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that a peer accepted."""

    recipients: tuple[str, ...]
    wire: bytes
    file: bytes


class Peers:
    """The stand-ins; a context manager."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.authority = self._stack.enter_context(Authority())
        self.certificate = signed_by_itself(APPLICATION)
        self.issuer = Issuer(TENANT)
        application = Application(
            client_id=APPLICATION,
            secret=SECRET,
            certificate=self.certificate,
            federated_subject=OBJECT,
            consented=frozenset({SMTP_SEND}),
        )
        context = self.authority.context()
        self.entra = Entra(self.issuer, application, context)
        self.identity = IdentityEndpoint(self.issuer, IDENTITY, OBJECT)
        self.vault = KeyVault(self.issuer, OBJECT, context)
        self.house = replace(HOUSE, issuer=self.issuer, application=APPLICATION)
        self.mail = MailServer(self.house, context)
        self.mx = MailServer(
            replace(self.house, needs_sign_in=False),
            context,
            sink=self.mail.mails.append,
        )
        """Takes mails from anybody, with the faults of `mail`, and into its list."""
        self.mx.faults = self.mail.faults
        resource = Resource(
            senders=frozenset({SENDER}),
            access_key=base64.b64encode(b"k" * 64).decode(),
            issuer=self.issuer,
        )
        self.acs = AcsService(resource, context)
        mailboxes = Mailboxes(issuer=self.issuer, in_scope=frozenset({SENDER}))
        self.graph = GraphService(mailboxes, context)
        self._context = context

    def __enter__(self) -> Self:
        for web in self._webs:
            self._stack.enter_context(web)
        for server in (self.mail, self.mx):
            self._stack.enter_context(server)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def _webs(self) -> tuple[WebServer, ...]:
        graph = (self.graph.server, self.graph.uploads)
        tenant = (self.entra.server, self.identity.server, self.vault.server)
        return (*tenant, self.acs.server, *graph)

    @property
    def environment(self) -> Mapping[str, str]:
        """Whom to trust, and where the managed identity is."""
        return {**self.authority.trust, **self.identity.environment}

    @contextmanager
    def mail_server(self, *hosts: str, **rules: object) -> Iterator[MailServer]:
        """Run another mail server, with other rules or another name."""
        context = self.authority.context(*hosts) if hosts else self._context
        house = replace(self.house, **rules)  # type: ignore[arg-type]
        with MailServer(house, context) as server:
            yield server

    @contextmanager
    def acs_elsewhere(self) -> Iterator[AcsService]:
        """Run another ACS, whose certificate is for another name."""
        context = self.authority.context("acs.fabrikam.com")
        service = AcsService(self.acs.resource, context)
        with service.server:
            yield service

    @contextmanager
    def graph_elsewhere(self) -> Iterator[GraphService]:
        """Run another Graph, whose certificate is for another name."""
        context = self.authority.context("graph.fabrikam.com")
        service = GraphService(self.graph.mailboxes, context)
        with service.server, service.uploads:
            yield service

    def forget(self) -> None:
        """Forget every mail and every fault."""
        for web in self._webs:
            web.faults.clear()
        self.mail.faults.clear()
        self.mail.mails.clear()
        self.acs.forget()
        self.graph.forget()
        self.entra.issued.clear()

    def forget_people(self) -> None:
        """Forget who signed in, and what the vault keeps."""
        self.entra.people.forget()
        self.vault.forget()

    def arrived_by_mail(self) -> list[Arrived]:
        """What the mail server took."""
        return [
            Arrived(each.recipients, each.data, _file(parsed(each.data)))
            for each in self.mail.mails
        ]

    def arrived_by_acs(self) -> list[Arrived]:
        """What ACS took."""
        return [
            Arrived(
                each.sent.recipients,
                each.body,
                b"".join(file.content for file in each.sent.attachments),
            )
            for each in self.acs.mails
        ]

    def arrived_by_graph(self) -> list[Arrived]:
        """What Graph sent: the request that brought the message, and its file."""
        return [
            Arrived(
                each.sent.recipients,
                each.body,
                b"".join(file.content for file in each.sent.attachments),
            )
            for each in self.graph.mails
        ]


def parsed(data: bytes) -> EmailMessage:
    """Read a mail as its recipient does."""
    return message_from_bytes(data, _class=EmailMessage, policy=default)


def _file(mail: EmailMessage) -> bytes:
    return b"".join(each.get_content() for each in mail.iter_attachments())


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
