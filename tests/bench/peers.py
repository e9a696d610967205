"""The peers of a measurement, in a process of their own: storage, mail, Entra, ACS.

Prints the settings as one line of JSON; then answers each line on standard input with a
line of JSON that says what they have seen, and forgets it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from local.accesslog import Request
from local.acs import AcsService, Resource
from local.azurite import Azurite
from local.certificates import Authority
from local.entra import Application, Entra
from local.identity import IdentityEndpoint
from local.mailserver import House, MailServer, Received
from local.tokens import Issuer

TENANT, APPLICATION = "tenant", "application"
IDENTITY, IDENTITY_OBJECT = "identity", "identity-object"
HVE_SENDER, ACS_SENDER = "scans@contoso.com", "scans@mail.contoso.com"
ROUTES = b'[policy]\nexternal = ["fabrikam.com"]\n'
LARGE = 64 << 20


class Seen:
    """What the peers have seen since they were last asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._mails: list[float] = []

    def request(self, request: Request) -> None:
        """Count a storage request, but for those that the rig signs itself."""
        if not request.is_stand_in:
            with self._lock:
                self._requests[request.operation] += 1

    def mail(self, received: Received) -> None:
        """Note when a mail was accepted; its bytes are of no interest."""
        with self._lock:
            self._mails.append(received.time)

    def told(self, acs: AcsService) -> dict[str, object]:
        """Everything since the last time."""
        with self._lock:
            said: dict[str, object] = {
                "requests": dict(self._requests),
                "smtp": self._mails,
                "acs": [operation.time for operation in acs.mails],
            }
            self._requests, self._mails = Counter(), []
            acs.mails.clear()
        return said


def main() -> None:
    """Run until standard input ends."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        enter = stack.enter_context
        azurite = enter(Azurite())
        azurite.provision()
        azurite.blobs().get_blob_client("config", "routes.toml").upload_blob(ROUTES)
        authority = enter(Authority())
        issuer, context, seen = Issuer(TENANT), authority.context(), Seen()
        application = Application(
            client_id=APPLICATION, federated_subject=IDENTITY_OBJECT
        )
        entra = Entra(issuer, application, context)
        identity = IdentityEndpoint(issuer, IDENTITY, IDENTITY_OBJECT)
        house = House(
            accounts={HVE_SENDER: ""},
            issuer=issuer,
            application=APPLICATION,
            size=LARGE,
        )
        mail = enter(MailServer(house, context, sink=seen.mail))
        resource = Resource(
            senders=frozenset({ACS_SENDER}), issuer=issuer, keeps_bodies=False
        )
        acs = AcsService(resource, context)
        for each in (entra, identity, acs):
            enter(each.server)
        enter(azurite.log.told(seen.request))
        trust = Path(folder) / "trust.pem"
        trust.write_bytes(authority.file.read_bytes())
        token = {"appid": APPLICATION}
        settings = {
            "SCAN_STORAGE": azurite.connection_string,
            **identity.environment,
            **dict.fromkeys(authority.trust, str(trust)),
            "INTERNAL_DOMAINS": "contoso.com",
            "INTERNAL_TRANSPORT": "hve",
            "EXTERNAL_TRANSPORT": "acs",
            "MAIL_TENANT_ID": TENANT,
            "MAIL_CLIENT_ID": APPLICATION,
            "AZURE_CLIENT_ID": IDENTITY,
            "AZURE_AUTHORITY_HOST": entra.server.url,
            "HVE_SENDER": HVE_SENDER,
            "HVE_HOST": "127.0.0.1",
            "HVE_PORT": str(mail.port),
            "ACS_ENDPOINT": acs.server.url,
            "ACS_SENDER": ACS_SENDER,
            "SWEEP_SCHEDULE": "0 0 0 1 1 *",
            "PYTHON_THREADPOOL_THREAD_COUNT": "16",
            # For the baselines only: a token as Entra would give it.
            "BENCH_TOKEN": issuer.issue("https://outlook.office365.com", token),
        }
        print(json.dumps(settings), flush=True)
        for _ in sys.stdin:
            print(json.dumps(seen.told(acs)), flush=True)


if __name__ == "__main__":
    main()
