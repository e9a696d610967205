"""Everything the functions speak to, started together, and the settings that name it.

In: a folder for the data. Out: a running storage account, mail server, Entra, managed
identity, ACS and Event Grid, and an inbox. Raises `CannotStartError`.
"""

from __future__ import annotations

import base64
import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import certifi

from local.acs import AcsService, Resource
from local.azurite import Azurite
from local.certificates import Authority
from local.entra import Application, Entra
from local.eventgrid import EventGrid
from local.history import History
from local.identity import IdentityEndpoint
from local.inbox import Inbox
from local.mailserver import House, MailServer
from local.samples import DIRECTORY, ROUTES
from local.tokens import Issuer

TENANT = "11111111-1111-4111-8111-111111111111"
APPLICATION = "22222222-2222-4222-8222-222222222222"
IDENTITY, IDENTITY_OBJECT = (
    "33333333-3333-4333-8333-333333333333",
    "44444444-4444-4444-8444-444444444444",
)
HVE_SENDER, ACS_SENDER = "scans@contoso.com", "scans@mail.contoso.com"
DOMAIN = "contoso.com"
NAMES = {
    "INTERNAL_DOMAINS": DOMAIN,
    "INTERNAL_TRANSPORT": "hve",
    "EXTERNAL_TRANSPORT": "acs",
    "MAIL_TENANT_ID": TENANT,
    "MAIL_CLIENT_ID": APPLICATION,
    "AZURE_CLIENT_ID": IDENTITY,
    "HVE_SENDER": HVE_SENDER,
    "HVE_HOST": "127.0.0.1",
    "ACS_SENDER": ACS_SENDER,
    "OPS_MAILBOX": f"it@{DOMAIN}",
    "SWEEP_SCHEDULE": "0 */5 * * * *",
    "PYTHON_THREADPOOL_THREAD_COUNT": "16",
}
"""Settings that are always the same; where the peers are comes to them."""


class Peers:
    """All of them; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.inbox = Inbox()
        self.azurite = Azurite(folder / "azurite")
        self.history = History(self.azurite.tables().get_table_client("ledger"))
        self.settings: dict[str, str] = {}
        """For the functions, once the peers are started."""

    def start(self) -> Self:
        """Start every peer. Raises CannotStartError."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop them, the storage last."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        enter = self._stack.enter_context
        enter(self.azurite)
        self.azurite.provision()
        self._configure()
        eventgrid = enter(EventGrid(self.azurite))
        authority = enter(Authority())
        issuer, context = Issuer(TENANT), authority.context()
        application = Application(
            client_id=APPLICATION, federated_subject=IDENTITY_OBJECT
        )
        entra = Entra(issuer, application, context)
        identity = IdentityEndpoint(issuer, IDENTITY, IDENTITY_OBJECT)
        mail = enter(MailServer(_house(issuer), context, sink=self.inbox.take_smtp))
        acs = AcsService(_resource(issuer), context, on_report=eventgrid.report)
        self.inbox.follow(acs.mails)
        for each in (entra, identity, acs):
            enter(each.server)
        self.settings = {
            **self._storage(),
            **identity.environment,
            **self._trust(authority),
            **NAMES,
            "AZURE_AUTHORITY_HOST": entra.server.url,
            "HVE_PORT": str(mail.port),
            "ACS_ENDPOINT": acs.server.url,
        }

    def _configure(self) -> None:
        """Put routes and directory where they are missing; changed ones stay."""
        config = self.azurite.blobs().get_container_client("config")
        for name, text in (("routes.toml", ROUTES), ("directory.csv", DIRECTORY)):
            blob = config.get_blob_client(name)
            if not blob.exists():
                blob.upload_blob(text.encode())

    def _storage(self) -> dict[str, str]:
        # The Core Tools want the account of their own notes under this name.
        text = self.azurite.connection_string
        return {"SCAN_STORAGE": text, "AzureWebJobsStorage": text}

    def _trust(self, authority: Authority) -> dict[str, str]:
        """Trust our authority beside the public ones, which the Core Tools need."""
        file = self._folder / "trust.pem"
        public = Path(certifi.where()).read_text(encoding="ascii")
        file.write_text(public + authority.file.read_text(encoding="ascii"))
        return dict.fromkeys(authority.trust, str(file))


def _house(issuer: Issuer) -> House:
    return House(
        accounts={HVE_SENDER: ""},
        internal_domains=frozenset({DOMAIN}),
        issuer=issuer,
        application=APPLICATION,
    )


def _resource(issuer: Issuer) -> Resource:
    return Resource(
        senders=frozenset({ACS_SENDER}),
        access_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        issuer=issuer,
    )
