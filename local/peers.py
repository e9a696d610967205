"""Everything the functions speak to, started together, and the settings that name it.

In: a folder for the data. Out: a running storage account, mail server, Entra, managed
identity, ACS and Event Grid, and an inbox. Raises `CannotStartError`.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

import certifi

from local.acs import AcsService
from local.azurite import Azurite
from local.certificates import Authority
from local.eventgrid import EventGrid
from local.history import History
from local.inbox import Inbox
from local.mailserver import MailServer
from local.samples import DIRECTORY, ROUTES
from local.tenant import DOMAIN, Tenant

NAMES = {
    "OPS_MAILBOX": f"it@{DOMAIN}",
    "SWEEP_SCHEDULE": "0 */5 * * * *",
}
"""Settings that are always the same, beside the tenant's."""


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
            # Whatever it was: what has been started is stopped.
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
        tenant = enter(Tenant())
        mail = enter(
            MailServer(tenant.house(), tenant.context, sink=self.inbox.take_smtp)
        )
        acs = AcsService(tenant.resource(), tenant.context, on_report=eventgrid.report)
        self.inbox.follow(acs.mails)
        enter(acs.server)
        self.settings = {
            **self._storage(),
            **tenant.settings,
            **self._trust(tenant.authority),
            **NAMES,
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
